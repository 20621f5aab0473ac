package proxy_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lambda-remit/remit/proxy"
)

// hello begins TLS with w without a CONNECT, as name.
func (w *world) hello(name string, change func(*tls.Config)) (*tls.Conn, error) {
	w.t.Helper()
	c, err := net.Dial("tcp", w.secure.Addr().String())
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(10 * time.Second))
	config := &tls.Config{ServerName: name, RootCAs: w.roots, InsecureSkipVerify: name == ""}
	if change != nil {
		change(config)
	}
	conn := tls.Client(c, config)
	return conn, conn.Handshake()
}

// answered sends raw on conn and returns the answer's status.
func answered(t *testing.T, conn net.Conn, raw string) int {
	t.Helper()
	io.WriteString(conn, raw)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	return resp.StatusCode
}

func TestTLSWithoutACONNECTIsForClaimedHostsAlone(t *testing.T) {
	w := newWorld(t, nil, nil)
	for _, tt := range []struct{ name, alert string }{
		{"", "unrecognized name"},
		{"example.com", "unrecognized name"},
		{"amazonaws.com.example.com", "unrecognized name"},
		{"xamazonaws.com", "unrecognized name"},
		{strings.Repeat("a.", 100) + "example.com", "unrecognized name"},
	} {
		if _, err := w.hello(tt.name, nil); err == nil || !strings.Contains(err.Error(), tt.alert) {
			t.Errorf("%q: got %v, want %q", tt.name, err, tt.alert)
		}
		rec := w.record()
		if rec.Decision.Allowed || rec.Decision.Reason != proxy.Unread || rec.ID == "" || rec.Call != nil || len(rec.Host) > 130 || tt.name != "" && !strings.HasPrefix(tt.name, rec.Host[:10]) {
			t.Errorf("%q: recorded %+v", tt.name, rec)
		}
	}
	// A client that does not trust the authority says so, and is on record.
	if _, err := w.hello(claimed, func(c *tls.Config) { c.RootCAs = nil }); err == nil {
		t.Error("the authority is trusted by who was not told of it")
	}
	if rec := w.record(); rec.Host != claimed || rec.Err == nil || !strings.Contains(rec.Err.Error(), claimed) {
		t.Errorf("recorded %+v", rec)
	}
	// What is not TLS is no call, whatever it says.
	conn, err := net.Dial("tcp", w.secure.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET /bucket/a HTTP/1.1\r\nHost: %s\r\nAuthorization: sealed\r\n\r\n", claimed)
	if got, _ := io.ReadAll(conn); strings.Contains(string(got), "HTTP/1.1 200") {
		t.Errorf("got %q", got)
	}
	if rec := w.record(); rec.Decision.Allowed || rec.Err == nil {
		t.Errorf("recorded %+v", rec)
	}
	w.noRecord()
}

func TestTheHostOfACallWithoutACONNECTIsTheOneThatTLSWasAskedFor(t *testing.T) {
	const other = "sqs.eu-west-1.amazonaws.com"
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Host) }, func(w *world) {
		w.server.Ports = func(host string, port uint16) bool { return host == claimed && port == 8182 }
	})
	for _, tt := range []struct {
		name, raw string
		want      int
		host      string // on record, of what was read
	}{
		{claimed, "GET /bucket/a HTTP/1.1\r\nHost: " + claimed + "\r\n", 200, claimed},
		{claimed, "GET /bucket/a HTTP/1.1\r\nHost: " + claimed + ":443\r\n", 200, claimed},
		{strings.ToUpper(claimed), "GET /bucket/a HTTP/1.1\r\nHost: " + strings.ToUpper(claimed) + "\r\n", 200, claimed},
		{claimed, "GET /bucket/a HTTP/1.1\r\nHost: " + claimed + ":8182\r\n", 200, claimed + ":8182"},
		{claimed, "GET https://" + claimed + "/bucket/a HTTP/1.1\r\nHost: " + claimed + "\r\n", 200, claimed},
		{claimed, "GET https://" + claimed + ":8182/bucket/a HTTP/1.1\r\nHost: " + claimed + ":8182\r\n", 200, claimed + ":8182"},
		{claimed, "GET https://" + claimed + ":8182/bucket/a HTTP/1.1\r\nHost: " + claimed + "\r\n", 200, claimed + ":8182"}, // what HTTP's letter allows: see sameAuthority
		{claimed, "GET /bucket/a HTTP/1.1\r\nHost: " + claimed + ":8183\r\n", 421, ""},
		{other, "GET /bucket/a HTTP/1.1\r\nHost: " + other + ":8182\r\n", 421, ""},
		{other, "GET /bucket/a HTTP/1.1\r\nHost: " + claimed + ":8182\r\n", 421, ""},
		{other, "GET /bucket/a HTTP/1.1\r\nHost: " + claimed + "\r\n", 421, ""},
		{claimed, "GET /bucket/a HTTP/1.1\r\nHost: example.com\r\n", 421, ""},
		{claimed, "GET https://example.com/bucket/a HTTP/1.1\r\nHost: example.com\r\n", 421, ""},
		{claimed, "GET http://" + claimed + "/bucket/a HTTP/1.1\r\nHost: " + claimed + "\r\n", 421, ""},
		{claimed, "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n", 405, ""},
		{claimed, "CONNECT " + claimed + ":443 HTTP/1.1\r\nHost: " + claimed + ":443\r\n", 405, ""},
		{claimed, "CONNECT 169.254.169.254:80 HTTP/1.1\r\nHost: 169.254.169.254:80\r\nRemit-Silent: 1\r\n", 405, ""},
		{claimed, "GET /bucket/a HTTP/1.1\r\nHost: " + claimed + "\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n", 400, ""},
	} {
		conn, err := w.hello(tt.name, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := answered(t, conn, tt.raw+"Authorization: sealed\r\n\r\n"); got != tt.want {
			t.Errorf("%s, %q: got %d, want %d", tt.name, tt.raw, got, tt.want)
		}
		conn.Close()
		if rec := w.record(); rec.Decision.Allowed != (tt.want == 200) || tt.host != "" && rec.Host != tt.host {
			t.Errorf("%s, %q: recorded %+v", tt.name, tt.raw, rec)
		}
	}
}

