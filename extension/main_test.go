package extension_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"

	"github.com/lambda-remit/remit/extension"
	"github.com/lambda-remit/remit/extension/lambdatest"
	"github.com/lambda-remit/remit/layer"
)

// The execution role's keys in these tests.
const (
	roleKey    = "ASIALAMBDATESTROLE00"
	roleSecret = "lambdatest/secret/access/key/0123456789x"
	roleToken  = "lambdatest-session-token-0123456789"
)

func keys() []string {
	return []string{"AWS_ACCESS_KEY_ID=" + roleKey, "AWS_SECRET_ACCESS_KEY=" + roleSecret, "AWS_SESSION_TOKEN=" + roleToken}
}

// TestMain is the function's runtime where lambdatest starts this program as
// one.
func TestMain(m *testing.M) {
	if os.Args[0] == extension.Carrier {
		if err := extension.Carry(); err != nil {
			os.Exit(1)
		}
		return
	}
	if how := os.Getenv("REMIT_TEST_RUNTIME"); how != "" {
		if err := serveFunction(how); err != nil {
			fmt.Fprintln(os.Stderr, "function:", err)
			os.Exit(1)
		}
		return
	}
	code := m.Run()
	if built.dir != "" {
		os.RemoveAll(built.dir)
	}
	os.Exit(code)
}

// built has the layer's programs, compiled once.
var built struct {
	sync.Once
	dir    string
	config layer.Config
	err    error
}

// layerIn unpacks the layer into a fresh directory.
func layerIn(t testing.TB) string {
	t.Helper()
	built.Do(func() {
		for _, arch := range layer.Archs {
			if arch.Go == runtime.GOARCH {
				built.config, built.err = layer.Build(context.Background(), "..", arch)
			}
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	dir := filepath.Join(t.TempDir(), "opt")
	if err := layer.Unpack(dir, built.config); err != nil {
		t.Fatal(err)
	}
	return dir
}

// A sandbox is lambdatest's, and what was logged in it.
type sandbox struct {
	*lambdatest.Sandbox
	layer string
	log   *buffer
}

type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

const grantsNothing = "function: test\ncredentials: {unminted: true}\npermissions: {}\n"

// newSandbox makes a sandbox with the layer and its wrapper; change alters it.
func newSandbox(t testing.TB, change func(c *lambdatest.Config)) *sandbox {
	t.Helper()
	s := &sandbox{layer: layerIn(t), log: new(buffer)}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := lambdatest.Config{
		Layer:    s.layer,
		TaskRoot: t.TempDir(),
		Runtime:  []string{self},
		Env: []string{
			"REMIT_TEST_RUNTIME=1",
			"AWS_LAMBDA_EXEC_WRAPPER=" + filepath.Join(s.layer, "remit/exec"),
			"REMIT_MANIFEST=" + grantsNothing,
		},
		Keys: keys(),
		Log:  s.log,
	}
	if change != nil {
		change(&c)
	}
	s.Sandbox, err = lambdatest.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		if t.Failed() {
			t.Logf("log:\n%s", s.log)
		}
	})
	return s
}

// setEnv replaces a variable of the function's configuration.
func setEnv(c *lambdatest.Config, name, value string) {
	var env []string
	for _, v := range c.Env {
		if !strings.HasPrefix(v, name+"=") {
			env = append(env, v)
		}
	}
	if c.Env = env; value != "" {
		c.Env = append(c.Env, name+"="+value)
	}
}

// do has the function do something and returns what it answers.
func (s *sandbox) do(t testing.TB, what ...string) ([]string, error) {
	t.Helper()
	payload, _ := json.Marshal(what)
	result, err := s.Invoke(t.Context(), lambdatest.Invocation{Payload: payload})
	if err != nil {
		return nil, err
	}
	if result.Error {
		t.Fatalf("%v: function raised %s", what, result.Payload)
	}
	var answer []string
	if err := json.Unmarshal(result.Payload, &answer); err != nil {
		t.Fatalf("%v: %v", what, err)
	}
	return answer, nil
}

// serveFunction is the function: it does what its events say. A runtime that is
// how "restored" waits for that first; "calls" and "hooked" call before it, and
// "hooked" after it; of one that is "threads" ten take events.
func serveFunction(how string) error {
	api := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/"
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}}
	switch how {
	case "agent":
		return serveAgent()
	case "restored", "calls", "hooked":
		if how != "restored" {
			call("in/1")
		}
		resp, err := client.Get(api + "restore/next")
		if err != nil {
			return err
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("restore/next: %s", resp.Status)
		}
		if how == "hooked" { // as a hook does that a runtime calls after a restore
			call("in/hook")
		}
	case "threads":
		failed := make(chan error)
		for range 10 {
			go func() { failed <- serveEvents(client, api+"invocation/") }()
		}
		return <-failed
	}
	return serveEvents(client, api+"invocation/")
}

