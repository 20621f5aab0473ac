package e2e

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

var (
	//go:embed sandbox.sh
	sandboxScript []byte
	//go:embed bootstrap.sh
	bootstrapScript []byte
)

// A Function is what Lambda runs: a package, a layer, a configuration.
type Function struct {
	Layer   string            // what lies at /opt; empty: nothing
	Task    string            // what lies at /var/task
	Modules string            // what lies at /var/node_modules, where Node finds it; empty: nothing
	Handler string            // "app.handler"
	Name    string            // the function's
	Env     map[string]string // its configuration
	Keys    aws.Credentials   // its execution role's
	Timeout time.Duration     // zero: 30 s

	// Through is a program that starts all of it, with its arguments; it may
	// take something away from the kernel first.
	Through []string

	// Runtime is the program that Lambda's bootstrap becomes, with its
	// arguments before the handler's name, and Engine what it says to be in
	// AWS_EXECUTION_ENV. Nil: Python with AWS's runtime interface client.
	Runtime []string
	Engine  string
	// Image has the function be an image of its own, with this ENTRYPOINT: there
	// is no bootstrap.
	Image []string
	// Provided has the bootstrap be the package's own program, or the layer's.
	Provided bool
}

// A Sandbox is a function on AWS's Runtime Interface Emulator.
type Sandbox struct {
	dir     string
	process *process
	url     string
}

// Namespaces returns how to start a program in namespaces of its own, or an
// error that says why this machine has none for this user.
func Namespaces() (argv []string, err error) {
	argv = []string{"unshare", "--mount", "--pid", "--fork", "--kill-child=SIGKILL"}
	if os.Getuid() != 0 {
		argv = append(argv, "--user", "--map-root-user")
	}
	// A mount is tried too: some machines allow the namespace and no more.
	try := append(argv[1:len(argv):len(argv)], "sh", "-c", "mount -t tmpfs none /mnt")
	if out, err := exec.Command(argv[0], try...).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("no mount namespace: %w: %s", err, bytes.TrimSpace(out))
	}
	return argv, nil
}

// Run starts f on the emulator, out of the programs in checkout.
func (f Function) Run(ctx context.Context, checkout string) (s *Sandbox, err error) {
	argv, err := Namespaces()
	if err != nil {
		return nil, err
	}
	base, err := exec.Command(filepath.Join(checkout, ".venv/bin/python"), "-c", "import sys; print(sys.base_prefix)").Output()
	if err != nil {
		return nil, fmt.Errorf("%w: run `make setup` first", err)
	}
	s = new(Sandbox)
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	if s.dir, err = os.MkdirTemp("", "remit-sandbox-"); err != nil {
		return s, err
	}
	file := func(name string, content []byte) string {
		path := filepath.Join(s.dir, name)
		if e := os.WriteFile(path, content, 0o755); e != nil && err == nil {
			err = e
		}
		return path
	}
	script, bootstrap := file("sandbox.sh", sandboxScript), file("bootstrap", f.bootstrap())
	if f.Layer == "" {
		f.Layer = filepath.Join(s.dir, "opt")
		if err == nil {
			err = os.Mkdir(f.Layer, 0o755)
		}
	}
	root := filepath.Join(s.dir, "root")
	if err == nil {
		err = os.Mkdir(root, 0o755)
	}
	if err != nil {
		return s, err
	}
	api, err := freeAddress()
	if err != nil {
		return s, err
	}
	front, err := freeAddress()
	if err != nil {
		return s, err
	}
	s.url = "http://" + front

	argv = append(argv, "sh", script, "/var/rapid/aws-lambda-rie", "--runtime-api-address", api,
		"--runtime-interface-emulator-address", front)
	argv = append(append(argv, f.entry()...), f.Handler)
	env := append(f.environ(),
		"ROOT="+root, "LAYER="+f.Layer, "TASK="+f.Task, "MODULES="+f.Modules, "LANG_ROOT="+filepath.Join(checkout, ".venv"),
		"BASE="+strings.TrimSpace(string(base)), "RIE="+filepath.Join(checkout, ".cache/bin/aws-lambda-rie"),
		"BOOTSTRAP="+bootstrap, "UID_OUTSIDE="+strconv.Itoa(os.Getuid()))
	argv = append(f.Through[:len(f.Through):len(f.Through)], argv...)
	if s.process, err = start(env, argv...); err != nil {
		return s, err
	}
	return s, s.process.answering(ctx, "the emulator", s.url+"/", "")
}

// bootstrap is what lies at /var/runtime/bootstrap.
func (f Function) bootstrap() []byte {
	if f.Runtime == nil {
		return bootstrapScript
	}
	// As Lambda's own is written, which hands the wrapper to the shell.
	return fmt.Appendf(nil, "#!/bin/sh\nexport AWS_EXECUTION_ENV=%s\ncd \"$LAMBDA_TASK_ROOT\"\nexec $AWS_LAMBDA_EXEC_WRAPPER %s \"$_HANDLER\"\n", f.Engine, strings.Join(f.Runtime, " "))
}

