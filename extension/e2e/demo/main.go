// Command demo shows one real function held to its remit, end to end: the
// example generate-thumbnail, unaltered, on AWS's Runtime Interface Emulator
// with the layer attached, against MinIO and moto.
//
// It exits with 0 only if everything that it shows happened.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	began := time.Now()
	page := newPage()
	err := (&demo{page: page}).show(ctx)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "\n%s %v\n", page.paint(red, "The demo failed:"), err)
		os.Exit(1)
	}
	fmt.Printf("\n%s %.1f s.\n", page.paint(green, "All of it happened."), time.Since(began).Seconds())
}
