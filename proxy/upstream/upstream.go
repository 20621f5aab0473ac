// Package upstream sends calls to a service over connections that are kept
// between calls, and across the freezes of a sandbox.
//
// Most calls of a function are small: a header, perhaps a kilobyte of JSON, and
// a kilobyte back. net/http gives each connection two goroutines, which hand a
// request and its answer over four times; on a sandbox's one or two cores that
// is most of what a small call costs. So [Transport] writes a small call and
// reads its answer itself, in the goroutine that asks for it, with net/http's
// own writer and parser. All else goes to an [http.Transport]: bodies that are
// large or whose length is open, calls that wait for 100 Continue or have
// trailers, and what came by HTTP/2.
//
// # What reaches the service
//
// A small call is sent once. It is sent again, over another connection, only
// where the one that it was given had been kept and nothing of an answer has
// come over it: if nothing was written at all, or if the call is a GET, HEAD,
// OPTIONS or TRACE without a body, which may be asked twice (RFC 9110, section
// 9.2.2). So it is with net/http.
//
// A connection that has anything to say while it is idle is not used again:
// its end, or an answer that nobody has asked for.
package upstream

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// smallBody is the largest body of a call that is small. The kernel takes
	// so much without the other end reading, so that who writes it before it
	// reads the answer does not wait for a service that answers first.
	smallBody = 16 << 10

	// maxHeader is how much of a header an answer may have.
	maxHeader = 256 << 10

	// maxInformational is how many informational answers may come before the
	// one that counts.
	maxInformational = 5
)

// A Transport is an [http.RoundTripper]. Its fields must not change once it is
// used.
type Transport struct {
	// Rest sends what is not small, and dials: its DialContext,
	// TLSClientConfig, TLSHandshakeTimeout and IdleConnTimeout count for small
	// calls too. It must have no Proxy.
	Rest *http.Transport

	// MaxIdle is how many connections are kept for small calls, whatever their
	// host. 0 keeps none.
	MaxIdle int

	mu   sync.Mutex
	idle []*conn // the one that was used last is last
	tls  *tls.Config
}

// RoundTrip sends r: see [http.RoundTripper].
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if !t.Small(r) {
		return t.Rest.RoundTrip(r)
	}
	body, err := read(r)
	if err != nil {
		return nil, err
	}
	for {
		c, err := t.take(r)
		if err != nil {
			return nil, err
		}
		resp, err := c.roundTrip(r, body)
		if err == nil || r.Context().Err() != nil {
			return resp, err
		}
		if c.kept && c.in == 0 {
			// What else was kept may be as dead, and each attempt of an SDK's
			// would meet one more of its kind.
			t.CloseIdleConnections()
		}
		again := c.kept && c.in == 0 && (c.out == 0 || len(body) == 0 && safe(r.Method))
		if !again {
			return nil, err
		}
	}
}

// Small reports whether r is sent here, and not by Rest.
func (t *Transport) Small(r *http.Request) bool {
	return r.ProtoMajor < 2 && r.ContentLength >= 0 && r.ContentLength <= smallBody &&
		len(r.TransferEncoding) == 0 && len(r.Trailer) == 0 && !r.Close &&
		r.Header.Get("Expect") == "" && r.Header.Get("Upgrade") == "" && r.Method != http.MethodConnect &&
		(r.URL.Scheme == "https" || r.URL.Scheme == "http") &&
		(r.ContentLength > 0 || r.Body == nil || r.Body == http.NoBody)
}

// safe reports whether a call may be asked twice. (RFC 9110, section 9.2.1.)
func safe(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return true
	}
	return false
}

// read reads r's body, all of it and no more: what reads it may have to say at
// its end that it was not the right one.
func read(r *http.Request) ([]byte, error) {
	if r.ContentLength == 0 {
		return nil, nil
	}
	defer r.Body.Close()
	body := make([]byte, r.ContentLength, r.ContentLength+1)
	if _, err := io.ReadFull(r.Body, body); err != nil {
		return nil, err
	}
	for {
		n, err := r.Body.Read(body[len(body):cap(body)])
		switch {
		case n > 0:
			return nil, fmt.Errorf("the body is longer than the %d bytes that its header says", r.ContentLength)
		case err == io.EOF:
			return body, nil
		case err != nil:
			return nil, err
		}
	}
}