// serveEvents does what one event after the other says.
func serveEvents(client *http.Client, api string) error {
	for {
		resp, err := client.Get(api + "next")
		if err != nil {
			return err
		}
		event, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			return err
		}
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("next: %s", resp.Status)
		}
		var what []string
		if err := json.Unmarshal(event, &what); err != nil {
			return err
		}
		answer, kind := act(what), "/response"
		body, _ := json.Marshal(answer)
		resp, err = client.Post(api+resp.Header.Get("Lambda-Runtime-Aws-Request-Id")+kind, "application/json", bytes.NewReader(body))
		if err != nil {
			return err
		}
		resp.Body.Close()
	}
}

// act is what the function's code can do.
func act(what []string) []string {
	switch what[0] {
	case "environ":
		return os.Environ()
	case "args":
		return os.Args
	case "read": // a file
		b, err := os.ReadFile(what[1])
		return []string{string(b), fmt.Sprint(err)}
	case "extension": // a file of /proc of the extension
		pid := extensionPID()
		b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), what[1]))
		return []string{string(b), fmt.Sprint(err)}
	case "rename": // a file from one directory to another
		return []string{fmt.Sprint(os.Rename(what[1], what[2]))}
	case "signal": // the extension
		n, _ := strconv.Atoi(what[1])
		pid := extensionPID()
		err := syscall.Kill(pid, syscall.Signal(n))
		time.Sleep(100 * time.Millisecond)
		if len(what) > 2 { // until it has ended: its last words can take a while
			for range 500 {
				if syscall.Kill(pid, 0) != nil {
					break
				}
				time.Sleep(10 * time.Millisecond)
			}
		}
		return []string{fmt.Sprint(err)}
	case "get": // a URL, with headers
		req, err := http.NewRequest(http.MethodGet, what[1], nil)
		if err != nil {
			return []string{"", err.Error()}
		}
		if len(what) > 2 {
			req.Header.Set("Authorization", what[2])
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return []string{"", err.Error()}
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		return []string{resp.Status, string(b)}
	case "call": // GetObject of a key, with a trace id or none
		return call(what[1], what[2:]...)
	case "tunnels": // so many, to an address
		return tunnels(what[1], what[2])
	case "sleep":
		d, _ := time.ParseDuration(what[1])
		time.Sleep(d)
	case "exit":
		os.Exit(3)
	}
	return []string{"done"}
}

// call signs and sends a request for media-eu/KEY as an SDK would that is led to
// the proxy, and returns what is answered, and the token that was in the file. Keys
// in the environment win, as with SDKs.
func call(key string, trace ...string) []string {
	token, err := os.ReadFile(os.Getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"))
	if err != nil {
		return []string{"", err.Error()}
	}
	provider := endpointcreds.New(os.Getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI"), func(o *endpointcreds.Options) { o.AuthorizationToken = string(token) })
	c, err := provider.Retrieve(context.Background())
	if err != nil {
		return []string{"", err.Error()}
	}
	if id := os.Getenv("AWS_ACCESS_KEY_ID"); id != "" {
		c.AccessKeyID, c.SecretAccessKey, c.SessionToken = id, os.Getenv("AWS_SECRET_ACCESS_KEY"), os.Getenv("AWS_SESSION_TOKEN")
	}
	// Of the way in there is only the address: whichever it is, there is one.
	address := cmp.Or(os.Getenv("HTTPS_PROXY"), os.Getenv("AWS_ENDPOINT_URL"))
	r, err := http.NewRequest(http.MethodGet, address+"/media-eu/"+key, nil)
	if err != nil {
		return []string{"", err.Error()}
	}
	const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	r.Header.Set("X-Amz-Content-Sha256", empty)
	if err := v4.NewSigner().SignHTTP(context.Background(), c, r, empty, "s3", os.Getenv("AWS_REGION"), time.Now()); err != nil {
		return []string{"", err.Error()}
	}
	for _, t := range trace {
		r.Header.Set("X-Amzn-Trace-Id", t)
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		return []string{"", err.Error()}
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	return []string{resp.Status, string(b), string(token)}
}

// extensionPID finds the extension as an attacker would: by its command line.
func extensionPID() int {
	root := filepath.Dir(filepath.Dir(os.Getenv("AWS_LAMBDA_EXEC_WRAPPER")))
	paths, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range paths {
		b, _ := os.ReadFile(path)
		if strings.TrimRight(string(b), "\x00") == filepath.Join(root, "extensions/remit") {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			return pid
		}
	}
	return 1 << 30
}
