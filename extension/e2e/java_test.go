package e2e_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lambda-remit/remit/extension/e2e"
	"github.com/lambda-remit/remit/extension/environ"
)

// TestEveryHTTPClientOfJavaComesByTheProxy has a JVM started as the wrapper
// would start it: with its options in the command line, and in a variable, where
// a script stands between.
func TestEveryHTTPClientOfJavaComesByTheProxy(t *testing.T) {
	java, err := exec.LookPath("java")
	jars := filepath.Join(checkout, ".cache/java")
	if _, e := os.Stat(jars); err != nil || e != nil {
		e2e.Lacks(t, "the AWS SDK for Java is not installed: there is no Java with Maven here")
	}
	for _, direct := range []bool{true, false} {
		name := map[bool]string{true: "in the command line", false: "in a variable"}[direct]
		t.Run(name, func(t *testing.T) {
			s, _ := start(t, manifestOf(t, remit+servers.Upstreams()))
			argv := []string{java, "-XX:TieredStopAtLevel=1", "-cp", jars + "/*", "testdata/Ways.java"}
			if !direct {
				script := filepath.Join(t.TempDir(), "run.sh")
				if err := os.WriteFile(script, []byte("#!/bin/sh\nexec \"$@\"\n"), 0o755); err != nil {
					t.Fatal(err)
				}
				argv = append([]string{script}, argv...)
			}
			made, err := environ.Maker{Handshake: s.Handshake(), Way: environ.Proxy, Runtime: environ.Java, Argv: argv, Parent: t.TempDir()}.Make([]string{
				"PATH=" + os.Getenv("PATH"), "AWS_REGION=" + e2e.Region, "JAVA_TOOL_OPTIONS=-Downer=kept",
				"AWS_SECRET_ACCESS_KEY=" + servers.Base.SecretAccessKey,
			})
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), made.Argv[0], made.Argv[1:]...)
			cmd.Env = made.Environ
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("%v\n%s%s", err, out, &stderr)
			}
			got := make(map[string]string)
			for line := range strings.Lines(string(out)) {
				name, outcome, _ := strings.Cut(strings.TrimSpace(line), "\t")
				got[name] = outcome
			}
			for name, want := range map[string]string{
				"url-connection get": object, "url-connection put": `"5d41402abc4b2a76b9719d911017c592"`, "url-connection secret": "for signing",
				"apache get": object, "apache put": `"5d41402abc4b2a76b9719d911017c592"`, "apache secret": "for signing",
				"netty get": object, "trusted": "both", "agent": "kept",
			} {
				if got[name] != want {
					t.Errorf("%s: got %q, want %q", name, got[name], want)
				}
			}
			for _, client := range []string{"url-connection", "apache", "netty"} {
				if answer := got[client+" denied"]; !strings.HasPrefix(answer, "S3Exception: ") || !strings.Contains(answer, "(remit d-") {
					t.Errorf("%s: a denial is %q", client, answer)
				}
			}
		})
	}
}
