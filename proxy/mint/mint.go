// Package mint gets credentials from STS for a policy, and keeps them for
// calls that ask for the same.
//
// A [Minter] assumes a role under a session policy: the credentials it returns
// may do what the role's own policy and the session policy both allow. It
// never asks without a session policy, since the answer would be as wide as
// the role, and never returns credentials that STS did not answer with for
// exactly this [Ask].
//
// What STS answered is kept, by role, session name, policy, tags and duration.
// Calls that ask the same at the same time wait for one answer. Nothing runs
// between calls: Lambda freezes a sandbox for as long as it likes, so expiry
// is checked when credentials are used, by the wall clock and by the monotonic
// one, whichever says that more time has gone by.
//
//	what STS answered   is kept
//	credentials         until 1 minute before they expire; renewed up to
//	                    1/12 of their life earlier, at random, so that
//	                    sandboxes started together do not ask together
//	too large           30 s: the same text is as long the next time
//	refused             5 s: somebody may be mending a policy
//	nothing             1 s
//	throttled           0.5 to 1 s, at random, and not for this Ask alone:
//	                    the quota is the account's
//
// At most 1,000 answers are kept, the least recently used given up first:
// about 2 MB. A request to STS takes at most 10 s, one repetition of the request
// after a broken connection included.
//
// # Where STS is the bottleneck
//
// STS's quota is shared by all sandboxes of an account in a region, and
// credentials that are good for one call alone cost a request each. So a Minter
// has a budget for those that could be done without: [Minter.Narrow] spends a
// token of it on each, one a second and at most ten at once, and returns wider
// ones, that many calls share, when there is none. Each time STS throttles, the
// rate is halved, and what was saved is gone; it doubles again in a quarter of an
// hour. [Minter.Credentials] spends nothing, and widens nothing.
//
// A throttled request is repeated here only for an Ask that is Patient, for 24 s.
// For any other the SDK that is waiting for the call knows best how long it can
// wait.
package mint

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// A Minter assumes roles under session policies. Its fields must not change
// once it mints.
type Minter struct {
	Base   aws.CredentialsProvider // who assumes the roles
	Region string                  // of the STS endpoint

	// Endpoint is dialled in place of AWS's STS, whose host it stands in for;
	// empty: AWS's.
	Endpoint string
	Client   *http.Client // nil: a client of the Minter's own, that heeds no proxy variable

	// Through makes what opens the connections to STS out of what would open
	// them directly: where the owner has a proxy. Nil: directly. It is not
	// asked where Client is set.
	Through func(dial) dial

	start    sync.Once
	sts      *sts.Client
	idle     func() // closes the client's connections that nobody uses
	startErr error

	mu      sync.Mutex // guards what follows
	kept    cache
	flights map[key]*flight
	budget  budget
	busy    *entry // that STS throttled, and until when that is believed; nil: never
	closed  bool
}

// An Ask is what credentials are asked for with.
type Ask struct {
	Role     string        // ARN
	Session  string        // RoleSessionName: see [SessionName]
	Policy   string        // the session policy; never empty
	Duration time.Duration // zero: an hour; at least 15 minutes and, roles being chained, at most an hour
	Tags     map[string]string

	// Least is how long credentials that were kept have to live still: with
	// less, STS is asked anew, and what is kept is returned only where it does
	// not answer. Less than half of Duration, or every Ask is a request.
	Least time.Duration

	// Patient has STS asked again, with growing pauses, for 24 s in which it
	// throttles. It is for credentials that many calls share: there are few
	// such requests, and many calls wait for each.
	Patient bool
}

// What Credentials' errors are, by errors.Is.
var (
	ErrThrottled   = errors.New("STS throttled the request")
	ErrTooLarge    = errors.New("STS finds the session policy too large")
	ErrRefused     = errors.New("STS refused the request")
	ErrUnreachable = errors.New("STS did not answer")
)

// askTime is how long one answer may take: less than an SDK waits for the
// call that needs it, more than two connection attempts.
const askTime = 10 * time.Second

// How a Patient request is repeated: for less than the 30 s after which the
// most hurried SDK gives up on an answer (Java's, by its default), so that with
// three attempts, as most SDKs make, a call lasts through more than a minute of
// throttling. That is how long a thousand sandboxes take that start in one moment
// and are let in sixty a second. The pauses, all of them random, grow up to
// lastPause on the average, so that a thousand that wait ask no more than a
// thousand times a second; who has waited for long asks twice as often, and so
// comes before those who have just begun.
const (
	patient    = 24 * time.Second
	firstPause = 100 * time.Millisecond
	lastPause  = time.Second
	long       = 8 * time.Second
)

var errClosed = fmt.Errorf("%w: it is not asked any more", ErrUnreachable)

// A flight is a request to STS under way. Its credentials and err are written
// before done is closed, and not afterwards.
type flight struct {
	cancel      context.CancelFunc
	patient     bool
	done        chan struct{}
	credentials aws.Credentials
	err         error
}

