package matrix_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/lambda-remit/remit/extension/e2e"
	"github.com/lambda-remit/remit/extension/environ"
)

// picked returns the cases of some names.
func picked(t *testing.T, names ...string) (some []testcase) {
	t.Helper()
	for _, one := range cases(t) {
		if slices.Contains(names, one.Name) {
			some = append(some, one)
		}
	}
	if len(some) != len(names) {
		t.Fatalf("of %q there are %d cases", names, len(some))
	}
	return some
}

// only returns one of the matrix's clients, ready to play.
func only(t *testing.T, name string) client {
	t.Helper()
	all := clients(t)
	i := slices.IndexFunc(all, func(c client) bool { return c.name == name })
	if i < 0 {
		t.Fatalf("there is no client %q", name)
	}
	c := all[i]
	if c.missing != "" {
		e2e.Lacks(t, "not run here: %s", c.missing)
	}
	if c.build != nil {
		c.argv = c.build(t)
	}
	return c
}

// by has c make some cases with Remit, by a way.
func (c client) by(t *testing.T, way environ.Way, some []testcase, env ...string) map[string]result {
	t.Helper()
	made, err := environ.Maker{Handshake: start(t), Way: way, Runtime: c.runtime, Argv: c.argv, Parent: t.TempDir()}.Make(environment(t, append(slices.Clone(c.owner),
		"AWS_ACCESS_KEY_ID="+servers.Base.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+servers.Base.SecretAccessKey, "AWS_SESSION_TOKEN="+servers.Base.SessionToken)...))
	if err != nil {
		t.Fatal(err)
	}
	return c.play(t, made.Argv, slices.Concat(made.Environ, c.env, c.with[way], env), some)
}

// accountHosts are the SDKs that ask for a DynamoDB table, named by its ARN, at a
// host with the account in it. Remit's credentials name no account, as those of
// Lambda's environment name none, so that nothing else goes there.
var accountHosts = []string{"boto3", "cli", "js3", "java2", "java1", "go2", "rust"}

func TestATableNamedByItsARNIsAskedForAtItsAccountsHost(t *testing.T) {
	const host = "123456789012.ddb.eu-west-1.amazonaws.com"
	some := picked(t, "put an item", "get an item by its table's ARN")
	for _, name := range []string{"boto3", "boto3-2022", "cli", "js3", "js2", "java2", "java1", "go2", "go1", "rust"} {
		t.Run(name, func(t *testing.T) {
			c := only(t, name)
			earth.asked()
			for _, r := range c.by(t, c.ways[0], some) {
				if r.Error != "" || r.Status != 200 && r.Status != 0 {
					t.Errorf("%s: %d %s %s", r.Name, r.Status, r.Error, r.Message)
				}
			}
			hosts := earth.asked()
			if got, want := slices.Contains(hosts, host), slices.Contains(accountHosts, name); got != want {
				t.Errorf("asked at %q; want it asked at %s: %v", hosts, host, want)
			}
			if !slices.Contains(hosts, "dynamodb.eu-west-1.amazonaws.com") {
				t.Errorf("asked at %q; want the region's host as well", hosts)
			}
		})
	}
}

// TestWhatGoesRoundRemitIsRefused has the Go SDK use a transport that heeds no
// variable. By an endpoint it comes to Remit all the same.
func TestWhatGoesRoundRemitIsRefused(t *testing.T) {
	c, some := only(t, "go2"), picked(t, "put an item", "list a prefix")
	bare := []string{"REMIT_MATRIX_BARE=1", "REMIT_MATRIX_WORLD=" + earth.address}
	// As a function of its own trust store would, it trusts the world without Remit.
	for _, r := range c.by(t, environ.Proxy, some, append(bare, "SSL_CERT_FILE="+earth.bundle(t))...) {
		if r.Status != 403 || strings.Contains(r.Message, "remit d-") {
			t.Errorf("%s: %d %s %s, want it refused by AWS", r.Name, r.Status, r.Error, r.Message)
		}
	}
	if refused, _ := earth.complaints(); len(refused) == 0 || !strings.Contains(refused[0], "nobody was given the access key") {
		t.Errorf("the world refused %q, want the sealed credentials among it", refused)
	}
	for _, r := range c.by(t, environ.Endpoint, some, bare...) {
		if r.Status != 200 {
			t.Errorf("%s: %d %s %s, want it done", r.Name, r.Status, r.Error, r.Message)
		}
	}
}

// TestTheCRTsS3ClientTakesTheProxyByItself has the CRT's client of S3 go by the
// proxy. The CRT's client of HTTP asks for none, and comes by an endpoint alone.
func TestTheCRTsS3ClientTakesTheProxyByItself(t *testing.T) {
	c := only(t, "java2-crt")
	for _, r := range c.by(t, environ.Proxy, picked(t, "send and fetch parts")) {
		if r.Status != 200 || r.Error != "" {
			t.Errorf("%s: %d %s %s", r.Name, r.Status, r.Error, r.Message)
		}
	}
}
