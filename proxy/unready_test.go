package proxy_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/lambda-remit/remit/proxy"
)

// asNetty speaks HTTP/2 on conn as the SDK for Java's Netty client does whose
// handlers are late: it says no more than its preface until it has heard SETTINGS,
// and misses the first of them, which are acknowledged all the same. It returns the
// status of the answer.
func asNetty(t *testing.T, conn net.Conn, misses int, body string) string {
	t.Helper()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	fr := http2.NewFramer(conn, conn)
	fr.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	io.WriteString(conn, http2.ClientPreface)
	fr.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 20})
	fr.WriteWindowUpdate(0, 1<<20)
	for {
		f, err := fr.ReadFrame()
		if err != nil {
			return err.Error()
		}
		switch f := f.(type) {
		case *http2.SettingsFrame:
			if f.IsAck() {
				continue
			}
			if misses--; misses == -1 {
				var block bytes.Buffer
				enc := hpack.NewEncoder(&block)
				for _, field := range [][2]string{{":method", "PUT"}, {":scheme", "https"}, {":path", "/bucket/key"}, {":authority", claimed}, {"authorization", "sealed"}} {
					enc.WriteField(hpack.HeaderField{Name: field[0], Value: field[1]})
				}
				fr.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block.Bytes(), EndHeaders: true})
				for rest := body; rest != ""; {
					n := min(len(rest), 16<<10)
					fr.WriteData(1, false, []byte(rest[:n]))
					rest = rest[n:]
				}
				fr.WriteData(1, true, nil)
			}
			// A call may be on its way before what it follows is acknowledged.
			fr.WriteSettingsAck()
		case *http2.MetaHeadersFrame:
			return f.PseudoValue("status")
		case *http2.GoAwayFrame:
			return f.ErrCode.String()
		}
	}
}

func TestSettingsAreSaidUntilTheClientHearsThem(t *testing.T) {
	bodies := make(chan int, 1)
	w := newWorld(t, func(rw http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		bodies <- int(n)
	}, nil)
	for _, misses := range []int{0, 1, 4} {
		// All that may be sent before any window is opened.
		body := strings.Repeat("x", 65535)
		if got := asNetty(t, w.dialInside(claimed), misses, body); got != "200" {
			t.Errorf("%d missed: got %s, want 200", misses, got)
			continue
		}
		if got := <-bodies; got != len(body) {
			t.Errorf("%d missed: %d bytes arrived, want %d", misses, got, len(body))
		}
		if rec := w.record(); rec.Host != claimed || !rec.Decision.Allowed {
			t.Errorf("%d missed: recorded %+v", misses, rec)
		}
	}
}

func TestSettingsThatNobodySentAreNotAcknowledged(t *testing.T) {
	w := newWorld(t, func(http.ResponseWriter, *http.Request) { t.Error("it was sent") }, nil)
	conn := w.dialInside(claimed)
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	io.WriteString(conn, http2.ClientPreface)
	fr := http2.NewFramer(conn, conn)
	fr.WriteSettings()
	for range 20 {
		fr.WriteSettingsAck()
	}
	fr.WritePing(false, [8]byte{})
	if _, err := io.Copy(io.Discard, conn); err != nil {
		t.Errorf("the connection stays: %v", err)
	}
}

func TestAClientMayBeSlowToSpeakHTTP2(t *testing.T) {
	w := newWorld(t, func(http.ResponseWriter, *http.Request) {}, nil)
	conn := w.dialInside(claimed)
	if err := conn.HandshakeContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	// Nothing is said to a client that has said nothing.
	conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if n, err := conn.Read(make([]byte, 1)); n > 0 || err == nil {
		t.Fatalf("the proxy speaks first: %d bytes, %v", n, err)
	}
	if got := asNetty(t, conn, 0, "hello"); got != "200" {
		t.Errorf("got %s, want 200", got)
	}
	w.record()
}

func TestWhoOffersHTTP2AloneIsGivenTime(t *testing.T) {
	w := newWorld(t, func(http.ResponseWriter, *http.Request) {}, nil)
	for range proxy.FirstPauses {
		began := time.Now()
		if err := w.dialInside(claimed, "h2").HandshakeContext(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took < proxy.FirstPause {
			t.Errorf("one of the first handshakes took %v, want %v at least", took, proxy.FirstPause)
		}
	}
	for _, tt := range []struct {
		name   string
		protos []string
		before time.Duration // between the 200 and the ClientHello
		least  time.Duration
		most   time.Duration
	}{
		{"HTTP/2 alone", []string{"h2"}, 0, proxy.MinPause, proxy.FirstPause},
		{"HTTP/2 alone, slowly", []string{"h2"}, 3 * proxy.MinPause, 3 * proxy.MinPause, time.Hour},
		{"HTTP/2 alone, very slowly", []string{"h2"}, 2 * proxy.MaxPause, proxy.MaxPause, 2*proxy.MaxPause - time.Millisecond},
		{"both", []string{"h2", "http/1.1"}, proxy.MaxPause, 0, proxy.MaxPause},
		{"HTTP/1.1", []string{"http/1.1"}, proxy.MaxPause, 0, proxy.MaxPause},
		{"nothing", nil, proxy.MaxPause, 0, proxy.MaxPause},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var took time.Duration
			for range 3 { // a machine that has more to do is no fault
				conn := w.dialInside(claimed, tt.protos...)
				time.Sleep(tt.before)
				began := time.Now()
				if err := conn.HandshakeContext(t.Context()); err != nil {
					t.Fatal(err)
				}
				if took = time.Since(began); took <= tt.most {
					break
				}
			}
			if took < tt.least || took > tt.most {
				t.Errorf("the handshake took %v, want %v to %v", took, tt.least, tt.most)
			}
		})
	}
}

func TestACallBehindThePauseIsServed(t *testing.T) {
	w := newWorld(t, func(rw http.ResponseWriter, r *http.Request) { io.Copy(rw, r.Body) }, nil)
	client := &http.Client{Transport: &http.Transport{ForceAttemptHTTP2: true, DialTLSContext: func(context.Context, string, string) (net.Conn, error) {
		conn := w.dialInside(claimed, "h2")
		conn.SetDeadline(time.Time{})
		return conn, conn.HandshakeContext(t.Context())
	}}}
	t.Cleanup(client.CloseIdleConnections)
	for _, body := range []string{"first", "second"} {
		resp, got := w.do(client, "PUT", "https://"+claimed+"/bucket/key", strings.NewReader(body))
		if resp.StatusCode != 200 || got != body || resp.ProtoMajor != 2 {
			t.Errorf("got %s %d %q, want HTTP/2, 200 and %q", resp.Proto, resp.StatusCode, got, body)
		}
		w.record()
	}
}
