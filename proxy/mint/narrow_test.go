package mint_test

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lambda-remit/remit/proxy/aws/awstest"
	"github.com/lambda-remit/remit/proxy/mint"
)

// own is an Ask of one call's; the wide one is ask's.
func own(i int) mint.Ask {
	a := ask()
	a.Tags = map[string]string{"call": fmt.Sprint(i)} // another key, and a policy that awstest takes
	return a
}

func wide() (mint.Ask, error) { return ask(), nil }

func TestNarrowAsksForAsManyAsTheBudgetHas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := fixture()
		n := answers(s, nil)
		narrow := 0
		for i := range 100 {
			_, is, _, err := m.Narrow(t.Context(), own(i), wide)
			if err != nil {
				t.Fatal(err)
			}
			if is {
				narrow++
			}
		}
		if narrow != 10 || n.Load() != 11 {
			t.Errorf("got %d narrow by %d requests, want 10 by 11: one is for all others", narrow, n.Load())
		}
		// What is kept costs nothing, however often.
		for range 100 {
			if _, is, took, err := m.Narrow(t.Context(), own(0), wide); !is || took != 0 || err != nil {
				t.Fatalf("kept: got %v after %v, narrow %v", err, took, is)
			}
		}
		time.Sleep(5 * time.Second)
		for i := range 10 {
			if _, is, _, err := m.Narrow(t.Context(), own(200+i), wide); err != nil || is != (i < 5) {
				t.Errorf("call %d after 5 s: got narrow %v, %v", i, is, err)
			}
		}
	})
}

func TestAThrottledCallHasWiderCredentials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := fixture()
		kept, _, err := m.Credentials(t.Context(), ask())
		if err != nil {
			t.Fatal(err)
		}
		n := answers(s, awstest.Throttle())
		for i := range 20 {
			c, is, took, err := m.Narrow(t.Context(), own(i), wide)
			if err != nil || is || c.AccessKeyID != kept.AccessKeyID || took > time.Second {
				t.Fatalf("call %d: got %s, narrow %v, %v after %v, want the kept ones", i, c.AccessKeyID, is, err, took)
			}
		}
		if n.Load() != 1 {
			t.Errorf("STS was asked %d times, want once: all are throttled together", n.Load())
		}
	})
}

func TestWiderCredentialsAreAskedForWithPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := fixture()
		until, throttle := time.Now().Add(4*time.Second), awstest.Throttle()
		n := answers(s, func(w http.ResponseWriter, r *http.Request) bool {
			return time.Now().Before(until) && throttle(w, r)
		})
		var wg sync.WaitGroup
		for i := range 20 { // all at once: they wait for one answer
			wg.Go(func() {
				if _, is, took, err := m.Narrow(t.Context(), own(i), wide); err != nil || is || took < 4*time.Second || took > 6*time.Second {
					t.Errorf("call %d: got narrow %v, %v after %v, want wide ones after 4 to 6 s", i, is, err, took)
				}
			})
		}
		wg.Wait()
		if n.Load() > 30 {
			t.Errorf("STS was asked %d times, want 10 for calls and 20 at most for all", n.Load())
		}
		answers(s, awstest.Throttle())
		m.Forget("") // nothing
		other := func() (mint.Ask, error) { return own(1000), nil }
		if _, _, took, err := m.Narrow(t.Context(), own(1), other); !errors.Is(err, mint.ErrThrottled) || took < 10*time.Second || took > 25*time.Second {
			t.Errorf("throttled for ever: got %v after %v, want ErrThrottled within 25 s, and not sooner than an SDK would have asked again", err, took)
		}
	})
}

