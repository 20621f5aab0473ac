package lambdatest

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A hand plays an extension or the runtime: the programs of these tests only
// sleep, so that every step is the test's.
type hand struct {
	t    *testing.T
	base string
	id   string
}

// call returns the status, the error type if there is one, and the body.
func (h *hand) call(method, path, body string, header ...string) (int, string, map[string]any) {
	h.t.Helper()
	req, err := http.NewRequestWithContext(h.t.Context(), method, "http://"+h.base+path, strings.NewReader(body))
	if err != nil {
		return 0, err.Error(), nil // not Fatal: some calls are made in a goroutine of their own
	}
	if h.id != "" {
		req.Header.Set("Lambda-Extension-Identifier", h.id)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err.Error(), nil
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	var answer map[string]any
	json.Unmarshal(b, &answer)
	if id := resp.Header.Get("Lambda-Extension-Identifier"); id != "" {
		h.id = id
	}
	if answer == nil {
		answer = map[string]any{}
	}
	answer["request"] = resp.Header.Get("Lambda-Runtime-Aws-Request-Id")
	kind, _ := answer["errorType"].(string)
	return resp.StatusCode, kind, answer
}

const (
	register = "/2020-01-01/extension/register"
	next     = "/2020-01-01/extension/event/next"
	rtNext   = "/2018-06-01/runtime/invocation/next"
	rtBase   = "/2018-06-01/runtime/invocation/"
)

func newSandbox(t *testing.T, change func(*Config)) (*Sandbox, func() *hand) {
	t.Helper()
	layer := t.TempDir()
	if err := os.MkdirAll(filepath.Join(layer, "extensions/directory"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(layer, "extensions/ext"), []byte("#!/bin/sh\nexec sleep 60\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	c := Config{Layer: layer, Runtime: []string{"/bin/sh", "-c", "exec sleep 60"}, InitTime: 5 * time.Second, Timeout: 5 * time.Second}
	if change != nil {
		change(&c)
	}
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, func() *hand { return &hand{t: t, base: s.Address()} }
}

// begin starts the sandbox and returns its error when it comes.
func begin(t *testing.T, s *Sandbox) <-chan error {
	done := make(chan error, 1)
	go func() { done <- s.Start(t.Context()) }()
	for s.current() == nil {
		time.Sleep(time.Millisecond)
	}
	return done
}

// registered registers the extension, waiting until it is started.
func registered(t *testing.T, h *hand, events string) {
	t.Helper()
	for {
		code, kind, _ := h.call("POST", register, events, "Lambda-Extension-Name", "ext")
		if code == 200 {
			return
		}
		if kind != "Extension.InvalidExtensionName" {
			t.Fatalf("register: got %d %s", code, kind)
		}
		time.Sleep(time.Millisecond)
	}
}

func TestTheRuntimeStartsWhenExtensionsHaveRegistered(t *testing.T) {
	s, play := newSandbox(t, nil)
	started := begin(t, s)
	time.Sleep(50 * time.Millisecond)
	if code, _, _ := play().call("GET", rtNext, ""); code != http.StatusForbidden {
		t.Errorf("the runtime's API before registration: got %d", code)
	}
	ext := play()
	for _, c := range []struct{ name, body, want string }{
		{"other", `{"events":["INVOKE"]}`, "Extension.InvalidExtensionName"},
		{"ext", `{"events":["SIGNAL"]}`, "Extension.InvalidEventType"},
		{"ext", `{"events":[],"configurationKeys":["x"]}`, "InvalidRequestFormat"},
		{"", `{"events":[]}`, "Extension.MissingHeader"},
		{"ext", `{`, "InvalidRequestFormat"},
	} {
		if _, kind, _ := ext.call("POST", register, c.body, "Lambda-Extension-Name", c.name); kind != c.want {
			t.Errorf("%+v: got %s", c, kind)
		}
	}
	registered(t, ext, `{"events":["INVOKE","SHUTDOWN"]}`)
	if _, kind, _ := play().call("POST", register, `{"events":[]}`, "Lambda-Extension-Name", "ext"); kind != "Extension.AlreadyRegistered" {
		t.Errorf("twice: got %s", kind)
	}
	if _, kind, _ := play().call("GET", next, ""); kind != "Extension.MissingHeader" {
		t.Errorf("next without an id: got %s", kind)
	}
	if _, kind, _ := play().call("GET", next, "", "Lambda-Extension-Identifier", "x"); kind != "Extension.UnknownExtensionIdentifier" {
		t.Errorf("next of nobody: got %s", kind)
	}

	event := make(chan map[string]any, 1)
	go func() {
		_, _, e := ext.call("GET", next, "")
		event <- e
	}()
	call := make(chan map[string]any, 1)
	go func() {
		for {
			if code, _, e := play().call("GET", rtNext, ""); code == 200 {
				call <- e
				return
			}
			time.Sleep(time.Millisecond)
		}
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	if _, kind, _ := play().call("POST", register, `{"events":[]}`, "Lambda-Extension-Name", "ext"); kind != "Extension.RegistrationClosed" {
		t.Errorf("late: got %s", kind)
	}

	results := make(chan Result, 1)
	go func() {
		r, err := s.Invoke(t.Context(), Invocation{Payload: []byte(`{"a":1}`), Trace: "Root=1-2-3"})
		if err != nil {
			t.Error(err)
		}
		results <- r
	}()
	e := <-event
	if e["eventType"] != "INVOKE" || e["tracing"].(map[string]any)["value"] != "Root=1-2-3" {
		t.Errorf("event: got %v", e)
	}
	in := <-call
	if in["a"] != 1.0 || in["request"] != e["requestId"] {
		t.Errorf("call: got %v for %v", in, e)
	}
	id := in["request"].(string)
	if code, _, _ := play().call("POST", rtBase+"other/response", `{}`); code != http.StatusBadRequest {
		t.Errorf("answer to another: got %d", code)
	}
	if code, _, _ := play().call("POST", rtBase+id+"/response", `{"b":2}`); code != http.StatusAccepted {
		t.Errorf("answer: got %d", code)
	}
	if code, _, _ := play().call("POST", rtBase+id+"/response", `{}`); code != http.StatusBadRequest {
		t.Errorf("second answer: got %d", code)
	}
	go play().call("GET", rtNext, "")
	select {
	case <-results:
		t.Error("the invocation is over before the extension asks for the next event")
	case <-time.After(100 * time.Millisecond):
	}
	shutdown := make(chan map[string]any, 1)
	go func() {
		_, _, e := ext.call("GET", next, "")
		shutdown <- e
	}()
	if r := <-results; string(r.Payload) != `{"b":2}` || r.Error {
		t.Errorf("result: got %+v", r)
	}

	ended := s.Shutdown()
	if e := <-shutdown; e["eventType"] != "SHUTDOWN" || e["shutdownReason"] != "spindown" {
		t.Errorf("got %v, want SHUTDOWN", e)
	}
	// Nobody told the sleeping program: it is killed at the deadline.
	if p, err := ended.Program("ext"); err != nil || !p.Killed || ended.Took < shutdownTime || ended.Took > shutdownTime+time.Second {
		t.Errorf("got %+v, %v after %v, want it killed after %v", p, err, ended.Took, shutdownTime)
	}
}

func TestAnErrorOfTheExtensionFailsTheStart(t *testing.T) {
	s, play := newSandbox(t, nil)
	started := begin(t, s)
	ext := play()
	registered(t, ext, `{"events":["SHUTDOWN"]}`)
	if _, kind, _ := ext.call("POST", "/2020-01-01/extension/init/error", `{}`); kind != "Extension.MissingHeader" {
		t.Errorf("without a type: got %s", kind)
	}
	if code, _, _ := ext.call("POST", "/2020-01-01/extension/init/error", `{"errorMessage":"why"}`, "Lambda-Extension-Function-Error-Type", "Mine"); code != http.StatusAccepted {
		t.Errorf("got %d, want 202", code)
	}
	var f *Failure
	if err := <-started; !errors.As(err, &f) || f.Type != "Extension.InitError" || f.Reported != "Mine" || f.Text != "why" {
		t.Errorf("got %v", err)
	}
}

func TestAnExtensionThatExitsOrNeverRegistersFailsTheStart(t *testing.T) {
	for text, want := range map[string]string{
		"#!/bin/sh\nexit 0\n":        "Extension.Crash",
		"#!/bin/sh\nexec sleep 60\n": "Sandbox.Timedout",
		"not a program":              "Extension.LaunchError",
	} {
		s, _ := newSandbox(t, func(c *Config) {
			c.InitTime = 300 * time.Millisecond
			if err := os.WriteFile(filepath.Join(c.Layer, "extensions/ext"), []byte(text), 0o755); err != nil {
				t.Fatal(err)
			}
		})
		var f *Failure
		if err := s.Start(t.Context()); !errors.As(err, &f) || f.Type != want {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
		if _, err := s.Last().Program("runtime"); err == nil {
			t.Errorf("%q: the runtime was started", text)
		}
	}
}

func TestManagedInstancesRefuseInvoke(t *testing.T) {
	s, play := newSandbox(t, func(c *Config) { c.Managed, c.InitTime = true, 300*time.Millisecond })
	started := begin(t, s)
	code, kind, _ := play().call("POST", register, `{"events":["INVOKE"]}`, "Lambda-Extension-Name", "ext")
	if code != http.StatusForbidden || kind != "Extension.InvalidEventType" {
		t.Errorf("got %d %s", code, kind)
	}
	<-started
}
