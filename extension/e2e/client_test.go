package e2e_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/lambda-remit/remit/extension/e2e"
	"github.com/lambda-remit/remit/extension/environ"
	"github.com/lambda-remit/remit/extension/sidecar"
	"github.com/lambda-remit/remit/manifest"
)

// A client is an SDK, and the way by which its calls reach the proxy.
type client struct {
	name string
	argv []string
	way  environ.Way
	env  []string // besides what the function's environment is

	// around is a service whose calls go round Remit: a known failure. What
	// goes round carries no keys that work.
	around string
}

// clients are all that the end-to-end tests hold Remit to.
func clients() []client {
	python := filepath.Join(checkout, ".venv/bin/python")
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	script := func(name string) string { return filepath.Join(checkout, "extension/e2e/testdata", name) }
	return []client{
		{"boto3-proxy", []string{python, script("boto.py")}, environ.Proxy, nil, ""},
		{"boto3-endpoint", []string{python, script("boto.py")}, environ.Endpoint, nil, ""},
		{"cli-proxy", []string{python, script("cli.py")}, environ.Proxy, nil, ""},
		// The first version of the CLI calls SQS at https://REGION.queue.amazonaws.com
		// whatever AWS_ENDPOINT_URL says. Here it does not get that far.
		{"cli-endpoint", []string{python, script("cli.py")}, environ.Endpoint, []string{"HTTPS_PROXY=http://127.0.0.1:1", "AWS_MAX_ATTEMPTS=1"}, "sqs"},
		{"go-proxy", []string{self}, environ.Proxy, []string{asClient + "=1"}, ""},
		{"js-preload", []string{"node", script("sdk.cjs")}, environ.Preload,
			[]string{"NODE_PATH=" + filepath.Join(checkout, ".cache/js/node_modules"), "NODE_NO_WARNINGS=1"}, ""},
		{"js-endpoint", []string{"node", script("sdk.cjs")}, environ.Endpoint,
			[]string{"NODE_PATH=" + filepath.Join(checkout, ".cache/js/node_modules"), "NODE_NO_WARNINGS=1"}, ""},
	}
}

// A call is one that a client makes, and what has to come of it.
type call struct {
	Name      string         `json:"name"`
	Service   string         `json:"service"`
	Operation string         `json:"operation"`
	Input     map[string]any `json:"input"`
	As        string         `json:"as,omitempty"` // the call whose answer's credentials it is made under; empty: the function's own

	Want  map[string]any `json:"want,omitempty"`  // members of the output
	Error string         `json:"error,omitempty"` // its code; empty: the call succeeds
	By    string         `json:"by,omitempty"`    // who refuses: Remit; or the "server"; or the answer to a "head", which cannot say
}

// An outcome is what a client says came of a call.
type outcome struct {
	Name    string
	Output  map[string]any
	Error   string
	Message string
}

// manifestOf reads a manifest as the extension does.
func manifestOf(t *testing.T, text string) *manifest.Manifest {
	t.Helper()
	m, err := manifest.Parse("remit.yaml", []byte(names.Replace(text)), manifest.Options{Region: e2e.Region})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// start runs a sidecar until the test's end, and returns its decision log too.
func start(t *testing.T, m *manifest.Manifest, change ...func(*sidecar.Config)) (*sidecar.Sidecar, *bytes.Buffer) {
	t.Helper()
	log := new(bytes.Buffer) // read only after Close
	c := sidecar.Config{
		Manifest: m,
		Region:   e2e.Region,
		Function: "e2e",
		Base:     credentials.StaticCredentialsProvider{Value: servers.Base},
		Log:      log,
	}
	for _, f := range change {
		f(&c)
	}
	s, err := sidecar.Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("the decision log:\n%s", log)
		}
	})
	return s, log
}

