package extension

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// Harden closes this process to others of its user: /proc/PID/mem, environ and
// ptrace. It is called before anything secret is read, and its error says why
// that does not hold here. Against root nothing does.
//
// The layer's binary is execute-only as well, so that the kernel closes the
// process at execve already; but whether Lambda keeps a file's mode and owner
// is not known. (prctl(2), PR_SET_DUMPABLE; proc(5).)
func Harden() error {
	unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
	dumpable, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
	switch {
	case err != nil:
		return fmt.Errorf("prctl: %w", err)
	case dumpable != 0:
		return errors.New("prctl: the process stays dumpable")
	case os.Geteuid() == 0:
		return errors.New("the sandbox runs as root, which may read any process")
	}
	return nil
}

// ignoreSignals keeps the function from ending the extension politely. What it
// can send and cannot be ignored ends the invocation with it: Lambda treats an
// extension that exits as a crash. SIGQUIT would print every goroutine's stack
// to the log.
func ignoreSignals() {
	signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT,
		syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGALRM, syscall.SIGPIPE)
}
