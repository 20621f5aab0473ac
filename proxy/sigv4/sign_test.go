package sigv4

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

var signTime = time.Date(2026, 11, 21, 20, 15, 0, 0, time.UTC)

// outgoing is a request as it is about to be sent.
func outgoing(method, host, target string, length int64, header http.Header) *http.Request {
	path, query, _ := strings.Cut(target, "?")
	return &http.Request{
		Method: method, Host: host, Header: header.Clone(), ContentLength: length,
		URL: &url.URL{Scheme: "https", Host: host, Opaque: "//" + host + path, RawQuery: query},
	}
}

// sameAsAWS signs a request with Sign and with AWS's own signer, and wants one
// signature, which Verify has to accept.
func sameAsAWS(t *testing.T, s3 bool, method, target string, length int64, header http.Header, payload, token string) {
	t.Helper()
	const host, region = "service.eu-west-1.amazonaws.com", "eu-west-1"
	service := "dynamodb"
	if s3 {
		service = "s3"
	}
	theirs := outgoing(method, host, target, length, header)
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = s3 })
	creds := aws.Credentials{AccessKeyID: "ASIATESTTESTTESTTEST", SecretAccessKey: "secret/of+some/length", SessionToken: token}
	if err := signer.SignHTTP(context.Background(), creds, theirs, payload, service, region, signTime); err != nil {
		t.Fatal(err)
	}
	ours := outgoing(method, host, target, length, header)
	var keys Keys
	c := Credentials{AccessKeyID: creds.AccessKeyID, SecretAccessKey: creds.SecretAccessKey, SessionToken: token}
	o := Options{S3: s3, Now: signTime, Keys: &keys, Body: payload}
	for range 2 { // the second time under a key that was kept
		if err := Sign(ours, target, c, Scope{Region: region, Service: service}, payload, o); err != nil {
			t.Fatal(err)
		}
		if got, want := fmt.Sprint(ours.Header), fmt.Sprint(theirs.Header); got != want {
			t.Errorf("%s %q %v:\ngot  %s\nwant %s", method, target, header, got, want)
		}
	}
	ours.RequestURI = target
	s, err := Read(ours)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(ours, c, o); err != nil && !s.Chunked() {
		t.Errorf("%s %q %v: Verify: %v", method, target, header, err)
	}
}

func TestSignMakesTheSignatureOfAWSsSigner(t *testing.T) {
	sum := strings.Repeat("0123456789abcdef", 4)
	headers := []http.Header{
		{},
		{"X-Amz-Content-Sha256": {sum}, "User-Agent": {"x/1"}, "Expect": {"100-continue"}, "X-Amzn-Trace-Id": {"Root=1"}},
		{"User-Agent": nil, "Te": {"trailers"}, "Content-Type": {" text/plain;  charset=utf-8 "}, "X-Amz-Meta-Two": {"a", " b  c "}, "X-Amz-Meta-Tw": {"é"}},
		{"Authorization": {"AWS4-HMAC-SHA256 the caller's"}, "X-Amz-Date": {"20200101T000000Z"}, "Content-Encoding": {"aws-chunked"}, "X-Amz-Content-Sha256": {sum}},
	}
	targets := []string{"/", "/bucket/key", "/bucket/a%20b%2Fc", "/bucket/sp+ace/~x'()*!", "/b/%E6%97%A5%25", "//b//c", "/b/./c/../d",
		"/b?list-type=2&prefix=in%2F&delimiter=%2F", "/b?uploads", "/b?uploads=", "/b?b=2&a=1&a=0&A=x", "/b/k?versionId=a%20b&x=%7E~-_.", "/b?x=a=b", "/b?%61=1"}
	for _, s3 := range []bool{true, false} {
		for _, header := range headers {
			for _, target := range targets {
				for _, length := range []int64{0, 17, -1} {
					method := http.MethodPut
					if length == 0 {
						method = http.MethodGet
					}
					sameAsAWS(t, s3, method, target, length, header, sum, "a/session+token==")
				}
			}
		}
		sameAsAWS(t, s3, http.MethodPut, "/b/k", 3, http.Header{"X-Amz-Content-Sha256": {sum}}, sum, "")
	}
}

