package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ordinary is what functions do on Lambda, and do as well under Remit's
// measures.
var ordinary = []attempt{
	{"trace a child of one's own, and read it", func(scene) (string, error) {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		return child(func(pid int) error {
			if err := unix.PtraceSeize(pid); err != nil {
				return err
			}
			b, err := memory(pid)
			if err == nil && !bytes.Contains(b, []byte("CHILD=yes")) {
				err = errors.New("not in its memory")
			}
			return errors.Join(err, unix.PtraceInterrupt(pid))
		})
	}},
	{"signal a child, and its group", func(scene) (string, error) {
		return child(func(pid int) error {
			return errors.Join(syscall.Kill(pid, syscall.SIGCONT), syscall.Kill(-pid, syscall.SIGCONT))
		})
	}},
	{"signal one's parent", func(scene) (string, error) { return "", syscall.Kill(os.Getppid(), 0) }},
	{"signal oneself", func(scene) (string, error) {
		c := make(chan os.Signal, 1)
		signal.Notify(c, syscall.SIGUSR1)
		defer signal.Stop(c)
		if err := syscall.Kill(os.Getpid(), syscall.SIGUSR1); err != nil {
			return "", err
		}
		select {
		case <-c:
			return "", nil
		case <-time.After(time.Second):
			return "", errors.New("it does not come")
		}
	}},
	{"move and link files from one directory to another", func(scene) (string, error) {
		return within(func(dir string) error {
			return errors.Join(
				os.WriteFile(dir+"/a/file", nil, 0o600),
				os.Rename(dir+"/a/file", dir+"/b/file"),
				os.Link(dir+"/b/file", dir+"/a/link"),
				os.Symlink(dir+"/b", dir+"/a/symlink"),
				os.Rename(dir+"/b", dir+"/a/b"),
			)
		})
	}},
	{"move them in a domain of one's own", func(scene) (string, error) {
		return within(func(dir string) error {
			if err := os.WriteFile(dir+"/a/file", nil, 0o600); err != nil {
				return err
			}
			failed := make(chan error)
			go func() {
				runtime.LockOSThread() // and never let go: the thread ends with its goroutine
				failed <- moveConfined(dir)
			}()
			return <-failed
		})
	}},
	{"map a file that is shared", func(scene) (string, error) {
		fd, err := unix.MemfdCreate("x", 0)
		if err != nil {
			return "", err
		}
		defer unix.Close(fd)
		if err := unix.Ftruncate(fd, 4096); err != nil {
			return "", err
		}
		b, err := unix.Mmap(fd, 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
		if err != nil {
			return "", err
		}
		defer unix.Munmap(b)
		// And the same by its path, as programs are run from memory.
		return some(os.ReadFile(fmt.Sprintf("/proc/self/fd/%d", fd)))
	}},
	{"write and run a program", func(scene) (string, error) {
		return within(func(dir string) error {
			path := dir + "/program"
			if err := os.WriteFile(path, []byte("#!/bin/sh\nexit 0\n"), 0o700); err != nil {
				return err
			}
			return exec.Command(path).Run()
		})
	}},
	{"read what /proc says of oneself", func(scene) (string, error) {
		for _, name := range []string{"environ", "maps", "smaps", "status", "cgroup", "mountinfo", "limits", "net/tcp", "task"} {
			if _, err := os.Stat("/proc/self/" + name); err != nil {
				return "", err
			}
			if f, err := os.Open("/proc/self/" + name); err != nil {
				return "", err
			} else {
				f.Close()
			}
		}
		_, err := os.ReadDir("/proc/self/fd")
		return "", err
	}},
	{"read what /proc says of all", func(s scene) (string, error) {
		for _, name := range []string{"stat", "status", "cmdline", "comm"} {
			if _, err := os.ReadFile(s.proc + name); err != nil {
				return "", err
			}
		}
		return some(os.ReadFile("/proc/meminfo"))
	}},
	{"use the devices", func(scene) (string, error) {
		for _, name := range []string{"/dev/null", "/dev/zero", "/dev/urandom", "/proc/self/fd/1"} {
			if f, err := os.OpenFile(name, os.O_WRONLY, 0); err != nil {
				return "", err
			} else {
				f.Close()
			}
		}
		return "", nil
	}},
	{"speak over sockets of all kinds", func(scene) (string, error) {
		return within(func(dir string) error {
			for _, at := range [][2]string{{"tcp", "127.0.0.1:0"}, {"tcp", "[::1]:0"}, {"unix", dir + "/socket"}, {"unix", "@redteam" + dir}} {
				l, err := net.Listen(at[0], at[1])
				if err != nil && at[1] == "[::1]:0" {
					continue // a machine without IPv6
				}
				if err != nil {
					return err
				}
				c, err := net.Dial(at[0], l.Addr().String())
				if err != nil {
					return err
				}
				c.Close()
				l.Close()
			}
			c, err := net.ListenPacket("udp", "127.0.0.1:0")
			if err == nil {
				c.Close()
			}
			return err
		})
	}},
	{"hear a child through a pipe and a FIFO", func(scene) (string, error) {
		return within(func(dir string) error {
			if err := syscall.Mkfifo(dir+"/fifo", 0o600); err != nil {
				return err
			}
			c := exec.Command("/bin/sh", "-c", "echo x > "+dir+"/fifo")
			if err := c.Start(); err != nil {
				return err
			}
			f, err := os.Open(dir + "/fifo")
			if err != nil {
				return err
			}
			defer f.Close()
			_, err = io.ReadAll(f)
			return errors.Join(err, c.Wait())
		})
	}},
	{"change one's own priority and limits", func(scene) (string, error) {
		var limit syscall.Rlimit
		err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit)
		return "", errors.Join(err, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit), syscall.Setpriority(syscall.PRIO_PROCESS, 0, 19))
	}},
}

