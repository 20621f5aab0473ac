package e2e_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lambda-remit/remit/extension/e2e"
	"github.com/lambda-remit/remit/proxy/aws/awstest"
	"github.com/lambda-remit/remit/proxy/sigv4"
)

// A gateway stands in for API Gateway. It takes what is signed, for it, with
// credentials that sts has issued, and that their session policy allows in so
// many words.
type gateway struct {
	mu     sync.Mutex
	issued map[string]awstest.Issued
	policy map[string]string
}

// issue is an STS's Issue.
func (g *gateway) issue(_ context.Context, a awstest.Asked) (awstest.Issued, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	issued := awstest.Issued{Backend: "gateway"}
	n := len(g.issued)
	issued.AccessKeyID, issued.SecretAccessKey, issued.SessionToken = fmt.Sprintf("ASIAGATEWAY%09d", n), fmt.Sprintf("secret-%040d", n), fmt.Sprintf("token-%d", n)
	issued.CanExpire, issued.Expires = true, time.Now().Add(time.Hour)
	g.issued[issued.AccessKeyID], g.policy[issued.AccessKeyID] = issued, a.Policy
	return issued, nil
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	refuse := func(err error) {
		w.Header().Set("x-amzn-ErrorType", "InvalidSignatureException")
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, `{"message":%q}`, err)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		refuse(err)
		return
	}
	s, err := sigv4.Read(r)
	if err != nil {
		refuse(err)
		return
	}
	g.mu.Lock()
	issued, policy := g.issued[s.AccessKeyID], g.policy[s.AccessKeyID]
	g.mu.Unlock()
	sum := sha256.Sum256(body)
	err = s.Verify(r, sigv4.Credentials{AccessKeyID: issued.AccessKeyID, SecretAccessKey: issued.SecretAccessKey, SessionToken: issued.SessionToken}, sigv4.Options{Body: hex.EncodeToString(sum[:])})
	if err != nil || s.Scope.Service != "execute-api" || s.Token != issued.SessionToken {
		refuse(fmt.Errorf("signed for %s by %s: %v", s.Scope.Service, s.AccessKeyID, err))
		return
	}
	id, _, _ := strings.Cut(r.Host, ".")
	stage, path, _ := strings.Cut(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/")
	arn := "arn:aws:execute-api:" + e2e.Region + ":" + e2e.Account + ":" + id + "/" + stage + "/" + r.Method + "/" + path
	if !strings.Contains(policy, `"`+arn+`"`) {
		refuse(fmt.Errorf("%s is not in %s", arn, policy))
		return
	}
	fmt.Fprintf(w, "%s %s", arn, body)
}

// TestAPIsAreInvokedAndWhatIsNotGrantedIsNot has botocore sign calls to an API
// which no client of an SDK's makes.
func TestAPIsAreInvokedAndWhatIsNotGrantedIsNot(t *testing.T) {
	g := &gateway{issued: make(map[string]awstest.Issued), policy: make(map[string]string)}
	sts := &awstest.STS{Callers: []awstest.Caller{{Credentials: servers.Base, ARN: awstest.CallerARN}}, Roles: []string{e2e.Role}, AnyHost: true, Issue: g.issue}
	issuer, api := httptest.NewServer(sts), httptest.NewServer(g)
	t.Cleanup(issuer.Close)
	t.Cleanup(api.Close)
	const host = "https://a1b2c3d4e5.execute-api." + e2e.Region + ".amazonaws.com"
	m := manifestOf(t, `
credentials: {role: `+e2e.Role+`, mint: call}
permissions:
  api:
    call: ["GET `+host+`/prod/orders/*", "POST `+host+`/prod/orders", "POST `+host+`/prod/@connections/*"]
upstreams: {sts: "`+issuer.URL+`", execute-api: "`+api.URL+`"}
`)
	send := func(name, method, url string, more ...string) call {
		c := call{Name: name, Service: "execute-api", Operation: "Request", Input: map[string]any{"Method": method, "URL": url}}
		if len(more) > 0 {
			c.Input["Body"] = more[0]
		}
		return c
	}
	got := func(c call, resource, body string) call {
		c.Want = map[string]any{"Body": "arn:aws:execute-api:" + e2e.Region + ":" + e2e.Account + ":a1b2c3d4e5/" + resource + " " + body}
		return c
	}
	denied := func(c call) call {
		c.Error = "AccessDeniedException"
		return c
	}
	calls := []call{
		got(send("get", "GET", host+"/prod/orders/17"), "prod/GET/orders/17", ""),
		got(send("get with a query", "GET", host+"/prod/orders/17?b=2&a=1&a=0"), "prod/GET/orders/17", ""),
		got(send("get what is encoded", "GET", host+"/prod/orders/caf%C3%A9%20au%20lait"), "prod/GET/orders/caf%C3%A9%20au%20lait", ""),
		got(send("post", "POST", host+"/prod/orders", `{"sku":1}`), "prod/POST/orders", `{"sku":1}`),
		got(send("post to a connection", "POST", host+"/prod/@connections/abc=", "hello"), "prod/POST/@connections/abc=", "hello"),
		denied(send("another method", "DELETE", host+"/prod/orders/17")),
		denied(send("another path", "GET", host+"/prod/payroll")),
		denied(send("another stage", "GET", host+"/test/orders/17")),
		denied(send("dots", "GET", host+"/prod/orders/%2e%2e/payroll")),
		denied(send("another's API", "GET", strings.Replace(host, "a1b2", "z9y8", 1)+"/prod/orders/17")),
	}
	for _, c := range clients() {
		if c.name != "boto3-proxy" {
			continue
		}
		s, _ := start(t, m)
		s.SetAccount(e2e.Account)
		outcomes := c.make(t, s.Handshake(), calls)
		for _, want := range calls {
			t.Run(want.Name, func(t *testing.T) { c.check(t, want, outcomes[want.Name]) })
		}
		if len(g.issued) != 4 { // a query is no matter of IAM
			t.Errorf("%d credentials were issued, want one for each resource and method that is granted", len(g.issued))
		}
		for _, policy := range g.policy {
			if strings.Contains(policy, "/*") || !slices.ContainsFunc([]string{"execute-api:Invoke", "execute-api:ManageConnections"}, func(s string) bool { return strings.Contains(policy, s) }) {
				t.Errorf("credentials were issued under %s, want the call alone", policy)
			}
		}
	}
}
