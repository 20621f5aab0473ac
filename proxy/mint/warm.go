package mint

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// spread is the longest pause before each request of [Minter.Warm].
const spread = 250 * time.Millisecond

// What Warm does where STS throttles: calls are waiting for the same quota, and
// nobody for Warm.
const (
	firstRest = 10 * time.Second
	lastRest  = time.Minute
)

// Warm asks STS for the credentials of asks, one after the other, so that the
// call that needs them finds them. Before each it pauses, at random, for
// neighbours that were started at the same moment; where STS throttles, for
// longer each time. It returns once it is done, or ctx is, or STS refuses or does
// not answer: whoever needs the credentials asks again, and is told why.
func (m *Minter) Warm(ctx context.Context, asks []Ask) {
	rest := firstRest
	for len(asks) > 0 && pause(ctx, rand.N(spread)) {
		a := asks[0]
		a.Patient = false
		_, _, err := m.Credentials(ctx, a)
		switch {
		case errors.Is(err, ErrThrottled):
			if !pause(ctx, rest/2+rand.N(rest)) {
				return
			}
			rest = min(2*rest, lastRest)
			continue
		case errors.Is(err, ErrRefused), errors.Is(err, ErrUnreachable), ctx.Err() != nil:
			return
		}
		asks = asks[1:]
	}
}

// pause waits for d, and reports whether ctx lasted as long.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
