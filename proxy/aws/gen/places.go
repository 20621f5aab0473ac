package main

import "strings"

// A place is where a member that may name something stands.
type place struct {
	path  string // as the tables write it: "b.StreamName", "l.id", "q.name"
	name  string // plain
	list  bool   // of names
	level int
	shape string
}

// places lists the members of an operation that may name something.
func places(s *service, op *operation) []place {
	var all []place
	add := func(path string, m *member, level int) {
		switch {
		case m.Kind == "string" || m.Kind == "number":
			all = append(all, place{path, plain(m.Name), false, level, m.Shape})
		case m.Kind == "list" && m.Of != nil && m.Of.Kind == "string" && !m.HTTPQueryParams:
			all = append(all, place{listPath(s, path, m), plain(m.Name), true, level, m.Shape})
		}
	}
	var walk func(prefix string, members []member, level int)
	walk = func(prefix string, members []member, level int) {
		for i := range members {
			m := &members[i]
			wire := wireName(s, m, level)
			path := prefix + "." + wire
			add(path, m, level)
			if m.Kind == "struct" && level < 1 {
				walk(path, m.Members, level+1)
			}
		}
	}
	for i := range op.Members {
		m := &op.Members[i]
		switch {
		case !s.rest():
			wire := wireName(s, m, 0)
			add("b."+wire, m, 0)
			if m.Kind == "struct" {
				walk("b."+wire, m.Members, 1)
			}
		case m.HTTPLabel:
			add("l."+m.Name, m, 0)
		case m.HTTPQuery != "":
			add("q."+m.HTTPQuery, m, 0)
		case m.HTTPHeader != "":
			add("h."+m.HTTPHeader, m, 0)
		case m.HTTPPrefixHeaders != "" || m.HTTPQueryParams || m.Kind == "stream" || m.Kind == "blob":
		case s.protocol() == "rest-xml":
			// Its bodies are not read by table: nothing of what they hold
			// names a resource that label, query or header does not.
		case m.HTTPPayload:
			if m.Kind == "struct" {
				walk("b", m.Members, 1)
			}
		default:
			wire := wireName(s, m, 0)
			add("b."+wire, m, 0)
			if m.Kind == "struct" {
				walk("b."+wire, m.Members, 1)
			}
		}
	}
	return all
}

// listPath is where the elements of a list stand: in a form, below the name that
// they have, unless it is "member", which package aws knows.
func listPath(s *service, path string, m *member) string {
	if s.protocol() == "query" && m.Of.XMLName != "" && m.Of.XMLName != "member" {
		path += "." + m.Of.XMLName
	}
	return path + ".#"
}

// wireName is how a member is called in a body. (Smithy, the page of each
// protocol.)
func wireName(s *service, m *member, level int) string {
	switch s.protocol() {
	case "rest-json":
		if m.JSONName != "" {
			return m.JSONName
		}
	case "query":
		if m.XMLName != "" {
			return m.XMLName
		}
	case "ec2":
		name := m.Name
		if m.XMLName != "" {
			name = m.XMLName
		}
		if m.EC2QueryName != "" {
			return m.EC2QueryName
		}
		return strings.ToUpper(name[:1]) + name[1:]
	}
	return m.Name
}
