package mint

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// spread is the longest pause before each request of [Minter.Warm].
const spread = 250 * time.Millisecond

// Warm asks STS for the credentials of asks, one after the other, so that the
// call that needs them finds them. Before each it pauses, at random, for
// neighbours that were started at the same moment. It returns once it is done,
// or ctx is, or STS refuses or does not answer: whoever needs the credentials
// asks again, and is told why.
func (m *Minter) Warm(ctx context.Context, asks []Ask) {
	for _, a := range asks {
		if !pause(ctx, rand.N(spread)) {
			return
		}
		a.Patient = true
		if _, _, err := m.Credentials(ctx, a); errors.Is(err, ErrRefused) || errors.Is(err, ErrUnreachable) {
			return
		}
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
