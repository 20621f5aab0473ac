package proxy_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// zeros is n bytes of body that take no memory.
func zeros(n int64) io.Reader { return io.LimitReader(zero{}, n) }

type zero struct{}

func (zero) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestTrailersPassBothWays(t *testing.T) {
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "X-Announced")
		io.Copy(io.Discard, r.Body)
		fmt.Fprintf(w, "%s", r.Trailer.Get("X-Sum"))
		w.Header().Set("X-Announced", "1")
		w.Header().Set(http.TrailerPrefix+"X-Unannounced", "2")
	}, nil)
	for _, way := range w.ways() {
		t.Run(way.name, func(t *testing.T) {
			req, _ := http.NewRequest("PUT", way.url+"/bucket/key", io.MultiReader(strings.NewReader("body")))
			req.Header.Set("Authorization", "sealed")
			req.Trailer = http.Header{"X-Sum": {"42"}}
			resp, err := way.client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			got, err := io.ReadAll(resp.Body)
			if err != nil || string(got) != "42" {
				t.Errorf("upstream saw the trailer %q (%v), want 42", got, err)
			}
			if resp.Trailer.Get("X-Announced") != "1" || resp.Trailer.Get("X-Unannounced") != "2" {
				t.Errorf("got trailers %v", resp.Trailer)
			}
		})
	}
}

func TestAnswersKeepTheirShape(t *testing.T) {
	for _, tt := range []struct {
		name, method, reply, want string
	}{
		{"length", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: 1\r\nX-A: 2\r\n\r\nok", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\nX-A: 1\r\nX-A: 2\r\n\r\nok"},
		{"hop by hop", "GET", "HTTP/1.1 200 OK\r\nConnection: x-b\r\nX-B: 1\r\nKeep-Alive: timeout=1\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"},
		{"head", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 12345\r\n\r\n"},
		{"no content", "DELETE", "HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"},
		{"not modified", "GET", "HTTP/1.1 304 Not Modified\r\nEtag: \"x\"\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nConnection: close\r\nEtag: \"x\"\r\n\r\n"},
		{"redirect", "GET", "HTTP/1.1 307 Temporary Redirect\r\nLocation: https://elsewhere/\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 307 Temporary Redirect\r\nConnection: close\r\nContent-Length: 0\r\nLocation: https://elsewhere/\r\n\r\n"},
		{"server error", "GET", "HTTP/1.1 503 Slow Down\r\nContent-Length: 4\r\n\r\nslow", "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 4\r\n\r\nslow"},
		{"encoded", "GET", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8b\x08", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8b\x08"},
		{"type is not guessed", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 6\r\n\r\n<html>"},
		{"chunks", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"},
		{"until the end", "GET", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhi", "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"},
		{"informational", "GET", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			up := newWire(t, strings.Replace(tt.reply, "\r\n", "\r\nDate: x\r\n", 1))
			w := newWorld(t, nil, func(w *world) { w.cloud.upstream = up.url })
			got := w.exchange(tt.method+" /bucket/key HTTP/1.1\r\nHost: x\r\nAuthorization: sealed\r\nConnection: close\r\n\r\n", false)
			head, body, _ := strings.Cut(got, "\r\n\r\n")
			var kept []string
			for line := range strings.SplitSeq(head, "\r\n") {
				if !strings.HasPrefix(line, "Date: ") {
					kept = append(kept, line)
				}
			}
			wantHead, wantBody, _ := strings.Cut(tt.want, "\r\n\r\n")
			if got := sortedHeader(strings.Join(kept, "\r\n")); got != sortedHeader(wantHead) || body != wantBody {
				t.Errorf("got %q %q\nwant %q %q", got, body, sortedHeader(wantHead), wantBody)
			}
		})
	}
}

// sortedHeader is head with its lines in order, but for the first: net/http
// writes the headers of its own last.
func sortedHeader(head string) string {
	lines := strings.Split(head, "\r\n")
	for i := 1; i < len(lines); i++ {
		for j := i; j > 1 && lines[j] < lines[j-1]; j-- {
			lines[j], lines[j-1] = lines[j-1], lines[j]
		}
	}
	return strings.Join(lines, "\n")
}

func TestTheClientIsAskedForTheBodyOnlyWhenTheUpstreamIs(t *testing.T) {
	for _, tt := range []struct {
		name, reply string
		continues   bool
	}{
		{"wanted", "HTTP/1.1 100 Continue\r\n\r\n", true},
		{"refused", "HTTP/1.1 412 Precondition Failed\r\nContent-Length: 0\r\n\r\n", false},
	} {
		for _, inside := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s inside=%v", tt.name, inside), func(t *testing.T) {
				ln, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				defer ln.Close()
				saw := make(chan string, 1)
				go func() {
					conn, err := ln.Accept()
					if err != nil {
						return
					}
					defer conn.Close()
					r := bufio.NewReader(conn)
					req, err := http.ReadRequest(r)
					if err != nil {
						return
					}
					saw <- req.Header.Get("Expect")
					io.WriteString(conn, tt.reply)
					if tt.continues {
						io.Copy(io.Discard, req.Body)
						io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
					}
				}()
				w := newWorld(t, nil, func(w *world) { w.cloud.upstream = &url.URL{Scheme: "http", Host: ln.Addr().String()} })
				var conn net.Conn = w.dial()
				if inside {
					conn = w.dialInside(claimed)
				}
				fmt.Fprintf(conn, "PUT /bucket/key HTTP/1.1\r\nHost: %s\r\nAuthorization: sealed\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n", claimed)
				r := bufio.NewReader(conn)
				line, err := r.ReadString('\n')
				if err != nil {
					t.Fatal(err)
				}
				if got := strings.HasPrefix(line, "HTTP/1.1 100 "); got != tt.continues {
					t.Fatalf("got %q, want a 100: %v", line, tt.continues)
				}
				if got := <-saw; got != "100-continue" {
					t.Errorf("upstream was sent Expect %q", got)
				}
				if tt.continues {
					r.ReadString('\n')
					io.WriteString(conn, "hello")
					if line, _ := r.ReadString('\n'); !strings.HasPrefix(line, "HTTP/1.1 200 ") {
						t.Errorf("got %q, want 200", line)
					}
					if rec := w.record(); rec.In != 5 || rec.Status != 200 {
						t.Errorf("recorded %d bytes and status %d, want 5 and 200", rec.In, rec.Status)
					}
				} else if rec := w.record(); rec.In != 0 || rec.Status != 412 {
					t.Errorf("recorded %d bytes and status %d, want none and 412", rec.In, rec.Status)
				}
			})
		}
	}
}

