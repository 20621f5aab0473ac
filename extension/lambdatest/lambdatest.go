// Package lambdatest is Lambda for tests: the Runtime API, the Extensions API,
// and the life of a sandbox between them.
//
// A [Sandbox] starts the extensions of a layer and a function's runtime as
// Lambda does, in Lambda's order, and ends them as Lambda does. It is strict
// where Lambda is, and where AWS's documentation and its Runtime Interface
// Emulator leave something open it takes the harder reading:
//
//   - every file in the layer's extensions directory is started; the runtime is
//     started when all of them have registered, and not before;
//   - the sandbox is ready when the runtime and every extension wait for their
//     next event;
//   - an extension that exits, with any code, or reports an error, fails the
//     start or the running invocation, also if the function has answered;
//   - after a failure or a timeout everything is ended, and the next invocation
//     starts everything again. Nothing cleans up what was written to files;
//   - at the end the runtime has SIGTERM and 30 % of the time, then extensions
//     their SHUTDOWN event with the deadline, and at the deadline SIGKILL.
//
// It acts SnapStart ([Sandbox.Restore]), provisioned concurrency and Managed
// Instances too. It does not freeze processes or limit memory, and where the
// layer does not lie in /opt or the package not in /var/task the programs are
// told by LAMBDA_TASK_ROOT and by their own paths.
package lambdatest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// Config is a function and its layer.
type Config struct {
	Layer    string   // what lies in /opt; empty: nothing does
	TaskRoot string   // what lies in /var/task; empty: /var/task
	Runtime  []string // the program and its arguments that AWS_LAMBDA_EXEC_WRAPPER gets; empty: bootstrap, as on provided runtimes
	Env      []string // the function's configuration
	Keys     []string // the execution role's: AWS_ACCESS_KEY_ID=…, and so on

	Name    string // of the function; empty: "function"
	Region  string // empty: us-east-1
	Account string // empty: 123456789012
	Handler string // empty: "app.handler"
	Engine  string // AWS_EXECUTION_ENV; empty: AWS_Lambda_python3.13

	Timeout  time.Duration // of the function; zero: 3 s
	InitTime time.Duration // in which everything has to start; zero: 10 s
	Managed  bool          // a Managed Instance: no extension may ask for INVOKE, and invocations run side by side
	NoFeat   bool          // an older platform: registration does not tell the account
	SnapKeys bool          // as under SnapStart: Keys are served by a container endpoint; see [Sandbox.Restore]
	Ahead    bool          // provisioned concurrency

	User int       // the user that programs run as, as Lambda's run as 993; zero: this one. Only root can choose
	Log  io.Writer // what the programs write; nil: nowhere
}

// A Failure is an invocation, or a start, that Lambda gives up.
type Failure struct {
	Type     string // "Extension.Crash", "Runtime.ExitError", "Sandbox.Timedout"
	Reported string // the type that an extension or the runtime gave itself
	Text     string
}

func (f *Failure) Error() string {
	text := f.Type
	if f.Reported != "" {
		text += " (" + f.Reported + ")"
	}
	return text + ": " + f.Text
}

// A Result is what the function answered.
type Result struct {
	RequestID string
	Payload   []byte
	Error     bool        // it is an error that the function raised, or that a streamed response ended with
	Streamed  bool        // the runtime called it a stream; Go's does not, and sends what it is given as one
	Trailer   http.Header // how a stream ended
}

// A Sandbox runs one function, one invocation after the other.
type Sandbox struct {
	cfg    Config
	api    *http.Server
	addr   string
	served sync.WaitGroup

	one sync.Mutex // held by the invocation that runs

	mu   sync.Mutex
	life *life // nil before the start and after a failure
	last Ended
}

// New returns a sandbox in which nothing runs yet.
func New(c Config) (*Sandbox, error) {
	def := func(s *string, v string) {
		if *s == "" {
			*s = v
		}
	}
	def(&c.TaskRoot, "/var/task")
	def(&c.Name, "function")
	def(&c.Region, "us-east-1")
	def(&c.Account, "123456789012")
	def(&c.Handler, "app.handler")
	def(&c.Engine, "AWS_Lambda_python3.13")
	if c.Timeout == 0 {
		c.Timeout = 3 * time.Second
	}
	if c.InitTime == 0 {
		c.InitTime = 10 * time.Second
	}
	if c.Log == nil {
		c.Log = io.Discard
	}
	c.Log = &lines{w: c.Log}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Sandbox{cfg: c, addr: l.Addr().String()}
	s.api = &http.Server{Handler: s.handler()}
	s.served.Go(func() { s.api.Serve(l) })
	return s, nil
}

// Address is where the Runtime API and the Extensions API are.
func (s *Sandbox) Address() string { return s.addr }

// Start starts the extensions and the runtime, as Invoke does where nothing
// runs.
func (s *Sandbox) Start(ctx context.Context) error {
	s.one.Lock()
	defer s.one.Unlock()
	_, err := s.alive(ctx)
	return err
}

