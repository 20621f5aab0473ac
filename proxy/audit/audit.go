// Package audit writes and reads the decision log, and the metrics drawn from
// it.
//
// The log is one line of JSON for each call, on standard output, which on
// Lambda is the function's own log group. Denied calls are always in it, and
// allowed ones as the manifest's `log` says: none, one in 100, or all. The
// names below never change, nor does their order; what does not apply or is
// not known is left out.
//
//	time            when the call arrived, UTC, RFC 3339 with milliseconds
//	level           "warn" where the manifest does not grant the call, else "info"
//	msg             "denied", "allowed", "would deny" (in observe), "counted", "started",
//	                "exposed": the function was given credentials that AWS honours
//	id              the denial's: it stands in the answer that the caller got; the
//	                same denial has the same id again
//	function        the manifest's name for the function, else Lambda's
//	version         the function's
//	request_id      the invocation's
//	sandbox         names this sandbox among the function's
//	mode            "enforce" or "observe"
//	service         IAM's prefix: "s3"
//	operation       "GetObject"
//	region          "eu-west-1"
//	principal       who made it, if not the function itself: the ARN of a role
//	                that it assumed; SERVICE:OPERATION where who gave out its
//	                credentials does not say whose they are, as in
//	                "cognito-identity:GetCredentialsForIdentity"; "foreign", or
//	                "anonymous"
//	decision        "allow" or "deny": the manifest's, whatever the mode made of it
//	reason          why it was denied; from a fixed list
//	repeated        how many calls more, which have no line of their own, were
//	                denied just so; the rest of the line is the last one's
//	requests        [{action, resource, context}]: what the call asked for, the
//	                request that was denied in front, at most 100
//	requests_total  how many there were
//	grants          the grants that allowed it
//	nearest         the grant that came nearest to allowing it
//	width           of the session policy it went under: "call" or "grant"
//	access_key_id   of the credentials it went under; CloudTrail has it too
//	aws_request_id  AWS's own id of the call
//	status          of the answer
//	took_ms         until the answer began, waiting for STS left out
//	mint_ms         spent waiting for STS
//	bytes_in        of body, from the function
//	bytes_out       of body, to the function
//	host            that was asked for, of a tunnel or of a call that was not understood
//	error           what went wrong, if something did
//	_aws            CloudWatch's embedded metric format, and with it
//	Calls Denials Mints MintTime Took
//
// A denial that repeats has a line the first time, at once, and is counted from
// then on: the next line of it, with `repeated`, comes after 1,000 calls, or
// with whatever is logged next once a minute has passed, and at the latest when
// the invocation is over ([Log.Settle]) or the sandbox ([Log.Flush]). The same
// denial is one with the same id, in the same invocation. Nothing runs between
// calls, since Lambda freezes a sandbox then; what is counted when one is killed
// is lost. Of more than 64 different denials at a time the oldest is told first.
// Calls that a manifest which observes let pass have a line each.
//
// The metrics are in the namespace Remit, by function. Calls, Denials and
// Mints count since the line before, so that their sums are right whatever has a
// line; [Log.Flush] writes what is left. MintTime and Took are milliseconds.
// (CloudWatch User Guide, "Specification: Embedded metric format".)
//
// Nothing that a caller chooses, an object's key above all, can begin a line
// or look like the end of one: every character that does not print is escaped.
// Strings are cut to a length, and a line is at most [MaxLine] bytes. Secrets,
// tokens and bodies never come here. But the function prints into the same log
// group, and can print lines of the same form: who reads them ([Read]) holds
// claims, not proof.
package audit

import (
	"io"
	"os"
	"sync"
	"time"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
)

// SampleRate is of how many allowed calls one is logged under `log: sampled`:
// the first, and then every hundredth.
const SampleRate = 100

// A Log writes one JSON line for each record that its level asks for. Its
// fields must not change once it records.
type Log struct {
	W        io.Writer // one Write a line; nil: standard output
	Manifest func() *manifest.Manifest
	Function string // the function's name
	Version  string // the function's version
	Sandbox  string // names this sandbox among the function's; see [Log.Rename]

	// RequestID returns the invocation that a call belongs to which had a
	// trace id, or none, and arrived at a time; or "".
	RequestID func(trace string, at time.Time) string

	mu      sync.Mutex // guards what follows, and writing
	allowed int        // calls, for sampling
	counts  counts     // since the last line
	denials []*repeat  // that may repeat, the oldest in front
}

// counts are what a line's metrics have of the calls since the line before.
type counts struct {
	calls, denials, mints int
	mintTimes             []float64 // milliseconds
}

