package matrix_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/lambda-remit/remit/extension/e2e"
	"github.com/lambda-remit/remit/proxy/aws/awstest"
)

// A world is AWS's names, with TLS and HTTP/2, in front of MinIO, moto and the
// strict server. SDKs come to it as they come to AWS: with Remit, since its
// transport dials here whatever the name; and without it, either by CONNECT, or
// because what they dial is changed beneath them.
type world struct {
	address string
	ca      []byte // PEM, of the authority that its certificates are from
	roots   *x509.CertPool

	signer      *ecdsa.PrivateKey
	parent      *x509.Certificate
	minio, moto *httputil.ReverseProxy
	strict      *awstest.Strict
	sts         http.Handler
	closedKey   string // of KMS
	front       *http.Server
	conns       chan net.Conn
	done        chan struct{}

	mu      sync.Mutex // guards what follows
	keys    map[string]aws.Credentials
	leaves  map[string]*tls.Certificate
	refused []string // requests that AWS would not have understood
	closed  []string // and those for what nobody is granted
	hosts   []string // that were asked
}

func newWorld(s *e2e.Servers) (*world, error) {
	w := &world{keys: map[string]aws.Credentials{s.Admin.AccessKeyID: s.Admin}, leaves: make(map[string]*tls.Certificate), conns: make(chan net.Conn), done: make(chan struct{})}
	w.strict = &awstest.Strict{Slow: 2, Keys: w.key, Refused: func(r *http.Request, why error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.refused = append(w.refused, fmt.Sprintf("%s %s%s: %v", r.Method, r.Host, r.RequestURI, why))
	}}
	for to, address := range map[**httputil.ReverseProxy]string{&w.minio: s.MinIO, &w.moto: s.Moto} {
		u, err := url.Parse(address)
		if err != nil {
			return nil, err
		}
		*to = &httputil.ReverseProxy{
			Rewrite: func(p *httputil.ProxyRequest) {
				// The target as it came: MinIO verifies the signature over it.
				path, query, _ := strings.Cut(p.In.RequestURI, "?")
				p.Out.URL = &url.URL{Scheme: "http", Host: u.Host, Opaque: path, RawQuery: query}
				p.Out.Host = p.In.Host
				p.Out.Header.Del("Expect") // it is answered here, and Netty takes no second answer
			},
			Transport:     &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64, ExpectContinueTimeout: time.Second},
			FlushInterval: -1,
			ErrorLog:      log.New(io.Discard, "", 0), // a client that goes away
		}
	}
	// moto answers with what a call said of its own body's hash; AWS does not.
	w.moto.ModifyResponse = func(r *http.Response) error {
		r.Header.Del("X-Amz-Content-Sha256")
		return nil
	}
	if err := w.authority(); err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	w.address = l.Addr().String()
	w.front = &http.Server{Handler: w, ErrorLog: log.New(io.Discard, "", 0)}
	w.front.Protocols = new(http.Protocols)
	w.front.Protocols.SetHTTP1(true)
	w.front.Protocols.SetHTTP2(true)
	w.front.Protocols.SetUnencryptedHTTP2(true)
	go w.accept(l)
	go w.front.Serve(handed{l, w})
	return w, nil
}

// authority makes one, and its certificate.
func (w *world) authority() (err error) {
	if w.signer, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return err
	}
	w.parent = &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "the matrix's own authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, w.parent, w.parent, w.signer.Public(), w.signer)
	if err != nil {
		return err
	}
	w.ca = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	w.roots = x509.NewCertPool()
	w.roots.AppendCertsFromPEM(w.ca)
	return nil
}

// leaf returns a certificate for the name that a client says.
func (w *world) leaf(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c := w.leaves[hello.ServerName]; c != nil {
		return c, nil
	}
	if !strings.HasSuffix(hello.ServerName, ".amazonaws.com") {
		return nil, fmt.Errorf("%q is none of AWS's names", hello.ServerName)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), DNSNames: []string{hello.ServerName},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, w.parent, w.signer.Public(), w.signer)
	if err != nil {
		return nil, err
	}
	c := &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: w.signer}
	w.leaves[hello.ServerName] = c
	return c, nil
}

