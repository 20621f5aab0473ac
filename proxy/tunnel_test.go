package proxy_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/lambda-remit/remit/proxy"
)

// elsewhere has api.example.com resolve to a public address and dials far
// in its place, as a route would.
func elsewhere(far string) func(*world) {
	return func(w *world) {
		public := netip.MustParseAddr("192.0.2.1")
		w.server.Lookup = func(_ context.Context, host string) ([]netip.Addr, error) {
			if host != "api.example.com" {
				return nil, fmt.Errorf("no such host %q", host)
			}
			return []netip.Addr{public}, nil
		}
		w.server.Dial = func(ctx context.Context, network string, addr netip.AddrPort) (net.Conn, error) {
			if addr.Addr() != public {
				return nil, fmt.Errorf("dialled %v, which was not checked", addr)
			}
			return new(net.Dialer).DialContext(ctx, network, far)
		}
	}
}

func TestATunnelElsewherePassesUntouched(t *testing.T) {
	far, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	go func() {
		for {
			conn, err := far.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				got, _ := io.ReadAll(conn) // until the client's half is closed
				fmt.Fprintf(conn, "%x and more", got)
			}()
		}
	}()
	w := newWorld(t, nil, elsewhere(far.Addr().String()))
	for _, early := range []string{"", "\x16\x03\x01 with the CONNECT"} {
		conn := w.dial()
		io.WriteString(conn, "CONNECT api.example.com:8443 HTTP/1.0\r\n\r\n"+early)
		r := bufio.NewReader(conn)
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			if line == "\r\n" {
				break
			}
		}
		late := "GET / HTTP/1.1\n\x00\xff"
		io.WriteString(conn, late)
		conn.CloseWrite()
		got, err := io.ReadAll(r)
		if want := fmt.Sprintf("%x and more", early+late); string(got) != want || err != nil {
			t.Errorf("got %q %v, want %q", got, err, want)
		}
	}
	w.noRecord()
}

func TestATunnelThatIsNotOpenedSaysWhy(t *testing.T) {
	w := newWorld(t, nil, func(w *world) {
		w.server.Forbidden = []netip.Addr{netip.MustParseAddr("10.9.9.9")}
		w.server.Lookup = func(_ context.Context, host string) ([]netip.Addr, error) {
			if host == "rebind.example.com" {
				return []netip.Addr{netip.MustParseAddr("169.254.169.254")}, nil
			}
			return nil, errors.New("no such host")
		}
		w.server.Dial = func(_ context.Context, _ string, addr netip.AddrPort) (net.Conn, error) {
			t.Errorf("%v was dialled", addr)
			return nil, errors.New("no")
		}
	})
	for _, tt := range []struct {
		authority, status, reason, text string
	}{
		{"127.0.0.1:80", "403", "forbidden-address", "loopback"},
		{"0x7f.1:80", "403", "forbidden-address", "four decimal numbers"},
		{"[::ffff:169.254.169.254]:80", "403", "forbidden-address", "link-local"},
		{"10.9.9.9:9001", "403", "forbidden-address", "Runtime API"},
		{"rebind.example.com:80", "403", "forbidden-address", "link-local"},
		{"nowhere.example.com:443", "502", "unreachable", "no such host"},
		{claimed + ":8443", "403", "unread", "port 443"},
		{claimed + ":80", "403", "unread", "port 443"},
		{claimed + ".:443", "400", "unread", "ends in a dot"},
		{"user:password@" + claimed + ":443", "400", "unread", "a port is a number"},
		{"s3%2eeu-west-1.amazonaws.com:443", "400", "", "Bad Request"}, // by net/http
		{claimed, "400", "unread", "no port"},
		{claimed + ":443/path", "400", "unread", "port is a number"},
		{claimed + ":0443", "400", "unread", "port is a number"},
		{"/", "400", "unread", "host"},
	} {
		got := w.exchange("CONNECT "+tt.authority+" HTTP/1.1\r\nHost: x\r\n\r\nGET /bucket/key HTTP/1.1\r\nHost: x\r\nAuthorization: sealed\r\n\r\n", false)
		if tt.reason == "" {
			if !strings.HasPrefix(got, "HTTP/1.1 "+tt.status) {
				t.Errorf("%s: got %q, want %s", tt.authority, got, tt.status)
			}
			continue
		}
		rec := w.record()
		if !strings.HasPrefix(got, "HTTP/1.1 "+tt.status) || !strings.Contains(got, tt.text) || !strings.Contains(got, "(remit "+rec.ID+")") {
			t.Errorf("%s: got %q, want %s and %q", tt.authority, got, tt.status, tt.text)
		}
		if strings.Contains(fmt.Sprint(got, rec), "password") {
			t.Errorf("%s: answered %q and recorded %+v, with the password", tt.authority, got, rec)
			continue
		}
		if string(rec.Decision.Reason) != tt.reason || rec.Call != nil || !strings.HasPrefix(tt.authority, "user") && rec.Host != tt.authority || rec.Decision.Allowed {
			t.Errorf("%s: recorded %+v, want %s", tt.authority, rec, tt.reason)
		}
	}
	w.noRecord()
}

