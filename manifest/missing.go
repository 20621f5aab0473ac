package manifest

import (
	"slices"
	"strings"
)

// A Permission is one line of a manifest that grants what was asked for.
type Permission struct {
	Key   string // where the line stands: "permissions.queue", or "allow"
	Entry string // what it says, in YAML: "{send: [jobs]}"

	// Where the manifest has an entry already that says the like, To is what to
	// add Add to: "permissions.queue.send" and "jobs". Pos is where it stands.
	Add, To string
	Pos     Position

	Requests []Request // what it grants, of those that were asked for
}

// String is the line in the shortest words: `permissions.queue: {send: [jobs]}`,
// or `add jobs to permissions.queue.send`.
func (p Permission) String() string {
	if p.To != "" {
		return "add " + p.Add + " to " + p.To
	}
	return p.Key + ": " + p.Entry
}

// YAML is the line as a manifest has it, whatever else that says.
func (p Permission) YAML() string {
	if kind, ok := strings.CutPrefix(p.Key, "permissions."); ok {
		return "permissions: {" + kind + ": " + p.Entry + "}"
	}
	return p.Key + ": " + p.Entry
}

// Missing returns the lines that grant what m does not grant of reqs: a field of
// a kind where one is for that, and an exact grant elsewhere. They name just
// these resources, in the words of m's account, region and partition, and no
// line grants what is not of the same field. Of a request that says too little
// (Resource is "*" and is one of many) the line is of all of them. What cannot be
// written in a manifest has none. The zero Manifest misses everything.
func (m *Manifest) Missing(reqs ...Request) []Permission {
	if m == nil {
		m = &Manifest{}
	}
	a := &author{m: m}
	for i := range reqs {
		if reqs[i].Action == "" || m.Decide(reqs[i]).Allowed {
			continue
		}
		a.grant(reqs[i], reqs)
	}
	return a.permissions()
}

// An author writes the lines that are missing.
type author struct {
	m     *Manifest
	lines []*line
}

// A line is a Permission on the way.
type line struct {
	kind   string // or "allow"
	scope  []item // what says of what the line is: a bucket, a table
	fields []item
	reqs   []Request
	grants []*Grant // what the line becomes
}

// An item is one field of an entry: a list of texts, or true.
type item struct {
	name  string
	texts []string
	mark  bool // it is "name: true"
	one   bool // it takes one text, and no list
}

// grant adds a line that grants r, which is one of all, unless there is one.
func (a *author) grant(r Request, all []Request) {
	for _, l := range a.lines {
		if l.allows(a.m, r) {
			l.reqs = append(l.reqs, r)
			return
		}
	}
	if a.extend(r) {
		return
	}
	for _, l := range a.candidates(r, all) {
		if a.parse(l) && l.allows(a.m, r) {
			l.reqs = []Request{r}
			a.join(l)
			return
		}
	}
}

// parse reads a line as the manifest's own parser does.
func (a *author) parse(l *line) bool {
	credentials := "credentials: {role: self}\n"
	if a.m.Credentials.Unminted {
		credentials = "credentials: {unminted: true}\n"
	}
	got, err := Parse("", []byte(credentials+l.permission().YAML()), Options{Region: a.m.Region, Account: a.m.Account, Lenient: true})
	if err != nil {
		return false
	}
	l.grants = got.Grants
	return true
}

// allows reports whether a line grants r.
func (l *line) allows(m *Manifest, r Request) bool {
	alone := *m
	alone.Grants = l.grants
	return alone.Decide(r).Allowed
}

// join puts l among the lines, in one that differs in its names alone if there
// is one: adding to a list of names grants these and nothing else.
func (a *author) join(l *line) {
	for _, have := range a.lines {
		both, ok := have.with(l)
		if ok && a.parse(both) {
			*have = *both
			return
		}
	}
	a.lines = append(a.lines, l)
}

