package proxy

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxConns is Server.MaxConns' zero value. Lambda gives a sandbox 1,024
	// descriptors, of which the clients' ends of our connections are as many
	// again. (Lambda Developer Guide, "Lambda quotas".)
	maxConns = 256

	// spareConns may be open beyond them, so that who is one too many hears
	// so in HTTP.
	spareConns = 32

	// idleTime is how long a connection is idle at least before it is closed
	// for another's sake. What a client has just opened or used it is about to
	// use: a burst of new ones would throw each other out.
	idleTime = time.Second

	// busyTime is how long a call waits for others to end. SDKs give an answer
	// 50 s and more.
	busyTime = 10 * time.Second
)

// A crowd bounds what clients have open: who comes when it is full takes the
// place of the connection that has been idle longest, and waits in the
// kernel's queue if none is.
type crowd struct {
	began time.Time
	most  int
	grace time.Duration // how long a connection is idle before it may be closed
	left  chan struct{} // has something when a place may have been left, or somebody fell idle

	mu    sync.Mutex
	seats map[*seat]struct{}
}

// A seat is one connection's place.
type seat struct {
	crowd *crowd
	conn  net.Conn
	idle  atomic.Int64 // since when nothing is being served on it, from crowd.began; 0: something is
}

func newCrowd(most int, grace time.Duration) *crowd {
	return &crowd{began: time.Now(), most: most, grace: grace, left: make(chan struct{}, 1), seats: make(map[*seat]struct{})}
}

// take gives conn a place. It returns nil if closed is first.
func (c *crowd) take(conn net.Conn, closed <-chan struct{}) *seat {
	s := &seat{crowd: c, conn: conn}
	s.rest()
	for {
		c.mu.Lock()
		again := time.Duration(0)
		if len(c.seats) >= c.most {
			again = c.evict()
		}
		if again == 0 {
			c.seats[s] = struct{}{}
		}
		c.mu.Unlock()
		if again == 0 {
			return s
		}
		timer := time.NewTimer(again)
		select {
		case <-c.left:
		case <-timer.C:
		case <-closed:
			return nil
		}
		timer.Stop()
	}
}

// evict closes the connection that has been idle longest, or says when to try
// again. A client that was about to use it finds it closed, as with every
// server that keeps connections for a while, and asks again on another. It is
// called with c.mu held.
func (c *crowd) evict() (again time.Duration) {
	for {
		now := time.Since(c.began)
		var oldest *seat
		var since int64
		for s := range c.seats {
			if at := s.idle.Load(); at != 0 && (oldest == nil || at < since) {
				oldest, since = s, at
			}
		}
		if oldest == nil {
			return busyTime
		}
		if left := c.grace - (now - time.Duration(since)); left > 0 {
			return left
		}
		if oldest.idle.CompareAndSwap(since, 0) { // or a call has just begun on it
			delete(c.seats, oldest)
			oldest.conn.Close()
			return 0
		}
	}
}

// touch says that bytes have come, which may be a call's first.
func (s *seat) touch() {
	if at := s.idle.Load(); at != 0 {
		s.idle.CompareAndSwap(at, int64(time.Since(s.crowd.began)))
	}
}

// rest says that nothing is being served on s.
func (s *seat) rest() {
	s.idle.Store(max(1, int64(time.Since(s.crowd.began))))
	s.crowd.stir()
}

// leave gives the place up. It may be called again.
func (s *seat) leave() {
	s.crowd.mu.Lock()
	delete(s.crowd.seats, s)
	s.crowd.mu.Unlock()
	s.crowd.stir()
}

// stir has who waits for a place look again.
func (c *crowd) stir() {
	select {
	case c.left <- struct{}{}:
	default:
	}
}

// seatOf returns the place of one of the connections that net/http serves.
func seatOf(conn net.Conn) *seat {
	switch c := conn.(type) {
	case *strictConn:
		switch c.Conn.(type) {
		case *tls.Conn, *settlingConn:
			return seatOf(c.Conn)
		}
		return c.seat
	case *settlingConn:
		return seatOf(c.Conn)
	case *tls.Conn:
		if t, ok := c.NetConn().(*tunnelConn); ok {
			return t.seat
		}
	}
	return nil
}

// state is net/http's ConnState. A connection on which nothing has been asked
// yet, or only half a header has come, is as idle as one that is kept.
func (v *serving) state(conn net.Conn, state http.ConnState) {
	s := seatOf(conn)
	if s == nil {
		return
	}
	switch state {
	case http.StateNew, http.StateIdle:
		s.rest()
	case http.StateActive, http.StateHijacked:
		s.idle.Store(0)
	}
}

// enter waits until there is room for one more call, and reports whether there
// is: each has a connection to somewhere while it lasts. Whoever enters leaves.
func (v *serving) enter(ctx context.Context) bool {
	select {
	case v.calls <- struct{}{}:
		return true
	default:
	}
	timer := time.NewTimer(v.patience)
	defer timer.Stop()
	select {
	case v.calls <- struct{}{}:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}

func (v *serving) leave() { <-v.calls }

// enterTunnel reports whether there is room for one more tunnel. A tunnel may
// stay for ever, idle or not: a quarter of all places is the calls' alone.
func (v *serving) enterTunnel() bool {
	if int(v.through.Add(1)) <= cap(v.calls)-cap(v.calls)/4 {
		return true
	}
	v.through.Add(-1)
	return false
}

func (v *serving) leaveTunnel() { v.through.Add(-1) }
