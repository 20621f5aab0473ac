package manifest

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// A field is one key of a mapping, and its value.
type field struct{ key, value *yaml.Node }

// A shape says which keys a mapping may have.
type shape struct {
	what    string   // "a manifest", for errors
	known   []string // what is read
	unbuilt []string // what is designed, and an error in this version
}

// mapping returns the fields of n that are known to s, by their key, and
// reports all others. It is not ok if n is no mapping.
func (p *parser) mapping(n *yaml.Node, s shape) (map[string]field, bool) {
	if n.Kind != yaml.MappingNode {
		if n.Kind != yaml.AliasNode { // reported already
			p.errorf(n, "%s is a mapping, not %s", s.what, describe(n))
		}
		return nil, false
	}
	fields := make(map[string]field)
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		if k.Kind != yaml.ScalarNode || k.ShortTag() != "!!str" {
			continue // reported already
		}
		switch {
		case slices.Contains(s.known, k.Value):
			if _, twice := fields[k.Value]; !twice {
				fields[k.Value] = field{k, n.Content[i+1]}
			}
		case slices.Contains(s.unbuilt, k.Value):
			p.errorf(k, "%q is not built yet in this version: leave it out", k.Value)
		default:
			p.errorf(k, "%s has no key %q%s", s.what, k.Value, p.didYouMean(k.Value, append(s.known[:len(s.known):len(s.known)], s.unbuilt...)))
		}
	}
	return fields, true
}

// Limits on what a manifest of its size can say, so that reading and deciding
// stay quick whatever it says.
const (
	maxItems     = 1000  // of a list
	maxResources = 10000 // of all grants
	maxString    = 16384 // bytes of a string, once its variables are replaced
)

// items returns n's elements if it is a list, else n alone. A list that is
// empty or too long is reported.
func (p *parser) items(n *yaml.Node, what string) []*yaml.Node {
	if n.Kind != yaml.SequenceNode {
		return []*yaml.Node{n}
	}
	if len(n.Content) == 0 {
		p.errorf(n, "%s is an empty list: leave it out", what)
	}
	if len(n.Content) > maxItems {
		p.errorf(n, "%s is a list of %d; at most %d are read", what, len(n.Content), maxItems)
		return nil
	}
	return n.Content
}

// str returns the string that n is, ${env:…} replaced.
func (p *parser) str(n *yaml.Node, what string) (string, bool) {
	return p.expand(n, what, nil)
}

// pattern returns the pattern that n is. What ${env:…} puts in is literal, and
// of variables only those that have a value here are allowed.
func (p *parser) pattern(n *yaml.Node, what string) (Pattern, bool) {
	s, ok := p.expand(n, what, &variables{
		allow: func(v policyVariable) bool {
			return !v.falls && (v.literal() || strings.EqualFold(v.key, accountVariable))
		},
		which: "only ${env:NAME}, ${aws:PrincipalAccount}, ${*}, ${?} and ${$} have one",
	})
	return Pattern(s), ok
}

// variables are the policy variables that a string may have.
type variables struct {
	allow func(policyVariable) bool
	which string // says which those are
}

// name is str, for a name that may not be empty.
func (p *parser) name(n *yaml.Node, what string) (string, bool) {
	s, ok := p.str(n, what)
	if ok && s == "" {
		p.errorf(n, "%s is empty", what)
		return "", false
	}
	return s, ok
}

// names returns the names that n is one or a list of. It is not ok if any of
// them is wrong, since a grant of some would not be what was written.
func (p *parser) names(n *yaml.Node, what string) ([]named, bool) {
	var names []named
	ok := true
	for _, item := range p.items(n, what) {
		s, good := p.name(item, what)
		ok = ok && good
		names = append(names, named{s, item})
	}
	return names, ok && len(names) > 0
}

// A named is a string, and where it stands.
type named struct {
	string
	at *yaml.Node
}

func (p *parser) boolean(f field) (value, ok bool) {
	if f.value.Kind == yaml.ScalarNode && f.value.ShortTag() == "!!bool" {
		return strings.EqualFold(f.value.Value, "true"), true
	}
	if f.value.Kind != yaml.AliasNode { // reported already
		p.errorf(f.value, "%q is true or false, not %s", f.key.Value, describe(f.value))
	}
	return false, false
}

