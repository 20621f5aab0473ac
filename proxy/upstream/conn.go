package upstream

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
	"time"
)

// A conn is a connection to a service. One call at a time has it.
type conn struct {
	net.Conn
	t            *Transport
	scheme, host string
	socket       syscall.RawConn // beneath Conn; nil if it has none
	r            *bufio.Reader
	w            *bufio.Writer
	since        time.Time // when it was kept, by the wall

	// Of the call that has it:
	kept    bool  // from an earlier call
	in, out int64 // bytes read and written
	head    int64 // bytes that may still be read; <0: any number
}

// counted is a conn's bytes.
type counted struct{ c *conn }

var errHeader = fmt.Errorf("the answer's header has more than %d bytes", maxHeader)

func (b counted) Read(p []byte) (int, error) {
	if b.c.head >= 0 {
		if b.c.head == 0 {
			return 0, errHeader
		}
		p = p[:min(int64(len(p)), b.c.head)]
	}
	n, err := b.c.Conn.Read(p)
	b.c.in += int64(n)
	if b.c.head >= 0 {
		b.c.head -= int64(n)
	}
	return n, err
}

func (b counted) Write(p []byte) (int, error) {
	n, err := b.c.Conn.Write(p)
	b.c.out += int64(n)
	return n, err
}

// quiet reports whether c, which is idle, has nothing to say.
func (c *conn) quiet() bool {
	return c.r.Buffered() == 0 && (c.socket == nil || !speaks(c.socket))
}

// roundTrip sends r with body over c, and reads the answer's header. c is kept
// or closed once the answer's body has been.
func (c *conn) roundTrip(r *http.Request, body []byte) (*http.Response, error) {
	stop := context.AfterFunc(r.Context(), func() { c.Conn.Close() })
	resp, err := c.exchange(r, body)
	if err != nil {
		stop()
		c.Conn.Close()
		if e := r.Context().Err(); e != nil {
			return nil, e
		}
		return nil, err
	}
	a := &answer{ReadCloser: resp.Body, c: c, ctx: r.Context(), stop: stop}
	a.keep = !resp.Close && resp.StatusCode >= 200
	if resp.Body == http.NoBody {
		a.end(io.EOF)
		return resp, nil
	}
	resp.Body = a
	return resp, nil
}

// exchange writes r and reads the header of its answer. An answer that comes
// although not all of r could be written counts: a service may refuse early.
func (c *conn) exchange(r *http.Request, body []byte) (*http.Response, error) {
	out := *r
	out.Body = http.NoBody
	if len(body) > 0 {
		out.Body = io.NopCloser(bytes.NewReader(body))
	}
	wrote := out.Write(c.w)
	if wrote == nil {
		wrote = c.w.Flush()
	}
	if wrote != nil && c.out == 0 {
		return nil, wrote
	}
	resp, err := c.header(r)
	switch {
	case err == nil && wrote != nil:
		resp.Close = true // what it has read of the request is not known
	case err != nil && wrote != nil:
		err = wrote
	case c.in == 0 && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)):
		err = errNoAnswer
	}
	return resp, err
}

// header reads the header of the answer that counts.
func (c *conn) header(r *http.Request) (*http.Response, error) {
	for range maxInformational + 1 {
		resp, err := http.ReadResponse(c.r, r)
		if err != nil {
			if c.head == 0 {
				err = errHeader
			}
			return nil, err
		}
		if resp.StatusCode < 100 {
			return nil, fmt.Errorf("status %d is none", resp.StatusCode) // RFC 9110, section 15
		}
		if resp.StatusCode >= 200 || resp.StatusCode == http.StatusSwitchingProtocols {
			c.head = -1
			return resp, nil
		}
	}
	return nil, fmt.Errorf("more than %d informational answers", maxInformational)
}

// An answer is the body of one. Its end gives the connection back.
type answer struct {
	io.ReadCloser
	c    *conn
	ctx  context.Context
	stop func() bool
	keep bool
	err  error // that has ended it
}

func (a *answer) Read(p []byte) (int, error) {
	if a.err != nil {
		return 0, a.err
	}
	n, err := a.ReadCloser.Read(p)
	if err != nil {
		err = a.end(err)
	}
	return n, err
}

// Close closes the connection, unless all of the body was read.
func (a *answer) Close() error {
	if a.err == nil {
		a.end(net.ErrClosed)
	}
	return nil
}

// end is called once, with what Read says from there on.
func (a *answer) end(err error) error {
	cancelled := !a.stop()
	switch {
	case err == io.EOF && a.keep && !cancelled && a.c.r.Buffered() == 0:
		a.c.t.put(a.c)
	default:
		a.c.Conn.Close()
	}
	if e := a.ctx.Err(); e != nil && err != io.EOF {
		err = e
	}
	a.err = err
	return err
}
