package sidecar

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lambda-remit/remit/proxy"
	"github.com/lambda-remit/remit/proxy/audit"
)

func sum(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:])
}

// patience is longer than any fault may hold a client, and much shorter than
// the timeouts of SDKs.
const patience = 10 * time.Second

// TestAnUpstreamThatFailsIsToldToTheClient has an upstream go wrong in every
// way, by every way in. The client sees an error that its SDK tries again
// (503), the upstream's own, or an answer that is visibly cut off; a call is
// never sent a second time behind its back, and every one is on record.
func TestAnUpstreamThatFailsIsToldToTheClient(t *testing.T) {
	const (
		unavailable = "503"    // ours
		cut         = "cut"    // the answer is not whole
		passed      = "passed" // the upstream's own
	)
	for _, tt := range []struct {
		name   string
		script func(*visit)
		want   string
		status int    // of what passed
		body   string // of what passed
	}{
		{"it resets the connection", (*visit).reset, unavailable, 0, ""},
		{"it closes the connection", func(v *visit) { v.Conn.Close() }, unavailable, 0, ""},
		{"it says half a header", func(v *visit) { v.say("HTTP/1.1 200 OK\r\nContent-Le"); v.Conn.Close() }, unavailable, 0, ""},
		{"it says garbage", func(v *visit) { v.say("\x16\x03\x01\x02garbage\r\n\r\n"); v.Conn.Close() }, unavailable, 0, ""},
		{"it says a status that is none", func(v *visit) { v.say("HTTP/1.1 OK fine\r\n\r\n"); v.Conn.Close() }, unavailable, 0, ""},
		{"it says two lengths", func(v *visit) {
			v.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 9\r\n\r\nok")
			v.stay()
		}, unavailable, 0, ""},
		{"it switches protocols", func(v *visit) {
			v.say("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nhello")
			v.stay()
		}, unavailable, 0, ""},
		{"it says 1xx for ever", func(v *visit) {
			for {
				if _, err := io.WriteString(v.Conn, "HTTP/1.1 103 Early Hints\r\nLink: <"+strings.Repeat("x", 1000)+">\r\n\r\n"); err != nil {
					return
				}
			}
		}, unavailable, 0, ""},
		{"its header never ends", func(v *visit) {
			v.say("HTTP/1.1 200 OK\r\n")
			for i := 0; ; i++ {
				if _, err := fmt.Fprintf(v.Conn, "X-%d: %s\r\n", i, strings.Repeat("x", 1000)); err != nil {
					return
				}
			}
		}, unavailable, 0, ""},
		{"it resets amid the answer", func(v *visit) {
			v.say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
			time.Sleep(20 * time.Millisecond) // a reset takes with it what is not yet read
			v.reset()
		}, cut, 0, ""},
		{"its length is larger than what it sends", func(v *visit) {
			v.say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
			v.Conn.Close()
		}, cut, 0, ""},
		{"its chunks do not end", func(v *visit) {
			v.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")
			v.Conn.Close()
		}, cut, 0, ""},
		{"its chunks are no chunks", func(v *visit) {
			v.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nzz\r\n")
			v.stay()
		}, cut, 0, ""},
		{"its trailer is lost", func(v *visit) {
			v.say("HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\nX-Su")
			v.Conn.Close()
		}, cut, 0, ""},
		{"it fails in its own words", func(v *visit) {
			v.say("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 40\r\n\r\n<Error><Code>InternalError</Code></Error>"[:40+len("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 40\r\n\r\n")])
		}, passed, 500, "<Error><Code>InternalError</Code></Error>"[:40]},
		{"it fails without a word", func(v *visit) { v.say("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n") }, passed, 503, ""},
		{"it redirects", func(v *visit) {
			v.say("HTTP/1.1 307 Temporary Redirect\r\nX-Location: elsewhere\r\nContent-Length: 5\r\n\r\nthere")
		}, passed, 307, "there"},
		{"it drips", func(v *visit) {
			v.say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
			for range 10 {
				time.Sleep(10 * time.Millisecond)
				v.say("x")
			}
		}, passed, 200, "xxxxxxxxxx"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFaults(t, tt.script, nil)
			for i, way := range ways {
				r := f.call(order{way: way, method: "GET", target: "/media/in/a"})
				e := f.entries(i + 1)[i]
				if r.took > patience {
					t.Errorf("%s: it took %v", way, r.took)
				}
				switch tt.want {
				case unavailable:
					if r.status != 503 || r.code != "ServiceUnavailable" || !retryable(r) {
						t.Errorf("%s: got %v, want a 503 that SDKs try again", way, r)
					}
					if e.Msg != audit.Denied || e.Reason != proxy.Unreachable || e.Error == "" {
						t.Errorf("%s: log: got %+v", way, e)
					}
				case cut:
					if r.status != 0 && r.status != 200 || !strings.HasPrefix("half", r.body) || !broken(r.err) {
						t.Errorf("%s: got %v, want an answer that is visibly cut off", way, r)
					}
					if e.Msg != audit.Allowed || e.Status != 200 || e.Error == "" || e.BytesOut > 4 {
						t.Errorf("%s: log: got %+v", way, e)
					}
				case passed:
					if r.status != tt.status || r.body != tt.body || r.err != nil {
						t.Errorf("%s: got %v, want %d %q", way, r, tt.status, tt.body)
					}
					if e.Msg != audit.Allowed || e.Status != tt.status || e.Error != "" {
						t.Errorf("%s: log: got %+v", way, e)
					}
				}
				if got := len(f.site.seen()); got != i+1 {
					t.Errorf("%s: the upstream was asked %d times, want %d", way, got, i+1)
				}
			}
		})
	}
}

