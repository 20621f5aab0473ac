package proxy

import (
	"cmp"
	"context"
	"errors"
	"hash/maphash"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxHeader is far above what services take (S3: 8 KiB) and leaves room
	// for long session tokens.
	maxHeader = 64 << 10

	// headerTime bounds how long a request's header may take from its first
	// byte. There is no idle timeout: a sandbox is frozen between
	// invocations, and a connection that expired meanwhile would be closed
	// under the first call after the thaw.
	headerTime = time.Minute

	// copyBuffer is what an answer's body passes through. It is lent to a call
	// while the call lasts; buffers of connections, which stay, can be small
	// for it. Twice as much gains 3 % at 64 MB, and takes 3 MB for 64 calls.
	copyBuffer = 32 << 10
)

// serving is a Server's state while it serves. It needs no constructor: start
// makes it, once.
type serving struct {
	once    sync.Once
	http    http.Server    // for what clients open, and for the tunnels inside
	plain   http.Transport // for absolute URLs to hosts that are not the cloud's
	tunnels chan net.Conn  // on their way from CONNECT to http
	closed  chan struct{}  // no more tunnels
	serves  atomic.Int32   // calls of Serve
	buffers sync.Pool      // of *[copyBuffer]byte
	passer  Passer         // of tunnels

	seed     maphash.Seed  // of ids
	crowd    *crowd        // what clients have open
	calls    chan struct{} // one for each call and tunnel in progress
	through  atomic.Int32  // tunnels in progress
	paused   atomic.Int32  // clients that were given time before TLS
	patience time.Duration // of a call that finds calls full; 0: busyTime
	grace    time.Duration // 0: idleTime

	mu       sync.Mutex
	stopping bool
	drained  chan struct{}          // closed when open is empty, once somebody waits
	open     map[io.Closer]struct{} // hijacked connections that http does not know
}

// start prepares s to serve.
func (s *Server) start() {
	v := &s.serving
	v.once.Do(func() {
		v.seed = maphash.MakeSeed()
		v.tunnels, v.closed = make(chan net.Conn), make(chan struct{})
		v.open = make(map[io.Closer]struct{})
		most := s.MaxConns
		if most <= 0 {
			most = maxConns
		}
		v.crowd, v.calls = newCrowd(most+spareConns, cmp.Or(v.grace, idleTime)), make(chan struct{}, most)
		v.patience = cmp.Or(v.patience, busyTime)
		v.http.ConnState = v.state
		v.http.Handler = s
		v.http.DisableGeneralOptionsHandler = true // "OPTIONS *" asks nothing of a cloud
		v.http.MaxHeaderBytes = maxHeader
		v.http.ReadHeaderTimeout = headerTime
		v.http.ErrorLog = log.New(io.Discard, "", 0) // What matters is recorded.
		v.http.Protocols = new(http.Protocols)
		v.http.Protocols.SetHTTP1(true)
		v.http.Protocols.SetHTTP2(true)
		v.http.Protocols.SetUnencryptedHTTP2(true) // The JavaScript SDK speaks h2c to its Kinesis endpoint.
		v.plain.DisableCompression = true
		v.plain.MaxIdleConns, v.plain.IdleConnTimeout = 16, time.Minute // A sandbox has 1,024 descriptors.
		v.plain.ExpectContinueTimeout = time.Second
		v.plain.DialContext = func(ctx context.Context, _, addr string) (net.Conn, error) {
			host, digits, err := net.SplitHostPort(addr)
			if err != nil {
				return nil, err
			}
			port, err := strconv.ParseUint(digits, 10, 16)
			if err != nil {
				return nil, err
			}
			return s.dial(ctx, host, uint16(port))
		}
	})
}

// Serve serves the connections of ln until Shutdown or Close, and then returns
// [http.ErrServerClosed]. ln should be on loopback.
func (s *Server) Serve(ln net.Listener) error {
	s.start()
	inner := &tunnelListener{s: s, done: make(chan struct{})}
	ended := make(chan error, 1)
	s.serving.serves.Add(1)
	defer s.serving.serves.Add(-1)
	go func() { ended <- s.serving.http.Serve(inner) }()
	err := s.serving.http.Serve(strictListener{ln, s})
	inner.Close()
	<-ended
	return err
}

// Shutdown stops accepting, lets the calls in progress and the open tunnels
// end, and returns. When ctx ends first, it closes what is left and returns
// ctx's error.
func (s *Server) Shutdown(ctx context.Context) error {
	drained := s.stop()
	err := s.serving.http.Shutdown(ctx)
	if err == nil {
		select {
		case <-drained:
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	if err != nil {
		// Also where no tunnel is open: calls may be.
		err = errors.Join(err, s.closeAll())
		<-drained
	}
	s.serving.plain.CloseIdleConnections()
	return err
}

// Close closes all connections at once.
func (s *Server) Close() error {
	drained := s.stop()
	err := s.closeAll()
	<-drained
	s.serving.plain.CloseIdleConnections()
	return err
}

// stop lets no tunnel begin from here on. The channel it returns is closed
// when the last has ended.
func (s *Server) stop() <-chan struct{} {
	s.start()
	v := &s.serving
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.stopping {
		v.stopping = true
		close(v.closed)
		v.drained = make(chan struct{})
		if len(v.open) == 0 {
			close(v.drained)
		}
	}
	return v.drained
}

// closeAll closes what clients have open.
func (s *Server) closeAll() error {
	err := s.serving.http.Close()
	s.serving.mu.Lock()
	defer s.serving.mu.Unlock()
	for c := range s.serving.open {
		c.Close()
	}
	return err
}

// track has c closed with the server until untrack. It reports false if that
// is closing already.
func (v *serving) track(c io.Closer) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.stopping {
		return false
	}
	v.open[c] = struct{}{}
	return true
}

func (v *serving) untrack(c io.Closer) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.open, c)
	if v.stopping && len(v.open) == 0 {
		close(v.drained)
	}
}

// running reports whether somebody takes what hand gives.
func (v *serving) running() bool { return v.serves.Load() > 0 }

// hand gives c to be served. It reports false if nobody takes it any more.
func (v *serving) hand(c net.Conn) bool {
	timer := time.NewTimer(handshakeTime)
	defer timer.Stop()
	select {
	case v.tunnels <- c:
		return true
	case <-v.closed:
		return false
	case <-timer.C:
		return false // The listener broke under Serve.
	}
}

func (v *serving) buffer() *[copyBuffer]byte {
	if b, ok := v.buffers.Get().(*[copyBuffer]byte); ok {
		return b
	}
	return new([copyBuffer]byte)
}

// A tunnelListener accepts the connections that CONNECT has taken over.
type tunnelListener struct {
	s    *Server
	once sync.Once
	done chan struct{}
}

func (l *tunnelListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.s.serving.tunnels:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *tunnelListener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

func (l *tunnelListener) Addr() net.Addr { return new(tunnelAddr) }

// A strictListener holds what it accepts to HTTP's letter, and bounds how many
// there are. While descriptors have run out, net/http waits between its calls.
type strictListener struct {
	net.Listener
	s *Server
}

func (l strictListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	seat := l.s.serving.crowd.take(c, l.s.serving.closed)
	if seat == nil {
		c.Close()
		return nil, net.ErrClosed
	}
	return &strictConn{Conn: c, s: l.s, prior: true, seat: seat}, nil
}