// environment is what the wrapper would make for c out of a function's: one
// with the execution role's keys in it.
func (c client) environment(t *testing.T, h environ.Handshake) []string {
	t.Helper()
	path, _ := exec.LookPath("env")
	old := []string{
		"PATH=" + filepath.Dir(path), "HOME=" + t.TempDir(), "AWS_REGION=" + e2e.Region, "AWS_DEFAULT_REGION=" + e2e.Region,
		"AWS_ACCESS_KEY_ID=" + servers.Base.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + servers.Base.SecretAccessKey,
		"AWS_SESSION_TOKEN=" + servers.Base.SessionToken, "AWS_PAGER=",
	}
	made, err := environ.Maker{Handshake: h, Way: c.way, Parent: t.TempDir()}.Make(old)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range made.Environ {
		for _, secret := range []string{servers.Base.SecretAccessKey, servers.Base.SessionToken} {
			if strings.Contains(entry, secret) {
				t.Fatal("the execution role's keys are in the function's environment")
			}
		}
	}
	return append(made.Environ, c.env...)
}

// make has the client make the calls, in order, and returns what came of each.
func (c client) make(t *testing.T, h environ.Handshake, calls []call) map[string]outcome {
	t.Helper()
	return c.run(t, c.environment(t, h), calls)
}

// run is make, in an environment of its own.
func (c client) run(t *testing.T, env []string, calls []call) map[string]outcome {
	t.Helper()
	var in bytes.Buffer
	enc := json.NewEncoder(&in)
	for _, one := range calls {
		if err := enc.Encode(one); err != nil {
			t.Fatal(err)
		}
	}
	argv := c.argv
	if node, err := exec.LookPath(argv[0]); err == nil {
		argv = append([]string{node}, argv[1:]...)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir = t.TempDir() // no configuration of whoever runs the tests
	cmd.Env = env
	cmd.Stdin = &in
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", c.name, err, out, &stderr)
	}
	outcomes := make(map[string]outcome)
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var o outcome
		if err := json.Unmarshal(lines.Bytes(), &o); err != nil {
			t.Fatalf("%s said %q: %v", c.name, lines.Text(), err)
		}
		outcomes[o.Name] = o
	}
	if len(outcomes) != len(calls) {
		t.Fatalf("%s made %d of %d calls:\n%s%s", c.name, len(outcomes), len(calls), out, &stderr)
	}
	return outcomes
}

// spelling says how a client names an error: boto3 and the CLI by the code on
// the wire, JavaScript by the exception that its model has for it. The answer to
// a HEAD has no body, and each makes a code up.
func (c client) spelling(code string) string {
	kind, _, _ := strings.Cut(c.name, "-")
	switch kind + " " + code {
	case "js AuthorizationError":
		return "AuthorizationErrorException"
	case "js 403":
		return "Unknown"
	case "go 403":
		return "Forbidden"
	}
	return code
}

// check holds an outcome to what was wanted.
func (c client) check(t *testing.T, want call, got outcome) {
	t.Helper()
	if want.Service != "" && want.Service == c.around {
		if got.Error == "" || strings.Contains(got.Message, "(remit d-") {
			t.Errorf("%s's calls to %s do not go round Remit any more: say so in clients", c.name, c.around)
		}
		return
	}
	if want.Error == "" {
		if got.Error != "" {
			t.Fatalf("got %s: %s, want it to succeed", got.Error, got.Message)
		}
		for name, value := range want.Want {
			if !reflect.DeepEqual(got.Output[name], value) {
				t.Errorf("%s: got %v, want %v", name, got.Output[name], value)
			}
		}
		return
	}
	if code := c.spelling(want.Error); got.Error != code {
		t.Fatalf("got error %q (%s, %v), want %q", got.Error, got.Message, got.Output, code)
	}
	if by := strings.Contains(got.Message, "(remit d-"); want.By == "" && !by || want.By == "server" && by {
		t.Errorf("it was refused by another than %q: %s", want.By, got.Message)
	}
}
