package sigv4

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// expressRequest is signed by AWS's signer as a call under a session is: the
// token is a header, or a parameter, and none of the credentials'.
func expressRequest(t *testing.T, query bool, service, name, token string) *http.Request {
	t.Helper()
	const host = "media--euw1-az1--x-s3.s3express-euw1-az1.eu-west-1.amazonaws.com"
	target := "/in/a"
	r, err := http.NewRequest("GET", "https://"+host+target, nil)
	if err != nil {
		t.Fatal(err)
	}
	c := aws.Credentials{AccessKeyID: "ASIASESSION", SecretAccessKey: "secret"}
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	if query {
		r.URL.RawQuery = name + "=" + url.QueryEscape(token) + "&X-Amz-Expires=60"
		u, _, err := signer.PresignHTTP(t.Context(), c, r, Unsigned, service, "eu-west-1", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		target = strings.TrimPrefix(u, "https://"+host)
	} else {
		r.Header.Set(name, token)
		r.Header.Set("X-Amz-Content-Sha256", Unsigned)
		if err := signer.SignHTTP(t.Context(), c, r, Unsigned, service, "eu-west-1", time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	r.Host, r.RequestURI, r.URL = host, target, &url.URL{}
	return r
}

func TestASessionsTokenStandsUnderItsOwnName(t *testing.T) {
	c := Credentials{AccessKeyID: "ASIASESSION", SecretAccessKey: "secret", SessionToken: "a/token+="}
	for _, query := range []bool{false, true} {
		r := expressRequest(t, query, "s3express", "X-Amz-S3session-Token", c.SessionToken)
		s, err := Read(r)
		if err != nil {
			t.Fatal(err)
		}
		if !s.Express || s.Token != c.SessionToken || s.Query != query {
			t.Errorf("got %v of %q, express %v", s, s.Token, s.Express)
		}
		if err := s.Verify(r, c, Options{S3: true}); err != nil {
			t.Errorf("query %v: %v", query, err)
		}
		other := c
		other.SessionToken = "another"
		if err := s.Verify(r, other, Options{S3: true}); err == nil {
			t.Errorf("query %v: another session's token is taken", query)
		}
		if r.Header.Get("X-Amz-S3session-Token") != "" {
			r.Header.Set("X-Amz-S3session-Token", "another")
		} else {
			r.RequestURI = strings.Replace(r.RequestURI, "a%2Ftoken%2B%3D", "another", 1)
		}
		if s, err := Read(r); err != nil {
			t.Error(err)
		} else if err := s.Verify(r, other, Options{S3: true}); err == nil {
			t.Errorf("query %v: a token is taken that was not signed", query)
		}
	}
	if s, err := Read(expressRequest(t, false, "s3express", "X-Amz-Security-Token", c.SessionToken)); err != nil || s.Express {
		t.Errorf("a call without a session: %v, %v", s, err)
	}
}

func TestASessionsTokenIsForItsServiceAndStandsAlone(t *testing.T) {
	const session, token = "X-Amz-S3session-Token", "X-Amz-Security-Token"
	with := func(r *http.Request, name, value string) *http.Request { r.Header.Set(name, value); return r }
	asked := func(r *http.Request, query string) *http.Request { r.RequestURI += "&" + query; return r }
	first := func(r *http.Request, query string) *http.Request { r.RequestURI += "?" + query; return r }
	for name, r := range map[string]*http.Request{
		"for S3":                          expressRequest(t, false, "s3", session, "t"),
		"for S3, in the query":            expressRequest(t, true, "s3", session, "t"),
		"with the other token":            with(expressRequest(t, false, "s3express", session, "t"), token, "t"),
		"with the other in the query":     asked(expressRequest(t, true, "s3express", session, "t"), token+"=t"),
		"with the other in a header":      with(expressRequest(t, true, "s3express", session, "t"), token, "t"),
		"in the query and in a header":    with(expressRequest(t, true, "s3express", session, "t"), session, "t"),
		"twice in the query":              asked(expressRequest(t, true, "s3express", session, "t"), session+"=t"),
		"spelled otherwise":               expressRequest(t, true, "s3express", "x-amz-s3session-token", "t"),
		"in the query of a signed header": first(expressRequest(t, false, "s3express", token, "t"), session+"=t"),
		"in the query, and nothing else":  {RequestURI: "/?" + session + "=t", Header: http.Header{}},
		"twice in headers": {RequestURI: "/", Header: func() http.Header {
			h := expressRequest(t, false, "s3express", session, "t").Header
			h.Add(session, "t")
			return h
		}()},
		"empty": with(expressRequest(t, false, "s3express", session, "t"), session, ""),
	} {
		if s, err := Read(r); err == nil {
			t.Errorf("%s: read, with token %q", name, s.Token)
		}
	}
}
