package extension_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lambda-remit/remit/extension/environ"
	"github.com/lambda-remit/remit/extension/lambdatest"
)

// failure returns err as Lambda's, or fails.
func failure(t *testing.T, err error, kind string) *lambdatest.Failure {
	t.Helper()
	var f *lambdatest.Failure
	if !errors.As(err, &f) || f.Type != kind {
		t.Fatalf("got %v, want %s", err, kind)
	}
	return f
}

func TestTheFunctionHasTheProxyAndNoKeys(t *testing.T) {
	for _, snap := range []bool{false, true} {
		s := newSandbox(t, func(c *lambdatest.Config) { c.SnapKeys = snap })
		env, err := s.do(t, "environ")
		if err != nil {
			t.Fatal(err)
		}
		all := strings.Join(env, "\n")
		for _, secret := range []string{roleKey, roleSecret, roleToken, "lambdatest-container-token"} {
			if strings.Contains(all, secret) {
				t.Errorf("snapstart %v: the environment holds %q", snap, secret)
			}
		}
		var uri, token, proxy string
		for _, v := range env {
			name, value, _ := strings.Cut(v, "=")
			switch name {
			case "AWS_CONTAINER_CREDENTIALS_FULL_URI":
				uri = value
			case "AWS_CONTAINER_AUTHORIZATION_TOKEN":
				token = value
			case "HTTPS_PROXY":
				proxy = value
			}
		}
		if !strings.HasPrefix(proxy, "http://127.0.0.1:") {
			t.Errorf("HTTPS_PROXY: got %q", proxy)
		}
		answer, err := s.do(t, "get", uri, token)
		if err != nil {
			t.Fatal(err)
		}
		if answer[0] != "200 OK" || strings.Contains(answer[1], roleKey) || !strings.Contains(answer[1], "AccessKeyId") {
			t.Errorf("credentials: got %q", answer)
		}
		if answer, err := s.do(t, "get", uri, "another token"); err != nil || strings.HasPrefix(answer[0], "200") {
			t.Errorf("credentials by another token: got %q, %v", answer, err)
		}
	}
}

