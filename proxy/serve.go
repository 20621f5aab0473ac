package proxy

import (
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"maps"
	"net/http"
	"runtime/debug"
	"slices"
	"time"

	"github.com/lambda-remit/remit/manifest"
)

// ServeHTTP serves one request, whichever way it came in.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.start()
	rec := &Record{Time: time.Now(), Trace: r.Header.Get("X-Amzn-Trace-Id")}
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		// A crash frees nothing: what was being served is denied on record,
		// and the client sees a broken connection, not a clean end.
		if p != http.ErrAbortHandler {
			rec.Decision = manifest.Decision{Reason: Unread}
			rec.Err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
			s.record(rec)
		}
		panic(http.ErrAbortHandler)
	}()

	tunnel := tunnelOf(r)
	r, in := meterBody(r)
	defer in.end()
	if !s.serving.enter(r.Context()) {
		rec.Call, rec.Host = new(Call), short(r.Host)
		s.refuse(w, r, in, rec, faultf(http.StatusServiceUnavailable, Busy, "more calls are in progress than a sandbox has descriptors for; try again"))
		return
	}
	defer s.serving.leave()
	if r.Method == http.MethodConnect {
		s.connect(w, r, in, tunnel, rec)
		return
	}
	rec.Call = new(Call)
	if f := s.admit(r, tunnel); f != nil {
		rec.Host = r.Host
		s.refuse(w, r, in, rec, f)
		return
	}
	rec.Host = r.URL.Host
	if tunnel == nil && r.URL.Host != "" && !s.claims(r.URL.Hostname()) {
		s.forward(w, r, in, rec)
		return
	}
	err := s.serve(w, r, in, rec)
	if err == errRecorded {
		return
	}
	if rec.Err == nil {
		rec.Err = err
	}
	s.record(rec)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
}

// serve is the path of one call: read, decide, send, answer. An error means
// that the client did not get the whole of an answer.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, in *meter, rec *Record) error {
	defer func() { rec.In = in.n.Load() }()
	upgrade := beginsWebSocket(r)
	stripHopByHop(r.Header)
	if upgrade {
		r.Header.Set("Upgrade", "websocket")
	}

	m := s.manifest()
	call, err := s.Cloud.Read(r)
	if call == nil {
		call = new(Call)
	}
	if f, ok := errors.AsType[*fault](in.failure()); ok {
		err = f // Read may have put it in words of its own.
	}
	if err == nil && in.lost(r) {
		err = errors.New("the body was read and not put back")
	}
	if err == nil && call.WebSocket != upgrade {
		err = errors.New("the call asks for another protocol, and what would follow is nothing that is known of it")
	}
	var d manifest.Decision
	var denial Denial
	if err != nil {
		denial = denialFor(err, Denial{Reason: Unread})
		d = manifest.Decision{Reason: denial.Reason}
	} else if call.Published && len(call.Requests) == 0 {
		d = manifest.Decision{Allowed: true}
	} else {
		d = m.Decide(call.Requests...)
		denial = Denial{Reason: d.Reason, Request: d.Denied}
	}
	rec.Call, rec.Decision, rec.Err = call, d, err
	if d.Allowed && call.Upstream == nil {
		return s.deny(w, r, in, rec, Denial{Reason: Unread, Text: "the call has no upstream"})
	}
	if !d.Allowed {
		denial.ID = s.id(rec, denial)
		rec.ID = denial.ID
		if !observes(m, d.Reason) || call.Upstream == nil || in.lost(r) || in.failure() != nil || call.WebSocket != upgrade {
			return s.deny(w, r, in, rec, denial)
		}
		rec.Observed = true
	}

	if upgrade {
		if !s.serving.enterTunnel() {
			return s.deny(w, r, in, rec, Denial{Reason: Busy, Retry: true, Text: "too many tunnels are open: close some"})
		}
		defer s.serving.leaveTunnel()
	}
	resp, sent, err := s.Cloud.Send(outgoing(r, call.Upstream, in), call, m, d)
	rec.Sent = sent
	if err == nil && r.Context().Err() != nil {
		// A transport that gives up says goodbye in TLS first, and may still
		// take an answer that the upstream made of it. Nobody gets that one.
		resp.Body.Close()
		err = r.Context().Err()
	}
	if err == nil && resp.StatusCode < 200 && !(upgrade && switched(resp)) {
		resp.Body.Close()
		err = fmt.Errorf("the upstream switched protocols unasked: %s", resp.Status)
	}
	if err != nil {
		rec.Err = err
		if f, ok := errors.AsType[*fault](in.failure()); ok {
			err = f
		} else if r.Context().Err() != nil || in.failure() != nil {
			return err // The client is gone: nobody is there to be told.
		}
		denial := denialFor(err, Denial{Reason: Unreachable, Retry: true, Text: "no answer from " + call.Upstream.Host})
		denial.ID, denial.Request = rec.ID, d.Denied
		rec.Decision = manifest.Decision{Reason: denial.Reason, Denied: d.Denied}
		rec.Observed = false
		return s.deny(w, r, in, rec, denial)
	}
	if resp.StatusCode < 200 {
		return s.webSocket(w, resp, rec)
	}
	return s.answer(w, r, resp, in, rec)
}

