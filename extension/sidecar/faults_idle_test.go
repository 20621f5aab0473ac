package sidecar

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/lambda-remit/remit/proxy"
)

// A deaf connection does not hear that the other end has closed it until it
// has been written to again: as a sandbox that was frozen, when the next call
// is there before whoever reads has run.
type deaf struct {
	net.Conn
	once  sync.Once
	wrote chan struct{}
	ended atomic.Bool
}

func (d *deaf) Read(p []byte) (int, error) {
	n, err := d.Conn.Read(p)
	if err != nil {
		d.ended.Store(true)
		<-d.wrote
	}
	return n, err
}

func (d *deaf) Write(p []byte) (int, error) {
	n, err := d.Conn.Write(p)
	if d.ended.Load() {
		d.once.Do(func() { close(d.wrote) })
	}
	return n, err
}

func (d *deaf) Close() error {
	d.once.Do(func() { close(d.wrote) })
	return d.Conn.Close()
}

// NetConn is what was dialled.
func (d *deaf) NetConn() net.Conn { return d.Conn }

// frozen is [Transport] in a sandbox that wakes up deaf. look says whether
// kept connections look before they write.
func frozen(look bool) *http.Transport {
	tr := Transport()
	dial := tr.DialContext
	if !look {
		dial = new(net.Dialer).DialContext
	}
	tr.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &deaf{Conn: c, wrote: make(chan struct{})}, nil
	}
	return tr
}

// leaves answers each call and closes the connection, and says nothing of it.
func leaves(v *visit) {
	v.ok()
	v.Conn.Close()
}

// TestAThawedCallTakesAConnectionThatIsOpen has upstream connections closed
// while the sandbox is frozen. Calls with a body, which net/http does not send
// twice, go through at the first attempt, and arrive once.
func TestAThawedCallTakesAConnectionThatIsOpen(t *testing.T) {
	tr := frozen(true)
	t.Cleanup(tr.CloseIdleConnections)
	f := startFaults(t, leaves, nil, tr)
	for i := range 10 {
		o := put(ways[i%len(ways)], fmt.Sprint(i), "the body")
		if i%2 == 1 {
			o = order{way: o.way, service: "sns", method: "POST", target: "/",
				body:   strings.NewReader("Action=Publish&Version=2010-03-31&Message=m&TopicArn=arn:aws:sns:eu-west-1:123456789012:done"),
				header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}}
		}
		if r := f.call(o); r.status != 200 {
			t.Errorf("call %d: got %v", i, r)
		}
		f.alone() // frozen
	}
	if got := f.site.seen(); len(got) != 10 {
		t.Errorf("the upstream was asked %q, want every call once", got)
	}
	tr.CloseIdleConnections()
}

// TestACallThatMayHaveArrivedIsNotSentAgain has the same go undetected until
// the call is written. It fails with what SDKs try again, and their next
// attempt meets no connection that was kept beside it.
func TestACallThatMayHaveArrivedIsNotSentAgain(t *testing.T) {
	tr := frozen(false)
	t.Cleanup(tr.CloseIdleConnections)
	var together sync.WaitGroup
	together.Add(4)
	f := startFaults(t, func(v *visit) {
		io.Copy(io.Discard, v.Body)
		if v.n <= 4 { // four at a time, so that four connections are kept
			together.Done()
			together.Wait()
		}
		v.ok()
		v.Conn.Close()
	}, nil, tr)
	var calls sync.WaitGroup
	for i := range 4 {
		calls.Go(func() { f.call(put("endpoint", fmt.Sprint(i), "x")) })
	}
	calls.Wait()
	f.alone()
	r := f.call(put("endpoint", "again", "x"))
	if r.status != 503 || !retryable(r) || len(f.site.seen()) != 4 {
		t.Errorf("got %v after %d, want one failure that SDKs try again", r, len(f.site.seen()))
	}
	if e := f.entries(5)[4]; e.Reason != proxy.Unreachable {
		t.Errorf("log: got %+v", e)
	}
	if r := f.call(put("endpoint", "again", "x")); r.status != 200 || len(f.site.seen()) != 5 {
		t.Errorf("the second attempt: got %v after %d", r, len(f.site.seen()))
	}
	tr.CloseIdleConnections()
}

// TestConnectionsThatCloseAtAnyMoment races calls against an upstream that
// closes every connection behind its answer. None arrives twice; one that does
// not arrive fails with what SDKs try again.
func TestConnectionsThatCloseAtAnyMoment(t *testing.T) {
	f := newFaults(t, leaves, nil)
	c := f.client("endpoint")
	failed := 0
	for i := range 300 {
		o := put("endpoint", fmt.Sprint(i), strings.Repeat("x", i*100))
		o.client = c
		r := f.call(o)
		if r.status == 503 && retryable(r) {
			failed++
		} else if r.status != 200 {
			t.Fatalf("call %d: got %v", i, r)
		}
	}
	seen := make(map[string]bool)
	for _, call := range f.site.seen() {
		if seen[call] {
			t.Errorf("%s arrived twice", call)
		}
		seen[call] = true
	}
	if failed > 30 {
		t.Errorf("%d of 300 failed", failed)
	}
	t.Logf("%d of 300 failed", failed)
}
