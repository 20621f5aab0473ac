package mint_test

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/lambda-remit/remit/proxy/aws/awstest"
	"github.com/lambda-remit/remit/proxy/mint"
)

type hook = func(http.ResponseWriter, *http.Request) bool

// credentialsXML is an answer to AssumeRole with what it is given.
func credentialsXML(id, secret, token, expiration string) string {
	return `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>` +
		element("AccessKeyId", id) + element("SecretAccessKey", secret) + element("SessionToken", token) + element("Expiration", expiration) +
		`</Credentials></AssumeRoleResult></AssumeRoleResponse>`
}

func element(name, value string) string {
	if value == "" {
		return ""
	}
	var b strings.Builder
	xml.EscapeText(&b, []byte(value))
	return "<" + name + ">" + b.String() + "</" + name + ">"
}

func TestWhatSTSAnswersIsKeptAndTold(t *testing.T) {
	in := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(time.RFC3339) }
	whole := func(id, expiration string) hook {
		return awstest.Say(200, "text/xml", credentialsXML(id, "secret", "token", expiration))
	}
	for _, c := range []struct {
		name  string
		hook  func() hook // made inside the bubble, whose clock is another
		want  error
		text  string        // in the error
		asks  int64         // requests for one call of Credentials
		keeps time.Duration // and how long the error is kept, about
	}{
		{"throttled", func() hook { return awstest.Throttle() }, mint.ErrThrottled, "Throttling: Rate exceeded", 1, 500 * time.Millisecond},
		{"throttled, as others say it", func() hook { return awstest.Fail(400, "ThrottlingException", "slower") }, mint.ErrThrottled, "slower", 1, 500 * time.Millisecond},
		{"request limit", func() hook { return awstest.Fail(400, "RequestLimitExceeded", "slower") }, mint.ErrThrottled, "slower", 1, 500 * time.Millisecond},
		{"slow down", func() hook { return awstest.Fail(503, "SlowDown", "slower") }, mint.ErrThrottled, "SlowDown", 1, 500 * time.Millisecond},
		{"429", func() hook { return awstest.Say(429, "text/plain", "no") }, mint.ErrThrottled, "429", 1, 500 * time.Millisecond},
		{"packed policy too large", func() hook {
			return awstest.Fail(400, "PackedPolicyTooLarge", "Packed policy consumes 105% of allotted space")
		}, mint.ErrTooLarge, "105%", 1, 29 * time.Second},
		{"with Exception", func() hook { return awstest.Fail(400, "PackedPolicyTooLargeException", "105%") }, mint.ErrTooLarge, "105%", 1, 29 * time.Second},
		{"text too long", func() hook {
			return awstest.Fail(400, "ValidationError", "1 validation error detected: Value '{}' at 'policy' failed to satisfy constraint: Member must have length less than or equal to 2048")
		}, mint.ErrTooLarge, "2048", 1, 29 * time.Second},
		{"another validation error", func() hook {
			return awstest.Fail(400, "ValidationError", "Value 'x' at 'roleArn' failed to satisfy constraint")
		}, mint.ErrRefused, "roleArn", 1, 4 * time.Second},
		{"malformed policy", func() hook { return awstest.Fail(400, "MalformedPolicyDocument", "Syntax errors in policy.") }, mint.ErrRefused, "Syntax errors", 1, 4 * time.Second},
		{"denied", func() hook {
			return awstest.Fail(403, "AccessDenied", "User: a is not authorized to perform: sts:AssumeRole")
		}, mint.ErrRefused, "not authorized to perform: sts:AssumeRole", 1, 4 * time.Second},
		{"region off", func() hook {
			return awstest.Fail(403, "RegionDisabledException", "STS is not activated in this region")
		}, mint.ErrRefused, "not activated", 1, 4 * time.Second},
		{"base expired", func() hook {
			return awstest.Fail(403, "ExpiredToken", "The security token included in the request is expired")
		}, mint.ErrRefused, "base credentials have expired", 1, 4 * time.Second},
		{"5xx", func() hook { return awstest.Fail(500, "InternalFailure", "sorry") }, mint.ErrUnreachable, "InternalFailure: sorry", 2, 500 * time.Millisecond},
		{"forged lines", func() hook { return awstest.Fail(403, "AccessDenied", "a\n{\"level\":\"info\"}\u0085\u202e\u2028b") }, mint.ErrRefused, `a {"level":"info"}   b`, 1, 4 * time.Second},

		{"a portal", func() hook { return awstest.Say(200, "text/html", "<html><body>please log in</body></html>") }, mint.ErrUnreachable, "200 OK", 1, 500 * time.Millisecond},
		{"a portal that refuses", func() hook { return awstest.Say(403, "text/html", "<html><body>blocked</body></html>") }, mint.ErrUnreachable, "403 Forbidden", 1, 500 * time.Millisecond},
		{"a redirect", func() hook {
			return func(w http.ResponseWriter, r *http.Request) bool {
				http.Redirect(w, r, "https://example.com/", http.StatusTemporaryRedirect)
				return true
			}
		}, mint.ErrUnreachable, "307", 1, 500 * time.Millisecond},
		{"nothing", func() hook { return awstest.Say(200, "text/xml", "") }, mint.ErrUnreachable, "no credentials", 1, 500 * time.Millisecond},
		{"binary", func() hook { return awstest.Say(200, "text/xml", "\x00\x01\x02") }, mint.ErrUnreachable, "200 OK", 1, 500 * time.Millisecond},
		{"JSON", func() hook { return awstest.Say(200, "application/json", `{"Credentials":{}}`) }, mint.ErrUnreachable, "", 1, 500 * time.Millisecond},
		{"cut short", func() hook {
			return awstest.Say(200, "text/xml", credentialsXML("ASIAMINTED0000000000", "secret", "token", in(time.Hour))[:300])
		}, mint.ErrUnreachable, "200 OK", 1, 500 * time.Millisecond},
		{"without end", func() hook {
			return awstest.Say(200, "text/xml", "<AssumeRoleResponse><AssumeRoleResult>"+strings.Repeat("<a></a>", 1<<20))
		}, mint.ErrUnreachable, "200 OK", 1, 500 * time.Millisecond},
		{"no access key", func() hook { return whole("", in(time.Hour)) }, mint.ErrUnreachable, "access key", 1, 500 * time.Millisecond},
		{"no secret", func() hook {
			return awstest.Say(200, "text/xml", credentialsXML("ASIAMINTED0000000000", "", "token", in(time.Hour)))
		}, mint.ErrUnreachable, "secret key", 1, 500 * time.Millisecond},
		{"no token", func() hook {
			return awstest.Say(200, "text/xml", credentialsXML("ASIAMINTED0000000000", "secret", "", in(time.Hour)))
		}, mint.ErrUnreachable, "session token", 1, 500 * time.Millisecond},
		{"a header in the token", func() hook {
			return awstest.Say(200, "text/xml", credentialsXML("ASIAMINTED0000000000", "secret", "token\nHost: x", in(time.Hour)))
		}, mint.ErrUnreachable, "session token", 1, 500 * time.Millisecond},
		{"no expiry", func() hook { return whole("ASIAMINTED0000000000", "") }, mint.ErrRefused, "is the clock right?", 1, 4 * time.Second},
		{"expired", func() hook { return whole("ASIAMINTED0000000000", in(-time.Hour)) }, mint.ErrRefused, "is the clock right?", 1, 4 * time.Second},
		{"nearly expired", func() hook { return whole("ASIAMINTED0000000000", in(90*time.Second)) }, mint.ErrRefused, "is the clock right?", 1, 4 * time.Second},
		{"for a year", func() hook { return whole("ASIAMINTED0000000000", in(365*24*time.Hour)) }, mint.ErrRefused, "1h0m0s was asked for", 1, 4 * time.Second},
		{"what it was asked with", func() hook { return whole(awstest.Base().AccessKeyID, in(time.Hour)) }, mint.ErrRefused, "base credentials", 1, 4 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m, s := fixture()
				in = func(d time.Duration) string { return time.Now().Add(d).UTC().Format(time.RFC3339) }
				n := answers(s, c.hook())
				got, _, err := m.Credentials(t.Context(), ask())
				if !errors.Is(err, c.want) || got.HasKeys() {
					t.Fatalf("got %v, want %v and no credentials", err, c.want)
				}
				if !strings.Contains(err.Error(), c.text) || strings.ContainsAny(err.Error(), "\n\u0085\u202e\u2028") {
					t.Errorf("got %q, want %q in it, on one line", err, c.text)
				}
				for _, other := range []error{mint.ErrThrottled, mint.ErrTooLarge, mint.ErrRefused, mint.ErrUnreachable} {
					if other != c.want && errors.Is(err, other) {
						t.Errorf("got %v, which is %v too", err, other)
					}
				}
				if n.Load() != c.asks {
					t.Errorf("got %d requests, want %d", n.Load(), c.asks)
				}
				time.Sleep(c.keeps - time.Millisecond)
				if _, _, again := m.Credentials(t.Context(), ask()); n.Load() != c.asks || again.Error() != err.Error() {
					t.Errorf("after %v: got %d requests and %v, want the same error kept", c.keeps, n.Load(), again)
				}
				time.Sleep(2 * time.Second)
				answers(s, nil)
				if _, _, err := m.Credentials(t.Context(), ask()); err != nil {
					t.Errorf("once STS answers: %v", err)
				}
			})
		})
	}
}

