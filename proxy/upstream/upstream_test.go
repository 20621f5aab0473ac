package upstream

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"
)

func transport(t testing.TB) *Transport {
	tr := &Transport{Rest: &http.Transport{IdleConnTimeout: time.Minute, DisableCompression: true, ExpectContinueTimeout: time.Second}, MaxIdle: 4}
	t.Cleanup(tr.CloseIdleConnections)
	return tr
}

// request is what a proxy sends.
func request(t testing.TB, method, url, body string) *http.Request {
	t.Helper()
	var b io.Reader
	if body != "" {
		b = strings.NewReader(body)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, url, b)
	if err != nil {
		t.Fatal(err)
	}
	r.Header["User-Agent"] = nil
	return r
}

// call makes a call, and returns its answer as text.
func call(tr http.RoundTripper, r *http.Request) (string, error) {
	resp, err := tr.RoundTrip(r)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return fmt.Sprintf("%d %s %q %v", resp.StatusCode, resp.Header.Get("X-Seen"), body, resp.Trailer), err
}

// TestASmallCallIsWhatItWouldBeByNetHTTP has a server of net/http's say what it
// saw, and compares with what comes of an http.Transport.
func TestASmallCallIsWhatItWouldBeByNetHTTP(t *testing.T) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Seen", fmt.Sprintf("%s %s %s %v %d %q", r.Method, r.RequestURI, r.Host, r.Header, r.ContentLength, body))
		switch r.URL.Path {
		case "/none":
			w.WriteHeader(http.StatusNoContent)
		case "/chunked":
			w.Header().Set("Trailer", "X-Sum")
			io.WriteString(w, "one ")
			w.(http.Flusher).Flush()
			io.WriteString(w, "two")
			w.Header().Set("X-Sum", "3")
		case "/close":
			w.Header().Set("Connection", "close")
			io.WriteString(w, "the last")
		case "/hints":
			w.WriteHeader(http.StatusEarlyHints)
			io.WriteString(w, "late")
		case "/large":
			w.Write(make([]byte, 1<<20))
		case "/until-the-end":
			c, rw, _ := w.(http.Hijacker).Hijack()
			rw.WriteString("HTTP/1.1 200 OK\r\n\r\nuntil the end")
			rw.Flush()
			c.Close()
		default:
			io.WriteString(w, "an answer")
		}
	})
	for _, secure := range []bool{false, true} {
		s := httptest.NewUnstartedServer(handler)
		if s.Start(); secure {
			s.Close()
			s = httptest.NewTLSServer(handler)
		}
		defer s.Close()
		tr, plain := transport(t), transport(t).Rest
		if secure {
			tr.Rest.TLSClientConfig = s.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
			plain.TLSClientConfig = tr.Rest.TLSClientConfig.Clone()
		}
		for _, c := range []struct{ method, path, body string }{
			{"GET", "/", ""}, {"HEAD", "/", ""}, {"PUT", "/a%2Fb//c?x=%7e&y", "the body"}, {"POST", "/", ""},
			{"DELETE", "/none", ""}, {"GET", "/chunked", ""}, {"GET", "/close", ""}, {"GET", "/hints", ""}, {"POST", "/large", "x"},
			{"GET", "/until-the-end", ""}, {"PUT", "/", strings.Repeat("x", smallBody)}, {"PUT", "/", strings.Repeat("x", smallBody+1)},
		} {
			got, err := call(tr, request(t, c.method, s.URL+c.path, c.body))
			want, err2 := call(plain, request(t, c.method, s.URL+c.path, c.body))
			if err != nil || err2 != nil || got != want {
				t.Errorf("%s %s of %d bytes: got %.300s, %v; net/http: %.300s, %v", c.method, c.path, len(c.body), got, err, want, err2)
			}
		}
	}
}

// A peer is a server that a test speaks for.
type peer struct {
	url   string
	mu    sync.Mutex
	calls []string // "CONNECTION METHOD"
	conns atomic.Int32
}

func (p *peer) seen() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.calls, ", ")
}

// serve has answer say what is written for each request, n counted on each
// connection from 0. An empty answer closes the connection.
func serve(t testing.TB, answer func(c net.Conn, n int, r *http.Request) string) *peer {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{url: "http://" + ln.Addr().String()}
	var all sync.WaitGroup
	t.Cleanup(func() { ln.Close(); all.Wait() })
	all.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { c.Close() })
			id := p.conns.Add(1)
			all.Go(func() {
				defer c.Close()
				in := bufio.NewReader(c)
				for n := 0; ; n++ {
					r, err := http.ReadRequest(in)
					if err != nil {
						return
					}
					p.mu.Lock()
					p.calls = append(p.calls, fmt.Sprintf("%d %s", id, r.Method))
					p.mu.Unlock()
					text := answer(c, n, r)
					if text == "" {
						return
					}
					io.Copy(io.Discard, r.Body)
					io.WriteString(c, text)
				}
			})
		}
	})
	return p
}

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

