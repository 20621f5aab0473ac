package iam

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lambda-remit/remit/manifest"
)

// callAccess returns what exactly reqs need.
func callAccess(m *manifest.Manifest, d manifest.Decision, reqs []manifest.Request) (access, error) {
	account := accountOf(m.Account)
	a := make(access)
	named := make(map[string]bool)
	size := 0
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
				if !named[resource] {
					named[resource] = true
					size += len(resource)
				}
			}
			if written {
				carried(a, g, account)
			}
		}
		if !written {
			return nil, fmt.Errorf("%w: IAM cannot name %q", ErrTooLarge, r.Resource)
		}
		if size > MaxSession { // of a thousand keys, the rest need not be looked at
			return nil, ErrTooLarge
		}
	}
	return a, nil
}

// carried adds to a what services need of the function to serve calls through
// g: see [manifest.Grant]. What cannot be written is left out, and the service
// is denied.
func carried(a access, g *manifest.Grant, account string) {
	done := map[*manifest.Grant]bool{g: true}
	for todo := g.Needs; len(todo) > 0; todo = todo[1:] {
		n := todo[0]
		if done[n] || !writesActions(n) {
			continue
		}
		done[n] = true
		if cs, ok := grantConditions(n, account); ok {
			a.addGrant(n, cs, account)
		}
		todo = slices.Concat(todo, n.Needs)
	}
}

// addGrant allows all that g does, under cs.
func (a access) addGrant(g *manifest.Grant, cs conditions, account string) {
	for _, action := range g.Actions {
		for _, resource := range grantResources(g, account) {
			a.add(pair{action, resource}, cs)
		}
	}
}

// resources returns what r's resource is written as where g allows it.
func resources(g *manifest.Grant, r manifest.Request, account string) []string {
	switch {
	case r.Resource == "*" && r.Partly:
		// Which one it is, AWS knows alone: it compares it with all of g's.
		return grantResources(g, account)
	case r.Resource == "*":
		// No resource, or one that cannot be known: the request needs all of
		// them, and only a grant of all is one.
		if !covers(g, r, account) {
			return nil
		}
		return []string{"*"}
	case !nameable(r.Resource):
		return nil
	case r.Partly:
		return partly(g, r, account)
	}
	written := string(manifest.Literal(r.Resource))
	if group, ok := strings.CutPrefix(written, "arn:"); ok && isLogGroup(group) {
		return []string{written, written + ":*"}
	}
	if cluster, ok := strings.CutSuffix(written, "/database"); ok && isGraph(written) {
		return []string{graph(g, cluster+"/*", written, account)}
	}
	return []string{accessPoint(written, owner(g, account))}
}

// isGraph reports whether an ARN is of a database of Neptune's.
func isGraph(arn string) bool {
	parts := strings.SplitN(arn, ":", 6)
	return len(parts) == 6 && parts[2] == "neptune-db" && strings.Count(parts[5], "/") == 1
}

// graph returns what the only database of a cluster of Neptune's is written as:
// all of the cluster's, since that is what policies are documented to have, and
// what AWS compares with is not; unless g names the one.
func graph(g *manifest.Grant, all, one, account string) string {
	want, _ := parseResource(all, account)
	for _, p := range g.Resources {
		if granted, ok := parseResource(string(p), account); ok && granted.covers(want) {
			return all
		}
	}
	return one
}

// isLogGroup reports whether an ARN, less "arn:", is a log group's as requests
// name it. IAM compares it with ":*" behind it: see the patterns of `allow`. What
// a call asks for so is of the group; who asks for a stream names the stream.
func isLogGroup(arn string) bool {
	parts := strings.Split(arn, ":")
	return len(parts) == 6 && parts[1] == "logs" && parts[4] == "log-group"
}

// partly returns what a resource with unknown characters is written as: itself,
// with as many "?" at its end, where g grants it whatever they are, and else the
// exact ARNs that g names and it may be. One with unknown runs is written so
// too, or, where g covers it in part alone, as those of g's that it may be.
func partly(g *manifest.Grant, of manifest.Request, account string) []string {
	resource := of.Resource
	stem := strings.TrimRight(resource, "?")
	self := glob(stem)
	for range len(resource) - len(stem) {
		self = append(self, anyOne)
	}
	for i, r := range self {
		if r == '*' && of.Runs {
			self[i] = anyRun
		}
	}
	var exact []string
	for _, p := range g.Resources {
		granted, ok := parseResource(string(p), account)
		switch {
		case !ok:
		case granted.covers(self):
			return []string{self.String()}
		case granted.exact() && self.covers(granted), of.Runs && granted.overlaps(self):
			exact = append(exact, granted.String())
		}
	}
	return exact
}

// grantAccess returns what the grants that d rests on allow. Of those that allow
// a request, the manifest's first without conditions is enough if there is one;
// else all are needed, since AWS decides which of them holds, and of a resource
// that the call does not tell which of them has it.
func grantAccess(m *manifest.Manifest, d manifest.Decision, reqs []manifest.Request) (access, error) {
	account := accountOf(m.Account)
	used := make(map[*manifest.Grant]bool)
	all := m.Grants
	if m.Own != nil {
		all = append(slices.Clip(all), m.Own)
	}
	for i, r := range reqs {
		var own []*manifest.Grant
		for _, g := range all {
			if !slices.Contains(d.Grants[i], g) || !writes(g, r, account) {
				continue
			}
			if own = append(own, g); len(g.Conditions) == 0 && !r.Partly {
				own = []*manifest.Grant{g}
				break
			}
		}
		if own == nil {
			return nil, fmt.Errorf("%w: no grant of %q on %q can be written", ErrTooLarge, r.Action, r.Resource)
		}
		for _, g := range own {
			used[g] = true
		}
	}
	return grantsAccess(used, account), nil
}

// grantsAccess returns what grants allow, all of which can be written.
func grantsAccess(grants map[*manifest.Grant]bool, account string) access {
	a := make(access)
	for g := range grants {
		cs, _ := grantConditions(g, account)
		a.addGrant(g, cs, account)
		carried(a, g, account)
	}
	return a
}

// writes reports whether g can be written, and with it a resource that is r's.
func writes(g *manifest.Grant, r manifest.Request, account string) bool {
	return writesAll(g, account) && covers(g, r, account)
}

// writesAll reports whether g's actions and conditions can be written.
func writesAll(g *manifest.Grant, account string) bool {
	_, ok := grantConditions(g, account)
	return ok && writesActions(g)
}

func writesActions(g *manifest.Grant) bool {
	return !slices.ContainsFunc(g.Actions, func(a string) bool { return !isAction(a, true) })
}

// covers reports whether g has a resource that can be written and is r's.
func covers(g *manifest.Grant, r manifest.Request, account string) bool {
	if r.Partly && r.Resource == "*" {
		return len(grantResources(g, account)) > 0
	}
	if r.Partly {
		return len(partly(g, r, account)) > 0
	}
	vars := func(key string) (string, bool) {
		return account, account != "" && strings.EqualFold(key, accountVariable)
	}
	for _, p := range g.Resources {
		if _, ok := parseResource(string(p), account); ok && p.Match(r.Resource, vars) {
			return true
		}
	}
	return false
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
