package manifest

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Parse reads a manifest. The error joins one [*Error] for each thing that is
// wrong, in source order; see [Errors].
func Parse(file string, src []byte, o Options) (*Manifest, error) {
	p := &parser{o: o, m: &Manifest{File: file, Log: LogDenials}, owned: make(map[*Grant]bool), served: make(map[*Grant][]string)}
	p.place()
	if root := p.document(src); root != nil {
		p.manifest(root)
	} else if len(p.errs) == 0 {
		p.warnAt(1, 1, "the manifest is empty: nothing is granted")
	}
	p.environment()
	p.unminted()
	p.exposed()
	p.needs()
	p.errs = told(p.errs, "mistakes")
	p.m.Warnings = told(p.m.Warnings, "warnings")
	if len(p.errs) > 0 {
		joined := make([]error, len(p.errs))
		for i, e := range p.errs {
			joined[i] = e
		}
		return nil, errors.Join(joined...)
	}
	return p.m, nil
}

// Errors returns the mistakes that an error of [Parse] joins, in source order.
func Errors(err error) []*Error {
	var list []*Error
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			list = append(list, Errors(e)...)
		}
		return list
	}
	var one *Error
	if errors.As(err, &one) {
		list = append(list, one)
	}
	return list
}

// A parser is one run of Parse.
type parser struct {
	o         Options
	m         *Manifest
	errs      []*Error
	lines     int // of the file
	suggested int // misspellings looked up
	resourced int // resources granted
	services  map[string]*service
	owned     map[*Grant]bool     // of a field "key", needed by their own entry's grants alone
	served    map[*Grant][]string // of entries with "via": the services they are for
	deferred  []named             // what conditions leave to session policies
	exposeAt  *yaml.Node          // the first "expose: true"
	roleAt    *yaml.Node          // "exposed_role"
	torn      bool                // an alias or merge key stands where something should be said

	modeAt, logAt *yaml.Node // where they stand, if they do
	mode          string
}

func (p *parser) errorf(n *yaml.Node, format string, args ...any) {
	p.errorAt(n.Line, n.Column, format, args...)
}

func (p *parser) errorAt(line, column int, format string, args ...any) {
	p.errs = append(p.errs, p.at(line, column, fmt.Sprintf(format, args...)))
}

func (p *parser) warnf(n *yaml.Node, format string, args ...any) {
	p.warnAt(n.Line, n.Column, format, args...)
}

func (p *parser) warnAt(line, column int, format string, args ...any) {
	p.m.Warnings = append(p.m.Warnings, p.at(line, column, fmt.Sprintf(format, args...)))
}

// at places a text in the file. The YAML library has what it misses at the end
// of its input one line further.
func (p *parser) at(line, column int, text string) *Error {
	if p.lines > 0 && line > p.lines {
		line, column = p.lines, 1
	}
	return &Error{Position{p.m.File, line, column}, short(text)}
}

// short leaves out the middle of a text that quotes too much.
func short(text string) string {
	const head, tail = 400, 160
	if len(text) <= head+tail {
		return text
	}
	return strings.ToValidUTF8(text[:head], "") + " … " + strings.ToValidUTF8(text[len(text)-tail:], "")
}

// unknownf reports what the generated list does not have. An old layer meets
// actions that are newer than its list, and has to start.
func (p *parser) unknownf(n *yaml.Node, format string, args ...any) {
	if p.o.Lenient {
		p.warnf(n, format, args...)
		return
	}
	p.errorf(n, format, args...)
}

// maxTold is how many mistakes of a file are told: more than a person mends at
// once, and few enough for one line of a log.
const maxTold = 200

// told puts list in source order, each once, and counts what is too much.
func told(list []*Error, what string) []*Error {
	seen := make(map[Error]bool)
	list = slices.DeleteFunc(list, func(e *Error) bool {
		again := seen[*e]
		seen[*e] = true
		return again
	})
	bySource(list)
	if len(list) > maxTold {
		list[maxTold] = &Error{list[maxTold].Pos, fmt.Sprintf("%d more %s from here on", len(list)-maxTold, what)}
		list = list[:maxTold+1]
	}
	return list
}

func bySource(list []*Error) {
	slices.SortStableFunc(list, func(a, b *Error) int {
		if d := a.Pos.Line - b.Pos.Line; d != 0 {
			return d
		}
		return a.Pos.Column - b.Pos.Column
	})
}

func (p *parser) getenv(name string) (string, bool) {
	if p.o.Getenv == nil {
		return "", false
	}
	return p.o.Getenv(name)
}

