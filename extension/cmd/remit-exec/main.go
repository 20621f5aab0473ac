// Command remit-exec is the wrapper that the layer ships: as /opt/remit/exec,
// which AWS_LAMBDA_EXEC_WRAPPER names, and as /opt/bootstrap, for the runtimes
// that have no wrapper.
//
//	/opt/remit/exec PROGRAM [ARGUMENT…]
//
// It asks the extension where the proxy is, makes the environment that leads
// there and has no key in it that AWS honours, and becomes PROGRAM. Whatever
// goes wrong, it exits with 1: no program is ever started with the environment
// that it was given. (AWS Lambda Developer Guide, "Modifying the runtime
// environment"; wrappers are not supported on provided runtimes.)
//
// REMIT_NEXT_WRAPPER names a wrapper to become instead, which gets PROGRAM and
// its arguments. REMIT_CAPTURE says how calls are led to the proxy: "proxy" or
// "endpoint". As bootstrap it becomes the function's own program,
// $LAMBDA_TASK_ROOT/$_HANDLER.
package main

import (
	"fmt"
	"os"
	"syscall"
	"time"
)

// patience is how long the extension may take to answer. It was listening
// before this program was started.
const patience = 2 * time.Second

func main() {
	err := run(os.Args, os.Environ(), func(path string, argv, environ []string) error {
		confine()
		return syscall.Exec(path, argv, environ)
	})
	// Only an error comes back from exec.
	fmt.Fprintf(os.Stderr, "remit: the function is not started: %v\n", err)
	os.Exit(1)
}
