package runtimeapi

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// FuzzWhatIsReadIsPassedOn has any bytes of both sides go through a connection,
// in any pieces, broken off anywhere: what comes out at either end is what went
// in at the other.
func FuzzWhatIsReadIsPassedOn(f *testing.F) {
	f.Add([]byte("GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: h\r\n\r\n"), []byte("HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: 1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"), uint8(7), false)
	f.Add([]byte("POST /2018-06-01/runtime/invocation/1/response HTTP/1.1\r\nContent-Length: 4\r\n\r\nnull"), []byte("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 Accepted\r\n\r\n"), uint8(1), true)
	f.Add([]byte("PRI * HTTP/2.0\r\n\r\n"), []byte("\x00\x00"), uint8(0), false)
	f.Add([]byte{}, []byte("HTTP/1.1 200 OK\r\nContent-Le"), uint8(3), false)
	f.Fuzz(func(t *testing.T, asked, answered []byte, piece uint8, reversed bool) {
		c := &conn{proxy: &Proxy{Begin: func(Invocation) {}, End: func(string) {}, Restore: func() {}}}
		// One direction after the other: which is first is what timing decides.
		ways := []func(){
			func() { through(t, asked, piece, &scanner{head: c.request}, false) },
			func() { through(t, answered, piece, &scanner{head: c.answer, begin: "HTTP/1."}, true) },
		}
		if reversed {
			ways[0], ways[1] = ways[1], ways[0]
		}
		for _, way := range ways {
			way()
		}
	})
}

// through passes sent on, in pieces, and checks what arrives.
func through(t *testing.T, sent []byte, piece uint8, s *scanner, hold bool) {
	t.Helper()
	in, src := pair(t)
	dst, out := pair(t)
	passed := make(chan error, 1)
	go func() {
		_, err := pass(dst, src, s, hold)
		passed <- err
	}()
	go func() {
		for rest := sent; len(rest) > 0; {
			n := min(int(piece)+1, len(rest))
			in.Write(rest[:n])
			rest = rest[n:]
		}
		in.CloseWrite()
	}()
	got, err := io.ReadAll(out)
	if err != nil || !bytes.Equal(got, sent) {
		t.Errorf("got %q (%v), want %q", got, err, sent)
	}
	if err := <-passed; err != nil {
		t.Error(err)
	}
}

// pair returns two ends of one connection.
func pair(t *testing.T) (a, b *net.TCPConn) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dialled, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dialled.Close(); accepted.Close() })
	return dialled.(*net.TCPConn), accepted.(*net.TCPConn)
}

// FuzzMessagesAreReadAsGoReadsThem holds the reader to net/http's, which
// Lambda's own API is written with: the heads that it sees in what it follows to
// the end begin where net/http's begin, in any pieces. What net/http refuses it
// may follow, since nobody answers it.
func FuzzMessagesAreReadAsGoReadsThem(f *testing.F) {
	for _, seed := range []string{
		"GET /a HTTP/1.1\r\nHost: h\r\n\r\nPOST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabcGET /c HTTP/1.1\r\nHost: h\r\n\r\n",
		"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nA: b\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n",
		"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
		"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: +3\r\n\r\nabc",
		"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3 \r\nabc\r\n00\r\n\r\n",
	} {
		f.Add([]byte(seed), uint8(5))
	}
	f.Fuzz(func(t *testing.T, text []byte, piece uint8) {
		var seen []string
		s := &scanner{head: func(h head) (framing, bool) {
			c, body, ok := h.request()
			if ok {
				seen = append(seen, c.method+" "+strings.Split(h.start(), " ")[1])
			}
			return body, ok
		}}
		var buf []byte
		for rest := text; len(rest) > 0; {
			n := min(int(piece)+1, len(rest))
			buf, rest = append(buf, rest[:n]...), rest[n:]
			buf = buf[s.scan(buf):]
		}
		r := bufio.NewReader(bytes.NewReader(text))
		for i, want := range seen {
			req, err := http.ReadRequest(r)
			if err != nil {
				return // refused, and the connection with it
			}
			if got := req.Method + " " + req.RequestURI; got != want {
				t.Fatalf("message %d is %q to net/http, read as %q", i, got, want)
			}
			if _, err := io.Copy(io.Discard, req.Body); err != nil {
				return
			}
		}
	})
}
