package life

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/lambda-remit/remit/extension/e2e"
	"github.com/lambda-remit/remit/layer"
)

// asFunction has this program be the function, on AWS's runtime for Go.
const asFunction = "REMIT_TEST_FUNCTION"

var invocations atomic.Int64

// sideBySide is how many of these tests run at a time: most of what they do is
// to wait until Lambda ends what does not end.
const sideBySide = 4

// atEnd is what is to be done after the last test.
var atEnd []func()

func all(m *testing.M) int {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		flag.Set("test.parallel", strconv.Itoa(sideBySide))
	}
	defer func() {
		for _, f := range atEnd {
			f()
		}
	}()
	return m.Run()
}

func TestMain(m *testing.M) {
	switch os.Getenv(asFunction) {
	case "":
		os.Exit(all(m))
	case "stream":
		lambda.Start(func(event struct {
			Pieces []string
			Break  bool
		}) (*events.LambdaFunctionURLStreamingResponse, error) {
			r, w := io.Pipe()
			go func() {
				for _, piece := range event.Pieces {
					io.WriteString(w, piece)
				}
				if event.Break {
					w.CloseWithError(errors.New("broken off on purpose"))
				}
				w.Close()
			}()
			return &events.LambdaFunctionURLStreamingResponse{StatusCode: 200, Body: r}, nil
		})
	}
	switch os.Getenv("INIT") {
	case "raise":
		panic("not started on purpose")
	case "call":
		fmt.Println("at the start:", call(context.Background(), "in/start", false))
	}
	fmt.Println("the function is loaded")
	lambda.Start(function)
}

// function is what testdata/function.py is, which says what that is.
func function(ctx context.Context, event struct {
	Do      string
	Seconds int
	Echo    any
	Key     string
	Trace   bool
}) (map[string]any, error) {
	invocation := invocations.Add(1)
	switch event.Do {
	case "tenant":
		if c, ok := lambdacontext.FromContext(ctx); ok {
			event.Echo = c.TenantID
		}
	case "call":
		event.Echo = call(ctx, event.Key, event.Trace)
	case "raise":
		return nil, errors.New("raised on purpose")
	case "exit":
		os.Exit(3)
	case "sleep":
		fmt.Println("the function waits")
		time.Sleep(time.Duration(cmp.Or(event.Seconds, 60)) * time.Second)
	}
	id, key := os.LookupEnv("AWS_ACCESS_KEY_ID")
	key = key && !strings.HasPrefix(id, "ASIAREMIT") // which AWS does not know
	return map[string]any{"invocation": invocation, "key": key, "echo": event.Echo}, nil
}

// call is what function.py's is. The SDK's trace id is the process's, which the
// runtime sets where invocations come one by one; the invocation's own is in its
// context.
func call(ctx context.Context, key string, trace bool) string {
	c, err := s3Client()
	if err != nil {
		return err.Error()
	}
	var options []func(*s3.Options)
	if header, ok := ctx.Value("x-amzn-trace-id").(string); ok && trace {
		options = append(options, s3.WithAPIOptions(smithyhttp.SetHeaderValue("X-Amzn-Trace-Id", header)))
	}
	_, err = c.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("media-eu"), Key: &key}, options...)
	var refused smithy.APIError
	switch {
	case errors.As(err, &refused):
		return refused.ErrorCode()
	case err != nil:
		return err.Error()
	}
	return "granted"
}

var s3Client = sync.OnceValues(func() (*s3.Client, error) {
	c, err := config.LoadDefaultConfig(context.Background())
	return s3.NewFromConfig(c), err
})

// A client is one of AWS's runtime interface clients, and the function on it.
type client struct {
	name    string
	handler string
	// into puts the function into a package, and what it needs there.
	into    func(t *testing.T, checkout, task string)
	runtime []string // as e2e.Function has it
	engine  string
}

