package proxy_test

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/lambda-remit/remit/proxy"
)

// descriptors returns how many this process has open.
func descriptors(t *testing.T) int {
	t.Helper()
	d, err := os.Open("/proc/self/fd")
	if err != nil {
		t.Skipf("this system does not tell how many descriptors are open: %v", err)
	}
	defer d.Close()
	names, err := d.Readdirnames(0)
	if err != nil {
		t.Fatal(err)
	}
	return len(names) - 1
}

// many opens n connections to w, and closes them at the test's end.
func (w *world) many(n int) []net.Conn {
	w.t.Helper()
	conns := make([]net.Conn, n)
	for i := range conns {
		c, err := net.Dial("tcp", w.proxy.Host)
		if err != nil {
			w.t.Fatalf("connection %d: %v", i, err)
		}
		w.t.Cleanup(func() { c.Close() })
		conns[i] = c
	}
	return conns
}

func TestAThousandConnectionsLeaveRoomForOneMore(t *testing.T) {
	const n = 1100
	const get = "GET /bucket/a HTTP/1.1\r\nHost: x\r\nAuthorization: sealed\r\n\r\n"
	for _, tt := range []struct {
		name string
		say  func(*testing.T, *world, net.Conn)
	}{
		{"that say nothing", func(*testing.T, *world, net.Conn) {}},
		{"with half a header", func(t *testing.T, w *world, c net.Conn) { io.WriteString(c, get[:40]) }},
		{"kept after a call", func(t *testing.T, w *world, c net.Conn) {
			io.WriteString(c, get)
			resp, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil {
				t.Fatal(err)
			}
			io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
			w.record()
		}},
		{"kept inside a tunnel", func(t *testing.T, w *world, c net.Conn) {
			fmt.Fprintf(c, "CONNECT %s:443 HTTP/1.1\r\nHost: %[1]s:443\r\n\r\n", claimed)
			if _, err := http.ReadResponse(bufio.NewReaderSize(c, 16), nil); err != nil {
				t.Fatal(err)
			}
			secure := tls.Client(c, &tls.Config{RootCAs: w.roots, ServerName: claimed})
			if err := secure.Handshake(); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "served") }, func(w *world) { proxy.SetGrace(w.server, 50*time.Millisecond) })
			before := descriptors(t)
			for range n {
				tt.say(t, w, w.many(1)[0])
			}
			for _, way := range w.ways() {
				if resp, got := w.do(way.client, "GET", way.url+"/bucket/a", nil); resp.StatusCode != 200 || got != "served" {
					t.Errorf("%s: got %s %q, want it served", way.name, resp.Status, got)
				}
			}
			// The server closes what it evicts; both ends are in this process.
			if got, most := descriptors(t)-before-n, 256+32+1+20; got > most {
				t.Errorf("beside the clients', %d descriptors are open, want at most %d", got, most)
			}
		})
	}
}

func TestAThousandCallsAtOnceAreServedInTurn(t *testing.T) {
	if testing.Short() {
		t.Skip("a thousand calls of 20 ms")
	}
	const n = 1000
	var now, most atomic.Int64
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) {
		for at, seen := now.Add(1), most.Load(); at > seen && !most.CompareAndSwap(seen, at); seen = most.Load() {
		}
		time.Sleep(20 * time.Millisecond)
		now.Add(-1)
		io.WriteString(w, "served")
	}, func(w *world) {
		proxy.SetPatience(w.server, time.Minute) // a busy machine is not what this is about
	})
	w.cloud.transport.(*http.Transport).MaxIdleConnsPerHost = 256
	var calls sync.WaitGroup
	var served atomic.Int64
	endpoint := w.ways()[3]
	for range n {
		calls.Go(func() {
			req, _ := http.NewRequest("GET", endpoint.url+"/bucket/a", nil)
			req.Header.Set("Authorization", "sealed")
			resp, err := endpoint.client.Do(req)
			if err != nil {
				// Its connection was idle and made room for another. SDKs ask again.
				resp, err = endpoint.client.Do(req)
			}
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Body.Close()
			if got, _ := io.ReadAll(resp.Body); string(got) == "served" {
				served.Add(1)
			}
		})
	}
	calls.Wait()
	if served.Load() != n {
		t.Errorf("%d calls of %d were served", served.Load(), n)
	}
	if got := most.Load(); got > 256 {
		t.Errorf("%d calls were upstream at a time, want at most 256", got)
	}
}

