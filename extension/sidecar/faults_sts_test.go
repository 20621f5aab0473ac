package sidecar

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lambda-remit/remit/proxy"
	"github.com/lambda-remit/remit/proxy/audit"
	"github.com/lambda-remit/remit/proxy/aws/awstest"
)

// kindsOfCall are one call in each protocol: S3's, the query protocol, JSON.
func kindsOfCall(way string) []order {
	return []order{
		put(way, "a", "body"),
		{way: way, service: "sns", method: "POST", target: "/",
			body:   strings.NewReader("Action=Publish&Version=2010-03-31&Message=m&TopicArn=arn:aws:sns:eu-west-1:123456789012:done"),
			header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}},
		{way: way, service: "secretsmanager", method: "POST", target: "/", body: strings.NewReader(`{"SecretId":"key"}`),
			header: http.Header{"Content-Type": {"application/x-amz-json-1.1"}, "X-Amz-Target": {"secretsmanager.GetSecretValue"}}},
	}
}

// TestWithoutCredentialsNothingIsSent has STS go wrong in every way: no call
// reaches the upstream, and each is denied in its service's protocol, by an
// error that SDKs try again exactly where that may help.
func TestWithoutCredentialsNothingIsSent(t *testing.T) {
	credentials := func(key, secret, token, expires string) string {
		return "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials><AccessKeyId>" + key +
			"</AccessKeyId><SecretAccessKey>" + secret + "</SecretAccessKey><SessionToken>" + token + "</SessionToken><Expiration>" + expires +
			"</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
	}
	later := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	for _, tt := range []struct {
		name   string
		hook   func(http.ResponseWriter, *http.Request) bool
		reason string
		retry  bool
	}{
		{"it refuses", awstest.Fail(403, "AccessDenied", "not authorized to perform: sts:AssumeRole"), "unminted", false},
		{"it throttles", awstest.Throttle(), "throttled", true},
		{"it throttles by status", awstest.Say(429, "text/plain", "slow down"), "throttled", true},
		{"it finds the policy too large", awstest.Fail(400, "PackedPolicyTooLarge", "Packed size exceeds"), "policy-too-large", false},
		{"it finds the policy malformed", awstest.Fail(400, "MalformedPolicyDocument", "Syntax errors in policy."), "unminted", false},
		{"its base credentials have expired", awstest.Fail(403, "ExpiredToken", "expired"), "unminted", false},
		{"it breaks", awstest.Fail(500, "InternalFailure", "sorry"), "unminted", true},
		{"it is away", awstest.Fail(503, "ServiceUnavailable", "sorry"), "unminted", true},
		{"it answers in HTML", awstest.Say(200, "text/html", "<html><body>Log in to the hotel"), "unminted", true},
		{"it answers nothing", awstest.Say(200, "text/xml", ""), "unminted", true},
		{"it answers half", awstest.Say(200, "text/xml", credentials("ASIAX", "s", "t", later)[:200]), "unminted", true},
		{"it answers without a token", awstest.Say(200, "text/xml", credentials("ASIAX", "s", "", later)), "unminted", true},
		{"it answers with a line end in a token", awstest.Say(200, "text/xml", credentials("ASIAX", "s", "t&#13;&#10;X-Evil: y", later)), "unminted", true},
		{"it answers with credentials that have expired", awstest.Say(200, "text/xml", credentials("ASIAX", "s", "t", "2020-01-01T00:00:00Z")), "unminted", false},
		{"it answers with credentials that never expire", awstest.Say(200, "text/xml", credentials("ASIAX", "s", "t", "2099-01-01T00:00:00Z")), "unminted", false},
		{"it answers with the base credentials", awstest.Say(200, "text/xml", credentials(awstest.Base().AccessKeyID, "s", "t", later)), "unminted", false},
		{"it redirects", func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusTemporaryRedirect)
			return true
		}, "unminted", true},
		{"it hangs up", func(http.ResponseWriter, *http.Request) bool { panic(http.ErrAbortHandler) }, "unminted", true},
		{"it never ends", func(w http.ResponseWriter, r *http.Request) bool {
			for r.Context().Err() == nil {
				if _, err := fmt.Fprint(w, strings.Repeat("<a>", 1000)); err != nil {
					break
				}
			}
			return true
		}, "unminted", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFaults(t, (*visit).ok, tt.hook)
			n := 0
			for _, way := range []string{"endpoint", "connect h2"} {
				for _, o := range kindsOfCall(way) {
					r := f.call(o)
					n++
					e := f.entries(n)[n-1]
					if r.err != nil || r.status < 400 || r.code == "" || retryable(r) != tt.retry || r.took > patience {
						t.Errorf("%s %s: got %v, want a denial, to be tried again: %v", way, o.service, r, tt.retry)
					}
					if e.Msg != audit.Denied || string(e.Reason) != tt.reason || e.Status != r.status || e.AccessKeyID != "" {
						t.Errorf("%s %s: log: got %+v, want %s", way, o.service, e, tt.reason)
					}
				}
			}
			if got := f.site.seen(); len(got) != 0 {
				t.Errorf("the upstream was asked %q", got)
			}
		})
	}
}

