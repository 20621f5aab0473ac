package audit

import (
	"math"
	"slices"
	"time"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
)

// What a line is about: an Entry's Msg.
const (
	Denied    = "denied"     // the call was answered by the proxy
	Allowed   = "allowed"    // it was granted, and sent
	WouldDeny = "would deny" // it was not granted, and sent, because the manifest observes
	Counted   = "counted"    // no call: metrics alone
	Exposed   = "exposed"    // no call: the function was given credentials that AWS honours
)

// An Entry is one line of the decision log, without its metrics. See the
// package comment for its fields.
type Entry struct {
	Time          time.Time       `json:"time"`
	Level         string          `json:"level"`
	Msg           string          `json:"msg"`
	ID            string          `json:"id"`
	Function      string          `json:"function"`
	Version       string          `json:"version"`
	RequestID     string          `json:"request_id"`
	Sandbox       string          `json:"sandbox"`
	Mode          string          `json:"mode"`
	Service       string          `json:"service"`
	Operation     string          `json:"operation"`
	Region        string          `json:"region"`
	Principal     string          `json:"principal"`
	Decision      string          `json:"decision"`
	Reason        manifest.Reason `json:"reason"`
	Repeated      int             `json:"repeated"`
	Requests      []Request       `json:"requests"`
	RequestsTotal int             `json:"requests_total"`
	Grants        []string        `json:"grants"`
	Nearest       string          `json:"nearest"`
	Width         manifest.Width  `json:"width"`
	AccessKeyID   string          `json:"access_key_id"`
	AWSRequestID  string          `json:"aws_request_id"`
	Status        int             `json:"status"`
	TookMS        float64         `json:"took_ms"`
	MintMS        float64         `json:"mint_ms"`
	BytesIn       int64           `json:"bytes_in"`
	BytesOut      int64           `json:"bytes_out"`
	Host          string          `json:"host"`
	Error         string          `json:"error"`
}

// Calls is how many calls the line stands for: one, or those that it says were
// denied like the one before.
func (e Entry) Calls() int { return max(1, e.Repeated) }

// A Request is one action on one resource, as a line has it.
type Request struct {
	Action   string              `json:"action"`
	Resource string              `json:"resource"`
	Context  map[string][]string `json:"context"`
}

// entry is r as a line.
func (l *Log) entry(m *manifest.Manifest, r proxy.Record) Entry {
	e := Entry{
		Time: r.Time, ID: r.ID,
		Function: l.function(m), Version: l.Version, Sandbox: l.Sandbox, Mode: modeName(m.Mode),
		Width: r.Sent.Width, AccessKeyID: r.Sent.AccessKeyID, AWSRequestID: r.Sent.AWSRequestID,
		Status: r.Status, TookMS: ms(r.Took), MintMS: ms(r.Sent.Mint), BytesIn: r.In, BytesOut: r.Out,
		Reason: r.Decision.Reason,
	}
	if l.RequestID != nil {
		e.RequestID = l.RequestID(r.Trace, r.Time)
	}
	if r.Err != nil {
		e.Error = r.Err.Error()
	}
	if c := r.Call; c != nil {
		e.Service, e.Operation, e.Region, e.Principal = c.Service, c.Operation, c.Region, c.Principal
		e.Requests, e.RequestsTotal = requests(c.Requests, r.Decision), len(c.Requests)
	}
	if e.Service == "" {
		e.Host = r.Host
	}
	for _, g := range r.Decision.Used() {
		e.Grants = append(e.Grants, g.String())
	}
	if g := r.Decision.Nearest; g != nil {
		e.Nearest = g.String()
	}

	switch e.Msg = outcome(r); e.Msg {
	case WouldDeny:
		e.Level, e.Decision = "warn", "deny"
	case Allowed:
		e.Level, e.Decision = "info", "allow"
	default:
		e.Level, e.Decision = "warn", "deny"
	}
	return e
}

// outcome is the msg of r's line.
func outcome(r proxy.Record) string {
	// A call without a decision was not allowed, whoever forgot to say so.
	granted := r.Decision.Allowed || r.Call == nil && r.Decision.Reason == ""
	switch {
	case r.Observed:
		return WouldDeny
	case r.ID == "" && granted:
		return Allowed
	}
	return Denied
}

// maxRequests is how many of a call's requests stand in its line.
const maxRequests = 100

// requests returns what stands in the line of reqs: the denied one in front,
// so that it is there however many there are.
func requests(reqs []manifest.Request, d manifest.Decision) []Request {
	var out []Request
	add := func(r manifest.Request) {
		out = append(out, Request{r.Action, r.Resource, r.Context})
	}
	denied := -1
	if !d.Allowed {
		denied = slices.IndexFunc(reqs, func(r manifest.Request) bool {
			return r.Action == d.Denied.Action && r.Resource == d.Denied.Resource
		})
	}
	if denied >= 0 {
		add(reqs[denied])
	}
	for i, r := range reqs {
		if len(out) == maxRequests {
			break
		}
		if i != denied {
			add(r)
		}
	}
	return out
}

func modeName(m manifest.Mode) string {
	if m == manifest.Enforce {
		return "enforce"
	}
	return string(m)
}

// finite is f, or 0 where JSON has no number for it.
func finite(f float64) float64 {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return 0
	}
	return f
}
