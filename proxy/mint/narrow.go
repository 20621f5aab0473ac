package mint

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// slow is how long a call waits for narrower credentials than those there are.
const slow = time.Second

// Narrow returns credentials for a, while that costs STS nothing or this
// sandbox's budget of requests to STS has one left; else for what wide returns,
// which many calls share. It says which, and how long the caller waited for
// STS. Who asks decides what is wide: a Minter widens nothing by itself.
//
// What wide returns is taken as well where STS throttles the request for a, or
// finds its policy too large; where STS does not answer, or not within a second,
// if it is kept. A refusal is not answered by asking for more.
//
// For what wide returns, STS is asked with patience: see [Ask]. Where it has
// an error, or STS finds its policy too large too, a is asked for whatever the
// budget says: nothing else is left.
func (m *Minter) Narrow(ctx context.Context, a Ask, wide func() (Ask, error)) (c aws.Credentials, narrow bool, took time.Duration, err error) {
	if err := ctx.Err(); err != nil {
		return aws.Credentials{}, true, 0, err
	}
	now := time.Now()
	kept, f, why := m.afford(ctx, a, now)
	if kept != nil {
		return kept.credentials, true, 0, nil
	}
	if why != nil && !widens(why) {
		return aws.Credentials{}, true, 0, why
	}
	w, noWider := wide()
	w.Patient = true
	if f != nil {
		c, took, why = m.await(ctx, f, now, noWider == nil && m.keeps(w))
		if why == nil || !widens(why) {
			return c, true, took, why
		}
	}
	// An STS that was silent once has no second chance to be while a call waits.
	if noWider == nil && (!errors.Is(why, ErrUnreachable) || m.keeps(w)) {
		c, waited, err := m.Credentials(ctx, w)
		took += waited
		if why != nil || !errors.Is(err, ErrTooLarge) {
			return c, false, took, err
		}
	}
	if why != nil {
		return aws.Credentials{}, true, took, why
	}
	c, waited, err := m.Credentials(ctx, a)
	return c, true, took + waited, err
}

// widens reports whether wider credentials may be had where err came instead of
// the narrower ones.
func widens(err error) bool {
	return errors.Is(err, ErrThrottled) || errors.Is(err, ErrTooLarge) || errors.Is(err, ErrUnreachable)
}

// afford returns the credentials that are kept for a, or the request to STS
// that the budget affords, or an error that is kept; or nothing of them.
func (m *Minter) afford(ctx context.Context, a Ask, now time.Time) (*entry, *flight, error) {
	if err := a.check(); err != nil {
		return nil, nil, err
	}
	k := a.key()
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.kept.get(k)
	switch {
	case e != nil && elapsed(e.since, now) < e.fresh:
		if e.err != nil {
			return nil, nil, e.err
		}
		return e, nil, nil
	case m.flights[k] != nil:
		return nil, m.flights[k], nil
	case m.closed:
		return nil, nil, errClosed
	case m.budget.take(now):
		return nil, m.launch(ctx, k, a), nil
	case e != nil && e.usable(now):
		return e, nil, nil // due to be renewed, and as good as it was
	}
	return nil, nil, nil
}

// keeps reports whether there are credentials for a for which nobody would wait.
func (m *Minter) keeps(a Ask) bool {
	k, now := a.key(), time.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.kept.get(k)
	return e != nil && e.err == nil && elapsed(e.since, now) < e.fresh
}

// await waits for f, since a time; where hasty, no longer than [slow].
func (m *Minter) await(ctx context.Context, f *flight, since time.Time, hasty bool) (aws.Credentials, time.Duration, error) {
	var late <-chan time.Time
	if hasty {
		t := time.NewTimer(slow)
		defer t.Stop()
		late = t.C
	}
	select {
	case <-f.done:
		return f.credentials, time.Since(since), f.err
	case <-late:
		return aws.Credentials{}, time.Since(since), fmt.Errorf("%w within %v", ErrUnreachable, slow)
	case <-ctx.Done():
		return aws.Credentials{}, time.Since(since), fmt.Errorf("waiting for STS: %w", ctx.Err())
	}
}