// oneOf returns the string that f's value is, if it is one of choices.
func (p *parser) oneOf(f field, choices ...string) (string, bool) {
	s, ok := p.str(f.value, fmt.Sprintf("%q", f.key.Value))
	switch {
	case !ok:
		return "", false
	case slices.Contains(choices, s):
		return s, true
	default:
		p.errorf(f.value, "%s: %q is not %s%s", f.key.Value, s, either(choices), p.didYouMean(s, choices))
	}
	return "", false
}

func either(choices []string) string {
	quoted := make([]string, len(choices))
	for i, c := range choices {
		quoted[i] = fmt.Sprintf("%q", c)
	}
	return strings.Join(quoted, " or ")
}

// expand returns n's string, with ${env:NAME} replaced by the variable of the
// function's configured environment. Other variables are an error, unless vars
// allows them: the string is a pattern then, in which what comes from the
// environment is literal.
func (p *parser) expand(n *yaml.Node, what string, vars *variables) (string, bool) {
	if n.Kind == yaml.AliasNode {
		return "", false // reported already
	}
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!str" {
		switch {
		case n.Kind != yaml.ScalarNode:
			p.errorf(n, "%s is a string, not %s", what, describe(n))
		case n.ShortTag() == "!!null":
			p.errorf(n, `%s has no value: the empty string is written ""`, what)
		default:
			p.errorf(n, "%s is a string, not %s: quote it, %q", what, describe(n), n.Value)
		}
		return "", false
	}
	var b strings.Builder
	ok := true
	for s := n.Value; s != ""; {
		i := strings.Index(s, "${")
		if i < 0 {
			i = len(s)
		}
		b.WriteString(s[:i])
		if s = s[i:]; s == "" {
			break
		}
		// A whole variable, or none: what stands around ${env:…} cannot
		// become a variable with its value.
		if strings.HasPrefix(s, "${event:") {
			p.errorf(n, `%s: "${event: …}" is not built yet in this version`, what)
			return "", false
		}
		v, length := variable(s)
		name, env := strings.CutPrefix(v.key, "env:")
		switch {
		case length == 0:
			p.errorf(n, `%s: in %q a "${" begins no variable; in a pattern, the characters are written "${$}{"`, what, n.Value)
			return "", false
		case env:
			value, found := p.env(n, what, name, v)
			ok = ok && found
			if vars != nil {
				// A "$" just before would make a variable of what the
				// value begins with.
				text := b.String()
				if strings.HasSuffix(text, "$") {
					b.Reset()
					b.WriteString(text[:len(text)-1])
					b.WriteString("${$}")
				}
				value = string(Literal(value))
			}
			if b.WriteString(value); b.Len() > maxString {
				p.errorf(n, "%s is longer than %d bytes once its variables are replaced", what, maxString)
				return "", false
			}
		case vars != nil && vars.allow(v):
			b.WriteString(s[:length])
		default:
			which := `only ${env:NAME} has one`
			if vars != nil {
				which = vars.which
			}
			p.errorf(n, "%s: %q has no value here: %s", what, s[:length], which)
			ok = false
		}
		s = s[length:]
	}
	if !ok {
		return "", false
	}
	return b.String(), true
}

// env returns a variable of the function's configured environment.
func (p *parser) env(n *yaml.Node, what, name string, v policyVariable) (string, bool) {
	if v.falls {
		p.errorf(n, "%s: ${env:%s} takes no default", what, name)
		return "", false
	}
	for i, c := range name {
		if c != '_' && !('A' <= c && c <= 'Z') && !('a' <= c && c <= 'z') && !(i > 0 && '0' <= c && c <= '9') {
			p.errorf(n, "%s: %q is no environment variable", what, name)
			return "", false
		}
	}
	value, ok := p.getenv(name)
	switch {
	case name == "" || !ok:
		p.errorf(n, "%s: environment variable %q is not set: set it in the function's configuration", what, name)
		return "", false
	case !utf8.ValidString(value) || strings.ContainsRune(value, 0):
		p.errorf(n, "%s: environment variable %q is not UTF-8 text", what, name)
		return "", false
	}
	return value, true
}
