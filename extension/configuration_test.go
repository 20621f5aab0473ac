package extension_test

import (
	"crypto/sha256"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lambda-remit/remit/extension/lambdatest"
)

func TestWhatIsWrongWithTheConfigurationStopsTheStart(t *testing.T) {
	for name, c := range map[string]struct {
		change func(t *testing.T, c *lambdatest.Config)
		text   string
	}{
		"manifest does not parse": {func(t *testing.T, c *lambdatest.Config) {
			setEnv(c, "REMIT_MANIFEST", "permissions: [not, a, map]\n")
		}, "REMIT_MANIFEST:1"},
		"manifest in the package does not parse": {func(t *testing.T, c *lambdatest.Config) {
			setEnv(c, "REMIT_MANIFEST", "")
			write(t, filepath.Join(c.TaskRoot, "remit.yaml"), "permissions: [")
		}, "remit.yaml"},
		"manifest that is named is missing": {func(t *testing.T, c *lambdatest.Config) {
			setEnv(c, "REMIT_MANIFEST", filepath.Join(c.TaskRoot, "other.yaml"))
		}, "other.yaml"},
		"manifest where the function can write": {func(t *testing.T, c *lambdatest.Config) {
			path := filepath.Join(t.TempDir(), "remit.yaml")
			write(t, path, grantsNothing)
			setEnv(c, "REMIT_MANIFEST", path)
		}, "is outside of"},
		"manifest by a link out of the package": {func(t *testing.T, c *lambdatest.Config) {
			path := filepath.Join(t.TempDir(), "remit.yaml")
			write(t, path, grantsNothing)
			if err := os.Symlink(path, filepath.Join(c.TaskRoot, "remit.yaml")); err != nil {
				t.Fatal(err)
			}
			setEnv(c, "REMIT_MANIFEST", "")
		}, "escapes"},
		"manifest by dots": {func(t *testing.T, c *lambdatest.Config) {
			setEnv(c, "REMIT_MANIFEST", c.TaskRoot+"/../remit.yaml")
		}, "is outside of"},
		"neither path nor manifest": {func(t *testing.T, c *lambdatest.Config) {
			setEnv(c, "REMIT_MANIFEST", "remit.yaml")
		}, "neither an absolute path nor a manifest"},
		"pin of another manifest": {func(t *testing.T, c *lambdatest.Config) {
			setEnv(c, "REMIT_MANIFEST_SHA256", fmt.Sprintf("%x", sha256.Sum256(nil)))
		}, "REMIT_MANIFEST_SHA256"},
		"pin without a manifest": {func(t *testing.T, c *lambdatest.Config) {
			setEnv(c, "REMIT_MANIFEST", "")
			setEnv(c, "REMIT_MANIFEST_SHA256", fmt.Sprintf("%x", sha256.Sum256(nil)))
		}, "there is no manifest at"},
		"manifest by URI": {func(t *testing.T, c *lambdatest.Config) {
			setEnv(c, "REMIT_MANIFEST_URI", "ssm:/remit")
		}, "not built yet"},
		"keys that stand nowhere": {func(t *testing.T, c *lambdatest.Config) {
			setEnv(c, "REMIT_KEYS", "file")
		}, `REMIT_KEYS "file" is neither`},
		"keys in the environment, and exposed grants": {func(t *testing.T, c *lambdatest.Config) {
			setEnv(c, "REMIT_KEYS", "environment")
			setEnv(c, "REMIT_MANIFEST", "function: test\ncredentials: {role: \"arn:aws:iam::123456789012:role/calls\"}\npermissions: {object_storage: {bucket: media-eu, read_prefix: in/, expose: true}}\n")
		}, "exposes grants"},
		"no credentials": {func(t *testing.T, c *lambdatest.Config) {
			c.Keys = nil
		}, "AWS_ACCESS_KEY_ID"},
		"credentials from elsewhere": {func(t *testing.T, c *lambdatest.Config) {
			setEnv(c, "AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://203.0.113.7/credentials")
		}, "neither on the Runtime API nor on loopback"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSandbox(t, func(cfg *lambdatest.Config) { c.change(t, cfg) })
			_, err := s.do(t, "environ")
			f := failure(t, err, "Extension.InitError")
			if f.Reported != "Remit.Config" || !strings.Contains(f.Text, c.text) {
				t.Errorf("got %v, want Remit.Config and %q", f, c.text)
			}
			p, err := s.Last().Program("remit")
			if err != nil {
				t.Fatal(err)
			}
			if !p.Killed && p.Code == 0 {
				t.Errorf("got %+v, want an exit with an error", p)
			}
		})
	}
}

