package audit

import (
	"slices"
	"time"
)

// A denial that repeats is counted for so many calls, or for so long, whichever
// is first, and so many denials are known at a time.
const (
	maxRepeats  = 64
	repeatCalls = 1000
	repeatTime  = time.Minute
)

// A repeat is a denial that has its line, and what came of it since.
type repeat struct {
	last  Entry
	since time.Time // of its last line
	n     int       // calls without a line
}

// same reports whether e is the denial that r has a line of. The proxy gives
// the same denial the same id; the rest is compared since ids are short.
func (r *repeat) same(e Entry) bool {
	return r.last.ID == e.ID && r.last.RequestID == e.RequestID && r.last.Reason == e.Reason &&
		r.last.Service == e.Service && r.last.Operation == e.Operation && r.last.Host == e.Host && r.last.Status == e.Status &&
		slices.EqualFunc(r.last.Requests[:min(1, len(r.last.Requests))], e.Requests[:min(1, len(e.Requests))], func(a, b Request) bool {
			return a.Action == b.Action && a.Resource == b.Resource
		})
}

// repeats reports whether e is counted and needs no line. It is called with
// l.mu held, like what follows.
func (l *Log) repeats(e Entry) bool {
	if e.ID == "" {
		return false
	}
	if i := slices.IndexFunc(l.denials, func(r *repeat) bool { return r.same(e) }); i >= 0 {
		r := l.denials[i]
		r.last = e
		if r.n++; r.n >= repeatCalls {
			l.tell(r)
			r.since = e.Time
		}
		return true
	}
	if len(l.denials) >= maxRepeats {
		l.tell(l.denials[0])
		l.denials = slices.Delete(l.denials, 0, 1)
	}
	l.denials = append(l.denials, &repeat{last: e, since: e.Time})
	return false
}

// settle writes the lines of the denials that are due at now: of all, if it is
// zero.
func (l *Log) settle(now time.Time) {
	l.denials = slices.DeleteFunc(l.denials, func(r *repeat) bool {
		due := now.IsZero() || now.Sub(r.since) >= repeatTime
		if due {
			l.tell(r)
		}
		return due
	})
}

// tell writes the line of the calls that had none.
func (l *Log) tell(r *repeat) {
	if r.n == 0 {
		return
	}
	e := r.last
	e.Repeated, r.n = r.n, 0
	l.write(appendEntry(nil, e, l.metrics(e)))
}