// take returns a connection for r: one that was kept, or else a new one.
func (t *Transport) take(r *http.Request) (*conn, error) {
	trace := httptrace.ContextClientTrace(r.Context())
	if c := t.pop(r.URL.Scheme, r.URL.Host); c != nil {
		c.kept, c.in, c.out, c.head = true, 0, 0, maxHeader
		if trace != nil && trace.GotConn != nil {
			trace.GotConn(httptrace.GotConnInfo{Conn: c.Conn, Reused: true, WasIdle: true})
		}
		return c, nil
	}
	c, err := t.dial(r.Context(), r.URL.Scheme, r.URL.Host)
	if err == nil && trace != nil && trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{Conn: c.Conn})
	}
	return c, err
}

// pop takes the connection to host off idle that was used last and is still
// good. Those that are not, and those that are too old, are closed.
func (t *Transport) pop(scheme, host string) *conn {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.expire()
	for i := len(t.idle) - 1; i >= 0; i-- {
		c := t.idle[i]
		if c.host != host || c.scheme != scheme {
			continue
		}
		t.idle = slices.Delete(t.idle, i, i+1)
		if c.quiet() {
			return c
		}
		c.Conn.Close()
	}
	return nil
}

// expire closes what has been idle for too long. Wall times are compared: a
// sandbox may have been frozen meanwhile, and monotonic time with it. It is
// called with mu held.
func (t *Transport) expire() {
	if t.Rest.IdleConnTimeout <= 0 {
		return
	}
	since := time.Now().Round(0).Add(-t.Rest.IdleConnTimeout)
	n := 0
	for n < len(t.idle) && t.idle[n].since.Before(since) {
		t.idle[n].Conn.Close()
		n++
	}
	t.idle = slices.Delete(t.idle, 0, n)
}

// put keeps c for the next call, if there is room: in the place of the one that
// was used longest ago, if that is all there is.
func (t *Transport) put(c *conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.MaxIdle <= 0 {
		c.Conn.Close()
		return
	}
	if len(t.idle) >= t.MaxIdle {
		t.idle[0].Conn.Close()
		t.idle = slices.Delete(t.idle, 0, 1)
	}
	c.since = time.Now().Round(0)
	t.idle = append(t.idle, c)
}

// CloseIdleConnections closes what is kept.
func (t *Transport) CloseIdleConnections() {
	t.mu.Lock()
	for _, c := range t.idle {
		c.Conn.Close()
	}
	t.idle = nil
	t.mu.Unlock()
	t.Rest.CloseIdleConnections()
}

// dial opens a connection to host.
func (t *Transport) dial(ctx context.Context, scheme, host string) (*conn, error) {
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		name, port = strings.Trim(host, "[]"), "80"
		if scheme == "https" {
			port = "443"
		}
	}
	dial := t.Rest.DialContext
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	nc, err := dial(ctx, "tcp", net.JoinHostPort(name, port))
	if err != nil {
		return nil, err
	}
	if k, ok := nc.(*kept); ok {
		nc = k.Conn // whoever takes a conn looks anyway
	}
	c := &conn{t: t, scheme: scheme, host: host, socket: socketOf(nc)}
	if scheme == "https" {
		secure := tls.Client(nc, t.config(name))
		if d := t.Rest.TLSHandshakeTimeout; d > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, d)
			defer cancel()
		}
		if err := secure.HandshakeContext(ctx); err != nil {
			nc.Close()
			return nil, err
		}
		nc = secure
	}
	c.Conn, c.head = nc, maxHeader
	c.w, c.r = bufio.NewWriter(counted{c}), bufio.NewReader(counted{c})
	return c, nil
}

// config returns the configuration of TLS towards name.
func (t *Transport) config(name string) *tls.Config {
	t.mu.Lock()
	if t.tls == nil {
		t.tls = t.Rest.TLSClientConfig.Clone()
		if t.tls == nil {
			t.tls = new(tls.Config)
		}
		t.tls.NextProtos = []string{"http/1.1"} // what is small needs no more
		if t.tls.ClientSessionCache == nil {
			t.tls.ClientSessionCache = tls.NewLRUClientSessionCache(64)
		}
	}
	c := t.tls.Clone()
	t.mu.Unlock()
	if c.ServerName == "" {
		c.ServerName = name
	}
	return c
}

var errNoAnswer = errors.New("the upstream closed the connection before it answered")
