package proxy_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
)

func TestABrokenAnswerDoesNotEndCleanly(t *testing.T) {
	for _, tt := range []struct{ name, reply string }{
		{"short of its length", "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + strings.Repeat("x", 50000)},
		{"short, and small", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"},
		{"between chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"},
		{"within a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n30\r\nabc"},
		{"no chunk at all", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n"},
	} {
		up := newWire(t, tt.reply)
		w := newWorld(t, nil, func(w *world) { w.cloud.upstream = up.url })
		for _, way := range w.ways() {
			t.Run(tt.name+" "+way.name, func(t *testing.T) {
				req, _ := http.NewRequest("GET", way.url+"/bucket/key", nil)
				req.Header.Set("Authorization", "sealed")
				resp, err := way.client.Do(req)
				if err == nil {
					var got []byte
					got, err = io.ReadAll(resp.Body)
					resp.Body.Close()
					if err == nil {
						t.Errorf("got all of %d bytes, want an error", len(got))
					}
				}
				if rec := w.record(); rec.Err == nil || rec.Status != 200 {
					t.Errorf("recorded status %d and error %v", rec.Status, rec.Err)
				}
			})
		}
	}
}

func TestNoAnswerIsADenialThatSDKsRetry(t *testing.T) {
	for _, tt := range []struct{ name, reply string }{
		{"closed", ""},
		{"garbage", "\x00\x01\x02\r\n\r\n"},
		{"half a header", "HTTP/1.1 200 OK\r\nContent-"},
		{"switched protocols", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"},
	} {
		up := newWire(t, tt.reply)
		w := newWorld(t, nil, func(w *world) { w.cloud.upstream = up.url })
		for _, way := range w.ways() {
			t.Run(tt.name+" "+way.name, func(t *testing.T) {
				resp, got := w.do(way.client, "PUT", way.url+"/bucket/key", strings.NewReader("hello"))
				rec := w.record()
				if resp.StatusCode != 503 || !strings.HasPrefix(got, "unreachable ") || !strings.Contains(got, rec.ID) {
					t.Errorf("got %d %q, want unreachable", resp.StatusCode, got)
				}
				if rec.Decision.Reason != proxy.Unreachable || rec.Err == nil || rec.Decision.Allowed {
					t.Errorf("recorded %+v", rec)
				}
			})
		}
	}
}

func TestARefusalOfSendIsDeniedForItsReason(t *testing.T) {
	w := newWorld(t, nil, func(w *world) {
		w.cloud.send = func(*http.Request) error {
			return fmt.Errorf("sending: %w", &proxy.Refusal{Reason: proxy.Throttled, Retry: true, Text: "slow down", Err: errors.New("secret cause")})
		}
	})
	for _, way := range w.ways() {
		resp, got := w.do(way.client, "PUT", way.url+"/bucket/key", strings.NewReader("hello"))
		rec := w.record()
		if resp.StatusCode != 503 || got != fmt.Sprintf("throttled %s slow down", rec.ID) {
			t.Errorf("%s: got %d %q", way.name, resp.StatusCode, got)
		}
		if rec.Decision.Reason != proxy.Throttled || !strings.Contains(rec.Err.Error(), "secret cause") || rec.Sent.Mint != time.Millisecond {
			t.Errorf("%s: recorded %+v", way.name, rec)
		}
	}
}

func TestAClientThatLeavesTakesItsCallAlong(t *testing.T) {
	arrived, left := make(chan bool, 1), make(chan bool, 1)
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		arrived <- true
		select {
		case <-r.Context().Done():
			left <- true
		case <-time.After(10 * time.Second):
			left <- false
		}
	}, nil)
	for _, way := range w.ways() {
		for _, method := range []string{"GET", "PUT"} {
			t.Run(way.name+" "+method, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				req, _ := http.NewRequestWithContext(ctx, method, way.url+"/bucket/key", strings.NewReader("hello"))
				req.Header.Set("Authorization", "sealed")
				go func() { <-arrived; cancel() }()
				if resp, err := way.client.Do(req); err == nil {
					resp.Body.Close()
					t.Errorf("got %s", resp.Status)
				}
				if !<-left {
					t.Error("the upstream was left waiting")
				}
				if rec := w.record(); rec.Status != 0 || rec.Err == nil || !rec.Decision.Allowed {
					t.Errorf("recorded %+v", rec)
				}
			})
		}
	}
}

func TestAnUploadThatBreaksOffIsNotSentAsWhole(t *testing.T) {
	ended := make(chan error, 1)
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		ended <- err
	}, nil)
	for _, framing := range []string{"Content-Length: 100000\r\n\r\nhello", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"} {
		conn := w.dial()
		io.WriteString(conn, "PUT /bucket/key HTTP/1.1\r\nHost: x\r\nAuthorization: sealed\r\n"+framing)
		conn.CloseWrite()
		if err := <-ended; err == nil {
			t.Error("upstream saw a clean end")
		}
		if rec := w.record(); rec.Err == nil {
			t.Errorf("recorded %+v", rec)
		}
		conn.Close()
	}
}