func TestTheHostOfACallInsideATunnelIsTheTunnels(t *testing.T) {
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) {}, func(w *world) {
		// The authority of package ca does not even finish a handshake for
		// another name. This one does.
		strict := w.server.TLS
		w.server.TLS = func(host string) (*tls.Config, error) {
			config, err := strict(host)
			if err != nil {
				return nil, err
			}
			return &tls.Config{GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
				if hello.ServerName == host {
					return config, nil
				}
				return &tls.Config{Certificates: w.upstream.TLS.Certificates}, nil
			}}, nil
		}
	})
	for _, tt := range []struct {
		name, sni, target, host string
		status                  string
	}{
		{"all agree", claimed, "/bucket/key", claimed, "200"},
		{"with the port", claimed, "/bucket/key", claimed + ":443", "200"},
		{"in upper case", claimed, "/bucket/key", strings.ToUpper(claimed), "200"},
		{"absolute", claimed, "https://" + claimed + "/bucket/key", claimed, "200"},
		{"another Host", claimed, "/bucket/key", "evil.amazonaws.com", "421"},
		{"another port", claimed, "/bucket/key", claimed + ":444", "421"},
		{"a dot", claimed, "/bucket/key", claimed + ".", "421"},
		{"another SNI", "evil.amazonaws.com", "/bucket/key", claimed, "421"},
		{"another SNI and Host", "evil.amazonaws.com", "/bucket/key", "evil.amazonaws.com", "421"},
		{"another target", claimed, "https://evil.amazonaws.com/bucket/key", "evil.amazonaws.com", "421"},
		{"a target elsewhere", claimed, "https://example.com/bucket/key", "example.com", "421"},
		{"plain http", claimed, "http://" + claimed + "/bucket/key", claimed, "421"},
		{"target and Host differ", claimed, "https://" + claimed + "/bucket/key", "evil.amazonaws.com", "400"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			conn := w.dialInside(tt.sni)
			fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nAuthorization: sealed\r\nConnection: close\r\n\r\n", tt.target, tt.host)
			got, _ := io.ReadAll(conn)
			if !strings.HasPrefix(string(got), "HTTP/1.1 "+tt.status) {
				t.Errorf("got %q, want %s", got, tt.status)
			}
			rec := w.record()
			if tt.status == "421" && rec.Decision.Reason != proxy.Misdirected {
				t.Errorf("recorded %+v", rec)
			}
		})
	}
}

// frames sends one HTTP/2 request with exactly these fields and returns the
// status of the answer, or the error that reset it.
func (w *world) frames(conn net.Conn, fields ...hpack.HeaderField) string {
	w.t.Helper()
	conn.SetDeadline(time.Now().Add(5 * time.Second))
	io.WriteString(conn, http2.ClientPreface)
	fr := http2.NewFramer(conn, conn)
	fr.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	fr.WriteSettings()
	var block strings.Builder
	enc := hpack.NewEncoder(&block)
	for _, f := range fields {
		enc.WriteField(f)
	}
	fr.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte(block.String()), EndHeaders: true, EndStream: true})
	for {
		f, err := fr.ReadFrame()
		if err != nil {
			return err.Error()
		}
		switch f := f.(type) {
		case *http2.SettingsFrame:
			if !f.IsAck() {
				fr.WriteSettingsAck()
			}
		case *http2.MetaHeadersFrame:
			return f.PseudoValue("status")
		case *http2.RSTStreamFrame:
			return f.ErrCode.String()
		case *http2.GoAwayFrame:
			return f.ErrCode.String()
		}
	}
}