// maxValues is how many values of one metric a line may have. (CloudWatch User
// Guide, "Specification: Embedded metric format", "Metric values".)
const maxValues = 100

// Record writes r. It is a [proxy.Server]'s Record. A line that cannot be
// written is lost: the log decides nothing.
func (l *Log) Record(r proxy.Record) {
	m := l.manifest()
	msg := outcome(r)

	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts.calls++
	if r.Sent.Mint > 0 {
		l.counts.mints++
		if len(l.counts.mintTimes) < maxValues {
			l.counts.mintTimes = append(l.counts.mintTimes, ms(r.Sent.Mint))
		}
	}
	l.settle(r.Time)
	if msg == Denied {
		l.counts.denials++
	}
	if msg == Allowed && !l.wants(m) {
		return // Most calls, most of the time: no line is made.
	}
	e := l.entry(m, r)
	if msg == Denied && l.repeats(e) {
		return
	}
	l.write(appendEntry(nil, e, l.metrics(e)))
}

// wants reports whether an allowed call is logged.
func (l *Log) wants(m *manifest.Manifest) bool {
	n := l.allowed
	l.allowed++
	switch m.Log {
	case manifest.LogAll:
		return true
	case manifest.LogSampled:
		return n%SampleRate == 0
	case manifest.LogDenials:
		return false
	}
	return m.Mode == manifest.Observe
}

// metrics returns the metrics of e's line, and begins to count anew.
func (l *Log) metrics(e Entry) *metrics {
	c := l.counts
	l.counts = counts{}
	if e.Function == "" {
		return nil // a dimension has a value
	}
	out := &metrics{at: e.Time, counts: c}
	if e.Msg != Counted && e.Msg != Exposed && e.Repeated == 0 {
		out.took, out.timed = e.TookMS, true
	}
	return out
}

// Rename has the lines from here on name another sandbox: one that goes on from
// a snapshot is a sandbox of its own. What was counted before is left out.
func (l *Log) Rename(sandbox string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.Sandbox, l.counts, l.denials = sandbox, counts{}, nil
}

// Exposed writes that the function was given credentials with an access key, good
// for grants; took is how long STS was waited for. What is done under them does
// not always come by here: CloudTrail has the access key beside it.
func (l *Log) Exposed(accessKeyID string, grants []*manifest.Grant, took time.Duration) {
	m := l.manifest()
	l.mu.Lock()
	defer l.mu.Unlock()
	e := Entry{
		Time: time.Now(), Level: "info", Msg: Exposed, Function: l.function(m),
		Version: l.Version, Sandbox: l.Sandbox, Mode: modeName(m.Mode), Decision: "allow",
		Width: manifest.WidthGrant, AccessKeyID: accessKeyID, MintMS: ms(took),
	}
	for _, g := range grants {
		e.Grants = append(e.Grants, g.String())
	}
	if took > 0 {
		l.counts.mints++
		if len(l.counts.mintTimes) < maxValues {
			l.counts.mintTimes = append(l.counts.mintTimes, ms(took))
		}
	}
	l.write(appendEntry(nil, e, l.metrics(e)))
}

// Settle writes the lines of the denials that were counted. It is for the end
// of an invocation.
func (l *Log) Settle() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settle(time.Time{})
}

// Flush writes the denials and the calls that were counted since the last line.
// It is for the end of a sandbox.
func (l *Log) Flush() {
	m := l.manifest()
	l.mu.Lock()
	defer l.mu.Unlock()
	e := Entry{
		Time: time.Now(), Level: "info", Msg: Counted, Function: l.function(m),
		Version: l.Version, Sandbox: l.Sandbox, Mode: modeName(m.Mode),
	}
	l.settle(time.Time{})
	if l.counts.calls > 0 && e.Function != "" {
		l.write(appendEntry(nil, e, l.metrics(e)))
	}
}

// write is called with l.mu held.
func (l *Log) write(line []byte) {
	w := l.W
	if w == nil {
		w = os.Stdout
	}
	w.Write(line)
}

func (l *Log) manifest() *manifest.Manifest {
	if l.Manifest != nil {
		if m := l.Manifest(); m != nil {
			return m
		}
	}
	return new(manifest.Manifest)
}

func (l *Log) function(m *manifest.Manifest) string {
	if m.Function != "" {
		return m.Function
	}
	return l.Function
}

// ms is d in milliseconds, to the microsecond.
func ms(d time.Duration) float64 {
	return float64(d.Round(time.Microsecond)) / float64(time.Millisecond)
}
