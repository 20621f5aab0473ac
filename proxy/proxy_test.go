package proxy_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
	"github.com/lambda-remit/remit/proxy/ca"
)

// A cloud has one service, whose action is the method and whose resource is
// the target's path, and one credential: "sealed" outside, "minted" beyond.
type cloud struct {
	upstream  *url.URL
	transport http.RoundTripper

	read func(*http.Request)                     // if set, called first in Read
	send func(*http.Request) error               // if set, called first in Send
	deny func(proxy.Denial, http.ResponseWriter) // if set, Deny
}

func (c *cloud) Read(r *http.Request) (*proxy.Call, error) {
	if c.read != nil {
		c.read(r)
	}
	path, _, _ := strings.Cut(r.RequestURI, "?")
	call := &proxy.Call{
		Service: "s3", Operation: r.Method,
		Requests: []manifest.Request{{Action: "s3:" + r.Method, Resource: path}},
		Upstream: c.upstream,
		// All else that asks to be one is not.
		WebSocket: r.Header.Get("Upgrade") == "websocket" && strings.HasSuffix(path, "/socket"),
	}
	switch r.Header.Get("Authorization") {
	case "sealed":
		return call, nil
	case "unread":
		return call, errors.New("what is this")
	case "nowhere":
		call.Upstream = nil
		return call, errors.New("what is this")
	case "foreign":
		return call, &proxy.Refusal{Reason: proxy.ForeignCredentials, Text: "not ours"}
	}
	return call, &proxy.Refusal{Reason: proxy.BadSignature, Text: "not signed"}
}

func (c *cloud) Send(out *http.Request, call *proxy.Call, m *manifest.Manifest, d manifest.Decision) (*http.Response, proxy.Sent, error) {
	if c.send != nil {
		if err := c.send(out); err != nil {
			return nil, proxy.Sent{Mint: time.Millisecond}, err
		}
	}
	credential := "minted"
	if !d.Allowed {
		credential = "base"
	}
	out.Header.Set("Authorization", credential)
	if call.WebSocket {
		out.Header.Set("Connection", "Upgrade")
	}
	resp, err := c.transport.RoundTrip(out)
	return resp, proxy.Sent{Width: manifest.WidthCall, AccessKeyID: "ASIAMINTED"}, err
}

func (c *cloud) Deny(w http.ResponseWriter, r *http.Request, call *proxy.Call, denial proxy.Denial) {
	if c.deny != nil {
		c.deny(denial, w)
		return
	}
	status := http.StatusForbidden
	if denial.Retry {
		status = http.StatusServiceUnavailable
	}
	text := fmt.Sprintf("%s %s %s", denial.Reason, denial.ID, denial.Text)
	w.Header().Set("Content-Length", fmt.Sprint(len(text)))
	w.WriteHeader(status)
	io.WriteString(w, text)
}

// claimed is the one host of the cloud.
const claimed = "s3.eu-west-1.amazonaws.com"

// A world is a server, its cloud, and an upstream behind it.
type world struct {
	t        *testing.T
	server   *proxy.Server
	cloud    *cloud
	manifest *manifest.Manifest
	upstream *httptest.Server
	proxy    *url.URL
	roots    *x509.CertPool
	ln       net.Listener
	secure   net.Listener // for TLS without a CONNECT

	mu      sync.Mutex
	records []proxy.Record
	more    chan struct{}
}

// newWorld serves, until the test ends, what handler answers upstream. change,
// if not nil, may change the world before it does.
func newWorld(t *testing.T, handler http.HandlerFunc, change func(*world)) *world {
	t.Helper()
	w := &world{t: t, more: make(chan struct{}, 10_000)}
	w.upstream = httptest.NewUnstartedServer(handler)
	w.upstream.EnableHTTP2 = true
	w.upstream.StartTLS()
	t.Cleanup(w.upstream.Close)
	upstream, err := url.Parse(w.upstream.URL)
	if err != nil {
		t.Fatal(err)
	}
	trusted := x509.NewCertPool()
	trusted.AddCert(w.upstream.Certificate())
	transport := &http.Transport{
		TLSClientConfig:       &tls.Config{RootCAs: trusted},
		DisableCompression:    true,
		ExpectContinueTimeout: 5 * time.Second,
		Protocols:             new(http.Protocols),
	}
	transport.Protocols.SetHTTP1(true)
	t.Cleanup(transport.CloseIdleConnections)
	w.cloud = &cloud{upstream: upstream, transport: transport}
	authority, err := ca.New("amazonaws.com")
	if err != nil {
		t.Fatal(err)
	}
	w.roots = x509.NewCertPool()
	w.roots.AppendCertsFromPEM(authority.PEM())
	w.manifest = &manifest.Manifest{Grants: []*manifest.Grant{{
		ID:        "allow[0]",
		Actions:   []string{"s3:GET", "s3:HEAD", "s3:PUT", "s3:POST", "s3:DELETE", "s3:OPTIONS", "s3:PATCH"},
		Resources: []manifest.Pattern{"/bucket/*"},
	}}}
	w.server = &proxy.Server{
		Manifest: func() *manifest.Manifest { return w.manifest },
		Cloud:    w.cloud,
		Claims: func(host string) bool {
			return host == "amazonaws.com" || strings.HasSuffix(host, ".amazonaws.com")
		},
		TLS: authority.TLS,
		Lookup: func(context.Context, string) ([]netip.Addr, error) {
			return nil, errors.New("this test resolves no names")
		},
		Record: func(r proxy.Record) {
			w.mu.Lock()
			w.records = append(w.records, r)
			w.mu.Unlock()
			w.more <- struct{}{}
		},
	}
	w.ln, err = net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.proxy = &url.URL{Scheme: "http", Host: w.ln.Addr().String()}
	if w.secure, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(w)
	}
	served := make(chan error, 2)
	go func() { served <- w.server.Serve(w.ln) }()
	go func() { served <- w.server.ServeTLS(w.secure) }()
	t.Cleanup(func() {
		w.server.Close()
		for range 2 {
			if err := <-served; err != http.ErrServerClosed {
				t.Errorf("Serve returned %v, want %v", err, http.ErrServerClosed)
			}
		}
	})
	return w
}

