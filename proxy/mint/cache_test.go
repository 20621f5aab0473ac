package mint_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lambda-remit/remit/proxy/aws/awstest"
	"github.com/lambda-remit/remit/proxy/mint"
)

func TestCredentialsAreNeverHandedOutInTheirLastMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := fixture()
		n := answers(s, nil)
		a := ask()
		a.Duration = 15 * time.Minute
		for range 2000 {
			c, _, err := m.Credentials(t.Context(), a)
			if err != nil {
				t.Fatal(err)
			}
			if left := time.Until(c.Expires); left < time.Minute {
				t.Fatalf("got credentials with %v to live, want a minute", left)
			}
			time.Sleep(7 * time.Second)
		}
		// 14,000 s at 14 to 12 minutes each.
		if got := n.Load(); got < 16 || got > 20 {
			t.Errorf("got %d requests in 14,000 s, want one in 13 to 14 minutes", got)
		}
	})
}

func TestCredentialsThatHaveToLastAreRenewedEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := fixture()
		n := answers(s, nil)
		a := ask()
		a.Least = 30 * time.Minute
		for range 200 {
			c, _, err := m.Credentials(t.Context(), a)
			if err != nil {
				t.Fatal(err)
			}
			if left := time.Until(c.Expires); left < a.Least {
				t.Fatalf("got credentials with %v to live, want %v", left, a.Least)
			}
			time.Sleep(time.Minute)
		}
		if got := n.Load(); got < 6 || got > 8 {
			t.Errorf("got %d requests in 200 minutes, want one in half an hour", got)
		}
		// Where STS does not answer, those that are kept are better than none.
		answers(s, awstest.Throttle())
		time.Sleep(35 * time.Minute)
		if _, _, err := m.Credentials(t.Context(), a); err != nil {
			t.Error(err)
		}
		a.Least = 31 * time.Minute
		if _, _, err := m.Credentials(t.Context(), a); !errors.Is(err, mint.ErrRefused) {
			t.Errorf("more than half of their life: got %v", err)
		}
	})
}

func TestWhatIsKeptOutlivesAnSTSThatThrottles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := fixture()
		answers(s, nil)
		first, _, err := m.Credentials(t.Context(), ask())
		if err != nil {
			t.Fatal(err)
		}
		n := answers(s, awstest.Throttle())
		time.Sleep(58*time.Minute + 50*time.Second)
		for range 5 {
			c, _, err := m.Credentials(t.Context(), ask())
			if err != nil || c.AccessKeyID != first.AccessKeyID {
				t.Fatalf("got %q, %v, want the credentials that still live", c.AccessKeyID, err)
			}
		}
		if n.Load() > 1 {
			t.Errorf("got %d requests, want one and then patience", n.Load())
		}
		time.Sleep(time.Minute)
		if _, _, err := m.Credentials(t.Context(), ask()); !errors.Is(err, mint.ErrThrottled) {
			t.Errorf("past their life: got %v, want ErrThrottled", err)
		}
	})
}

func TestPatienceDoesNotReachIntoTheLastMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := fixture()
		answers(s, nil)
		if _, _, err := m.Credentials(t.Context(), ask()); err != nil {
			t.Fatal(err)
		}
		answers(s, awstest.Throttle())
		time.Sleep(54 * time.Minute)
		for range 6 * 60 * 10 {
			c, _, err := m.Credentials(t.Context(), ask())
			if left := time.Until(c.Expires); err == nil && left < time.Minute {
				t.Fatalf("got credentials with %v to live, want a minute", left)
			}
			time.Sleep(100 * time.Millisecond)
		}
	})
}

func TestARefusalEndsWhatIsKeptAtItsRenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := fixture()
		if _, _, err := m.Credentials(t.Context(), ask()); err != nil {
			t.Fatal(err)
		}
		answers(s, awstest.Fail(403, "AccessDenied", "no more"))
		time.Sleep(59*time.Minute - time.Second)
		for range 2 {
			if _, _, err := m.Credentials(t.Context(), ask()); !errors.Is(err, mint.ErrRefused) {
				t.Errorf("got %v, want ErrRefused", err)
			}
		}
	})
}

func TestForgottenCredentialsAreAskedForAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := fixture()
		n := answers(s, nil)
		first, _, _ := m.Credentials(t.Context(), ask())
		m.Forget("")
		m.Forget("ASIASOMEBODYELSES000")
		if c, _, _ := m.Credentials(t.Context(), ask()); c.AccessKeyID != first.AccessKeyID {
			t.Error("forgetting another key dropped this one")
		}
		m.Forget(first.AccessKeyID)
		if c, _, err := m.Credentials(t.Context(), ask()); err != nil || c.AccessKeyID == first.AccessKeyID {
			t.Errorf("got %q, %v, want new credentials", c.AccessKeyID, err)
		}
		if n.Load() != 2 {
			t.Errorf("got %d requests, want 2", n.Load())
		}
	})
}

func TestAnswersBeyondAThousandAreGivenUpOldestFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := fixture()
		n := answers(s, nil)
		a := ask()
		for i := range 1001 {
			a.Session = fmt.Sprintf("session-%d", i)
			if _, _, err := m.Credentials(t.Context(), a); err != nil {
				t.Fatal(err)
			}
			if i == 999 { // the first is used again, and the second is the oldest
				a.Session = "session-0"
				m.Credentials(t.Context(), a)
			}
		}
		for _, c := range []struct {
			session string
			more    int64
		}{{"session-0", 0}, {"session-1000", 0}, {"session-1", 1}} {
			before := n.Load()
			a.Session = c.session
			if _, _, err := m.Credentials(t.Context(), a); err != nil || n.Load()-before != c.more {
				t.Errorf("%s: got %d requests, %v, want %d", c.session, n.Load()-before, err, c.more)
			}
		}
	})
}
