package proxy_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
)

// bound has the world's manifest name destinations beside the cloud, and has
// names lead to a public address behind which far answers.
func bound(t *testing.T, far string, text string) func(*world) {
	m, err := manifest.Parse("remit.yaml", []byte(text), manifest.Options{Region: "eu-west-1"})
	if err != nil {
		t.Fatal(err)
	}
	return func(w *world) {
		w.manifest = m
		w.server.Lookup = func(_ context.Context, host string) ([]netip.Addr, error) {
			if host == "inside.example.com" {
				return []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("127.0.0.1")}, nil
			}
			return []netip.Addr{netip.MustParseAddr("192.0.2.1")}, nil
		}
		w.server.Dial = func(ctx context.Context, network string, _ netip.AddrPort) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, far)
		}
	}
}

// ask has w connect to authority, by CONNECT or by an absolute URL, and returns
// the status and the body of the answer.
func (w *world) ask(method, authority string) (status int, body string) {
	w.t.Helper()
	conn := w.dial()
	defer conn.Close()
	r := bufio.NewReader(conn)
	target := "http://" + authority + "/"
	if method == http.MethodConnect {
		target = authority
	}
	fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", method, target, authority)
	req := &http.Request{Method: method}
	resp, err := http.ReadResponse(r, req)
	if err != nil {
		w.t.Fatal(err)
	}
	if method == http.MethodConnect && resp.StatusCode == http.StatusOK {
		io.WriteString(conn, "GET / HTTP/1.1\r\nHost: far\r\nConnection: close\r\n\r\n")
		if resp, err = http.ReadResponse(r, nil); err != nil {
			w.t.Fatal(err)
		}
	}
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

func TestOnlyWhatTheEgressNamesIsConnectedTo(t *testing.T) {
	far := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "far") }))
	defer far.Close()
	w := newWorld(t, nil, bound(t, far.Listener.Addr().String(), `
egress:
  - api.example.com:8443
  - "*.example.org:*"
  - inside.example.com
  - 192.0.2.7:443
`))
	for _, tt := range []struct {
		method, authority string
		reason            manifest.Reason
		line              string // the egress's, that allowed it or is nearest
	}{
		{"CONNECT", "api.example.com:8443", "", "remit.yaml:3 egress[0]"},
		{"CONNECT", "API.example.com.:8443", "", "remit.yaml:3 egress[0]"},
		{"CONNECT", "api.example.com:443", manifest.NoEgress, "remit.yaml:3 egress[0]"},
		{"CONNECT", "a.b.example.org:22", "", "remit.yaml:4 egress[1]"},
		{"CONNECT", "example.org:22", manifest.NoEgress, ""},
		{"CONNECT", "elsewhere.example.net:443", manifest.NoEgress, ""},
		{"CONNECT", "192.0.2.1:8443", manifest.NoEgress, ""},
		{"CONNECT", "192.0.2.7:443", "", "remit.yaml:6 egress[3]"},
		{"CONNECT", "inside.example.com:443", proxy.Forbidden, "remit.yaml:5 egress[2]"},
		{"GET", "www.example.org", "", "remit.yaml:4 egress[1]"},
		{"GET", "api.example.com:8443", "", "remit.yaml:3 egress[0]"},
		{"GET", "api.example.com", manifest.NoEgress, "remit.yaml:3 egress[0]"},
		{"GET", "elsewhere.example.net", manifest.NoEgress, ""},
	} {
		status, body := w.ask(tt.method, tt.authority)
		rec := w.record()
		if tt.reason == "" {
			if status != http.StatusOK || body != "far" {
				t.Errorf("%s %s: got %d %q", tt.method, tt.authority, status, body)
			}
			if used := rec.Decision.Used(); !rec.Decision.Allowed || len(used) != 1 || used[0].String() != tt.line || rec.Status != http.StatusOK || rec.ID != "" {
				t.Errorf("%s %s: recorded %+v, want it allowed by %s", tt.method, tt.authority, rec, tt.line)
			}
			continue
		}
		host := strings.TrimSuffix(tt.authority, ".")
		if status != http.StatusForbidden || !strings.Contains(body, strings.Split(host, ":")[0]) || !strings.Contains(body, "(remit "+rec.ID+")") {
			t.Errorf("%s %s: got %d %q", tt.method, tt.authority, status, body)
		}
		nearest := ""
		if n := rec.Decision.Nearest; n != nil {
			nearest = n.String()
		}
		if rec.Decision.Reason != tt.reason || rec.Decision.Allowed || tt.reason == manifest.NoEgress && nearest != tt.line {
			t.Errorf("%s %s: recorded %+v nearest %q, want %s nearest %q", tt.method, tt.authority, rec, nearest, tt.reason, tt.line)
		}
	}
	w.noRecord()
}