func TestADenialDoesNotAskForTheBody(t *testing.T) {
	w := newWorld(t, nil, nil)
	for _, inside := range []bool{false, true} {
		got := w.exchange("PUT /other/key HTTP/1.1\r\nHost: "+claimed+"\r\nAuthorization: sealed\r\nContent-Length: 500000000\r\nExpect: 100-continue\r\n\r\n", inside)
		if !strings.HasPrefix(got, "HTTP/1.1 403 ") {
			t.Errorf("got %q, want 403 at once", got)
		}
		if rec := w.record(); rec.In != 0 {
			t.Errorf("%d bytes were read", rec.In)
		}
	}
}

func TestTheDenialOfALargeUploadArrives(t *testing.T) {
	w := newWorld(t, nil, nil)
	for _, way := range w.ways() {
		for _, size := range []int64{1, 100 << 10, 8 << 20, 64 << 20} {
			for _, chunked := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s %d chunked=%v", way.name, size, chunked), func(t *testing.T) {
					for range 3 {
						req, _ := http.NewRequest("PUT", way.url+"/other/key", zeros(size))
						req.Header.Set("Authorization", "sealed")
						if !chunked {
							req.ContentLength = size
						}
						resp, err := way.client.Do(req)
						if err != nil {
							t.Fatal(err)
						}
						got, err := io.ReadAll(resp.Body)
						resp.Body.Close()
						if err != nil || resp.StatusCode != 403 || !strings.HasPrefix(string(got), "no-resource ") {
							t.Fatalf("got %d %q %v, want a denial", resp.StatusCode, got, err)
						}
					}
				})
			}
		}
	}
}

