// Command bench measures Remit beside what it is compared with, in one run,
// and prints the figures.
//
//	go run ./proxy/bench                      # everything, in about ten minutes on two cores
//	go run ./proxy/bench -short               # three rounds of less, in under two
//	go run ./proxy/bench -o results.txt       # the figures into a file too
//	go run ./proxy/bench -readme              # nothing is measured: README.md's table from proxy/bench/results.txt
//
// Client, proxy and upstream are processes of their own. What is measured of
// Remit is the program that the layer ships, started by lambdatest as Lambda
// starts it, and spoken to as the function would: as its endpoint, and through
// CONNECT. Beside it stand no proxy at all (direct), a plain
// httputil.ReverseProxy that neither verifies, decides nor signs (floor), and
// nginx, where it is installed.
//
// A round measures every cell for a moment, and within one cell every target
// in turn, first one and then another in front: a machine that becomes slow
// becomes slow for all. A figure is the median of the rounds, a ratio the
// median of the rounds' ratios. Even so, ratios of two runs differ by a tenth
// and more on a busy machine.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/lambda-remit/remit/extension/e2e"
)

func main() {
	if len(os.Args) > 1 {
		if role, ok := roles[os.Args[1]]; ok {
			fail(role(os.Args[2:]))
			return
		}
	}
	var o options
	flag.BoolVar(&o.short, "short", false, "fewer rounds of less")
	flag.IntVar(&o.rounds, "rounds", 9, "how many `rounds`")
	flag.StringVar(&o.only, "only", "", "measure only cells whose name has `text` in it")
	out := flag.String("o", "", "write the results to `file` too")
	readme := flag.Bool("readme", false, "measure nothing; write the results' table into README.md")
	flag.Parse()
	if flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	checkout, err := e2e.Checkout()
	fail(err)
	if *readme {
		fail(writeReadme(checkout))
		return
	}
	if o.short {
		o.rounds = min(o.rounds, 3)
	}
	results, err := run(ctx, checkout, o)
	fail(err)
	text := results.String()
	io.WriteString(os.Stdout, text)
	if *out != "" {
		fail(os.WriteFile(*out, []byte(text), 0o644))
	}
}

// options say how much is measured.
type options struct {
	short  bool
	rounds int
	only   string
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// say tells how far it is, on standard error.
func say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...)
}

// run measures everything, in the order from what a stranger disturbs most.
func run(ctx context.Context, checkout string, o options) (*results, error) {
	began := time.Now()
	dir, err := os.MkdirTemp("", "remit-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	r := &results{machine: machine(checkout), rounds: o.rounds}

	say("building the layer's programs")
	b, err := newBench(ctx, checkout, dir)
	if err != nil {
		return nil, err
	}
	defer b.close()
	r.notes = append(r.notes, b.notes...)
	r.sizes = b.sizes
	if wanted(o, "parts") {
		say("the parts of a call, in this process")
		if r.parts, err = parts(ctx, b); err != nil {
			return nil, err
		}
		if r.corpus, err = readCorpus(ctx, checkout); err != nil {
			return nil, err
		}
	}
	if wanted(o, "start") {
		say("starts")
		if r.starts, err = starts(ctx, b, o); err != nil {
			return nil, err
		}
		if r.cold, err = colds(ctx, b, o); err != nil {
			return nil, err
		}
		if r.invocation, err = invocations(ctx, b, o); err != nil {
			return nil, err
		}
	}
	if wanted(o, "memory") {
		say("memory")
		if r.memory, err = memories(ctx, b, o); err != nil {
			return nil, err
		}
	}
	if r.cells, err = rounds(ctx, b, o); err != nil {
		return nil, err
	}
	r.took = time.Since(began)
	return r, nil
}

func wanted(o options, name string) bool { return strings.Contains(name, o.only) }

// writeReadme puts the table of results.txt between README.md's markers.
func writeReadme(checkout string) error {
	results, err := os.ReadFile(filepath.Join(checkout, resultsFile))
	if err != nil {
		return err
	}
	path := filepath.Join(checkout, "README.md")
	page, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	updated, err := withTable(string(page), string(results))
	if err != nil {
		return err
	}
	return os.WriteFile(path, []byte(updated), 0o644)
}
