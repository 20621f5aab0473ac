package e2e_test

import (
	"context"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	base "github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/lambda-remit/remit/extension/e2e"
	"github.com/lambda-remit/remit/extension/environ"
	"github.com/lambda-remit/remit/extension/sidecar"
	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
	"github.com/lambda-remit/remit/proxy/audit"
	"github.com/lambda-remit/remit/proxy/aws"
	"github.com/lambda-remit/remit/proxy/ca"
	"github.com/lambda-remit/remit/proxy/credentials"
	"github.com/lambda-remit/remit/proxy/mint"
)

// A misreader is a proxy's worst fault: it takes what a call asks for to be
// something else, which the manifest grants, and sends the call as it is.
type misreader struct {
	proxy.Cloud
	old, new string
}

func (c misreader) Read(r *http.Request) (*proxy.Call, error) {
	call, err := c.Cloud.Read(r)
	for i := range call.Requests {
		call.Requests[i].Resource = strings.Replace(call.Requests[i].Resource, c.old, c.new, 1)
	}
	return call, err
}

// misread runs a proxy like a sidecar's, but for its misreader.
func misread(t *testing.T, m *manifest.Manifest, old, new string) environ.Handshake {
	t.Helper()
	authority, err := ca.New(aws.Domains()...)
	if err != nil {
		t.Fatal(err)
	}
	issuer, err := credentials.New()
	if err != nil {
		t.Fatal(err)
	}
	keys := base.StaticCredentialsProvider{Value: servers.Base}
	log := &audit.Log{W: t.Output(), Manifest: func() *manifest.Manifest { return m }, Function: "e2e"}
	server := &proxy.Server{
		Manifest: func() *manifest.Manifest { return m },
		Cloud: misreader{&aws.Cloud{
			Sealed:    issuer.Sealed,
			Base:      keys,
			Minter:    &mint.Minter{Base: keys, Region: e2e.Region, Endpoint: servers.STS},
			Transport: sidecar.Transport(),
			Region:    e2e.Region,
			Account:   func() string { return e2e.Account },
			Session:   func() string { return "misread" },
		}, old, new},
		Claims: aws.Claims,
		TLS:    authority.TLS,
		Record: log.Record,
	}
	listen := func() net.Listener {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	front, handout := listen(), listen()
	served := make(chan error, 1)
	go func() { served <- server.Serve(front) }()
	issue := &http.Server{Handler: issuer, ReadHeaderTimeout: time.Second}
	go func() { issue.Serve(handout) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		server.Shutdown(ctx)
		issue.Close()
		<-served
	})
	return environ.Handshake{
		Version:        environ.HandshakeVersion,
		Proxy:          front.Addr().String(),
		CredentialsURI: "http://" + handout.Addr().String() + credentials.Path,
		Token:          issuer.Token(),
		CA:             string(authority.PEM()),
		Domains:        aws.Domains(),
	}
}

// TestTheSessionPolicyHoldsWhereTheProxyIsWrong is what boundary 2 is for:
// MinIO denies what the proxy took for something else.
func TestTheSessionPolicyHoldsWhereTheProxyIsWrong(t *testing.T) {
	key := func(key string, more ...any) map[string]any {
		in := map[string]any{"Bucket": "media-eu", "Key": key}
		for i := 0; i < len(more); i += 2 {
			in[more[i].(string)] = more[i+1]
		}
		return in
	}
	denied := func(name, operation string, input map[string]any) call {
		return call{Name: name, Service: "s3", Operation: operation, Input: input, Error: "AccessDenied", By: "server"}
	}
	for _, width := range []string{"call", "grant"} {
		m := manifestOf(t, strings.Replace(remit, "mint: call", "mint: "+width, 1)+servers.Upstreams())
		for _, c := range clients() {
			if c.name != "boto3-proxy" && c.name != "js-endpoint" {
				continue // who asks makes no difference here; two are enough to be sure
			}
			for _, fault := range []struct {
				name, old, new string
				calls          []call
			}{
				{"another prefix", "media-eu/payroll/2026-10.csv", "media-eu/in/ten.txt", []call{
					denied("get", "GetObject", key("payroll/2026-10.csv")),
					denied("get a range", "GetObject", key("payroll/2026-10.csv", "Range", "bytes=0-3")),
					denied("copy from there", "CopyObject", key("out/misread/copy", "CopySource", "media-eu/payroll/2026-10.csv")),
				}},
				{"another bucket", "billing-eu/", "media-eu/", []call{
					denied("get", "GetObject", key("in/ten.txt", "Bucket", "billing-eu")),
					denied("put", "PutObject", key("out/misread/a", "Bucket", "billing-eu", "Body", "mine")),
				}},
				{"another key to write", "media-eu/in/ten.txt", "media-eu/out/misread/a", []call{
					denied("put", "PutObject", key("in/ten.txt", "Body", "mine")),
					denied("delete", "DeleteObject", key("in/ten.txt")),
					denied("begin an upload", "CreateMultipartUpload", key("in/ten.txt")),
				}},
			} {
				t.Run(width+"/"+c.name+"/"+fault.name, func(t *testing.T) {
					h := misread(t, m, fault.old, fault.new)
					// That the same proxy lets through what it reads right.
					calls := append(fault.calls, call{Name: "read right", Service: "s3", Operation: "GetObject",
						Input: key("in/two.txt"), Want: map[string]any{"Body": object}})
					outcomes := c.make(t, h, calls)
					for _, want := range calls {
						t.Run(want.Name, func(t *testing.T) { c.check(t, want, outcomes[want.Name]) })
					}
				})
			}
		}
	}
}