// entry is what the emulator starts as the runtime.
func (f Function) entry() []string {
	if f.Image != nil {
		return f.Image
	}
	if !f.Provided {
		return []string{"/var/runtime/bootstrap"}
	}
	// Where the package has none, Lambda looks for the layers'.
	if _, err := os.Stat(filepath.Join(f.Layer, "bootstrap")); err == nil {
		return []string{"/opt/bootstrap"}
	}
	return []string{"/var/task/" + f.Handler}
}

// environ is what the emulator hands to the extension and the runtime: all
// that it has itself.
func (f Function) environ() []string {
	timeout := f.Timeout
	if timeout == 0 {
		timeout = 30 * time.Second
	}
	env := []string{
		"PATH=/var/lang/bin:/usr/local/bin:/usr/bin:/bin:/opt/bin", "LANG=en_US.UTF-8", "TZ=:UTC",
		"PYTHONDONTWRITEBYTECODE=1",
		"HOME=/home/sbx_user1051", // as Lambda's /etc/passwd has it, which is not the host's
		"LAMBDA_TASK_ROOT=/var/task", "LAMBDA_RUNTIME_DIR=/var/runtime",
		"AWS_LAMBDA_FUNCTION_NAME=" + f.Name, "AWS_LAMBDA_FUNCTION_VERSION=$LATEST", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=512",
		"AWS_LAMBDA_FUNCTION_TIMEOUT=" + strconv.Itoa(int(timeout.Seconds())),
		"AWS_REGION=" + Region, "AWS_DEFAULT_REGION=" + Region,
		"AWS_ACCESS_KEY_ID=" + f.Keys.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + f.Keys.SecretAccessKey,
		"AWS_SESSION_TOKEN=" + f.Keys.SessionToken,
	}
	for name, value := range f.Env {
		env = append(env, name+"="+value)
	}
	return env
}

// Invoke calls the function and returns the emulator's answer.
func (s *Sandbox) Invoke(ctx context.Context, event []byte) (status int, answer []byte, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/2015-03-31/functions/function/invocations", bytes.NewReader(event))
	if err != nil {
		return 0, nil, err
	}
	a, err := direct.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer a.Body.Close()
	answer, err = io.ReadAll(a.Body)
	return a.StatusCode, answer, err
}

// Log is what the emulator, the extension and the function have written: on
// Lambda, the function's log stream.
func (s *Sandbox) Log() string { return s.process.out.String() }

// Kill ends a program that runs in the sandbox, named by its path, as the
// kernel does where memory runs out.
func (s *Sandbox) Kill(path string) error { return s.Signal(path, syscall.SIGKILL) }

// Signal sends a signal to a program that runs in the sandbox. One that stops it
// has done so when Signal returns.
func (s *Sandbox) Signal(path string, signal syscall.Signal) error {
	found, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return err
	}
	for _, name := range found {
		command, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		if program, _, _ := strings.Cut(string(command), "\x00"); program == path && s.has(pid) {
			if err := syscall.Kill(pid, signal); err != nil || signal != syscall.SIGSTOP {
				return err
			}
			return stopped(pid)
		}
	}
	return fmt.Errorf("no %s runs in the sandbox", path)
}

// stopped waits until all threads of a process have stopped.
func stopped(pid int) error {
	for range 1000 {
		tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
		if err != nil {
			return err
		}
		running := len(tasks) == 0
		for _, task := range tasks {
			stat, err := os.ReadFile(task)
			if err != nil {
				continue // it has ended
			}
			// The state stands behind the name, which is in brackets. (proc(5))
			rest := bytes.TrimSpace(stat[bytes.LastIndexByte(stat, ')')+1:])
			running = running || !bytes.HasPrefix(rest, []byte("T"))
		}
		if !running {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return fmt.Errorf("process %d does not stop", pid)
}

// has reports whether a process is one of the sandbox's: there may be another
// sandbox on this machine.
func (s *Sandbox) has(pid int) bool {
	for pid > 1 {
		if pid == s.process.cmd.Process.Pid {
			return true
		}
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			return false
		}
		// The name, in brackets, may have anything in it. (proc(5))
		rest := string(stat[bytes.LastIndexByte(stat, ')')+1:])
		fields := strings.Fields(rest)
		if len(fields) < 2 {
			return false
		}
		pid, _ = strconv.Atoi(fields[1])
	}
	return false
}

// Close ends the sandbox, and all that runs in it.
func (s *Sandbox) Close() error {
	if s.process != nil {
		s.process.stop(syscall.SIGKILL)
	}
	if s.dir == "" {
		return nil
	}
	return os.RemoveAll(s.dir)
}
