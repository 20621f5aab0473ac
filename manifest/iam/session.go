package iam

import (
	"fmt"
	"strings"

	"github.com/lambda-remit/remit/manifest"
)

// callAccess returns what exactly reqs need.
func callAccess(m *manifest.Manifest, d manifest.Decision, reqs []manifest.Request) (access, error) {
	account := accountOf(m.Account)
	a := make(access)
	for i, r := range reqs {
		if !isAction(r.Action, false) {
			return nil, fmt.Errorf("%w: %q cannot be written as an action", ErrTooLarge, r.Action)
		}
		written := false
		for _, g := range d.Grants[i] {
			cs, ok := pinned(g, r, account)
			if !ok {
				continue
			}
			for _, resource := range resources(g, r, account) {
				a.add(pair{r.Action, resource}, cs)
				written = true
			}
		}
		if !written {
			return nil, fmt.Errorf("%w: IAM cannot name %q", ErrTooLarge, r.Resource)
		}
	}
	return a, nil
}

// resources returns what r's resource is written as where g allows it.
func resources(g *manifest.Grant, r manifest.Request, account string) []string {
	switch {
	case r.Resource == "*":
		// No resource, or one that cannot be known: the request needs all of
		// them, and only a grant of all is one.
		if !writes(g, r, account) {
			return nil
		}
		return []string{"*"}
	case !nameable(r.Resource):
		return nil
	case r.Partly:
		return partly(g, r.Resource, account)
	}
	return []string{accessPoint(literal(r.Resource).String(), owner(g, account))}
}

// writes reports whether one of g's resources that can be written is r's.
func writes(g *manifest.Grant, r manifest.Request, account string) bool {
	if r.Partly {
		return len(partly(g, r.Resource, account)) > 0
	}
	for _, p := range g.Resources {
		if granted, ok := parseResource(string(p), account); ok && granted.covers(literal(r.Resource)) {
			return true
		}
	}
	return false
}

// partly returns what a resource that ends in unknown characters is written as:
// itself, with as many "?", where g grants it whatever they are, and else the
// exact ARNs that g names and it may be.
func partly(g *manifest.Grant, resource, account string) []string {
	stem := strings.TrimRight(resource, "?")
	self := literal(stem)
	for range len(resource) - len(stem) {
		self = append(self, anyOne)
	}
	var exact []string
	for _, p := range g.Resources {
		granted, ok := parseResource(string(p), account)
		switch {
		case !ok:
		case granted.covers(self):
			return []string{self.String()}
		case granted.exact() && self.covers(granted):
			exact = append(exact, granted.String())
		}
	}
	return exact
}

// grantAccess returns what the grants that d rests on allow.
func grantAccess(m *manifest.Manifest, d manifest.Decision, reqs []manifest.Request) (access, error) {
	account := accountOf(m.Account)
	a := make(access)
	for i, r := range reqs {
		written := false
		for _, g := range sufficient(m, d.Grants[i]) {
			cs, ok := grantConditions(g, account)
			if !ok || !writes(g, r, account) {
				continue
			}
			for _, action := range g.Actions {
				if !isAction(action, true) {
					continue
				}
				for _, resource := range grantResources(g, account) {
					a.add(pair{action, resource}, cs)
					written = true
				}
			}
		}
		if !written {
			return nil, fmt.Errorf("%w: no grant of %q on %q can be written", ErrTooLarge, r.Action, r.Resource)
		}
	}
	return a, nil
}

// sufficient returns those of grants that a policy needs: the manifest's first
// without conditions, if there is one, and else all.
func sufficient(m *manifest.Manifest, grants []*manifest.Grant) []*manifest.Grant {
	for _, g := range m.Grants {
		if len(g.Conditions) > 0 {
			continue
		}
		for _, own := range grants {
			if own == g {
				return []*manifest.Grant{g}
			}
		}
	}
	return grants
}

// grantResources returns g's resources as a statement has them. One that
// matches nothing, because it has a variable without a value, is left out.
func grantResources(g *manifest.Grant, account string) []string {
	var all []string
	for _, p := range g.Resources {
		if parsed, ok := parseResource(string(p), account); ok {
			all = append(all, accessPoint(parsed.String(), owner(g, account)))
		}
	}
	return all
}
