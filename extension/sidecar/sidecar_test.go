package sidecar

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy/audit"
)

// An origin is an S3 and an STS that remember what they were asked.
type origin struct {
	*httptest.Server
	mu    sync.Mutex
	asked []string
}

func newOrigin(t *testing.T) *origin {
	u := new(origin)
	u.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key, _, _ := strings.Cut(r.Header.Get("Authorization"), "/")
		key = key[strings.LastIndex(key, "=")+1:]
		u.mu.Lock()
		u.asked = append(u.asked, fmt.Sprintf("%s %s %s by %s", r.Method, r.Host, r.URL.Path, key))
		u.mu.Unlock()
		io.WriteString(w, "the object")
	}))
	t.Cleanup(u.Close)
	return u
}

func (u *origin) last() string {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.asked) == 0 {
		return ""
	}
	return u.asked[len(u.asked)-1]
}

const baseKey = "AKIABASEBASEBASEBASE"

// startSidecar starts one that grants reading granted/ in a bucket, under the
// base credentials.
func startSidecar(t *testing.T, log io.Writer) (*Sidecar, *origin) {
	t.Helper()
	u := newOrigin(t)
	text := "function: test\nlog: all\ncredentials: {unminted: true}\n" +
		"permissions:\n  object_storage: {bucket: media, read_prefix: granted/}\n" +
		"upstreams: {s3: \"" + u.URL + "\"}\n"
	m, err := manifest.Parse("remit.yaml", []byte(text), manifest.Options{Region: "eu-west-1"})
	if err != nil {
		t.Fatal(err)
	}
	s, err := Start(t.Context(), Config{
		Manifest: m,
		Region:   "eu-west-1",
		Account:  "123456789012",
		Base:     credentials.NewStaticCredentialsProvider(baseKey, "base-secret", ""),
		Log:      log,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		s.Close(ctx)
	})
	return s, u
}

// sealed asks for credentials as an SDK does.
func sealed(t testing.TB, s *Sidecar) aws.Credentials {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, s.Handshake().CredentialsURI, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", s.Handshake().Token)
	resp, err := new(http.Transport).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var c struct{ AccessKeyID, SecretAccessKey, Token string }
	if err := json.NewDecoder(resp.Body).Decode(&c); err != nil || c.AccessKeyID == "" {
		t.Fatalf("credentials: %s, %v", resp.Status, err)
	}
	return aws.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.Token}
}

// client returns a client for one of the ways in, and the URL that S3 has for it.
func client(t *testing.T, s *Sidecar, way string) (*http.Client, string) {
	t.Helper()
	tr := new(http.Transport)
	t.Cleanup(tr.CloseIdleConnections)
	if way == "endpoint" {
		return &http.Client{Transport: tr}, "http://" + s.Handshake().Proxy
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(s.Handshake().CA)) {
		t.Fatal("no certificate in the handshake")
	}
	tr.TLSClientConfig = &tls.Config{RootCAs: roots}
	tr.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: s.Handshake().Proxy})
	return &http.Client{Transport: tr}, "https://s3.eu-west-1.amazonaws.com"
}

func get(t *testing.T, c *http.Client, url string, keys aws.Credentials, trace string) (int, string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	empty := sha256.Sum256(nil)
	hash := hex.EncodeToString(empty[:])
	req.Header.Set("X-Amz-Content-Sha256", hash)
	if trace != "" {
		req.Header.Set("X-Amzn-Trace-Id", trace)
	}
	if err := v4.NewSigner().SignHTTP(t.Context(), keys, req, hash, "s3", "eu-west-1", time.Now()); err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func TestACallGoesInByEitherWayAndOutUnderOtherCredentials(t *testing.T) {
	for _, way := range []string{"proxy", "endpoint"} {
		s, u := startSidecar(t, io.Discard)
		keys := sealed(t, s)
		c, base := client(t, s, way)
		if code, body := get(t, c, base+"/media/granted/a", keys, ""); code != 200 || body != "the object" {
			t.Errorf("%s: granted: got %d %s", way, code, body)
		}
		if got, want := u.last(), "by "+baseKey; !strings.HasSuffix(got, want) || strings.Contains(got, keys.AccessKeyID) {
			t.Errorf("%s: upstream was asked %q, want %q", way, got, want)
		}
		before := u.last()
		if code, body := get(t, c, base+"/media/other/a", keys, ""); code != 403 || !strings.Contains(body, "AccessDenied") {
			t.Errorf("%s: not granted: got %d %s", way, code, body)
		}
		foreign := aws.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}
		if code, body := get(t, c, base+"/media/granted/a", foreign, ""); code != 403 {
			t.Errorf("%s: foreign keys: got %d %s", way, code, body)
		}
		if u.last() != before {
			t.Errorf("%s: upstream was asked %q", way, u.last())
		}
	}
}

