package manifest

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// allow reads the exact grants, in IAM's own spelling.
func (p *parser) allow(f field) {
	for i, n := range p.items(f.value, `"allow"`) {
		id, at := "allow", f.key
		if f.value.Kind == yaml.SequenceNode {
			id, at = fmt.Sprintf("allow[%d]", i), n
		}
		e, ok := p.entry(n, at, id, shape{
			what:  `"allow"`,
			known: names(allowFields(), everyEntry()),
		})
		if !ok {
			continue
		}
		anonymous := p.anonymous(e)
		actions, good := p.actions(e)
		left := len(p.deferred)
		p.conditioned(e, servicesOf(actions))
		if anonymous {
			for _, d := range p.deferred[left:] {
				p.errorf(d.at, "%s is known to AWS alone, and a call that nobody has signed has no session policy to tell AWS the condition: leave it out", d.string)
			}
			p.deferred = p.deferred[:left]
		}
		resources, fine := p.resources(e, actions)
		if good && fine && p.room(at, len(resources)) {
			g := &Grant{ID: id, Resources: resources, Conditions: e.conditions, Mint: e.mint, Pos: p.position(at), Anonymous: anonymous, Exposed: e.expose}
			for _, a := range actions {
				g.Actions = append(g.Actions, a.string)
			}
			p.m.Grants = append(p.m.Grants, g)
			if e.via != nil {
				p.served[g] = e.via
			}
		}
	}
}

// anonymous reports whether an entry is for calls that nobody has signed, and
// refuses beside it what says something of credentials.
func (p *parser) anonymous(e *entry) bool {
	if !p.truth(e, "anonymous") {
		return false
	}
	for _, key := range []string{"mint", "via", "expose"} {
		if f, ok := e.fields[key]; ok {
			p.errorf(f.key, `%q means nothing where "anonymous: true" grants calls that nobody has signed: leave it out`, key)
		}
	}
	return true
}

// servicesOf returns the services of actions, or nil if they may be any.
func servicesOf(actions []named) []string {
	services := []string{}
	for _, a := range actions {
		service, _, ok := strings.Cut(a.string, ":")
		if !ok {
			return nil
		}
		services = appendNew(services, service)
	}
	return services
}

// actions reads an entry's actions and looks each up in the list of those that
// exist.
func (p *parser) actions(e *entry) ([]named, bool) {
	f, has := e.fields["actions"]
	if !has {
		if !p.torn {
			p.errorf(e.at, `%s has no "actions"`, e.id)
		}
		return nil, false
	}
	names, ok := p.names(f.value, `"actions"`)
	for _, n := range names {
		if n.string != "" && !p.action(n) {
			ok = false
		}
	}
	return names, ok
}

func (p *parser) action(n named) bool {
	if n.string == "*" {
		return true
	}
	service, name, ok := strings.Cut(n.string, ":")
	if !ok || name == "" || service == "" || !made(service, lower+digits+"-") || !made(name, letters+digits+"-*?") {
		// "S3:" is what IAM takes for "s3:", and this does not: names are
		// looked up, and logs are searched.
		p.errorf(n.at, "%q is no action: write service:Action, with the service in small letters%s", n.string, p.didYouMeanAction(n.string))
		return false
	}
	if strings.Contains(n.at.Value, "${env:") && strings.ContainsAny(name, "*?") && !strings.ContainsAny(n.at.Value, "*?") {
		p.errorf(n.at, "action %q: an environment variable puts no wildcard in", n.string)
		return false
	}
	s := p.service(service)
	if s == nil {
		p.unknownf(n.at, "service %q of action %q does not exist%s", service, n.string, p.didYouMean(service, services()))
		return p.o.Lenient
	}
	if slices.ContainsFunc(s.actions, func(a string) bool { return matchAction(name, a) }) {
		return true
	}
	what := "does not exist"
	if strings.ContainsAny(name, "*?") {
		what = "matches no action that exists"
	}
	p.unknownf(n.at, "action %q %s%s", n.string, what, p.didYouMeanAction(n.string))
	return p.o.Lenient
}

