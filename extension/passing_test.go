package extension_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lambda-remit/remit/extension/lambdatest"
)

// A bucket is S3 as far as these tests need it: who asks for anything gets it,
// and is noted.
type bucket struct {
	*httptest.Server
	mu    sync.Mutex
	keys  []string // the access keys that asked
	conns int      // that were opened
}

func newBucket(t *testing.T) *bucket {
	b := new(bucket)
	b.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, key, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
		key, _, _ = strings.Cut(key, "/")
		b.mu.Lock()
		defer b.mu.Unlock()
		b.keys = append(b.keys, key)
	}))
	b.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.conns++
		}
	}
	b.Start()
	t.Cleanup(b.Close)
	return b
}

func (b *bucket) asked() (keys []string, conns int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.keys, b.conns
}

// logsAll grants what b is asked for, and has it logged.
func (b *bucket) logsAll() string {
	return "function: test\nlog: all\ncredentials: {unminted: true}\npermissions: {object_storage: {bucket: media-eu, read_prefix: in/}}\nupstreams: {s3: \"" + b.URL + "\"}\n"
}

// A line is one of the decision log.
type line struct {
	Msg       string
	Sandbox   string
	RequestID string `json:"request_id"`
	Requests  []struct{ Resource string }
}

// lines returns the log's lines with a message.
func (s *sandbox) lines(t *testing.T, msg string) (all []line) {
	t.Helper()
	for text := range strings.Lines(s.log.String()) {
		var l line
		if json.Unmarshal([]byte(text), &l) == nil && l.Msg == msg {
			all = append(all, l)
		}
	}
	return all
}

func TestTheRuntimeAPIIsPassedOnWhereItIsAskedFor(t *testing.T) {
	for _, c := range []struct {
		setting string
		snap    bool
		passed  bool
	}{{"", false, false}, {"direct", false, false}, {"proxy", false, true}, {"", true, true}, {"direct", true, false}} {
		s := newSandbox(t, func(f *lambdatest.Config) {
			setEnv(f, "REMIT_RUNTIME_API", c.setting)
			f.SnapKeys = c.snap
		})
		env, err := s.do(t, "environ")
		if err != nil {
			t.Fatal(err)
		}
		own := strings.Contains("\n"+strings.Join(env, "\n")+"\n", "\nAWS_LAMBDA_RUNTIME_API="+s.Address()+"\n")
		if own == c.passed {
			t.Errorf("%q, SnapStart %v: the runtime speaks to Lambda itself: %v", c.setting, c.snap, own)
		}
		if p, err := s.Shutdown().Program("remit"); err != nil || p.Killed || p.Code != 0 {
			t.Errorf("%q: got %+v, %v, want an exit with 0", c.setting, p, err)
		}
	}
}

func TestASettingOfTheRuntimeAPIThatIsNoneStopsTheStart(t *testing.T) {
	s := newSandbox(t, func(f *lambdatest.Config) { setEnv(f, "REMIT_RUNTIME_API", "yes") })
	_, err := s.do(t, "nothing")
	var failure *lambdatest.Failure
	if !errors.As(err, &failure) || failure.Reported != "Remit.Config" || !strings.Contains(failure.Text, `"yes"`) {
		t.Errorf("got %v, want Remit.Config with the value", err)
	}
}

// TestLinesHaveTheirInvocationWhereTheRuntimeAPIIsPassedOn makes calls that
// carry no trace id: without the proxy nobody could tell whose they are.
func TestLinesHaveTheirInvocationWhereTheRuntimeAPIIsPassedOn(t *testing.T) {
	for _, way := range []string{"proxy", "direct"} {
		b := newBucket(t)
		s := newSandbox(t, func(f *lambdatest.Config) {
			setEnv(f, "REMIT_RUNTIME_API", way)
			setEnv(f, "REMIT_MANIFEST", b.logsAll())
		})
		var want []string
		for n := range 3 {
			result, err := s.Invoke(t.Context(), lambdatest.Invocation{Payload: fmt.Appendf(nil, `["call","in/%d"]`, n)})
			if err != nil || !strings.Contains(string(result.Payload), "200 OK") {
				t.Fatalf("got %s, %v", result.Payload, err)
			}
			want = append(want, result.RequestID)
		}
		s.Shutdown()
		lines := s.lines(t, "allowed")
		if len(lines) != len(want) {
			t.Fatalf("%s: got %d lines, want %d", way, len(lines), len(want))
		}
		for i, l := range lines {
			if way == "direct" {
				want[i] = ""
			}
			if l.RequestID != want[i] {
				t.Errorf("%s: line %d is of %q, want %q", way, i, l.RequestID, want[i])
			}
		}
	}
}

