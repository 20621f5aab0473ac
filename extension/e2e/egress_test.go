package e2e_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lambda-remit/remit/extension/environ"
	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
	cloud "github.com/lambda-remit/remit/proxy/aws"
)

// named is a certificate for a host, and the PEM to trust it by.
func named(t *testing.T, host string) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{host}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// TestEveryRoadOfNodeIsHeldToTheEgress has Node connect to a host that the
// manifest names and to one that it does not. The proxy is the extension's, but
// for where names lead: it reaches no loopback address, and nothing else is here.
func TestEveryRoadOfNodeIsHeldToTheEgress(t *testing.T) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "far") })
	certificate, trusted := named(t, "api.example.com")
	secure := httptest.NewUnstartedServer(handler)
	secure.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	secure.EnableHTTP2 = true
	secure.StartTLS()
	t.Cleanup(secure.Close)
	plain := httptest.NewServer(handler)
	t.Cleanup(plain.Close)

	m := manifestOf(t, `egress: ["api.example.com:443", "api.example.com:80", "api.example.com:8080"]`)
	s := &proxy.Server{
		Manifest: func() *manifest.Manifest { return m },
		Claims:   cloud.Claims,
		Lookup: func(context.Context, string) ([]netip.Addr, error) {
			return []netip.Addr{netip.MustParseAddr("192.0.2.1")}, nil
		},
		Dial: func(ctx context.Context, network string, a netip.AddrPort) (net.Conn, error) {
			at := plain.Listener.Addr().String()
			if a.Port() == 443 {
				at = secure.Listener.Addr().String()
			}
			return new(net.Dialer).DialContext(ctx, network, at)
		},
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		s.Shutdown(ctx)
		if err := <-served; err != nil && !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})

	sealed, _ := start(t, m) // for a handshake, of which the proxy is another
	h := sealed.Handshake()
	if !h.Egress {
		t.Error("the handshake does not say that there is an egress")
	}
	h.Proxy = l.Addr().String()
	made, err := environ.Maker{Handshake: h, Way: environ.Preload, Runtime: environ.Node, Parent: t.TempDir()}.Make([]string{
		"PATH=" + os.Getenv("PATH"), "FAR_CA=" + trusted, "OWN=" + plain.URL, "NODE_NO_WARNINGS=1",
	})
	if err != nil {
		t.Fatal(err)
	}
	authority := filepath.Join(t.TempDir(), "far.pem") // fetch takes no other
	if err := os.WriteFile(authority, []byte(trusted), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", "testdata/egress.cjs")
	cmd.Env = append(made.Environ, "NODE_EXTRA_CA_CERTS="+authority)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s%s", err, out, &stderr)
	}
	var said map[string]string
	if err := json.Unmarshal(out, &said); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if len(said) != 17 {
		t.Errorf("%d roads were tried", len(said))
	}
	for name, got := range said {
		want := "200 far"
		if strings.HasSuffix(name, "elsewhere.example.net") {
			// Inside TLS nobody can answer: it is not begun.
			at, before := "elsewhere.example.net:443", "ECONNREFUSED no connection to elsewhere.example.net:443:"
			switch {
			case strings.Contains(name, "another port"):
				at, before = "elsewhere.example.net:8080", "403"
			case strings.HasPrefix(name, "http "), strings.Contains(name, "without TLS"):
				at, before = "elsewhere.example.net:80", "403"
			}
			want = before + " the manifest's egress does not name " + at + " (remit ID)"
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}
