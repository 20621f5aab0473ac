package proxy

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"testing"
)

// Where net/http sees a message end, framing sees it end too, or refuses it;
// and it does not matter in what pieces the bytes come.
func FuzzFraming(f *testing.F) {
	for _, s := range []string{
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n",
		"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhelloGET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
		"PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTrailer: A\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
		"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
		"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length : 5\r\n\r\nhello",
		"PUT / HTTP/1.1\nHost: x\n\n",
		"GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n",
		"PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\n\r\n",
		"PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"GET http://a/b HTTP/1.1\r\nHost: c\r\n\r\n",
		"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n\x16\x03\x01",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00",
		"PRI * HTTP/2.0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
	} {
		f.Add([]byte(s), true)
	}
	f.Fuzz(func(t *testing.T, in []byte, front bool) {
		var whole, pieces framing
		fault := whole.feed(bytes.Clone(in), front)
		for i := range in {
			if got := pieces.feed(bytes.Clone(in[i:i+1]), front); got != nil {
				if fault == nil || *got != *fault {
					t.Fatalf("at once: %v; byte by byte: %v", fault, got)
				}
				break
			}
			if i == len(in)-1 && fault != nil {
				t.Fatalf("at once: %v; byte by byte: nothing", fault)
			}
		}

		source := bytes.NewReader(in)
		r := bufio.NewReader(source)
		var f framing
		for at := 0; ; {
			req, err := http.ReadRequest(r)
			if err != nil {
				return // net/http answers 400 and closes.
			}
			headerEnd := len(in) - source.Len() - r.Buffered()
			if req.Method == "PRI" {
				return // No handler sees it.
			}
			_, err = io.Copy(io.Discard, req.Body)
			end := len(in) - source.Len() - r.Buffered()
			if fault := f.feed(bytes.Clone(in[at:end]), front); fault != nil {
				return
			}
			if f.part == unread {
				if req.Method != http.MethodConnect {
					t.Fatalf("%s %s: what follows is not looked at", req.Method, req.RequestURI)
				}
				return
			}
			if err != nil {
				if f.part == requestLine && end > headerEnd {
					t.Fatalf("the body of %s %s breaks for net/http (%v), and is whole for framing", req.Method, req.RequestURI, err)
				}
				return
			}
			if f.part != requestLine || len(f.line) > 0 {
				t.Fatalf("net/http sees %s %s end at byte %d, framing is in part %d", req.Method, req.RequestURI, end, f.part)
			}
			at = end
		}
	})
}
