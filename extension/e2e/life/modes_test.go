package life

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lambda-remit/remit/extension/e2e"
	"github.com/lambda-remit/remit/extension/lambdatest"
)

// A log is what the programs of a sandbox wrote.
type log struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// calls returns the invocations that calls were logged for, by the key that they
// were for.
func (l *log) calls(msg string) map[string]string {
	invocations := make(map[string]string)
	for text := range strings.Lines(l.String()) {
		var line struct {
			Msg       string
			RequestID string `json:"request_id"`
			Requests  []struct{ Resource string }
		}
		if json.Unmarshal([]byte(text), &line) != nil || line.Msg != msg {
			continue
		}
		for _, r := range line.Requests {
			if key, ok := strings.CutPrefix(r.Resource, "arn:aws:s3:::media-eu/"); ok {
				invocations[key] = line.RequestID
			}
		}
	}
	return invocations
}

// act puts c's function into a sandbox of lambdatest's, which acts the modes of
// Lambda's that the emulator does not have. Nothing has started.
func (c client) act(t *testing.T, remit bool, change func(*lambdatest.Config)) (*lambdatest.Sandbox, *log) {
	t.Helper()
	checkout, err := e2e.Checkout()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	task := filepath.Join(dir, "task")
	if err := os.Mkdir(task, 0o755); err != nil {
		t.Fatal(err)
	}
	c.into(t, checkout, task)
	var program []string
	switch {
	case c.name == "Python":
		program = []string{filepath.Join(checkout, ".venv/bin/python"), "-m", "awslambdaric", c.handler}
	case c.provided():
		program = []string{filepath.Join(task, c.handler)}
	default:
		for _, arg := range append(c.runtime, c.handler) {
			program = append(program, strings.ReplaceAll(arg, "/var/task", task))
		}
	}
	if c.name == "Java" {
		for i, arg := range program {
			if arg == "-cp" {
				program[i+1] += ":" + filepath.Join(checkout, ".cache/java/*")
			}
		}
	}
	l := new(log)
	config := lambdatest.Config{
		TaskRoot: task, Runtime: program, Handler: c.handler, Engine: c.engine,
		Timeout: time.Minute, InitTime: time.Minute, Log: l,
		Env:  []string{asFunction + "=1", "PYTHONPATH=" + task, "NODE_PATH=" + filepath.Join(checkout, ".cache/js/node_modules")},
		Keys: []string{"AWS_ACCESS_KEY_ID=ASIALIFELIFELIFELIFE", "AWS_SECRET_ACCESS_KEY=" + secret, "AWS_SESSION_TOKEN=life-session-token-0123456789"},
	}
	if remit {
		programs, err := programs()
		if err != nil {
			t.Fatal(err)
		}
		config.Layer = filepath.Join(dir, "opt")
		if err := unpack(config.Layer, programs); err != nil {
			t.Fatal(err)
		}
		config.Env = append(config.Env, "AWS_LAMBDA_EXEC_WRAPPER="+filepath.Join(config.Layer, "remit/exec"), "REMIT_MANIFEST="+grantsNothing)
	}
	change(&config)
	s, err := lambdatest.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		if t.Failed() {
			t.Logf("remit %v: the log:\n%s", remit, l)
		}
	})
	return s, l
}

// TestWhatARestoredRuntimeHoldsStaysGood has a function make a call before the
// snapshot, with its language's SDK, and go on with the same client after the
// restore: the credentials that it holds are good, and so is the bearer token
// with which it asks for them again. The calls themselves go on under newer ones
// of the role's. Then it is shut down in order.
func TestWhatARestoredRuntimeHoldsStaysGood(t *testing.T) {
	t.Parallel()
	for _, c := range clients() {
		switch c.name {
		case "Go":
			continue // SnapStart is for Java, Python and .NET; Rust's runtime knows it too
		case "Node":
			c.handler = "restored.handler"
			into := c.into
			c.into = func(t *testing.T, checkout, task string) {
				into(t, checkout, task)
				copyFile(t, "testdata/restored.mjs", filepath.Join(task, "restored.mjs"))
			}
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var asked []string // key and access key
			bucket := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				_, id, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
				id, _, _ = strings.Cut(id, "/")
				mu.Lock()
				defer mu.Unlock()
				asked = append(asked, strings.TrimPrefix(r.URL.Path, "/media-eu")+" "+id) // in the host, or in the path
			}))
			t.Cleanup(bucket.Close)
			s, l := c.act(t, true, func(f *lambdatest.Config) {
				f.SnapKeys = true
				f.Env = append(f.Env, "INIT=call", "REMIT_MANIFEST=function: life\ncredentials: {unminted: true}\npermissions: {object_storage: {bucket: media-eu, read_prefix: in/}}\nupstreams: {s3: \""+bucket.URL+"\"}\n")
			})
			if err := s.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := s.Restore(t.Context(), []string{"AWS_ACCESS_KEY_ID=ASIALIFEAFTERRESTORE", "AWS_SECRET_ACCESS_KEY=" + secret, "AWS_SESSION_TOKEN=life-session-token-after-it"}); err != nil {
				t.Fatal(err)
			}
			for _, event := range []string{`{"do": "call", "key": "in/held"}`, `{"do": "call", "key": "in/refreshed", "refresh": true}`} {
				result, err := s.Invoke(t.Context(), lambdatest.Invocation{Payload: []byte(event)})
				if err != nil || !strings.Contains(string(result.Payload), "granted") || strings.Contains(string(result.Payload), "true") {
					t.Errorf("got %s, %v", result.Payload, err)
				}
			}
			if p, err := s.Shutdown().Program("remit"); err != nil || p.Killed || p.Code != 0 {
				t.Errorf("got %+v, %v, want an exit with 0", p, err)
			}
			if got := strings.Count(l.String(), `"msg":"started"`); got != 2 {
				t.Errorf("%d starts are logged, want the snapshot's and the sandbox's", got)
			}
			if !strings.Contains(l.String(), "at the start: granted") {
				t.Error("the call before the snapshot was not granted")
			}
			mu.Lock()
			defer mu.Unlock()
			want := []string{"/in/start ASIALIFELIFELIFELIFE", "/in/held ASIALIFEAFTERRESTORE", "/in/refreshed ASIALIFEAFTERRESTORE"}
			if !slices.Equal(asked, want) {
				t.Errorf("the bucket was asked for %q, want %q", asked, want)
			}
		})
	}
}