// TestOneAnswerOfASlowSTSIsForAllWhoWait has 64 clients make the same call
// while STS is slow. Half of them leave before it answers.
func TestOneAnswerOfASlowSTSIsForAllWhoWait(t *testing.T) {
	var asked atomic.Int32
	slow := awstest.Slow(2 * time.Second)
	f := newFaults(t, (*visit).ok, func(w http.ResponseWriter, r *http.Request) bool {
		asked.Add(1)
		return slow(w, r)
	})
	var calls sync.WaitGroup
	for i := range 64 {
		o := order{way: ways[i%len(ways)], method: "GET", target: "/media/in/a"}
		calls.Go(func() {
			if i%2 == 1 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				o.ctx = ctx
			}
			r := f.call(o)
			if i%2 == 1 && !errors.Is(r.err, context.DeadlineExceeded) || i%2 == 0 && r.status != 200 {
				t.Errorf("call %d: got %v", i, r)
			}
		})
		if i == 0 {
			f.until("STS is asked", func() bool { return asked.Load() > 0 })
		}
	}
	calls.Wait()
	if got := asked.Load(); got != 1 {
		t.Errorf("STS was asked %d times, want once", got)
	}
	if got := len(f.site.seen()); got != 32 {
		t.Errorf("the upstream was asked %d times, want only for those who waited", got)
	}
}

// TestWhoAsksFirstMayLeave has the client that STS is asked for leave: others
// get the answer.
func TestWhoAsksFirstMayLeave(t *testing.T) {
	f := newFaults(t, (*visit).ok, awstest.Slow(400*time.Millisecond))
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if r := f.call(order{way: "connect", method: "GET", target: "/media/in/a", ctx: ctx}); r.err == nil {
		t.Errorf("the first: got %v", r)
	}
	if r := f.call(order{way: "endpoint", method: "GET", target: "/media/in/a"}); r.status != 200 {
		t.Errorf("the next: got %v", r)
	}
	if got := len(f.sts.Asked()); got != 1 {
		t.Errorf("STS was asked %d times, want once", got)
	}
}

// TestCredentialsThatAreNoLongerHonouredAreMintedAnewOnce has the upstream
// drop the first credentials before they expire, as S3 says it: in chunks.
func TestCredentialsThatAreNoLongerHonouredAreMintedAnewOnce(t *testing.T) {
	const expired = "HTTP/1.1 400 Bad Request\r\nTransfer-Encoding: chunked\r\n\r\n2d\r\n<Error><Code>ExpiredToken</Code></Error>     \r\n0\r\n\r\n"
	for _, tt := range []struct {
		name    string
		order   order
		dropped int // answers that say so
		status  int
		asked   int // of the upstream
	}{
		{"a call without a body", order{way: "connect", method: "GET", target: "/media/in/a"}, 1, 200, 2},
		{"one whose body was read", kindsOfCall("connect h2")[1], 1, 200, 2},
		{"for ever", order{way: "endpoint", method: "GET", target: "/media/in/a"}, 99, 400, 2},
		{"an upload, whose body is gone", put("endpoint", "a", "body"), 1, 503, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFaults(t, func(v *visit) {
				if v.n > tt.dropped {
					v.ok()
					return
				}
				v.say(expired)
			}, nil)
			r := f.call(tt.order)
			if r.status != tt.status || len(f.site.seen()) != tt.asked || len(f.sts.Asked()) != tt.asked {
				t.Errorf("got %v after %d calls under %d credentials, want %d after %d", r, len(f.site.seen()), len(f.sts.Asked()), tt.status, tt.asked)
			}
			f.entries(1)
			if tt.status == 503 {
				if e := f.entries(1)[0]; !retryable(r) || e.Reason != proxy.Unminted || e.AccessKeyID == "" {
					t.Errorf("got %v, log %+v", r, e)
				}
				if r := f.call(put("endpoint", "a", "body")); r.status != 200 || len(f.sts.Asked()) != 2 {
					t.Errorf("the next attempt: got %v under %d credentials", r, len(f.sts.Asked()))
				}
			}
		})
	}
}