// with returns the line of both, if their entries can be one that grants what
// both grant and no more.
func (l *line) with(other *line) (*line, bool) {
	if l.kind != other.kind || !slices.EqualFunc(l.scope, other.scope, item.equal) {
		return nil, false
	}
	both := &line{kind: l.kind, scope: l.scope, fields: slices.Clone(l.fields), reqs: slices.Concat(l.reqs, other.reqs)}
	if l.kind == "allow" {
		// All actions are on all resources.
		i := slices.IndexFunc(l.fields, func(f item) bool { return f.name == "actions" })
		j := slices.IndexFunc(other.fields, func(f item) bool { return f.name == "actions" })
		same := l.fields[i].equal(other.fields[j])
		if !same && !l.fields[1-i].equal(other.fields[1-j]) {
			return nil, false
		}
	}
	options := func(l *line) (all []item) {
		for _, f := range l.fields {
			if isOption(l.kind, f.name) {
				all = append(all, f)
			}
		}
		return all
	}
	if !slices.EqualFunc(options(l), options(other), item.equal) {
		return nil, false // they are of all that an entry names
	}
	for _, f := range other.fields {
		i := slices.IndexFunc(both.fields, func(have item) bool { return have.name == f.name })
		switch {
		case i < 0:
			both.fields = append(both.fields, f)
		case both.fields[i].one && !both.fields[i].equal(f):
			return nil, false
		default:
			texts := slices.Clone(both.fields[i].texts)
			for _, t := range f.texts {
				texts = appendNew(texts, t)
			}
			both.fields[i].texts = texts
		}
	}
	return both, true
}

// isOption reports whether a field is about what others of its entry name.
func isOption(kind, field string) bool {
	switch kind {
	case "object_storage":
		return slices.Contains([]string{"versions", "tags", "acl", "storage_class", "key"}, field)
	case "assume":
		return field == "tags"
	}
	return false
}

func (i item) equal(j item) bool {
	return i.name == j.name && i.mark == j.mark && slices.Equal(i.texts, j.texts)
}

// permissions returns the lines.
func (a *author) permissions() []Permission {
	var all []Permission
	for _, l := range a.lines {
		p := l.permission()
		if add, to, pos, ok := a.merged(l); ok {
			p.Add, p.To, p.Pos = add, to, pos
		}
		all = append(all, p)
	}
	return all
}

// permission writes l.
func (l *line) permission() Permission {
	p := Permission{Key: "allow", Requests: l.reqs}
	if l.kind != "allow" {
		p.Key = "permissions." + l.kind
	}
	var all []string
	for _, i := range slices.Concat(l.scope, l.fields) {
		all = append(all, i.String())
	}
	p.Entry = "{" + strings.Join(all, ", ") + "}"
	return p
}

// String writes an item as YAML does in a mapping of one line.
func (i item) String() string {
	switch {
	case i.mark:
		return i.name + ": true"
	case i.one:
		return i.name + ": " + quote(i.texts[0])
	}
	var all []string
	for _, t := range i.texts {
		all = append(all, quote(t))
	}
	return i.name + ": [" + strings.Join(all, ", ") + "]"
}

// quote writes a text as YAML's: plain, if that cannot be read as anything else,
// and else between quotes.
func quote(s string) string {
	plain := s != "" && made(s[:1], letters+"/") && made(s, letters+digits+"_./@+-:") && !strings.HasSuffix(s, ":") && !strings.HasPrefix(s, "arn:")
	for _, word := range []string{"true", "false", "null", "yes", "no", "on", "off", "y", "n"} {
		plain = plain && !strings.EqualFold(s, word)
	}
	if plain {
		return s
	}
	const hex = "0123456789abcdef"
	b := []byte{'"'}
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r < ' ', 0x7f <= r && r < 0xa0, r == 0x2028, r == 0x2029, r == 0xfeff, r == 0xfffe, r == 0xffff:
			b = append(b, '\\', 'u', hex[r>>12], hex[r>>8&15], hex[r>>4&15], hex[r&15])
		default:
			b = append(b, string(r)...)
		}
	}
	return string(append(b, '"'))
}
