package proxy_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/lambda-remit/remit/proxy"
)

// echo answers with what it hears, on a port of its own.
func echo(t *testing.T) net.Listener {
	t.Helper()
	far, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { far.Close() })
	go func() {
		for {
			conn, err := far.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				io.Copy(struct{ io.Writer }{conn}, struct{ io.Reader }{conn})
			}()
		}
	}()
	return far
}

// opened opens a tunnel to api.example.com.
func (w *world) opened() (net.Conn, *http.Response) {
	w.t.Helper()
	conn := w.dial()
	io.WriteString(conn, "CONNECT api.example.com:443 HTTP/1.1\r\nHost: api.example.com:443\r\n\r\n")
	a, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: "CONNECT"})
	if err != nil {
		w.t.Fatal(err)
	}
	return conn, a
}

// pipes counts the descriptors of this process that are ends of pipes.
func pipes(t *testing.T) (n int) {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("no /proc to count descriptors in")
	}
	for _, e := range entries {
		if link, _ := os.Readlink("/proc/self/fd/" + e.Name()); strings.HasPrefix(link, "pipe:") {
			n++
		}
	}
	return n
}

// A tunnel takes two descriptors of the few that a sandbox has. The kernel's own
// way to pass bytes on keeps a pipe for each direction while it waits, which is
// four more.
func TestATunnelTakesTwoDescriptors(t *testing.T) {
	w := newWorld(t, nil, elsewhere(echo(t).Addr().String()))
	before := pipes(t)
	for range 20 {
		conn, a := w.opened()
		if a.StatusCode != 200 {
			t.Fatal(a.Status)
		}
		b := make([]byte, 5)
		io.WriteString(conn, "hello")
		if _, err := io.ReadFull(conn, b); err != nil {
			t.Fatal(err)
		}
	}
	if after := pipes(t); after-before > 2 {
		t.Errorf("20 tunnels that are open keep %d ends of pipes", after-before)
	}
}

func TestManyTunnelsAreHandedOver(t *testing.T) {
	const own, all = 32, 40
	taken := make(chan [2]*net.TCPConn, all)
	w := newWorld(t, nil, func(w *world) {
		elsewhere(echo(t).Addr().String())(w)
		w.server.Carry = func(near, far *net.TCPConn) bool {
			// Descriptors of its own, as another process has.
			var ends [2]*net.TCPConn
			for i, conn := range []*net.TCPConn{near, far} {
				file, err := conn.File()
				if err != nil {
					t.Error(err)
					return false
				}
				c, err := net.FileConn(file)
				file.Close()
				if err != nil {
					t.Error(err)
					return false
				}
				ends[i] = c.(*net.TCPConn)
			}
			taken <- ends
			go new(proxy.Passer).Pass(ends[0], ends[1])
			return true
		}
	})
	for i := range all {
		conn := w.dial()
		io.WriteString(conn, "CONNECT api.example.com:443 HTTP/1.1\r\nHost: api.example.com:443\r\n\r\nearly")
		r := bufio.NewReader(conn)
		a, err := http.ReadResponse(r, &http.Request{Method: "CONNECT"})
		if err != nil || a.StatusCode != 200 {
			t.Fatalf("tunnel %d: %v, %v", i, a, err)
		}
		io.WriteString(conn, "late")
		b := make([]byte, 9)
		if _, err := io.ReadFull(r, b); err != nil || string(b) != "earlylate" {
			t.Fatalf("tunnel %d: got %q, %v", i, b, err)
		}
	}
	if got := len(taken); got != all-own {
		t.Errorf("%d of %d tunnels are handed over, want %d", got, all, all-own)
	}
	for len(taken) > 0 {
		for _, end := range <-taken {
			end.Close()
		}
	}
}
