package sidecar

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
	cloud "github.com/lambda-remit/remit/proxy/aws"
)

// Parameters says where AWS's Parameters and Secrets extension is, and where it
// is answered for. It serves secrets and parameters on loopback to who sends the
// execution role's session token, under the execution role: the function no
// longer has that token, and what it asks for is decided first. Boundary 3 stands
// alone here, since nothing is minted for what another extension asks.
// (AWS Secrets Manager User Guide, "Use AWS Secrets Manager secrets in AWS Lambda
// functions"; AWS Systems Manager User Guide, "Using Parameter Store parameters in
// AWS Lambda functions".)
type Parameters struct {
	Address string // where Remit listens in its place
	Behind  string // where the extension itself does
	Layer   string // the directory that the extension's program lies in; empty: nobody looks at who listens
}

// tokenHeader is where callers show that they are of the function.
const tokenHeader = "X-Aws-Parameters-Secrets-Token"

// A parametersCloud is the [proxy.Cloud] of that extension.
type parametersCloud struct {
	reader    *cloud.Cloud
	region    string
	token     string // that the function has in the place of the real one
	behind    *url.URL
	base      aws.CredentialsProvider
	transport *http.Transport
}

func newParameters(p *Parameters, reader *cloud.Cloud, region string, base aws.CredentialsProvider) (*parametersCloud, error) {
	random := make([]byte, 48)
	if _, err := rand.Read(random); err != nil {
		return nil, err
	}
	return &parametersCloud{
		reader: reader, region: region, base: base,
		token:  "remit-sealed-" + base64.RawURLEncoding.EncodeToString(random),
		behind: &url.URL{Scheme: "http", Host: p.Behind},
		transport: &http.Transport{
			Proxy: nil, DisableCompression: true, MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute,
			DialContext: p.dial,
		},
	}, nil
}

// dial connects to the extension. Whoever took its port would get the execution
// role's session token, with which the extension itself, on its port again,
// serves all that the role may read.
func (p *Parameters) dial(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{Timeout: 2 * time.Second}
	if p.Layer == "" {
		return d.DialContext(ctx, network, address)
	}
	behind, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, err
	}
	before, err := owners(behind.Port(), p.Layer)
	if err != nil {
		return nil, err
	}
	conn, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	// The same sockets, so that it was one of them that was connected to.
	if after, err := owners(behind.Port(), p.Layer); err != nil || !slices.Equal(before, after) {
		conn.Close()
		return nil, fmt.Errorf("who listens at %s has changed: %v", address, err)
	}
	return conn, nil
}

// An asking is what the extension's paths have in their queries, and the call
// to AWS that it makes of each.
type asking struct {
	path, service, target string
	queries               []string // all that it knows
}

var askings = []asking{
	{"/secretsmanager/get", "secretsmanager", "secretsmanager.GetSecretValue", []string{"secretId", "versionId", "versionStage", "refreshNow"}},
	{"/systemsmanager/parameters/get", "ssm", "AmazonSSM.GetParameter", []string{"name", "version", "label", "withDecryption", "refreshNow"}},
}

// Read reads a request to the extension as the call to AWS that the extension
// makes of it, by the one reader of such calls.
func (p *parametersCloud) Read(r *http.Request) (*proxy.Call, error) {
	call := &proxy.Call{Upstream: p.behind, Region: p.region}
	i := slices.IndexFunc(askings, func(a asking) bool { return a.path == r.URL.Path })
	if i < 0 || r.URL.RawPath != "" {
		return call, fmt.Errorf("path %q is none of the extension's", r.URL.Path)
	}
	a := askings[i]
	call.Service, call.Operation = a.service, a.target[strings.LastIndexByte(a.target, '.')+1:]
	if r.Method != http.MethodGet || r.ContentLength != 0 {
		return call, fmt.Errorf("the extension is asked by GET without a body, not by %s", r.Method)
	}
	if got := r.Header[tokenHeader]; len(got) != 1 || subtle.ConstantTimeCompare([]byte(got[0]), []byte(p.token)) != 1 {
		return call, &proxy.Refusal{Reason: proxy.BadSignature, Text: tokenHeader + " is not the AWS_SESSION_TOKEN of the function's environment"}
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return call, fmt.Errorf("query: %w", err)
	}
	for name, values := range query {
		// One that the extension were to know, and this does not, could name
		// another secret.
		if !slices.Contains(a.queries, name) || len(values) != 1 {
			return call, fmt.Errorf("query parameter %q is not one of %s, once", name, strings.Join(a.queries, ", "))
		}
	}
	body, err := a.body(query)
	if err != nil {
		return call, err
	}
	read, err := p.reader.Identify(p.request(a, body))
	if err != nil {
		return call, err
	}
	call.Requests = read.Requests
	call.Particulars = query.Encode()
	return call, nil
}

