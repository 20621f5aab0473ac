package aws

import (
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
)

var someCall = &proxy.Call{Service: "kinesis", Region: "eu-west-1"}

func TestTheLeastUsedIsForgottenFirst(t *testing.T) {
	var m remembered
	now := time.Now()
	id := func(i int) digest { return m.digest(someCall, "iterator", fmt.Sprint(i)) }
	for i := range maxRemembered {
		m.put(id(i), "a", now, now.Add(time.Hour))
	}
	if _, ok := m.get(id(0), now); !ok { // which is used
		t.Fatal("the first is forgotten too early")
	}
	for i := range 10 {
		m.put(id(maxRemembered+i), "a", now, now.Add(time.Hour))
	}
	for i := range maxRemembered + 10 {
		_, ok := m.get(id(i), now)
		if forgotten := i > 0 && i <= 10; ok == forgotten {
			t.Fatalf("%d: remembered: %t", i, ok)
		}
	}
	if len(m.ids) != maxRemembered {
		t.Errorf("%d are remembered", len(m.ids))
	}
	n := 0
	for e := m.oldest; e != nil; e = e.newer {
		n++
	}
	if n != maxRemembered {
		t.Errorf("%d are in the list", n)
	}
}

func TestAnIDIsGoodForOneServiceRegionPrincipalAndKind(t *testing.T) {
	var m remembered
	seen := map[digest]string{}
	for _, call := range []proxy.Call{
		{Service: "kinesis", Region: "eu-west-1"},
		{Service: "dynamodb", Region: "eu-west-1"},
		{Service: "kinesis", Region: "eu-west-2"},
		{Service: "kinesis", Region: "eu-west-1", Principal: "arn:aws:iam::123456789012:role/a"},
		{Service: "kinesi", Region: "seu-west-1"},
	} {
		for _, kind := range []idKind{"iterator", "iterato"} {
			for _, id := range []string{"a", "ra", ""} {
				what := fmt.Sprint(call.Service, call.Region, call.Principal, kind, " ", id)
				d := m.digest(&call, kind, id)
				if seen[d] != "" {
					t.Errorf("%s and %s are one", seen[d], what)
				}
				seen[d] = what
			}
		}
	}
	var other remembered
	if m.digest(someCall, "iterator", "a") == other.digest(someCall, "iterator", "a") {
		t.Error("the digest of an id can be told from outside")
	}
}

func TestAnIDThatTwoResourcesHaveIsForgotten(t *testing.T) {
	var m remembered
	now := time.Now()
	id := m.digest(someCall, "iterator", "a")
	for i, tt := range []struct {
		put, want string
		late      time.Duration
	}{
		{"a", "a", 0}, {"a", "a", 0}, {"b", "", 0}, {"a", "", 0}, {"b", "", 0}, {"b", "b", 2 * time.Minute},
	} {
		now = now.Add(tt.late)
		m.put(id, tt.put, now, now.Add(time.Minute))
		if got, ok := m.get(id, now); got != tt.want || ok != (tt.want != "") {
			t.Errorf("%d: got %q, %t, want %q", i, got, ok, tt.want)
		}
	}
	if got, ok := m.get(id, now.Add(time.Hour)); ok {
		t.Errorf("it is of %q long after", got)
	}
	if len(m.ids) != 0 || m.newest != nil || m.oldest != nil {
		t.Error("it is kept long after")
	}
}

func TestAFullMemoryIsSmall(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	m := new(remembered)
	now := time.Now()
	for i := range 2 * maxRemembered {
		arn := strings.Clone("arn:aws:kinesis:eu-west-1:123456789012:stream/a-stream-of-orders-of-some-length")
		m.put(m.digest(someCall, "iterator", fmt.Sprint(i)), arn, now, now.Add(time.Hour))
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if kept := int64(after.HeapAlloc) - int64(before.HeapAlloc); kept > 2<<20 {
		t.Errorf("%d ids take %d bytes", len(m.ids), kept)
	} else {
		t.Logf("%d ids take %d bytes", len(m.ids), kept)
	}
	runtime.KeepAlive(m)
}

func TestCallsWithoutIDsPayNothing(t *testing.T) {
	c := new(Cloud)
	in := &input{r: &http.Request{Header: http.Header{}}}
	call := &proxy.Call{Service: "dynamodb", Operation: "GetItem", Region: "eu-west-1", Requests: []manifest.Request{request("dynamodb:GetItem", "*")}}
	body := io.NopCloser(strings.NewReader("{}"))
	resp := &http.Response{StatusCode: 200, Body: body}
	p, m, d := new(particulars), new(manifest.Manifest), manifest.Decision{Allowed: true}
	if n := testing.AllocsPerRun(100, func() {
		p.carried = c.recall(in, call)
		c.learn(resp, call, p, m, d)
	}); n != 0 || resp.Body != body {
		t.Errorf("%v allocations, and the body is %T", n, resp.Body)
	}
}
