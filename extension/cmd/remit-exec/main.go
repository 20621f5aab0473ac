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
// Where the kernel has Landlock, PROGRAM and all that it starts can neither read
// nor trace nor signal the processes outside of it, the extension and Lambda's
// own among them, and may do everything else as before. REMIT_CONFINE=off leaves
// that out, for a function that has to.
//
// REMIT_NEXT_WRAPPER names a wrapper to become instead, which gets PROGRAM and
// its arguments. REMIT_CAPTURE says how calls are led to the proxy, where the
// choice by PROGRAM is not to stand: "proxy", "preload" (for Node and Python) or
// "endpoint". Keys in PROGRAM's environment are sealed; REMIT_KEYS, which the
// extension heeds, says whether there are any. As bootstrap it becomes the function's own program,
// $LAMBDA_TASK_ROOT/$_HANDLER.
package main

import (
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/lambda-remit/remit/extension/environ"
)

// patience is how long the extension may take to answer. It was listening
// before this program was started.
const patience = 2 * time.Second

func main() {
	closed()
	confining, err := wants(os.Environ())
	if err == nil {
		err = run(os.Args, os.Environ(), func(asked *environ.Answer, path string, argv, env []string) error {
			c := environ.Confinement{Why: "REMIT_CONFINE is off"}
			if confining {
				c = confine()
			}
			if asked.RuntimeAPI != "" {
				c.RuntimeAPI = value(os.Environ(), "AWS_LAMBDA_RUNTIME_API")
			}
			// An extension that hears nothing says in the log that it did not.
			asked.Tell(c)
			return syscall.Exec(path, argv, env)
		})
	}
	// Only an error comes back from exec.
	fmt.Fprintf(os.Stderr, "remit: the function is not started: %v\n", err)
	os.Exit(1)
}
