package proxy_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// TestADenialDoesNotCallForTheBodyThatAClientHoldsBack speaks as botocore
// does: header with Expect, then waiting. Whatever its body's framing, the
// denial is all that comes, and at once: a 100 would have the client send what
// nobody wants, and one inside TLS was seen to leave both sides waiting.
func TestADenialDoesNotCallForTheBodyThatAClientHoldsBack(t *testing.T) {
	w := newWorld(t, func(http.ResponseWriter, *http.Request) { t.Error("it was sent") }, nil)
	for _, framing := range []string{"Content-Length: 3000000", "Transfer-Encoding: chunked"} {
		for _, tunnel := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s tunnel=%v", framing, tunnel), func(t *testing.T) {
				conn, err := net.Dial("tcp", w.proxy.Host)
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				conn.SetDeadline(time.Now().Add(5 * time.Second))
				if tunnel {
					fmt.Fprintf(conn, "CONNECT %s:443 HTTP/1.1\r\nHost: %s:443\r\n\r\n", claimed, claimed)
					if _, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: "CONNECT"}); err != nil {
						t.Fatal(err)
					}
					conn = tls.Client(conn, &tls.Config{RootCAs: w.roots, ServerName: claimed})
				}
				fmt.Fprintf(conn, "PUT /elsewhere HTTP/1.1\r\nHost: %s\r\nAuthorization: sealed\r\nExpect: 100-continue\r\n%s\r\n\r\n", claimed, framing)
				resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
				if err != nil {
					t.Fatal(err)
				}
				defer resp.Body.Close()
				if body, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != http.StatusForbidden {
					t.Errorf("got %d %q %v, want 403 and nothing before it", resp.StatusCode, body, err)
				}
			})
		}
	}
}
