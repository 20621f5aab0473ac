package manifest

import (
	"slices"
	"strings"
)

// merged returns what to add to an entry that the manifest has, so that the
// entry says l as well, and nothing else that it did not say.
func (a *author) merged(l *line) (add, to string, pos Position, ok bool) {
	if l.kind == "allow" || len(l.fields) != 1 {
		return "", "", pos, false
	}
	f := l.fields[0]
	field := l.kind + "." + f.name
	if len(l.scope) > 0 {
		return a.intoEntry(l)
	}
	if len(f.texts) == 0 {
		return "", "", pos, false
	}
	for _, g := range a.m.Grants {
		entry, rest, _ := strings.Cut(g.ID, ".")
		if l.kind == "topic" && rest == "publish" && strings.HasPrefix(entry, "queue") {
			field = "queue.publish"
		}
		kind, _, _ := strings.Cut(entry, "[")
		if kind+"."+rest != field || !a.says(l, g) {
			continue
		}
		if l.kind == "assume" && slices.ContainsFunc(a.m.Grants, func(g *Grant) bool { return g.ID == entry+".tags" }) {
			continue // the role's sessions could be tagged then
		}
		return list(f.texts), "permissions." + g.ID, g.Pos, true
	}
	return "", "", pos, false
}

// says reports whether g grants what a grant of l does, of other names.
func (a *author) says(l *line, g *Grant) bool {
	return g.Mint == "" && slices.ContainsFunc(l.grants, func(n *Grant) bool {
		return slices.Equal(n.Actions, g.Actions) && slices.EqualFunc(n.Conditions, g.Conditions, Condition.equal)
	})
}

func (c Condition) equal(d Condition) bool {
	return c.Operator == d.Operator && strings.EqualFold(c.Key, d.Key) && slices.Equal(c.Values, d.Values)
}

// intoEntry is merged for entries about one thing, a bucket or a table: whatever
// they name besides has to be of that, and nothing in them may be of all that
// they name.
func (a *author) intoEntry(l *line) (add, to string, pos Position, ok bool) {
	if l.kind != "object_storage" && l.kind != "table" || len(l.grants) == 0 {
		return "", "", pos, false
	}
	root := rootOf(l.grants[0].Resources[0])
	entries := make(map[string]bool) // whether it will do
	var order []string
	for _, g := range a.m.Grants {
		entry, rest, _ := strings.Cut(g.ID, ".")
		if kind, _, _ := strings.Cut(entry, "["); kind != l.kind || strings.HasPrefix(rest, "key") {
			continue
		}
		if _, seen := entries[entry]; !seen {
			entries[entry] = true
			order = append(order, entry)
		}
		entries[entry] = entries[entry] && a.plain(l, g, rest) && !slices.ContainsFunc(g.Resources, func(r Pattern) bool { return rootOf(r) != root })
	}
	f := l.fields[0]
	order = slices.DeleteFunc(order, func(entry string) bool { return !entries[entry] })
	for _, entry := range order {
		for _, g := range a.m.Grants {
			if g.ID == entry+"."+f.name && len(f.texts) > 0 {
				return list(f.texts), "permissions." + g.ID, g.Pos, true
			}
		}
	}
	for _, entry := range order {
		for _, g := range a.m.Grants {
			if strings.HasPrefix(g.ID, entry+".") {
				return f.String(), "permissions." + entry, g.Pos, true
			}
		}
	}
	return "", "", pos, false
}

// plain reports whether g is of a field that stands by itself, as a new line's.
func (a *author) plain(l *line, g *Grant, rest string) bool {
	field, _, _ := strings.Cut(rest, ".")
	if g.Mint != "" {
		return false
	}
	if l.kind == "table" {
		return !slices.ContainsFunc(g.Conditions, func(c Condition) bool { return c.Key != "dynamodb:FullTableScan" })
	}
	if !slices.Contains([]string{"read", "read_prefix", "write", "write_prefix", "delete", "delete_prefix", "list_prefix"}, field) || strings.Contains(rest, ".") {
		return false
	}
	if slices.ContainsFunc(g.Actions, func(a string) bool { return strings.Contains(a, "Version") }) {
		return false
	}
	// Of the bucket's own account, and of nothing else that "when" could say.
	for _, c := range g.Conditions {
		switch {
		case c.Key == "aws:ResourceAccount":
			if !slices.ContainsFunc(l.grants[0].Conditions, c.equal) {
				return false
			}
		case c.Key == "s3:prefix" && field == "list_prefix":
		case strings.HasPrefix(field, "write") && slices.ContainsFunc(slices.Concat(plainly(), []Condition{missing(redirect), missing(class)}), c.equal):
		default:
			return false
		}
	}
	return true
}

// rootOf is the bucket or the table that a resource is in.
func rootOf(r Pattern) string {
	s := string(r)
	if i := strings.Index(s, "/object/"); i >= 0 && strings.Contains(s[:i], ":accesspoint/") {
		return s[:i]
	}
	at, _ := parseARN(maskVariables(s))
	if at.service == "dynamodb" {
		table, _, _ := strings.Cut(s, "/index/")
		return table
	}
	if strings.HasPrefix(at.resource, "accesspoint/") {
		return s
	}
	bucket, _, _ := strings.Cut(s, "/")
	return bucket
}

// list writes texts for people: one by itself, several in brackets.
func list(texts []string) string {
	var all []string
	for _, t := range texts {
		all = append(all, quote(t))
	}
	if len(all) == 1 {
		return all[0]
	}
	return "[" + strings.Join(all, ", ") + "]"
}
