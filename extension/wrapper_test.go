package extension_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/lambda-remit/remit/extension/e2e"
	"github.com/lambda-remit/remit/extension/lambdatest"
)

func TestAnotherWrapperComesNext(t *testing.T) {
	s := newSandbox(t, func(c *lambdatest.Config) {
		next := filepath.Join(c.TaskRoot, "next")
		writeProgram(t, next, "#!/bin/sh\nNEXT_RAN=yes exec \"$@\"\n")
		setEnv(c, "REMIT_NEXT_WRAPPER", next)
		c.Runtime = append(c.Runtime, "an argument")
	})
	env, err := s.do(t, "environ")
	if err != nil {
		t.Fatal(err)
	}
	all := "\n" + strings.Join(env, "\n") + "\n"
	if !strings.Contains(all, "\nNEXT_RAN=yes\n") || strings.Contains(all, "REMIT_NEXT_WRAPPER") || strings.Contains(all, roleSecret) {
		t.Errorf("got %s", all)
	}
	args, err := s.do(t, "args")
	if err != nil || len(args) != 2 || args[1] != "an argument" {
		t.Errorf("arguments: got %q, %v", args, err)
	}
}

func TestTheWrapperFailsRatherThanStartWithTheKeys(t *testing.T) {
	for name, c := range map[string]struct {
		change func(t *testing.T, c *lambdatest.Config)
		text   string
	}{
		"next wrapper missing": {func(t *testing.T, c *lambdatest.Config) {
			setEnv(c, "REMIT_NEXT_WRAPPER", "/nonexistent/wrapper")
		}, "REMIT_NEXT_WRAPPER"},
		"next wrapper not executable": {func(t *testing.T, c *lambdatest.Config) {
			path := filepath.Join(c.TaskRoot, "next")
			write(t, path, "#!/bin/sh\n")
			setEnv(c, "REMIT_NEXT_WRAPPER", path)
		}, "not an executable file"},
		"confinement unknown": {func(t *testing.T, c *lambdatest.Config) {
			setEnv(c, "REMIT_CONFINE", "no")
		}, `REMIT_CONFINE "no" is neither "on" nor "off"`},
		"way unknown": {func(t *testing.T, c *lambdatest.Config) {
			setEnv(c, "REMIT_CAPTURE", "magic")
		}, `use "proxy", "preload" or "endpoint"`},
		"runtime missing": {func(t *testing.T, c *lambdatest.Config) {
			c.Runtime = []string{"/nonexistent/python"}
		}, "/nonexistent/python"},
		"no extension in the layer": {func(t *testing.T, c *lambdatest.Config) {
			if err := os.Remove(filepath.Join(c.Layer, "extensions/remit")); err != nil {
				t.Fatal(err)
			}
		}, "the extension is not running"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSandbox(t, func(cfg *lambdatest.Config) { c.change(t, cfg) })
			_, err := s.do(t, "environ")
			failure(t, err, "Runtime.ExitError")
			if log := s.log.String(); !strings.Contains(log, "the function is not started") || !strings.Contains(log, c.text) {
				t.Errorf("log: got %s, want %q", log, c.text)
			}
		})
	}
}

func TestTheWayFollowsTheRuntimeAndTheConfiguration(t *testing.T) {
	for _, c := range []struct{ engine, capture, want, not string }{
		{"AWS_Lambda_python3.13", "", "HTTPS_PROXY=", "AWS_ENDPOINT_URL="},
		{"AWS_Lambda_nodejs22.x", "", "NODE_OPTIONS=--require ", "HTTPS_PROXY="},
		{"AWS_Lambda_nodejs22.x", "preload", "REMIT_PROXY=127.0.0.1:", "AWS_ENDPOINT_URL="},
		{"AWS_Lambda_nodejs22.x", "endpoint", "AWS_ENDPOINT_URL=", "NODE_OPTIONS="},
		{"AWS_Lambda_python3.13", "endpoint", "AWS_ENDPOINT_URL=", "HTTPS_PROXY="},
		{"AWS_Lambda_nodejs22.x", "proxy", "HTTPS_PROXY=", "AWS_ENDPOINT_URL="},
	} {
		s := newSandbox(t, func(cfg *lambdatest.Config) {
			cfg.Engine = c.engine
			setEnv(cfg, "REMIT_CAPTURE", c.capture)
		})
		env, err := s.do(t, "environ")
		if err != nil {
			t.Fatal(err)
		}
		all := "\n" + strings.Join(env, "\n")
		if !strings.Contains(all, "\n"+c.want) || strings.Contains(all, "\n"+c.not) {
			t.Errorf("%s, REMIT_CAPTURE=%s: got %s", c.engine, c.capture, all)
		}
	}
}

