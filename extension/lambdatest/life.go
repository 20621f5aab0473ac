package lambdatest

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// A life is one start of the sandbox's programs, until they are ended.
type life struct {
	sandbox *Sandbox

	mu         sync.Mutex
	extensions []*extension
	runtime    *runtime
	open       bool // extensions may register
	ending     bool // an exit is no crash
	failure    *Failure

	allIn  chan struct{} // closed when every extension has registered
	failed chan struct{} // closed when failure is set
	over   chan struct{} // closed when nothing is polled any more
}

// A poller waits for events by GET.
type poller struct {
	waits  chan struct{} // has one while it waits
	events chan event
}

func newPoller() poller { return poller{make(chan struct{}, 1), make(chan event)} }

// mark notes that somebody waits.
func (p poller) mark() {
	select {
	case p.waits <- struct{}{}:
	default:
	}
}

// An event is an answer to a poller.
type event struct {
	header http.Header
	body   []byte
}

type extension struct {
	poller
	name       string
	id         string // empty until it registers
	subscribed []string
	process    *process
	registered time.Duration
}

type runtime struct {
	poller
	process *process
	began   time.Time
	asked   time.Duration          // from its beginning until it first asked for an event
	running map[string]chan Result // by the request id of the invocation
	frozen  bool                   // it waits to be restored
	thawed  chan struct{}          // closed when it is
}

func newLife(s *Sandbox) *life {
	return &life{sandbox: s, open: true, allIn: make(chan struct{}), failed: make(chan struct{}), over: make(chan struct{})}
}

// fail ends the start or the invocation. The first failure is the one told.
func (l *life) fail(f Failure) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failure == nil && !l.ending {
		l.failure = &f
		close(l.failed)
	}
}

// await waits for c, for a failure or for the end of the time.
func await[T any](ctx context.Context, l *life, c <-chan T, what string) (got T, err error) {
	select {
	case got = <-c:
		return got, nil
	case <-l.failed:
		return got, l.failure
	case <-ctx.Done():
		return got, &Failure{Type: "Sandbox.Timedout", Text: "waiting for " + what}
	}
}

// init starts everything and waits until all of it waits for events.
func (l *life) init(ctx context.Context) error {
	c := l.sandbox.cfg
	paths, err := extensionsIn(c.Layer)
	if err != nil {
		return err
	}
	l.mu.Lock()
	for _, path := range paths {
		l.extensions = append(l.extensions, &extension{poller: newPoller(), name: filepath.Base(path)})
	}
	l.mu.Unlock()
	for i, path := range paths {
		e := l.extensions[i]
		l.mu.Lock() // it may register before start returns
		e.process, err = l.sandbox.start([]string{path}, l.sandbox.extensionEnv(), func(code int) {
			l.fail(Failure{Type: "Extension.Crash", Text: fmt.Sprintf("%s exited with %d", e.name, code)})
		})
		l.mu.Unlock()
		if err != nil {
			return &Failure{Type: "Extension.LaunchError", Text: err.Error()}
		}
	}
	if len(paths) > 0 {
		if _, err := await(ctx, l, l.allIn, "extensions to register"); err != nil {
			return err
		}
	}
	argv, err := l.sandbox.runtimeArgs()
	if err != nil {
		return err
	}
	r := &runtime{began: time.Now(), poller: newPoller(), running: make(map[string]chan Result), thawed: make(chan struct{})}
	l.mu.Lock()
	l.runtime = r
	l.mu.Unlock()
	r.process, err = l.sandbox.start(argv, l.sandbox.runtimeEnv(), func(code int) {
		l.fail(Failure{Type: "Runtime.ExitError", Text: fmt.Sprintf("the runtime exited with %d", code)})
	})
	if err != nil {
		return &Failure{Type: "Runtime.InvalidEntrypoint", Text: err.Error()}
	}
	err = l.idle(ctx)
	l.mu.Lock()
	l.open = false
	l.mu.Unlock()
	return err
}

// idle waits until the runtime and all extensions wait for events.
func (l *life) idle(ctx context.Context) error {
	if _, err := await(ctx, l, l.runtime.waits, "the runtime to ask for an event"); err != nil {
		return err
	}
	for _, e := range l.extensions {
		if _, err := await(ctx, l, e.waits, e.name+" to ask for an event"); err != nil {
			return err
		}
	}
	// All wait: put the marks back for the one who comes next.
	l.runtime.mark()
	for _, e := range l.extensions {
		e.mark()
	}
	return nil
}

// restore has a runtime that waits to be restored go on, until it waits for an
// event.
func (l *life) restore(ctx context.Context) error {
	l.mu.Lock()
	frozen := l.runtime.frozen
	if frozen {
		l.runtime.frozen = false
		<-l.runtime.waits // for the restore
		close(l.runtime.thawed)
	}
	l.mu.Unlock()
	if !frozen {
		return nil
	}
	return l.idle(ctx)
}

