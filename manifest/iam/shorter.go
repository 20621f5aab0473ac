package iam

import (
	"slices"
	"strings"
)

// fitting returns statements, which bound a role to rules, in shorter words if
// they are too many for a managed policy. They say the same.
func fitting(statements []statement, rules []rule) []statement {
	if _, err := sized(statements); err == nil {
		return statements
	}
	return shorter(statements, patternsOf(rules))
}

// shorter writes the actions of denials by the words that they begin with, or as
// all of a service's, and allows what is under the same conditions in one
// statement, whatever the service. What a denial says too much by that is none of
// patterns, and denied anyhow; what an Allow says too much is an action of one
// service on a resource of another, which there is not, and the denials of the
// action deny that as well.
func shorter(statements []statement, patterns []string) []statement {
	var all []statement
	for _, s := range statements {
		switch {
		case !s.deny:
			all = together(all, s)
		case s.notAction:
			all = append(all, s)
		default:
			s.actions = inWords(s.actions, patterns)
			all = append(all, s)
		}
	}
	return all
}

// together adds s to statements, in one of them if there is one of other
// services.
func together(statements []statement, s statement) []statement {
	of, ok := resourceServices(s)
	for i, t := range statements {
		others, fine := resourceServices(t)
		if !ok || !fine || !slices.EqualFunc(s.conditions, t.conditions, condition.equal) || slices.ContainsFunc(of, func(service string) bool { return slices.Contains(others, service) }) {
			continue
		}
		statements[i].actions = slices.Sorted(slices.Values(slices.Concat(t.actions, s.actions)))
		statements[i].resources = slices.Sorted(slices.Values(slices.Concat(t.resources, s.resources)))
		return statements
	}
	return append(statements, s)
}

// resourceServices returns the services that s's resources are of. It is not ok
// unless all actions are of just these.
func resourceServices(s statement) (of []string, ok bool) {
	for _, r := range s.resources {
		part := strings.SplitN(r, ":", 4)
		if len(part) < 4 || part[2] == "" || strings.ContainsAny(part[0]+part[1]+part[2], "*?$") {
			return nil, false
		}
		of = append(of, part[2])
	}
	for _, a := range s.actions {
		if service, _, _ := strings.Cut(a, ":"); !slices.Contains(of, service) {
			return nil, false
		}
	}
	return of, true
}

// inWords returns actions, each as short as it can be without reaching another
// of patterns that is none of actions: "s3:*", "s3:Abort*", or itself.
func inWords(actions, patterns []string) []string {
	var others []glob
	for _, p := range patterns {
		if !slices.ContainsFunc(actions, func(a string) bool { return strings.EqualFold(a, p) }) {
			others = append(others, parseAction(p))
		}
	}
	free := func(p string) bool {
		g := parseAction(p)
		return !slices.ContainsFunc(others, g.overlaps)
	}
	count := make(map[string]int)
	for _, a := range actions {
		service, _, _ := strings.Cut(a, ":")
		count[service]++
	}
	var out []string
	for _, a := range actions {
		service, name, ok := strings.Cut(a, ":")
		short := a
		if ok && !strings.ContainsAny(a, "*?") {
			if whole := service + ":*"; count[service] > 1 && free(whole) {
				out = append(out, whole)
				continue
			}
			for i := 1; i < len(name)-1; i++ {
				if 'A' <= name[i] && name[i] <= 'Z' && 'a' <= name[i-1] && name[i-1] <= 'z' && free(service+":"+name[:i]+"*") {
					short = service + ":" + name[:i] + "*"
					break
				}
			}
		}
		out = append(out, short)
	}
	return widest(out, parseAction)
}
