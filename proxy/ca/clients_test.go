package ca

import (
	"bytes"
	"crypto/tls"
	"encoding/pem"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lambda-remit/remit/extension/e2e"
)

// program finds a program whose TLS is not Go's.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		e2e.Lacks(t, "%s is not installed here; the chain is verified by Go alone", name)
	}
	return path
}

func write(t *testing.T, name string, blocks ...[]byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, bytes.Join(blocks, nil), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func encode(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// OpenSSL is what Python, Ruby and PHP verify with.
func TestOpenSSLVerifiesTheChain(t *testing.T) {
	openssl := program(t, "openssl")
	a := newTest(t, "amazonaws.com")
	root := write(t, "root.pem", a.PEM())
	intermediate := write(t, "intermediate.pem", encode(a.intermediate.Raw))
	verify := func(issued, name string) (string, bool) {
		leaf, err := a.issue(issued, a.now())
		if err != nil {
			t.Fatal(err)
		}
		// Strict, as Python's default is from 3.13 on.
		out, err := exec.Command(openssl, "verify", "-x509_strict", "-purpose", "sslserver", "-no-CApath", "-CAfile", root,
			"-untrusted", intermediate, "-verify_hostname", name, write(t, "leaf.pem", encode(leaf.Certificate[0]))).CombinedOutput()
		return string(out), err == nil
	}
	for _, name := range []string{"amazonaws.com", "s3.eu-west-1.amazonaws.com", strings.Repeat("a", 63) + "." + strings.Repeat("b", 63) + ".s3.amazonaws.com"} {
		if out, ok := verify(name, name); !ok {
			t.Errorf("%s: %s", name, out)
		}
	}
	if out, ok := verify("s3.amazonaws.com", "sqs.amazonaws.com"); ok {
		t.Errorf("another name: %s", out)
	}
	if out, ok := verify("api.example.com", "api.example.com"); ok || !strings.Contains(out, "permitted subtree violation") {
		t.Errorf("a name outside the domains: got %s", out)
	}
}

// Python's ssl module is what boto3 speaks TLS with.
func TestPythonAcceptsTheServer(t *testing.T) {
	python := program(t, "python3")
	if exec.Command(python, "-c", "import ssl").Run() != nil {
		e2e.Lacks(t, "python3 has no ssl module here")
	}
	const client = `
import socket, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[1])
context.verify_flags |= ssl.VERIFY_X509_STRICT
context.set_alpn_protocols(["http/1.1"])
with socket.create_connection(("127.0.0.1", int(sys.argv[2])), timeout=10) as s:
    with context.wrap_socket(s, server_hostname=sys.argv[3]) as tls:
        print(tls.selected_alpn_protocol())
`
	a := newTest(t, "amazonaws.com")
	root := write(t, "root.pem", a.PEM())
	for name, want := range map[string]bool{"s3.eu-west-1.amazonaws.com": true, "sqs.eu-west-1.amazonaws.com": false} {
		config, err := a.TLS("s3.eu-west-1.amazonaws.com")
		if err != nil {
			t.Fatal(err)
		}
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			defer conn.Close()
			tls.Server(conn, config).Handshake() // the client says how it went
		}()
		_, port, _ := net.SplitHostPort(listener.Addr().String())
		out, err := exec.CommandContext(t.Context(), python, "-c", client, root, port, name).CombinedOutput()
		listener.Close()
		<-done
		if got := err == nil && strings.TrimSpace(string(out)) == "http/1.1"; got != want {
			t.Errorf("%s: got %v %s, want accepted = %v", name, err, out, want)
		}
	}
}
