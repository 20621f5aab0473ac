package e2e_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lambda-remit/remit/extension/e2e"
	"github.com/lambda-remit/remit/extension/environ"
)

// strangersHost serves TLS with a certificate of its own, and returns that too.
func strangersHost(t *testing.T) (url string, certificate []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	number := time.Now().UnixNano()
	c := &x509.Certificate{
		SerialNumber: big.NewInt(number), Subject: pkix.Name{CommonName: fmt.Sprint("stranger ", number)}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") }))
	s.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// TestPHPComesByTheProxyAndTrustsWhomItTrusted has PHP call S3 by both ways that
// it has, and hosts that the system's roots vouch for, that the owner's own
// settings do, and that nobody does.
func TestPHPComesByTheProxyAndTrustsWhomItTrusted(t *testing.T) {
	php := filepath.Join(checkout, ".cache/php/php")
	if _, err := os.Stat(php); err != nil {
		e2e.Lacks(t, "there is no PHP of Debian's here; make setup says so")
	}
	dir := t.TempDir()
	write := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	system, root := strangersHost(t)
	owners, own := strangersHost(t)
	nobodys, _ := strangersHost(t)
	bundle, ownersBundle := write("system.pem", root), write("owner.pem", append(root[:len(root):len(root)], own...))
	write("conf.d/owner.ini", fmt.Appendf(nil, "; curl.cainfo = \"/nonexistent\"\nmemory_limit = 77M\n[curl]\ncurl.cainfo=%s\n[openssl]\nopenssl.cafile = \"%s\" ; ours\n", ownersBundle, ownersBundle))

	for _, c := range []struct {
		name  string
		owner []string // of the configuration
		want  string   // of the owner's host
	}{
		{"PHP as it comes", nil, "failed"},
		{"an owner's variable", []string{"CURL_CA_BUNDLE=" + ownersBundle}, "200 hello"},
		{"an owner's settings", []string{"PHP_INI_SCAN_DIR=" + filepath.Join(dir, "conf.d")}, "200 hello"},
		{"an owner's settings beside PHP's own", []string{"PHP_INI_SCAN_DIR=:/nonexistent:" + filepath.Join(dir, "conf.d")}, "200 hello"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, _ := start(t, manifestOf(t, remit+servers.Upstreams()))
			made, err := environ.Maker{
				Handshake: s.Handshake(), Way: environ.Proxy, Runtime: environ.PHP, Parent: t.TempDir(), Bundles: []string{bundle},
			}.Make(append([]string{"PATH=" + os.Getenv("PATH"), "AWS_REGION=" + e2e.Region, "AWS_SECRET_ACCESS_KEY=" + servers.Base.SecretAccessKey}, c.owner...))
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), php, "testdata/calls.php", system, owners, nobodys)
			cmd.Env = made.Environ
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			got := make(map[string]string)
			for line := range strings.Lines(string(out)) {
				name, outcome, _ := strings.Cut(strings.TrimSpace(line), ": ")
				got[name] = outcome
			}
			for _, by := range []string{"curl", "stream"} {
				for name, want := range map[string]string{
					"GET media-eu/in/ten.txt": "200 0123456789", "PUT media-eu/out/" + by + ".txt": "200", "GET media-eu/out/" + by + ".txt": "200 from PHP",
					"GET billing-eu/in/ten.txt": "403 denied", "other 0": "200 hello", "other 1": c.want, "other 2": "failed",
				} {
					if answer := got[by+" "+name]; !strings.HasPrefix(answer, want) {
						t.Errorf("%s %s: got %q, want %q", by, name, answer, want)
					}
				}
			}
			cmd = exec.CommandContext(t.Context(), php, "-r", "echo ini_get('memory_limit');")
			cmd.Env = made.Environ
			if limit, err := cmd.Output(); err != nil || strings.Contains(c.name, "settings") != (string(limit) == "77M") {
				t.Errorf("the owner's memory_limit is %q, %v", limit, err)
			}
		})
	}
}
