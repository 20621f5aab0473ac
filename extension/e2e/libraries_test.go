package e2e_test

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/lambda-remit/remit/extension/sidecar"
)

// TestLibrariesComeByTheProxyToo has code that signs calls itself, and sends
// them with libraries that know nothing of AWS.
func TestLibrariesComeByTheProxyToo(t *testing.T) {
	s, _ := start(t, manifestOf(t, remit+servers.Upstreams()), func(c *sidecar.Config) { c.Keys = true })
	cmd := exec.CommandContext(t.Context(), filepath.Join(checkout, ".venv/bin/python"), "testdata/libraries.py")
	cmd.Env = clients()[0].environment(t, s.Handshake())
	out, err := cmd.CombinedOutput()
	want := "by hand 200 0123456789\nrequests 200 0123456789\nurllib 200 0123456789\nrequests 403 True\nurllib 403 True\n"
	if err != nil || string(out) != want {
		t.Errorf("got %v\n%s\nwant\n%s", err, out, want)
	}
}