// TestInvocationsSideBySideAreToldApartByTraceAlone runs ten at a time on a
// Managed Instance.
func TestInvocationsSideBySideAreToldApartByTraceAlone(t *testing.T) {
	b := newBucket(t)
	s := newSandbox(t, func(f *lambdatest.Config) {
		f.Managed = true
		setEnv(f, "REMIT_TEST_RUNTIME", "threads")
		setEnv(f, "REMIT_RUNTIME_API", "proxy")
		setEnv(f, "REMIT_MANIFEST", b.logsAll())
	})
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	ids := make([]string, 10)
	for n := range ids {
		running.Go(func() {
			trace := fmt.Sprintf("Root=1-00000000-%024d", n)
			// Until all run.
			if _, err := s.Invoke(t.Context(), lambdatest.Invocation{Payload: []byte(`["sleep","200ms"]`)}); err != nil {
				t.Error(err)
			}
			what := []string{"call", fmt.Sprint("in/", n)}
			if n%2 == 0 {
				what = append(what, trace)
			}
			payload, _ := json.Marshal(what)
			result, err := s.Invoke(t.Context(), lambdatest.Invocation{Payload: payload, Trace: trace})
			if err != nil || !strings.Contains(string(result.Payload), "200 OK") {
				t.Errorf("got %s, %v", result.Payload, err)
			}
			ids[n] = result.RequestID
		})
	}
	running.Wait()
	s.Shutdown()
	seen := 0
	for _, l := range s.lines(t, "allowed") {
		var n int
		fmt.Sscanf(l.Requests[0].Resource, "arn:aws:s3:::media-eu/in/%d", &n)
		want := ""
		if n%2 == 0 {
			want = ids[n]
		}
		seen++
		if l.RequestID != want {
			t.Errorf("invocation %d: got %q, want %q", n, l.RequestID, want)
		}
	}
	if seen != len(ids) {
		t.Errorf("got %d lines, want %d", seen, len(ids))
	}
	if p, err := s.Last().Program("remit"); err != nil || p.Killed || p.Code != 0 {
		t.Errorf("got %+v, %v, want an exit with 0", p, err)
	}
}

// TestARestoredSandboxIsANewOne has the runtime go on from a snapshot that it
// had made calls before.
func TestARestoredSandboxIsANewOne(t *testing.T) {
	b := newBucket(t)
	s := newSandbox(t, func(f *lambdatest.Config) {
		f.SnapKeys = true
		setEnv(f, "REMIT_TEST_RUNTIME", "restored")
		setEnv(f, "REMIT_MANIFEST", b.logsAll())
	})
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	newer := []string{"AWS_ACCESS_KEY_ID=ASIALAMBDATESTNEWER0", "AWS_SECRET_ACCESS_KEY=" + roleSecret, "AWS_SESSION_TOKEN=" + roleToken + "2"}
	if err := s.Restore(t.Context(), newer); err != nil {
		t.Fatal(err)
	}
	answer, err := s.do(t, "call", "in/1")
	if err != nil || answer[0] != "200 OK" {
		t.Fatalf("got %q, %v", answer, err)
	}
	env, err := s.do(t, "environ")
	if err != nil {
		t.Fatal(err)
	}
	held := regexp.MustCompile(`(?m)^AWS_CONTAINER_AUTHORIZATION_TOKEN=(.*)$`).FindStringSubmatch(strings.Join(env, "\n"))[1]
	uri := regexp.MustCompile(`(?m)^AWS_CONTAINER_CREDENTIALS_FULL_URI=(.*)$`).FindStringSubmatch(strings.Join(env, "\n"))[1]
	if answer[2] == held {
		t.Error("the file has the token that the snapshot was made with")
	}
	if got, err := s.do(t, "get", uri, held); err != nil || got[0] != "200 OK" {
		t.Errorf("the token that the runtime holds: got %q, %v", got, err)
	}
	if keys, _ := b.asked(); len(keys) != 1 || keys[0] != "ASIALAMBDATESTNEWER0" {
		t.Errorf("asked as %q, want the newer base credentials", keys)
	}
	s.Shutdown()
	started := s.lines(t, "started")
	if len(started) != 2 || started[0].Sandbox == started[1].Sandbox {
		t.Errorf("got %+v, want two starts of two sandboxes", started)
	}
	if calls := s.lines(t, "allowed"); len(calls) != 1 || len(started) != 2 || calls[0].Sandbox != started[1].Sandbox {
		t.Errorf("got %+v, want one call in the second", calls)
	}
}

func TestARestoreLeavesNothingOfTheSnapshotsTime(t *testing.T) {
	b := newBucket(t)
	s := newSandbox(t, func(f *lambdatest.Config) {
		f.SnapKeys = true
		setEnv(f, "REMIT_TEST_RUNTIME", "calls")
		setEnv(f, "REMIT_MANIFEST", b.logsAll())
	})
	// The function calls while it starts, before the snapshot is taken.
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	before, conns := b.asked()
	if len(before) != 1 || before[0] != roleKey || conns != 1 {
		t.Fatalf("before: asked as %q over %d connections", before, conns)
	}
	if err := s.Restore(t.Context(), []string{"AWS_ACCESS_KEY_ID=ASIALAMBDATESTNEWER0", "AWS_SECRET_ACCESS_KEY=" + roleSecret, "AWS_SESSION_TOKEN=" + roleToken}); err != nil {
		t.Fatal(err)
	}
	if got, err := s.do(t, "call", "in/2"); err != nil || got[0] != "200 OK" {
		t.Fatalf("got %q, %v", got, err)
	}
	after, conns := b.asked()
	if len(after) != 2 || after[1] != "ASIALAMBDATESTNEWER0" || conns != 2 {
		t.Errorf("after: asked as %q over %d connections, want the newer keys over a second", after, conns)
	}
}

func TestProvisionedConcurrencyIsLikeAnyStart(t *testing.T) {
	s := newSandbox(t, func(f *lambdatest.Config) { f.Ahead = true })
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	time.Sleep(10 * time.Millisecond) // long after, for a machine
	env, err := s.do(t, "environ")
	if err != nil || !strings.Contains(strings.Join(env, "\n"), "AWS_LAMBDA_INITIALIZATION_TYPE=provisioned-concurrency") {
		t.Errorf("got %q, %v", env, err)
	}
}
