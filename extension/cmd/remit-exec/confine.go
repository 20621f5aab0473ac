package main

import (
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// confine keeps the program that this thread becomes out of the memory of all
// processes that it did not start itself. The extension closes itself to
// others, but other extensions and Lambda's own process run as the same user
// and hold the execution role's keys. Where the kernel has Landlock, a process
// in a domain can neither trace nor read in /proc what is outside of it.
// (landlock(7), "Ptrace restrictions"; measured, kernel 6.18.)
//
// The domain's one rule allows all that a domain would forbid: renaming from
// one directory to another. It is done as far as the kernel goes: whether
// Lambda's has Landlock is not known, and nothing that Remit promises rests
// on it. The caller execs in the same goroutine.
func confine() {
	runtime.LockOSThread() // a domain is a thread's, until exec
	abi, _, errno := syscall.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 || abi < 2 {
		return // the first version cannot allow such a rename
	}
	attr := unix.LandlockRulesetAttr{Handled_access_fs: unix.LANDLOCK_ACCESS_FS_REFER}
	// The kernel knows the structure by its size; the first version's member
	// is all that is used.
	rules, _, errno := syscall.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr.Handled_access_fs), 0)
	if errno != 0 {
		return
	}
	defer syscall.Close(int(rules))
	root, err := syscall.Open("/", unix.O_PATH|syscall.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	defer syscall.Close(root)
	beneath := unix.LandlockPathBeneathAttr{Allowed_access: unix.LANDLOCK_ACCESS_FS_REFER, Parent_fd: int32(root)}
	if _, _, errno := syscall.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, rules, unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&beneath)), 0, 0, 0); errno != 0 {
		return
	}
	// Else only a privileged thread may enter a domain. Nothing in a sandbox
	// gains privileges by exec.
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return
	}
	syscall.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, rules, 0, 0)
}
