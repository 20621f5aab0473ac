package manifest

import (
	"slices"
	"strings"
)

// Behind returns the ARN of what m says is behind a host that anybody could have
// had made: see Manifest.Endpoints. It reports false of one that m does not name.
// The ARN is empty as long as the account that it is in is not known.
func (m *Manifest) Behind(host string) (arn string, named bool) {
	p, named := m.Endpoints[host]
	if !named {
		return "", false
	}
	arn, _ = m.text(p)
	return arn, true
}

// Sole returns the one host that m says is of something of service's in a region.
// It reports false where there are none or several.
func (m *Manifest) Sole(service, region string) (host string, ok bool) {
	for h, p := range m.Endpoints {
		a, is := parseARN(maskVariables(string(p)))
		if !is || a.service != service || a.region != region {
			continue
		}
		if ok {
			return "", false
		}
		host, ok = h, true
	}
	return host, ok
}

// Owner returns the account that m's grants name as the owner of an API or
// another thing that has an id of its own in a region: the resource of one of
// them has the id, and not a pattern that it matches. It reports false where none
// does, and where they name several accounts. The account is empty as long as the
// function's own is not known.
func (m *Manifest) Owner(service, region, id string) (account string, named bool) {
	const own = "${" + accountVariable + "}"
	for _, g := range m.Grants {
		for _, r := range g.Resources {
			s := string(r)
			if !strings.Contains(s, ":"+id) {
				continue // as nearly all do, and most grants
			}
			a, ok := parseARN(strings.ReplaceAll(s, own, "0"))
			if !ok || a.service != service || a.region != region && a.region != "*" {
				continue
			}
			if rest, ok := strings.CutPrefix(a.resource, id); !ok || rest != "" && rest[0] != '/' {
				continue
			}
			owner := a.account
			if owner == "0" {
				owner = m.Account
			} else if !isAccount(owner) {
				continue
			}
			if named && owner != account {
				return "", false
			}
			account, named = owner, true
		}
	}
	return account, named
}

// Either returns those of resources on which a grant of m names an action: what
// one call could be on, where nothing in it says which. The session policy then
// has no other, so that AWS denies what the call is not granted. Where no session
// policy is minted all of them are returned, and so they are where none is named.
func (m *Manifest) Either(action string, resources ...string) []string {
	if m.Credentials.Unminted {
		return resources
	}
	var some []string
	for _, r := range resources {
		if slices.ContainsFunc(m.Grants, func(g *Grant) bool {
			return g.names(action) && slices.ContainsFunc(g.Resources, func(p Pattern) bool {
				return p.Match(r, accountIs(m.Account))
			})
		}) {
			some = append(some, r)
		}
	}
	if some == nil {
		return resources
	}
	return some
}

// text returns the one text that p matches, its account known.
func (m *Manifest) text(p Pattern) (string, bool) {
	glyphs, ok := compile(nil, string(p), accountIs(m.Account))
	if !ok || slices.Contains(glyphs, anyRun) || slices.Contains(glyphs, anyOne) {
		return "", false
	}
	return string(glyphs), true
}
