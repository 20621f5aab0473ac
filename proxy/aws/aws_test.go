package aws

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
	"github.com/lambda-remit/remit/proxy/aws/awstest"
	"github.com/lambda-remit/remit/proxy/mint"
	"github.com/lambda-remit/remit/proxy/sigv4"
)

var sealed = sigv4.Credentials{AccessKeyID: "ASIASEALED", SecretAccessKey: "sealed-secret", SessionToken: "sealed-token"}

// A rig is a Cloud between a client with sealed credentials, STS, and an
// upstream that keeps what it was sent.
type rig struct {
	*Cloud
	manifest *manifest.Manifest
	sts      *awstest.STS
	url      *url.URL // of the upstream

	mu     sync.Mutex
	got    []*http.Request
	bodies []string
	answer func(w http.ResponseWriter, n int)
	minted map[string]sdk.Credentials
}

func newRig(t testing.TB, yaml string) *rig {
	t.Helper()
	rig := &rig{minted: make(map[string]sdk.Credentials)}
	var server *httptest.Server
	rig.sts, server = awstest.NewSTS(t)
	rig.sts.Each = func(a awstest.Asked) {
		rig.mu.Lock()
		defer rig.mu.Unlock()
		rig.minted[a.Issued.AccessKeyID] = a.Issued.Credentials
	}
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		rig.mu.Lock()
		defer rig.mu.Unlock()
		rig.got, rig.bodies = append(rig.got, r), append(rig.bodies, string(body))
		if rig.answer != nil {
			rig.answer(w, len(rig.got))
		}
	}))
	t.Cleanup(upstream.Close)
	rig.url, _ = url.Parse(upstream.URL)
	m, err := manifest.Parse("remit.yaml", []byte(yaml), manifest.Options{Region: "eu-west-1", Account: awstest.Account})
	if err != nil {
		t.Fatal(err)
	}
	m.Upstreams = map[string]*url.URL{"s3": rig.url, "sns": rig.url, "secretsmanager": rig.url, "sts": rig.url}
	rig.manifest = m
	base := awstest.Base()
	provider := credentials.NewStaticCredentialsProvider(base.AccessKeyID, base.SecretAccessKey, base.SessionToken)
	transport := &http.Transport{DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	rig.Cloud = &Cloud{
		Sealed: func(id string) (sigv4.Credentials, bool) { return sealed, id == sealed.AccessKeyID },
		Base:   provider, Transport: transport, Region: "eu-west-1",
		Minter:  &mint.Minter{Base: provider, Region: "eu-west-1", Endpoint: server.URL},
		Account: func() string { return awstest.Account },
		Session: func() string { return "remit-test" },
	}
	return rig
}

const thumbnails = `
function: thumbnails
credentials: {role: "` + awstest.RoleARN + `"}
permissions:
  object_storage: {bucket: media, read_prefix: in/, write_prefix: out/, delete_prefix: out/}
  topic: {publish: done}
  secrets: {read: key}
`

// signed is a request as a client with c sends it to the endpoint, after the
// server has read it.
func signed(t testing.TB, c sigv4.Credentials, service, method, target, body, payload string, header ...string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(method, "http://127.0.0.1:9001"+target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if path, _, _ := strings.Cut(target, "?"); strings.HasPrefix(path, "//") {
		r.URL.Opaque = "//127.0.0.1:9001" + path
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	sum := sha256.Sum256([]byte(body))
	if payload == "" {
		payload = hex.EncodeToString(sum[:])
	}
	if service == "s3" {
		r.Header.Set("X-Amz-Content-Sha256", payload)
	}
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = service == "s3" })
	err = signer.SignHTTP(t.Context(), sdk.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}, r, payload, service, "eu-west-1", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return served(r, target)
}

// served makes of a client's request what the proxy hands to Read.
func served(r *http.Request, target string) *http.Request {
	r.RequestURI, r.URL = target, &url.URL{}
	r.Header.Del("Content-Length")
	return r
}

// do reads, decides and sends as the proxy does.
func (rig *rig) do(r *http.Request) (*http.Response, proxy.Sent, error) {
	call, err := rig.Read(r)
	if err != nil {
		return nil, proxy.Sent{}, err
	}
	d := rig.manifest.Decide(call.Requests...)
	if !d.Allowed {
		return nil, proxy.Sent{}, fmt.Errorf("denied: %s", d.Reason)
	}
	out := r.Clone(r.Context())
	out.URL, out.RequestURI = &url.URL{Scheme: "https", Host: call.Upstream.Host, Path: "/what/the/cloud/did/not/read"}, ""
	out.Host = call.Upstream.Host
	resp, sent, err := rig.Send(out, call, rig.manifest, d)
	if err == nil {
		resp.Body.Close()
	}
	return resp, sent, err
}