// TestTheExtensionCannotBeLookedInto has the function, which runs as the same
// user, look where the execution role's keys are.
func TestTheExtensionCannotBeLookedInto(t *testing.T) {
	s := newSandbox(t, func(c *lambdatest.Config) {
		if os.Getuid() == 0 {
			c.User = 993 // root may look into everything
			public(t, c)
		}
	})
	for _, file := range []string{"environ", "maps", "mem", "auxv"} {
		answer, err := s.do(t, "extension", file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(answer[1], "permission denied") {
			t.Errorf("/proc/PID/%s: got %q", file, answer[1])
		}
	}
	answer, err := s.do(t, "extension", "limits")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(answer[0]) {
		if f := strings.Fields(line); len(f) > 5 && f[1] == "core" && (f[4] != "0" || f[5] != "0") {
			t.Errorf("core file size: got %s", line)
		}
	}
	// Its owner could read the program; in Lambda that is root.
	if answer, err := s.do(t, "read", filepath.Join(s.layer, "extensions/remit")); os.Getuid() == 0 && (err != nil || !strings.Contains(answer[1], "permission denied")) {
		t.Errorf("the program itself: got %q, %v", answer[1], err)
	}
	if !strings.Contains(s.log.String(), `"hardened_process":true`) {
		t.Errorf("log: got %s", s.log)
	}
	// And the wrapper believes what it can still see.
	if env, err := s.do(t, "environ"); err != nil || strings.Contains(strings.Join(env, "\n"), roleSecret) {
		t.Errorf("environment: got %q, %v", env, err)
	}
}

// public lets other users at what c is made of.
func public(t *testing.T, c *lambdatest.Config) {
	t.Helper()
	program, err := os.ReadFile(c.Runtime[0])
	if err != nil {
		t.Fatal(err)
	}
	c.Runtime[0] = filepath.Join(c.TaskRoot, "function")
	if err := os.WriteFile(c.Runtime[0], program, 0o755); err != nil {
		t.Fatal(err)
	}
	// Above these is what t.TempDir makes, for its own user alone.
	for _, dir := range []string{c.TaskRoot, filepath.Dir(c.TaskRoot)} {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

func TestShutdownIsWithinItsTime(t *testing.T) {
	s := newSandbox(t, nil)
	if _, err := s.do(t, "nothing"); err != nil {
		t.Fatal(err)
	}
	ended := s.Shutdown()
	p, err := ended.Program("remit")
	if err != nil || p.Killed || p.Code != 0 {
		t.Errorf("got %+v, %v, want an exit with 0", p, err)
	}
	// And the next invocation starts everything again.
	if _, err := s.do(t, "nothing"); err != nil {
		t.Fatal(err)
	}
}

// unconfined has the function do what it could where the kernel has no Landlock.
func unconfined(c *lambdatest.Config) { setEnv(c, "REMIT_CONFINE", "off") }

func TestSignalsThatCanBeIgnoredAre(t *testing.T) {
	s := newSandbox(t, unconfined)
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1} {
		if _, err := s.do(t, "signal", fmt.Sprint(int(sig))); err != nil {
			t.Errorf("%v: %v", sig, err)
		}
	}
	if env, err := s.do(t, "environ"); err != nil || len(env) == 0 {
		t.Errorf("afterwards: got %v", err)
	}
}

func TestKillingTheExtensionFailsTheInvocation(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGKILL, syscall.SIGSEGV, syscall.SIGABRT} {
		s := newSandbox(t, unconfined)
		_, err := s.do(t, "signal", fmt.Sprint(int(sig)), "deadly")
		failure(t, err, "Extension.Crash")
		env, err := s.do(t, "environ")
		if err != nil {
			t.Fatalf("%v: the next invocation: %v", sig, err)
		}
		if strings.Contains(strings.Join(env, "\n"), roleSecret) {
			t.Errorf("%v: the next invocation has the real keys", sig)
		}
	}
}

func TestAStoppedExtensionFailsTheNextInvocation(t *testing.T) {
	s := newSandbox(t, func(c *lambdatest.Config) {
		unconfined(c)
		c.Timeout = 500 * time.Millisecond
	})
	if _, err := s.do(t, "signal", fmt.Sprint(int(syscall.SIGSTOP))); err != nil {
		t.Log("the invocation that stopped it:", err)
	} else {
		_, err := s.do(t, "nothing")
		failure(t, err, "Sandbox.Timedout")
	}
	if _, err := s.do(t, "environ"); err != nil {
		t.Errorf("after a new start: %v", err)
	}
}

func TestWithoutTheExtensionTheWrapperFails(t *testing.T) {
	s := newSandbox(t, nil)
	// A layer of somebody else's switches all extensions off.
	if err := os.WriteFile(filepath.Join(s.layer, "disable-extensions-jwigqn8j"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := s.do(t, "environ")
	failure(t, err, "Runtime.ExitError")
	if !strings.Contains(s.log.String(), "the function is not started") || !strings.Contains(s.log.String(), "the extension is not running") {
		t.Errorf("log: got %s", s.log)
	}
}

func TestAnImpostorIsNotBelieved(t *testing.T) {
	s := newSandbox(t, nil)
	if err := os.WriteFile(filepath.Join(s.layer, "disable-extensions-jwigqn8j"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", environ.Place(s.layer).Socket())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, err = s.do(t, "environ")
	failure(t, err, "Runtime.ExitError")
	if !strings.Contains(s.log.String(), "the listener is process") {
		t.Errorf("log: got %s", s.log)
	}
}

func TestASquattedSocketIsFatal(t *testing.T) {
	s := newSandbox(t, nil)
	l, err := net.Listen("unix", environ.Place(s.layer).Socket())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, err = s.do(t, "environ")
	if f := failure(t, err, "Extension.InitError"); f.Reported != "Remit.Start" {
		t.Errorf("got %v", f)
	}
}

func TestManagedInstancesHaveNoInvokeEvent(t *testing.T) {
	s := newSandbox(t, func(c *lambdatest.Config) { c.Managed = true })
	if _, err := s.do(t, "nothing"); err != nil {
		t.Fatal(err)
	}
	p, err := s.Shutdown().Program("remit")
	if err != nil || p.Killed || p.Code != 0 {
		t.Errorf("got %+v, %v, want an exit with 0", p, err)
	}
}

func TestAnOlderPlatformTellsNoAccount(t *testing.T) {
	s := newSandbox(t, func(c *lambdatest.Config) { c.NoFeat = true })
	if _, err := s.do(t, "nothing"); err != nil {
		t.Fatal(err)
	}
}

// TestSealedKeysStandWhereLambdaHasSetKeys is for code that looks nowhere else: it
// finds keys, and they are of no use but at the proxy.
func TestSealedKeysStandWhereLambdaHasSetKeys(t *testing.T) {
	b := newBucket(t)
	s := newSandbox(t, func(f *lambdatest.Config) {
		setEnv(f, "REMIT_MANIFEST", b.logsAll())
	})
	env, err := s.do(t, "environ")
	if err != nil {
		t.Fatal(err)
	}
	all := "\n" + strings.Join(env, "\n") + "\n"
	for _, want := range []string{"\nAWS_ACCESS_KEY_ID=ASIAREMIT", "\nAWS_SECRET_ACCESS_KEY=", "\nAWS_SESSION_TOKEN=", "\nAWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:"} {
		if strings.Count(all, want) != 1 {
			t.Errorf("no %q in %s", want, all)
		}
	}
	for _, secret := range []string{roleKey, roleSecret, roleToken} {
		if strings.Contains(all, secret) {
			t.Errorf("the execution role's %s is in the environment", secret)
		}
	}
	if got, err := s.do(t, "call", "in/1"); err != nil || got[0] != "200 OK" {
		t.Errorf("got %q, %v", got, err)
	}
	if got, err := s.do(t, "call", "out/1"); err != nil || got[0] != "403 Forbidden" {
		t.Errorf("what is not granted: got %q, %v", got, err)
	}
	if keys, _ := b.asked(); len(keys) != 1 || keys[0] != roleKey {
		t.Errorf("the bucket was asked as %q", keys)
	}
}

func TestKeysStandNowhereThatTheyMustNot(t *testing.T) {
	const exposing = "function: test\ncredentials: {role: \"arn:aws:iam::123456789012:role/calls\"}\npermissions: {object_storage: {bucket: media-eu, read_prefix: in/, expose: true}}\n"
	for name, change := range map[string]func(*lambdatest.Config){
		"the owner does not want them": func(c *lambdatest.Config) { setEnv(c, "REMIT_KEYS", "endpoint") },
		"the endpoint has others":      func(c *lambdatest.Config) { setEnv(c, "REMIT_MANIFEST", exposing) },
	} {
		s := newSandbox(t, change)
		env, err := s.do(t, "environ")
		if err != nil {
			t.Fatal(err)
		}
		if all := "\n" + strings.Join(env, "\n"); strings.Contains(all, "\nAWS_ACCESS_KEY_ID=") || strings.Contains(all, "\nAWS_SECRET_ACCESS_KEY=") || strings.Contains(all, "\nAWS_SESSION_TOKEN=") {
			t.Errorf("%s: got %s", name, all)
		}
	}
}
