package mint

import (
	"math/rand/v2"
	"testing"
	"time"
)

// TestNoMoreTokensAreTakenThanComeIn takes at random times, at random rates:
// in no stretch of time more than were saved and have come in.
func TestNoMoreTokensAreTakenThanComeIn(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var b budget
		start := time.Now()
		now := start
		var taken []time.Duration
		for range 500 {
			now = now.Add(time.Duration(random.Int64N(int64(4 * time.Second >> random.IntN(8)))))
			if random.IntN(20) == 0 {
				b.throttled(now, now)
			}
			if b.take(now) {
				taken = append(taken, now.Sub(start))
			}
		}
		for i, from := range taken {
			for j, to := range taken[i:] {
				if most := maxRate*(depth+to-from).Seconds() + 1e-6; float64(j+1) > most {
					t.Fatalf("took %d tokens in %v, want at most %.1f", j+1, to-from, most)
				}
			}
		}
	}
}

func TestThrottlingHalvesARateWhichRecovers(t *testing.T) {
	var b budget
	now := time.Now()
	if !b.take(now) || b.rate != maxRate {
		t.Fatalf("got rate %v, want a full budget of %v", b.rate, maxRate)
	}
	want := maxRate
	for range 5 {
		now = now.Add(2 * time.Second)
		b.advance(now)
		want = b.rate / 2
		if !b.throttled(now, now) || b.rate != want {
			t.Fatalf("got rate %v, want %v", b.rate, want)
		}
		if b.take(now) {
			t.Fatal("got a token, want what was saved gone")
		}
	}
	for range 15 * 60 {
		now = now.Add(time.Second)
		b.advance(now)
	}
	if got := b.rate / want; got < 1.99 || got > 2.01 {
		t.Errorf("after a quarter of an hour: got %.2f times the rate, want it doubled", got)
	}
	now = now.Add(24 * time.Hour)
	b.advance(now)
	if b.rate != maxRate || b.tokens != b.most() {
		t.Errorf("after a day: got rate %v and %v tokens, want both full", b.rate, b.tokens)
	}
	for range 100 {
		now = now.Add(2 * time.Second)
		b.throttled(now, now)
	}
	if b.rate != minRate {
		t.Errorf("throttled for ever: got rate %v, want %v", b.rate, minRate)
	}
}

func TestABurstThatIsThrottledHalvesOnce(t *testing.T) {
	var b budget
	asked := time.Now()
	for i := range 10 {
		b.throttled(asked, asked.Add(time.Duration(i)*20*time.Millisecond))
	}
	if b.rate < maxRate/2 || b.rate > 0.501*maxRate {
		t.Errorf("got rate %v, want %v", b.rate, maxRate/2)
	}
}

// TestNoClockRefillsABudgetBeyondItsDepth has the wall clock step about, and
// the sandbox frozen, as often as one likes.
func TestNoClockRefillsABudgetBeyondItsDepth(t *testing.T) {
	drain := func(b *budget, now time.Time) (n int) {
		for b.take(now) {
			n++
		}
		return n
	}
	for name, later := range map[string]func(time.Time) time.Time{
		"frozen for a year":         func(now time.Time) time.Time { return now.Round(0).AddDate(1, 0, 0) },
		"the wall clock steps back": func(now time.Time) time.Time { return now.Round(0).AddDate(-1, 0, 0) },
		"nothing":                   func(now time.Time) time.Time { return now },
	} {
		var b budget
		now := time.Now()
		if n := drain(&b, now); n != 10 {
			t.Fatalf("got %d tokens at first, want 10", n)
		}
		then := later(now)
		n := drain(&b, then)
		want := 0
		if then.After(now) {
			want = 10
		}
		if n != want {
			t.Errorf("%s: got %d tokens, want %d", name, n, want)
		}
		// Somebody who read the clock earlier and comes late takes nothing twice.
		if n := drain(&b, now) + drain(&b, then); n > 0 {
			t.Errorf("%s: then got %d more", name, n)
		}
	}
}
