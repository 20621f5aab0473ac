package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/lambda-remit/remit/extension/e2e"
)

// None of these tests is timed: what is measured is measured by hand.

func TestTheReadmeHasTheTableOfTheResults(t *testing.T) {
	results, err := os.ReadFile("results.txt")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	want, err := withTable(string(page), string(results))
	if err != nil {
		t.Fatal(err)
	}
	if string(page) != want {
		t.Error("README.md's table is not that of results.txt; run `go run ./proxy/bench -readme`")
	}
}

func TestTheTableIsFoundBetweenItsMarkersAlone(t *testing.T) {
	results := "figures\n" + tableBegins + "\nnew\n" + tableEnds + "\nmore\n"
	got, err := withTable("a\n"+tableBegins+"\nold\n"+tableEnds+"\nb\n", results)
	if want := "a\n" + tableBegins + "\nnew\n" + tableEnds + "\nb\n"; err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	for _, page := range []string{"", tableBegins, tableEnds + tableBegins} {
		if got, err := withTable(page, results); err == nil {
			t.Errorf("%q: got %q, want an error", page, got)
		}
	}
}

// The roles that a measurement's processes play are this program's.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		if role, ok := roles[os.Args[1]]; ok {
			fail(role(os.Args[2:]))
			return
		}
	}
	os.Exit(m.Run())
}

// What is measured is there to be measured: each target of each upstream takes
// a call, and the sandbox starts as it is timed.
func TestEveryTargetTakesACall(t *testing.T) {
	checkout, err := e2e.Checkout()
	if err != nil {
		t.Fatal(err)
	}
	b, err := newBench(t.Context(), checkout, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer b.close()
	if len(b.upstreams) == 0 || len(b.upstreams[0].targets) < 4 {
		t.Fatalf("got %d upstreams", len(b.upstreams))
	}
	for _, u := range b.upstreams {
		for _, s := range []shape{get(small), put(small)} {
			for _, target := range u.targets {
				if _, err := (&cell{upstream: u, name: s.method, shape: s, conns: 1}).measure(t.Context(), target, 0); err != nil {
					t.Error(err)
				}
			}
		}
	}
	if l, err := starts(t.Context(), b, options{rounds: 1}); err != nil || l.registered <= 0 || l.wrapped <= 0 || l.bare <= 0 {
		t.Errorf("a start: got %+v, %v", l, err)
	}
}

func TestTheLoadIsWhatWasAskedFor(t *testing.T) {
	var got []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) // or net/http closes the connection
		got = append(got, fmt.Sprint(r.Method, " ", r.URL.Path, " ", r.ContentLength))
		if r.Method == http.MethodGet {
			w.Write(make([]byte, small))
		}
	}))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	to := &target{address: host, host: host}
	to.credentials.AccessKeyID, to.credentials.SecretAccessKey = "AKIDTESTTESTTESTTEST", "secret"
	for _, s := range []shape{get(small), put(small), put(medium)} {
		requests, err := to.requests(context.Background(), s, 1)
		if err != nil {
			t.Fatal(err)
		}
		c, err := to.dial()
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		sample, err := load([]*conn{c}, requests, 0)
		if err != nil {
			t.Fatal(err)
		}
		if sample.calls != 1 || sample.bytes != max(s.body, requests[0].want) || len(sample.latencies) != 1 {
			t.Errorf("%v: got %+v", s, sample)
		}
	}
	want := []string{"GET /bench/in/1024 0", "PUT /bench/out/00 1024", "PUT /bench/out/00 5242880"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAnAnswerThatIsNotTheRightOneIsAnError(t *testing.T) {
	for _, answer := range []func(w http.ResponseWriter){
		func(w http.ResponseWriter) { w.WriteHeader(http.StatusForbidden) },
		func(w http.ResponseWriter) { w.Write(make([]byte, small-1)) },
		func(w http.ResponseWriter) {
			w.Header().Set("Transfer-Encoding", "chunked")
			w.Write(make([]byte, small))
		},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { answer(w) }))
		defer server.Close()
		host := strings.TrimPrefix(server.URL, "http://")
		c, err := (&target{address: host}).dial()
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		r := request{head: []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), want: small}
		if s, err := load([]*conn{c}, []request{r}, 0); err == nil {
			t.Errorf("got %+v, want an error", s)
		}
	}
}

func TestRatiosAreThoseOfOneRound(t *testing.T) {
	round := func(d, f, e time.Duration) map[string]figures {
		at := func(d time.Duration) figures { return figures{p50: d, rate: 1 / d.Seconds()} }
		return map[string]figures{direct: at(d), floor: at(f), endpoint: at(e)}
	}
	// The machine was three times as slow in the second round.
	c := &cell{rounds: []map[string]figures{
		round(10, 20, 25), round(30, 60, 75), round(10, 20, 25),
	}}
	if got := c.added(endpoint) / c.added(floor); got < 1.49 || got > 1.51 {
		t.Errorf("added: got %v, want 1.5", got)
	}
	if got := c.ratio(endpoint, rate); got < 0.79 || got > 0.81 {
		t.Errorf("rate: got %v, want 0.8", got)
	}
}

func TestLatenciesAreInOrder(t *testing.T) {
	s := sample{calls: 100, took: time.Second}
	for i := range 100 {
		s.latencies = append(s.latencies, time.Duration(100-i))
	}
	if f := s.figures(); f.p50 != 50 || f.p99 != 99 || f.rate != 100 {
		t.Errorf("got %+v", f)
	}
}