// TestClientsThatKnowManagedInstancesRunInvocationsSideBySide has four
// invocations wait for two seconds each: Python's client in processes, the others
// in one. Then calls are made at once, and each is its own invocation's in the
// log, or nobody's: Go's and Java's SDK know one trace id for the process, which
// their runtimes set only where invocations come one by one.
func TestClientsThatKnowManagedInstancesRunInvocationsSideBySide(t *testing.T) {
	t.Parallel()
	traces := map[string]bool{"Python": true, "Node": true} // by itself
	for _, c := range clients() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, l := c.act(t, true, func(f *lambdatest.Config) {
				f.Managed = true
				// Node's client waits for events in libuv's threads, of which there are
				// four, and whatever else needs one waits as well: a function that
				// makes calls hangs, with Remit and without. (4.0.2, measured.)
				f.Env = append(f.Env, "REMIT_RUNTIME_API=proxy", "UV_THREADPOOL_SIZE=32")
			})
			if err := s.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			var running sync.WaitGroup
			begun := make(chan int, 4) // how many had when one ended
			for n := range 4 {
				running.Go(func() {
					result, err := s.Invoke(t.Context(), lambdatest.Invocation{Payload: fmt.Appendf(nil, `{"do": "sleep", "seconds": 2, "echo": %d}`, n)})
					begun <- strings.Count(l.String(), "the function waits")
					text := strings.ReplaceAll(string(result.Payload), " ", "")
					if err != nil || !strings.Contains(text, fmt.Sprintf(`"echo":%d`, n)) || strings.Contains(text, "true") {
						t.Errorf("invocation %d: got %s, %v", n, result.Payload, err)
					}
				})
			}
			running.Wait()
			if got := <-begun; got != 4 {
				t.Errorf("%d had begun when the first one ended, want 4", got)
			}
			var ids [12]string // of the invocation that calls for "in/N", with its trace where N is even
			for n := range ids {
				running.Go(func() {
					result, err := s.Invoke(t.Context(), lambdatest.Invocation{Payload: fmt.Appendf(nil, `{"do": "call", "key": "in/%d", "trace": %v}`, n, n%2 == 0)})
					if err != nil || !strings.Contains(string(result.Payload), "AccessDenied") {
						t.Errorf("invocation %d: got %s, %v", n, result.Payload, err)
					}
					ids[n] = result.RequestID
				})
			}
			running.Wait()
			if p, err := s.Shutdown().Program("remit"); err != nil || p.Killed || p.Code != 0 {
				t.Errorf("got %+v, %v, want an exit with 0", p, err)
			}
			if strings.Contains(l.String(), "take precedence") {
				t.Error("the SDK warns of what Remit has set")
			}
			calls := l.calls("denied")
			if len(calls) != len(ids) {
				t.Errorf("%d calls are logged, want %d", len(calls), len(ids))
			}
			for n, id := range ids {
				if !traces[c.name] && n%2 != 0 {
					id = ""
				}
				if got := calls[fmt.Sprintf("in/%d", n)]; got != id {
					t.Errorf("call %d is logged for invocation %q, want %q", n, got, id)
				}
			}
		})
	}
}

// TestInvocationsOfATenantReachTheFunctionAsTheyAre has each client tell the
// function whose invocation it is, in a sandbox that was started ahead of it, with
// the Runtime API passed on as with Lambda's own.
func TestInvocationsOfATenantReachTheFunctionAsTheyAre(t *testing.T) {
	t.Parallel()
	for _, c := range clients() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, way := range []string{"direct", "proxy"} {
				s, l := c.act(t, true, func(f *lambdatest.Config) {
					f.Ahead = true
					f.Env = append(f.Env, "REMIT_RUNTIME_API="+way)
				})
				if err := s.Start(t.Context()); err != nil {
					t.Fatal(err)
				}
				for _, tenant := range []string{"acme", "", "umbrella"} {
					result, err := s.Invoke(t.Context(), lambdatest.Invocation{Payload: []byte(`{"do": "tenant"}`), Tenant: tenant})
					var answer struct {
						Echo string
						Key  bool
					}
					if err != nil || json.Unmarshal(result.Payload, &answer) != nil || answer.Echo != tenant || answer.Key {
						t.Errorf("%s: got %s, %v, want %q", way, result.Payload, err, tenant)
					}
				}
				if p, err := s.Shutdown().Program("remit"); err != nil || p.Killed || p.Code != 0 {
					t.Errorf("got %+v, %v, want an exit with 0", p, err)
				}
				for _, line := range []string{`"msg":"started"`, "the function is loaded"} {
					if got := strings.Count(l.String(), line); got != 1 {
						t.Errorf("%s: the log says %s %d times, want once", way, line, got)
					}
				}
			}
		})
	}
}
