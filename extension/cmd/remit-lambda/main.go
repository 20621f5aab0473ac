// Command remit-lambda is the extension that the layer ships, as
// /opt/extensions/remit. Lambda starts it; it takes no arguments. Called
// remit-tunnels, it carries tunnels for the one that Lambda started.
package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"

	"github.com/lambda-remit/remit/extension"
)

func main() {
	collect()
	schedule()
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

// whole is the memory, in MB, from which on a function has a processor to
// itself. (AWS Lambda Developer Guide, "Configure Lambda function memory".)
const whole = 1769

// schedule has the program run on one thread at a time where the function has
// no more than one processor, whatever GOMAXPROCS says. Lambda shows each sandbox
// two, and keeps it to its share of them from outside: two threads that wake each
// other for every step of a call then spend what they wait for. One call at a time
// is answered a tenth faster so, and 64 at a time as fast. (measured, two cores)
func schedule() {
	if mb, err := strconv.Atoi(os.Getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")); err == nil && mb <= whole {
		runtime.GOMAXPROCS(1)
	}
}