// TestAnUploadThatFailsIsToldToTheClient is the same for calls with a body, of
// which none is ever sent twice: it may have been executed.
func TestAnUploadThatFailsIsToldToTheClient(t *testing.T) {
	const size = 4 << 20 // more than the buffers on the way hold
	for _, tt := range []struct {
		name   string
		script func(*visit)
		status int
		code   string
		reason string
	}{
		{"it resets before the body", (*visit).reset, 503, "ServiceUnavailable", "unreachable"},
		{"it resets amid the body", func(v *visit) {
			io.CopyN(io.Discard, v.Body, 100<<10)
			v.reset()
		}, 503, "ServiceUnavailable", "unreachable"},
		{"it closes amid the body", func(v *visit) {
			io.CopyN(io.Discard, v.Body, 100<<10)
			v.Conn.Close()
		}, 503, "ServiceUnavailable", "unreachable"},
		{"it resets behind the body", func(v *visit) {
			io.Copy(io.Discard, v.Body)
			v.reset()
		}, 503, "ServiceUnavailable", "unreachable"},
		{"it answers before the body and closes", func(v *visit) {
			v.say("HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 40\r\n\r\n<Error><Code>AccessDenied</Code></Error>")
			v.Conn.(*net.TCPConn).CloseWrite()
			v.stay() // to close over unread data would take the answer away again
			v.Conn.Close()
		}, 403, "AccessDenied", ""},
		{"it answers amid the body and reads on", func(v *visit) {
			io.CopyN(io.Discard, v.Body, 100<<10)
			v.say("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 41\r\n\r\n<Error><Code>InternalError</Code></Error>")
		}, 500, "InternalError", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFaults(t, tt.script, nil)
			for i, way := range ways {
				o := order{way: way, method: "PUT", target: "/media/out/a", body: endless(size), length: size}
				if i%2 == 1 {
					o.header = http.Header{"Expect": {"100-continue"}}
				}
				r := f.call(o)
				e := f.entries(i + 1)[i]
				if r.status != tt.status || r.code != tt.code || r.err != nil || r.took > patience {
					t.Errorf("%s: got %v, want %d %s", way, r, tt.status, tt.code)
				}
				if string(e.Reason) != tt.reason || e.Status != tt.status {
					t.Errorf("%s: log: got %+v", way, e)
				}
				if got := len(f.site.seen()); got != i+1 {
					t.Errorf("%s: the upstream was asked %d times, want %d", way, got, i+1)
				}
			}
		})
	}
}