// Where all calls wait, and nothing ends, one more is told so, and the server
// goes on as soon as one has ended.
func TestOneCallTooManyIsToldToTryAgain(t *testing.T) {
	release := make(chan struct{})
	var held sync.WaitGroup
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/bucket/held" {
			held.Done()
			<-release
		}
		io.WriteString(w, "served")
	}, func(w *world) {
		w.server.MaxConns = 4
		proxy.SetPatience(w.server, 50*time.Millisecond)
	})
	held.Add(4)
	var calls sync.WaitGroup
	endpoint := w.ways()[3]
	for range 4 {
		calls.Go(func() {
			if _, got := w.do(endpoint.client, "GET", endpoint.url+"/bucket/held", nil); got != "served" {
				t.Errorf("a call that was held got %q", got)
			}
		})
	}
	held.Wait()
	for range 50 { // more than there are places: each leaves its own again
		resp, got := w.do(endpoint.client, "GET", endpoint.url+"/bucket/a", nil)
		rec := w.record()
		if resp.StatusCode != 503 || rec.Decision.Reason != proxy.Busy || !strings.Contains(got, rec.ID) {
			t.Fatalf("got %s %q, recorded %v %s; want 503 and busy", resp.Status, got, rec.Decision.Reason, rec.ID)
		}
	}
	close(release)
	calls.Wait()
	if _, got := w.do(endpoint.client, "GET", endpoint.url+"/bucket/a", nil); got != "served" {
		t.Errorf("got %q, want it served again", got)
	}
}

func TestTunnelsLeaveRoomForCalls(t *testing.T) {
	far, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "served") }, func(w *world) {
		elsewhere(far.Addr().String())(w)
		w.server.MaxConns = 8
	})
	opened := 0
	for i := range 60 {
		c := w.many(1)[0]
		io.WriteString(c, "CONNECT api.example.com:5432 HTTP/1.1\r\nHost: api.example.com:5432\r\n\r\n")
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatalf("tunnel %d: %v", i, err)
		}
		switch resp.StatusCode {
		case 200:
			opened++
		case 503:
			if rec := w.record(); rec.Decision.Reason != proxy.Busy {
				t.Errorf("tunnel %d: recorded %v, want busy", i, rec.Decision.Reason)
			}
		default:
			t.Errorf("tunnel %d: %s", i, resp.Status)
		}
	}
	if opened != 6 {
		t.Errorf("%d tunnels are open, want 6 of 8 places", opened)
	}
	for _, way := range w.ways() {
		if _, got := w.do(way.client, "GET", way.url+"/bucket/a", nil); got != "served" {
			t.Errorf("%s: got %q, want it served", way.name, got)
		}
	}
}

// accepts counts what is asked of a listener.
type accepts struct {
	net.Listener
	n atomic.Int64
}

func (a *accepts) Accept() (net.Conn, error) {
	a.n.Add(1)
	return a.Listener.Accept()
}

func TestWithoutDescriptorsTheServerWaits(t *testing.T) {
	counted := new(accepts)
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "served") }, func(w *world) {
		counted.Listener = w.ln
		w.ln = counted
	})
	endpoint := w.ways()[3]
	w.do(endpoint.client, "GET", endpoint.url+"/bucket/a", nil) // all that is opened once is open

	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	client := w.many(1)[0]
	for i := range 3 { // all that is left
		for {
			if f, err := os.Open(os.DevNull); err == nil {
				defer f.Close()
				if f.Fd() < uintptr(limit.Cur) && i == 0 {
					low := syscall.Rlimit{Cur: uint64(f.Fd()) + 1, Max: limit.Max}
					if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &low); err != nil {
						t.Fatal(err)
					}
					defer syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
				}
			} else if errors.Is(err, syscall.EMFILE) {
				break
			} else {
				t.Fatal(err)
			}
		}
	}
	before := counted.n.Load()
	io.WriteString(client, "GET /bucket/a HTTP/1.1\r\nHost: x\r\nAuthorization: sealed\r\n\r\n")
	time.Sleep(300 * time.Millisecond)
	if n := counted.n.Load() - before; n > 20 {
		t.Errorf("the server tried %d times in 300 ms to accept what it has no descriptor for", n)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	client.SetDeadline(time.Now().Add(10 * time.Second))
	resp, err := http.ReadResponse(bufio.NewReader(client), nil)
	if err != nil || resp.StatusCode != 200 {
		t.Errorf("got %v %v, want it served", resp, err)
	}
}
