package e2e_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lambda-remit/remit/extension/e2e"
	"github.com/lambda-remit/remit/proxy/audit"
	"github.com/lambda-remit/remit/proxy/credentials"
)

// assuming is a manifest that lets the function assume a role. MinIO, which the
// role's credentials come from, holds them to the session policy that Remit has
// added.
const assuming = `
function: e2e
credentials: {role: ` + e2e.Role + `}
permissions:
  object_storage: {bucket: media-eu, read_prefix: in/, write_prefix: out/}
allow:
  - {actions: sts:AssumeRole, resources: "` + e2e.Assumed + `"}
log: all
`

// assumingProfile is a configuration file by which an SDK assumes a role with
// the container's credentials: the AWS SDKs and Tools Reference Guide, "Assume
// role credential provider".
const assumingProfile = `
[profile reports]
role_arn = ROLE
role_session_name = e2e
credential_source = EcsContainer
region = ` + e2e.Region + `
`

func TestClientsAssumeARoleAndAreHeldToTheManifestUnderIt(t *testing.T) {
	for _, c := range clients() {
		if c.name == "go-proxy" || c.name == "cli-endpoint" {
			continue // the one loads no profile; the other is the CLI as above, by boto3's way
		}
		t.Run(c.name, func(t *testing.T) {
			s, log := start(t, manifestOf(t, assuming+servers.Upstreams()))
			profile := func(role string) string {
				path := filepath.Join(t.TempDir(), "config")
				if err := os.WriteFile(path, []byte(strings.Replace(assumingProfile, "ROLE", role, 1)), 0o600); err != nil {
					t.Fatal(err)
				}
				return path
			}
			input := func(key string) map[string]any { return map[string]any{"Bucket": "media-eu", "Key": key} }
			calls := []call{
				{Name: "granted", Service: "s3", Operation: "GetObject", Input: input("in/ten.txt"), Want: map[string]any{"Body": "0123456789"}},
				{Name: "denied", Service: "s3", Operation: "GetObject", Input: input("payroll/2026-10.csv"), Error: "AccessDenied"},
				{Name: "another bucket", Service: "s3", Operation: "GetObject", Input: map[string]any{"Bucket": "billing-eu", "Key": "in/ten.txt"}, Error: "AccessDenied"},
			}
			under := c
			under.env = append(slices.Clone(c.env), "AWS_PROFILE=reports", "AWS_CONFIG_FILE="+profile(e2e.Assumed))
			servers.Asked()
			outcomes := under.make(t, s.Handshake(), calls)
			for _, want := range calls {
				t.Run(want.Name, func(t *testing.T) { c.check(t, want, outcomes[want.Name]) })
			}
			assumed := 0
			for _, a := range servers.Asked() {
				if a.Role != e2e.Assumed || a.Error != "" {
					continue
				}
				assumed++
				if !strings.Contains(a.Policy, "media-eu/in/") || !strings.Contains(a.Policy, "aws:ResourceAccount") {
					t.Errorf("the role was assumed under %s, want the manifest's grants", a.Policy)
				}
			}
			if assumed == 0 {
				t.Error("the role was not assumed")
			}
			read := 0
			for e, err := range audit.Read(strings.NewReader(log.String())) {
				if err != nil {
					t.Fatal(err)
				}
				if e.Operation == "GetObject" && e.Decision == "allow" {
					read++
					if e.Principal != e2e.Assumed || strings.HasPrefix(e.AccessKeyID, credentials.KeyPrefix) || e.AccessKeyID == "" {
						t.Errorf("the log has %q under %q", e.Principal, e.AccessKeyID)
					}
				}
			}
			if read == 0 {
				t.Errorf("no call under the role is in the log:\n%s", log)
			}

			// A role that the manifest does not name is not assumed.
			other := c
			other.env = append(slices.Clone(c.env), "AWS_PROFILE=reports", "AWS_CONFIG_FILE="+profile(e2e.Role))
			if got := other.make(t, s.Handshake(), calls[:1])["granted"]; !strings.Contains(got.Message, "sts:AssumeRole") || !strings.Contains(got.Message, "(remit d-") {
				t.Errorf("assuming another role: got %q: %s", got.Error, got.Message)
			}
		})
	}
}

func TestClientsMakeCallsUnderARoleThatTheyAskedFor(t *testing.T) {
	input := func(key string) map[string]any { return map[string]any{"Bucket": "media-eu", "Key": key} }
	role := func(arn string) map[string]any { return map[string]any{"RoleArn": arn, "RoleSessionName": "e2e"} }
	calls := []call{
		{Name: "role", Service: "sts", Operation: "AssumeRole", Input: role(e2e.Assumed)},
		{Name: "granted", Service: "s3", Operation: "GetObject", As: "role", Input: input("in/ten.txt"), Want: map[string]any{"Body": "0123456789"}},
		{Name: "denied", Service: "s3", Operation: "GetObject", As: "role", Input: input("payroll/2026-10.csv"), Error: "AccessDenied"},
		{Name: "the function itself", Service: "s3", Operation: "GetObject", Input: input("in/ten.txt"), Want: map[string]any{"Body": "0123456789"}},
		{Name: "another role", Service: "sts", Operation: "AssumeRole", Input: role(e2e.Role), Error: "AccessDenied"},
	}
	for _, c := range clients() {
		if !strings.HasPrefix(c.name, "boto3-") && c.name != "js-endpoint" {
			continue // what their scripts do not do; the CLI is boto3
		}
		t.Run(c.name, func(t *testing.T) {
			s, log := start(t, manifestOf(t, assuming+servers.Upstreams()))
			outcomes := c.make(t, s.Handshake(), calls)
			for _, want := range calls {
				t.Run(want.Name, func(t *testing.T) { c.check(t, want, outcomes[want.Name]) })
			}
			issued, _ := outcomes["role"].Output["Credentials"].(map[string]any)
			if id, _ := issued["AccessKeyId"].(string); !strings.HasPrefix(id, credentials.KeyPrefix) {
				t.Errorf("the role came back as %q, unsealed", id)
			}
			principals := make(map[string]int)
			for e, err := range audit.Read(strings.NewReader(log.String())) {
				if err != nil {
					t.Fatal(err)
				}
				if e.Service == "s3" && e.Decision == "allow" {
					principals[e.Principal]++
				}
			}
			if principals[e2e.Assumed] != 1 || principals[""] != 1 {
				t.Errorf("the log has calls of %v", principals)
			}
		})
	}
}
