package extension

import (
	"cmp"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/lambda-remit/remit/extension/environ"
	"github.com/lambda-remit/remit/proxy/audit"
)

// A Hardening says how far this process is closed to others of its user. The
// zero Hardening is open.
type Hardening struct {
	Closed   bool   // /proc/PID/mem and environ cannot be read, nor can it be traced
	FromExec bool   // and could not from execve on, before it ran
	Why      string // it is not closed
}

// Harden closes this process to others of its user: /proc/PID/mem, environ and
// ptrace. It is called before anything secret is read. Against root nothing
// helps.
//
// The layer's binary is execute-only as well, so that the kernel closes the
// process at execve already; whether Lambda keeps a file's mode and owner is not
// known, and is looked at here. (prctl(2), PR_SET_DUMPABLE; proc(5).)
func Harden() Hardening {
	before, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	h := Hardening{FromExec: err == nil && before != dumpable}
	unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
	now, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
	switch {
	case err != nil:
		h.Why = fmt.Sprintf("prctl: %v", err)
	case now == dumpable:
		h.Why = "prctl: the process stays dumpable"
	case os.Geteuid() == 0:
		h.Why = "the sandbox runs as root, which may read any process"
	default:
		h.Closed = true
	}
	return h
}

// dumpable is what PR_GET_DUMPABLE says of a process whose user may read it;
// both others are closed. (prctl(2))
const dumpable = 1

// boundary is what of boundary 5 stands: this process is closed, and the
// function, of which the wrapper tells, is kept out of all others. The measures
// are what it is made of.
func (h Hardening) boundary(c environ.Confinement, why string) (audit.Boundary, []audit.Measure) {
	measures := []audit.Measure{
		{Name: "memory_closed", Holds: h.Closed},
		{Name: "closed_from_exec", Holds: h.Closed && h.FromExec},
		{Name: "no_new_privs", Holds: c.NoPrivileges},
		{Name: "others_closed", Holds: c.Landlock > 0},
		{Name: "signals_closed", Holds: c.Signals},
		{Name: "sockets_closed", Holds: c.Sockets},
	}
	b := audit.Boundary{Stands: h.Closed && c.Landlock > 0 && c.Signals}
	switch {
	case !h.Closed:
		b.Why = h.Why
	case !b.Stands:
		// The extension's own memory is closed all the same.
		b.Why = "the function is not confined: " + cmp.Or(c.Why, why, "the wrapper did not say why")
	case !h.FromExec:
		b.Why = "the extension's file can be read by its user, so that its memory could, too, in its first millisecond"
	}
	return b, measures
}

// ignoreSignals keeps the function from ending the extension politely. What it
// can send and cannot be ignored ends the invocation with it: Lambda treats an
// extension that exits as a crash. SIGQUIT would print every goroutine's stack
// to the log.
func ignoreSignals() {
	signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT,
		syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGALRM, syscall.SIGPIPE)
}