// place fills in what is known of where the function runs.
func (p *parser) place() {
	if r := p.o.Region; r != "" && !isRegion(r) {
		p.errorAt(1, 1, "AWS_REGION: %q is no region", r)
	}
	if a := p.o.Account; a != "" && !isAccount(a) {
		p.errorAt(1, 1, "account %q is not twelve digits", a)
	}
	p.m.Region, p.m.Partition, p.m.Account = p.o.Region, partitionOf(p.o.Region), p.o.Account
}

// manifest reads the top of the file.
func (p *parser) manifest(root *yaml.Node) {
	if root.Kind == yaml.SequenceNode {
		p.errorf(root, "a manifest is a mapping, not a list: one function has one manifest")
		return
	}
	top, ok := p.mapping(root, shape{
		what:    "a manifest",
		known:   names(topFields()),
		unbuilt: unbuiltTop(),
	})
	if !ok {
		return
	}
	// What names are written into comes first; then the grants in source
	// order, since that is the order they are numbered and shown in.
	if f, ok := top["credentials"]; ok {
		p.credentials(f)
	}
	if f, ok := top["function"]; ok {
		p.function(f)
	}
	if f, ok := top["mode"]; ok {
		p.modeAt = f.value
		p.mode, _ = p.oneOf(f, modes()...)
	}
	if f, ok := top["log"]; ok {
		p.logAt = f.value
		if s, ok := p.oneOf(f, logLevels()...); ok {
			p.m.Log = LogLevel(s)
		}
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		f, ok := top[root.Content[i].Value]
		if !ok || f.key != root.Content[i] {
			continue
		}
		switch f.key.Value {
		case "permissions":
			p.permissions(f.value)
		case "function_identity":
			p.identity(f, top)
		case "allow":
			p.allow(f)
		case "upstreams":
			p.upstreams(f)
		case "egress":
			p.egress(f)
		}
	}
	if len(p.m.Grants) == 0 && len(p.errs) == 0 {
		p.warnf(root, "the manifest grants nothing")
	}
	if _, ok := top["credentials"]; !ok && len(p.m.Grants) > 0 && !p.torn {
		p.errorf(root, "no credentials to make granted calls under: %s", credentialsWayOut)
	}
}

// identity reads the form in which function and permissions have a wrapper.
func (p *parser) identity(f field, top map[string]field) {
	inner, ok := p.mapping(f.value, shape{what: `"function_identity"`, known: identityFields()})
	if !ok {
		return
	}
	for _, key := range identityFields() {
		g, inside := inner[key]
		if !inside {
			continue
		}
		if outside, ok := top[key]; ok {
			p.errorf(g.key, `%q stands twice: inside "function_identity" and in line %d`, key, outside.key.Line)
			continue
		}
		if key == "function" {
			p.function(g)
		} else {
			p.permissions(g.value)
		}
	}
}

func (p *parser) function(f field) {
	s, ok := p.name(f.value, `"function"`)
	if !ok {
		return
	}
	// The log's name for it: a Lambda function's name, or another that
	// cannot be taken for two lines or a colour.
	if len(s) > 140 || !made(s, letters+digits+"-_.:/@") {
		p.errorf(f.value, "function: %q is no name: at most 140 letters, digits and -_.:/@", s)
		return
	}
	p.m.Function = s
}

// environment lets the function's configuration say what the manifest left
// open.
func (p *parser) environment() {
	mode, set := p.getenv("REMIT_MODE")
	if set && mode != "enforce" && mode != "observe" {
		p.errorAt(1, 1, `REMIT_MODE: %q is not "enforce" or "observe"%s`, mode, p.didYouMean(mode, modes()))
	}
	switch {
	case !set:
		mode = p.mode
	case p.modeAt != nil && p.mode != mode:
		// Neither may take the other's protection away.
		p.warnf(p.modeAt, "mode: the manifest says %q and REMIT_MODE says %q: enforcing", p.mode, mode)
		mode = "enforce"
	}
	if mode != "observe" {
		return
	}
	p.m.Mode = Observe
	p.warnAt(p.modeLine(), 1, "observing: no call is denied")
	if p.logAt == nil {
		p.m.Log = LogAll
	}
}

func (p *parser) modeLine() int {
	if p.modeAt != nil {
		return p.modeAt.Line
	}
	return 1
}

// InAccount returns a copy of m whose bare names are in account. It is m
// itself if m's account is known, or account is none.
func (m *Manifest) InAccount(account string) *Manifest {
	if m == nil || m.Account != "" || !isAccount(account) {
		return m
	}
	in := *m
	in.Account = account
	return &in
}
