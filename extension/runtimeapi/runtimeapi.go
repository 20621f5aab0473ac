// Package runtimeapi stands between a function's runtime and Lambda's Runtime
// API, and knows of an invocation before the runtime does.
//
// A [Proxy] passes on what it reads, byte for byte and in both directions at
// once, each connection over one of its own: long polls, streamed responses and
// their trailers, pipelined requests, connections that are half closed or
// broken off, and whatever Lambda adds to the API. It reads along, and only that:
// of each message the head, to see an invocation's id go by
// (GET /runtime/invocation/next), its end, and a restore from a snapshot
// (GET /runtime/restore/next). An answer that tells one of those is not passed
// on before the function that it is reported to returns.
//
// What it cannot follow (a message that is not plain HTTP/1, a head longer than
// 32 KB, another protocol) it goes on passing and no longer reads: that
// connection reports nothing more. It never changes, adds, drops or delays a
// byte otherwise, so the Host header that the API gets names the proxy.
// (AWS Lambda Developer Guide, "Using the Lambda runtime API for custom
// runtimes".)
package runtimeapi

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

// An Invocation is what the Runtime API tells a runtime with an event.
type Invocation struct {
	Request  string    // its id
	Trace    string    // an X-Amzn-Trace-Id, where there is one
	Function string    // the ARN that was invoked
	Tenant   string    // whose invocation it is, of a function with tenants
	Deadline time.Time // when Lambda ends it; zero where it was not told
}

// A Proxy is one sandbox's. Its fields must not change once it serves.
type Proxy struct {
	// API returns where Lambda listens, "169.254.100.1:9001", or who passes on to
	// it. It is asked for each connection.
	API func() string

	// What is called, and waited for, before the runtime learns of it; nil
	// where it is of no interest. Several may be called at a time.
	Begin   func(Invocation)
	Restore func() // the sandbox goes on from a snapshot

	// End is called once Lambda has taken the invocation's response or its
	// error. Nil: never.
	End func(request string)

	// MaxConns is how many connections there are at a time; more wait to be
	// accepted. Zero: 64. Each takes two descriptors.
	MaxConns int

	mu      sync.Mutex // guards what follows
	front   net.Listener
	open    map[*conn]struct{}
	closed  bool
	serving sync.WaitGroup
}

// maxConns is more than any runtime has that runs one invocation at a time.
const maxConns = 64

// Listen opens a port on loopback, of the kernel's choice, so that nobody can
// have taken it before.
func Listen(ctx context.Context) (net.Listener, error) {
	// Keep-alive probes would be late in a sandbox that was frozen.
	return (&net.ListenConfig{KeepAlive: -1}).Listen(ctx, "tcp", "127.0.0.1:0")
}

// Serve passes on the connections that l accepts, until Close; it closes l.
func (p *Proxy) Serve(l net.Listener) error {
	defer l.Close()
	if !p.begin(l) {
		return net.ErrClosed
	}
	most := p.MaxConns
	if most == 0 {
		most = maxConns
	}
	places := make(chan struct{}, most)
	for {
		places <- struct{}{}
		down, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return err
		}
		if err != nil { // out of descriptors, for now
			<-places
			time.Sleep(10 * time.Millisecond)
			continue
		}
		c := &conn{proxy: p, down: down.(*net.TCPConn)}
		if !p.add(c) {
			down.Close()
			return net.ErrClosed
		}
		p.serving.Go(func() {
			c.run()
			p.remove(c)
			<-places
		})
	}
}

// Close ends the listening and every connection, in the middle of what it was
// passing on.
func (p *Proxy) Close() {
	p.mu.Lock()
	p.closed = true
	if p.front != nil {
		p.front.Close()
	}
	for c := range p.open {
		c.abort()
	}
	p.mu.Unlock()
	p.serving.Wait()
}

func (p *Proxy) begin(l net.Listener) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.front = l
	return !p.closed
}

func (p *Proxy) add(c *conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	if p.open == nil {
		p.open = make(map[*conn]struct{})
	}
	p.open[c] = struct{}{}
	return true
}

func (p *Proxy) remove(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, c)
}
