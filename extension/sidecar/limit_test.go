package sidecar

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"testing"
	"time"
)

// flood opens n connections to where, and sends on each what is said.
func flood(t *testing.T, where string, n int, said string) {
	t.Helper()
	for i := range n {
		c, err := net.Dial("tcp", where)
		if err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
		t.Cleanup(func() { c.Close() })
		io.WriteString(c, said)
	}
}

func TestAFunctionThatFloodsTheSidecarIsStillServed(t *testing.T) {
	s, _ := startSidecar(t, io.Discard)
	keys := sealed(t, s)
	uri, err := url.Parse(s.Handshake().CredentialsURI)
	if err != nil {
		t.Fatal(err)
	}
	// An SDK's question that is answered leaves its place at once: twenty times
	// as many as there are places are answered in turn.
	flood(t, uri.Host, 20*maxAsking, fmt.Sprintf("GET %s HTTP/1.1\r\nHost: %s\r\nAuthorization: %s\r\n\r\n", uri.Path, uri.Host, s.Handshake().Token))
	flood(t, s.Handshake().Proxy, 1100, "")
	deadline := time.Now().Add(20 * time.Second)
	for _, way := range []string{"endpoint", "proxy"} {
		c, at := client(t, s, way)
		if status, body := get(t, c, at+"/media/granted/a", keys, ""); status != http.StatusOK {
			t.Errorf("%s: got %d %s", way, status, body)
		}
	}
	if again := sealed(t, s); again.AccessKeyID != keys.AccessKeyID {
		t.Errorf("got the key %q, want %q again", again.AccessKeyID, keys.AccessKeyID)
	}
	if time.Now().After(deadline) {
		t.Error("it took longer than an SDK waits")
	}
}

func TestALimitedListenerIsClosedWhileItIsFull(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := limit(inner, 1)
	flood(t, inner.Addr().String(), 2, "")
	first, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	ended := make(chan error, 1)
	go func() {
		_, err := l.Accept()
		ended <- err
	}()
	l.Close()
	select {
	case err := <-ended:
		if err == nil {
			t.Error("a second connection was accepted")
		}
	case <-time.After(5 * time.Second):
		t.Error("Accept goes on after Close")
	}
}
