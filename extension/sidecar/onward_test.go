package sidecar

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/lambda-remit/remit/manifest"
)

// An ownersProxy is a small forward proxy. It leads every tunnel to one place,
// whatever name it is asked for.
type ownersProxy struct {
	url string

	mu    sync.Mutex // guards asked
	asked []string   // targets, with who asked
}

func newOwnersProxy(t *testing.T, to string) *ownersProxy {
	p := new(ownersProxy)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.asked = append(p.asked, r.Method+" "+r.RequestURI+" "+r.Header.Get("Proxy-Authorization"))
		p.mu.Unlock()
		far, err := net.Dial("tcp", to)
		if err != nil || r.Method != http.MethodConnect {
			http.Error(w, "no", http.StatusBadGateway)
			return
		}
		near, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		io.WriteString(near, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { io.Copy(far, near); far.Close() }()
		io.Copy(near, far)
		near.Close()
	}))
	t.Cleanup(s.Close)
	p.url = s.URL
	return p
}

func (p *ownersProxy) targets() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.asked)
}

func onward(t *testing.T, env map[string]string) *Onward {
	t.Helper()
	o, err := ParseOnward(func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestWhatGoesOnGoesThroughTheOwnersProxy(t *testing.T) {
	aws3 := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Host) }))
	defer aws3.Close()
	p := newOwnersProxy(t, aws3.Listener.Addr().String())
	with := strings.Replace(p.url, "://", "://jo:secret@", 1)
	o := onward(t, map[string]string{"https_proxy": with, "NO_PROXY": ".internal.example"})

	// A call to AWS, as the sidecar sends it.
	roots := x509.NewCertPool()
	roots.AddCert(aws3.Certificate())
	tr := transport(o)
	tr.TLSClientConfig = &tls.Config{RootCAs: roots, ServerName: "example.com"}
	defer tr.CloseIdleConnections()
	answer, err := (&http.Client{Transport: tr}).Get("https://s3.eu-west-1.amazonaws.com/x")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(answer.Body)
	answer.Body.Close()
	if string(body) != "s3.eu-west-1.amazonaws.com" {
		t.Errorf("got %s", body)
	}

	// A tunnel to somebody else's host, whose name resolves nowhere here, and
	// what STS is asked for a call.
	s, err := Start(t.Context(), Config{
		Region: "eu-west-1", Account: "123456789012", Onward: o, Log: io.Discard,
		Base:     credentials.StaticCredentialsProvider{Value: aws.Credentials{AccessKeyID: "ASIAX", SecretAccessKey: "x"}},
		Manifest: &manifest.Manifest{Credentials: manifest.Credentials{Role: "arn:aws:iam::123456789012:role/x"}, Grants: []*manifest.Grant{{ID: "x", Actions: []string{"s3:GetObject"}, Resources: []manifest.Pattern{"*"}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Warm()
	conn, err := net.Dial("tcp", s.Handshake().Proxy)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "CONNECT api.partner.example:8443 HTTP/1.1\r\nHost: api.partner.example:8443\r\n\r\n")
	first, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || first.StatusCode != http.StatusOK {
		t.Fatalf("got %v, %v", first, err)
	}
	secure := tls.Client(conn, &tls.Config{RootCAs: roots, ServerName: "example.com"})
	if err := secure.Handshake(); err != nil {
		t.Errorf("inside the tunnel: %v", err)
	}
	conn.Close()
	// The rest has to be the sandbox's own, or a name.
	for _, target := range []string{"127.0.0.1:80", "localhost:80", "169.254.100.1:9001", "2130706433:80"} {
		conn, err := net.Dial("tcp", s.Handshake().Proxy)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(conn, "CONNECT "+target+" HTTP/1.1\r\nHost: "+target+"\r\n\r\n")
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || answer.StatusCode != http.StatusForbidden {
			t.Errorf("%s: got %v, %v, want 403", target, answer, err)
		}
		conn.Close()
	}
	for range 300 { // the warming is nobody's to wait for
		if slices.ContainsFunc(p.targets(), func(s string) bool { return strings.Contains(s, " sts.") }) {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	s.Close(ctx)
	authorization := " Basic " + base64.StdEncoding.EncodeToString([]byte("jo:secret"))
	asked := p.targets()
	for _, want := range []string{"s3.eu-west-1.amazonaws.com:443", "api.partner.example:8443", "sts.eu-west-1.amazonaws.com:443"} {
		if !slices.Contains(asked, "CONNECT "+want+authorization) {
			t.Errorf("the owner's proxy was not asked for %s, but for %q", want, asked)
		}
	}
	for _, a := range asked {
		if strings.Contains(a, "127.0.0.1:80") || strings.Contains(a, "localhost") || strings.Contains(a, "169.254") {
			t.Errorf("the owner's proxy was asked for %s", a)
		}
	}
}

func TestNO_PROXYIsReadAsTheFunctionWouldHave(t *testing.T) {
	for _, c := range []struct {
		none, host string
		port       uint16
		want       bool
	}{
		{"", "s3.amazonaws.com", 443, true},
		{"", "localhost", 443, false},
		{"", "127.0.0.1", 8080, false},
		{"", "169.254.169.254", 80, false},
		{"*", "s3.amazonaws.com", 443, false},
		{".amazonaws.com", "s3.amazonaws.com", 443, false},
		{"amazonaws.com", "s3.amazonaws.com.", 443, false},
		{"*.amazonaws.com", "S3.amazonaws.com", 443, false},
		{"amazonaws.com", "notamazonaws.com", 443, true},
		{"amazonaws.com:8443", "s3.amazonaws.com", 443, true},
		{"10.0.0.0/8, 192.0.2.7", "10.1.2.3", 443, false},
		{"10.0.0.0/8, 192.0.2.7", "192.0.2.7", 443, false},
		{"10.0.0.0/8, 192.0.2.7", "192.0.2.8", 443, true},
		{"[2001:db8::1]:443", "2001:db8::1", 443, false},
		{",, .", "s3.amazonaws.com", 443, true},
	} {
		o := onward(t, map[string]string{"HTTPS_PROXY": "proxy.example:3128", "no_proxy": c.none})
		if got := o.leads(c.host, c.port); got != c.want {
			t.Errorf("%s:%d with NO_PROXY %q: got %v, want %v", c.host, c.port, c.none, got, c.want)
		}
	}
	if o := onward(t, nil); o != nil || o.leads("x", 1) {
		t.Error("there is a proxy that nobody named")
	}
}

func TestAProxyThatCannotBeUsedIsAnErrorWithoutItsPassword(t *testing.T) {
	for _, value := range []string{"socks5://jo:secret@proxy:1080", "http://jo:secret@", "://jo:secret@x", "http://jo:secret@[::1"} {
		_, err := ParseOnward(func(name string) string { return map[string]string{"HTTPS_PROXY": value}[name] })
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %v", value, err)
		}
	}
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusProxyAuthRequired) }))
	defer refusing.Close()
	o := onward(t, map[string]string{"HTTPS_PROXY": strings.Replace(refusing.URL, "://", "://jo:secret@", 1)})
	_, err := o.dialer(new(net.Dialer).DialContext)(t.Context(), "tcp", "s3.amazonaws.com:443")
	if err == nil || !strings.Contains(err.Error(), "407") || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
	// A proxy that says nothing is not waited for any longer than the caller is.
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	o = onward(t, map[string]string{"HTTPS_PROXY": silent.Addr().String()})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := o.dialer(new(net.Dialer).DialContext)(ctx, "tcp", "s3.amazonaws.com:443"); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("a silent proxy: got %v", err)
	}
}

// FuzzOnward holds the reading of NO_PROXY to what must hold whatever stands in
// it: what is in the sandbox goes through no proxy, and what is exempt by its
// own name does not either.
func FuzzOnward(f *testing.F) {
	f.Add(".internal.example,10.0.0.0/8,*", "db.internal.example")
	f.Add("[::1]:80,a:b:c,,*.x:443", "x")
	f.Add("192.0.2.0/33, 0x7f.1", "192.0.2.1")
	f.Fuzz(func(t *testing.T, none, host string) {
		o, err := ParseOnward(func(name string) string {
			return map[string]string{"HTTPS_PROXY": "http://proxy.example:3128", "NO_PROXY": none}[name]
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, inside := range []string{"localhost", "127.0.0.1", "::1", "169.254.100.1"} {
			if o.leads(inside, 80) {
				t.Fatalf("NO_PROXY %q: %s goes through the proxy", none, inside)
			}
		}
		if strings.Trim(host, "abcdefghijklmnopqrstuvwxyz.") == "" && strings.Trim(host, ".") != "" {
			o.direct = append(o.direct, parseExempt(host))
			if o.leads(strings.Trim(host, "."), 443) {
				t.Fatalf("%q is exempt, and goes through the proxy", host)
			}
		}
	})
}
