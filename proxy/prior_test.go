package proxy_test

import (
	"context"
	"crypto/tls"
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

// unagreed is HTTP/2 inside a tunnel's TLS that its handshake says nothing of, as
// the AWS SDK for Java speaks it to services with streams of events.
func (w *world) unagreed(write func(*tls.Conn) net.Conn) *http.Client {
	transport := &http.Transport{Protocols: new(http.Protocols), DisableCompression: true, DialContext: func(context.Context, string, string) (net.Conn, error) {
		conn := w.dialInside(claimed)
		conn.SetDeadline(time.Time{})
		if write == nil {
			return conn, nil
		}
		return write(conn), nil
	}}
	transport.Protocols.SetUnencryptedHTTP2(true)
	w.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// A crumbling connection writes each byte in a record of its own.
type crumbling struct{ net.Conn }

func (c crumbling) Write(p []byte) (int, error) {
	for i := range p {
		if _, err := c.Conn.Write(p[i : i+1]); err != nil {
			return i, err
		}
	}
	return len(p), nil
}

func TestHTTP2InATunnelNeedsNoAgreementOnIt(t *testing.T) {
	w := newWorld(t, func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		rw.Write(body)
	}, nil)
	for name, client := range map[string]*http.Client{
		"as it comes":  w.unagreed(nil),
		"byte by byte": w.unagreed(func(c *tls.Conn) net.Conn { return crumbling{c} }),
	} {
		t.Run(name, func(t *testing.T) {
			// The second call comes on the same connection.
			for _, body := range []string{"first", strings.Repeat("second", 500)} {
				resp, got := w.do(client, "PUT", "http://"+claimed+"/bucket/key", strings.NewReader(body))
				if resp.StatusCode != 200 || resp.ProtoMajor != 2 || got != body {
					t.Errorf("got HTTP/%d, %d and %.20q", resp.ProtoMajor, resp.StatusCode, got)
				}
				if rec := w.record(); rec.Host != claimed || !rec.Decision.Allowed {
					t.Errorf("recorded %+v", rec)
				}
			}
		})
	}
}

func TestHTTP2ThatNobodyAgreedOnIsHeldToTheTunnel(t *testing.T) {
	w := newWorld(t, func(rw http.ResponseWriter, r *http.Request) {}, nil)
	fields := func(scheme, authority string) []hpack.HeaderField {
		return []hpack.HeaderField{
			{Name: ":method", Value: "GET"}, {Name: ":scheme", Value: scheme}, {Name: ":path", Value: "/bucket/key"},
			{Name: ":authority", Value: authority}, {Name: "authorization", Value: "sealed"},
		}
	}
	for _, tt := range []struct {
		name   string
		fields []hpack.HeaderField
		want   string
	}{
		{"the tunnel's host", fields("https", claimed), "200"},
		{"scheme http", fields("http", claimed), "200"},
		{"another host", fields("https", "evil.amazonaws.com"), "421"},
		{"another host by http", fields("http", "evil.amazonaws.com"), "421"},
		{"another host that is not claimed", fields("http", "example.com"), "421"},
		{"another host beside it", append(fields("https", claimed), hpack.HeaderField{Name: "host", Value: "evil.amazonaws.com"}), "400"},
		{"a tunnel in it", []hpack.HeaderField{{Name: ":method", Value: "CONNECT"}, {Name: ":authority", Value: claimed + ":443"}}, "405"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := w.frames(w.dialInside(claimed), tt.fields...); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestWhoAgreedOnHTTP1IsHeldToIt(t *testing.T) {
	w := newWorld(t, func(http.ResponseWriter, *http.Request) { t.Error("it was sent") }, nil)
	conn := w.dialInside(claimed, "http/1.1")
	io.WriteString(conn, http2.ClientPreface)
	if got, _ := io.ReadAll(conn); !strings.HasPrefix(string(got), "HTTP/1.1 400 ") {
		t.Errorf("got %q", got)
	}
	if rec := w.record(); rec.Err == nil || rec.Decision.Allowed {
		t.Errorf("recorded %+v", rec)
	}
}

func TestHalfAPrefaceIsNoRequest(t *testing.T) {
	w := newWorld(t, func(http.ResponseWriter, *http.Request) { t.Error("it was sent") }, nil)
	conn := w.dialInside(claimed)
	io.WriteString(conn, strings.TrimSuffix(http2.ClientPreface, "SM\r\n\r\n")+"GET /bucket/key HTTP/1.1\r\nHost: "+claimed+"\r\n\r\n")
	if got, err := io.ReadAll(conn); !strings.HasPrefix(string(got), "HTTP/1.1 400 ") {
		t.Errorf("got %q, %v", got, err)
	}
	if rec := w.record(); rec.Decision.Reason != proxy.Smuggling {
		t.Errorf("recorded %+v", rec)
	}
}