func TestAManifestIsFoundInThePackageAndTheLayer(t *testing.T) {
	for _, where := range []string{"package", "layer", "pinned"} {
		s := newSandbox(t, func(c *lambdatest.Config) {
			path := filepath.Join(c.TaskRoot, "remit.yaml")
			if where == "layer" {
				path = filepath.Join(c.Layer, "remit.yaml")
			}
			write(t, path, grantsNothing)
			setEnv(c, "REMIT_MANIFEST", "")
			if where != "package" {
				setEnv(c, "REMIT_MANIFEST", path)
			}
			if where == "pinned" {
				setEnv(c, "REMIT_MANIFEST_SHA256", fmt.Sprintf("%X", sha256.Sum256([]byte(grantsNothing))))
			}
		})
		if _, err := s.do(t, "nothing"); err != nil {
			t.Errorf("%s: %v", where, err)
		}
	}
}

func TestWithoutAManifestTheFunctionRunsAndNothingIsGranted(t *testing.T) {
	s := newSandbox(t, func(c *lambdatest.Config) { setEnv(c, "REMIT_MANIFEST", "") })
	env, err := s.do(t, "environ")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(strings.Join(env, "\n"), roleSecret) {
		t.Error("the environment holds the real keys")
	}
}

func TestNothingOfTheConfigurationReachesTheExtensionsOwnCalls(t *testing.T) {
	s := newSandbox(t, func(c *lambdatest.Config) {
		c.Env = append(c.Env, "HTTP_PROXY=http://127.0.0.1:1", "http_proxy=http://127.0.0.1:1", "ALL_PROXY=http://127.0.0.1:1", "NO_PROXY=x.example",
			"GODEBUG=http2debug=2", "GOTRACEBACK=crash", "SSL_CERT_FILE=/tmp/missing.pem")
	})
	if _, err := s.do(t, "nothing"); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(s.log.String(), "SSL_CERT_FILE of the configuration is not heeded") {
		t.Errorf("the start says nothing of SSL_CERT_FILE: %s", s.log)
	}
	if os.Getuid() != 0 {
		return // none but root may look
	}
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, line := range lines {
		if b, err := os.ReadFile(line); err != nil || !strings.HasPrefix(string(b), filepath.Join(s.layer, "extensions/remit")) {
			continue
		}
		found = true
		environ, err := os.ReadFile(filepath.Join(filepath.Dir(line), "environ"))
		if err != nil || strings.Contains(string(environ), "GODEBUG") || strings.Contains(string(environ), "GOTRACEBACK") {
			t.Errorf("the extension runs in %q, %v", environ, err)
		}
	}
	if !found {
		t.Error("the extension is not running")
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestWithoutAManifestAFunctionCanBeObserved(t *testing.T) {
	s := newSandbox(t, func(c *lambdatest.Config) {
		setEnv(c, "REMIT_MANIFEST", "")
		setEnv(c, "REMIT_MODE", "observe")
	})
	if _, err := s.do(t, "nothing"); err != nil {
		t.Fatal(err)
	}
	if log := s.log.String(); !strings.Contains(log, `"mode":"observe"`) || !strings.Contains(log, "there is no manifest") {
		t.Errorf("the start's line does not say that it observes without a manifest:\n%s", log)
	}
}

// TestAPortThatIsTakenStopsTheStart has somebody else listen where the owner has
// said that Remit does: whoever it is would be taken for the proxy.
func TestAPortThatIsTakenStopsTheStart(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := newSandbox(t, func(c *lambdatest.Config) { setEnv(c, "REMIT_ENDPOINT", l.Addr().String()) })
	for range 2 { // the second starts everything anew
		_, err := s.do(t, "environ")
		if f := failure(t, err, "Extension.InitError"); f.Reported != "Remit.Start" || !strings.Contains(f.Text, "address already in use") {
			t.Errorf("got %v, want Remit.Start", f)
		}
	}
	l.Close()
	if _, err := s.do(t, "environ"); err != nil {
		t.Errorf("once it is free: got %v", err)
	}
}