func TestProvidedRuntimesHaveOurBootstrap(t *testing.T) {
	provided := func(handler string) func(c *lambdatest.Config) {
		return func(c *lambdatest.Config) {
			self := c.Runtime[0]
			c.Runtime, c.Engine, c.Handler = nil, "AWS_Lambda_provided.al2023", handler
			if err := os.MkdirAll(filepath.Join(c.TaskRoot, "bin"), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(self, filepath.Join(c.TaskRoot, "bin/main")); err != nil {
				t.Fatal(err)
			}
		}
	}
	s := newSandbox(t, provided("bin/main"))
	env, err := s.do(t, "environ")
	if err != nil {
		t.Fatal(err)
	}
	if all := strings.Join(env, "\n"); strings.Contains(all, roleSecret) || !strings.Contains(all, "HTTPS_PROXY=") {
		t.Errorf("got %s", all)
	}
	for _, handler := range []string{"../../bin/sh", "/bin/sh", "bin", "missing"} {
		s := newSandbox(t, provided(handler))
		_, err := s.do(t, "environ")
		failure(t, err, "Runtime.ExitError")
	}
}

// TestOthersOfTheSameUserAreOutOfReach stands for other extensions and for
// Lambda's own process, which hold the execution role's keys in the open.
func TestOthersOfTheSameUserAreOutOfReach(t *testing.T) {
	if _, _, errno := syscall.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION); errno != 0 {
		e2e.Lacks(t, "this kernel has no Landlock: %v", errno)
	}
	other := exec.Command("sleep", "60")
	other.Env = []string{"AWS_SECRET_ACCESS_KEY=" + roleSecret}
	s := newSandbox(t, func(c *lambdatest.Config) {
		if os.Getuid() == 0 {
			c.User = 993
			public(t, c)
			other.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 993, Gid: 993}}
		}
	})
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	defer other.Wait()
	defer other.Process.Kill()
	answer, err := s.do(t, "read", fmt.Sprintf("/proc/%d/environ", other.Process.Pid))
	if err != nil || !strings.Contains(answer[1], "permission denied") || strings.Contains(answer[0], roleSecret) {
		t.Errorf("got %q, %v", answer, err)
	}
	// Everything else goes on as before.
	if answer, err := s.do(t, "read", "/proc/self/environ"); err != nil || answer[0] == "" {
		t.Errorf("its own environment: got %q, %v", answer, err)
	}
	dir, err := os.MkdirTemp("/tmp", "remit-test-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	for _, d := range []string{"", "a", "b"} {
		if err := errors.Join(os.MkdirAll(filepath.Join(dir, d), 0o777), os.Chmod(filepath.Join(dir, d), 0o777)); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(dir, "a/file"), "x")
	if answer, err := s.do(t, "rename", filepath.Join(dir, "a/file"), filepath.Join(dir, "b/file")); err != nil || answer[0] != "<nil>" {
		t.Errorf("renaming across directories: got %q, %v", answer, err)
	}
}