func TestObserveLetsOnWhatIsDenied(t *testing.T) {
	var saw atomic.Value
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		saw.Store(r.Header.Get("Authorization") + " " + string(body))
	}, func(w *world) { w.manifest.Mode = manifest.Observe })
	c := w.ways()[3]
	for _, tt := range []struct {
		auth, path string
		reason     manifest.Reason
		goesOn     bool
	}{
		{"sealed", "/bucket/key", "", true},
		{"sealed", "/other/key", manifest.NoResource, true},
		{"unread", "/bucket/key", proxy.Unread, true},
		{"nowhere", "/bucket/key", proxy.Unread, false}, // nobody knows where it goes
		{"foreign", "/bucket/key", proxy.ForeignCredentials, true},
		{"", "/bucket/key", proxy.BadSignature, false},
	} {
		t.Run(tt.auth+" "+tt.path, func(t *testing.T) {
			saw.Store("")
			resp, _ := w.do(c.client, "PUT", c.url+tt.path, strings.NewReader("body"), "Authorization", tt.auth)
			rec := w.record()
			want := ""
			if tt.goesOn {
				want = "base body"
			}
			if tt.reason == "" {
				want = "minted body"
			}
			if got := saw.Load(); got != want || (resp.StatusCode == 200) != tt.goesOn {
				t.Errorf("got %d, upstream saw %q, want %q", resp.StatusCode, got, want)
			}
			if rec.Decision.Reason != tt.reason || rec.Observed != (tt.goesOn && tt.reason != "") || (rec.ID != "") != (tt.reason != "") {
				t.Errorf("recorded %+v", rec)
			}
		})
	}
}

func TestABodyThatWasReadAndNotPutBackIsNotSent(t *testing.T) {
	for _, mode := range []manifest.Mode{manifest.Enforce, manifest.Observe} {
		w := newWorld(t, func(w http.ResponseWriter, r *http.Request) { t.Error("it was sent") }, func(w *world) {
			w.manifest.Mode = mode
			w.cloud.read = func(r *http.Request) { io.ReadAll(r.Body) }
		})
		for _, way := range w.ways() {
			resp, _ := w.do(way.client, "PUT", way.url+"/bucket/key", strings.NewReader("body"))
			if rec := w.record(); resp.StatusCode != 403 || rec.Decision.Reason != proxy.Unread || rec.In != 4 {
				t.Errorf("%s: got %d, recorded %+v", way.name, resp.StatusCode, rec)
			}
		}
	}
}

func TestAPanicSendsNothing(t *testing.T) {
	for _, where := range []string{"read", "send", "deny"} {
		w := newWorld(t, func(w http.ResponseWriter, r *http.Request) { t.Error("it was sent") }, func(w *world) {
			switch where {
			case "read":
				w.cloud.read = func(*http.Request) { panic("boom") }
			case "send":
				w.cloud.send = func(*http.Request) error { panic("boom") }
			case "deny":
				w.cloud.deny = func(proxy.Denial, http.ResponseWriter) { panic("boom") }
			}
			w.manifest.Mode = manifest.Enforce
		})
		path := "/bucket/key"
		if where == "deny" {
			path = "/other/key"
		}
		for _, way := range w.ways() {
			t.Run(where+" "+way.name, func(t *testing.T) {
				req, _ := http.NewRequest("POST", way.url+path, strings.NewReader("body"))
				req.Header.Set("Authorization", "sealed")
				if resp, err := way.client.Do(req); err == nil {
					t.Errorf("got %s, want a broken connection", resp.Status)
					resp.Body.Close()
				}
				rec := w.record()
				if rec.Decision.Allowed || rec.Err == nil || !strings.Contains(rec.Err.Error(), "panic: boom") {
					t.Errorf("recorded %v, %v", rec.Decision, rec.Err)
				}
			})
		}
	}
}