// TestASessionOfOneHostIsNoneOfAnothers resumes TLS of one host as another: what
// is resumed says nothing of where it leads.
func TestASessionOfOneHostIsNoneOfAnothers(t *testing.T) {
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) {}, nil)
	cache := tls.NewLRUClientSessionCache(8)
	share := func(c *tls.Config) { c.ClientSessionCache = sameSession{cache} }
	for i, name := range []string{claimed, claimed, "example.com", "sqs.eu-west-1.amazonaws.com"} {
		conn, err := w.hello(name, share)
		if name == "example.com" {
			if err == nil {
				t.Error("a session of another host's opened example.com")
			}
			w.record()
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := conn.ConnectionState().DidResume; i == 1 && !got {
			t.Error("no session is resumed at all")
		}
		want := 200
		if name != claimed {
			want = 421
		}
		if got := answered(t, conn, "GET /bucket/a HTTP/1.1\r\nHost: "+claimed+"\r\nAuthorization: sealed\r\n\r\n"); got != want {
			t.Errorf("as %s: got %d, want %d", name, got, want)
		}
		conn.Close()
		w.record()
	}
}

// A sameSession keeps one session for all names.
type sameSession struct{ tls.ClientSessionCache }

func (s sameSession) Get(string) (*tls.ClientSessionState, bool) {
	return s.ClientSessionCache.Get("")
}
func (s sameSession) Put(_ string, c *tls.ClientSessionState) { s.ClientSessionCache.Put("", c) }

func TestAThousandSilentConnectionsWithoutACONNECTLeaveRoom(t *testing.T) {
	const n = 1100
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "served") }, func(w *world) { proxy.SetGrace(w.server, 50*time.Millisecond) })
	before := descriptors(t)
	for i := range n {
		c, err := net.Dial("tcp", w.secure.Addr().String())
		if err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
		defer c.Close()
		if i%2 == 0 {
			io.WriteString(c, "\x16\x03\x01\x02\x00\x01") // and no more of it
		}
	}
	for _, way := range w.ways() {
		if resp, got := w.do(way.client, "GET", way.url+"/bucket/a", nil); resp.StatusCode != 200 || got != "served" {
			t.Errorf("%s: got %s %q, want it served", way.name, resp.Status, got)
		}
	}
	if got, most := descriptors(t)-before-n, 256+32+2+20; got > most {
		t.Errorf("beside the clients', %d descriptors are open, want at most %d", got, most)
	}
}
