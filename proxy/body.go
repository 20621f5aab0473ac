package proxy

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// lingerTime and lingerBytes bound what is read of a request after it has
	// been answered. Without it the kernel resets a connection that is closed
	// over unread data, and the reset overtakes the answer: of 15 uploads
	// that were denied without reading on, 10 broke Go's SDK; with 2 s, none.
	lingerTime  = 2 * time.Second
	lingerBytes = 256 << 20

	// smallRest is what net/http itself reads of a body before it answers.
	smallRest = 256 << 10
)

// A meter is a request's body on its way through: it counts, and knows how
// much of it is left. It belongs to the server, so that Close does nothing:
// a transport that is done with it must not keep us from reading on.
type meter struct {
	r       *http.Request // as net/http gave it out: it has the trailers
	body    io.ReadCloser
	expects bool         // the client waits for 100 Continue
	n       atomic.Int64 // bytes read
	started atomic.Bool  // somebody asked for a byte, and so for the 100
	done    atomic.Bool  // all of it was read

	// These are nil unless expects.
	continued chan struct{} // closed when the upstream's answer has begun with an informational one
	over      chan struct{} // closed when the call is over

	answered atomic.Bool // the upstream has begun to answer
	once     sync.Once   // closes continued

	mu      sync.Mutex
	err     error       // that ended it early
	trailer http.Header // filled with the announced trailers at the end
}

// meterBody returns a copy of r with a meter for its body. net/http goes on to
// look at the body of the request it gave out: for whether the client waits
// for 100 Continue, and how much is left. That one has to stay.
func meterBody(r *http.Request) (*http.Request, *meter) {
	m := &meter{r: r, body: http.NoBody}
	r = r.WithContext(r.Context())
	if r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0 {
		// HTTP/2's empty body is not NoBody. Left as it is, it would go on as
		// an empty chunked one, which S3 refuses (411).
		r.Body = http.NoBody
		m.done.Store(true)
		return r, m
	}
	if m.expects = r.Header.Get("Expect") != ""; m.expects {
		m.continued, m.over = make(chan struct{}), make(chan struct{})
	}
	m.body, r.Body = r.Body, m
	return r, m
}

func (m *meter) Read(p []byte) (int, error) {
	// What has begun was asked for, if only by silence: http.Transport does not
	// wait for the 100 for ever. Who lingers would wait for the call's end, and
	// the call for who lingers.
	if m.expects && m.answered.Load() && !m.started.Load() {
		select {
		case <-m.continued:
			// http.Transport asks for the body first and tells of the 100
			// then, from another goroutine: there is something to wait for.
		case <-m.over:
			// The upstream refused without the body. http.Transport sends it
			// all the same, to keep the connection (Go issue 67555), and
			// reading it would have the client send what nobody wants. An
			// error earlier would overtake the answer; after the call it
			// costs the connection alone.
			return 0, errRefusedEarly
		}
	}
	m.started.Store(true)
	n, err := m.body.Read(p)
	total := m.n.Add(int64(n))
	switch {
	case err == io.EOF:
		m.mu.Lock()
		for name := range m.trailer {
			m.trailer[name] = m.r.Trailer[name]
		}
		m.mu.Unlock()
		m.done.Store(true)
	case err != nil:
		m.mu.Lock()
		m.err = err
		m.mu.Unlock()
	case total == m.r.ContentLength:
		m.done.Store(true)
	}
	return n, err
}

func (m *meter) Close() error { return nil }

var errRefusedEarly = errors.New("the upstream answered without the body")

// follow returns ctx for the request that carries m, so that m knows whether
// the upstream asked for it.
func (m *meter) follow(ctx context.Context) context.Context {
	if !m.expects {
		return ctx
	}
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotFirstResponseByte: func() { m.answered.Store(true) },
		Got1xxResponse: func(int, textproto.MIMEHeader) error {
			m.once.Do(func() { close(m.continued) })
			return nil
		},
	})
}

// end releases whoever still waits to read.
func (m *meter) end() {
	if m.over != nil {
		close(m.over)
	}
}

// lost reports whether somebody read the body and left r without one.
func (m *meter) lost(r *http.Request) bool { return r.Body == m && m.started.Load() }

// failure is the error that ended the body early.
func (m *meter) failure() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.err
}

// before is called before an answer is written. It reports whether linger has
// to follow it.
func (m *meter) before(w http.ResponseWriter, r *http.Request) (rest bool) {
	switch {
	case m.done.Load(), r.ProtoMajor != 1:
		// HTTP/2 ends a stream without its neighbours: net/http sends
		// RST_STREAM with NO_ERROR behind the answer (RFC 9113, section 8.1).
		return false
	case m.expects && !m.started.Load():
		// The client holds the body back, and reading would call for it.
		// net/http closes the connection after the answer.
		return false
	case m.failure() != nil:
		w.Header().Set("Connection", "close")
		return false
	}
	rc := http.NewResponseController(w)
	if 0 < r.ContentLength && r.ContentLength < smallRest && !m.started.Load() {
		// net/http reads so little by itself, and keeps the connection.
		rc.SetReadDeadline(time.Now().Add(lingerTime))
		return false
	}
	rc.EnableFullDuplex()
	// Should the rest not end in time, what comes of it later would be taken
	// for the next request.
	w.Header().Set("Connection", "close")
	return true
}

// linger flushes the answer and reads the rest of the request.
func (m *meter) linger(w http.ResponseWriter, rest bool) {
	if !rest {
		return
	}
	rc := http.NewResponseController(w)
	if rc.Flush() != nil {
		return
	}
	rc.SetReadDeadline(time.Now().Add(lingerTime))
	io.CopyN(io.Discard, m, lingerBytes)
}