// deny answers in the cloud's place.
func (s *Server) deny(w http.ResponseWriter, r *http.Request, in *meter, rec *Record, denial Denial) error {
	if denial.ID == "" {
		denial.ID = s.id(rec, denial)
	}
	rec.ID = denial.ID
	rec.Decision.Allowed, rec.Decision.Grants, rec.Decision.Reason = false, nil, denial.Reason
	rest := in.before(w, r)
	counted := &counter{ResponseWriter: w, bodiless: r.Method == http.MethodHead}
	s.Cloud.Deny(counted, r, rec.Call, denial)
	rec.Took = time.Since(rec.Time) - rec.Sent.Mint
	rec.Status, rec.Out = counted.status, counted.n
	in.linger(w, rest)
	return nil
}

// refuse answers what is not a call, or cannot be read as one, in plain text,
// and records it.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, in *meter, rec *Record, f *fault) {
	rec.Decision, rec.Err, rec.Status = manifest.Decision{Reason: f.reason, Nearest: rec.Decision.Nearest}, f, f.status
	rec.Observed = false
	rec.ID = s.id(rec, Denial{Reason: f.reason})
	text := fmt.Sprintf("%s (remit %s)\n", f.text, rec.ID)
	rest := in.before(w, r)
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", fmt.Sprint(len(text)))
	if r.ProtoMajor == 1 {
		// What follows may be meant for a tunnel, or for another protocol.
		h.Set("Connection", "close")
	}
	w.WriteHeader(f.status)
	n, _ := io.WriteString(w, text)
	rec.Took, rec.Out = time.Since(rec.Time), int64(n)
	in.linger(w, rest)
	rec.In = in.n.Load()
	s.record(rec)
}

func (s *Server) record(rec *Record) {
	if s.Record != nil {
		s.Record(*rec)
	}
}

func (s *Server) manifest() *manifest.Manifest {
	if s.Manifest != nil {
		if m := s.Manifest(); m != nil {
			return m
		}
	}
	return new(manifest.Manifest)
}

func (s *Server) claims(host string) bool { return s.Claims == nil || s.Claims(host) }

// reads reports whether calls to a claimed host are read on port, where that is
// not its scheme's.
func (s *Server) reads(host string, port uint16) bool { return s.Ports != nil && s.Ports(host, port) }

// observes reports whether m lets a call go on that is denied for reason.
// What nobody may do is refused in every mode.
func observes(m *manifest.Manifest, reason manifest.Reason) bool {
	switch reason {
	case BadSignature, Forbidden, Smuggling, Misdirected:
		return false
	}
	return m.Mode == manifest.Observe
}

// denialFor is what err says of itself, or else otherwise.
func denialFor(err error, otherwise Denial) Denial {
	if f, ok := errors.AsType[*fault](err); ok {
		return Denial{Reason: f.reason, Text: f.text}
	}
	if r, ok := errors.AsType[*Refusal](err); ok {
		d := Denial{Reason: r.Reason, Retry: r.Retry, Text: r.Text}
		if d.Reason == "" {
			d.Reason = otherwise.Reason
		}
		return d
	}
	return otherwise
}

// id names a denial, in its answer and in the log. The same denial of the same
// request has the same id for as long as the server lives: so a log may count
// what it has a line of, and the message that a caller got leads to it still.
func (s *Server) id(rec *Record, d Denial) string {
	var h maphash.Hash
	h.SetSeed(s.serving.seed)
	say := func(text string) {
		h.WriteString(text)
		h.WriteByte(0)
	}
	say(string(d.Reason))
	say(d.Text)
	req := d.Request
	if c := rec.Call; c != nil {
		say(c.Service)
		say(c.Operation)
		say(c.Region)
		if req.Action == "" && len(c.Requests) > 0 {
			req = c.Requests[0]
		}
	}
	if req.Action == "" {
		// Nothing was read of it: what is wrong is all there is to know.
		say(rec.Host)
		if rec.Err != nil {
			say(rec.Err.Error())
		}
	}
	say(req.Action)
	say(req.Resource)
	for _, key := range slices.Sorted(maps.Keys(req.Context)) {
		say(key)
		for _, value := range req.Context[key] {
			say(value)
		}
	}
	return fmt.Sprintf("d-%08x", uint32(h.Sum64()))
}

// A counter is a ResponseWriter that remembers what was answered.
type counter struct {
	http.ResponseWriter
	bodiless bool // what is written to an answer to HEAD goes nowhere
	status   int
	n        int64
}

func (c *counter) WriteHeader(status int) {
	if c.status == 0 {
		c.status = status
	}
	c.ResponseWriter.WriteHeader(status)
}

func (c *counter) Write(p []byte) (int, error) {
	if c.status == 0 {
		c.status = http.StatusOK
	}
	n, err := c.ResponseWriter.Write(p)
	if !c.bodiless {
		c.n += int64(n)
	}
	return n, err
}

// Unwrap is for http.ResponseController.
func (c *counter) Unwrap() http.ResponseWriter { return c.ResponseWriter }
