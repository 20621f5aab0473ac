package lambdatest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// A process runs in a group of its own, which is ended with it.
type process struct {
	cmd    *exec.Cmd
	began  time.Time
	done   chan struct{} // closed when it has ended
	code   int           // once done
	killed bool
}

// start starts a program and calls ended when it exits.
func (s *Sandbox) start(argv, env []string, ended func(code int)) (*process, error) {
	p := &process{cmd: exec.Command(argv[0], argv[1:]...), done: make(chan struct{}), began: time.Now()}
	p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = env, s.cfg.Log, s.cfg.Log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if s.cfg.User != 0 {
		id := uint32(s.cfg.User)
		p.cmd.SysProcAttr.Credential = &syscall.Credential{Uid: id, Gid: id}
	}
	// What outlives the program may hold its pipes.
	p.cmd.WaitDelay = 100 * time.Millisecond
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		p.cmd.Wait()
		p.code = p.cmd.ProcessState.ExitCode()
		close(p.done)
		ended(p.code)
	}()
	return p, nil
}

func (p *process) signal(sig syscall.Signal) { syscall.Kill(-p.cmd.Process.Pid, sig) }

// wait reports whether p ended in time.
func (p *process) wait(limit time.Duration) bool {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-p.done:
		return true
	case <-timer.C:
		return false
	}
}

// kill ends p if it has not ended.
func (p *process) kill() {
	select {
	case <-p.done:
		return
	default:
	}
	p.killed = true
	p.signal(syscall.SIGKILL)
	<-p.done
}

// runtimeArgs returns how the runtime is started.
func (s *Sandbox) runtimeArgs() ([]string, error) {
	if len(s.cfg.Runtime) > 0 {
		argv := s.cfg.Runtime
		for _, v := range s.cfg.Env {
			if wrapper, ok := strings.CutPrefix(v, "AWS_LAMBDA_EXEC_WRAPPER="); ok && wrapper != "" {
				argv = append([]string{wrapper}, argv...)
			}
		}
		return argv, nil
	}
	// A provided runtime: it has no wrapper.
	for _, path := range []string{filepath.Join(s.cfg.TaskRoot, "bootstrap"), filepath.Join(s.cfg.Layer, "bootstrap")} {
		if _, err := os.Stat(path); err == nil {
			return []string{path}, nil
		}
	}
	return nil, &Failure{Type: "Runtime.InvalidEntrypoint", Text: fmt.Sprintf("couldn't find valid bootstrap(s): [%s/bootstrap %s/bootstrap]", s.cfg.TaskRoot, s.cfg.Layer)}
}

// extensionEnv is what extensions see: the function's configuration and the
// execution role's keys, but nothing of the runtime.
func (s *Sandbox) extensionEnv() []string {
	c := s.cfg
	env := []string{
		"PATH=" + os.Getenv("PATH"), "LANG=en_US.UTF-8", "TZ=:UTC",
		"AWS_REGION=" + c.Region, "AWS_DEFAULT_REGION=" + c.Region,
		"AWS_LAMBDA_FUNCTION_NAME=" + c.Name, "AWS_LAMBDA_FUNCTION_VERSION=$LATEST", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=1769",
		"AWS_LAMBDA_INITIALIZATION_TYPE=" + s.initType(),
		"AWS_LAMBDA_RUNTIME_API=" + s.addr,
	}
	env = append(env, s.keys()...)
	for _, v := range c.Env {
		if !strings.HasPrefix(v, "_") {
			env = append(env, v)
		}
	}
	if c.TaskRoot != "/var/task" {
		// Not Lambda's: how else would they know.
		env = append(env, "LAMBDA_TASK_ROOT="+c.TaskRoot)
	}
	return env
}

func (s *Sandbox) runtimeEnv() []string {
	c := s.cfg
	env := append(s.extensionEnv(),
		"_HANDLER="+c.Handler, "LAMBDA_RUNTIME_DIR=/var/runtime",
		"AWS_EXECUTION_ENV="+c.Engine,
		"AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/"+c.Name, "AWS_LAMBDA_LOG_STREAM_NAME=2026/01/01/[$LATEST]0123456789abcdef",
		"AWS_XRAY_DAEMON_ADDRESS=127.0.0.1:2000", "AWS_XRAY_CONTEXT_MISSING=LOG_ERROR",
	)
	if c.TaskRoot == "/var/task" {
		env = append(env, "LAMBDA_TASK_ROOT="+c.TaskRoot)
	}
	if c.Managed {
		env = append(env, "AWS_LAMBDA_MAX_CONCURRENCY=4") // extensions are not told
	}
	return env
}

func (s *Sandbox) initType() string {
	switch {
	case s.cfg.Managed:
		return "lambda-managed-instances"
	case s.cfg.SnapKeys:
		return "snap-start"
	case s.cfg.Ahead:
		return "provisioned-concurrency"
	}
	return "on-demand"
}

// snapToken is what the container endpoint of SnapStart asks for.
const snapToken = "lambdatest-container-token-0123456789"

func (s *Sandbox) keys() []string {
	if !s.cfg.SnapKeys {
		return s.cfg.Keys
	}
	return []string{
		"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://" + s.addr + "/2021-04-23/credentials",
		"AWS_CONTAINER_AUTHORIZATION_TOKEN=" + snapToken,
	}
}

// key returns one of the execution role's keys.
func (s *Sandbox) key(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range s.cfg.Keys {
		if value, ok := strings.CutPrefix(v, name+"="); ok {
			return value
		}
	}
	return ""
}