// Restore has what has started go on from a snapshot, with the execution role's
// newer keys: the runtime's call of /restore/next is answered. What a snapshot
// does to a process's clock and connections it does not act. [Sandbox.Invoke]
// does it too, where nobody did.
func (s *Sandbox) Restore(ctx context.Context, keys []string) error {
	s.one.Lock()
	defer s.one.Unlock()
	l, err := s.alive(ctx)
	if err != nil {
		return err
	}
	return s.restore(ctx, l, keys)
}

func (s *Sandbox) restore(ctx context.Context, l *life, keys []string) error {
	if keys != nil {
		s.mu.Lock()
		s.cfg.Keys = keys
		s.mu.Unlock()
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.InitTime)
	defer cancel()
	err := l.restore(ctx)
	var failure *Failure
	if errors.As(err, &failure) {
		s.end(l, "failure", shutdownTime)
	}
	return err
}

// alive returns the running life, or starts one.
func (s *Sandbox) alive(ctx context.Context) (*life, error) {
	if l := s.current(); l != nil {
		select {
		case <-l.failed:
			if !s.cfg.Managed {
				return l, nil
			}
			s.end(l, "failure", shutdownTime)
		default:
			return l, nil
		}
	}
	l := newLife(s)
	s.mu.Lock()
	s.life = l
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, s.cfg.InitTime)
	defer cancel()
	if err := l.init(ctx); err != nil {
		s.end(l, "failure", 0)
		return nil, err
	}
	return l, nil
}

func (s *Sandbox) current() *life {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.life
}

// An Invocation is one event.
type Invocation struct {
	Payload []byte
	Trace   string // X-Amzn-Trace-Id; empty: one is made
	Tenant  string // whose invocation it is, of a function with tenants
}

// Invoke gives the function an event and waits for its answer, and until the
// runtime and every extension wait for the next one. Where nothing runs it
// starts everything first. A [*Failure] is Lambda's, not the function's.
//
// A Managed Instance takes several at once. What fails there is told to all that
// run; it ends when it is next started or shut down.
func (s *Sandbox) Invoke(ctx context.Context, in Invocation) (Result, error) {
	s.one.Lock()
	l, err := s.alive(ctx)
	if err != nil {
		s.one.Unlock()
		return Result{}, err
	}
	if s.cfg.Managed {
		s.one.Unlock()
		ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
		defer cancel()
		return l.invoke(ctx, in)
	}
	defer s.one.Unlock()
	if err := s.restore(ctx, l, nil); err != nil {
		return Result{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	result, err := l.invoke(ctx, in)
	var failure *Failure
	if errors.As(err, &failure) {
		reason := "failure"
		if failure.Type == "Sandbox.Timedout" {
			reason = "timeout"
		}
		s.end(l, reason, shutdownTime)
	}
	return result, err
}

// shutdownTime is what Lambda gives to a sandbox with external extensions.
const shutdownTime = 2 * time.Second

// Shutdown ends the sandbox as Lambda does when it has been idle for long. It
// can be invoked again.
func (s *Sandbox) Shutdown() Ended {
	s.one.Lock()
	defer s.one.Unlock()
	if l := s.current(); l != nil {
		s.end(l, "spindown", shutdownTime)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

// Last says how the last life ended.
func (s *Sandbox) Last() Ended {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

func (s *Sandbox) end(l *life, reason string, limit time.Duration) {
	ended := l.end(reason, limit)
	s.mu.Lock()
	s.life, s.last = nil, ended
	s.mu.Unlock()
}

// Close ends the sandbox for good.
func (s *Sandbox) Close() error {
	s.Shutdown()
	err := s.api.Close()
	s.served.Wait()
	return err
}

// Ended says how a life ended.
type Ended struct {
	Reason   string
	Took     time.Duration
	Programs []Program
}

// A Program is one that has ended.
type Program struct {
	Name       string
	Registered time.Duration // from exec until it had registered; zero for the runtime
	Killed     bool          // it had to be
	Code       int           // that it exited with; -1 if a signal ended it
}

// Program returns what is known of the program called name.
func (e Ended) Program(name string) (Program, error) {
	for _, p := range e.Programs {
		if p.Name == name {
			return p, nil
		}
	}
	return Program{}, fmt.Errorf("no program %q ran", name)
}

// Registered is how long the extension called name took from exec until it had
// registered, in the life that runs.
func (s *Sandbox) Registered(name string) time.Duration {
	if l := s.current(); l != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, e := range l.extensions {
			if e.name == name {
				return e.registered
			}
		}
	}
	return 0
}

// Asked is how long the runtime took from exec, the wrapper and all, until it
// asked for its first event, in the life that runs.
func (s *Sandbox) Asked() time.Duration {
	if l := s.current(); l != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.runtime != nil {
			return l.runtime.asked
		}
	}
	return 0
}

// lines is a writer that several programs share.
type lines struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}