func TestASTSThatCannotBeReachedSaysWhatHelps(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close() // nothing listens there now
	m := &mint.Minter{Base: base(), Region: "eu-west-1", Endpoint: "http://" + l.Addr().String()}
	_, _, err = m.Credentials(t.Context(), ask())
	if !errors.Is(err, mint.ErrUnreachable) || !strings.Contains(err.Error(), "the manifest has STS's upstream at") {
		t.Errorf("got %v, want ErrUnreachable and the upstream named", err)
	}
	m = &mint.Minter{Base: base(), Region: "eu-west-1", Client: &http.Client{Transport: &http.Transport{
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("i/o timeout")}
		},
	}}}
	_, _, err = m.Credentials(t.Context(), ask())
	if !errors.Is(err, mint.ErrUnreachable) || !strings.Contains(err.Error(), "com.amazonaws.eu-west-1.sts") {
		t.Errorf("got %v, want ErrUnreachable and the interface endpoint named", err)
	}
}

func TestAConfigurationThatCannotWorkIsRefused(t *testing.T) {
	for _, m := range []*mint.Minter{
		{},
		{Region: "eu-west-1"},
		{Base: base()},
		{Base: base(), Region: "eu-west-1.example.com/"},
		{Base: base(), Region: "EU"},
		{Base: base(), Region: "eu-west-1", Endpoint: "127.0.0.1:9000"},
		{Base: base(), Region: "eu-west-1", Endpoint: "ftp://127.0.0.1"},
		{Base: base(), Region: "eu-west-1", Endpoint: "http://127.0.0.1:9000/sts"},
		{Base: base(), Region: "eu-west-1", Endpoint: "http://user:hidden@127.0.0.1:9000"},
		{Base: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return aws.Credentials{}, nil }), Region: "eu-west-1"},
	} {
		if _, _, err := m.Credentials(t.Context(), ask()); !errors.Is(err, mint.ErrRefused) || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%v at %q: got %v, want ErrRefused", m, m.Endpoint, err)
		}
	}
}

