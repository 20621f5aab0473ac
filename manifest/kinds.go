package manifest

import (
	"fmt"
	"slices"

	"go.yaml.in/yaml/v4"
)

// A kind is a portable name for what a function does, such as
// "object_storage". Its fields become grants of exact IAM actions.
type kind struct {
	name    string
	fields  []string // beside "mint"
	unbuilt []string // beside unbuiltFields
	read    func(*parser, *entry)
}

// kinds are those that are built. Each has a file of its own, or shares one
// with its like.
func kinds() []kind {
	return []kind{
		{
			name:    "object_storage",
			fields:  []string{"bucket", "read_prefix", "read", "list_prefix", "list", "write_prefix", "write", "delete_prefix", "delete", "versions"},
			unbuilt: []string{"key", "tags", "acl", "storage_class", "create_only"},
			read:    (*parser).objectStorage,
		},
		{name: "topic", fields: []string{"publish"}, read: (*parser).topic},
		{name: "queue", fields: []string{"publish"}, unbuilt: []string{"send", "receive"}, read: (*parser).topic},
		{name: "secrets", fields: []string{"read"}, read: (*parser).secrets},
	}
}

// unbuiltKinds and unbuiltFields are named in the design and not read yet.
func unbuiltKinds() []string {
	return []string{"table", "event_bus", "stream", "parameters", "keys", "functions", "workflows", "email", "models", "database", "api", "assume"}
}

func unbuiltFields() []string { return []string{"when", "via", "expose", "account"} }

// permissions reads the portable kinds.
func (p *parser) permissions(n *yaml.Node) {
	all := kinds()
	s := shape{what: `"permissions"`, unbuilt: unbuiltKinds()}
	for _, k := range all {
		s.known = append(s.known, k.name)
	}
	fields, ok := p.mapping(n, s)
	if !ok {
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		f, ok := fields[n.Content[i].Value]
		if !ok || f.key != n.Content[i] {
			continue
		}
		k := all[slices.IndexFunc(all, func(k kind) bool { return k.name == f.key.Value })]
		p.kind(k, f)
	}
}

// kind reads one entry, or each of a list of them.
func (p *parser) kind(k kind, f field) {
	for i, n := range p.items(f.value, fmt.Sprintf("%q", k.name)) {
		id, at := k.name, f.key
		if f.value.Kind == yaml.SequenceNode {
			id, at = fmt.Sprintf("%s[%d]", k.name, i), n
		}
		mistakes := len(p.errs)
		e, ok := p.entry(n, at, id, shape{
			what:    fmt.Sprintf("%q", k.name),
			known:   append([]string{"mint"}, k.fields...),
			unbuilt: append(unbuiltFields(), k.unbuilt...),
		})
		if !ok {
			continue
		}
		grants := len(p.m.Grants)
		k.read(p, e)
		// An entry that grants nothing is an oversight, unless a mistake in
		// it is why.
		if len(p.m.Grants) == grants && len(p.errs) == mistakes && !p.torn {
			p.errorf(at, "%s grants nothing: it has none of the fields that do", id)
		}
	}
}

// An entry is one mapping that grants something.
type entry struct {
	id     string
	at     *yaml.Node // its key, or itself in a list
	fields map[string]field
	mint   Width
}

func (p *parser) entry(n, at *yaml.Node, id string, s shape) (*entry, bool) {
	fields, ok := p.mapping(n, s)
	if !ok {
		return nil, false
	}
	e := &entry{id: id, at: at, fields: fields}
	if f, ok := fields["mint"]; ok {
		e.mint = p.mint(f)
		if p.m.Credentials.Unminted {
			p.errorf(f.key, `"mint" means nothing where "unminted: true" mints no credentials: leave it out`)
		}
	}
	return e, true
}

func (e *entry) has(keys ...string) bool {
	return slices.ContainsFunc(keys, func(k string) bool { _, ok := e.fields[k]; return ok })
}

// grant adds a grant of one field of e.
func (p *parser) grant(e *entry, f field, actions []string, resources []Pattern, conditions ...Condition) {
	p.m.Grants = append(p.m.Grants, &Grant{
		ID:         e.id + "." + f.key.Value,
		Actions:    actions,
		Resources:  resources,
		Conditions: conditions,
		Mint:       e.mint,
		Pos:        Position{p.m.File, f.key.Line, f.key.Column},
	})
}

// room reports whether the manifest may have n more resources, and says so
// once where it may not.
func (p *parser) room(at *yaml.Node, n int) bool {
	if p.resourced > maxResources {
		return false
	}
	if p.resourced += n; p.resourced <= maxResources {
		return true
	}
	p.errorf(at, "the manifest grants more than %d resources: grant prefixes", maxResources)
	return false
}

// regional returns the ARN of a bare name in the function's own account,
// region and partition. name is a pattern.
func (p *parser) regional(service string, name Pattern) Pattern {
	region := p.m.Region
	if region == "" {
		region = "*"
	}
	return Pattern(arn{p.m.Partition, service, region, "${" + accountVariable + "}", string(name)}.String())
}
