package sidecar

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy/audit"
	"github.com/lambda-remit/remit/proxy/aws/awstest"
)

// A faultRig is a sidecar between clients, an STS and a site.
type faultRig struct {
	*Sidecar
	t    *testing.T
	site *site
	sts  *awstest.STS
	keys aws.Credentials

	mu     sync.Mutex
	log    bytes.Buffer
	closed bool
	idle   []func()
	base   int // goroutines before the sidecar
}

const faultManifest = `
function: faults
log: all
credentials: {role: "` + awstest.RoleARN + `", mint: call}
permissions:
  object_storage: {bucket: media, read_prefix: in/, write_prefix: out/}
  topic: {publish: done}
  secrets: {read: key}
`

// newFaults starts a rig whose site does what script says. In the end it holds
// that nothing of the sidecar is left: no goroutine and no connection.
func newFaults(t *testing.T, script func(*visit), hook func(http.ResponseWriter, *http.Request) bool) *faultRig {
	t.Helper()
	return startFaults(t, script, hook, nil)
}

// adaptiveFaults starts a rig that mints as by default, but for its bucket's
// grants, which have what stands in storage.
func adaptiveFaults(t *testing.T, storage string, hook func(http.ResponseWriter, *http.Request) bool) *faultRig {
	t.Helper()
	text := strings.Replace(faultManifest, ", mint: call}", "}", 1)
	text = strings.Replace(text, "write_prefix: out/", "write_prefix: out/"+storage, 1)
	return startManifest(t, text, (*visit).ok, hook, nil)
}

func startFaults(t *testing.T, script func(*visit), hook func(http.ResponseWriter, *http.Request) bool, transport http.RoundTripper) *faultRig {
	t.Helper()
	return startManifest(t, faultManifest, script, hook, transport)
}

func startManifest(t *testing.T, text string, script func(*visit), hook func(http.ResponseWriter, *http.Request) bool, transport http.RoundTripper) *faultRig {
	t.Helper()
	f := &faultRig{t: t, site: newSite(t, script)}
	sts, server := awstest.NewSTS(t)
	sts.Hook, f.sts = hook, sts
	m, err := manifest.Parse("remit.yaml", []byte(text), manifest.Options{Region: "eu-west-1"})
	if err != nil {
		t.Fatal(err)
	}
	at := func(u string) *url.URL { return &url.URL{Scheme: "http", Host: u} }
	here := at(f.site.Addr().String())
	m.Upstreams = map[string]*url.URL{"s3": here, "sns": here, "secretsmanager": here, "sts": at(server.Listener.Addr().String())}
	base := awstest.Base()
	f.base = runtime.NumGoroutine()
	f.Sidecar, err = Start(t.Context(), Config{
		Manifest:  m,
		Region:    "eu-west-1",
		Account:   awstest.Account,
		Base:      credentials.NewStaticCredentialsProvider(base.AccessKeyID, base.SecretAccessKey, base.SessionToken),
		Log:       writer(f.write),
		Transport: transport,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.stop)
	f.keys = sealed(t, f.Sidecar)
	return f
}

func (f *faultRig) write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.log.Write(p)
}

// stop closes the sidecar and waits until nothing is left of it.
func (f *faultRig) stop() {
	if f.closed {
		return
	}
	f.closed = true
	for _, end := range f.idle {
		end()
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := f.Close(ctx); err != nil {
		f.t.Errorf("closing: %v", err)
	}
	f.nothingLeft()
}

// nothingLeft holds that there are no more goroutines than before the sidecar,
// the site's and STS's for its connections included.
func (f *faultRig) nothingLeft() {
	f.t.Helper()
	var n int
	for range 1000 {
		if n = runtime.NumGoroutine(); n <= f.base {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	buf := make([]byte, 1<<20)
	f.t.Errorf("%d goroutines are left, want at most %d:\n%s", n, f.base, buf[:runtime.Stack(buf, true)])
}

// until waits for what is to happen soon.
func (f *faultRig) until(what string, happened func() bool) {
	f.t.Helper()
	for began := time.Now(); !happened(); time.Sleep(2 * time.Millisecond) {
		if time.Since(began) > 6*patience {
			f.t.Fatalf("it does not happen that %s", what)
		}
	}
}

// alone waits until every connection to the site is closed on its side.
func (f *faultRig) alone() {
	f.t.Helper()
	f.until("the site has closed its connections", func() bool {
		f.site.mu.Lock()
		defer f.site.mu.Unlock()
		return len(f.site.open) == 0
	})
}

// entries returns the n calls of the log, once they are there.
func (f *faultRig) entries(n int) []audit.Entry {
	f.t.Helper()
	var all []audit.Entry
	for range 3000 {
		all = all[:0]
		f.Sidecar.log.Settle() // here a call is a line, however alike they are
		f.mu.Lock()
		text := bytes.Clone(f.log.Bytes())
		f.mu.Unlock()
		for e, err := range audit.Read(bytes.NewReader(text)) {
			if err != nil {
				f.t.Fatal(err)
			}
			for range e.Calls() {
				all = append(all, e)
			}
		}
		if len(all) >= n {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if len(all) != n {
		f.t.Fatalf("the log has %d calls, want %d:\n%s", len(all), n, f.log.String())
	}
	return all
}

// ways are the ways into a sidecar, and the protocols inside.
var ways = []string{"endpoint", "h2c", "absolute", "connect", "connect h2", "direct", "direct h2"}

// client returns a client for one of the ways, with connections of its own: on
// one that it has used before it would send some calls again by itself.
func (f *faultRig) client(way string) *http.Client {
	f.t.Helper()
	tr := &http.Transport{DisableCompression: true, Protocols: new(http.Protocols), ExpectContinueTimeout: 5 * time.Second}
	f.mu.Lock()
	f.idle = append(f.idle, tr.CloseIdleConnections)
	f.mu.Unlock()
	switch way {
	case "h2c":
		tr.Protocols.SetUnencryptedHTTP2(true)
	case "connect h2", "direct h2":
		tr.Protocols.SetHTTP2(true)
	default:
		tr.Protocols.SetHTTP1(true)
	}
	if way == "endpoint" || way == "h2c" {
		// The host stays AWS's: it is signed, and means nothing here.
		tr.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, f.Handshake().Proxy)
		}
		return &http.Client{Transport: tr}
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(f.Handshake().CA))
	tr.TLSClientConfig = &tls.Config{RootCAs: roots}
	if strings.HasPrefix(way, "direct") {
		tr.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, f.Handshake().TLS)
		}
		return &http.Client{Transport: tr}
	}
	tr.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: f.Handshake().Proxy})
	return &http.Client{Transport: tr}
}