func TestBaseCredentialsThatCannotBeHadAreSaidToBe(t *testing.T) {
	m := &mint.Minter{Region: "eu-west-1", Base: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{}, errors.New("the container's endpoint is gone")
	})}
	_, _, err := m.Credentials(t.Context(), ask())
	if !errors.Is(err, mint.ErrUnreachable) || !strings.Contains(err.Error(), "the container's endpoint is gone") {
		t.Errorf("got %v, want ErrUnreachable with the cause", err)
	}
}

// renewable has a new session token each time it is invalidated.
type renewable struct{ tokens []string }

func (r *renewable) Retrieve(context.Context) (aws.Credentials, error) {
	c := awstest.Base()
	c.SessionToken = r.tokens[0]
	return c, nil
}

func (r *renewable) Invalidate() { r.tokens = r.tokens[1:] }

func TestExpiredBaseCredentialsAreRenewedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := fixture()
		m.Base = &renewable{tokens: []string{"old", awstest.Base().SessionToken}}
		n := answers(s, func(w http.ResponseWriter, r *http.Request) bool {
			if r.Header.Get("X-Amz-Security-Token") == "old" {
				return awstest.Fail(403, "ExpiredToken", "The security token included in the request is expired")(w, r)
			}
			return false
		})
		if _, _, err := m.Credentials(t.Context(), ask()); err != nil || n.Load() != 2 {
			t.Errorf("got %v by %d requests, want credentials by 2", err, n.Load())
		}
	})
}

func ExampleMinter_Credentials() {
	m := &mint.Minter{Region: "eu-west-1"}
	_, _, err := m.Credentials(context.Background(), mint.Ask{Role: awstest.RoleARN, Session: "f1", Policy: policy})
	fmt.Println(err)
	// Output: STS refused the request: there are no base credentials to ask with
}