// invoke gives everybody the event and waits until all are idle again.
func (l *life) invoke(ctx context.Context, in Invocation) (Result, error) {
	c := l.sandbox.cfg
	id, trace := newID(), in.Trace
	if trace == "" {
		trace = fmt.Sprintf("Root=1-%08x-%s;Parent=%s;Sampled=0", time.Now().Unix(), rand.Text()[:24], rand.Text()[:16])
	}
	deadline, _ := ctx.Deadline()
	arn := fmt.Sprintf("arn:aws:lambda:%s:%s:function:%s", c.Region, c.Account, c.Name)
	body, _ := json.Marshal(map[string]any{
		"eventType": "INVOKE", "deadlineMs": deadline.UnixMilli(), "requestId": id,
		"invokedFunctionArn": arn,
		"tracing":            map[string]string{"type": "X-Amzn-Trace-Id", "value": trace},
	})
	select {
	case <-l.failed: // since the last invocation
		return Result{}, l.failure
	default:
	}
	answer := make(chan Result, 1)
	l.mu.Lock()
	l.runtime.running[id] = answer
	l.mu.Unlock()
	for _, e := range l.extensions {
		if !slices.Contains(e.subscribed, "INVOKE") {
			continue
		}
		<-e.waits
		if err := l.send(ctx, e.poller, event{http.Header{"Lambda-Extension-Event-Identifier": {newID()}}, body}, e.name); err != nil {
			return Result{}, err
		}
	}
	header := http.Header{
		"Lambda-Runtime-Aws-Request-Id":       {id},
		"Lambda-Runtime-Deadline-Ms":          {strconv.FormatInt(deadline.UnixMilli(), 10)},
		"Lambda-Runtime-Invoked-Function-Arn": {arn},
		"Lambda-Runtime-Trace-Id":             {trace},
	}
	if in.Tenant != "" {
		header["Lambda-Runtime-Aws-Tenant-Id"] = []string{in.Tenant}
	}
	if !c.Managed {
		<-l.runtime.waits
	}
	if err := l.send(ctx, l.runtime.poller, event{header, in.Payload}, "the runtime"); err != nil {
		return Result{}, err
	}
	result, err := await(ctx, l, answer, "the function")
	if err != nil || c.Managed {
		return result, err
	}
	return result, l.idle(ctx)
}

func (l *life) send(ctx context.Context, p poller, e event, name string) error {
	select {
	case p.events <- e:
		return nil
	case <-l.failed:
		return l.failure
	case <-ctx.Done():
		return &Failure{Type: "Sandbox.Timedout", Text: name + " does not take its event"}
	}
}

// end ends everything in limit; at once if limit is zero.
func (l *life) end(reason string, limit time.Duration) Ended {
	began := time.Now()
	deadline := began.Add(limit)
	l.mu.Lock()
	l.ending = true
	l.open = false
	r := l.runtime
	l.mu.Unlock()
	if r != nil && r.process != nil {
		r.process.signal(syscall.SIGTERM)
		r.process.wait(time.Until(began.Add(limit * 3 / 10)))
		r.process.kill()
	}
	body, _ := json.Marshal(map[string]any{"eventType": "SHUTDOWN", "shutdownReason": reason, "deadlineMs": deadline.UnixMilli()})
	var waiting sync.WaitGroup
	for _, e := range l.extensions {
		if e.process == nil {
			continue
		}
		waiting.Go(func() {
			if slices.Contains(e.subscribed, "SHUTDOWN") && limit > 0 {
				ctx, cancel := context.WithDeadline(context.Background(), deadline)
				defer cancel()
				select {
				case e.events <- event{http.Header{"Lambda-Extension-Event-Identifier": {newID()}}, body}:
					e.process.wait(time.Until(deadline))
				case <-e.process.done:
				case <-ctx.Done():
				}
			}
			e.process.kill()
		})
	}
	waiting.Wait()
	close(l.over)
	ended := Ended{Reason: reason, Took: time.Since(began)}
	for _, e := range l.extensions {
		if e.process != nil {
			ended.Programs = append(ended.Programs, Program{e.name, e.registered, e.process.killed, e.process.code})
		}
	}
	if r != nil && r.process != nil {
		ended.Programs = append(ended.Programs, Program{"runtime", 0, r.process.killed, r.process.code})
	}
	return ended
}

// extensionsIn returns the extensions of the layer at dir. One file, which any
// layer can bring, switches all of them off without a word: the emulator looks
// for it.
func extensionsIn(dir string) (paths []string, err error) {
	if dir == "" {
		return nil, nil
	}
	if _, err := os.Stat(filepath.Join(dir, "disable-extensions-jwigqn8j")); err == nil {
		return nil, nil
	}
	entries, err := os.ReadDir(filepath.Join(dir, "extensions"))
	if os.IsNotExist(err) {
		return nil, nil
	}
	for _, entry := range entries {
		if !entry.IsDir() {
			paths = append(paths, filepath.Join(dir, "extensions", entry.Name()))
		}
	}
	return paths, err
}

// newID makes an identifier in the form that Lambda's have.
func newID() string {
	b := make([]byte, 16)
	rand.Read(b)
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
