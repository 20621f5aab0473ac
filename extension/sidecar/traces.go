package sidecar

import (
	"strings"
	"sync"
)

// remembered is how many traces are kept. One invocation runs at a time in an
// ordinary sandbox; what it started in the background may still call later.
const remembered = 256

// traces knows which invocation a trace belongs to. The zero traces is empty.
type traces struct {
	mu      sync.Mutex
	byTrace map[string]string
	oldest  [remembered]string // a ring of the keys of byTrace
	next    int
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

// request returns the invocation that header's trace belongs to, or "".
func (t *traces) request(header string) string {
	root := traceRoot(header)
	if root == "" {
		return ""
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.byTrace[root]
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