func TestWhileObservingWhatTheEgressDoesNotNameIsConnectedToAndSaid(t *testing.T) {
	far := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "far") }))
	defer far.Close()
	w := newWorld(t, nil, bound(t, far.Listener.Addr().String(), "mode: observe\negress: []\n"))
	for _, method := range []string{"CONNECT", "GET"} {
		if status, body := w.ask(method, "api.example.com:8443"); status != http.StatusOK || body != "far" {
			t.Errorf("%s: got %d %q", method, status, body)
		}
		if rec := w.record(); !rec.Observed || rec.ID == "" || rec.Decision.Reason != manifest.NoEgress || rec.Host != "api.example.com:8443" {
			t.Errorf("%s: recorded %+v", method, rec)
		}
		// What nobody may reach is not reached in any mode.
		if status, _ := w.ask(method, "169.254.169.254:80"); status != http.StatusForbidden {
			t.Errorf("%s of metadata: got %d", method, status)
		}
		if rec := w.record(); rec.Observed || rec.Decision.Reason != proxy.Forbidden {
			t.Errorf("%s of metadata: recorded %+v", method, rec)
		}
	}
	w.noRecord()
}

// A database under AWS's domains is no host whose calls are read: it is reached
// where the egress names it, by its port.
func TestWhatTheEgressNamesAtAnotherPortOfAClaimedHostIsConnectedTo(t *testing.T) {
	far := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "far") }))
	defer far.Close()
	const host = "db.eu-west-1.rds.amazonaws.com"
	for _, tt := range []struct {
		egress, authority, head string
		status                  int
		reason                  manifest.Reason
	}{
		{"egress: [\"" + host + ":5432\"]", host + ":5432", "", 200, ""},
		{"egress: [\"*:*\"]", host + ":5432", "", 200, ""},
		{"egress: [\"" + host + ":*\"]", host + ":80", "", 403, proxy.Unread},
		{"egress: [\"" + host + ":*\"]", host + ":5432", proxy.PlainTunnel + ": 1\r\n", 403, proxy.Unread},
		{"egress: [\"" + host + ":5432\"]", host + ":5433", "", 403, manifest.NoEgress},
		{"egress: []", host + ":5432", "", 403, manifest.NoEgress},
		{"mode: enforce", host + ":5432", "", 403, proxy.Unread},
	} {
		w := newWorld(t, nil, bound(t, far.Listener.Addr().String(), tt.egress+"\n"))
		conn := w.dial()
		fmt.Fprintf(conn, "CONNECT %s HTTP/1.1\r\nHost: %[1]s\r\n%s\r\n", tt.authority, tt.head)
		resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: http.MethodConnect})
		if err != nil || resp.StatusCode != tt.status {
			t.Errorf("%s, %s: got %v, %v, want %d", tt.egress, tt.authority, resp, err, tt.status)
			continue
		}
		if rec := w.record(); rec.Decision.Reason != tt.reason || rec.Decision.Allowed != (tt.reason == "") {
			t.Errorf("%s, %s: recorded %+v, want %q", tt.egress, tt.authority, rec, tt.reason)
		}
		conn.Close()
	}
}
