package manifest

import "strings"

// A Decision says whether requests are allowed, and why. The zero Decision
// denies.
type Decision struct {
	Allowed bool
	Grants  [][]*Grant // for each request, every grant that allows it; nil when denied
	Denied  Request    // the first request that is not granted
	Reason  Reason     // why it is not; empty when allowed
	Nearest *Grant     // the grant that came nearest to Denied; nil if none names the action
}

// A Reason is why a call was denied. Reasons are part of the log's format:
// a reason is never renamed.
type Reason string

const (
	NoRequest   Reason = "no-request"   // nothing was asked for
	NoAction    Reason = "no-action"    // no grant names the action
	NoResource  Reason = "no-resource"  // a grant names the action, none the resource
	NoCondition Reason = "no-condition" // a grant names both, but its conditions fail
	NoAccount   Reason = "no-account"   // a grant would match if the account of its bare name were known
	NoPrincipal Reason = "no-principal" // nobody has signed the call, and no grant for such calls allows it
	NoEgress    Reason = "no-egress"    // the host is not the cloud's, and the manifest's egress does not name it
)

// Decide reports whether m grants every one of reqs. It reads only its
// arguments, and no clock: the same requests get the same decision. Conditions
// on keys that only AWS sees ([Deferred]), and those whose values have variables
// of such keys, are taken to hold here: the session policy carries them.
//
// What AWS alone knows of a request besides (Request.Partly) is left to the
// session policy too. Where m mints none, such a request is granted only by
// what covers all that it may be. Of a call that goes under credentials which no
// session policy bounds (Request.Unbound), nothing is taken to hold.
func (m *Manifest) Decide(reqs ...Request) Decision {
	if m == nil || len(reqs) == 0 {
		return Decision{Reason: NoRequest}
	}
	grants := make([][]*Grant, len(reqs))
	for i := range reqs {
		r := &reqs[i]
		reason := NoAction
		// Every grant is asked, even once one has allowed the request: the
		// session policy rests on all that do.
		for _, g := range m.Grants {
			switch verdict := g.allows(r, m); {
			case verdict == "":
				grants[i] = append(grants[i], g)
			case distance(verdict) < distance(reason):
				reason = verdict
			}
		}
		if len(grants[i]) == 0 && m.Own != nil && m.Own.allows(r, m) == "" {
			grants[i] = []*Grant{m.Own}
		}
		if len(grants[i]) == 0 {
			if r.Anonymous {
				reason = NoPrincipal
			}
			return Decision{Denied: *r, Reason: reason, Nearest: m.nearest(r)}
		}
	}
	return Decision{Allowed: true, Grants: grants}
}

// distance orders reasons by how far from allowed they are.
func distance(r Reason) int {
	switch r {
	case "":
		return 0
	case NoAccount:
		return 1
	case NoCondition:
		return 2
	case NoResource:
		return 3
	}
	return 4
}

// allows returns why g does not allow r, or "" if it does.
func (g *Grant) allows(r *Request, m *Manifest) Reason {
	if !g.names(r.Action) || g.Anonymous != r.Anonymous {
		return NoAction
	}
	in := m.scope(r)
	known, would := false, false
	for _, p := range g.Resources {
		if p.matches(r, in) {
			known = true
			break
		}
		would = would || m.Account == "" && p.wouldMatch(r, in)
	}
	if !known && !would {
		return NoResource
	}
	f := facts{context: r.Context, account: m.Account, secure: m.secure(r.Action), unbound: r.Unbound || r.Anonymous}
	for i := range g.Conditions {
		if !g.Conditions[i].holds(f) {
			return NoCondition
		}
	}
	if !known {
		return NoAccount
	}
	return ""
}

// names reports whether one of g's actions matches action.
func (g *Grant) names(action string) bool {
	if action == "" {
		return false // not even by "*": nothing was read
	}
	for _, a := range g.Actions {
		if matchAction(a, action) {
			return true
		}
	}
	return false
}

// secure reports whether calls of an action go on under TLS.
func (m *Manifest) secure(action string) bool {
	service, _, _ := strings.Cut(action, ":")
	u := m.Upstreams[strings.ToLower(service)]
	return u == nil || u.Scheme == "https"
}

// accountVariable is the one variable that has a value in a resource.
const accountVariable = "aws:PrincipalAccount"

func accountIs(account string) func(string) (string, bool) {
	return func(key string) (string, bool) {
		return account, account != "" && strings.EqualFold(key, accountVariable)
	}
}

// A scope is what resources are matched in.
type scope struct {
	account string
	minted  bool // AWS compares what is not known of a resource with a session policy
}

// scope returns what r's resource is matched in.
func (m *Manifest) scope(r *Request) scope {
	return scope{account: m.Account, minted: !m.Credentials.Unminted && !r.Unbound && !r.Anonymous}
}

// matches reports whether p matches r's resource: see [Request.Partly].
func (p Pattern) matches(r *Request, in scope) bool {
	if r.Resource == "" {
		return false
	}
	var room [128]rune
	glyphs, ok := compile(room[:0], string(p), accountIs(in.account))
	return ok && r.matched(glyphs, in)
}

