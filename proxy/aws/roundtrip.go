package aws

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
)

// maxTries is how many connections are tried before one takes a call.
const maxTries = 3

// roundTrip sends out, which is signed. A call of which something may have
// reached the service is never sent again: that is for its SDK to decide.
//
// A sandbox is frozen between invocations, and connections that were kept are
// closed meanwhile. Where net/http finds out before it has written anything, it
// takes another one, if the body can be had again; but not for a PUT or POST
// if it finds out before it begins ("http: server closed idle connection",
// Go issue 19943). Either way the body has not been asked for, and the same one
// will do. Where it finds out too late the call fails, and whatever else was
// kept is closed, or an SDK's every attempt could meet one more of its kind.
func (c *Cloud) roundTrip(out *http.Request, p *particulars) (*http.Response, error) {
	if isWebSocket(out.Header) {
		out.Header["Connection"] = []string{"Upgrade"} // a hop's own, and no matter of a signature
	}
	if t, ok := c.Transport.(interface{ Small(*http.Request) bool }); ok && t.Small(out) {
		return c.Transport.RoundTrip(out) // which keeps to the same by itself
	}
	if out.Body != nil && out.Body != http.NoBody {
		if p.replay {
			out.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(p.body)), nil }
		} else {
			lend(out, out.Body)
		}
	}
	for try := 1; ; try++ {
		var reused, begun atomic.Bool
		resp, err := c.Transport.RoundTrip(out.WithContext(httptrace.WithClientTrace(out.Context(), &httptrace.ClientTrace{
			GotConn: func(i httptrace.GotConnInfo) {
				reused.Store(i.Reused)
				if i.Reused {
					take(i.Conn)
				}
			},
			WroteHeaders: func() { begun.Store(true) },
		})))
		if err == nil || !reused.Load() || out.Context().Err() != nil {
			return resp, err
		}
		if t, ok := c.Transport.(interface{ CloseIdleConnections() }); ok {
			t.CloseIdleConnections()
		}
		if begun.Load() || try == maxTries {
			return nil, err
		}
		if out.GetBody != nil {
			body, gone := out.GetBody()
			if gone != nil {
				return nil, err
			}
			out.Body = body
		}
	}
}

// lend makes body out's, to be taken back as long as nobody has read of it.
func lend(out *http.Request, body io.ReadCloser) {
	l := &lent{ReadCloser: body}
	out.Body = l
	out.GetBody = func() (io.ReadCloser, error) {
		if !l.state.CompareAndSwap(untouched, withdrawn) {
			return nil, errTouched
		}
		l = &lent{ReadCloser: body}
		return l, nil
	}
}

// A lent body is with the transport for one try.
type lent struct {
	io.ReadCloser
	state atomic.Int32
}

const (
	untouched = iota
	read
	withdrawn
)

var errTouched = errors.New("the body has been read from, and cannot be had again")

func (l *lent) Read(p []byte) (int, error) {
	if l.state.CompareAndSwap(untouched, read) || l.state.Load() == read {
		return l.ReadCloser.Read(p)
	}
	return 0, errTouched
}

// take tells a connection that was kept that another request takes it, if it
// wants to know: it may look whether it is still open. A connection may lie
// under TLS.
func take(c net.Conn) {
	for range 4 {
		if t, ok := c.(interface{ Taken() }); ok {
			t.Taken()
			return
		}
		outer, ok := c.(interface{ NetConn() net.Conn })
		if !ok {
			return
		}
		c = outer.NetConn()
	}
}
