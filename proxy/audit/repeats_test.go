package audit_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
	"github.com/lambda-remit/remit/proxy/audit"
)

// denials returns what b has of each line of a denial: its id, and how often it
// says it repeated. It empties b.
func denials(t *testing.T, b *bytes.Buffer) string {
	t.Helper()
	var out []string
	for _, e := range read(t, b) {
		out = append(out, strings.TrimSuffix(fmt.Sprintf("%s %d", e.ID, e.Repeated), " 0"))
	}
	b.Reset()
	return strings.Join(out, ", ")
}

// denied is a denial by its id, so long after the first.
func denied(id string, after time.Duration) proxy.Record {
	r := denial()
	r.ID, r.Time = id, at.Add(after)
	return r
}

func TestADenialThatRepeatsIsCounted(t *testing.T) {
	type step struct {
		do   func(*audit.Log)
		want string
	}
	times := func(n int, r proxy.Record) func(*audit.Log) {
		return func(l *audit.Log) {
			for range n {
				l.Record(r)
			}
		}
	}
	other := func(change func(*proxy.Record)) func(*audit.Log) {
		r := denied("d-a", 0)
		change(&r)
		return times(2, r)
	}
	for _, tt := range []struct {
		name  string
		steps []step
	}{
		{"the first at once, the rest at the end", []step{
			{times(1, denied("d-a", 0)), "d-a"},
			{times(41, denied("d-a", time.Second)), ""},
			{(*audit.Log).Flush, "d-a 41"},
			{(*audit.Log).Flush, ""},
		}},
		{"the end of an invocation, and the next begins anew", []step{
			{times(3, denied("d-a", 0)), "d-a"},
			{(*audit.Log).Settle, "d-a 2"},
			{times(3, denied("d-a", 0)), "d-a"},
			{(*audit.Log).Settle, "d-a 2"},
		}},
		{"one that does not repeat needs no second line", []step{
			{times(1, denied("d-a", 0)), "d-a"},
			{(*audit.Log).Settle, ""},
			{(*audit.Log).Flush, ""},
		}},
		{"two in turn", []step{
			{func(l *audit.Log) {
				for range 10 {
					l.Record(denied("d-a", 0))
					l.Record(denied("d-b", 0))
				}
			}, "d-a, d-b"},
			{(*audit.Log).Settle, "d-a 9, d-b 9"},
		}},
		{"a thousand", []step{
			{times(1001, denied("d-a", 0)), "d-a, d-a 1000"},
			{times(1000, denied("d-a", 0)), "d-a 1000"},
			{times(7, denied("d-a", 0)), ""},
			{(*audit.Log).Flush, "d-a 7"},
		}},
		{"a minute, told with whatever comes next", []step{
			{times(5, denied("d-a", 0)), "d-a"},
			{times(1, denied("d-a", 59*time.Second)), ""},
			{func(l *audit.Log) {
				r := record()
				r.Time = at.Add(time.Minute)
				l.Record(r)
			}, "d-a 5"},
			{times(2, denied("d-a", 61*time.Second)), "d-a"},
		}},
		{"more than are known at a time: the oldest is told", []step{
			{times(2, denied("d-a", 0)), "d-a"},
			{func(l *audit.Log) {
				for i := range 63 {
					l.Record(denied(fmt.Sprintf("d-%d", i), 0))
				}
			}, "d-0, d-1, d-2, d-3, d-4, d-5, d-6, d-7, d-8, d-9, d-10, d-11, d-12, d-13, d-14, d-15, d-16, d-17, d-18, d-19, d-20, d-21, d-22, d-23, d-24, d-25, d-26, d-27, d-28, d-29, d-30, d-31, d-32, d-33, d-34, d-35, d-36, d-37, d-38, d-39, d-40, d-41, d-42, d-43, d-44, d-45, d-46, d-47, d-48, d-49, d-50, d-51, d-52, d-53, d-54, d-55, d-56, d-57, d-58, d-59, d-60, d-61, d-62"},
			{times(1, denied("d-z", 0)), "d-a 1, d-z"},
			{times(2, denied("d-a", 0)), "d-a"},
		}},
		{"another invocation's is another", []step{
			{times(2, denied("d-a", 0)), "d-a"},
			{other(func(r *proxy.Record) { r.Trace = "Root=1-99999999-bd862e3fe1be46a994272793" }), "d-a"},
			{(*audit.Log).Settle, "d-a 1, d-a 1"},
		}},
		{"what has another's id by chance is another", []step{
			{times(2, denied("d-a", 0)), "d-a"},
			{other(func(r *proxy.Record) { r.Decision.Reason = manifest.NoAction }), "d-a"},
			{other(func(r *proxy.Record) { r.Call.Operation = "HeadObject" }), "d-a"},
			{other(func(r *proxy.Record) { r.Call.Requests[0].Resource += "x" }), "d-a"},
		}},
		{"what has no id is not counted", []step{
			{times(3, denied("", 0)), ", , "},
		}},
		{"what was observed is not counted", []step{
			{other(func(r *proxy.Record) { r.Observed = true }), "d-a, d-a"},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var b bytes.Buffer
			l := log(&b, manifest.Manifest{})
			for i, s := range tt.steps {
				s.do(l)
				if got := denials(t, &b); got != s.want {
					t.Errorf("step %d: got %q, want %q", i+1, got, s.want)
				}
			}
		})
	}
}

func TestACountedDenialReadsBackAsManyCalls(t *testing.T) {
	var b bytes.Buffer
	l := log(&b, manifest.Manifest{})
	for range 12 {
		l.Record(denial())
	}
	l.Flush()
	calls, lines := 0, 0
	var last audit.Entry
	for _, e := range read(t, &b) {
		last = e
		calls += e.Calls()
		lines++
	}
	if calls != 12 || lines != 2 {
		t.Errorf("got %d calls in %d lines, want 12 in 2", calls, lines)
	}
	if last.ID != "d-7f3a91c2" || last.Msg != audit.Denied || last.Requests[0].Resource != "arn:aws:s3:::billing/2026/10.csv" {
		t.Errorf("got %+v, want the denial", last)
	}
}

// A log that has counted a denial says so in its next line.
func ExampleEntry_Calls() {
	const text = `{"time":"2026-11-21T16:49:03.114Z","level":"warn","msg":"denied","id":"d-7f3a91c2","decision":"deny","reason":"no-resource"}
{"time":"2026-11-21T16:49:04.002Z","level":"warn","msg":"denied","id":"d-7f3a91c2","decision":"deny","reason":"no-resource","repeated":41}
`
	calls := 0
	for e, err := range audit.Read(strings.NewReader(text)) {
		if err != nil {
			fmt.Println(err)
			return
		}
		calls += e.Calls()
	}
	fmt.Println(calls, "calls were denied")
	// Output: 42 calls were denied
}