func TestHTTP2CannotSayTwoThings(t *testing.T) {
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) {}, nil)
	get := func(authority string, more ...hpack.HeaderField) []hpack.HeaderField {
		return append([]hpack.HeaderField{
			{Name: ":method", Value: "GET"}, {Name: ":scheme", Value: "https"}, {Name: ":path", Value: "/bucket/key"},
			{Name: ":authority", Value: authority}, {Name: "authorization", Value: "sealed"},
		}, more...)
	}
	changed := func(name, value string) []hpack.HeaderField {
		f := get(claimed)
		for i := range f {
			if f[i].Name == name {
				f[i].Value = value
			}
		}
		return f
	}
	for _, tt := range []struct {
		name   string
		fields []hpack.HeaderField
		want   string
		front  string // on the proxy's own port, where :authority means nothing
	}{
		{"in order", get(claimed), "200", "200"},
		{"host as well", get(claimed, hpack.HeaderField{Name: "host", Value: claimed}), "200", "200"},
		{"another authority", get("evil.amazonaws.com"), "421", "200"},
		{"scheme http hides no tunnel", changed(":scheme", "http"), "200", "200"},
		{"scheme http and another authority", append(changed(":scheme", "http")[:3], hpack.HeaderField{Name: ":authority", Value: "evil.amazonaws.com"}, hpack.HeaderField{Name: "authorization", Value: "sealed"}), "421", "200"},
		{"another host", get(claimed, hpack.HeaderField{Name: "host", Value: "evil.amazonaws.com"}), "400", "400"},
		{"two hosts", get(claimed, hpack.HeaderField{Name: "host", Value: claimed}, hpack.HeaderField{Name: "host", Value: claimed}), "400", "400"},
		{"an absolute path", changed(":path", "https://evil.amazonaws.com/bucket/key"), "400", "400"},
		{"path *", changed(":path", "*"), "400", "400"},
		{"a length without a body", get(claimed, hpack.HeaderField{Name: "content-length", Value: "5"}), "400", "400"},
		{"two lengths", get(claimed, hpack.HeaderField{Name: "content-length", Value: "0"}, hpack.HeaderField{Name: "content-length", Value: "0"}), "400", "400"},
		{"transfer-encoding", get(claimed, hpack.HeaderField{Name: "transfer-encoding", Value: "chunked"}), "400", "400"},
		{"connection", get(claimed, hpack.HeaderField{Name: "connection", Value: "authorization"}), "400", "400"},
		{"upgrade", get(claimed, hpack.HeaderField{Name: "upgrade", Value: "websocket"}), "400", "400"},
		{"CONNECT", []hpack.HeaderField{{Name: ":method", Value: "CONNECT"}, {Name: ":authority", Value: claimed + ":443"}}, "405", "405"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := w.frames(w.dialInside(claimed, "h2"), tt.fields...); got != tt.want {
				t.Errorf("inside: got %s, want %s", got, tt.want)
			}
			if got := w.frames(w.dial(), tt.fields...); got != tt.front {
				t.Errorf("on the proxy's port: got %s, want %s", got, tt.front)
			}
		})
	}
}

func TestATunnelToAClaimedHostSpeaksTLSOrNothing(t *testing.T) {
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) { t.Error("it was sent") }, nil)
	for _, raw := range []string{
		"GET /bucket/key HTTP/1.1\r\nHost: " + claimed + "\r\nAuthorization: sealed\r\n\r\n",
		http2.ClientPreface,
		"SSH-2.0-x\r\n",
	} {
		conn := w.dial()
		connect(t, conn, claimed+":443")
		io.WriteString(conn, raw)
		if got, _ := io.ReadAll(conn); strings.Contains(string(got), "HTTP/1.1") {
			t.Errorf("%.10q was answered %q", raw, got)
		}
		if rec := w.record(); rec.Err == nil || rec.Decision.Allowed || rec.Call != nil {
			t.Errorf("recorded %+v", rec)
		}
	}
	t.Run("one that leaves at once is not worth a record", func(t *testing.T) {
		conn := w.dial()
		connect(t, conn, claimed+":443")
		conn.Close()
		w.noRecord()
	})
}

func TestAClientHelloMayComeWithTheCONNECT(t *testing.T) {
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) {}, nil)
	conn := w.dial()
	eager := &eagerConn{Conn: conn, head: "CONNECT " + claimed + ":443 HTTP/1.1\r\nHost: x\r\n\r\n"}
	secure := tls.Client(eager, &tls.Config{RootCAs: w.roots, ServerName: claimed})
	fmt.Fprintf(secure, "GET /bucket/key HTTP/1.1\r\nHost: %s\r\nAuthorization: sealed\r\nConnection: close\r\n\r\n", claimed)
	if got, _ := io.ReadAll(secure); !strings.HasPrefix(string(got), "HTTP/1.1 200 ") {
		t.Errorf("got %q", got)
	}
}

// An eagerConn writes head before its first bytes, in one segment, and skips
// the answer to it.
type eagerConn struct {
	net.Conn
	head    string
	skipped bool
}

