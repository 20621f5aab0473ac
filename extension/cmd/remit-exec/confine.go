package main

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/lambda-remit/remit/extension/environ"
)

// wants reports whether the owner wants the program confined: REMIT_CONFINE is
// empty or "on". With "off" it may trace, read and signal whatever else its user
// has started, which is what it may on Lambda without a wrapper.
func wants(env []string) (bool, error) {
	switch v := value(env, "REMIT_CONFINE"); v {
	case "", "on":
		return true, nil
	case "off":
		return false, nil
	default:
		return false, fmt.Errorf("REMIT_CONFINE %q is neither %q nor %q", v, "on", "off")
	}
}

// closed keeps others out of this process until it becomes another: its
// environment has the execution role's keys in it. (prctl(2): execve of a file
// that can be read undoes it.)
func closed() { unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) }

// confine keeps the program that this thread becomes, and all that it starts
// for as long as it runs, out of the processes that it did not start. The
// extension closes itself to others, but other extensions and Lambda's own
// process can run as the same user and hold the execution role's keys. Where
// the kernel has Landlock, who is in a domain can neither trace nor read in
// /proc what is outside of it; from ABI 6 on it cannot signal it nor connect to
// its abstract sockets either. (landlock(7), "Ptrace restrictions", "IPC
// scoping"; measured, kernel 6.18.)
//
// The domain's one rule allows all that a domain would forbid of files: to
// rename and link from one directory to another. (A domain without a rule for
// files, of scopes alone, forbids just that to a program that makes a domain of
// its own.) Mounting it forbids, as Lambda does. Ports are not limited: the ABI
// knows them by number, and the proxy's is taken while it runs.
//
// It goes as far as the kernel does: whether Lambda's has Landlock is not known,
// and nothing that Remit promises rests on it. What does not hold is said. The
// caller execs in the same goroutine.
func confine() (c environ.Confinement) {
	runtime.LockOSThread() // a domain is a thread's, until exec
	var missing []string
	defer func() { c.Why = strings.Join(missing, "; ") }()
	// Else only a privileged thread may enter a domain. Nothing in a sandbox
	// gains privileges by exec.
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		missing = append(missing, fmt.Sprintf("no_new_privs: %v", err))
		return c
	}
	c.NoPrivileges = true
	abi, err := version()
	if err != nil {
		missing = append(missing, fmt.Sprintf("landlock: %v", err))
		return c
	}
	attr := unix.LandlockRulesetAttr{Handled_access_fs: unix.LANDLOCK_ACCESS_FS_REFER}
	if abi >= 6 {
		attr.Scoped = unix.LANDLOCK_SCOPE_SIGNAL | unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET
	} else {
		missing = append(missing, fmt.Sprintf("landlock: ABI %d knows no scopes: signals and abstract sockets are open", abi))
	}
	if err := enter(&attr); err != nil {
		missing = append(missing, fmt.Sprintf("landlock: %v", err))
		return c
	}
	c.Landlock = abi
	c.Signals, c.Sockets = attr.Scoped != 0, attr.Scoped != 0
	return c
}

// version is the version of the kernel's Landlock.
func version() (abi int, err error) {
	v, _, errno := syscall.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	switch {
	case errno == syscall.ENOSYS:
		return 0, errors.New("the kernel was built without it")
	case errno == syscall.EOPNOTSUPP:
		return 0, errors.New("the kernel was started without it")
	case errno != 0:
		return 0, errno
	case v < 2:
		return 0, fmt.Errorf("ABI %d cannot allow what functions may do", v)
	}
	return int(v), nil
}

// enter enters a domain of attr, in which all of the file system is allowed.
func enter(attr *unix.LandlockRulesetAttr) error {
	// The kernel knows the structure by its size: an older one must not be
	// shown the members that it does not have.
	size := unsafe.Sizeof(attr.Handled_access_fs)
	if attr.Scoped != 0 {
		size = unsafe.Offsetof(attr.Quiet_access_fs)
	}
	rules, _, errno := syscall.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(attr)), size, 0)
	if errno != 0 {
		return fmt.Errorf("its rules: %w", errno)
	}
	defer syscall.Close(int(rules))
	root, err := syscall.Open("/", unix.O_PATH|syscall.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer syscall.Close(root)
	beneath := unix.LandlockPathBeneathAttr{Allowed_access: attr.Handled_access_fs, Parent_fd: int32(root)}
	if _, _, errno := syscall.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, rules, unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&beneath)), 0, 0, 0); errno != 0 {
		return fmt.Errorf("its rule: %w", errno)
	}
	if _, _, errno := syscall.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, rules, 0, 0); errno != 0 {
		return fmt.Errorf("its domain: %w", errno)
	}
	return nil
}
