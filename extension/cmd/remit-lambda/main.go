// Command remit-lambda is the extension that the layer ships, as
// /opt/extensions/remit. Lambda starts it; it takes no arguments.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/lambda-remit/remit/extension"
)

func main() {
	if err := extension.Run(context.Background(), extension.Config{}); err != nil {
		fmt.Fprintln(os.Stderr, "remit:", err)
		os.Exit(1)
	}
}