func TestConnectionsAreKept(t *testing.T) {
	p := serve(t, func(net.Conn, int, *http.Request) string { return ok })
	tr := transport(t)
	for i := range 5 {
		if got, err := call(tr, request(t, "PUT", p.url, "x")); err != nil || !strings.HasPrefix(got, "200") {
			t.Fatalf("call %d: got %s, %v", i, got, err)
		}
	}
	if n := p.conns.Load(); n != 1 {
		t.Errorf("%d connections for five calls, want 1", n)
	}
}

// TestAConnectionThatWasClosedMeanwhileIsNotUsed is the thaw: nobody has read
// from the connection since the other end closed it.
func TestAConnectionThatWasClosedMeanwhileIsNotUsed(t *testing.T) {
	closed := make(chan bool, 10)
	p := serve(t, func(c net.Conn, _ int, r *http.Request) string {
		io.Copy(io.Discard, r.Body)
		io.WriteString(c, ok)
		c.Close()
		closed <- true
		return ""
	})
	tr := transport(t)
	for i := range 5 {
		if got, err := call(tr, request(t, "PUT", p.url, "x")); err != nil || !strings.HasPrefix(got, "200") {
			t.Errorf("call %d: got %s, %v", i, got, err)
		}
		<-closed
		time.Sleep(2 * time.Millisecond)
	}
	if want := "1 PUT, 2 PUT, 3 PUT, 4 PUT, 5 PUT"; p.seen() != want {
		t.Errorf("the service saw %q, want %q", p.seen(), want)
	}
}

// TestWhatNobodyAskedForIsNoAnswer has a service say more than it was asked.
func TestWhatNobodyAskedForIsNoAnswer(t *testing.T) {
	for _, later := range []time.Duration{0, 5 * time.Millisecond} {
		said := make(chan bool, 3)
		p := serve(t, func(c net.Conn, n int, r *http.Request) string {
			if later == 0 {
				return ok + "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"
			}
			time.AfterFunc(later, func() {
				io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged")
				said <- true
			})
			return ok
		})
		tr := transport(t)
		for range 3 {
			got, err := call(tr, request(t, "GET", p.url, ""))
			if err != nil || !strings.Contains(got, `"ok"`) {
				t.Errorf("later %v: got %s, %v", later, got, err)
			}
			if later > 0 {
				<-said
			}
		}
	}
}

// TestOnlyWhatMayBeAskedTwiceIs has a kept connection end after the request was
// written and before anything came back.
func TestOnlyWhatMayBeAskedTwiceIs(t *testing.T) {
	for _, tt := range []struct {
		method, body, seen string
		fails              bool
	}{
		{"GET", "", "1 GET, 1 GET, 2 GET", false},
		{"HEAD", "", "1 HEAD, 1 HEAD, 2 HEAD", false},
		{"PUT", "x", "1 PUT, 1 PUT", true},
		{"POST", "", "1 POST, 1 POST", true},
		{"DELETE", "", "1 DELETE, 1 DELETE", true},
	} {
		p := serve(t, func(_ net.Conn, n int, r *http.Request) string {
			if n == 1 {
				return ""
			}
			if r.Method == "HEAD" {
				return "HTTP/1.1 200 OK\r\n\r\n"
			}
			return ok
		})
		tr := transport(t)
		if _, err := call(tr, request(t, tt.method, p.url, tt.body)); err != nil {
			t.Fatal(err)
		}
		_, err := call(tr, request(t, tt.method, p.url, tt.body))
		if (err != nil) != tt.fails || p.seen() != tt.seen {
			t.Errorf("%s: got %v, and the service saw %q, want %q", tt.method, err, p.seen(), tt.seen)
		}
	}
	p := serve(t, func(net.Conn, int, *http.Request) string { return "" })
	if _, err := call(transport(t), request(t, "GET", p.url, "")); !errors.Is(err, errNoAnswer) || p.seen() != "1 GET" {
		t.Errorf("over a new connection: got %v after %q, want %v after one", err, p.seen(), errNoAnswer)
	}
	p = serve(t, func(_ net.Conn, n int, _ *http.Request) string {
		if n == 1 {
			return "HTTP/1.1 2"
		}
		return ok
	})
	tr := transport(t)
	call(tr, request(t, "GET", p.url, ""))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := call(tr, request(t, "GET", p.url, "").WithContext(ctx)); !errors.Is(err, context.DeadlineExceeded) || p.seen() != "1 GET, 1 GET" {
		t.Errorf("half an answer: got %v after %q, want no second call", err, p.seen())
	}
}

// TestARefusalBeforeTheBodyIsTheAnswer has a service answer and close before it
// has read anything of the body.
func TestARefusalBeforeTheBodyIsTheAnswer(t *testing.T) {
	p := serve(t, func(c net.Conn, _ int, r *http.Request) string {
		io.WriteString(c, "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
		c.(*net.TCPConn).CloseWrite()
		io.Copy(io.Discard, r.Body)
		return ""
	})
	tr := transport(t)
	for range 20 {
		if got, err := call(tr, request(t, "PUT", p.url, strings.Repeat("x", smallBody))); err != nil || !strings.HasPrefix(got, "403") {
			t.Errorf("got %s, %v", got, err)
		}
	}
}

func TestWhoGivesUpIsToldSo(t *testing.T) {
	asked, release := make(chan bool, 2), make(chan bool)
	p := serve(t, func(c net.Conn, _ int, r *http.Request) string {
		if r.URL.Path == "/body" {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhalf")
		}
		asked <- true
		<-release
		return ""
	})
	defer close(release)
	for _, path := range []string{"/head", "/body"} {
		ctx, cancel := context.WithCancel(t.Context())
		go func() { <-asked; cancel() }()
		got, err := call(transport(t), request(t, "GET", p.url+path, "").WithContext(ctx))
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %s, %v, want %v", path, got, err, context.Canceled)
		}
	}
}