// An order is a call to make.
type order struct {
	way, service, method, target string

	body   io.Reader
	length int64 // of body; -1 if it is not told
	header http.Header
	date   time.Time // zero: now
	ctx    context.Context
	client *http.Client // nil: one of its own
	sink   io.Writer    // takes the answer's body; nil: the reply does
}

// A reply is what a client saw.
type reply struct {
	status int
	code   string // of the error in body
	body   string
	header http.Header
	err    error // of the call, or of reading its body
	took   time.Duration
	n      int64 // bytes of body
}

func put(way, key, body string) order {
	return order{way: way, method: "PUT", target: "/media/out/" + key, body: strings.NewReader(body), length: int64(len(body))}
}

// call signs and makes a call. It runs in any goroutine.
func (f *faultRig) call(o order) reply {
	if o.service == "" {
		o.service = "s3"
	}
	if o.ctx == nil {
		o.ctx = f.t.Context()
	}
	if o.client == nil {
		o.client = f.client(o.way)
	}
	if o.date.IsZero() {
		o.date = time.Now()
	}
	scheme := "http"
	if strings.HasPrefix(o.way, "connect") || strings.HasPrefix(o.way, "direct") {
		scheme = "https"
	}
	req, err := http.NewRequestWithContext(o.ctx, o.method, scheme+"://"+o.service+".eu-west-1.amazonaws.com"+o.target, o.body)
	if err != nil {
		return reply{err: err}
	}
	req.ContentLength = o.length
	for name, values := range o.header {
		req.Header[name] = values
	}
	hash := "UNSIGNED-PAYLOAD"
	if o.service == "s3" {
		req.Header.Set("X-Amz-Content-Sha256", hash)
	} else {
		text, err := io.ReadAll(o.body)
		if err != nil {
			return reply{err: err}
		}
		hash = sum(string(text))
		req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
	}
	signer := v4.NewSigner(func(v *v4.SignerOptions) { v.DisableURIPathEscaping = o.service == "s3" })
	if err := signer.SignHTTP(o.ctx, f.keys, req, hash, o.service, "eu-west-1", o.date); err != nil {
		return reply{err: err}
	}
	begun := time.Now()
	resp, err := o.client.Do(req)
	if err != nil {
		return reply{err: err, took: time.Since(begun)}
	}
	defer resp.Body.Close()
	var b bytes.Buffer
	if o.sink == nil {
		o.sink = &b
	}
	n, err := io.Copy(o.sink, resp.Body)
	r := reply{status: resp.StatusCode, body: b.String(), header: resp.Header, err: err, took: time.Since(begun), n: n}
	r.code = codeOf(b.Bytes(), resp.Header)
	return r
}

// codeOf is the code of an error in S3's XML, the query protocol's, or JSON's.
func codeOf(body []byte, h http.Header) string {
	if code := h.Get("X-Amzn-Errortype"); code != "" {
		return code
	}
	var e struct {
		Code  string
		Error struct{ Code string }
	}
	if xml.Unmarshal(body, &e) != nil {
		return ""
	}
	return e.Code + e.Error.Code
}

// retryable reports whether AWS's own SDK would try again after an answer.
func retryable(r reply) bool {
	err := error(&awshttp.ResponseError{ResponseError: &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: &http.Response{StatusCode: r.status}},
		Err:      &smithy.GenericAPIError{Code: r.code},
	}})
	return retry.IsErrorRetryables(retry.DefaultRetryables).IsErrorRetryable(err) == aws.TrueTernary
}

// broken reports whether err is what a client makes of an answer that was cut
// off, over either protocol.
func broken(err error) bool {
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || err != nil &&
		(strings.Contains(err.Error(), "connection reset") || strings.Contains(err.Error(), "stream error"))
}

// endless is a body of n bytes that takes no memory.
func endless(n int64) io.Reader { return io.LimitReader(zeros{}, n) }

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func (r reply) String() string {
	return fmt.Sprintf("%d %q, %v, after %v", r.status, r.body, r.err, r.took.Round(time.Millisecond))
}
