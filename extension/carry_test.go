package extension

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// pair is a connection, both of its ends.
func pair(t *testing.T, l net.Listener) (client, server *net.TCPConn) {
	t.Helper()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	s, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(); s.Close() })
	c.SetDeadline(time.Now().Add(10 * time.Second))
	return c.(*net.TCPConn), s.(*net.TCPConn)
}

// until waits for something to be so.
func until(t *testing.T, what string, so func() bool) {
	t.Helper()
	for began := time.Now(); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > 10*time.Second {
			t.Fatalf("not so: %s", what)
		}
	}
}

// carrying are the ids of the processes that carry for this one.
func carrying() (pids []int) {
	paths, _ := filepath.Glob("/proc/[0-9]*")
	for _, path := range paths {
		line, _ := os.ReadFile(path + "/cmdline")
		status, _ := os.ReadFile(path + "/status")
		if string(line) == Carrier+"\x00" {
			if strings.Contains(string(status), fmt.Sprintf("\nPPid:\t%d\n", os.Getpid())) {
				var pid int
				fmt.Sscan(filepath.Base(path), &pid)
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

func TestManyTunnelsAreCarriedByOtherProcesses(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c := &carriers{exe: self, arg: Carrier, most: 40}
	defer c.close()
	type tunnel struct{ client, host *net.TCPConn }
	var tunnels []tunnel
	open := func() bool {
		client, near := pair(t, l)
		far, host := pair(t, l)
		host.SetDeadline(time.Now().Add(10 * time.Second))
		if !c.take(near, far) {
			return false
		}
		near.Close() // as the proxy does: the carrier has its own
		far.Close()
		tunnels = append(tunnels, tunnel{client, host})
		return true
	}
	for range 100 {
		if !open() {
			t.Fatal("nobody takes a tunnel")
		}
	}
	if got := len(carrying()); got != 3 {
		t.Errorf("100 tunnels are carried by %d processes, want 3", got)
	}
	for i, u := range tunnels {
		text := fmt.Sprint("hello ", i)
		io.WriteString(u.client, text)
		u.client.CloseWrite()
		heard, err := io.ReadAll(u.host) // a half of it has ended, and no more
		if err != nil || string(heard) != text {
			t.Fatalf("tunnel %d: heard %q, %v", i, heard, err)
		}
		io.WriteString(u.host, "and "+text)
		if i%2 == 0 {
			u.host.Close()
			if heard, err := io.ReadAll(u.client); err != nil || string(heard) != "and "+text {
				t.Fatalf("tunnel %d: heard back %q, %v", i, heard, err)
			}
		}
	}
	places := func() (n int) {
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, one := range c.list {
			n += one.open
		}
		return n
	}
	until(t, "fifty have ended", func() bool { return places() == 50 })

	// One that is killed takes its tunnels with it, and another comes.
	for _, pid := range carrying() {
		syscall.Kill(pid, syscall.SIGKILL)
	}
	until(t, "none is left", func() bool { return places() == 0 && len(carrying()) == 0 })
	if _, err := tunnels[99].client.Read(make([]byte, 64)); err == nil {
		_, err = tunnels[99].client.Read(make([]byte, 64))
		if err == nil {
			t.Error("a tunnel outlives who carries it")
		}
	}
	if !open() {
		t.Error("nobody carries any more")
	}
	c.close()
	if got := carrying(); len(got) > 0 {
		t.Errorf("%d processes carry on", len(got))
	}
	if open() {
		t.Error("a tunnel is taken after the end")
	}
}

func TestWithoutAProgramNobodyCarries(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, near := pair(t, l)
	far, _ := pair(t, l)
	for _, c := range []*carriers{{}, {exe: "/nonexistent", arg: Carrier}, {exe: "/bin/true", arg: Carrier}} {
		c.take(near, far)
		until(t, "nothing is left of it", func() bool {
			c.mu.Lock()
			defer c.mu.Unlock()
			return len(c.list) == 0
		})
		c.close()
	}
}
