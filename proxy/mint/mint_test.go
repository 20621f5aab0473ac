package mint_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/lambda-remit/remit/proxy/aws/awstest"
	"github.com/lambda-remit/remit/proxy/mint"
)

const policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::media-eu/uploads/images/a.png","Condition":{"StringEquals":{"aws:ResourceAccount":"123456789012"}}}]}`

// ask is an Ask that awstest's STS grants.
func ask() mint.Ask {
	return mint.Ask{Role: awstest.RoleARN, Session: "generate-thumbnail", Policy: policy}
}

// base is a provider of the credentials of awstest's caller.
func base() aws.CredentialsProvider {
	b := awstest.Base()
	return credentials.NewStaticCredentialsProvider(b.AccessKeyID, b.SecretAccessKey, b.SessionToken)
}

// inProcess lets a handler answer without a network, so that a test can stop
// the clock: a goroutine that waits for a socket keeps synctest from moving it.
func inProcess(h http.Handler) *http.Client {
	return &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		in := r.Clone(r.Context())
		in.RequestURI, in.Host = "/", r.URL.Host
		w := httptest.NewRecorder()
		done := make(chan struct{})
		go func() { defer close(done); h.ServeHTTP(w, in) }()
		select {
		case <-done:
			return w.Result(), nil
		case <-r.Context().Done():
			<-done
			return nil, r.Context().Err()
		}
	})}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// fixture is a Minter and the STS it asks, inside a synctest bubble.
func fixture() (*mint.Minter, *awstest.STS) {
	s := &awstest.STS{
		Callers: []awstest.Caller{{ARN: awstest.CallerARN, Credentials: awstest.Base()}},
		Roles:   []string{awstest.RoleARN},
		Pin:     true,
	}
	s.Callers[0].CanExpire = false
	return &mint.Minter{Base: base(), Region: "eu-west-1", Client: inProcess(s)}, s
}

// answers sets what s does with every request, and counts the requests.
func answers(s *awstest.STS, hook func(http.ResponseWriter, *http.Request) bool) *atomic.Int64 {
	n := new(atomic.Int64)
	s.Hook = func(w http.ResponseWriter, r *http.Request) bool {
		n.Add(1)
		return hook != nil && hook(w, r)
	}
	return n
}

func TestARealServerIsAskedAsAWSIs(t *testing.T) {
	s, server := awstest.NewSTS(t)
	m := &mint.Minter{Base: base(), Region: "eu-central-1", Endpoint: server.URL}
	a := ask()
	a.Tags = map[string]string{"team": "payments", "stage": "test"}
	a.Duration = 15 * time.Minute
	c, took, err := m.Credentials(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	if took == 0 {
		t.Error("got no time spent waiting for STS, want some")
	}
	asked := s.Asked()
	if len(asked) != 1 {
		t.Fatalf("got %d requests, want 1", len(asked))
	}
	got := asked[0]
	want := map[string]string{
		"Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": awstest.RoleARN,
		"RoleSessionName": "generate-thumbnail", "Policy": policy, "DurationSeconds": "900",
		"Tags.member.1.Key": "stage", "Tags.member.1.Value": "test",
		"Tags.member.2.Key": "team", "Tags.member.2.Value": "payments",
	}
	for k, v := range want {
		if got.Form.Get(k) != v {
			t.Errorf("form %s: got %q, want %q", k, got.Form.Get(k), v)
		}
	}
	if len(got.Form) != len(want) {
		t.Errorf("got form %v, want %d parameters", got.Form, len(want))
	}
	// The address is the test's, the host and what is signed are AWS's.
	if got.Host != "sts.eu-central-1.amazonaws.com" || got.Region != "eu-central-1" || got.Caller != awstest.CallerARN {
		t.Errorf("got host %q, region %q, caller %q", got.Host, got.Region, got.Caller)
	}
	if got.Header.Get("X-Amz-Security-Token") != awstest.Base().SessionToken {
		t.Error("the base credentials' session token was not sent")
	}
	if got.Issued.AccessKeyID != c.AccessKeyID || got.Issued.SessionToken != c.SessionToken {
		t.Errorf("got %s, want what STS issued, %s", c.AccessKeyID, got.Issued.AccessKeyID)
	}
	if !c.CanExpire || !c.Expires.Equal(got.Issued.Expires) {
		t.Errorf("got expiry %v, want %v", c.Expires, got.Issued.Expires)
	}
}

func TestTheHostIsTheRegionsAndThePartitions(t *testing.T) {
	for region, want := range map[string]string{
		"eu-west-1":     "sts.eu-west-1.amazonaws.com",
		"us-east-1":     "sts.us-east-1.amazonaws.com",
		"us-gov-west-1": "sts.us-gov-west-1.amazonaws.com",
		"cn-north-1":    "sts.cn-north-1.amazonaws.com.cn",
	} {
		var got string
		m := &mint.Minter{Base: base(), Region: region, Client: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			got = r.URL.Scheme + "://" + r.URL.Host
			return nil, errors.New("no network here")
		})}}
		if _, _, err := m.Credentials(t.Context(), ask()); !errors.Is(err, mint.ErrUnreachable) {
			t.Errorf("%s: got %v, want ErrUnreachable", region, err)
		}
		if got != "https://"+want {
			t.Errorf("%s: got %s, want https://%s", region, got, want)
		}
	}
}

func TestAHundredCallsAskOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := fixture()
		n := answers(s, awstest.Slow(time.Second))
		var wg sync.WaitGroup
		var keys sync.Map
		for range 100 {
			wg.Go(func() {
				c, took, err := m.Credentials(t.Context(), ask())
				if err != nil || took != time.Second {
					t.Errorf("got %v after %v, want credentials after 1s", err, took)
				}
				keys.Store(c.AccessKeyID, true)
			})
		}
		wg.Wait()
		if _, took, err := m.Credentials(t.Context(), ask()); took != 0 || err != nil {
			t.Errorf("from the cache: got %v, %v, want no time and no error", took, err)
		}
		if got := n.Load(); got != 1 {
			t.Errorf("got %d requests to STS, want 1", got)
		}
	})
}

func TestEverythingInAnAskTellsItFromOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := fixture()
		s.Roles = append(s.Roles, awstest.RoleARN+"2")
		n := answers(s, nil)
		asks := []mint.Ask{ask(), ask(), ask(), ask(), ask(), ask(), ask()}
		asks[1].Role += "2"
		asks[2].Session = "another"
		asks[3].Policy += " "
		asks[4].Duration = 20 * time.Minute
		asks[5].Tags = map[string]string{"ab": "c"}
		asks[6].Tags = map[string]string{"a": "bc"}
		seen := make(map[string]bool)
		for range 2 {
			for i, a := range asks {
				c, _, err := m.Credentials(t.Context(), a)
				if err != nil {
					t.Fatalf("ask %d: %v", i, err)
				}
				seen[c.AccessKeyID] = true
			}
		}
		if len(seen) != len(asks) || n.Load() != int64(len(asks)) {
			t.Errorf("got %d credentials by %d requests, want %d of each", len(seen), n.Load(), len(asks))
		}
		// An hour is what no duration means.
		a := ask()
		a.Duration = time.Hour
		if _, took, err := m.Credentials(t.Context(), a); err != nil || took != 0 || n.Load() != int64(len(asks)) {
			t.Errorf("an hour, said: got %v after %v, want the kept answer", err, took)
		}
	})
}

func TestNoProxyVariableIsHeeded(t *testing.T) {
	// net/http asks no proxy for 127.0.0.1; for 0.0.0.0 it would. Nothing
	// listens at its port 1.
	asked := make(chan struct{}, 1)
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked <- struct{}{} }))
	defer proxy.Close()
	t.Setenv("HTTP_PROXY", proxy.URL)
	t.Setenv("http_proxy", proxy.URL)
	for _, client := range []*http.Client{nil, {Timeout: time.Minute}} {
		m := &mint.Minter{Base: base(), Region: "eu-west-1", Client: client, Endpoint: "http://0.0.0.0:1"}
		if _, _, err := m.Credentials(t.Context(), ask()); !errors.Is(err, mint.ErrUnreachable) {
			t.Errorf("got %v, want ErrUnreachable", err)
		}
	}
	select {
	case <-asked:
		t.Error("STS was asked for by way of a proxy")
	default:
	}
}