// TestABodyThatIsHeldBackIsNotAskedFor has the upstream deny a call before its
// client was told to go on: not a byte of the body travels.
func TestABodyThatIsHeldBackIsNotAskedFor(t *testing.T) {
	f := newFaults(t, func(v *visit) {
		v.say("HTTP/1.1 403 Forbidden\r\nContent-Length: 40\r\nConnection: close\r\n\r\n<Error><Code>AccessDenied</Code></Error>")
		v.Conn.Close()
	}, nil)
	for i, way := range []string{"endpoint", "absolute", "connect"} {
		o := put(way, "a", strings.Repeat("x", 1<<20))
		o.header = http.Header{"Expect": {"100-continue"}}
		r := f.call(o)
		if e := f.entries(i + 1)[i]; r.status != 403 || r.code != "AccessDenied" || e.BytesIn != 0 {
			t.Errorf("%s: got %v, and %d bytes of the body", way, r, e.BytesIn)
		}
	}
}

// TestAClientMayLeave has the client give up while an upstream is silent,
// amid an upload that nobody reads, and amid a download: the upstream is left
// as well, at once.
func TestAClientMayLeave(t *testing.T) {
	silent := func(v *visit) { v.stay() }
	for _, tt := range []struct {
		name   string
		script func(*visit)
		order  order
	}{
		{"before the answer", silent, order{method: "GET", target: "/media/in/a"}},
		{"with a body that nobody reads", func(v *visit) { time.Sleep(500 * time.Millisecond); v.stay() },
			order{method: "PUT", target: "/media/out/a", length: 1 << 30}},
		{"amid a body that the client holds", silent, order{method: "PUT", target: "/media/out/a", length: -1}},
		{"amid the answer", func(v *visit) {
			v.say("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nhalf")
			v.stay()
		}, order{method: "GET", target: "/media/in/a"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFaults(t, tt.script, nil)
			for i, way := range ways {
				ctx, cancel := context.WithCancel(t.Context())
				left := make(chan struct{})
				go func() {
					defer close(left)
					defer cancel()
					for began := time.Now(); len(f.site.seen()) <= i && time.Since(began) < 6*patience; {
						time.Sleep(2 * time.Millisecond)
					}
				}()
				o := tt.order
				o.way, o.ctx = way, ctx
				if o.length > 0 {
					o.body = endless(o.length)
				} else if o.length < 0 {
					r, w := io.Pipe()
					go io.WriteString(w, "the first bytes")
					context.AfterFunc(ctx, func() { w.CloseWithError(ctx.Err()) }) // the client's transport waits for it
					o.body = r
				}
				r := f.call(o)
				<-left
				if !errors.Is(r.err, context.Canceled) {
					t.Errorf("%s: got %v, want the client to have given up", way, r)
				}
				if e := f.entries(i + 1)[i]; e.Error == "" {
					t.Errorf("%s: log: got %+v, want its error", way, e)
				}
				f.alone()
			}
		})
	}
}

// TestAnAnswerTooManyIsNobodys has the upstream say two answers to one call.
// The second is not handed to the next.
func TestAnAnswerTooManyIsNobodys(t *testing.T) {
	f := newFaults(t, func(v *visit) {
		io.Copy(io.Discard, v.Body)
		v.say("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nmineHTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nanother")
	}, nil)
	for range 10 {
		if r := f.call(put("endpoint", "a", "body")); r.body != "mine" {
			t.Fatalf("got %v, want its own answer", r)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// TestAClockThatIsWrongIsSaid has a client that is 20 minutes off.
func TestAClockThatIsWrongIsSaid(t *testing.T) {
	f := newFaults(t, (*visit).ok, nil)
	for i, off := range []time.Duration{-20 * time.Minute, 20 * time.Minute} {
		o := put("connect", "a", "body")
		o.date = time.Now().Add(off)
		r := f.call(o)
		if r.status != 403 || retryable(r) || !strings.Contains(r.body, o.date.UTC().Format("20060102T1504")) || !strings.Contains(r.body, "clock") {
			t.Errorf("%v: got %v, want the dates and the clock in it", off, r)
		}
		if e := f.entries(i + 1)[i]; e.Reason != proxy.BadSignature {
			t.Errorf("%v: log: got %+v", off, e)
		}
	}
	if got := f.site.seen(); len(got) != 0 {
		t.Errorf("the upstream was asked %q", got)
	}
}
