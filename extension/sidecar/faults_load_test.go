package sidecar

import (
	"context"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lambda-remit/remit/proxy/aws/awstest"
)

// sums answers an upload with its checksum, and anything else with 16 MB.
func sums(v *visit) {
	if v.Method != http.MethodPut {
		v.say("HTTP/1.1 200 OK\r\nContent-Length: 16777216\r\n\r\n")
		io.Copy(v.Conn, endless(16<<20))
		return
	}
	if strings.EqualFold(v.Header.Get("Expect"), "100-continue") {
		v.say("HTTP/1.1 100 Continue\r\n\r\n")
	}
	sum := crc32.NewIEEE()
	if _, err := io.Copy(sum, v.Body); err != nil {
		return
	}
	fmt.Fprintf(v.Conn, "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n%08x", sum.Sum32())
}

// TestManyCallsAtOnceKeepTheirBodiesApart sends 200 bodies of 64 KB to 4 MB at
// once, by every way in, with a length and without, asked for and not.
func TestManyCallsAtOnceKeepTheirBodiesApart(t *testing.T) {
	f := newFaults(t, sums, nil)
	clients := make(map[string]*http.Client)
	for _, way := range ways {
		clients[way] = f.client(way)
	}
	var calls sync.WaitGroup
	for i := range 200 {
		calls.Go(func() {
			size := int64(64<<10)<<(i%7) + int64(i)
			fill := func() io.Reader { return io.LimitReader(letter('a'+i%26), size) }
			o := order{way: ways[i%len(ways)], method: "PUT", target: fmt.Sprintf("/media/out/%d", i%20), body: fill(), length: size}
			o.client = clients[o.way]
			if i%3 == 0 {
				o.length = -1
			}
			if i%4 == 0 {
				o.header = http.Header{"Expect": {"100-continue"}}
			}
			sum := crc32.NewIEEE()
			io.Copy(sum, fill())
			if r := f.call(o); r.status != 200 || r.body != fmt.Sprintf("%08x", sum.Sum32()) {
				t.Errorf("call %d, %s: got %v, want %08x", i, o.way, r, sum.Sum32())
			}
		})
	}
	calls.Wait()
	if got := len(f.sts.Asked()); got != 20 {
		t.Errorf("STS was asked %d times, want once for each of 20 keys", got)
	}
	for _, e := range f.entries(200) {
		if e.Error != "" || e.Status != 200 {
			t.Errorf("log: got %+v", e)
		}
	}
}

// A letter is written again and again.
type letter byte

func (l letter) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(l)
	}
	return len(p), nil
}

// TestMemoryIsFlatUnderLargeBodies has 64 bodies of 16 MB under way at once, in
// each direction: 1 GB through one process, clients and upstream in it.
func TestMemoryIsFlatUnderLargeBodies(t *testing.T) {
	const most = 96 << 20
	for _, method := range []string{"PUT", "GET"} {
		f := newFaults(t, sums, nil)
		runtime.GC()
		var before, m runtime.MemStats
		runtime.ReadMemStats(&before)
		done := make(chan struct{})
		var calls sync.WaitGroup
		for range 64 {
			calls.Go(func() {
				o := order{way: "endpoint", method: method, target: "/media/in/a"}
				if method == "PUT" {
					o.target, o.body, o.length = "/media/out/a", endless(16<<20), 16<<20
				}
				o.sink = io.Discard
				if r := f.call(o); r.status != 200 || r.err != nil || r.n != map[string]int64{"PUT": 8, "GET": 16 << 20}[method] {
					t.Errorf("%s: got %v, %d bytes", method, r, r.n)
				}
			})
		}
		go func() { calls.Wait(); close(done) }()
		var peak uint64
		for running := true; running; {
			select {
			case <-done:
				running = false
			case <-time.After(10 * time.Millisecond):
			}
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapInuse+m.StackInuse)
		}
		grown := int64(peak) - int64(before.HeapInuse+before.StackInuse)
		t.Logf("%s: 64 × 16 MB took %d MB", method, grown>>20)
		if grown > most {
			t.Errorf("%s: memory grew by %d MB, want at most %d", method, grown>>20, most>>20)
		}
	}
}

// TestCloseEndsWhateverIsUnderWay closes a sidecar whose calls wait for STS,
// for a silent upstream, for a client's body, and amid an answer.
func TestCloseEndsWhateverIsUnderWay(t *testing.T) {
	var asked atomic.Int32
	f := newFaults(t, func(v *visit) {
		if strings.HasSuffix(v.URL.Path, "/half") {
			v.say("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nhalf")
		}
		v.stay()
	}, func(w http.ResponseWriter, r *http.Request) bool {
		return asked.Add(1) > 1 && awstest.Slow(time.Minute)(w, r)
	})
	var calls sync.WaitGroup
	begin := func(o order) {
		calls.Go(func() {
			if r := f.call(o); r.err == nil && r.status == 200 {
				t.Errorf("%s %s: got %v, want it broken off", o.way, o.target, r)
			}
		})
	}
	n := 0
	// One key's credentials are there; STS is slow for all others.
	begin(order{way: "endpoint", method: "GET", target: "/media/in/half"})
	n++
	f.until("the first call has its answer's beginning", func() bool { return len(f.site.seen()) == 1 })
	var held []*io.PipeWriter
	for i, way := range ways {
		r, w := io.Pipe()
		held = append(held, w)
		begin(order{way: way, method: "GET", target: "/media/in/half"})
		begin(order{way: way, method: "GET", target: fmt.Sprint("/media/in/other", i)})
		begin(order{way: way, method: "PUT", target: fmt.Sprint("/media/out/", i), body: r, length: -1})
		n += 3
	}
	release := func() {
		for _, w := range held { // the client's transport waits for it
			w.Close()
		}
	}
	defer release()
	f.until("every call waits for STS or for the upstream", func() bool { return len(f.site.seen()) == 1+len(ways) && int(asked.Load()) == 1+2*len(ways) })
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	begun := time.Now()
	err := f.Close(ctx)
	if took := time.Since(begun); err == nil || took > patience {
		t.Errorf("got %v after %v, want the deadline's error at once", err, took)
	}
	release()
	f.entries(n)
	if got := len(f.sts.Asked()); got != 1 {
		t.Errorf("STS answered %d times, want once", got)
	}
	calls.Wait()
	f.closed = true
	for _, end := range f.idle {
		end()
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	f.nothingLeft()
}