func TestAWaiterThatGivesUpLeavesTheAskingToOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := fixture()
		n := answers(s, awstest.Slow(2*time.Second))
		hasty, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var wg sync.WaitGroup
		wg.Go(func() { // the first, whose request it is
			if _, took, err := m.Credentials(hasty, ask()); !errors.Is(err, context.DeadlineExceeded) || took != time.Second {
				t.Errorf("the hasty one: got %v after %v, want its own deadline after 1s", err, took)
			}
		})
		synctest.Wait()
		wg.Go(func() {
			if _, took, err := m.Credentials(t.Context(), ask()); err != nil || took != 2*time.Second {
				t.Errorf("the patient one: got %v after %v, want credentials after 2s", err, took)
			}
		})
		wg.Wait()
		if n.Load() != 1 {
			t.Errorf("got %d requests, want 1", n.Load())
		}
		// A caller that is gone already starts nothing.
		a := ask()
		a.Session = "another"
		if _, _, err := m.Credentials(hasty, a); !errors.Is(err, context.DeadlineExceeded) || n.Load() != 1 {
			t.Errorf("got %v and %d requests, want the deadline and none", err, n.Load())
		}
	}) // and no goroutine is left, or Test panics
}

func TestAnSTSThatNeverAnswersIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := fixture()
		answers(s, awstest.Slow(time.Hour))
		_, took, err := m.Credentials(t.Context(), ask())
		if !errors.Is(err, mint.ErrUnreachable) || took != 10*time.Second {
			t.Errorf("got %v after %v, want ErrUnreachable after 10s", err, took)
		}
		if !strings.Contains(err.Error(), "com.amazonaws.eu-west-1.sts") {
			t.Errorf("got %q, want the interface endpoint named", err)
		}
	})
}

func TestNothingIsAskedThatCouldOnlyBeWrong(t *testing.T) {
	m, s := fixture()
	n := answers(s, nil)
	for name, c := range map[string]struct {
		change func(*mint.Ask)
		want   error
	}{
		"no policy: the role's own width": {func(a *mint.Ask) { a.Policy = "" }, mint.ErrRefused},
		"no role":                         {func(a *mint.Ask) { a.Role = "" }, mint.ErrRefused},
		"no session":                      {func(a *mint.Ask) { a.Session = "" }, mint.ErrRefused},
		"session with a slash":            {func(a *mint.Ask) { a.Session = "a/b" }, mint.ErrRefused},
		"14 minutes":                      {func(a *mint.Ask) { a.Duration = 14 * time.Minute }, mint.ErrRefused},
		"2 hours":                         {func(a *mint.Ask) { a.Duration = 2 * time.Hour }, mint.ErrRefused},
		"less than nothing":               {func(a *mint.Ask) { a.Duration = -1 }, mint.ErrRefused},
		"2,049 characters":                {func(a *mint.Ask) { a.Policy += strings.Repeat(" ", 2049-len(policy)) }, mint.ErrTooLarge},
	} {
		a := ask()
		c.change(&a)
		if got, _, err := m.Credentials(t.Context(), a); !errors.Is(err, c.want) || got.HasKeys() {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	if n.Load() != 0 {
		t.Errorf("got %d requests, want none", n.Load())
	}
}

func TestAMinterPrintsNoSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, _ := fixture()
		c, _, err := m.Credentials(t.Context(), ask())
		if err != nil {
			t.Fatal(err)
		}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			got := fmt.Sprintf(verb, m)
			for _, secret := range []string{c.SecretAccessKey, c.SessionToken, awstest.Base().SecretAccessKey, awstest.Base().SessionToken} {
				if strings.Contains(got, secret) || strings.Contains(got, fmt.Sprintf("%x", secret)) {
					t.Errorf("%s prints a secret", verb)
				}
			}
		}
	})
}

func ExampleSessionName() {
	fmt.Println(mint.SessionName("generate-thumbnail:$LATEST"))
	fmt.Println(mint.SessionName("größe"))
	fmt.Println(mint.SessionName("f"))
	fmt.Println(mint.SessionName(""))
	// Output:
	// generate-thumbnail--LATEST
	// gr--e
	// remit-f
	// remit
}