// last is the last request that the upstream got, whose signature it checks.
func (rig *rig) last(t *testing.T) *http.Request {
	t.Helper()
	rig.mu.Lock()
	defer rig.mu.Unlock()
	if len(rig.got) == 0 {
		t.Fatal("nothing was sent")
	}
	r := rig.got[len(rig.got)-1]
	s, err := sigv4.Read(r)
	if err != nil {
		t.Fatal(err)
	}
	c, ok := rig.minted[s.AccessKeyID]
	if !ok {
		t.Fatalf("signed by %q, which STS did not issue", s.AccessKeyID)
	}
	sum := sha256.Sum256([]byte(rig.bodies[len(rig.bodies)-1]))
	o := sigv4.Options{S3: s.Scope.Service == "s3", Now: time.Now()}
	if !o.S3 || len(s.Payload) == 64 {
		o.Body = hex.EncodeToString(sum[:])
	}
	if err := s.Verify(r, sigv4.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}, o); err != nil {
		dump, _ := httputil.DumpRequest(r, false)
		t.Errorf("%v\n%s", err, dump)
	}
	return r
}

func TestWhatIsSentIsWhatCameUnderAnotherSignature(t *testing.T) {
	rig := newRig(t, thumbnails)
	for _, tt := range []struct{ service, method, target, body, payload string }{
		{"s3", "GET", "/media/in/a.jpg", "", ""},
		{"s3", "GET", "/media/in//..//%2E%2e/a%2Fb%20%25?response-content-type=a%2Fb&x-id=GetObject", "", ""},
		{"s3", "GET", "/media/in/%F0%9F%90%88'()*!~", "", ""},
		{"s3", "PUT", "/media/out/a.png?x-id=PutObject", "hello", ""},
		{"s3", "PUT", "/media/out/a.png", "hello", sigv4.Unsigned},
		{"s3", "PUT", "/media/out/a.png", "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n", sigv4.StreamingUnsigned},
		{"sns", "POST", "/", "Action=Publish&Version=2010-03-31&Message=m&TopicArn=arn:aws:sns:eu-west-1:123456789012:done", ""},
		{"secretsmanager", "POST", "/", `{"SecretId": "key"}`, ""},
	} {
		header := []string{"X-Amz-Meta-A", "b  c"}
		switch tt.service {
		case "sns":
			header = append(header, "Content-Type", "application/x-www-form-urlencoded")
		case "secretsmanager":
			header = append(header, "Content-Type", "application/x-amz-json-1.1", "X-Amz-Target", "secretsmanager.GetSecretValue")
		}
		if tt.payload == sigv4.StreamingUnsigned {
			header = append(header, "X-Amz-Decoded-Content-Length", "5", "X-Amz-Trailer", "x-amz-checksum-crc32", "Content-Encoding", "aws-chunked")
		}
		_, sent, err := rig.do(signed(t, sealed, tt.service, tt.method, tt.target, tt.body, tt.payload, header...))
		if err != nil {
			t.Errorf("%s %s: %v", tt.method, tt.target, err)
			continue
		}
		r := rig.last(t)
		if r.RequestURI != tt.target || rig.bodies[len(rig.bodies)-1] != tt.body || r.Method != tt.method {
			t.Errorf("sent %s %s %q, want %s %s %q", r.Method, r.RequestURI, rig.bodies[len(rig.bodies)-1], tt.method, tt.target, tt.body)
		}
		if want := tt.service + ".eu-west-1.amazonaws.com"; r.Host != want {
			t.Errorf("sent to host %s, want %s", r.Host, want)
		}
		if r.Header.Get("X-Amz-Security-Token") == sealed.SessionToken || sent.AccessKeyID == "" || sent.Width != manifest.WidthCall {
			t.Errorf("sent under %+v", sent)
		}
	}
}

