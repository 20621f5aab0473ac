package sidecar

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
	"github.com/lambda-remit/remit/proxy/audit"
	"github.com/lambda-remit/remit/proxy/aws/awstest"
)

// fetching is a call with a key of its own.
func fetching(i int) order {
	return order{way: ways[i%len(ways)], method: "GET", target: fmt.Sprintf("/media/in/%d", i)}
}

// settle waits until the sidecar has warmed up.
func (f *faultRig) settle() {
	f.Warm()
	f.warming.Wait()
}

// TestWhateverSTSSaysAfterwardsCallsFindTheirGrantsCredentials has STS answer
// for as long as the sidecar warms up, and then throttle everything, or break,
// or be silent: every call of the default's goes out all the same, under
// credentials of its grants.
func TestWhateverSTSSaysAfterwardsCallsFindTheirGrantsCredentials(t *testing.T) {
	for name, then := range map[string]func(http.ResponseWriter, *http.Request) bool{
		"it throttles": awstest.Throttle(),
		"it breaks":    awstest.Fail(500, "InternalFailure", "sorry"),
		"it hangs up":  func(http.ResponseWriter, *http.Request) bool { panic(http.ErrAbortHandler) },
		"it is silent": awstest.Slow(time.Minute),
	} {
		t.Run(name, func(t *testing.T) {
			var turned atomic.Bool
			var tried atomic.Int32
			f := adaptiveFaults(t, "", func(w http.ResponseWriter, r *http.Request) bool {
				if !turned.Load() {
					return false
				}
				tried.Add(1)
				return then(w, r)
			})
			f.settle()
			warmed := f.sts.Asked()
			if len(warmed) != 4 {
				t.Fatalf("warming up asked %d times, want once for each of 4 grants", len(warmed))
			}
			turned.Store(true)
			began := time.Now()
			const calls = 40
			var all sync.WaitGroup
			for i := range calls {
				all.Go(func() {
					if r := f.call(fetching(i)); r.status != 200 || r.took > 3*patience {
						t.Errorf("call %d: got %v", i, r)
					}
				})
			}
			all.Wait()
			for _, e := range f.entries(calls) {
				if e.Width != manifest.WidthGrant || e.AccessKeyID != warmed[0].Issued.AccessKeyID || e.Status != 200 {
					t.Errorf("log: got width %q under %s, status %d, want the grant's %s", e.Width, e.AccessKeyID, e.Status, warmed[0].Issued.AccessKeyID)
				}
			}
			// Ten are saved, and one more each second; a broken connection has each
			// tried again, by the SDK and now and then by net/http.
			saved := 10 + int32(time.Since(began)/time.Second)
			if n := tried.Load(); n > 3*saved+5 {
				t.Errorf("STS was asked %d times for %d calls, want no more than the budget has: %d", n, calls, saved)
			}
		})
	}
}

// TestCallsAreAsNarrowAsTheBudgetLasts has an STS that never throttles: the
// first calls go out under credentials of their own, and the others under the
// grant's. A call that was minted for stays as it was.
func TestCallsAreAsNarrowAsTheBudgetLasts(t *testing.T) {
	f := adaptiveFaults(t, "", nil)
	f.settle()
	const calls = 40
	for i := range calls {
		if r := f.call(fetching(i)); r.status != 200 {
			t.Fatalf("call %d: got %v", i, r)
		}
	}
	width := func(from int) (n int) {
		for _, e := range f.entries(from + calls)[from:] {
			if e.Width == manifest.WidthCall {
				n++
			}
		}
		return n
	}
	narrow := width(0)
	if narrow < 10 || narrow > 20 || len(f.sts.Asked()) != 4+narrow {
		t.Errorf("got %d of %d calls narrow by %d requests, want about 10 and the 4 grants'", narrow, calls, len(f.sts.Asked()))
	}
	for i := range calls {
		f.call(fetching(i))
	}
	if again := width(calls); again < narrow {
		t.Errorf("the same calls again: got %d narrow, want at least %d", again, narrow)
	}
	// None is wider than the manifest's grant for it.
	for _, a := range f.sts.Asked() {
		if strings.Contains(a.Policy, "GetObject") && !strings.Contains(a.Policy, `"arn:aws:s3:::media/in/`) {
			t.Errorf("STS was asked for %s", a.Policy)
		}
	}
}

