package mint

import (
	"math"
	"time"
)

// How often one sandbox may ask STS for credentials that are narrower than
// they have to be. The quota is the account's, some hundreds a second, and a
// sandbox cannot see its neighbours: it sees only that STS throttles.
const (
	maxRate  = 1.0              // tokens a second, as long as STS does not throttle
	minRate  = maxRate / 256    // ten thousand sandboxes at this rate are 40 a second
	depth    = 10 * time.Second // as many tokens are saved as come in this time, and at least one
	recovery = 15 * time.Minute // in which a rate doubles again
	once     = time.Second      // throttling within it halves the rate once: a burst is one sign
)

// A budget is a bucket of tokens, one for each request to STS that could be
// done without. Its rate is halved when STS throttles, and doubles every
// [recovery] until it is what it was: many sandboxes so find, together, what
// the quota bears. What was saved is given up with each throttling.
//
// Time is what the wall clock or the monotonic one says, whichever is more, as
// for what is kept: a frozen sandbox asks nothing, and the quota refills
// meanwhile. However the clocks step, no more is saved than depth.
//
// The zero budget is full.
type budget struct {
	tokens, rate float64
	at           time.Time // when they were that; zero: never
	halved       time.Time // when the rate was last; zero: never
}

// take takes a token, if there is one.
func (b *budget) take(now time.Time) bool {
	b.advance(now)
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

// throttled tells that STS, asked at a time, did not want to be, and whether
// that is news.
func (b *budget) throttled(asked, now time.Time) bool {
	b.advance(now)
	b.tokens = 0
	if !b.halved.IsZero() && elapsed(b.halved, asked) < once {
		return false // asked before it could have made a difference
	}
	b.rate, b.halved = max(b.rate/2, minRate), now
	return true
}

// advance adds what has come in until now.
func (b *budget) advance(now time.Time) {
	if b.at.IsZero() {
		b.at, b.rate = now, maxRate
		b.tokens = b.most()
		return
	}
	d := elapsed(b.at, now)
	if d <= 0 {
		return // somebody who looked at the clock later was here first
	}
	// At the rate that was, not at the one that is reached only now.
	b.tokens += b.rate * d.Seconds()
	b.rate = min(b.rate*math.Exp2(d.Seconds()/recovery.Seconds()), maxRate)
	b.tokens = min(b.tokens, b.most())
	b.at = now
}

// most is how many tokens are saved.
func (b *budget) most() float64 { return max(b.rate*depth.Seconds(), 1) }

// elapsed returns how long ago since was: by the wall clock, or by the
// monotonic one where that says more. The wall clock can step back; the
// monotonic clock stands still while a sandbox is frozen.
func elapsed(since, now time.Time) time.Duration {
	return max(now.Sub(since), now.Round(0).Sub(since.Round(0)))
}
