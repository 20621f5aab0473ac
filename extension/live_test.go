package extension

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lambda-remit/remit/extension/e2e"
	"github.com/lambda-remit/remit/extension/environ"
)

// A runtimeAPI answers next with its events, one after the other, and notes
// what it is told.
type runtimeAPI struct {
	*httptest.Server
	mu     sync.Mutex
	events []string
	told   []string
}

func newRuntimeAPI(t *testing.T, events ...string) *runtimeAPI {
	a := &runtimeAPI{events: events}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		a.mu.Lock()
		defer a.mu.Unlock()
		switch path := strings.TrimPrefix(r.URL.Path, "/2020-01-01/extension/"); path {
		case "register":
			w.Header().Set("Lambda-Extension-Identifier", "the-id")
			io.WriteString(w, `{"functionName":"f","functionVersion":"1"}`)
		case "event/next":
			if len(a.events) == 0 {
				w.WriteHeader(http.StatusInternalServerError)
				return
			}
			io.WriteString(w, a.events[0])
			a.events = a.events[1:]
		default:
			a.told = append(a.told, fmt.Sprintf("%s %s %s %s", path, r.Header.Get("Lambda-Extension-Identifier"), r.Header.Get("Lambda-Extension-Function-Error-Type"), body))
			w.WriteHeader(http.StatusAccepted)
		}
	}))
	t.Cleanup(a.Close)
	return a
}

func (a *runtimeAPI) address() string { return strings.TrimPrefix(a.URL, "http://") }

// opens opens a sidecar under environment.
func opens(t *testing.T, api string, environment map[string]string) opened {
	t.Helper()
	environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"] = "AKIABASEBASEBASEBASE", "secret"
	c, err := Config{
		Getenv:   func(name string) string { return environment[name] },
		TaskRoot: t.TempDir(),
		Place:    environ.Place(t.TempDir()),
		Log:      io.Discard,
	}.defaults()
	if err != nil {
		t.Fatal(err)
	}
	o, kind, err := c.open(t.Context(), api, Hardening{})
	if err != nil {
		t.Fatal(kind, err)
	}
	t.Cleanup(func() { o.close(context.Background()) })
	return o
}

const invoke = `{"eventType":"INVOKE","requestId":"r","invokedFunctionArn":"arn:aws:lambda:eu-west-1:123456789012:function:f"}`

func TestLifeEndsWithShutdownAtItsDeadline(t *testing.T) {
	want := time.Now().Add(time.Hour).Truncate(time.Millisecond)
	a := newRuntimeAPI(t, invoke, invoke, fmt.Sprintf(`{"eventType":"SHUTDOWN","shutdownReason":"SPINDOWN","deadlineMs":%d}`, want.UnixMilli()))
	o, c := opens(t, a.address(), map[string]string{}), newClient(a.address(), "remit")
	if _, err := c.register(t.Context()); err != nil {
		t.Fatal(err)
	}
	deadline, err := o.live(t.Context(), c)
	if err != nil || !deadline.Equal(want.Add(-shutdownSlack)) {
		t.Errorf("got %v, %v, want %v", deadline, err, want.Add(-shutdownSlack))
	}
}

