package sidecar

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/lambda-remit/remit/extension/e2e"
)

func TestWhoListensIsTheProgramThatShould(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := uint16(l.Addr().(*net.TCPAddr).Port)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	first, err := owners(port, filepath.Dir(self))
	if err != nil || len(first) != 1 {
		t.Errorf("its own program: got %v, %v", first, err)
	}
	if again, err := owners(port, filepath.Dir(self)); err != nil || !slices.Equal(first, again) {
		t.Errorf("again: got %v, %v, want %v", again, err, first)
	}
	if _, err := owners(port, t.TempDir()); err == nil || !strings.Contains(err.Error(), "whose program is") {
		t.Errorf("another's program: got %v", err)
	}
	l.Close()
	if _, err := owners(port, filepath.Dir(self)); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("nobody: got %v", err)
	}
}

// TestWhoListensIsNoneOfTheFunctions has the right program listen, started by a
// process that had given up new privileges, as the wrapper does.
func TestWhoListensIsNoneOfTheFunctions(t *testing.T) {
	setpriv, err := exec.LookPath("setpriv")
	if err != nil {
		e2e.Lacks(t, "without setpriv(1) no process can be started so")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	file, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	c := exec.Command(setpriv, "--no-new-privs", "/bin/cat")
	c.ExtraFiles = []*os.File{file}
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer c.Wait()
	defer in.Close()
	in.Write([]byte("x"))
	out.Read(make([]byte, 1)) // it runs
	port := uint16(l.Addr().(*net.TCPAddr).Port)
	l.Close()
	file.Close()
	cat, err := os.Readlink("/proc/" + strconv.Itoa(c.Process.Pid) + "/exe")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := owners(port, filepath.Dir(cat)); err == nil || !strings.Contains(err.Error(), "the function has started") {
		t.Errorf("got %v", err)
	}
}

// FuzzListening holds the reading of /proc/net/tcp to its columns: an inode comes
// from a line that has the port, listens, and has it in its place.
func FuzzListening(f *testing.F) {
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(table, uint16(2773))
	f.Add([]byte("  sl  local_address\n   0: 0100007F:0AD5 00000000:0000 0A 00000000:00000000 00:00000000 00000000   993        0 4242 1 0\n"), uint16(2773))
	f.Fuzz(func(t *testing.T, table []byte, port uint16) {
		inodes, err := parseListening(table, port)
		if err != nil && inodes != nil {
			t.Fatalf("got %v with %v", inodes, err)
		}
		for _, inode := range inodes {
			if inode == 0 || !strings.Contains(string(table), fmt.Sprintf(":%04X", port)) || !strings.Contains(string(table), strconv.FormatUint(inode, 10)) {
				t.Fatalf("inode %d is of no socket that listens", inode)
			}
		}
	})
}
