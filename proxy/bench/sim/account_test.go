package sim

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/lambda-remit/remit/proxy/mint"
)

// An account has a quota of requests to STS: a bucket of tokens, refilled every
// second, as AWS describes it. ("How to monitor and query IAM resources at scale
// - Part 2", AWS Security Blog.)
type account struct {
	quota  int           // requests a second
	gone   time.Duration // when STS begins to throttle everything; zero: never
	began  time.Time
	mu     sync.Mutex
	second int // the one that left is of, from 1
	left   int
	asked  []second
}

// A second counts what happened in one.
type second struct{ granted, throttled, narrow, wide, again, failed int }

// at returns the counts of now. a.mu is held.
func (a *account) at() *second {
	n := int(time.Since(a.began) / time.Second)
	for len(a.asked) <= n {
		a.asked = append(a.asked, second{})
	}
	return &a.asked[n]
}

// count lets f count something that happens now.
func (a *account) count(f func(*second)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f(a.at())
}

// grants reports whether one more request is within the quota.
func (a *account) grants() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	s, since := a.at(), time.Since(a.began)
	if n := int(since/time.Second) + 1; n != a.second {
		a.second, a.left = n, a.quota
	}
	if a.left == 0 || a.gone > 0 && since > a.gone {
		s.throttled++
		return false
	}
	a.left--
	s.granted++
	return true
}

// RoundTrip answers as STS does, after what a request within a region takes.
func (a *account) RoundTrip(r *http.Request) (*http.Response, error) {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return nil, err
	}
	time.Sleep(10*time.Millisecond + rand.N(20*time.Millisecond))
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	status, body := http.StatusOK, ""
	if a.grants() {
		body = `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>ASIAMINTED0000000000</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken><Expiration>` +
			time.Now().Add(time.Hour).UTC().Format(time.RFC3339) + `</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`
	} else {
		status, body = http.StatusBadRequest, `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>`
	}
	return &http.Response{
		StatusCode: status, ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {"text/xml"}}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}, nil
}

// A sandbox is one of a function's, with a Minter of its own.
type sandbox struct {
	account *account
	number  int
	strict  bool // mint: call
	minter  *mint.Minter
	waits   []time.Duration // of calls, for STS
}

const role = "arn:aws:iam::123456789012:role/calls"

// grant is what STS is asked for one of the manifest's four grants with.
func grant(n int) mint.Ask {
	return mint.Ask{Role: role, Session: "sim", Policy: fmt.Sprintf(`{"grant":%d}`, n%4)}
}

// live starts the sandbox after a while, and has it invoked until the end, at
// random, once in each interval on the average.
func (s *sandbox) live(ctx context.Context, after, interval, end time.Duration) {
	began := time.Now()
	time.Sleep(after)
	var warming sync.WaitGroup
	if !s.strict {
		warming.Go(func() { s.minter.Warm(ctx, []mint.Ask{grant(0), grant(1), grant(2), grant(3)}) })
	}
	time.Sleep(200 * time.Millisecond) // the runtime's start
	for n := 0; time.Since(began) < end; n += 2 {
		s.call(ctx, n)
		s.call(ctx, n+1)
		time.Sleep(time.Duration(rand.ExpFloat64() * float64(interval)))
	}
	warming.Wait()
	s.minter.Close()
}

// call is one with a key that no other has, as an SDK makes it: three attempts,
// with the pauses of AWS's "standard" retry mode.
func (s *sandbox) call(ctx context.Context, n int) {
	var waited time.Duration
	for attempt := range 3 {
		if attempt > 0 {
			time.Sleep(rand.N(time.Second << (attempt - 1)))
		}
		own := mint.Ask{Role: role, Session: "sim", Policy: fmt.Sprintf(`{"sandbox":%d,"key":%d}`, s.number, n)}
		narrow := true
		var took time.Duration
		var err error
		if s.strict {
			_, took, err = s.minter.Credentials(ctx, own)
		} else {
			_, narrow, took, err = s.minter.Narrow(ctx, own, func() (mint.Ask, error) { return grant(n), nil })
		}
		waited += took
		if err == nil {
			s.waits = append(s.waits, waited)
			s.account.count(func(c *second) {
				if narrow {
					c.narrow++
				} else {
					c.wide++
				}
			})
			return
		}
		s.account.count(func(c *second) { c.again++ })
	}
	s.account.count(func(c *second) { c.failed++ })
}
