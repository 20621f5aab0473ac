package e2e_test

import (
	"os"
	"strings"
	"testing"

	"github.com/lambda-remit/remit/extension/e2e"
	"github.com/lambda-remit/remit/extension/environ"
	"github.com/lambda-remit/remit/extension/sidecar"
)

// TestAFunctionThatCooperatesIsHeldToItsManifest has functions as they are on a
// provided runtime without our bootstrap: they have the execution role's keys,
// and AWS_ENDPOINT_URL in their configuration.
func TestAFunctionThatCooperatesIsHeldToItsManifest(t *testing.T) {
	calls := []call{
		{Name: "granted", Service: "s3", Operation: "GetObject", Input: map[string]any{"Bucket": "media-eu", "Key": "in/ten.txt"}, Want: map[string]any{"Body": object}},
		{Name: "denied", Service: "s3", Operation: "GetObject", Input: map[string]any{"Bucket": "billing-eu", "Key": "in/ten.txt"}, Error: "AccessDenied"},
	}
	for _, c := range clients() {
		if c.way != environ.Endpoint && !strings.HasPrefix(c.name, "go-") {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			for _, cooperates := range []bool{true, false} {
				s, _ := start(t, manifestOf(t, remit+servers.Upstreams()), func(c *sidecar.Config) { c.Cooperative = cooperates })
				outcomes := c.run(t, append([]string{
					"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "AWS_REGION=" + e2e.Region, "AWS_EC2_METADATA_DISABLED=true",
					"AWS_ACCESS_KEY_ID=" + servers.Base.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + servers.Base.SecretAccessKey,
					"AWS_SESSION_TOKEN=" + servers.Base.SessionToken, "AWS_ENDPOINT_URL=http://" + s.Handshake().Proxy,
				}, c.env...), calls)
				for _, want := range calls {
					if !cooperates {
						want.Error = "AccessDenied" // as any key's that Remit has not handed out
					}
					c.check(t, want, outcomes[want.Name])
				}
			}
		})
	}
}
