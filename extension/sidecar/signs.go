package sidecar

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/lambda-remit/remit/proxy"
)

// signs are what a restore from a snapshot is known by where nobody tells of it:
// Lambda tells the runtime alone, and another layer's proxy may stand between
// that and ours, or the runtime may not be what asks.
//
// Before the first invocation, each call looks first. Base credentials are asked
// for again: a sandbox that goes on from a snapshot has others than the one that
// it was made of. And where some time has gone by since the last call, what is
// kept connected is closed: a snapshot is not taken and restored within that, and
// its connections lead nowhere. The first invocation itself is the last sign,
// since there is none before the snapshot is taken; it is not ordered against the
// function's own calls, and need not be. After that nothing is looked for.
type signs struct {
	mu   sync.Mutex
	over bool             // the restore was told, or an invocation has begun
	seen bool             // a restore was, by the credentials
	key  string           // the base credentials' when they were last asked for
	last time.Time        // a call looked; the wall clock alone, since the other one stands still in a snapshot
	now  func() time.Time // nil: [time.Now]
}

// pause is the longest time between two calls over one connection.
const pause = time.Second

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
	now := time.Now
	if g.now != nil {
		now = g.now
	}
	at := now().Round(0)
	if since := at.Sub(g.last); !g.last.IsZero() && (since > pause || since < 0) {
		s.disconnect()
	}
	g.last = at
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
