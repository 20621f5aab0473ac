package sidecar

import (
	"context"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lambda-remit/remit/proxy"
)

// signs are what a restore from a snapshot is known by where nobody tells of it:
// Lambda tells the runtime alone, and another layer's proxy may stand between
// that and ours, or the runtime may not be what asks.
//
// Before the first invocation, each call looks first. Base credentials are asked
// for again: a sandbox that goes on from a snapshot has others than the one that
// was made it of. And the clocks are compared: while nothing runs, the wall
// clock goes on and the monotonic does not, and what was connected is so no
// longer. The first invocation itself is the last sign, since there is none
// before the snapshot is taken; it is not ordered against the function's own
// calls, and need not be. After that nothing is looked for.
type signs struct {
	mu    sync.Mutex
	over  bool   // the restore was told, or an invocation has begun
	seen  bool   // a restore was, by the credentials
	key   string // the base credentials' when they were last asked for
	clock clock
	now   func() clock // nil: the kernel's
}

// A clock is what the wall clock and the monotonic show at a time.
type clock struct{ wall, mono time.Duration }

// slack is how far the two may drift apart without anything being made of it.
const slack = time.Second

func kernel() (c clock) {
	for id, into := range map[int32]*time.Duration{unix.CLOCK_REALTIME: &c.wall, unix.CLOCK_MONOTONIC: &c.mono} {
		var t unix.Timespec
		if unix.ClockGettime(id, &t) == nil {
			*into = time.Duration(t.Nano())
		}
	}
	return c
}

// jumped reports whether the wall clock went on without the monotonic, or was
// set, between a and b. The zero clock is of no time.
func jumped(a, b clock) bool {
	drift := (b.wall - a.wall) - (b.mono - a.mono)
	return a != clock{} && (drift > slack || drift < -slack)
}

// A watched is a cloud of a sandbox that may go on from a snapshot without its
// being told.
type watched struct {
	proxy.Cloud
	sidecar *Sidecar
}

func (w watched) Read(r *http.Request) (*proxy.Call, error) {
	w.sidecar.look(r.Context())
	return w.Cloud.Read(r)
}

// watch has c look for a restore, where one may come.
func (s *Sidecar) watch(c proxy.Cloud) proxy.Cloud {
	if s.signs == nil {
		return c
	}
	return watched{c, s}
}

// look looks for a restore, and makes all anew if there was one. Whoever calls
// meanwhile waits for that.
func (s *Sidecar) look(ctx context.Context) {
	g := s.signs
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.over {
		return
	}
	read := g.now
	if read == nil {
		read = kernel
	}
	now := read()
	if jumped(g.clock, now) {
		s.disconnect()
	}
	g.clock = now
	if p, ok := s.base.(interface{ Invalidate() }); ok {
		p.Invalidate()
	}
	base, err := s.base.Retrieve(ctx)
	if err != nil {
		return // the call asks once more, and tells its caller
	}
	restored := g.key != "" && g.key != base.AccessKeyID
	g.key = base.AccessKeyID
	if restored {
		g.seen = true
		s.anew()
	}
}

// first is called when an invocation begins: the first one is after a restore,
// that was noticed or not. Nothing is looked for any more.
func (s *Sidecar) first() {
	g := s.signs
	if g == nil {
		return
	}
	g.mu.Lock() // until all is anew: calls wait for it
	defer g.mu.Unlock()
	if !g.over && !g.seen {
		s.anew()
	}
	g.over = true
}
