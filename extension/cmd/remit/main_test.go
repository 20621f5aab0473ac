package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"remit": func() { os.Exit(run(context.Background(), os.Args[1:], system())) },
	})
}

// The scripts say what is written; this, how the command ends.
func TestExitCodes(t *testing.T) {
	t.Setenv("AWS_REGION", "eu-west-1")
	good, bad := filepath.Join(t.TempDir(), "remit.yaml"), filepath.Join(t.TempDir(), "remit.yaml")
	for file, text := range map[string]string{good: "credentials: {role: \"arn:aws:iam::123456789012:role/calls\"}\npermissions: {queue: {send: jobs}}\n", bad: "permissions: []\n"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const jobs, others = "arn:aws:sqs:eu-west-1:123456789012:jobs", "arn:aws:sqs:eu-west-1:123456789012:others"
	for _, c := range []struct {
		args []string
		want int
	}{
		{nil, 0},
		{[]string{"--version"}, 0},
		{[]string{"schema"}, 0},
		{[]string{"check", good}, 0},
		{[]string{"check", bad}, 1},
		{[]string{"check", good, bad, good}, 1},
		{[]string{"check", "--json", bad}, 1},
		{[]string{"check", good + ".none"}, 1},
		{[]string{"check"}, 2},
		{[]string{"check", "--no-such-flag", good}, 2},
		{[]string{"chek", good}, 2},
		{[]string{"policy", "none"}, 2},
		{[]string{"schema", good}, 2},
		{[]string{"explain", "-m", good, "--action", "sqs:SendMessage", "--resource", jobs}, 0},
		{[]string{"explain", "-m", good, "--action", "sqs:SendMessage", "--resource", others}, 1},
		{[]string{"explain", "-m", bad, "--action", "sqs:SendMessage", "--resource", jobs}, 1},
		{[]string{"explain", "-m", good, "--action", "SendMessage"}, 2},
		{[]string{"policy", "session", "-m", good, "--action", "sqs:SendMessage", "--resource", others}, 1},
		{[]string{"policy", "session", "-m", good, "--action", "sqs:SendMessage"}, 2},
		{[]string{"policy", "role"}, 2},
		{[]string{"run", "-m", good, "--mode", "none", "--", "true"}, 2},
		{[]string{"run", "-m", bad, "--", "true"}, 1},
	} {
		var out, fail bytes.Buffer
		if got := run(t.Context(), c.args, &tui{strings.NewReader(""), &out, &fail}); got != c.want {
			t.Errorf("remit %s: got %d, want %d\n%s%s", strings.Join(c.args, " "), got, c.want, &out, &fail)
		}
	}
}

// TestScripts runs the command as people do: each script is headed by what it
// shows.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata", Setup: func(e *testscript.Env) error {
		// Nothing of the developer's own may decide a test.
		e.Setenv("AWS_CONFIG_FILE", "/dev/null")
		e.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
		e.Setenv("AWS_EC2_METADATA_DISABLED", "true")
		return nil
	}})
}