// record returns the next record, which may still be on its way.
func (w *world) record() proxy.Record {
	w.t.Helper()
	select {
	case <-w.more:
	case <-time.After(10 * time.Second):
		w.t.Fatal("no record was written")
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.records[0]
	w.records = w.records[1:]
	return r
}

// noRecord fails the test if there is one.
func (w *world) noRecord() {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.records {
		w.t.Errorf("recorded %s: %s %v %v", r.Host, r.ID, r.Decision.Reason, r.Err)
	}
}

// A way in: how a client reaches the proxy, and what it calls it.
type way struct {
	name, url string
	client    *http.Client
	proto     int
	host      string // Record.Host
}

// ways returns all ways into w.
func (w *world) ways() []way {
	via := func(protocol func(*http.Protocols)) *http.Client {
		tr := &http.Transport{
			Proxy:                 http.ProxyURL(w.proxy),
			TLSClientConfig:       &tls.Config{RootCAs: w.roots},
			Protocols:             new(http.Protocols),
			DisableCompression:    true,
			ExpectContinueTimeout: 5 * time.Second,
		}
		protocol(tr.Protocols)
		w.t.Cleanup(tr.CloseIdleConnections)
		return &http.Client{Transport: tr, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	direct := func(protocol func(*http.Protocols)) *http.Client {
		c := via(protocol)
		c.Transport.(*http.Transport).Proxy = nil
		return c
	}
	// As if the claimed host's name led here.
	secure := func(protocol func(*http.Protocols)) *http.Client {
		c := direct(protocol)
		c.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, w.secure.Addr().String())
		}
		return c
	}
	h1 := func(p *http.Protocols) { p.SetHTTP1(true) }
	h2 := func(p *http.Protocols) { p.SetHTTP2(true) }
	h2c := func(p *http.Protocols) { p.SetUnencryptedHTTP2(true) }
	return []way{
		{"connect", "https://" + claimed, via(h1), 1, claimed},
		{"connect h2", "https://" + claimed, via(h2), 2, claimed},
		{"absolute", "http://" + claimed, via(h1), 1, claimed},
		{"endpoint", w.proxy.String(), direct(h1), 1, ""},
		{"endpoint h2c", w.proxy.String(), direct(h2c), 2, ""},
		{"connect h2, not agreed on", "http://" + claimed, w.unagreed(nil), 2, claimed},
		{"direct", "https://" + claimed, secure(h1), 1, claimed},
		{"direct h2", "https://" + claimed, secure(h2), 2, claimed},
	}
}

// do sends a signed request and returns the answer with its body read.
func (w *world) do(c *http.Client, method, url string, body io.Reader, header ...string) (*http.Response, string) {
	w.t.Helper()
	req, err := http.NewRequest(method, url, body)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Authorization", "sealed")
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := c.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp, string(got)
}

func TestEveryWayInServesEveryMethod(t *testing.T) {
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Saw", fmt.Sprintf("%s %s %s %q", r.Header.Get("Authorization"), r.Method, r.RequestURI, body))
		io.WriteString(w, "answer")
	}, nil)
	for _, way := range w.ways() {
		for _, method := range []string{"GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS", "PATCH"} {
			t.Run(way.name+" "+method, func(t *testing.T) {
				var body io.Reader
				sent := ""
				if method[0] == 'P' {
					sent = "body"
					body = strings.NewReader(sent)
				}
				resp, got := w.do(way.client, method, way.url+"/bucket/key?x=1", body, "X-Amzn-Trace-Id", "Root=1-2-3")
				want := "answer"
				if method == "HEAD" {
					want = ""
				}
				if resp.StatusCode != 200 || got != want {
					t.Errorf("got %d %q, want 200 %q", resp.StatusCode, got, want)
				}
				if got, want := resp.Header.Get("X-Saw"), fmt.Sprintf("minted %s /bucket/key?x=1 %q", method, sent); got != want {
					t.Errorf("upstream saw %q, want %q", got, want)
				}
				if resp.ProtoMajor != way.proto {
					t.Errorf("answered in %s, want HTTP/%d", resp.Proto, way.proto)
				}
				rec := w.record()
				if !rec.Decision.Allowed || rec.Status != 200 || rec.Err != nil || rec.ID != "" || rec.Observed {
					t.Errorf("recorded %+v", rec)
				}
				if rec.Host != way.host || rec.Trace != "Root=1-2-3" || rec.Sent.AccessKeyID != "ASIAMINTED" {
					t.Errorf("recorded host %q, trace %q and key %q", rec.Host, rec.Trace, rec.Sent.AccessKeyID)
				}
				if rec.In != int64(len(sent)) || rec.Out != int64(len(want)) {
					t.Errorf("recorded %d bytes in and %d out, want %d and %d", rec.In, rec.Out, len(sent), len(want))
				}
				if rec.Took <= 0 || rec.Took > time.Minute {
					t.Errorf("recorded that it took %v", rec.Took)
				}
			})
		}
	}
}