// wouldMatch reports whether p would match r's resource in some account.
func (p Pattern) wouldMatch(r *Request, in scope) bool {
	// A variable's value is literal, so the account stands as a character
	// that IAM knows nothing of until it becomes a wildcard.
	const some = "\x00"
	glyphs, ok := compile(nil, string(p), accountIs(some))
	if !ok || r.Resource == "" {
		return false
	}
	for i, g := range glyphs {
		if g == 0 {
			glyphs[i] = anyRun
		}
	}
	return r.matched(glyphs, in)
}

func (r *Request) matched(glyphs []rune, in scope) bool {
	if r.Runs {
		return r.mayBe(glyphs, in)
	}
	if glob(glyphs, r.Resource, false) {
		return true
	}
	if !r.Partly || !in.minted {
		return false
	}
	if r.Resource == "*" {
		return true
	}
	// The other way round: an exact ARN, and the resource's "?" at its end as
	// wildcards. All before them is literal, whatever the caller wrote there.
	for _, g := range glyphs {
		if g == anyRun || g == anyOne {
			return false
		}
	}
	stem := strings.TrimRight(r.Resource, "?")
	resource := appendLiteral(nil, stem)
	for range len(r.Resource) - len(stem) {
		resource = append(resource, anyOne)
	}
	return len(resource) == len(glyphs) && equalGlyphs(resource, glyphs)
}

// mayBe is matched of a resource with runs that the call does not tell.
func (r *Request) mayBe(glyphs []rune, in scope) bool {
	resource := appendLiteral(nil, r.Resource)
	for i, g := range resource {
		if g == '*' {
			resource[i] = anyRun
		}
	}
	return meet(glyphs, resource, in.minted)
}

// meet reports whether p matches whatever q matches, or, with any, something
// that q matches.
func meet(p, q []rune, any bool) bool {
	// next[j] is the answer for p[i+1:] and q[j:], now[j] that for p[i:].
	now, next := make([]bool, len(q)+1), make([]bool, len(q)+1)
	for i := len(p); i >= 0; i-- {
		for j := len(q); j >= 0; j-- {
			switch {
			case i == len(p) && j == len(q):
				now[j] = true
			case i < len(p) && p[i] == anyRun:
				now[j] = next[j] || j < len(q) && now[j+1]
			case any && j < len(q) && q[j] == anyRun:
				now[j] = now[j+1] || i < len(p) && next[j]
			case i == len(p) || j == len(q):
				now[j] = false
			default:
				one := p[i] == q[j] && p[i] != anyRun || p[i] == anyOne && q[j] != anyRun || any && q[j] == anyOne
				now[j] = one && next[j+1]
			}
		}
		now, next = next, now
	}
	return next[0]
}

func equalGlyphs(pattern, exact []rune) bool {
	for i, g := range pattern {
		if g != anyOne && g != exact[i] {
			return false
		}
	}
	return true
}

// nearest returns the grant that comes nearest to allowing r: of those that
// name its action, the one whose resource agrees with r's for longest. The
// first of equals wins.
func (m *Manifest) nearest(r *Request) *Grant {
	var best *Grant
	most := -1
	for _, g := range m.Grants {
		if !g.names(r.Action) || g.Anonymous != r.Anonymous {
			continue
		}
		for _, p := range g.Resources {
			if n := p.agreement(r, m.scope(r)); n > most {
				best, most = g, n
			}
		}
	}
	return best
}

// agreement counts r's characters that p accounts for: all if it matches, else
// those before its first wildcard run, and after its last.
func (p Pattern) agreement(r *Request, in scope) int {
	account := in.account
	if p.matches(r, in) || account == "" && p.wouldMatch(r, in) {
		return len(r.Resource) + 1
	}
	if account == "" {
		account = "\x00"
	}
	glyphs, ok := compile(nil, string(p), accountIs(account))
	if !ok {
		return 0
	}
	resource := appendLiteral(nil, r.Resource)
	n := 0
	for n < len(glyphs) && n < len(resource) && (glyphs[n] == resource[n] || glyphs[n] == anyOne) {
		n++
	}
	if n == len(glyphs) || n == len(resource) || glyphs[n] != anyRun && glyphs[n] != 0 {
		return n
	}
	tail := 0
	for tail < len(glyphs)-n && tail < len(resource)-n {
		g := glyphs[len(glyphs)-1-tail]
		if g != resource[len(resource)-1-tail] && g != anyOne {
			break
		}
		tail++
	}
	return n + tail
}

// Used returns the grants that d rests on, each once, in manifest order of
// first use.
func (d Decision) Used() []*Grant {
	var used []*Grant
	seen := make(map[*Grant]bool)
	for _, grants := range d.Grants {
		for _, g := range grants {
			if !seen[g] {
				seen[g] = true
				used = append(used, g)
			}
		}
	}
	return used
}