func (c *eagerConn) Write(p []byte) (int, error) {
	if c.head == "" {
		return c.Conn.Write(p)
	}
	_, err := c.Conn.Write(append([]byte(c.head), p...))
	c.head = ""
	return len(p), err
}

func (c *eagerConn) Read(p []byte) (int, error) {
	if !c.skipped {
		c.skipped = true
		if _, err := io.ReadFull(c.Conn, make([]byte, len("HTTP/1.1 200 Connection established\r\n\r\n"))); err != nil {
			return 0, err
		}
	}
	return c.Conn.Read(p)
}

func TestAnAbsoluteURLElsewhereIsForwarded(t *testing.T) {
	far := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %s %s %s %q", r.Method, r.Host, r.RequestURI, body, r.Header.Get("Authorization"), r.Header["Proxy-Authorization"])
	}))
	defer far.Close()
	at, _ := url.Parse(far.URL)
	w := newWorld(t, nil, elsewhere(at.Host))
	c := w.ways()[2].client
	for range 2 {
		resp, got := w.do(c, "POST", "http://API.example.com:8080//x/%2F?y", strings.NewReader("body"), "Authorization", "theirs", "Proxy-Authorization", "ours")
		if want := `POST api.example.com:8080 //x/%2F?y body theirs []`; resp.StatusCode != 200 || got != want {
			t.Errorf("got %d %q, want %q", resp.StatusCode, got, want)
		}
	}
	w.noRecord()
	for target, want := range map[string]string{
		"http://127.0.0.1:9001/x":               "403",
		"http://2130706433/x":                   "403",
		"http://localhost/x":                    "403",
		"http://[::1]/x":                        "403",
		"http://[fd00:ec2::254]/latest":         "403",
		"http://169.254.169.254/latest":         "403",
		"http://nowhere.example.com/x":          "502",
		"https://api.example.com/x":             "400",
		"http://user@api.example.com/x":         "400",
		"http://" + claimed + ":8080/bucket/k":  "403",
		"http://" + claimed + "./bucket/key":    "400",
		"http://" + claimed + ":443/bucket/key": "403",
		"ftp://api.example.com/x":               "400",
	} {
		u, _ := url.Parse(target)
		got := w.exchange("GET "+target+" HTTP/1.1\r\nHost: "+u.Host+"\r\nAuthorization: sealed\r\n\r\n", false)
		if !strings.HasPrefix(got, "HTTP/1.1 "+want) {
			t.Errorf("%s: got %q, want %s", target, got, want)
		}
		if rec := w.record(); rec.Decision.Allowed || rec.ID == "" {
			t.Errorf("%s: recorded %+v", target, rec)
		}
	}
}

// A host may be served on a port of its own: it is part of what a call names.
func TestAPortIsReadAtTheHostsThatHaveIt(t *testing.T) {
	const graph = "shop.cluster-a.eu-west-1.neptune.amazonaws.com"
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) {}, func(w *world) {
		w.server.Ports = func(host string, port uint16) bool { return host == graph && port == 8182 }
	})
	for _, tt := range []struct{ authority, host, status string }{
		{graph + ":8182", graph + ":8182", "200"},
		{graph + ":8182", graph, "421"},
		{graph + ":8182", graph + ":443", "421"},
		{graph + ":443", graph + ":8182", "421"},
		{graph + ":443", graph, "200"},
	} {
		conn := w.dialTo(tt.authority, graph)
		fmt.Fprintf(conn, "GET /bucket/key HTTP/1.1\r\nHost: %s\r\nAuthorization: sealed\r\nConnection: close\r\n\r\n", tt.host)
		got, _ := io.ReadAll(conn)
		if !strings.HasPrefix(string(got), "HTTP/1.1 "+tt.status) {
			t.Errorf("to %s for %s: got %q, want %s", tt.authority, tt.host, got, tt.status)
		}
		if rec := w.record(); tt.status == "200" && rec.Host != strings.TrimSuffix(tt.authority, ":443") {
			t.Errorf("to %s: recorded host %q", tt.authority, rec.Host)
		}
	}
	for _, request := range []string{
		"CONNECT " + claimed + ":8182 HTTP/1.1\r\nHost: x\r\n\r\n",
		"CONNECT " + graph + ":8183 HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET http://" + claimed + ":8182/bucket/key HTTP/1.1\r\nHost: " + claimed + ":8182\r\nAuthorization: sealed\r\n\r\n",
	} {
		if got := w.exchange(request, false); !strings.HasPrefix(got, "HTTP/1.1 403") {
			t.Errorf("%q: got %q, want 403", request, got)
		}
		w.record()
	}
}