func TestSignMakesNoSignatureWithoutKeysOrPayload(t *testing.T) {
	r := outgoing("GET", "s3.amazonaws.com", "/b", 0, http.Header{})
	for _, c := range []Credentials{{}, {AccessKeyID: "AKID"}, {SecretAccessKey: "secret"}} {
		if err := Sign(r, "/b", c, Scope{Region: "us-east-1", Service: "s3"}, "UNSIGNED-PAYLOAD", Options{}); err == nil {
			t.Errorf("%v: got no error", c.AccessKeyID)
		}
	}
	c := Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret"}
	if err := Sign(r, "/b", c, Scope{Region: "us-east-1", Service: "s3"}, "", Options{}); err == nil {
		t.Error("without payload: got no error")
	}
	if err := Sign(r, "/b?a=%zz", c, Scope{Region: "us-east-1", Service: "s3"}, "UNSIGNED-PAYLOAD", Options{}); err == nil {
		t.Error("a query that cannot be decoded: got no error")
	}
	if len(r.Header["Authorization"]) > 0 {
		t.Errorf("got a signature: %v", r.Header)
	}
}

// FuzzSign holds that what Sign signs is what AWS's signer would have signed,
// and that Verify accepts it.
func FuzzSign(f *testing.F) {
	f.Add(true, "/bucket/key?a=b", "X-Amz-Meta-A", "value", int64(1))
	f.Add(false, "/a/%2e%2e/b?x=%20&y", "Content-Type", " a  b", int64(0))
	f.Fuzz(func(t *testing.T, s3 bool, target, name, value string, length int64) {
		if strings.ContainsAny(value, "\t\r\n\v\f\u0085\u00a0") || length < 0 || !strings.HasPrefix(target, "/") {
			return
		}
		// What net/http's server takes, and the proxy admits.
		text := fmt.Sprintf("PUT %s HTTP/1.1\r\nHost: x\r\n%s: %s\r\n\r\n", target, name, value)
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text)))
		if err != nil || r.URL.RequestURI() != target || strings.ContainsAny(target, ";+") || len(r.Header) != 1 || r.Header.Get("Authorization") != "" {
			return
		}
		if _, err := url.ParseQuery(r.URL.RawQuery); err != nil {
			return
		}
		for name, values := range r.Header {
			switch {
			case !isName(strings.ToLower(name)), strings.HasPrefix(name, "X-Amz-Content") || name == "X-Amz-Date" || name == "X-Amz-Security-Token" || name == "Date":
				return
			case strings.TrimSpace(values[0]) == "", strings.TrimFunc(values[0], func(r rune) bool { return r <= ' ' || r > '~' }) != values[0]:
				return
			}
		}
		if _, err := Read(&http.Request{RequestURI: target, Header: http.Header{}}); err != ErrUnsigned {
			return
		}
		sameAsAWS(t, s3, "PUT", target, length, r.Header, strings.Repeat("0", 64), "token")
	})
}

func BenchmarkSign(b *testing.B) {
	r := outgoing("PUT", "s3.eu-west-1.amazonaws.com", "/bucket/key", 1024, http.Header{
		"X-Amz-Content-Sha256": {strings.Repeat("0", 64)}, "Content-Type": {"text/plain"}, "User-Agent": {"x"},
		"Amz-Sdk-Invocation-Id": {"0b1f5c1e-8d1c-4a64-93a5-6f7f5b7a2d10"}, "Amz-Sdk-Request": {"attempt=1; max=3"},
	})
	c := Credentials{AccessKeyID: "ASIATESTTESTTESTTEST", SecretAccessKey: "secret", SessionToken: strings.Repeat("t", 900)}
	var keys Keys
	b.ReportAllocs()
	for b.Loop() {
		if err := Sign(r, "/bucket/key", c, Scope{Region: "eu-west-1", Service: "s3"}, strings.Repeat("0", 64), Options{S3: true, Keys: &keys}); err != nil {
			b.Fatal(err)
		}
	}
}