func TestACallIsLoggedUnderItsInvocation(t *testing.T) {
	var mu sync.Mutex
	var log bytes.Buffer
	s, _ := startSidecar(t, writer(func(b []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return log.Write(b)
	}))
	s.Announce(audit.Boundary{Stands: true}, audit.Boundary{})
	s.Announce(audit.Boundary{}, audit.Boundary{})
	s.Invocation("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1", "the-invocation")
	c, base := client(t, s, "endpoint")
	get(t, c, base+"/media/granted/a", sealed(t, s), "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=0000000000000001;Sampled=1")
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if !strings.Contains(lines[0], `"msg":"started"`) || strings.Count(log.String(), "started") != 1 {
		t.Errorf("first line: got %s", lines[0])
	}
	if len(lines) < 2 || !strings.Contains(lines[1], `"request_id":"the-invocation"`) {
		t.Errorf("got %s", log.String())
	}
	for _, secret := range []string{s.Handshake().Token, "base-secret"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(b []byte) (int, error) { return w(b) }

func TestTheRuntimeAPIIsOutOfReach(t *testing.T) {
	s, _ := startSidecar(t, io.Discard)
	for _, target := range []string{"127.0.0.1:9001", "169.254.169.254:80", "localhost:443", "[::ffff:127.0.0.1]:9001"} {
		conn, err := net.Dial("tcp", s.Handshake().Proxy)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(5 * time.Second))
		fmt.Fprintf(conn, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", target, target)
		answer := make([]byte, 64)
		n, _ := conn.Read(answer)
		if !bytes.HasPrefix(answer[:n], []byte("HTTP/1.1 4")) {
			t.Errorf("CONNECT %s: got %q", target, answer[:n])
		}
	}
}

func TestAnAddressThatIsTakenOrNotLoopbackIsAnError(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, address := range []string{l.Addr().String(), "0.0.0.0:0", "localhost:0", "[::]:0", ":0"} {
		s, err := Start(t.Context(), Config{Address: address, Log: io.Discard})
		if err == nil {
			s.Close(t.Context())
			t.Errorf("%s: got no error", address)
		}
	}
}

func TestTheZeroConfigGrantsNothing(t *testing.T) {
	s, err := Start(t.Context(), Config{Log: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())
	c, base := client(t, s, "endpoint")
	if code, body := get(t, c, base+"/media/granted/a", sealed(t, s), ""); code != 403 {
		t.Errorf("got %d %s", code, body)
	}
}

func TestAServerThatStopsByItselfIsTold(t *testing.T) {
	s := &Sidecar{broken: make(chan error, 2)}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	s.serve(l, new(http.Server).Serve)
	select {
	case err := <-s.Broken():
		if err == nil {
			t.Error("got no error")
		}
	case <-time.After(5 * time.Second):
		t.Fatal("nobody is told")
	}
}

func TestTheAccountIsLearntOnce(t *testing.T) {
	s := new(Sidecar)
	s.manifest.Store(new(manifest.Manifest))
	for _, account := range []string{"", "12345678901", "1234567890123", "12345678901x"} {
		if s.SetAccount(account); s.manifest.Load().Account != "" {
			t.Errorf("%q is taken for an account", account)
		}
	}
	s.SetAccount("123456789012")
	s.SetAccount("210987654321")
	if got := s.manifest.Load().Account; got != "123456789012" {
		t.Errorf("got %q, want the first", got)
	}
}

func TestTheRoleOfTheBaseCredentials(t *testing.T) {
	for arn, want := range map[string]string{
		"arn:aws:sts::123456789012:assumed-role/checkout/function":      "arn:aws:iam::123456789012:role/checkout",
		"arn:aws-cn:sts::123456789012:assumed-role/checkout/a@b":        "arn:aws-cn:iam::123456789012:role/checkout",
		"arn:aws:iam::123456789012:user/somebody":                       "",
		"arn:aws:sts::123456789012:federated-user/somebody":             "",
		"arn:aws:iam::123456789012:root":                                "",
		"arn:aws:sts::123456789012:assumed-role/path/checkout/function": "",
		"": "",
	} {
		got, err := roleOf(arn)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: got %q, %v, want %q", arn, got, err, want)
		}
	}
}

func TestTracesAreForgottenInOrder(t *testing.T) {
	var tr traces
	root := func(i int) string { return fmt.Sprintf("Root=1-00000000-%024d;Sampled=0", i) }
	for i := range remembered + 1 {
		tr.note(root(i), fmt.Sprint(i))
	}
	tr.note(root(5), "again")
	tr.note("Root="+strings.Repeat("x", 1000), "too long")
	tr.note("Sampled=1", "none")
	tr.note("", "none")
	if got := tr.request(root(0), time.Time{}); got != "" {
		t.Errorf("the oldest: got %q, want it forgotten", got)
	}
	if got := tr.request("Parent=1;"+root(1), time.Time{}); got != "1" {
		t.Errorf("got %q, want 1", got)
	}
	if got := tr.request(root(5), time.Time{}); got != "again" {
		t.Errorf("got %q, want the last invocation of the trace", got)
	}
	if len(tr.byTrace) != remembered {
		t.Errorf("%d are remembered, want %d", len(tr.byTrace), remembered)
	}
}
