// Command remit-lambda is the extension that the layer ships, as
// /opt/extensions/remit. Lambda starts it; it takes no arguments. Called
// remit-tunnels, it carries tunnels for the one that Lambda started.
package main

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"

	"github.com/lambda-remit/remit/extension"
)

func main() {
	collect()
	if os.Args[0] == extension.Carrier {
		if err := extension.Carry(); err != nil {
			fmt.Fprintln(os.Stderr, "remit:", err)
			os.Exit(1)
		}
		return
	}
	if err := extension.Run(context.Background(), extension.Config{}); err != nil {
		fmt.Fprintln(os.Stderr, "remit:", err)
		os.Exit(1)
	}
}

// collect sets when garbage is collected, whatever GOGC and GOMEMLIMIT say: they
// are meant for the function. What lives is about 3 MB, and with Go's 100 % it
// would be gone through every hundred calls; with 400 % a call takes a tenth less
// of a processor. The limit, of which the program's own text is no part, keeps
// 64 bodies of 64 MB at a time under 30 MB resident: it is soft, so that a larger
// load collects more often and goes on.
func collect() {
	debug.SetGCPercent(400)
	debug.SetMemoryLimit(20 << 20)
}
