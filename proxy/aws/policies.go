package aws

import (
	"strings"
	"sync"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/manifest/iam"
)

// maxPolicies bounds the texts that are kept, of at most 2,048 characters each
// beside a key of about as many. A function that touches more resources than
// that writes them anew.
const maxPolicies = 512

// maxPolicyKey is the length of a key beyond which a text is not kept: that of
// a call with many requests.
const maxPolicyKey = 4 << 10

// policies keeps the texts of session policies, which cost more to write than
// the rest of deciding a call. A text depends on the manifest, on the grants,
// on the requests and on the width, and on nothing else: they are its key, each
// part of it told from the next by its length.
type policies struct {
	mu   sync.Mutex
	of   *manifest.Manifest
	kept map[string]policy
}

type policy struct {
	text  string
	width manifest.Width
}

// session is [iam.SessionPolicy], kept. Errors are not.
func (p *policies) session(m *manifest.Manifest, d manifest.Decision, reqs []manifest.Request, width manifest.Width) (string, manifest.Width, error) {
	key := policyKey(d, reqs, width)
	if len(key) > maxPolicyKey {
		return iam.SessionPolicy(m, d, reqs, width)
	}
	p.mu.Lock()
	if p.of != m { // another account's names, and other grants
		p.of, p.kept = m, make(map[string]policy)
	}
	known, ok := p.kept[string(key)]
	p.mu.Unlock()
	if ok {
		return known.text, known.width, nil
	}
	text, got, err := iam.SessionPolicy(m, d, reqs, width)
	if err != nil {
		return text, got, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.of == m {
		if len(p.kept) >= maxPolicies {
			clear(p.kept)
		}
		p.kept[string(key)] = policy{text, got}
	}
	return text, got, nil
}

// policyKey writes what a policy's text depends on besides its manifest. Which
// grants allow a request stands for all that they say. Of a request's context
// it is the keys that their conditions name; of those the time is left out,
// which no text holds: it would make every key another.
func policyKey(d manifest.Decision, reqs []manifest.Request, width manifest.Width) []byte {
	key := make([]byte, 0, 512)
	part := func(s string) {
		n := len(s)
		key = append(key, byte(n), byte(n>>8), byte(n>>16), byte(n>>24))
		key = append(key, s...)
	}
	count := func(n int) { key = append(key, byte(n), byte(n>>8), byte(n>>16), byte(n>>24)) }
	conditions := func(r *manifest.Request, g *manifest.Grant) {
		for i := range g.Conditions {
			name := strings.ToLower(g.Conditions[i].Key)
			if name == "aws:currenttime" || name == "aws:epochtime" {
				continue
			}
			values := r.Context[name]
			count(len(values))
			for _, v := range values {
				part(v)
			}
		}
	}
	part(string(width))
	count(len(reqs))
	for i := range reqs {
		r := &reqs[i]
		part(r.Action)
		part(r.Resource)
		if r.Runs {
			part("runs")
		} else if r.Partly {
			part("partly")
		} else {
			part("")
		}
		count(len(d.Grants[i]))
		for _, g := range d.Grants[i] {
			part(g.ID)
			conditions(r, g)
			for _, needed := range g.Needs {
				conditions(r, needed)
			}
		}
	}
	return key
}