// clients are all of them: Lambda has no others that are in the open.
func clients() []client {
	return []client{
		{name: "Python", handler: "app.handler", into: func(t *testing.T, _, task string) {
			copyFile(t, "testdata/function.py", filepath.Join(task, "app.py"))
		}},
		{name: "Node", handler: "app.handler", engine: "AWS_Lambda_nodejs20.x",
			runtime: []string{node(), "/var/task/node_modules/aws-lambda-ric/index.mjs"},
			into: func(t *testing.T, checkout, task string) {
				for _, tool := range []string{"cmake", "c++"} {
					if _, err := exec.LookPath(tool); err != nil {
						e2e.Lacks(t, "there is no %s here; make setup says so", tool)
					}
				}
				copyFile(t, "testdata/function.cjs", filepath.Join(task, "app.cjs"))
				modules := filepath.Join(checkout, ".cache/ric/node_modules")
				need(t, filepath.Join(modules, "aws-lambda-ric/rapid-client.node"))
				copyTree(t, filepath.Join(modules, "aws-lambda-ric"), filepath.Join(task, "node_modules/aws-lambda-ric"))
				copyTree(t, filepath.Join(modules, "@aws"), filepath.Join(task, "node_modules/@aws"))
			}},
		{name: "Java", handler: "Function::handle", engine: "AWS_Lambda_java17",
			runtime: []string{"/usr/bin/java", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-cp", "/var/task:/var/task/lib/*", "com.amazonaws.services.lambda.runtime.api.client.AWSLambda"},
			into: func(t *testing.T, checkout, task string) {
				if _, err := exec.LookPath("javac"); err != nil {
					e2e.Lacks(t, "there is no Java with Maven here; make setup says so")
				}
				jars := filepath.Join(checkout, ".cache/java-ric")
				need(t, jars)
				copyTree(t, jars, filepath.Join(task, "lib"))
				classes, err := javaClasses()
				if err != nil {
					t.Fatal(err)
				}
				copyTree(t, classes, task)
			}},
		{name: "Rust", handler: "function", into: func(t *testing.T, checkout, task string) {
			program := filepath.Join(checkout, ".cache/rust/function")
			if _, err := exec.LookPath("cargo"); err != nil {
				e2e.Lacks(t, "there is no Cargo here; make setup says so")
			}
			need(t, program)
			copyFile(t, program, filepath.Join(task, "function"))
		}},
		{name: "Go", handler: "function", into: func(t *testing.T, _, task string) {
			self, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			copyFile(t, self, filepath.Join(task, "function"))
		}},
	}
}

func (c client) provided() bool { return c.name == "Rust" || c.name == "Go" }

// node is the path of Node in the sandbox, which has the host's /usr.
func node() string {
	path, err := exec.LookPath("node")
	if err == nil {
		path, err = filepath.EvalSymlinks(path)
	}
	if err != nil {
		return "/usr/bin/node"
	}
	return path
}

// need ends the test where something has not been installed.
func need(t *testing.T, path string) {
	t.Helper()
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%v: run `make setup` first", err)
	}
}

// programs builds the layer, once.
var programs = sync.OnceValues(func() (layer.Config, error) {
	i := slices.IndexFunc(layer.Archs, func(a layer.Arch) bool { return a.Go == runtime.GOARCH })
	if i < 0 {
		return layer.Config{}, fmt.Errorf("no architecture of Lambda is %s", runtime.GOARCH)
	}
	checkout, err := e2e.Checkout()
	if err != nil {
		return layer.Config{}, err
	}
	return layer.Build(context.Background(), checkout, layer.Archs[i])
})

// An attempt is how a function is put into a sandbox.
type attempt struct {
	client
	remit  bool              // with the layer, as its wrapper
	env    map[string]string // of the function's configuration, besides
	change func(opt string)  // takes something of the layer away; nil: nothing
}

const grantsNothing = "function: life\ncredentials: {unminted: true}\npermissions: {}\n"

// start starts the function on the emulator, until the test's end.
func (a attempt) start(t *testing.T) *e2e.Sandbox {
	t.Helper()
	if _, err := e2e.Namespaces(); err != nil {
		e2e.Lacks(t, "the emulator needs the layer at /opt: %v", err)
	}
	checkout, err := e2e.Checkout()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	task, opt := filepath.Join(dir, "task"), ""
	if err := os.Mkdir(task, 0o755); err != nil {
		t.Fatal(err)
	}
	a.into(t, checkout, task)
	env := map[string]string{asFunction: "1"}
	if a.remit {
		c, err := programs()
		if err != nil {
			t.Fatal(err)
		}
		opt = filepath.Join(dir, "opt")
		if err := unpack(opt, c); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(os.Chmod(opt, 0o755), os.WriteFile(filepath.Join(task, "remit.yaml"), []byte(grantsNothing), 0o644)); err != nil {
			t.Fatal(err)
		}
		env["AWS_LAMBDA_EXEC_WRAPPER"] = "/opt/remit/exec"
	}
	for name, value := range a.env {
		env[name] = value
	}
	if a.change != nil {
		a.change(opt)
	}
	s, err := e2e.Function{
		Layer: opt, Task: task, Handler: a.handler, Name: "life", Env: env,
		Keys:    aws.Credentials{AccessKeyID: "ASIALIFELIFELIFELIFE", SecretAccessKey: secret, SessionToken: "life-session-token-0123456789"},
		Timeout: 8 * time.Second, // a JVM on a busy machine starts within
		Runtime: a.runtime, Engine: a.engine, Provided: a.provided(),
	}.Run(t.Context(), checkout)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		if log := s.Log(); t.Failed() {
			t.Logf("the end of the log:\n%s", log[max(0, len(log)-3000):])
		}
	})
	return s
}

const secret = "the/secret/access/key/of/the/role/012345"

// invoke returns what the emulator answers.
func invoke(t *testing.T, s *e2e.Sandbox, event string) string {
	t.Helper()
	status, answer, err := s.Invoke(t.Context(), []byte(event))
	if err != nil {
		t.Error(err)
	}
	return fmt.Sprintf("%d %s", status, strings.TrimSpace(string(answer)))
}

// logged waits until the log has text: it comes through a pipe, and may come
// after an answer.
func logged(s *e2e.Sandbox, text string) bool {
	for begun := time.Now(); !strings.Contains(s.Log(), text); time.Sleep(10 * time.Millisecond) {
		if time.Since(begun) > 30*time.Second {
			return false
		}
	}
	return true
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	program(t, to, content, 0o755)
}

// program writes a file that is to be executed. While it is open for that, no
// other test may fork: the child would have it open too, until it is another
// program, and the kernel executes no file that is being written.
func program(t *testing.T, path string, content []byte, mode os.FileMode) {
	t.Helper()
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := os.WriteFile(path, content, mode); err != nil {
		t.Fatal(err)
	}
}

// unpack writes the layer's files, of which some are executed.
func unpack(dir string, c layer.Config) error {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	return layer.Unpack(dir, c)
}

func copyTree(t *testing.T, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

// javaClasses compiles the function in Java, once, and returns where to.
var javaClasses = sync.OnceValues(func() (string, error) {
	checkout, err := e2e.Checkout()
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "remit-life-")
	if err != nil {
		return "", err
	}
	atEnd = append(atEnd, func() { os.RemoveAll(dir) })
	cache := filepath.Join(checkout, ".cache")
	compile := exec.Command("javac", "-cp", cache+"/java-ric/*:"+cache+"/java/*", "-d", dir, "testdata/Function.java", "testdata/Calls.java")
	if out, err := compile.CombinedOutput(); err != nil {
		return "", fmt.Errorf("javac: %w: %s", err, out)
	}
	return dir, nil
})
