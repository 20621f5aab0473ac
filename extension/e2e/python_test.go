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

// TestEveryWayOfPythonComesToTheProxy has Python's libraries for HTTP call S3 as
// the function finds them, most of them without heeding a proxy variable or
// with certifi's certificates alone: what is granted is answered, and the rest
// denied by Remit.
func TestEveryWayOfPythonComesToTheProxy(t *testing.T) {
	python := filepath.Join(checkout, ".venv/bin/python")
	aio := filepath.Join(checkout, ".cache/aio")
	if _, err := os.Stat(aio); err != nil {
		e2e.Lacks(t, "aiohttp and its kin are not installed; make setup does that")
	}
	s, _ := start(t, manifestOf(t, remit+servers.Upstreams()))
	for _, tt := range []struct {
		name, path, which string
		ways              int
	}{
		{"today", "", "all", 12},
		{"of 2022", filepath.Join(checkout, ".cache/boto2022"), "all", 12}, // urllib3 1.26
		{"asyncio", aio, "asyncio", 13},
		{"uvloop", aio, "uvloop", 11},
	} {
		t.Run(tt.name, func(t *testing.T) {
			env := []string{"PATH=" + os.Getenv("PATH"), "AWS_REGION=" + e2e.Region, "AWS_SECRET_ACCESS_KEY=" + servers.Base.SecretAccessKey}
			if tt.path != "" {
				env = append(env, "PYTHONPATH="+tt.path)
			}
			made, err := environ.Maker{Handshake: s.Handshake(), Way: environ.Preload, Runtime: environ.Python, Parent: t.TempDir()}.Make(env)
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), python, "testdata/ways.py", tt.which)
			cmd.Env = made.Environ
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			if err != nil || stderr.Len() > 0 {
				t.Errorf("%v\n%s", err, &stderr)
			}
			ways := 0
			for i, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
				name, got, _ := strings.Cut(line, " ")
				want := "200 0123456789"
				switch {
				case name == "child":
					want = "403"
				case i%2 == 1:
					want = "403 True"
				default:
					ways++
				}
				if got != want {
					t.Errorf("%s: got %q, want %q", name, got, want)
				}
			}
			if ways != tt.ways {
				t.Errorf("%d ways answered, want %d", ways, tt.ways)
			}
		})
	}
}