// didYouMeanAction suggests an action of the same service, whatever the case
// of its prefix.
func (p *parser) didYouMeanAction(action string) string {
	service, _, _ := strings.Cut(action, ":")
	s := p.service(strings.ToLower(service))
	if s == nil || p.suggested >= maxSuggestions {
		return ""
	}
	var all []string
	for _, a := range s.actions {
		all = append(all, s.prefix+":"+a)
	}
	return p.didYouMean(action, all)
}

// resources reads an entry's resources.
func (p *parser) resources(e *entry, actions []named) ([]Pattern, bool) {
	f, has := e.fields["resources"]
	if !has {
		if !p.torn {
			p.errorf(e.at, `%s has no "resources": where an action has none, write "*"`, e.id)
		}
		return nil, false
	}
	var patterns []Pattern
	ok := true
	for _, n := range p.items(f.value, `"resources"`) {
		r, good := p.pattern(n, `"resources"`)
		if !good || !p.resource(n, r, actions) {
			ok = false
			continue
		}
		patterns = append(patterns, r)
		if other, is := r.logGroup(); is && !slices.Contains(patterns, other) {
			patterns = append(patterns, other)
		}
	}
	return patterns, ok && len(patterns) > 0
}

// logGroup returns the other of the two ARNs that a log group has, and reports
// whether p is one of them. The Service Authorization Reference writes it without
// ":*" at its end, and IAM compares it with it, for actions on streams and on the
// group alike. (Amazon CloudWatch Logs User Guide, "CloudWatch Logs resources and
// operations".)
func (p Pattern) logGroup() (Pattern, bool) {
	a, ok := parseARN(string(p))
	if !ok || a.service != "logs" {
		return "", false
	}
	name, ok := strings.CutPrefix(a.resource, "log-group:")
	if !ok || name == "" || name == "*" {
		return "", false // "*" takes all that may follow
	}
	if group, ok := strings.CutSuffix(name, ":*"); ok && !strings.Contains(group, ":") {
		return p[:len(p)-len(":*")], true
	}
	return p + ":*", !strings.Contains(name, ":")
}

// resource reports whether r can be a resource of one of actions.
func (p *parser) resource(n *yaml.Node, r Pattern, actions []named) bool {
	if r == "*" {
		return true
	}
	a, ok := parseARN(maskVariables(string(r)))
	switch {
	case !ok:
		p.errorf(n, `resource %q is no ARN: write "*", or arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE with wildcards in the parts`, string(r))
		return false
	case a.resource == "":
		p.errorf(n, "resource %q ends before its last part", string(r))
		return false
	case !strings.ContainsAny(a.partition, "*?$") && !isPartition(a.partition):
		p.errorf(n, "resource %q: %q is no partition%s", string(r), a.partition, p.didYouMean(a.partition, []string{"aws", "aws-cn", "aws-us-gov"}))
		return false
	case a.account != "" && made(a.account, digits) && !isAccount(a.account):
		p.unknownf(n, "resource %q: %q is no account: twelve digits", string(r), a.account)
		return p.o.Lenient
	case strings.ContainsAny(a.service, "*?$"):
		return true
	}
	var owners []string
	for _, action := range actions {
		prefix, _, _ := strings.Cut(action.string, ":")
		s := p.service(prefix)
		if s == nil || len(s.owners) == 0 {
			return true // "*", or a service that the list tells too little of
		}
		owners = append(owners, s.owners...)
		if prefix == "s3" {
			owners = append(owners, "s3express") // where Remit decides: see directory
		}
	}
	if len(actions) == 0 || slices.Contains(owners, a.service) {
		return true
	}
	p.unknownf(n, "resource %q is of %q, which none of the actions is for%s", string(r), a.service, p.didYouMean(a.service, owners))
	return p.o.Lenient
}

// maskVariables replaces each variable of a pattern by "$", so that the colon
// in its key parts nothing.
func maskVariables(p string) string {
	var b strings.Builder
	for p != "" {
		if strings.HasPrefix(p, "${") {
			if _, n := variable(p); n > 0 {
				b.WriteByte('$')
				p = p[n:]
				continue
			}
		}
		b.WriteByte(p[0])
		p = p[1:]
	}
	return b.String()
}