// TestTheStartIsLoggedOnceAndTruly holds the line of the start to once a life, and to the
// truth: a function that was started without the wrapper has the real keys.
func TestTheStartIsLoggedOnceAndTruly(t *testing.T) {
	for _, wrapped := range []bool{true, false} {
		s := newSandbox(t, func(c *lambdatest.Config) {
			if !wrapped {
				setEnv(c, "AWS_LAMBDA_EXEC_WRAPPER", "")
			}
		})
		for range 2 {
			if _, err := s.do(t, "nothing"); err != nil {
				t.Fatal(err)
			}
		}
		s.Shutdown()
		log := s.log.String()
		if n := strings.Count(log, `"msg":"started"`); n != 1 {
			t.Errorf("wrapped %v: the start is logged %d times: %s", wrapped, n, log)
		}
		if want := fmt.Sprintf(`"sealed_credentials":%v`, wrapped); !strings.Contains(log, want) {
			t.Errorf("wrapped %v: got %s, want %s", wrapped, log, want)
		}
		if want := fmt.Sprintf(`"no_new_privs":%v`, wrapped); !strings.Contains(log, want) {
			t.Errorf("wrapped %v: got %s, want %s", wrapped, log, want)
		}
	}
}

// TestTheWrapperIsNamedOnce has it named as an image's ENTRYPOINT and again as
// AWS_LAMBDA_EXEC_WRAPPER: the second stands where the function would, and what
// it says is what its owner has to know.
func TestTheWrapperIsNamedOnce(t *testing.T) {
	abi, _, _ := syscall.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if int(abi) < 6 {
		e2e.Lacks(t, "this kernel keeps nobody from asking the extension again, so that the second makes of the first's environment the same")
	}
	s := newSandbox(t, func(c *lambdatest.Config) {
		setEnv(c, "REMIT_NEXT_WRAPPER", filepath.Join(c.Layer, "remit/exec"))
	})
	_, err := s.do(t, "environ")
	failure(t, err, "Runtime.ExitError")
	if log := s.log.String(); !strings.Contains(log, "is to be named once") {
		t.Errorf("log: got %s", log)
	}
}

// TestTheStartSaysWhatOfTheProcessIsHardened holds the line of the start to what
// the kernel and the owner made of boundary 5.
func TestTheStartSaysWhatOfTheProcessIsHardened(t *testing.T) {
	if os.Getuid() != 0 {
		e2e.Lacks(t, "only root can have the function run as a user of its own, whom root's file is closed to")
	}
	_, _, errno := syscall.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	for _, c := range []struct {
		name   string
		change func(*lambdatest.Config)
		holds  bool
		want   []string
	}{
		{"as it comes", func(*lambdatest.Config) {}, errno == 0, nil},
		{"switched off", unconfined, false, []string{
			`"memory_closed":true,"closed_from_exec":true,"no_new_privs":false,"others_closed":false,"signals_closed":false,"sockets_closed":false`,
			`the function is not confined: REMIT_CONFINE is off`,
		}},
		{"without the wrapper", func(c *lambdatest.Config) { setEnv(c, "AWS_LAMBDA_EXEC_WRAPPER", "") }, false, []string{
			`the function is not confined: the function was started without the wrapper`,
		}},
	} {
		s := newSandbox(t, func(cfg *lambdatest.Config) {
			cfg.User = 993
			public(t, cfg)
			c.change(cfg)
		})
		if _, err := s.do(t, "nothing"); err != nil {
			t.Fatal(err)
		}
		log := s.log.String()
		for _, want := range append(c.want, fmt.Sprintf(`"hardened_process":%v`, c.holds), `"closed_from_exec":true`) {
			if !strings.Contains(log, want) {
				t.Errorf("%s: got %s, want %s", c.name, log, want)
			}
		}
	}
}

func writeProgram(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestTheFunctionHasATokenForAWSsParametersExtension(t *testing.T) {
	s := newSandbox(t, func(c *lambdatest.Config) {
		setEnv(c, "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", "2773")
	})
	env, err := s.do(t, "environ")
	if err != nil {
		t.Fatal(err)
	}
	all := "\n" + strings.Join(env, "\n")
	if !strings.Contains(all, "\nAWS_SESSION_TOKEN=") || strings.Contains(all, roleToken) || !strings.Contains(all, "\nREMIT_PARAMETERS=127.0.0.1:") {
		t.Errorf("got %s", all)
	}
}
