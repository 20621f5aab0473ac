package aws

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	sdk "github.com/aws/aws-sdk-go-v2/aws"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
	"github.com/lambda-remit/remit/proxy/aws/awstest"
)

const planes = `
credentials: {role: "` + awstest.RoleARN + `", mint: call}
permissions:
  api:
    - {call: "https://abcdefghijklmnop.lambda-url.eu-west-1.on.aws", function: orders}
    - {call: "https://g7r8a9p0h1.appsync-api.eu-west-1.amazonaws.com/graphql", graphql: m4n5o6p7q8}
    - call: "ANY https://search-orders-abcdefghij.eu-west-1.es.amazonaws.com/orders/*"
    - {call: "GET https://orders.example.com/v1/*", api: cust0md0m/prod, base_path: /v1}
    - {call: "wss://s0ckets000.execute-api.eu-west-1.amazonaws.com/prod"}
    - {call: "DELETE https://shop.cluster-abcdefghij.eu-west-1.neptune.amazonaws.com:8182", cluster: cluster-ABCD1234}
allow:
  - {actions: execute-api:Invoke, resources: ["arn:aws:execute-api:eu-west-1:123456789012:0pen000000/prod/GET/*", "arn:aws:execute-api:eu-west-1:123456789012:0pen000000/$default/GET/prod/*"], anonymous: true}
  - {actions: execute-api:Invoke, resources: "arn:aws:execute-api:eu-west-1:123456789012:ha1f000000/prod/GET/*", anonymous: true}
  - {actions: execute-api:Invoke, resources: "arn:aws:execute-api:eu-west-1:123456789012:s1gned0000/prod/GET/*"}
  - {actions: ["execute-api:Invoke", "lambda:InvokeFunction*", "es:*", "aoss:*", "appsync:*", "neptune-db:*"], resources: "*"}
`

// planesRig sends whatever goes out to the rig's server.
func planesRig(t *testing.T) *rig {
	rig := newRig(t, planes)
	rig.Manifest = func() *manifest.Manifest { return rig.manifest }
	rig.manifest.Upstreams["lambda"] = &url.URL{Scheme: "http", Host: "127.0.0.1:1"} // Lambda's own API, and no function's URL
	rig.Transport = elsewhere{rig.Transport, rig.url}
	return rig
}

// elsewhere sends all requests to one host.
type elsewhere struct {
	http.RoundTripper
	to *url.URL
}

func (e elsewhere) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme == "https" {
		u := *r.URL
		u.Scheme, u.Host = e.to.Scheme, e.to.Host
		r = r.Clone(r.Context())
		r.URL = &u
	}
	return e.RoundTripper.RoundTrip(r)
}