// accept takes connections: those that begin with TLS, and those that ask to be
// connected before they do.
func (w *world) accept(l net.Listener) {
	configuration := &tls.Config{GetCertificate: w.leaf, NextProtos: []string{"h2", "http/1.1"}}
	// Java's Netty client is not ready yet where it comes through a CONNECT that is
	// answered at once (see proxy/unready.go), and AWS is not behind one.
	configuration.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		if slices.Equal(hello.SupportedProtos, []string{"h2"}) {
			time.Sleep(unready)
		}
		return nil, nil
	}
	for {
		c, err := l.Accept()
		if err != nil {
			close(w.done)
			return
		}
		go func() {
			r := bufio.NewReader(c)
			if first, err := r.Peek(1); err != nil || first[0] != 0x16 {
				asked, err := http.ReadRequest(r)
				if err != nil || asked.Method != http.MethodConnect {
					c.Close()
					return
				}
				if _, err := io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n"); err != nil {
					c.Close()
					return
				}
			}
			secure := tls.Server(peeked{c, r}, configuration)
			if err := secure.Handshake(); err != nil {
				c.Close()
				return
			}
			var conn net.Conn = secure
			if secure.ConnectionState().NegotiatedProtocol != "h2" {
				// Java's SDK speaks HTTP/2 to Kinesis without having said so, which
				// net/http looks for where it sees no TLS.
				conn = &slowed{Conn: secure}
			}
			select {
			case w.conns <- conn:
			case <-w.done:
				c.Close()
			}
		}()
	}
}

// A peeked connection has been read from.
type peeked struct {
	net.Conn
	r *bufio.Reader
}

func (p peeked) Read(b []byte) (int, error) { return p.r.Read(b) }

// unready is more than Java's Netty client takes to be ready here.
const unready = time.Second

// A slowed connection gives a client that speaks HTTP/2 time to be ready for the answer.
type slowed struct {
	net.Conn
	read bool
}

func (s *slowed) Read(b []byte) (int, error) {
	n, err := s.Conn.Read(b)
	if !s.read && bytes.HasPrefix(b[:n], []byte("PRI ")) {
		time.Sleep(unready)
	}
	s.read = true
	return n, err
}

// handed is a listener for what accept has taken.
type handed struct {
	net.Listener
	w *world
}

func (h handed) Accept() (net.Conn, error) {
	select {
	case c := <-h.w.conns:
		return c, nil
	case <-h.w.done:
		return nil, net.ErrClosed
	}
}

func (w *world) Close() { w.front.Close() }

// dial is how Remit's transport comes here, whatever name it wants, but for STS,
// whose address it is told.
func (w *world) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if address != issuer.Listener.Addr().String() {
		address = w.address
	}
	return new(net.Dialer).DialContext(ctx, network, address)
}

func (w *world) key(id string) (aws.Credentials, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c, ok := w.keys[id]
	return c, ok
}

// issued remembers what STS has issued.
func (w *world) issued(c aws.Credentials) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.keys[c.AccessKeyID] = c
}

// complaints returns what was refused, and what reached this world though nobody
// is granted it, since it was asked last.
func (w *world) complaints() (refused, closed []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	refused, closed = w.refused, w.closed
	w.refused, w.closed = nil, nil
	return refused, closed
}

// asked returns the hosts that were asked, since it was asked last.
func (w *world) asked() (hosts []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	hosts, w.hosts = w.hosts, nil
	return hosts
}

// bundle is a file with the authority that the world's certificates are from.
func (w *world) bundle(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(name, w.ca, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// reached notes a request for something closed.
func (w *world) reached(r *http.Request, body []byte) {
	if strings.Contains(r.Host+r.RequestURI, "closed") || bytes.Contains(body, []byte("closed")) || bytes.Contains(body, []byte(w.closedKey)) || strings.Contains(r.Header.Get("X-Amz-Copy-Source"), "closed") {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.closed = append(w.closed, r.Method+" "+r.Host+r.RequestURI)
	}
}

func (w *world) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	if !slices.Contains(w.hosts, r.Host) {
		w.hosts = append(w.hosts, r.Host)
	}
	w.mu.Unlock()
	name := "." + r.Host
	switch {
	case w.strict.Serves(r):
		w.reached(r, nil)
		w.strict.ServeHTTP(rw, r)
	case strings.HasPrefix(r.Host, "sts."):
		w.sts.ServeHTTP(rw, r)
	case (strings.Contains(name, ".s3.") || strings.Contains(name, ".s3-")) && !strings.Contains(name+r.URL.Path, "moto-eu"): // MinIO verifies for itself
		w.reached(r, nil)
		if _, slow, ok := strings.Cut(r.URL.Path, "/slow-"); ok && r.Method == http.MethodGet && w.strict.Throttles(rw, "slow-"+slow, true) {
			return
		}
		w.minio.ServeHTTP(rw, r)
	default: // moto verifies nothing
		body, err := w.strict.Check(r)
		if err != nil {
			w.strict.Refused(r, err)
			http.Error(rw, err.Error(), http.StatusForbidden)
			return
		}
		w.reached(r, body)
		var secret struct{ SecretId string }
		if json.Unmarshal(body, &secret) == nil && w.strict.Throttles(rw, secret.SecretId, false) {
			return
		}
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		w.moto.ServeHTTP(rw, r)
	}
}