// TestABodyIsAsLongAsItSays has bodies that are not, or that fail at their end:
// nothing of them is sent.
func TestABodyIsAsLongAsItSays(t *testing.T) {
	p := serve(t, func(net.Conn, int, *http.Request) string { return ok })
	bad := errors.New("not the one that was signed")
	for name, body := range map[string]io.Reader{
		"short":            strings.NewReader("abc"),
		"long":             strings.NewReader("abcdef"),
		"fails":            io.MultiReader(strings.NewReader("abc"), iotest.ErrReader(bad)),
		"fails at its end": io.MultiReader(strings.NewReader("abcd"), iotest.ErrReader(bad)),
	} {
		r := request(t, "PUT", p.url, "abcd")
		r.Body, r.ContentLength = io.NopCloser(body), 4
		if got, err := call(transport(t), r); err == nil || strings.HasPrefix(name, "fails") && !errors.Is(err, bad) {
			t.Errorf("a body that is %s: got %s, %v", name, got, err)
		}
	}
	if p.seen() != "" {
		t.Errorf("the service saw %q, want nothing", p.seen())
	}
}

func TestAnAnswerIsBounded(t *testing.T) {
	long := "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", maxHeader) + "\r\n\r\n"
	hints := strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", maxInformational+1) + ok
	for _, answer := range []string{long, hints, "nonsense\r\n\r\n"} {
		p := serve(t, func(net.Conn, int, *http.Request) string { return answer })
		if got, err := call(transport(t), request(t, "GET", p.url, "")); err == nil {
			t.Errorf("%.40q: got %.40s, want an error", answer, got)
		}
	}
}

// TestWhatIsKeptIsBounded keeps as many as it may, and none for too long.
func TestWhatIsKeptIsBounded(t *testing.T) {
	var together sync.WaitGroup
	p := serve(t, func(net.Conn, int, *http.Request) string { together.Done(); together.Wait(); return ok })
	tr := transport(t)
	together.Add(8)
	var calls sync.WaitGroup
	for range 8 {
		r := request(t, "GET", p.url, "")
		calls.Go(func() { call(tr, r) })
	}
	calls.Wait()
	if len(tr.idle) != tr.MaxIdle {
		t.Errorf("%d connections are kept, want %d", len(tr.idle), tr.MaxIdle)
	}
	for _, c := range tr.idle {
		c.since = c.since.Add(-2 * time.Minute) // as if the sandbox had been frozen
	}
	together.Add(1)
	call(tr, request(t, "GET", p.url, ""))
	if n := p.conns.Load(); n != 9 || len(tr.idle) != 1 {
		t.Errorf("%d connections, %d kept; want the old ones gone", n, len(tr.idle))
	}
}

// FuzzAnswer has a service say anything at all. What a call comes to is what it
// comes to by net/http, which takes a status that is none for an answer.
func FuzzAnswer(f *testing.F) {
	for _, s := range []string{
		ok, "HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n" + ok, "HTTP/1.0 200 OK\r\n\r\nuntil the end",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok",
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
		"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", "", "\r\n", "HTTP/1.1 999 \r\nx:y\r\n\r\n",
	} {
		f.Add([]byte(s), false)
		f.Add([]byte(s), true)
	}
	f.Fuzz(func(t *testing.T, answer []byte, head bool) {
		dial := func(ctx context.Context, network, address string) (net.Conn, error) {
			client, server := net.Pipe()
			go func() {
				defer server.Close()
				r, err := http.ReadRequest(bufio.NewReader(server))
				if err == nil {
					io.Copy(io.Discard, r.Body)
					io.Copy(server, bytes.NewReader(answer))
				}
			}()
			return client, nil
		}
		method := "GET"
		if head {
			method = "HEAD"
		}
		ours := &Transport{Rest: &http.Transport{DialContext: dial, DisableCompression: true, MaxResponseHeaderBytes: maxHeader}}
		theirs := ours.Rest.Clone()
		theirs.DisableKeepAlives = false
		got, err := call(ours, request(t, method, "http://service", ""))
		want, err2 := call(theirs, request(t, method, "http://service", ""))
		theirs.CloseIdleConnections()
		var status int
		if n, _ := fmt.Sscanf(want, "%d ", &status); n == 1 && status < 100 && err != nil {
			return // net/http takes it for a status; whether its body comes whole says nothing then
		}
		if got != want || (err == nil) != (err2 == nil) {
			t.Errorf("%q: got %s, %v; net/http: %s, %v", answer, got, err, want, err2)
		}
	})
}
