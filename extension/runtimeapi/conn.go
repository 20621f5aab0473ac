package runtimeapi

import (
	"context"
	"io"
	"net"
	"sync"
	"time"
)

// A conn is a connection of the runtime's, and the one to Lambda that stands
// for it.
type conn struct {
	proxy    *Proxy
	down, up *net.TCPConn

	mu      sync.Mutex // guards what follows
	aborted bool
	asked   []call // whose answers have not begun, the oldest in front
}

// bufferSize holds a head, or a piece of a body.
const bufferSize = 32 << 10

// run passes everything on until both sides are done.
func (c *conn) run() {
	defer c.down.Close()
	// As whoever connects to Lambda: no limit of time, no probes.
	up, err := (&net.Dialer{KeepAlive: -1}).DialContext(context.Background(), "tcp", c.proxy.API())
	if err != nil {
		c.down.SetLinger(0) // the nearest to a refused connection
		return
	}
	defer up.Close()
	c.mu.Lock()
	c.up = up.(*net.TCPConn)
	aborted := c.aborted
	c.mu.Unlock()
	if aborted {
		return
	}
	var asking sync.WaitGroup
	asking.Go(func() {
		if read, _ := pass(c.up, c.down, &scanner{head: c.request}, false); read != io.EOF {
			c.abort()
		}
	})
	read, written := pass(c.down, c.up, &scanner{head: c.answer, begin: "HTTP/1."}, true)
	if read != io.EOF || written != nil {
		c.abort()
	}
	asking.Wait()
}

// abort breaks both connections off, as the end that broke did.
func (c *conn) abort() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.aborted = true
	for _, side := range []*net.TCPConn{c.down, c.up} {
		if side != nil {
			side.SetLinger(0)
			side.Close()
		}
	}
}

// pass writes to dst what it reads from src, until one of them ends; an end of
// src in good order it passes on. What s reads along of is told before dst has
// all of it; where hold is set, before dst has any of it.
func pass(dst, src *net.TCPConn, s *scanner, hold bool) (read, written error) {
	buf := make([]byte, bufferSize)
	held := 0 // of a head that is not whole
	for {
		n, err := src.Read(buf[held:])
		fresh := buf[held : held+n]
		held += n
		ready := s.scan(buf[:held])
		if ready == 0 && held == len(buf) {
			s.blind = true
			ready = held
		}
		if err != nil {
			ready = held
		}
		if hold {
			fresh = buf[:ready]
		}
		if _, e := dst.Write(fresh); e != nil {
			return io.EOF, e
		}
		if err == io.EOF {
			dst.CloseWrite()
		}
		if err != nil {
			return err, nil
		}
		held = copy(buf, buf[ready:held])
	}
}

// request notes what is asked, before Lambda can answer it.
func (c *conn) request(h head) (framing, bool) {
	asked, body, ok := h.request()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !ok || len(c.asked) == maxAsked {
		return framing{}, false
	}
	c.asked = append(c.asked, asked)
	return body, true
}

// maxAsked is how many requests may wait for their answers; runtimes have one.
const maxAsked = 64

// answer reports what an answer tells, before the runtime gets it.
func (c *conn) answer(h head) (framing, bool) {
	status, ok := h.status()
	if !ok || status == 101 {
		return framing{}, false
	}
	if status < 200 {
		return framing{}, true // the answer is yet to come
	}
	c.mu.Lock()
	if len(c.asked) == 0 {
		c.mu.Unlock()
		return framing{}, false
	}
	asked := c.asked[0]
	c.asked = c.asked[1:]
	c.mu.Unlock()
	body, ok := h.answer(status, asked.method)
	if !ok {
		return framing{}, false
	}
	p := c.proxy
	switch {
	case asked.kind == next && status == 200 && p.Begin != nil:
		if i, ok := h.invocation(); ok {
			p.Begin(i)
		}
	case asked.kind == restore && status == 200 && p.Restore != nil:
		p.Restore()
	case asked.kind == finish && status == 202 && p.End != nil:
		p.End(asked.id)
	}
	return body, true
}

// A call is a request, as far as its answer has to be understood.
type call struct {
	method string
	kind   kind
	id     string // of the invocation that is finished
}

// A kind is what a call asks for.
type kind int

const (
	other kind = iota
	next
	restore
	finish
)

// unixMilli is the time that a decimal number of milliseconds stands for.
func unixMilli(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}
