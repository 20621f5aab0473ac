package proxy

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestAHandshakeThatDoesNotComeIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(Server)
		s.start()
		client, conn := net.Pipe()
		defer client.Close()
		began := time.Now()
		handed, err := s.secure(&tunnelConn{Conn: conn}, new(tls.Config))
		if handed || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("got %v %v, want a timeout", handed, err)
		}
		if took := time.Since(began); took != handshakeTime {
			t.Errorf("it took %v, want %v", took, handshakeTime)
		}
		conn.Close()
	})
}

func TestATunnelThatNobodyTakesIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(Server)
		s.start()
		_, conn := net.Pipe()
		if s.serving.hand(conn) {
			t.Error("it was taken")
		}
		s.stop()
		if s.serving.hand(conn) || s.serving.track(conn) {
			t.Error("it was taken after Shutdown began")
		}
	})
}

func TestAnAddressThatSwallowsPacketsLeavesTimeForTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer near.Close()
		defer far.Close()
		s := &Server{
			Lookup: func(context.Context, string) ([]netip.Addr, error) {
				return []netip.Addr{netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")}, nil
			},
			Dial: func(ctx context.Context, _ string, addr netip.AddrPort) (net.Conn, error) {
				if addr.Addr().String() == "192.0.2.2" {
					return far, nil
				}
				<-ctx.Done()
				return nil, ctx.Err()
			},
		}
		began := time.Now()
		conn, err := s.dial(t.Context(), "api.example.com", 443)
		if conn != far || err != nil {
			t.Errorf("got %v %v, want the third address", conn, err)
		}
		if took := time.Since(began); took != 20*time.Second {
			t.Errorf("it took %v, want 10 s for each address that is silent", took)
		}
	})
}

func TestMessagesHoldNoSecrets(t *testing.T) {
	for in, want := range map[string]string{
		"/bucket/key?X-Amz-Security-Token=secret": "/bucket/key?…",
		"/bucket/a@b":               "/bucket/a@b",
		"http://user:secret@host/x": "…@host/x",
		"user:secret@host:443":      "…@host:443",
		"host:443":                  "host:443",
		strings.Repeat("x", 200):    strings.Repeat("x", 120) + "…",
	} {
		if got := short(in); got != want {
			t.Errorf("short(%q) = %q, want %q", in, got, want)
		}
	}
}
