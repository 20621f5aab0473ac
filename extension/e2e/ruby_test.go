package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/lambda-remit/remit/extension/e2e"
	"github.com/lambda-remit/remit/extension/environ"
	"github.com/lambda-remit/remit/extension/sidecar"
)

// TestPlainRubyComesByTheProxyToEveryService has Ruby's own library make calls to
// four services, and to a stranger's host, with credentials from the endpoint and
// from the environment.
func TestPlainRubyComesByTheProxyToEveryService(t *testing.T) {
	ruby := filepath.Join(checkout, ".cache/ruby/ruby")
	if _, err := os.Stat(ruby); err != nil {
		e2e.Lacks(t, "there is no Ruby of Debian's here; make setup says so")
	}
	url, certificate := strangersHost(t)
	bundle := filepath.Join(t.TempDir(), "system.pem")
	if err := os.WriteFile(bundle, certificate, 0o644); err != nil {
		t.Fatal(err)
	}
	for name, keys := range map[string]bool{"keys of the endpoint": false, "keys of the environment": true} {
		t.Run(name, func(t *testing.T) {
			s, _ := start(t, manifestOf(t, remit+servers.Upstreams()), func(c *sidecar.Config) { c.Keys = keys })
			made, err := environ.Maker{
				Handshake: s.Handshake(), Way: environ.Proxy, Runtime: environ.Ruby, Parent: t.TempDir(), Bundles: []string{bundle},
			}.Make([]string{"PATH=" + os.Getenv("PATH"), "AWS_REGION=" + e2e.Region, "AWS_SECRET_ACCESS_KEY=" + servers.Base.SecretAccessKey})
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), ruby, "testdata/calls.rb", e2e.Account, url)
			cmd.Env = made.Environ
			out, err := cmd.CombinedOutput()
			want := `object in media-eu: 200 0123456789
object in billing-eu: 403 denied
secret signing-key: 200 for signing
secret payment-key: 400 denied
topic results: 200 published
topic all-customers: 403 denied
table orders: 200 {}
table ledger: 400 denied
stranger: hello
`
			if err != nil || string(out) != want {
				t.Errorf("got %v\n%s\nwant\n%s", err, out, want)
			}
		})
	}
}