// body is the call's, in JSON.
func (a asking) body(query url.Values) ([]byte, error) {
	if refresh := query.Get("refreshNow"); refresh != "" && refresh != "true" && refresh != "false" {
		return nil, fmt.Errorf("refreshNow %q is neither true nor false", refresh)
	}
	if a.service == "secretsmanager" {
		return json.Marshal(struct {
			SecretId     string
			VersionId    string `json:",omitempty"`
			VersionStage string `json:",omitempty"`
		}{query.Get("secretId"), query.Get("versionId"), query.Get("versionStage")})
	}
	name, version, label, decrypt := query.Get("name"), query.Get("version"), query.Get("label"), query.Get("withDecryption")
	if version != "" && label != "" {
		return nil, errors.New("a parameter has a version or a label, not both")
	}
	if decrypt != "" && decrypt != "true" && decrypt != "false" {
		return nil, fmt.Errorf("withDecryption %q is neither true nor false", decrypt)
	}
	if version += label; version != "" {
		name += ":" + version
	}
	return json.Marshal(struct {
		Name           string
		WithDecryption bool
	}{name, decrypt == "true"})
}

// request is the call as an SDK would send it. It is read, and goes nowhere:
// nobody has signed it.
func (p *parametersCloud) request(a asking, body []byte) *http.Request {
	r := &http.Request{
		Method: http.MethodPost, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		URL: &url.URL{Path: "/"}, RequestURI: "/", Host: "localhost", // as to an endpoint
		Body: io.NopCloser(strings.NewReader(string(body))), ContentLength: int64(len(body)),
	}
	now := time.Now().UTC()
	r.Header = http.Header{
		"Content-Type": {"application/x-amz-json-1.1"},
		"X-Amz-Target": {a.target},
		"X-Amz-Date":   {now.Format("20060102T150405Z")},
		"Authorization": {"AWS4-HMAC-SHA256 Credential=ASIAREMIT00000000000/" + now.Format("20060102") + "/" + p.region + "/" + a.service +
			"/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=" + strings.Repeat("0", 64)},
	}
	return r
}

// Send asks the extension, with the real token. What is sent was written anew
// from what was read.
func (p *parametersCloud) Send(out *http.Request, call *proxy.Call, _ *manifest.Manifest, _ manifest.Decision) (*http.Response, proxy.Sent, error) {
	query, ok := call.Particulars.(string)
	if !ok {
		return nil, proxy.Sent{}, &proxy.Refusal{Reason: proxy.Unread, Text: "nothing is sent that was not read"}
	}
	base, err := p.base.Retrieve(out.Context())
	if err != nil {
		return nil, proxy.Sent{}, &proxy.Refusal{Reason: proxy.Unminted, Retry: true, Text: "the execution role's credentials cannot be had", Err: err}
	}
	r, err := http.NewRequestWithContext(out.Context(), http.MethodGet, p.behind.String()+out.URL.Path+"?"+query, nil)
	if err != nil {
		return nil, proxy.Sent{}, err
	}
	r.Host = out.URL.Host
	r.Header.Set(tokenHeader, base.SessionToken)
	r.Header.Set("User-Agent", out.Header.Get("User-Agent"))
	answer, err := p.transport.RoundTrip(r)
	return answer, proxy.Sent{AccessKeyID: base.AccessKeyID}, err
}

// Deny answers as the extension does where AWS has denied its call: 400, and
// the error in plain words. A wrong token it answers with 401. None of AWS's
// pages says so; both are what its users report.
func (p *parametersCloud) Deny(w http.ResponseWriter, _ *http.Request, call *proxy.Call, d proxy.Denial) {
	status := http.StatusBadRequest
	switch {
	case d.Reason == proxy.BadSignature:
		status = http.StatusUnauthorized
	case d.Retry:
		status = http.StatusServiceUnavailable
	}
	text := fmt.Sprintf("operation error %s: AccessDeniedException: %s\n", call.Operation, p.reader.Sentence(d))
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	io.WriteString(w, text)
}

// serveParameters listens in the extension's place.
func (s *Sidecar) serveParameters(ctx context.Context, c Config) error {
	if c.Parameters == nil {
		return nil
	}
	p, err := newParameters(c.Parameters, s.cloud, c.Region, c.Base)
	if err != nil {
		return err
	}
	if s.handshake.Keys.Token != "" {
		p.token = s.handshake.Keys.Token // there is one such variable
	}
	l, err := listen(ctx, c.Parameters.Address)
	if err != nil {
		return fmt.Errorf("in the place of AWS's Parameters and Secrets extension: %w", err)
	}
	s.parameters = &proxy.Server{
		Manifest: s.manifest.Load,
		Cloud:    s.watch(p),
		Record:   s.log.Record,
		MaxConns: 4, // and some in a queue: of the 1,024 descriptors that a sandbox has
	}
	s.ends = append(s.ends, p.transport.CloseIdleConnections)
	s.handshake.Parameters, s.handshake.SessionToken = l.Addr().String(), p.token
	s.serve(l, s.parameters.Serve)
	return nil
}