// What is left of a denied upload must not be taken for the next request.
func TestTheRestOfADeniedUploadIsNoRequest(t *testing.T) {
	w := newWorld(t, nil, nil)
	hidden := "GET /other/hidden HTTP/1.1\r\nHost: x\r\nAuthorization: sealed\r\n\r\n"
	conn := w.dial()
	fmt.Fprintf(conn, "PUT /other/key HTTP/1.1\r\nHost: x\r\nAuthorization: sealed\r\nContent-Length: %d\r\n\r\n", 10<<20)
	time.Sleep(2500 * time.Millisecond) // The proxy has stopped lingering.
	io.WriteString(conn, hidden)
	got, _ := io.ReadAll(conn)
	if n := strings.Count(string(got), "HTTP/1.1 "); n != 1 {
		t.Errorf("got %d answers: %q", n, got)
	}
	w.record()
	w.noRecord()
}

func TestBodiesStreamFlatInMemory(t *testing.T) {
	const size = 256 << 20
	var received atomic.Int64
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "PUT" {
			n, _ := io.Copy(io.Discard, r.Body)
			received.Store(n)
			return
		}
		w.Header().Set("Content-Length", fmt.Sprint(size))
		io.Copy(w, zeros(size))
	}, nil)
	ctx, cancel := context.WithCancel(t.Context())
	peak := make(chan uint64, 1)
	go func() {
		var most uint64
		var m runtime.MemStats
		for {
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapInuse)
			select {
			case <-ctx.Done():
				peak <- most
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	for _, way := range w.ways() {
		if way.name == "absolute" {
			continue // goes as the endpoint's requests go
		}
		req, _ := http.NewRequest("PUT", way.url+"/bucket/key", zeros(size))
		req.Header.Set("Authorization", "sealed")
		resp, err := way.client.Do(req)
		if err != nil {
			t.Fatalf("%s: %v", way.name, err)
		}
		resp.Body.Close()
		if got := received.Load(); got != size || resp.StatusCode != 200 {
			t.Errorf("%s: status %d, upstream received %d bytes, want %d", way.name, resp.StatusCode, got, size)
		}
		req, _ = http.NewRequest("GET", way.url+"/bucket/key", nil)
		req.Header.Set("Authorization", "sealed")
		if resp, err = way.client.Do(req); err != nil {
			t.Fatalf("%s: %v", way.name, err)
		}
		n, err := io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if n != size || err != nil {
			t.Errorf("%s: got %d bytes (%v), want %d", way.name, n, err, size)
		}
		if up, down := w.record(), w.record(); up.In != size || down.Out != size {
			t.Errorf("%s: recorded %d in and %d out", way.name, up.In, down.Out)
		}
	}
	cancel()
	// The client, the proxy and the upstream are all in here.
	if got := <-peak; got > 64<<20 {
		t.Errorf("the heap grew to %d MB", got>>20)
	}
}

func TestAnEventStreamIsNotHeldBack(t *testing.T) {
	var current atomic.Pointer[chan bool]
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) {
		next := *current.Load()
		rc := http.NewResponseController(w)
		rc.Flush()
		for {
			select {
			case <-next:
				io.WriteString(w, "event\n")
				rc.Flush()
			case <-r.Context().Done():
				return
			}
		}
	}, nil)
	for _, way := range w.ways() {
		next := make(chan bool)
		current.Store(&next)
		req, _ := http.NewRequestWithContext(t.Context(), "GET", way.url+"/bucket/key", nil)
		req.Header.Set("Authorization", "sealed")
		resp, err := way.client.Do(req) // returns though no byte of body was sent
		if err != nil {
			t.Fatalf("%s: %v", way.name, err)
		}
		r := bufio.NewReader(resp.Body)
		for range 3 {
			next <- true
			if line, err := r.ReadString('\n'); line != "event\n" {
				t.Fatalf("%s: got %q %v", way.name, line, err)
			}
		}
		resp.Body.Close()
	}
}

func TestAnAnswerMayComeBeforeTheUploadEnds(t *testing.T) {
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		w.WriteHeader(http.StatusPreconditionFailed)
		io.WriteString(w, "no")
	}, nil)
	for _, way := range w.ways() {
		t.Run(way.name, func(t *testing.T) {
			for range 3 {
				resp, got := w.do(way.client, "PUT", way.url+"/bucket/key", zeros(16<<20))
				if resp.StatusCode != 412 || got != "no" {
					t.Fatalf("got %d %q, want 412", resp.StatusCode, got)
				}
				w.record()
			}
		})
	}
}