func TestAPathOfTwoSlashesIsSentAsItCame(t *testing.T) {
	// net/http would take what follows "//" for a host; the absolute form
	// says the same target. (RFC 9112, section 3.2.2.)
	u := target("s3.eu-west-1.amazonaws.com", "//media/x", "a=b")
	if got, want := u.RequestURI(), "https://s3.eu-west-1.amazonaws.com//media/x?a=b"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAPresignedCallIsPresignedAnew(t *testing.T) {
	rig := newRig(t, thumbnails)
	r, _ := http.NewRequest("GET", "http://127.0.0.1:9001/media/in/a%20b.jpg?response-content-type=a%2Fb&X-Amz-Expires=300", nil)
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	u, header, err := signer.PresignHTTP(t.Context(), sdk.Credentials{AccessKeyID: sealed.AccessKeyID, SecretAccessKey: sealed.SecretAccessKey, SessionToken: sealed.SessionToken}, r, sigv4.Unsigned, "s3", "eu-west-1", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	r.Header = header
	_, target, _ := strings.Cut(u, "127.0.0.1:9001")
	if _, _, err := rig.do(served(r, target)); err != nil {
		t.Fatal(err)
	}
	got := rig.last(t)
	if got.Header.Get("Authorization") != "" || !strings.Contains(got.RequestURI, "X-Amz-Expires=300") || !strings.Contains(got.RequestURI, "response-content-type=a%2Fb") || strings.Contains(got.RequestURI, sealed.AccessKeyID) {
		t.Errorf("sent %s with %q", got.RequestURI, got.Header)
	}
}

func TestDroppedCredentialsAreMintedAnewOnce(t *testing.T) {
	for _, tt := range []struct {
		name     string
		stale    int // how many answers say so
		sent     int
		status   int
		body     string
		streamed bool
	}{
		{"once", 1, 2, 200, "<Error><Code>ExpiredToken</Code></Error>", false},
		{"once, in chunks of no length that is told", 1, 2, 200, "<Error>" + strings.Repeat(" ", 5000) + "<Code>ExpiredToken</Code></Error>", false},
		{"for ever", 9, 2, 403, "<Error><Code>InvalidAccessKeyId</Code></Error>", false},
		{"in JSON", 1, 2, 200, `{"__type":"com.amazon.coral.service#UnrecognizedClientException","message":"m"}`, false},
		{"another error", 9, 1, 403, "<Error><Code>AccessDenied</Code></Error>", false},
		{"another error of a key called so", 9, 1, 403, "<Error><Code>AccessDenied</Code><Message>&lt;Code&gt;</Message><Key>ExpiredToken</Key></Error>", false},
		{"another error in JSON", 9, 1, 403, `{"__type":"AccessDeniedException","message":"<x> ExpiredToken"}`, false},
		{"a body that is gone", 9, 1, 0, "<Error><Code>ExpiredToken</Code></Error>", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rig := newRig(t, thumbnails)
			rig.answer = func(w http.ResponseWriter, n int) {
				if n <= tt.stale {
					w.WriteHeader(http.StatusForbidden)
					io.WriteString(w, tt.body)
				}
			}
			r := signed(t, sealed, "s3", "GET", "/media/in/a", "", "")
			if tt.streamed {
				r = signed(t, sealed, "s3", "PUT", "/media/out/a", "x", "")
			}
			resp, sent, err := rig.do(r)
			if refusal, ok := errors.AsType[*proxy.Refusal](err); ok && tt.streamed && refusal.Retry {
				if _, next, err := rig.do(signed(t, sealed, "s3", "PUT", "/media/out/a", "x", "")); len(rig.got) != 2 || next.AccessKeyID == sent.AccessKeyID {
					t.Errorf("the next attempt went out under the same credentials: %+v, %v", next, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != tt.status || len(rig.got) != tt.sent {
				t.Errorf("answered %d after %d were sent, want %d after %d", resp.StatusCode, len(rig.got), tt.status, tt.sent)
			}
		})
	}
}

func TestNothingIsSentWithoutCredentialsForIt(t *testing.T) {
	for _, tt := range []struct {
		name   string
		hook   func(http.ResponseWriter, *http.Request) bool
		reason manifest.Reason
		retry  bool
	}{
		{"throttled", awstest.Throttle(), proxy.Throttled, true},
		{"refused", awstest.Fail(403, "AccessDenied", "no"), proxy.Unminted, false},
		{"too large", awstest.Fail(400, "PackedPolicyTooLarge", "no"), proxy.PolicyTooLarge, false},
		{"garbage", awstest.Say(200, "text/html", "<html>"), proxy.Unminted, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rig := newRig(t, strings.Replace(thumbnails, `"}`, `", mint: call}`, 1))
			rig.sts.Hook = tt.hook
			_, _, err := rig.do(signed(t, sealed, "s3", "GET", "/media/in/a", "", ""))
			var refusal *proxy.Refusal
			if !errors.As(err, &refusal) || refusal.Reason != tt.reason || refusal.Retry != tt.retry {
				t.Errorf("got %+v (%v), want reason %s, retry %v", refusal, err, tt.reason, tt.retry)
			}
			if len(rig.got) != 0 {
				t.Error("it was sent")
			}
		})
	}
}

func TestACallThatDoesNotFitIsWidenedOnlyWhereItMayBe(t *testing.T) {
	var keys strings.Builder
	for i := range 100 {
		fmt.Fprintf(&keys, "<Object><Key>out/%030d</Key></Object>", i)
	}
	body := "<Delete>" + keys.String() + "</Delete>"
	for _, tt := range []struct {
		mint  string
		width manifest.Width
	}{{"", manifest.WidthGrant}, {", mint: grant", manifest.WidthGrant}, {", mint: call", ""}} {
		rig := newRig(t, strings.Replace(thumbnails, `"}`, `"`+tt.mint+`}`, 1))
		_, sent, err := rig.do(signed(t, sealed, "s3", "POST", "/media?delete=", body, "", "Content-Type", "application/xml"))
		var refusal *proxy.Refusal
		switch {
		case tt.width == "" && (!errors.As(err, &refusal) || refusal.Reason != proxy.PolicyTooLarge):
			t.Errorf("%q: got %v, want %s", tt.mint, err, proxy.PolicyTooLarge)
		case tt.width != "" && (err != nil || sent.Width != tt.width):
			t.Errorf("%q: got %+v, %v, want width %s", tt.mint, sent, err, tt.width)
		}
	}
}

func TestUnmintedCallsGoUnderTheBaseCredentials(t *testing.T) {
	rig := newRig(t, strings.Replace(thumbnails, `role: "`+awstest.RoleARN+`"`, "unminted: true", 1))
	rig.minted[awstest.Base().AccessKeyID] = awstest.Base()
	_, sent, err := rig.do(signed(t, sealed, "s3", "GET", "/media/in/a", "", ""))
	if err != nil || sent.AccessKeyID != awstest.Base().AccessKeyID || sent.Width != "" {
		t.Errorf("got %+v, %v", sent, err)
	}
	rig.last(t)
}

func TestWhenAndWhereACallGoesIsKnownToConditions(t *testing.T) {
	const conditions = `
function: thumbnails
credentials: {role: "` + awstest.RoleARN + `"}
allow:
  - actions: [sns:Publish]
    resources: ["arn:aws:sns:*:*:done"]
    when: {StringEquals: {"aws:RequestedRegion": "REGION"}, DateLessThan: {"aws:CurrentTime": "YEAR-01-01T00:00:00Z"}}
`
	for _, tt := range []struct {
		region, year string
		allowed      bool
	}{{"eu-west-1", "2999", true}, {"us-east-1", "2999", false}, {"eu-west-1", "2020", false}} {
		rig := newRig(t, strings.NewReplacer("REGION", tt.region, "YEAR", tt.year).Replace(conditions))
		publish := func() *http.Request {
			return signed(t, sealed, "sns", "POST", "/", "Action=Publish&Version=2010-03-31&Message=m&TopicArn=arn:aws:sns:eu-west-1:123456789012:done", "", "Content-Type", "application/x-www-form-urlencoded")
		}
		_, sent, err := rig.do(publish())
		if (err == nil) != tt.allowed {
			t.Errorf("%s before %s: got %v, want allowed: %v", tt.region, tt.year, err, tt.allowed)
		}
		if tt.allowed {
			if first := sent.AccessKeyID; first != "" {
				_, sent, err = rig.do(publish())
				if err != nil || sent.AccessKeyID != first {
					t.Errorf("a second call was sent under %q (%v), want %q again: the time of a call is no part of its policy", sent.AccessKeyID, err, first)
				}
			}
		}
	}
}

func TestObservedCallsGoUnderTheBaseCredentials(t *testing.T) {
	rig := newRig(t, "mode: observe\n"+thumbnails)
	rig.minted[awstest.Base().AccessKeyID] = awstest.Base()
	rig.sts.Hook = awstest.Fail(403, "AccessDenied", "the role is not there yet")
	_, sent, err := rig.do(signed(t, sealed, "s3", "GET", "/media/in/a", "", ""))
	if err != nil || sent.AccessKeyID != awstest.Base().AccessKeyID || sent.Width != "" {
		t.Errorf("got %+v, %v, want the base credentials", sent, err)
	}
	rig.last(t)
}

func TestCredentialsThatAreNotSealedAreNotAskedFor(t *testing.T) {
	rig := newRig(t, thumbnails+`
allow:
  - actions: ["sts:GetFederationToken"]
    resources: ["*"]
`)
	_, _, err := rig.do(signed(t, sealed, "sts", "POST", "/", "Action=GetFederationToken&Version=2011-06-15&Name=x", "", "Content-Type", "application/x-www-form-urlencoded"))
	var refusal *proxy.Refusal
	if !errors.As(err, &refusal) || refusal.Reason != Unsealed || len(rig.got) != 0 {
		t.Errorf("got %v, sent %d", err, len(rig.got))
	}
}