// TestWhatMustNeverWidenDoesNot has an attacker burn the budget, and STS
// throttle: a grant that says `mint: call` is minted for by the call, or denied
// so that SDKs try again.
func TestWhatMustNeverWidenDoesNot(t *testing.T) {
	var turned atomic.Bool
	throttle := awstest.Throttle()
	f := adaptiveFaults(t, ", mint: call", func(w http.ResponseWriter, r *http.Request) bool {
		return turned.Load() && throttle(w, r)
	})
	f.settle()
	if got := len(f.sts.Asked()); got != 2 {
		t.Errorf("warming up asked %d times, want only for the grants that may widen", got)
	}
	const calls = 40
	for i := range calls {
		if r := f.call(fetching(i)); r.status != 200 {
			t.Fatalf("call %d: got %v", i, r)
		}
	}
	for _, e := range f.entries(calls) {
		if e.Width != manifest.WidthCall {
			t.Errorf("log: got width %q, want call", e.Width)
		}
	}
	turned.Store(true)
	for i := range 3 {
		if r := f.call(fetching(calls + i)); r.status != 503 || !retryable(r) || r.took > patience {
			t.Errorf("throttled: got %v, want an error to be tried again, at once", r)
		}
	}
	for _, e := range f.entries(calls + 3)[calls:] {
		if e.Reason != proxy.Throttled || e.AccessKeyID != "" || e.Width != manifest.WidthCall {
			t.Errorf("log: got %s, width %q, under %q", e.Reason, e.Width, e.AccessKeyID)
		}
	}
	if got := len(f.site.seen()); got != calls {
		t.Errorf("the upstream was asked %d times, want %d", got, calls)
	}
	// One that was minted for is as good as before.
	if r := f.call(fetching(0)); r.status != 200 {
		t.Errorf("kept: got %v", r)
	}
}

// TestWithNothingKeptAThrottledCallMayBeTriedAgain has STS throttle from the
// start.
func TestWithNothingKeptAThrottledCallMayBeTriedAgain(t *testing.T) {
	f := adaptiveFaults(t, "", awstest.Throttle())
	if r := f.call(fetching(1)); r.status != 503 || !retryable(r) {
		t.Errorf("got %v, want an error to be tried again", r)
	}
	if e := f.entries(1)[0]; e.Reason != proxy.Throttled || e.AccessKeyID != "" {
		t.Errorf("log: got %s under %q", e.Reason, e.AccessKeyID)
	}
}

// TestClosingEndsTheWarming closes while STS is silent, and before and after
// the warming: see [faultRig.stop], which waits until nothing is left.
func TestClosingEndsTheWarming(t *testing.T) {
	for _, when := range []time.Duration{0, 300 * time.Millisecond} {
		f := adaptiveFaults(t, "", awstest.Slow(time.Minute))
		f.Warm()
		time.Sleep(when)
		began := time.Now()
		f.stop()
		if took := time.Since(began); took > patience {
			t.Errorf("after %v: closing took %v", when, took)
		}
		f.Warm()
	}
}

// TestTheStartSaysThatNobodyLookedAtTheRole holds the line of the start to what
// is known: a role that is named may have any policy.
func TestTheStartSaysThatNobodyLookedAtTheRole(t *testing.T) {
	f := adaptiveFaults(t, "", nil)
	f.Announce(audit.Boundary{Stands: true}, audit.Boundary{})
	f.mu.Lock()
	defer f.mu.Unlock()
	if line := f.log.String(); !strings.Contains(line, `"role_policy":true`) || !strings.Contains(line, `"unchecked":{"role_policy":"the manifest names a role`) {
		t.Errorf("got %s", line)
	}
}