// signedFor is a call to host that the function has signed for service.
func signedFor(t *testing.T, host, service, method, target, body string, header ...string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(method, "https://"+host+target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	sum := sha256.Sum256([]byte(body))
	c := sdk.Credentials{AccessKeyID: sealed.AccessKeyID, SecretAccessKey: sealed.SecretAccessKey, SessionToken: sealed.SessionToken}
	if err := v4.NewSigner().SignHTTP(t.Context(), c, r, hex.EncodeToString(sum[:]), service, "eu-west-1", time.Now()); err != nil {
		t.Fatal(err)
	}
	return at(host, served(r, target))
}

func TestWhatACustomerMadeIsCalledUnderAPolicyOfTheCall(t *testing.T) {
	for _, tt := range []struct {
		host, service, method, target, body string
		want                                []string // in the session policy
	}{
		{"abcdefghijklmnop.lambda-url.eu-west-1.on.aws", "lambda", "POST", "/a?b=c", `{"d":1}`,
			[]string{"lambda:InvokeFunctionUrl", "lambda:InvokeFunction", ":function:orders"}},
		{"g7r8a9p0h1.appsync-api.eu-west-1.amazonaws.com", "appsync", "POST", "/graphql", `{"query":"{ orders }"}`,
			[]string{"appsync:GraphQL", ":apis/m4n5o6p7q8/types/Query/fields/orders"}},
		{"search-orders-abcdefghij.eu-west-1.es.amazonaws.com", "es", "PUT", "/orders/_doc/a%20b", `{}`,
			[]string{"es:ESHttpPut", ":domain/orders/orders/_doc/a b", ":domain/orders/orders/_doc/a%20b"}},
		{"s1gned0000.execute-api.eu-west-1.amazonaws.com", "execute-api", "GET", "/prod/a", "",
			[]string{"execute-api:Invoke", ":s1gned0000/prod/GET/a"}},
		{"orders.example.com", "execute-api", "GET", "/v1/a?b=c", "",
			[]string{"execute-api:Invoke", ":cust0md0m/prod/GET/a"}},
		{"shop.cluster-abcdefghij.eu-west-1.neptune.amazonaws.com:8182", "neptune-db", "POST", "/gremlin", `{"gremlin":"g.V().drop()"}`,
			[]string{"neptune-db:ReadDataViaQuery", "neptune-db:DeleteDataViaQuery", ":cluster-ABCD1234/*"}},
	} {
		rig := planesRig(t)
		if tt.service == "execute-api" {
			rig.manifest.Upstreams["execute-api"] = rig.url
		}
		if _, _, err := rig.answers(signedFor(t, tt.host, tt.service, tt.method, tt.target, tt.body, "Content-Type", "application/json")); err != nil {
			t.Errorf("%s: %v", tt.host, err)
			continue
		}
		got := rig.last(t)
		if got.Host != tt.host || got.RequestURI != tt.target || rig.bodies[0] != tt.body {
			t.Errorf("%s: sent %s%s with %q", tt.host, got.Host, got.RequestURI, rig.bodies[0])
		}
		asked := rig.sts.Asked()
		if len(asked) != 1 {
			t.Fatalf("%s: STS was asked %d times", tt.host, len(asked))
		}
		for _, want := range tt.want {
			if !strings.Contains(asked[0].Policy, want) {
				t.Errorf("%s: the policy is %s, without %s", tt.host, asked[0].Policy, want)
			}
		}
		if p := asked[0].Policy; strings.Contains(strings.ReplaceAll(p, ":cluster-ABCD1234/*", ""), "*") || strings.Contains(p, "Write") {
			t.Errorf("%s: the policy is %s, wider than the call", tt.host, asked[0].Policy)
		}
	}
}

func TestWhatNoManifestNamesIsNotCalledWhateverAGrantsWildcardsMatch(t *testing.T) {
	rig := planesRig(t)
	for host, service := range map[string]string{
		"zzzdefghijklmnop.lambda-url.eu-west-1.on.aws":        "lambda",
		"z7r8a9p0h1.appsync-api.eu-west-1.amazonaws.com":      "appsync",
		"search-orders-zzzdefghij.eu-west-1.es.amazonaws.com": "es",
		"z123456789abcdefghij.eu-west-1.aoss.amazonaws.com":   "aoss",
		"z7r8a9p0h1.execute-api.eu-west-1.amazonaws.com":      "execute-api",

		"shop.cluster-zzzzzzzzzz.eu-west-1.neptune.amazonaws.com:8182": "neptune-db",
	} {
		call, err := rig.Read(signedFor(t, host, service, "POST", "/graphql", `{"query":"{ a }"}`, "Content-Type", "application/json"))
		if err == nil || !strings.Contains(err.Error(), "what a customer made") {
			t.Errorf("%s: got %v", host, err)
		}
		if call.Upstream != nil {
			t.Errorf("%s: goes to %s while observing", host, call.Upstream)
		}
	}
	rig.Manifest = nil
	if _, err := rig.Read(signedFor(t, "s1gned0000.execute-api.eu-west-1.amazonaws.com", "execute-api", "GET", "/prod/a", "")); err == nil {
		t.Error("without a manifest: read")
	}
}

// An API may have an authorizer of its own: to IAM, nobody has signed its calls.
// AWS compares them with no session policy, so that whatever a path may be has to
// be granted: of a stage, or of the default one.
func TestACallByAnotherAuthorizersTokenNeedsAGrantForNobody(t *testing.T) {
	rig := planesRig(t)
	const halfOpen = "ha1f000000.execute-api.eu-west-1.amazonaws.com"
	const open, signed = "0pen000000.execute-api.eu-west-1.amazonaws.com", "s1gned0000.execute-api.eu-west-1.amazonaws.com"
	rig.manifest.Upstreams["execute-api"] = rig.url
	for _, tt := range []struct {
		name, host, target, token string
		reason                    manifest.Reason
	}{
		{"granted", open, "/prod/a", "Bearer a.b.c", ""},
		{"granted, without a scheme", open, "/prod/a", "a.b.c", ""},
		{"granted, without a token", open, "/prod/a", "", ""},
		{"granted as one of two that it may be", halfOpen, "/prod/a", "Bearer a.b.c", manifest.NoPrincipal},
		{"not granted", open, "/test/a", "Bearer a.b.c", manifest.NoPrincipal},
		{"granted to the function alone", signed, "/prod/a", "Bearer a.b.c", manifest.NoPrincipal},
		{"signed as of old", open, "/prod/a", "AWS AKIAIOSFODNN7EXAMPLE:c2ln", proxy.BadSignature},
		{"a service's host", "sqs.eu-west-1.amazonaws.com", "/prod/a", "Bearer a.b.c", proxy.BadSignature},
	} {
		n := len(rig.got)
		var header []string
		if tt.token != "" {
			header = []string{"Authorization", tt.token}
		}
		_, _, err := rig.answers(at(tt.host, unsignedCall(t, "GET", tt.target, "", header...)))
		var refusal *proxy.Refusal
		switch {
		case tt.reason == "" && (err != nil || len(rig.got) != n+1 || rig.got[n].Header.Get("Authorization") != tt.token):
			t.Errorf("%s: got %v", tt.name, err)
		case tt.reason != "" && (!errors.As(err, &refusal) || refusal.Reason != tt.reason || len(rig.got) != n):
			t.Errorf("%s: got %v, want %s", tt.name, err, tt.reason)
		}
	}
	if len(rig.sts.Asked()) > 0 {
		t.Error("credentials were minted for nobody")
	}
}
