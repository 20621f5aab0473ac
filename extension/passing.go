package extension

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/lambda-remit/remit/extension/runtimeapi"
	"github.com/lambda-remit/remit/extension/sidecar"
)

// How the runtime speaks to Lambda, as REMIT_RUNTIME_API says it.
const (
	direct = "direct" // by itself
	passed = "proxy"  // by way of this process, which reads along
)

// What AWS_LAMBDA_INITIALIZATION_TYPE says. (AWS Lambda Developer Guide,
// "Working with Lambda environment variables".)
const (
	initType  = "AWS_LAMBDA_INITIALIZATION_TYPE"
	snapStart = "snap-start"
	managed   = "lambda-managed-instances"
)

// way returns how the runtime is to speak to Lambda. A restore from a snapshot
// is seen nowhere else, so SnapStart needs the proxy; for all others it adds a
// fraction of a millisecond to an invocation and an id to lines of the log.
func (c Config) way() (string, error) {
	switch way := c.Getenv("REMIT_RUNTIME_API"); way {
	case direct, passed:
		return way, nil
	case "":
		if c.Getenv(initType) == snapStart {
			return passed, nil
		}
		return direct, nil
	default:
		return "", fmt.Errorf("REMIT_RUNTIME_API %q is neither %q nor %q", way, direct, passed)
	}
}

// A passing is the running proxy of the Runtime API.
type passing struct {
	address string
	proxy   *runtimeapi.Proxy
	broken  chan error // has the error of the serving, which ends with close
	serving sync.WaitGroup

	ready chan struct{} // closed once told is known
	once  sync.Once     // closes it
	told  func()        // waits for what the wrapper has to tell
	mu    sync.Mutex    // guards other
	other string        // what another layer's wrapper has put in Lambda's place
	api   string        // where Lambda listens
}

// pass opens a port and passes on what comes there to the Runtime API at
// address. What it sees on the way it tells s.
func (c Config) pass(ctx context.Context, address string, s *sidecar.Sidecar) (*passing, error) {
	l, err := runtimeapi.Listen(ctx)
	if err != nil {
		return nil, fmt.Errorf("proxy of the Runtime API: %w", err)
	}
	p := &passing{address: l.Addr().String(), broken: make(chan error, 1), ready: make(chan struct{}), api: address}
	p.proxy = &runtimeapi.Proxy{
		API:     p.onward,
		Begin:   func(i runtimeapi.Invocation) { s.Begin(i.Trace, i.Request) },
		End:     s.End,
		Restore: s.Restored,

		MaxConns: mostConns(c.Getenv(initType)),
	}
	p.serving.Go(func() { p.broken <- fmt.Errorf("proxy of the Runtime API: %w", p.proxy.Serve(l)) })
	return p, nil
}

// mostConns is how many connections runtimes may have. Those of a Managed
// Instance have some for each of the invocations that they run side by side, of
// which nobody tells an extension how many that can be: it is left a quarter of
// the descriptors.
func mostConns(initType string) int {
	var limit unix.Rlimit
	if initType != managed || unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		return 0
	}
	return int(min(limit.Cur/8, 2048))
}

// failed has an error once nothing is passed on any more. A nil passing never
// fails.
func (p *passing) failed() <-chan error {
	if p == nil {
		return nil
	}
	return p.broken
}

// await has connections wait, each, for told: who makes one has become what the
// wrapper was, and that may have more to tell of where it leads.
func (p *passing) await(told func()) {
	if p != nil {
		p.once.Do(func() {
			p.told = told
			close(p.ready)
		})
	}
}

// behind has the Runtime API passed on to what another layer's wrapper has put
// in its place, where one has: Datadog's stands on a port of its own. What would
// lead out of the sandbox, or back here, is not heeded; Lambda is asked then.
func (p *passing) behind(address string) {
	a, err := netip.ParseAddrPort(address)
	if p == nil || err != nil || !a.Addr().IsLoopback() || a.Port() == 0 || address == p.address || address == p.api {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.other = address
}

// onward is where a connection that is made now leads. Who has been told of is
// asked only if the function has not started it: what outlived an earlier start
// of the sandbox could have taken the port, to answer for the function.
func (p *passing) onward() string {
	<-p.ready
	p.told()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.other == "" {
		return p.api
	}
	if err := sidecar.Outside(netip.MustParseAddrPort(p.other).Port()); err != nil && !errors.Is(err, syscall.ECONNREFUSED) {
		fmt.Fprintf(os.Stderr, "remit: the Runtime API is not passed on to %s: %v\n", p.other, err)
		p.other = ""
		return p.api
	}
	return p.other
}

func (p *passing) close() {
	p.await(func() {}) // of a start that failed
	p.proxy.Close()
	p.serving.Wait()
}
