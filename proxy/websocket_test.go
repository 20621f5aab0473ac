package proxy_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lambda-remit/remit/manifest"
)

const handshake = "Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

// echoes answers as a server of WebSockets that says what it hears.
func echoes(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Upgrade") != "websocket" || r.Header.Get("Connection") != "Upgrade" || r.Header.Get("Authorization") != "minted" || r.Header.Get("Sec-Websocket-Key") == "" {
		http.Error(w, fmt.Sprint("got ", r.Header), http.StatusBadRequest)
		return
	}
	if strings.HasPrefix(r.URL.Path, "/bucket/refuses") {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\nhello\n")
	line, _ := buffered.ReadString('\n')
	fmt.Fprintf(conn, "you said %s", line)
}

// socketWorld has WebSockets at its one host.
func socketWorld(t *testing.T) *world {
	return newWorld(t, echoes, func(w *world) {
		w.server.WebSockets = func(host string) bool { return host == claimed }
	})
}

func TestAWebSocketPassesBothWaysUntilEitherEnds(t *testing.T) {
	w := socketWorld(t)
	for name, conn := range map[string]net.Conn{"tunnel": w.dialInside(claimed), "absolute": w.dial()} {
		target := "/bucket/socket"
		if name == "absolute" {
			target = "http://" + claimed + target
		}
		fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nAuthorization: sealed\r\n%s\r\n", target, claimed, handshake)
		r := bufio.NewReader(conn)
		resp, err := http.ReadResponse(r, nil)
		if err != nil || resp.StatusCode != 101 || resp.Header.Get("Upgrade") != "websocket" || resp.Header.Get("Connection") != "Upgrade" || resp.Header.Get("Sec-Websocket-Accept") == "" {
			t.Fatalf("%s: got %v, %v", name, resp, err)
		}
		if line, err := r.ReadString('\n'); line != "hello\n" {
			t.Errorf("%s: got %q, %v", name, line, err)
		}
		// The call is on record although it is not over.
		if rec := w.record(); rec.Status != 101 || !rec.Decision.Allowed || !rec.Call.WebSocket {
			t.Errorf("%s: recorded %+v", name, rec)
		}
		io.WriteString(conn, "\x81\x00\nPUT /x HTTP/9\n") // no HTTP
		if line, err := r.ReadString('\n'); line != "you said \x81\x00\n" {
			t.Errorf("%s: got %q, %v", name, line, err)
		}
		if rest, err := io.ReadAll(r); len(rest) > 0 {
			t.Errorf("%s: got %q, %v, want the end", name, rest, err)
		}
	}
	w.noRecord()
}

func TestWhatIsNoWebSocketIsNotUpgraded(t *testing.T) {
	w := socketWorld(t)
	for _, tt := range []struct{ name, method, path, auth, header, status string }{
		{"a call that begins none", "GET", "/bucket/key", "sealed", handshake, "403"},
		{"one that is not granted", "GET", "/secret/socket", "sealed", handshake, "403"},
		{"one that is not signed", "GET", "/bucket/socket", "", handshake, "403"},
		{"one that its server refuses", "GET", "/bucket/refuses/socket", "sealed", handshake, "403"},
		{"no handshake, which is a call like any other", "GET", "/bucket/socket", "sealed", "", "400"},
		{"another method", "POST", "/bucket/socket", "sealed", handshake, "501"},
		{"a body", "GET", "/bucket/socket", "sealed", handshake + "Content-Length: 1\r\n", "501"},
		{"a body in chunks", "GET", "/bucket/socket", "sealed", handshake + "Transfer-Encoding: chunked\r\n", "501"},
		{"another version", "GET", "/bucket/socket", "sealed", strings.Replace(handshake, "13", "8", 1), "501"},
		{"no key", "GET", "/bucket/socket", "sealed", strings.Replace(handshake, "-Key", "-Cay", 1), "501"},
		{"two protocols", "GET", "/bucket/socket", "sealed", handshake + "Upgrade: h3\r\n", "501"},
		{"another protocol", "GET", "/bucket/socket", "sealed", strings.Replace(handshake, "WebSocket\r", "h3\r", 1), "501"},
		{"a Connection that names a header", "GET", "/bucket/socket", "sealed", strings.Replace(handshake, "keep-alive", "authorization", 1), "501"},
		{"no Connection", "GET", "/bucket/socket", "sealed", strings.Replace(handshake, "Connection", "Konnection", 1), "501"},
	} {
		body := ""
		if strings.Contains(tt.header, "Length") {
			body = "x"
		} else if strings.Contains(tt.header, "chunked") {
			body = "0\r\n\r\n"
		}
		conn := w.dialInside(claimed)
		fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: %s\r\nAuthorization: %s\r\n%s\r\n%s", tt.method, tt.path, claimed, tt.auth, tt.header, body)
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || !strings.HasPrefix(resp.Status, tt.status) {
			t.Errorf("%s: got %v, %v, want %s", tt.name, resp, err, tt.status)
		}
		w.record()
	}
	// Neither where the manifest observes, nor to the proxy as an endpoint.
	w.manifest.Mode = manifest.Observe
	conn := w.dialInside(claimed)
	fmt.Fprintf(conn, "GET /secret/key HTTP/1.1\r\nHost: %s\r\nAuthorization: sealed\r\n%s\r\n", claimed, handshake)
	if resp, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil || resp.StatusCode != 403 {
		t.Errorf("observing: got %v, %v", resp, err)
	}
	w.record()
	if got := w.exchange("GET /bucket/socket HTTP/1.1\r\nHost: x\r\nAuthorization: sealed\r\n"+handshake+"\r\n", false); !strings.HasPrefix(got, "HTTP/1.1 501") {
		t.Errorf("endpoint: got %q", got)
	}
	w.record()
}

func TestAWebSocketEndsWithTheProxy(t *testing.T) {
	w := socketWorld(t)
	conn := w.dialInside(claimed)
	fmt.Fprintf(conn, "GET /bucket/socket HTTP/1.1\r\nHost: %s\r\nAuthorization: sealed\r\n%s\r\n", claimed, handshake)
	r := bufio.NewReader(conn)
	if _, err := http.ReadResponse(r, nil); err != nil {
		t.Fatal(err)
	}
	w.record()
	w.server.Close()
	conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := io.Copy(io.Discard, r); err != nil && strings.Contains(err.Error(), "timeout") {
		t.Errorf("it is open still: %v", err)
	}
}
