// Package sim simulates many sandboxes of one account, which share STS's quota
// and nothing else: how narrow their calls are minted, and whether one ever
// fails for want of STS.
//
// Everything of Remit's in it is real: each sandbox has a mint.Minter with its
// cache, budget and SDK. Simulated are time (testing/synctest), the network,
// and STS, which counts. Neither the order in which goroutines run nor the dice
// are the same twice; shares differ by a percent or so.
//
// The test of a small account runs with all others. The large ones, and the
// results beside this file, are written by
//
//	go test ./proxy/bench/sim -full -timeout 1h
package sim

import (
	"cmp"
	"flag"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/lambda-remit/remit/proxy/mint"
)

var full = flag.Bool("full", false, "simulate ten thousand sandboxes, and write the results")

// A scenario is an account, what runs in it, and for how long.
type scenario struct {
	name      string
	sandboxes int
	burst     int // as many start at once
	every     time.Duration
	perSecond float64 // invocations, of all sandboxes together; each makes two calls with keys of their own
	quota     int
	gone      time.Duration
	lasts     time.Duration
	strict    bool
}

// A result is what became of one.
type result struct {
	scenario
	seconds []second
	waits   []time.Duration // sorted
}

func simulate(t *testing.T, sc scenario) (r result) {
	r.scenario = sc
	synctest.Test(t, func(t *testing.T) {
		a := &account{quota: sc.quota, gone: sc.gone, began: time.Now()}
		base := credentials.NewStaticCredentialsProvider("ASIABASE000000000000", "secret", "token")
		interval := time.Duration(float64(sc.sandboxes) / sc.perSecond * float64(time.Second))
		all := make([]*sandbox, sc.sandboxes)
		var running sync.WaitGroup
		for i := range all {
			all[i] = &sandbox{account: a, number: i, strict: sc.strict, minter: &mint.Minter{
				Base: base, Region: "eu-west-1", Client: &http.Client{Transport: a},
			}}
			running.Go(func() { all[i].live(t.Context(), sc.every*time.Duration(i/sc.burst), interval, sc.lasts) })
		}
		running.Wait()
		r.seconds = a.asked
		for _, s := range all {
			r.waits = append(r.waits, s.waits...)
		}
		slices.Sort(r.waits)
	})
	return r
}

// between sums up what happened from one time to another.
func (r result) between(from, to time.Duration) (sum second) {
	for i := int(from / time.Second); i < min(int(to/time.Second), len(r.seconds)); i++ {
		s := r.seconds[i]
		sum.granted += s.granted
		sum.throttled += s.throttled
		sum.narrow += s.narrow
		sum.wide += s.wide
		sum.again += s.again
		sum.failed += s.failed
	}
	return sum
}

func (r result) all() second { return r.between(0, time.Duration(len(r.seconds))*time.Second) }

func (s second) share() float64 { return 100 * float64(s.narrow) / float64(max(1, s.narrow+s.wide)) }

func TestNoCallOfASmallAccountFailsForWantOfSTS(t *testing.T) {
	r := simulate(t, scenario{sandboxes: 300, burst: 30, every: 10 * time.Second, perSecond: 30, quota: 18, lasts: 4 * time.Minute})
	s := r.all()
	if s.failed > 0 || s.again > 20 {
		t.Errorf("got %d failed calls and %d to be tried again, want none and next to none", s.failed, s.again)
	}
	if s.throttled == 0 {
		t.Error("STS throttled nothing: the account is too small to show anything")
	}
	s = r.between(150*time.Second, r.lasts) // all have started
	if share := s.share(); share < 10 || share > 35 {
		t.Errorf("got %.0f %% narrow, want about what the quota bears: 18 of 60 calls a second", share)
	}
	if s.throttled > s.granted/5 {
		t.Errorf("STS throttled %d requests and granted %d: the budget does not heed it", s.throttled, s.granted)
	}
}

