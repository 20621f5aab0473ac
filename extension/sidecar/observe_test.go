package sidecar

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/lambda-remit/remit/proxy/aws/awstest"
)

// An everywhere is all hosts there are. It notes whom it was taken for, and
// under whose key.
type everywhere struct {
	mu   sync.Mutex
	sent []string
}

func (e *everywhere) RoundTrip(r *http.Request) (*http.Response, error) {
	text := r.Header.Get("Authorization") + r.URL.RawQuery
	who := "nobody's key"
	switch {
	case strings.Contains(text, awstest.Base().AccessKeyID):
		who = "the base key"
	case strings.Contains(text, "AKIAIOSFODNN7EXAMPLE"):
		who = "the foreign key"
	case strings.Contains(text, "ASIAREMIT"):
		who = "the sealed key"
	case strings.Contains(text, "Credential"):
		who = "a minted key"
	}
	e.mu.Lock()
	e.sent = append(e.sent, r.Host+" under "+who)
	e.mu.Unlock()
	return &http.Response{
		StatusCode: 200, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: make(http.Header), Body: io.NopCloser(strings.NewReader("the answer")),
	}, nil
}

func (e *everywhere) taken() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	sent := strings.Join(e.sent, ", ")
	e.sent = nil
	return sent
}

// Observing lets go what is denied. What nobody may do it refuses all the same;
// and the base credentials sign for AWS's own hosts and nobody else's.
func TestObservingSignsForNobodyButAWS(t *testing.T) {
	const get = "GET /media/other/a HTTP/1.1\nHost: {host}\n"
	for _, test := range []struct{ name, host, shot, want string }{
		{"granted", "s3.eu-west-1.amazonaws.com", "GET /media/granted/a HTTP/1.1\nHost: {host}\n{sign}", "s3.eu-west-1.amazonaws.com under the base key"},
		{"not granted", "s3.eu-west-1.amazonaws.com", get + "{sign}", "s3.eu-west-1.amazonaws.com under the base key"},
		{"not granted, presigned", "s3.eu-west-1.amazonaws.com", get + "{sign query}", "s3.eu-west-1.amazonaws.com under the base key"},
		{"unread", "dynamodb.eu-west-1.amazonaws.com", "POST / HTTP/1.1\nHost: {host}\nContent-Length: 2\n{sign service=dynamodb}\n\n{}", "dynamodb.eu-west-1.amazonaws.com under the base key"},
		{"a foreign key", "s3.eu-west-1.amazonaws.com", get + "{sign key=foreign}", "s3.eu-west-1.amazonaws.com under the foreign key"},
		{"no signature", "s3.eu-west-1.amazonaws.com", get, "s3.eu-west-1.amazonaws.com under nobody's key"},

		{"no signature, and unread", "s3.eu-west-1.amazonaws.com", "POST /media HTTP/1.1\nHost: {host}\nContent-Type: multipart/form-data; boundary=b\nContent-Length: 0", ""},
		{"no signature, and somebody's token", "s3.eu-west-1.amazonaws.com", get + "X-Amz-Security-Token: t", ""},
		{"a wrong signature", "s3.eu-west-1.amazonaws.com", get + "{sign unsigned=x-amz-acl}\nX-Amz-Acl: private", ""},
		{"a stale signature", "s3.eu-west-1.amazonaws.com", get + "{sign age=1h}", ""},
		{"smuggling", "s3.eu-west-1.amazonaws.com", get + "Content-Length: 0\nContent-Length: 0\n{sign}", ""},
		{"two readings", "s3.eu-west-1.amazonaws.com", get + "X_Amz_Acl: private\n{sign}", ""},
		{"a Host that is not the tunnel's", "s3.eu-west-1.amazonaws.com", "GET / HTTP/1.1\nHost: sns.eu-west-1.amazonaws.com\n{sign}", ""},
		{"a load balancer", "lb-1.eu-west-1.elb.amazonaws.com", get + "{sign}", ""},
		{"a load balancer, foreign", "lb-1.eu-west-1.elb.amazonaws.com", get + "{sign key=foreign}", ""},
		{"a load balancer signed as its region's service", "lb-1.eu-west-1.elb.amazonaws.com", get + "{sign service=elb}", ""},
		{"a machine", "ec2-192-0-2-1.eu-west-1.compute.amazonaws.com", get + "{sign}", ""},
		{"a machine in us-east-1", "ec2-192-0-2-1.compute-1.amazonaws.com", get + "{sign region=us-east-1}", ""},
		{"a website", "media.s3-website-eu-west-1.amazonaws.com", get + "{sign}", ""},
		{"an API", "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com", get + "{sign service=execute-api}", ""},
		{"a function", "abcdefghijklmnop.lambda-url.eu-west-1.on.aws", get + "{sign service=lambda}", ""},
		{"an endpoint service", "x.vpce-svc-0123456789abcdef0.eu-west-1.vpce.amazonaws.com", get + "{sign}", ""},
		{"no host of AWS's", "amazonaws.com", get + "{sign}", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			out := new(everywhere)
			s := besiegeOver(t, "mode: observe\n", out)
			s.name = test.name
			for _, way := range []string{"tunnel", "absolute"} {
				came := s.fire(way, parseShot(t, "# host "+test.host+"\n"+test.shot+"\n"))
				if got := out.taken(); got != test.want {
					t.Errorf("%s: sent %q, want %q: %s", way, got, test.want, came)
				}
			}
		})
	}
}
