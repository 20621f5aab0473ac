package extension

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/lambda-remit/remit/proxy/credentials"
)

// reach says what a function of this process's user that is not confined can
// get at: Lambda's own process, which has started this one, and processes that
// have the execution role's keys in their environment. What it can read the
// function can; it is for the log. Empty: nothing.
//
// It sees the sandbox as it is now. Every later start of the function has the
// keys in its environment as well, until the wrapper has taken them out.
func reach() string {
	var found []string
	if parent := os.Getppid(); parent > 0 {
		if _, err := environment(parent); err == nil {
			found = append(found, fmt.Sprintf("Lambda's own process %q", name(parent)))
		}
	}
	paths, _ := filepath.Glob("/proc/[0-9]*")
	for _, path := range paths {
		pid, err := strconv.Atoi(filepath.Base(path))
		if err != nil || pid == os.Getpid() || len(found) == maxReach {
			continue
		}
		if b, err := environment(pid); err == nil && hasKeys(b) {
			found = append(found, fmt.Sprintf("the keys in the environment of %q", name(pid)))
		}
	}
	return strings.Join(found, ", ")
}

// maxReach is how many processes are named.
const maxReach = 8

// environment reads the environment of a process, as far as an attacker would.
func environment(pid int) ([]byte, error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, 256<<10))
}

// hasKeys reports whether an environment has a secret key in it that AWS honours:
// those of the function are sealed.
func hasKeys(environ []byte) bool {
	has := false
	for entry := range bytes.SplitSeq(environ, []byte{0}) {
		name, value, _ := bytes.Cut(entry, []byte("="))
		switch string(name) {
		case "AWS_SECRET_ACCESS_KEY":
			has = has || len(value) > 0
		case "AWS_ACCESS_KEY_ID":
			if bytes.HasPrefix(value, []byte(credentials.KeyPrefix)) {
				return false
			}
		}
	}
	return has
}

// name is what a process calls itself, in at most 15 bytes. (proc(5), comm)
func name(pid int) string {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	return strings.TrimSpace(string(b))
}
