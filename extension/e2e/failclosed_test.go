package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lambda-remit/remit/extension/e2e"
	"github.com/lambda-remit/remit/layer"
)

// What the function reads if it may.
const object = "0123456789"

// programs builds the layer, once.
var programs = sync.OnceValues(func() (layer.Config, error) {
	i := slices.IndexFunc(layer.Archs, func(a layer.Arch) bool { return a.Go == runtime.GOARCH })
	if i < 0 {
		return layer.Config{}, fmt.Errorf("no architecture of Lambda is %s", runtime.GOARCH)
	}
	return layer.Build(context.Background(), checkout, layer.Archs[i])
})

// emulate runs testdata/failclosed.py on the emulator, with the layer
// attached, until the test's end. change may take something away.
func emulate(t *testing.T, manifest string, change func(opt string)) *e2e.Sandbox {
	t.Helper()
	return emulateAs(t, manifest, func(f *e2e.Function) {
		if change != nil {
			change(f.Layer)
		}
	})
}

// emulateAs is emulate of a function that may be started in other ways.
func emulateAs(t *testing.T, manifest string, change func(f *e2e.Function)) *e2e.Sandbox {
	t.Helper()
	if _, err := e2e.Namespaces(); err != nil {
		e2e.Lacks(t, "the emulator needs the layer at /opt: %v", err)
	}
	c, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	opt, task := filepath.Join(t.TempDir(), "opt"), filepath.Join(t.TempDir(), "task")
	if err := layer.Unpack(opt, c); err != nil {
		t.Fatal(err)
	}
	code, err := os.ReadFile("testdata/failclosed.py")
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(
		os.Mkdir(task, 0o755),
		os.WriteFile(filepath.Join(task, "app.py"), code, 0o644),
		os.WriteFile(filepath.Join(task, "remit.yaml"), []byte(manifest), 0o644),
		os.Chmod(task, 0o755), os.Chmod(opt, 0o755),
	)
	if err != nil {
		t.Fatal(err)
	}
	f := e2e.Function{
		Layer:   opt,
		Task:    task,
		Handler: "app.handler",
		Name:    "failclosed",
		Env:     map[string]string{"AWS_LAMBDA_EXEC_WRAPPER": "/opt/remit/exec"},
		Keys:    servers.Base,
		Timeout: 20 * time.Second,
	}
	change(&f)
	s, err := f.Run(t.Context(), checkout)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		if t.Failed() {
			t.Logf("the log:\n%s", s.Log())
		}
	})
	return s
}

// invoke calls the function and returns what the emulator answers: the
// function's own answer, or 502 and nothing.
func invoke(t *testing.T, s *e2e.Sandbox, event string) string {
	t.Helper()
	status, answer, err := s.Invoke(t.Context(), []byte(event))
	if err != nil {
		t.Error(err)
	}
	return fmt.Sprintf("%d %s", status, answer)
}

// failed checks that an invocation came to nothing for a reason.
func failed(t *testing.T, s *e2e.Sandbox, answer, reason string) {
	t.Helper()
	// The emulator's log comes through a pipe, and may come after its answer.
	for begun := time.Now(); !strings.Contains(s.Log(), reason) && time.Since(begun) < 3*time.Second; {
		time.Sleep(10 * time.Millisecond)
	}
	if !strings.HasPrefix(answer, "502 ") || !strings.Contains(s.Log(), reason) {
		t.Errorf("got %q, want 502 and %s in the log", answer, reason)
	}
	if strings.Contains(answer+s.Log(), object) {
		t.Error("the function got the object")
	}
}

func TestTheEmulatorRunsAFunctionHeldToItsRemit(t *testing.T) {
	s := emulate(t, names.Replace(remit+servers.Upstreams()), nil)
	if got, want := invoke(t, s, "{}"), `200 "`+object+`"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAFunctionWhoseExtensionIsKilledGetsNothing(t *testing.T) {
	s := emulate(t, names.Replace(remit+servers.Upstreams()), nil)
	servers.Asked()
	answered := make(chan string, 1)
	go func() { answered <- invoke(t, s, `{"wait": 2}`) }()
	for begun := time.Now(); !strings.Contains(s.Log(), "the function waits"); time.Sleep(10 * time.Millisecond) {
		if time.Since(begun) > 20*time.Second {
			t.Fatal("the function does not begin")
		}
	}
	if err := s.Kill("/opt/extensions/remit"); err != nil {
		t.Fatal(err)
	}
	failed(t, s, <-answered, "Extension.Crash")
	if asked := servers.Asked(); len(asked) != 0 {
		t.Errorf("STS was asked %d times", len(asked))
	}
	// Lambda starts both anew, and then it is as it was.
	if got, want := invoke(t, s, "{}"), `200 "`+object+`"`; got != want {
		t.Errorf("the next invocation: got %s, want %s", got, want)
	}
}

func TestTheWrapperWithoutTheExtensionStartsNothing(t *testing.T) {
	s := emulate(t, names.Replace(remit+servers.Upstreams()), func(opt string) {
		if err := os.Remove(filepath.Join(opt, "extensions/remit")); err != nil {
			t.Fatal(err)
		}
	})
	for range 2 { // the second starts everything anew
		failed(t, s, invoke(t, s, "{}"), "Runtime.ExitError")
	}
	if log := s.Log(); strings.Contains(log, "the function is loaded") || !strings.Contains(log, "the function is not started") {
		t.Error("the function was started, or the log does not say that it was not")
	}
}

func TestAManifestThatDoesNotParseStartsNothing(t *testing.T) {
	s := emulate(t, "permissions: [\n"+servers.Upstreams(), nil)
	for range 2 {
		failed(t, s, invoke(t, s, "{}"), "Extension.InitError")
	}
	if log := s.Log(); strings.Contains(log, "the function is loaded") || !strings.Contains(log, "remit.yaml:") {
		t.Error("the function was started, or the log does not say where the manifest is wrong")
	}
}
