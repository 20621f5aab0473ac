package sidecar

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// remembered is how many traces are kept. One invocation runs at a time in an
// ordinary sandbox; what it started in the background may still call later.
const remembered = 256

// traces knows which invocation a trace belongs to, and where invocations come
// one by one and are told before they begin, which one ran at a time. The zero
// traces is empty.
type traces struct {
	mu      sync.Mutex
	byTrace map[string]string
	oldest  [remembered]string // a ring of the keys of byTrace
	next    int

	spans   [16]span // a ring of the last that began
	begun   int      // how many did
	running map[string]struct{}
	several bool // more than one has run at a time
}

// note remembers that header's trace belongs to request.
func (t *traces) note(header, request string) {
	root := traceRoot(header)
	if root == "" || request == "" {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byTrace == nil {
		t.byTrace = make(map[string]string)
	}
	if _, ok := t.byTrace[root]; !ok {
		delete(t.byTrace, t.oldest[t.next])
		t.oldest[t.next] = root
		t.next = (t.next + 1) % remembered
	}
	t.byTrace[root] = request
}

// request returns the invocation that a call belongs to, by the trace in its
// header or else by the time at which it arrived; or "".
func (t *traces) request(header string, at time.Time) string {
	root := traceRoot(header)
	t.mu.Lock()
	defer t.mu.Unlock()
	if request := t.byTrace[root]; root != "" && request != "" {
		return request
	}
	if t.several {
		return ""
	}
	for n := range min(t.begun, len(t.spans)) {
		if s := t.spans[(t.begun-1-n)%len(t.spans)]; !at.Before(s.began) {
			return s.request
		}
	}
	return ""
}

// traceRoot returns the trace id in an X-Amzn-Trace-Id header: the one field of
// it that the platform's header and an SDK's have in common. (AWS X-Ray
// Developer Guide, "Tracing header": "Root=1-5759e988-bd862e3fe1be46a994272793;
// Parent=…;Sampled=1".)
func traceRoot(header string) string {
	for field := range strings.SplitSeq(header, ";") {
		if root, ok := strings.CutPrefix(strings.TrimSpace(field), "Root="); ok && len(root) <= 64 {
			return root
		}
	}
	return ""
}

// A span is when an invocation began.
type span struct {
	request string
	began   time.Time
}

// begin remembers that an invocation begins now, which the runtime does not
// know yet.
func (t *traces) begin(header, request string) {
	t.note(header, request)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.known(request) {
		return // the Extensions API told of it first
	}
	if t.running == nil {
		t.running = make(map[string]struct{})
	}
	t.running[request] = struct{}{}
	// A sandbox has one invocation at a time, or it is one that has several;
	// there, a time says nothing.
	t.several = t.several || len(t.running) > 1
	if t.several {
		clear(t.running)
	}
	t.spans[t.begun%len(t.spans)] = span{request, time.Now()}
	t.begun++
}

// also is what the Extensions API tells of an invocation, which is in no order
// with what the function does. It counts where the Runtime API is read along
// with, and this one was missed there.
func (t *traces) also(header, request string) {
	t.mu.Lock()
	missed := t.begun > 0 && !t.known(request)
	t.mu.Unlock()
	if missed {
		t.begin(header, request)
		return
	}
	t.note(header, request)
}

// known reports whether request has begun. t.mu is held.
func (t *traces) known(request string) bool {
	return slices.ContainsFunc(t.spans[:], func(s span) bool { return s.request == request })
}

// end remembers that Lambda has the invocation's answer. What it left running
// is still its own until the next one begins.
func (t *traces) end(request string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.running, request)
}
