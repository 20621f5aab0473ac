package sidecar

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"
)

// A site is an upstream that does with every request what its script says, on
// the bare connection: what net/http's server never would.
type site struct {
	net.Listener
	script func(v *visit)

	mu    sync.Mutex
	calls []string // method and target of every request whose header came whole
	open  map[net.Conn]bool
}

// A visit is one request to a site: its header is read, its body is not.
type visit struct {
	net.Conn
	*http.Request
	s *site
	n int // the first of the site is 1
	r *bufio.Reader
}

func newSite(t *testing.T, script func(*visit)) *site {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &site{Listener: l, script: script, open: make(map[net.Conn]bool)}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { s.serve(c) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		s.mu.Lock()
		for c := range s.open {
			c.Close()
		}
		s.mu.Unlock()
		serving.Wait()
	})
	return s
}

func (s *site) serve(c net.Conn) {
	s.mu.Lock()
	s.open[c] = true
	s.mu.Unlock()
	defer func() {
		c.Close()
		s.mu.Lock()
		delete(s.open, c)
		s.mu.Unlock()
	}()
	c.SetDeadline(time.Now().Add(30 * time.Second))
	r := bufio.NewReader(c)
	for {
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		s.mu.Lock()
		s.calls = append(s.calls, req.Method+" "+req.RequestURI)
		v := &visit{c, req, s, len(s.calls), r}
		s.mu.Unlock()
		s.script(v)
		if _, err := io.Copy(io.Discard, req.Body); err != nil {
			return // or the script has closed the connection
		}
	}
}

// seen returns what the site was asked so far.
func (s *site) seen() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// say writes text on the connection as it is.
func (v *visit) say(text string) { io.WriteString(v.Conn, text) }

// ok reads the body and answers 200.
func (v *visit) ok() {
	io.Copy(io.Discard, v.Body)
	v.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
}

// reset ends the connection as a crash does: by RST.
func (v *visit) reset() {
	v.Conn.(*net.TCPConn).SetLinger(0)
	v.Conn.Close()
}

// stay waits until the other side has closed the connection.
func (v *visit) stay() { io.Copy(io.Discard, v.r) }