func TestWhatIsNotGrantedIsDeniedOnEveryWayIn(t *testing.T) {
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) {
		t.Errorf("upstream saw %s %s", r.Method, r.URL)
	}, nil)
	for _, way := range w.ways() {
		for _, tt := range []struct {
			method, path, auth string
			reason             manifest.Reason
		}{
			{"GET", "/other/key", "sealed", manifest.NoResource},
			{"PUT", "/other/key", "sealed", manifest.NoResource},
			{"TRACE", "/bucket/key", "sealed", manifest.NoAction},
			{"GET", "/bucket/key", "", proxy.BadSignature},
			{"GET", "/bucket/key", "foreign", proxy.ForeignCredentials},
			{"GET", "/bucket/key", "unread", proxy.Unread},
			{"GET", "/bucket/key", "nowhere", proxy.Unread},
		} {
			t.Run(way.name+" "+tt.method+" "+tt.path+" "+tt.auth, func(t *testing.T) {
				var body io.Reader
				if tt.method == "PUT" {
					body = strings.NewReader("body")
				}
				resp, got := w.do(way.client, tt.method, way.url+tt.path, body, "Authorization", tt.auth)
				rec := w.record()
				if resp.StatusCode != 403 || !strings.HasPrefix(got, string(tt.reason)+" d-") {
					t.Errorf("got %d %q, want 403 and %s", resp.StatusCode, got, tt.reason)
				}
				if len(rec.ID) != 10 || !strings.Contains(got, rec.ID) {
					t.Errorf("the answer %q does not have the record's id %q", got, rec.ID)
				}
				if rec.Decision.Allowed || rec.Decision.Reason != tt.reason || rec.Status != 403 || rec.Out != int64(len(got)) {
					t.Errorf("recorded %v %q, status %d, %d bytes", rec.Decision.Allowed, rec.Decision.Reason, rec.Status, rec.Out)
				}
			})
		}
	}
}

func TestAServerWithoutFieldsGrantsNothing(t *testing.T) {
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) {
		t.Errorf("upstream saw %s %s", r.Method, r.URL)
	}, func(w *world) {
		w.server.Manifest, w.server.Record, w.server.Claims, w.server.TLS = nil, nil, nil, nil
	})
	c := w.ways()[3]
	if resp, got := w.do(c.client, "GET", c.url+"/bucket/key", nil); resp.StatusCode != 403 {
		t.Errorf("without a manifest: got %d %q, want 403", resp.StatusCode, got)
	}
	if _, err := w.ways()[0].client.Get("https://example.com/"); err == nil {
		t.Error("without Claims a tunnel was opened, though every host should be claimed")
	}
}

// The message that a caller gets names a line of the log also where the log
// counts what repeats.
func TestTheSameDenialHasTheSameID(t *testing.T) {
	w := newWorld(t, func(http.ResponseWriter, *http.Request) {}, nil)
	way := w.ways()[3]
	id := func(method, path string, header ...string) string {
		t.Helper()
		w.do(way.client, method, way.url+path, nil, header...)
		return w.record().ID
	}
	first := id("GET", "/secret/a")
	if again := id("GET", "/secret/a"); again != first {
		t.Errorf("the same call was denied as %s and as %s", first, again)
	}
	seen := map[string]string{first: "the first"}
	for name, got := range map[string]string{
		"another object":  id("GET", "/secret/b"),
		"another action":  id("PUT", "/secret/a"),
		"another reason":  id("GET", "/secret/a", "Authorization", "foreign"),
		"what is unread":  id("GET", "/secret/a", "Authorization", "unread"),
		"what is no call": id("GET", "/secret/a", "Upgrade", "websocket", "Connection", "upgrade"),
	} {
		if other, ok := seen[got]; ok {
			t.Errorf("%s has the id %s, like %s", name, got, other)
		}
		seen[got] = name
	}
}
