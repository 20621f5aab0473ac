package e2e_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lambda-remit/remit/extension/e2e"
	"github.com/lambda-remit/remit/manifest"
)

// TestRemitRunHoldsALocalProcess has `remit run` stand where the layer does.
func TestRemitRunHoldsALocalProcess(t *testing.T) {
	dir := t.TempDir()
	command, file := filepath.Join(dir, "remit"), filepath.Join(dir, "remit.yaml")
	build := exec.Command("go", "build", "-o", command, "./extension/cmd/remit")
	build.Dir = checkout
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := os.WriteFile(file, []byte(names.Replace(remit+servers.Upstreams())), 0o600); err != nil {
		t.Fatal(err)
	}
	calls := []call{
		{Name: "granted", Service: "s3", Operation: "GetObject", Input: map[string]any{"Bucket": "media-eu", "Key": "in/ten.txt"}, Want: map[string]any{"Body": object}},
		{Name: "denied", Service: "s3", Operation: "GetObject", Input: map[string]any{"Bucket": "billing-eu", "Key": "in/ten.txt"}, Error: "AccessDenied"},
	}
	var in bytes.Buffer
	for _, one := range calls {
		if err := json.NewEncoder(&in).Encode(one); err != nil {
			t.Fatal(err)
		}
	}
	c := clients()[0]
	run := exec.CommandContext(t.Context(), command, append([]string{"run", "--manifest", file, "--"}, c.argv...)...)
	run.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "AWS_REGION=" + e2e.Region, "AWS_EC2_METADATA_DISABLED=true",
		"AWS_ACCESS_KEY_ID=" + servers.Base.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + servers.Base.SecretAccessKey,
		"AWS_SESSION_TOKEN=" + servers.Base.SessionToken,
	}
	var out, log bytes.Buffer
	run.Stdin, run.Stdout, run.Stderr = &in, &out, &log
	if err := run.Run(); err != nil {
		t.Fatalf("%v\n%s", err, &log)
	}
	// And the AWS CLI as people start it.
	aws := exec.CommandContext(t.Context(), command, "run", "--manifest", file, "--",
		filepath.Join(checkout, ".venv/bin/aws"), "s3", "ls", "s3://media-eu/in/")
	aws.Env = run.Env
	if listed, err := aws.Output(); err != nil || !strings.Contains(string(listed), "ten.txt") {
		t.Errorf("aws s3 ls: %v\n%s", err, listed)
	}
	outcomes := make(map[string]outcome)
	for line := range bytes.Lines(out.Bytes()) {
		var o outcome
		if err := json.Unmarshal(line, &o); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		outcomes[o.Name] = o
	}
	for _, want := range calls {
		t.Run(want.Name, func(t *testing.T) { c.check(t, want, outcomes[want.Name]) })
	}
	if !strings.Contains(log.String(), `"decision":"deny"`) {
		t.Errorf("the denial is not in the log:\n%s", &log)
	}
}

// TestEveryExamplesManifestIsRight holds the examples to what they show.
func TestEveryExamplesManifestIsRight(t *testing.T) {
	var files []string
	for _, pattern := range []string{"examples/*/remit.yaml", "examples/*/*/remit.yaml"} {
		found, err := filepath.Glob(filepath.Join(checkout, pattern))
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: no examples: %v", pattern, err)
		}
		files = append(files, found...)
	}
	for _, file := range files {
		t.Run(filepath.Base(filepath.Dir(file)), func(t *testing.T) {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			m, err := manifest.Parse(file, src, manifest.Options{Region: e2e.Region})
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range m.Warnings {
				t.Error(w)
			}
		})
	}
}