func TestLifeEndsWithAnErrorOnAnythingElse(t *testing.T) {
	for name, events := range map[string][]string{
		"the API fails":    {invoke},
		"no JSON":          {"<html>"},
		"an unknown event": {`{"eventType":"RESTORE"}`},
	} {
		a := newRuntimeAPI(t, events...)
		o, c := opens(t, a.address(), map[string]string{}), newClient(a.address(), "remit")
		if _, err := c.register(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, err := o.live(t.Context(), c)
		if err == nil {
			t.Errorf("%s: got no error", name)
			continue
		}
		if err := exitError(c, err); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if len(a.told) != 1 || !strings.HasPrefix(a.told[0], "exit/error the-id Remit.Runtime {") {
			t.Errorf("%s: Lambda was told %q", name, a.told)
		}
	}
}

func TestTheSecondListenerThatFailsClosesTheFirst(t *testing.T) {
	p := environ.Place(t.TempDir())
	g, err := greet(p, environ.Handshake{}, unheard)
	if err != nil {
		t.Fatal(err)
	}
	defer g.close()
	c, err := Config{
		Getenv: func(name string) string {
			return map[string]string{"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "secret"}[name]
		},
		TaskRoot: t.TempDir(), Place: p, Log: io.Discard,
	}.defaults()
	if err != nil {
		t.Fatal(err)
	}
	if _, kind, err := c.open(t.Context(), "127.0.0.1:1", Hardening{}); err == nil || kind != startError {
		t.Errorf("got %s, %v, want %s", kind, err, startError)
	}
}

func TestBaseCredentialsComeFromTheContainerWhereThereIsOne(t *testing.T) {
	asked := 0
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked++; r.Header.Get("Authorization") != "the-token" {
			http.NotFound(w, r)
			return
		}
		json.NewEncoder(w).Encode(map[string]string{
			"AccessKeyId": "ASIACONTAINER", "SecretAccessKey": "s", "Token": "t",
			"Expiration": time.Now().Add(time.Hour).UTC().Format(time.RFC3339),
		})
	}))
	defer endpoint.Close()
	environment := map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIAOLD", "AWS_SECRET_ACCESS_KEY": "old",
		"AWS_CONTAINER_CREDENTIALS_FULL_URI": endpoint.URL + "/2021-04-23/credentials",
		"AWS_CONTAINER_AUTHORIZATION_TOKEN":  "the-token",
	}
	p, err := base(func(name string) string { return environment[name] })
	if err != nil {
		t.Fatal(err)
	}
	clear(environment) // as after unset
	if asked > 0 {
		t.Error("the network is used before it is needed")
	}
	for range 2 {
		c, err := p.Retrieve(t.Context())
		if err != nil || c.AccessKeyID != "ASIACONTAINER" {
			t.Errorf("got %v, %v", c.AccessKeyID, err)
		}
	}
	if asked != 1 {
		t.Errorf("asked %d times, want once", asked)
	}
}

// TestLifeEndsWhereTheRuntimeAPIIsNotPassedOnAnyMore has the function's one way
// to its events break.
func TestLifeEndsWhereTheRuntimeAPIIsNotPassedOnAnyMore(t *testing.T) {
	waits := make(chan bool, 1)
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/next") {
			waits <- true
			<-r.Context().Done()
			return
		}
		w.Header().Set("Lambda-Extension-Identifier", "the-id")
		io.WriteString(w, `{"functionName":"f"}`)
	}))
	defer api.Close()
	address := strings.TrimPrefix(api.URL, "http://")
	o, c := opens(t, address, map[string]string{"REMIT_RUNTIME_API": "proxy"}), newClient(address, "remit")
	if _, err := c.register(t.Context()); err != nil {
		t.Fatal(err)
	}
	go func() {
		<-waits
		o.passing.proxy.Close()
	}()
	if _, err := o.live(t.Context(), c); err == nil || !strings.Contains(err.Error(), "proxy of the Runtime API") {
		t.Errorf("got %v, want the proxy's end", err)
	}
}

// TestTheRuntimeAPIIsPassedOnToNobodyOfTheFunctions tells of addresses as the
// wrapper does, and has one of them be a process's that had given up new
// privileges, as the function's have.
func TestTheRuntimeAPIIsPassedOnToNobodyOfTheFunctions(t *testing.T) {
	const lambda = "169.254.100.1:9001"
	listen := func() net.Listener {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		return l
	}
	agent, squatted, gone := listen(), listen(), listen()
	gone.Close()
	setpriv, err := exec.LookPath("setpriv")
	if err != nil {
		e2e.Lacks(t, "without setpriv(1) no process can be started so")
	}
	file, err := squatted.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(setpriv, "--no-new-privs", "/bin/cat")
	c.ExtraFiles = []*os.File{file}
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer c.Wait()
	defer in.Close()
	in.Write([]byte("x"))
	out.Read(make([]byte, 1)) // it runs
	squatted.Close()
	file.Close()
	for told, want := range map[string]string{
		"": lambda, lambda: lambda, "127.0.0.1:4444": lambda, "localhost:9000": lambda, "10.0.0.1:9000": lambda, "127.0.0.1:0": lambda, "[::1]:x": lambda,
		agent.Addr().String(): agent.Addr().String(), gone.Addr().String(): gone.Addr().String(), squatted.Addr().String(): lambda,
	} {
		p := &passing{address: "127.0.0.1:4444", api: lambda, ready: make(chan struct{})}
		p.behind(told)
		p.await(func() {})
		for range 2 {
			if got := p.onward(); got != want {
				t.Errorf("%q: it leads to %s, want %s", told, got, want)
			}
		}
	}
}
