package awstest

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// verify returns who signed r, and for which region. It signs r again as the
// caller it names would have, and compares.
func (s *STS) verify(r *http.Request, body []byte) (Caller, string, error) {
	h := host.FindStringSubmatch(r.Host)
	if h == nil && !s.AnyHost {
		return Caller{}, "", denied("SignatureDoesNotMatch", "host %q is not STS's", r.Host)
	}
	auth := r.Header.Values("Authorization")
	if len(auth) == 0 {
		return Caller{}, "", denied("MissingAuthenticationToken", "Request is missing Authentication Token")
	}
	rest, ok := strings.CutPrefix(auth[0], "AWS4-HMAC-SHA256 ")
	if len(auth) != 1 || !ok {
		return Caller{}, "", denied("IncompleteSignature", "Authorization %q is not Signature Version 4", auth[0])
	}
	part := make(map[string]string)
	for p := range strings.SplitSeq(rest, ",") {
		k, v, _ := strings.Cut(strings.TrimSpace(p), "=")
		part[k] = v
	}
	scope := strings.Split(part["Credential"], "/")
	signed := strings.Split(part["SignedHeaders"], ";")
	if len(part) != 3 || len(scope) != 5 || part["Signature"] == "" || !slices.IsSorted(signed) {
		return Caller{}, "", denied("IncompleteSignature", "Authorization %q is incomplete", auth[0])
	}
	id, date, region := scope[0], scope[1], scope[2]
	if scope[3] != "sts" || scope[4] != "aws4_request" {
		return Caller{}, "", denied("SignatureDoesNotMatch", "Credential should be scoped to correct service: 'sts'.")
	}
	if want := "us-east-1"; h != nil {
		if h[1] != "" {
			want = h[1]
		}
		if region != want {
			return Caller{}, "", denied("SignatureDoesNotMatch", "Credential should be scoped to a valid region, not '%s'.", region)
		}
	}

	caller, ok := s.caller(id)
	token := r.Header.Get("X-Amz-Security-Token")
	if !ok || subtle.ConstantTimeCompare([]byte(token), []byte(caller.SessionToken)) != 1 {
		return Caller{}, "", denied("InvalidClientTokenId", "The security token included in the request is invalid.")
	}
	if caller.CanExpire && !s.now().Before(caller.Expires) {
		return Caller{}, "", denied("ExpiredToken", "The security token included in the request is expired")
	}
	t, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil || t.Format("20060102") != date {
		return Caller{}, "", denied("SignatureDoesNotMatch", "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '%s' != '%s'.", date, r.Header.Get("X-Amz-Date"))
	}
	if now := s.now(); now.Sub(t).Abs() > 5*time.Minute {
		return Caller{}, "", denied("SignatureDoesNotMatch", "Signature expired: %s is now earlier than %s (%s - 5 min.)", r.Header.Get("X-Amz-Date"), now.Add(-5*time.Minute).UTC().Format("20060102T150405Z"), now.UTC().Format("20060102T150405Z"))
	}
	for _, name := range []string{"host", "x-amz-date"} {
		if !slices.Contains(signed, name) {
			return Caller{}, "", denied("SignatureDoesNotMatch", "'%s' must be a 'SignedHeader' in the AWS Authorization.", name)
		}
	}
	if token != "" && !slices.Contains(signed, "x-amz-security-token") {
		return Caller{}, "", denied("SignatureDoesNotMatch", "'X-Amz-Security-Token' must be a 'SignedHeader' in the AWS Authorization.")
	}

	again := &http.Request{
		Method: r.Method,
		URL:    &url.URL{Scheme: "https", Host: r.Host, Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery},
		Host:   r.Host,
		Header: make(http.Header),
	}
	for _, name := range signed {
		switch name {
		case "host":
		case "content-length":
			again.ContentLength = int64(len(body))
		default:
			again.Header[http.CanonicalHeaderKey(name)] = r.Header.Values(name)
		}
	}
	sum := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(r.Context(), caller.Credentials, again, hex.EncodeToString(sum[:]), "sts", region, t); err != nil {
		return Caller{}, "", fmt.Errorf("signing again: %w", err)
	}
	if subtle.ConstantTimeCompare([]byte(again.Header.Get("Authorization")), []byte(canonical(part))) != 1 {
		// That signer leaves out headers which others sign: Java's first SDK its user agent.
		if _, err := CheckSignature(r, body, func(string) (sdk.Credentials, bool) { return caller.Credentials, true }); err == nil {
			return caller, region, nil
		}
		return Caller{}, "", denied("SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")
	}
	return caller, region, nil
}

// canonical writes an Authorization as AWS's signer does.
func canonical(part map[string]string) string {
	return "AWS4-HMAC-SHA256 Credential=" + part["Credential"] + ", SignedHeaders=" + part["SignedHeaders"] + ", Signature=" + part["Signature"]
}

// caller finds whoever has an access key.
func (s *STS) caller(id string) (Caller, bool) {
	for _, c := range s.Callers {
		if c.AccessKeyID == id {
			return c, true
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.sessions[id]
	return c, ok
}