// Credentials returns credentials that may do what a.Policy and a.Role both
// allow, with at least a minute to live, and how long the caller waited for
// STS; zero where they were kept. Calls that ask the same at the same time
// wait for one answer. A refusal is kept for a few seconds, so that a function
// in a loop does not spend the account's STS quota on it.
//
// The end of ctx ends the waiting, not the request: others may be waiting for
// the same answer, and it is as good for the next call.
func (m *Minter) Credentials(ctx context.Context, a Ask) (aws.Credentials, time.Duration, error) {
	if err := a.check(); err != nil {
		return aws.Credentials{}, 0, err
	}
	if err := ctx.Err(); err != nil {
		return aws.Credentials{}, 0, err
	}
	k, now := a.key(), time.Now()

	m.mu.Lock()
	e := m.kept.get(k)
	if e != nil && elapsed(e.since, now) < e.fresh && e.lasts(a.Least, now) {
		m.mu.Unlock()
		return e.credentials, 0, e.err
	}
	if m.closed {
		m.mu.Unlock()
		return aws.Credentials{}, 0, errClosed
	}
	f := m.flights[k]
	if f == nil && !a.Patient && m.busy != nil && elapsed(m.busy.since, now) < m.busy.fresh {
		busy := m.busy.err
		m.mu.Unlock()
		if e != nil && e.usable(now) {
			return e.credentials, 0, nil
		}
		return aws.Credentials{}, 0, busy
	}
	if f == nil {
		f = m.launch(ctx, k, a)
	}
	m.mu.Unlock()
	c, took, err := m.await(ctx, f, now, false)
	if a.Patient && !f.patient && errors.Is(err, ErrThrottled) {
		// It was somebody else's request, who was in less need.
		var more time.Duration
		c, more, err = m.Credentials(ctx, a)
		took += more
	}
	return c, took, err
}

// launch has STS asked for a. m.mu is held.
func (m *Minter) launch(ctx context.Context, k key, a Ask) *flight {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	f := &flight{cancel: cancel, patient: a.Patient, done: make(chan struct{})}
	if m.flights == nil {
		m.flights = make(map[key]*flight)
	}
	m.flights[k] = f
	// The one goroutine here that its starter does not wait for: it ends
	// within askTime, or patient and that, whatever becomes of those who wait. Close waits.
	go m.fly(ctx, k, a, f)
	return f
}

// fly asks STS, keeps the answer and hands it to all who wait for f.
func (m *Minter) fly(ctx context.Context, k key, a Ask, f *flight) {
	defer f.cancel()
	begun := time.Now()
	var asked time.Time
	var credentials aws.Credentials
	var err error
	for wait := firstPause; ; wait = min(2*wait, lastPause) {
		// From before the request, so that the time it took counts as life spent.
		asked = time.Now()
		once, done := context.WithTimeout(ctx, askTime)
		credentials, err = m.assume(once, a)
		done()
		if !m.again(k, a, asked, err) {
			break
		}
		// At random, since neighbours are throttled at the same moment.
		waited := elapsed(begun, time.Now())
		wait := rand.N(2 * wait)
		if waited > long {
			wait /= 2
		}
		if waited+wait > patient || !pause(ctx, wait) {
			break
		}
	}

	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	if err == nil {
		m.kept.put(keep(k, credentials, asked, a.duration()))
	} else if old := m.kept.get(k); old != nil && old.outlives(err, now) {
		// Asked for early, and in vain: what is kept is as good as it was.
		old.fresh = min(elapsed(old.since, now)+renewal(err), old.lives)
		credentials, err = old.credentials, nil
	} else if !errors.Is(err, ErrThrottled) { // m.busy has that
		m.kept.put(&entry{key: k, err: err, since: now, fresh: patience(err)})
	}
	f.credentials, f.err = credentials, err
	delete(m.flights, k)
	close(f.done)
}

// again notes what became of a request to STS, made at a time, and reports
// whether to make it again.
func (m *Minter) again(k key, a Ask, asked time.Time, err error) bool {
	throttled := errors.Is(err, ErrThrottled)
	if !throttled && !errors.Is(err, ErrUnreachable) {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	// An STS that breaks under its load says so in other ways too.
	m.budget.throttled(asked, now)
	if !throttled {
		return false
	}
	m.busy = &entry{err: err, since: now, fresh: patience(err)}
	old := m.kept.get(k)
	return a.Patient && !m.closed && (old == nil || !old.usable(now))
}

// Forget drops the credentials with an access key that the cloud no longer
// honours.
func (m *Minter) Forget(accessKeyID string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.kept.forget(accessKeyID)
}

// Renew forgets all that STS answered, and closes the connections to it that
// nobody uses: the sandbox goes on from a snapshot, at another time and perhaps
// on another machine, and others go on from the same one.
func (m *Minter) Renew() {
	m.start.Do(func() { m.sts, m.startErr = m.open() })
	if m.idle != nil {
		m.idle()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.kept, m.budget, m.busy = cache{}, budget{}, nil
}

// Close ends the requests to STS that are under way, and closes the Minter's
// own connections. What is kept stays good; STS is not asked again.
func (m *Minter) Close() {
	m.mu.Lock()
	m.closed = true
	var under []*flight
	for _, f := range m.flights {
		f.cancel()
		under = append(under, f)
	}
	m.mu.Unlock()
	for _, f := range under {
		<-f.done
	}
	m.start.Do(func() { m.startErr = errClosed })
	if m.idle != nil {
		m.idle()
	}
}

// Format prints a Minter without the credentials in it, whatever the verb.
func (m *Minter) Format(s fmt.State, verb rune) {
	if m == nil {
		fmt.Fprint(s, "mint.Minter(nil)")
		return
	}
	fmt.Fprintf(s, "mint.Minter(%q)", m.Region)
}