// child has a child of this process looked at.
func child(look func(pid int) error) (string, error) {
	c := exec.Command("/bin/sleep", "10")
	c.Env = []string{"CHILD=yes"}
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := c.Start(); err != nil {
		return "", err
	}
	time.Sleep(20 * time.Millisecond) // it is amid execve
	err := look(c.Process.Pid)
	c.Process.Kill()
	c.Wait()
	return "", err
}

// within does something in a directory with two more, a and b.
func within(do func(dir string) error) (string, error) {
	dir, err := os.MkdirTemp("", "redteam-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	if err := errors.Join(os.Mkdir(filepath.Join(dir, "a"), 0o700), os.Mkdir(filepath.Join(dir, "b"), 0o700)); err != nil {
		return "", err
	}
	return "", do(dir)
}

// moveConfined enters a domain as programs do that confine themselves, in which
// files may be moved, and moves one.
func moveConfined(dir string) error {
	attr := unix.LandlockRulesetAttr{Handled_access_fs: unix.LANDLOCK_ACCESS_FS_REFER | unix.LANDLOCK_ACCESS_FS_EXECUTE}
	rules, _, errno := syscall.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), 8, 0)
	if errno == syscall.ENOSYS || errno == syscall.EOPNOTSUPP {
		return nil // nobody does where there is none
	}
	if errno != 0 {
		return errno
	}
	defer syscall.Close(int(rules))
	tmp, err := syscall.Open("/tmp", unix.O_PATH|syscall.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer syscall.Close(tmp)
	beneath := unix.LandlockPathBeneathAttr{Allowed_access: attr.Handled_access_fs, Parent_fd: int32(tmp)}
	if _, _, errno := syscall.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, rules, unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&beneath)), 0, 0, 0); errno != 0 {
		return errno
	}
	unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
	if _, _, errno := syscall.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, rules, 0, 0); errno != 0 {
		return errno
	}
	return os.Rename(dir+"/a/file", dir+"/b/file")
}