func TestASilentSTSIsNotWaitedForWhereThereAreCredentials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := fixture()
		if _, _, err := m.Credentials(t.Context(), ask()); err != nil {
			t.Fatal(err)
		}
		answers(s, awstest.Slow(5*time.Second))
		if _, is, took, err := m.Narrow(t.Context(), own(1), wide); is || err != nil || took != time.Second {
			t.Errorf("got narrow %v, %v after %v, want the kept ones after 1s", is, err, took)
		}
		time.Sleep(5 * time.Second)
		if _, is, took, err := m.Narrow(t.Context(), own(1), wide); !is || err != nil || took != 0 {
			t.Errorf("later: got narrow %v, %v after %v, want what STS has answered meanwhile", is, err, took)
		}
		// With nothing wider at hand, a silent STS is waited for once.
		answers(s, awstest.Slow(time.Hour))
		if _, _, took, err := m.Narrow(t.Context(), own(2), func() (mint.Ask, error) { return own(3), nil }); !errors.Is(err, mint.ErrUnreachable) || took != 10*time.Second {
			t.Errorf("got %v after %v, want ErrUnreachable after 10s", err, took)
		}
		m.Close()
	})
}

func TestARefusalIsNotAnsweredByAskingForMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := fixture()
		if _, _, err := m.Credentials(t.Context(), ask()); err != nil {
			t.Fatal(err)
		}
		answers(s, awstest.Fail(403, "AccessDenied", "no"))
		for range 2 { // asked for, and kept
			if c, is, _, err := m.Narrow(t.Context(), own(1), wide); !errors.Is(err, mint.ErrRefused) || !is || c.HasKeys() {
				t.Errorf("got narrow %v, %v, want ErrRefused", is, err)
			}
		}
	})
}

func TestWhatSTSFindsTooLargeIsWidened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := fixture()
		if _, _, err := m.Credentials(t.Context(), ask()); err != nil {
			t.Fatal(err)
		}
		n := answers(s, awstest.Fail(400, "PackedPolicyTooLarge", "Packed policy consumes 105% of allotted space"))
		for range 2 {
			if _, is, _, err := m.Narrow(t.Context(), own(1), wide); is || err != nil {
				t.Errorf("got narrow %v, %v, want the wide ones", is, err)
			}
		}
		if n.Load() != 1 {
			t.Errorf("STS was asked %d times, want once", n.Load())
		}
	})
}

func TestWhereNothingWiderCanBeHadTheBudgetIsNotAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, _ := fixture()
		for i := range 30 {
			_, is, _, err := m.Narrow(t.Context(), own(i), func() (mint.Ask, error) { return mint.Ask{}, errors.New("too large") })
			if !is || err != nil {
				t.Fatalf("call %d: got narrow %v, %v", i, is, err)
			}
		}
	})
}

// TestOneThrottledAskSparesOthers holds that it is the account which STS
// throttles: an Ask that is not Patient is not sent right after another's.
func TestOneThrottledAskSparesOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := fixture()
		n := answers(s, awstest.Throttle())
		for i := range 50 {
			if _, _, err := m.Credentials(t.Context(), own(i)); !errors.Is(err, mint.ErrThrottled) {
				t.Fatal(err)
			}
		}
		if n.Load() != 1 {
			t.Errorf("STS was asked %d times, want once", n.Load())
		}
		answers(s, nil)
		time.Sleep(time.Second)
		if _, _, err := m.Credentials(t.Context(), own(51)); err != nil {
			t.Errorf("a second later: %v", err)
		}
	})
}

func TestWarmAsksOnceAndStepsBackWhereSTSThrottles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := fixture()
		until, throttle := time.Now().Add(20*time.Second), awstest.Throttle()
		n := answers(s, func(w http.ResponseWriter, r *http.Request) bool {
			return time.Now().Before(until) && throttle(w, r)
		})
		m.Warm(t.Context(), []mint.Ask{own(1), own(2), own(3)})
		if n.Load() > 3+15 {
			t.Errorf("STS was asked %d times, want 3 and a few", n.Load())
		}
		for i := 1; i <= 3; i++ {
			if _, took, err := m.Credentials(t.Context(), own(i)); err != nil || took != 0 {
				t.Errorf("call %d: got %v after %v, want kept credentials", i, err, took)
			}
		}
		for _, hook := range []hook{awstest.Fail(403, "AccessDenied", "no"), awstest.Fail(500, "InternalFailure", "no")} {
			n = answers(s, hook)
			m.Warm(t.Context(), []mint.Ask{own(4), own(5), own(6)})
			if n.Load() > 2 {
				t.Errorf("STS was asked %d times although it would not", n.Load())
			}
			time.Sleep(time.Minute)
		}
	})
}