func TestNoCallFailsOnceSTSIsGone(t *testing.T) {
	r := simulate(t, scenario{sandboxes: 200, burst: 200, perSecond: 20, quota: 100, gone: time.Minute, lasts: 4 * time.Minute})
	if s := r.all(); s.failed > 0 || s.again > 20 {
		t.Errorf("got %d failed calls and %d to be tried again, want none and next to none", s.failed, s.again)
	}
	if s := r.between(2*time.Minute, 4*time.Minute); s.granted > 0 || s.wide == 0 || s.narrow > 0 {
		t.Errorf("later: got %+v, want all calls at their grants' width", s)
	}
}

func TestResults(t *testing.T) {
	if !*full {
		t.Skip("the large accounts take minutes: -full")
	}
	// A tenth of everything is the same to each sandbox, and takes a tenth of the
	// time to simulate.
	whole := scenario{name: "1,000 sandboxes every 10 s", sandboxes: 10000, burst: 1000, every: 10 * time.Second, perSecond: 1000, quota: 600, lasts: 10 * time.Minute}
	tenth := scenario{sandboxes: 1000, burst: 100, every: 10 * time.Second, perSecond: 100, quota: 60, lasts: 10 * time.Minute}
	with := func(name string, change func(*scenario)) scenario {
		s := tenth
		s.name = name
		change(&s)
		return s
	}
	var results []result
	for _, sc := range []scenario{
		whole,
		with("a tenth of it", func(*scenario) {}),
		with("half the quota", func(s *scenario) { s.quota /= 2 }),
		with("STS throttles all after 3 min", func(s *scenario) { s.gone = 3 * time.Minute }),
		with("ten times the calls", func(s *scenario) { s.perSecond, s.lasts = 1000, 4*time.Minute }),
		with("all in one moment", func(s *scenario) { s.burst, s.every = s.sandboxes, 0 }),
		with("a function of 100 sandboxes", func(s *scenario) { s.sandboxes, s.perSecond, s.quota = 100, 10, 600 }),
		with("mint: call, to compare", func(s *scenario) { s.strict, s.lasts = true, 4*time.Minute }),
		with("300 sandboxes, for 2 h", func(s *scenario) { s.sandboxes, s.burst, s.perSecond, s.quota, s.lasts = 300, 30, 30, 18, 2*time.Hour }),
	} {
		began := time.Now()
		r := simulate(t, sc)
		t.Logf("%s: %+v in %v", sc.name, r.all(), time.Since(began).Round(time.Second))
		if s := r.all(); !sc.strict && s.failed > 0 {
			t.Errorf("%s: %d calls failed for want of STS", sc.name, s.failed)
		}
		results = append(results, r)
		if err := os.WriteFile("results.txt", []byte(table(results)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile("results.svg", []byte(curve(results[0])), 0o644); err != nil {
		t.Error(err)
	}
}

func table(results []result) string {
	var b strings.Builder
	fmt.Fprint(&b, `Many sandboxes, one quota of STS: mint: adaptive, simulated
(go test ./proxy/bench/sim -full; what is real in it and what is not: sim_test.go)

Four grants; two calls an invocation, each with a key that no other call has.
narrow     calls under credentials for themselves alone; all others had their grants'
last       the same, in the last third of the time
asked      requests to STS a second in the last third, those throttled included
throttled  share of these that STS throttled
wait       of a call for STS, in milliseconds: most calls in a thousand, and the longest
again      calls answered once with an error that SDKs try again
failed     calls that failed, after three attempts, for want of STS

Where new sandboxes need more of their grants' credentials than the quota has,
their first calls wait: four grants in each of 10 new sandboxes a second are more
than 30 requests (half the quota), and 4,000 at once are more than a minute of 60
a second (all in one moment).

`)
	fmt.Fprintf(&b, "%-30s %9s %7s %6s %9s %7s %7s %7s %9s %7s %7s %7s %7s\n", "", "sandboxes", "calls/s", "quota", "calls", "narrow", "last", "asked", "throttled", "p99.9", "max", "again", "failed")
	for _, r := range results {
		all, last := r.all(), r.between(r.lasts*2/3, r.lasts)
		seconds := (r.lasts / 3).Seconds()
		fmt.Fprintf(&b, "%-30s %9d %7.0f %6d %9d %6.1f%% %6.1f%% %7.1f %8.1f%% %7d %7d %7d %7d\n", r.name, r.sandboxes, 2*r.perSecond, r.quota,
			all.narrow+all.wide+all.failed, all.share(), last.share(), float64(last.granted+last.throttled)/seconds,
			100*float64(last.throttled)/float64(max(1, last.granted+last.throttled)),
			r.wait(0.999).Milliseconds(), r.wait(1).Milliseconds(), all.again, all.failed)
	}
	r := results[0]
	fmt.Fprintf(&b, "\n%s, by the half minute (results.svg):\n\n%8s %8s %10s %8s %8s %8s\n", r.name, "from", "granted", "throttled", "narrow", "wide", "failed")
	const step = 30 * time.Second
	for at := time.Duration(0); at < r.lasts; at += step {
		s := r.between(at, at+step)
		fmt.Fprintf(&b, "%8s %6.0f/s %8.0f/s %7.1f%% %6.0f/s %8d\n", at, float64(s.granted)/30, float64(s.throttled)/30, s.share(), float64(s.wide)/30, s.failed)
	}
	return b.String()
}

// wait is how long all but the longest waited for STS.
func (r result) wait(part float64) time.Duration {
	if len(r.waits) == 0 {
		return 0
	}
	return r.waits[min(int(part*float64(len(r.waits))), len(r.waits)-1)]
}

// curve draws a result: calls a second at each width, and what STS throttled.
func curve(r result) string {
	const w, h, left, top = 720, 300, 60, 30
	seconds := int(r.lasts / time.Second)
	most := 0
	for _, s := range r.seconds {
		most = max(most, s.narrow+s.wide, s.granted+s.throttled)
	}
	most = cmp.Or((most+499)/500*500, 1)
	line := func(colour string, of func(second) int) string {
		var b strings.Builder
		const step = 5
		for i := 0; i+step <= min(seconds, len(r.seconds)); i += step {
			sum := 0
			for _, s := range r.seconds[i : i+step] {
				sum += of(s)
			}
			fmt.Fprintf(&b, "%.1f,%.1f ", left+float64(i)*w/float64(seconds), top+h-float64(sum)/step*h/float64(most))
		}
		return fmt.Sprintf("<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"1.5\" points=\"%s\"/>\n", colour, strings.TrimSpace(b.String()))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n", w+2*left, h+top+70)
	for i := range 6 {
		y := top + h - h*i/5
		fmt.Fprintf(&b, "<path d=\"M%d %dh%d\" stroke=\"#ddd\"/><text x=\"%d\" y=\"%d\" text-anchor=\"end\">%d/s</text>\n", left, y, w, left-6, y+4, most*i/5)
	}
	for m := 0; m <= seconds/60; m++ {
		fmt.Fprintf(&b, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%d min</text>\n", left+m*60*w/seconds, top+h+18, m)
	}
	x := left
	for _, l := range []struct {
		colour, what string
		of           func(second) int
	}{
		{"#1b7837", "calls minted for alone", func(s second) int { return s.narrow }},
		{"#2166ac", "calls at their grants' width", func(s second) int { return s.wide }},
		{"#b2182b", "throttled by STS", func(s second) int { return s.throttled }},
		{"black", "failed", func(s second) int { return s.failed }},
	} {
		b.WriteString(line(l.colour, l.of))
		fmt.Fprintf(&b, "<text x=\"%d\" y=\"%d\" fill=\"%s\">%s</text>\n", x, top+h+45, l.colour, l.what)
		x += 30 + 7*len(l.what)
	}
	fmt.Fprintf(&b, "<text x=\"%d\" y=\"18\">%d sandboxes, %s, %.0f calls a second with keys of their own, an STS quota of %d a second</text>\n</svg>\n", left, r.sandboxes, r.name, 2*r.perSecond, r.quota)
	return b.String()
}
