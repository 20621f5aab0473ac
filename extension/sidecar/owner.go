package sidecar

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// A port that everybody knows can be taken by who comes first: a process that
// outlived an earlier start of the sandbox is there before any extension. What
// listens there is told by what the kernel says of its socket, not by what it
// answers.

// Outside reports why who listens at a port of this machine is to be taken for a
// process that the function has started, if so, or that nobody listens: then the
// error is [syscall.ECONNREFUSED].
func Outside(port uint16) error {
	_, err := owners(port, "/")
	return err
}

// owners finds out who listens at a port of this machine, and returns the
// sockets' inodes. It is an error where that is not, for all that can be seen, a
// program that lies in dir and that no function has started.
//
// The function's processes have no_new_privs, from which nothing frees a process
// or its children, where this one has it not: a program of dir's that one of them
// has executed is no other's. One that cannot be looked at is believed only if no
// such process hides.
func owners(port uint16, dir string) ([]uint64, error) {
	inodes, err := listening(port)
	if err != nil {
		return nil, err
	}
	if len(inodes) == 0 {
		return nil, fmt.Errorf("nobody listens at port %d: %w", port, syscall.ECONNREFUSED)
	}
	own := privileges("self")
	seen := make(map[uint64]bool)
	hiding := ""
	paths, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		pid := filepath.Base(path)
		fds, err := os.ReadDir(path + "/fd")
		if err != nil {
			if errors.Is(err, os.ErrPermission) && privileges(pid) != own {
				hiding = pid
			}
			continue
		}
		for _, fd := range fds {
			link, err := os.Readlink(path + "/fd/" + fd.Name())
			digits, ok := strings.CutPrefix(link, "socket:[")
			inode, e := strconv.ParseUint(strings.TrimSuffix(digits, "]"), 10, 64)
			if err != nil || !ok || e != nil || !slices.Contains(inodes, inode) {
				continue
			}
			seen[inode] = true
			program, err := os.Readlink(path + "/exe")
			if err != nil {
				return nil, err
			}
			if rel, err := filepath.Rel(dir, program); err != nil || !filepath.IsLocal(rel) {
				return nil, fmt.Errorf("who listens at port %d is process %s, whose program is %q and not in %s", port, pid, program, dir)
			}
			if privileges(pid) != own {
				return nil, fmt.Errorf("who listens at port %d is process %s, which the function has started", port, pid)
			}
		}
	}
	if len(seen) < len(inodes) && hiding != "" {
		return nil, fmt.Errorf("who listens at port %d cannot be seen, and process %s of the function's hides", port, hiding)
	}
	return inodes, nil
}

// privileges is whether a process has no_new_privs, as the kernel writes it.
func privileges(pid string) string {
	b, _ := os.ReadFile("/proc/" + pid + "/status")
	for line := range bytes.Lines(b) {
		if value, ok := bytes.CutPrefix(line, []byte("NoNewPrivs:")); ok {
			return string(bytes.TrimSpace(value))
		}
	}
	return ""
}

// listening returns the inodes of the sockets that listen at a port, at
// whichever address: the port is one process's, or there is something to it.
func listening(port uint16) (inodes []uint64, err error) {
	for _, name := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		b, err := os.ReadFile(name)
		if err != nil {
			if os.IsNotExist(err) && strings.HasSuffix(name, "6") {
				continue // a kernel without IPv6
			}
			return nil, err
		}
		found, err := parseListening(b, port)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		inodes = append(inodes, found...)
	}
	return inodes, nil
}

// parseListening reads /proc/net/tcp. (proc(5); linux/Documentation, "proc_net_tcp")
func parseListening(table []byte, port uint16) (inodes []uint64, err error) {
	const listen = "0A"
	hex := fmt.Sprintf("%X", binary.BigEndian.AppendUint16(nil, port))
	first := true
	for line := range strings.Lines(string(table)) {
		if first { // the columns' names
			first = false
			continue
		}
		f := strings.Fields(line)
		if len(f) < 10 {
			return nil, fmt.Errorf("line %q is too short", line)
		}
		if _, at, _ := strings.Cut(f[1], ":"); at != hex || f[3] != listen {
			continue
		}
		inode, err := strconv.ParseUint(f[9], 10, 64)
		if err != nil || inode == 0 {
			return nil, fmt.Errorf("inode %q of a listening socket is none", f[9])
		}
		inodes = append(inodes, inode)
	}
	return inodes, nil
}
