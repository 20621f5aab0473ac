package iam

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf16"
)

// A statement is one of a policy's. The zero statement says nothing; one
// without resources or principals leaves the element out.
type statement struct {
	deny        bool
	service     string   // Principal: a service
	principal   string   // Principal: a role
	notAction   bool     // actions are all but these
	actions     []string // sorted
	notResource bool     // resources are all but these
	resources   []string // sorted
	conditions  conditions
}

// compact returns the policy of statements without a character to spare. What
// IAM takes as a list or a string is a string where it can be; Version and a
// list of statements are always there (MinIO insists on both).
func compact(statements []statement) string {
	b := []byte(`{"Version":"2012-10-17","Statement":[`)
	for i, s := range statements {
		if i > 0 {
			b = append(b, ',')
		}
		b = s.append(b)
	}
	return string(append(b, "]}"...))
}

// indented returns the policy of statements for people.
func indented(statements []statement) []byte {
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(compact(statements)), "", "  "); err != nil {
		panic("iam: internal error: " + err.Error())
	}
	b.WriteByte('\n')
	return b.Bytes()
}

func (s statement) append(b []byte) []byte {
	effect, action, resource := `"Allow"`, "Action", "Resource"
	if s.deny {
		effect = `"Deny"`
	}
	if s.notAction {
		action = "NotAction"
	}
	if s.notResource {
		resource = "NotResource"
	}
	b = append(append(b, `{"Effect":`...), effect...)
	switch {
	case s.service != "":
		b = append(appendString(append(b, `,"Principal":{"Service":`...), s.service), '}')
	case s.principal != "":
		b = append(appendString(append(b, `,"Principal":{"AWS":`...), s.principal), '}')
	}
	b = appendList(append(b, `,"`+action+`":`...), s.actions)
	if len(s.resources) > 0 {
		b = appendList(append(b, `,"`+resource+`":`...), s.resources)
	}
	if len(s.conditions) > 0 {
		b = s.conditions.append(append(b, `,"Condition":`...))
	}
	return append(b, '}')
}

// append writes cs, which are sorted by operator.
func (cs conditions) append(b []byte) []byte {
	for i, c := range cs {
		switch {
		case i == 0:
			b = append(appendString(append(b, '{'), c.operator), `:{`...)
		case cs[i-1].operator != c.operator:
			b = append(appendString(append(b, "},"...), c.operator), `:{`...)
		default:
			b = append(b, ',')
		}
		b = appendList(append(appendString(b, c.key), ':'), c.values)
	}
	return append(b, "}}"...)
}

func appendList(b []byte, list []string) []byte {
	if len(list) == 1 {
		return appendString(b, list[0])
	}
	b = append(b, '[')
	for i, s := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, s)
	}
	return append(b, ']')
}

// appendString writes s, which is UTF-8, as JSON in ASCII. encoding/json does
// not do: it writes characters that STS refuses, and escapes ones that it need
// not.
func appendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case ' ' <= r && r <= '~':
			b = append(b, byte(r))
		case r == '\t':
			b = append(b, `\t`...)
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\r':
			b = append(b, `\r`...)
		default:
			for _, u := range utf16.AppendRune(nil, r) {
				b = append(b, '\\', 'u', hex[u>>12], hex[u>>8&15], hex[u>>4&15], hex[u&15])
			}
		}
	}
	return append(b, '"')
}

// access is what a policy allows: pairs of an action and a resource, each under
// one set of conditions or another.
type access map[pair][]conditions

type pair struct{ action, resource string }

// add allows p under cs. What asks for more than another already does is left
// out: it allows nothing more.
func (a access) add(p pair, cs conditions) {
	for _, have := range a[p] {
		if have.within(cs) {
			return
		}
	}
	a[p] = append(slices.DeleteFunc(a[p], cs.within), cs)
}

// statements returns statements that allow, or deny, exactly a's pairs, the
// same for the same pairs. Pairs share a statement where that adds no pair.
func (a access) statements(deny bool) []statement {
	groups := make(map[string]*group)
	for p, sets := range a {
		for _, cs := range sets {
			key := ""
			if len(a) > 1 || len(sets) > 1 {
				key = string(cs.append(nil))
			}
			if groups[key] == nil {
				groups[key] = &group{conditions: cs}
			}
			groups[key].pairs = append(groups[key].pairs, p)
		}
	}
	var all []statement
	for _, g := range groups {
		all = append(all, g.statements(deny)...)
	}
	slices.SortFunc(all, func(s, t statement) int {
		return strings.Compare(string(s.append(nil)), string(t.append(nil)))
	})
	return all
}

// A group is the pairs that are allowed under the same conditions.
type group struct {
	conditions conditions
	pairs      []pair
}

func (g *group) statements(deny bool) []statement {
	if len(g.pairs) == 1 { // most calls'
		p := g.pairs[0]
		return []statement{{deny: deny, actions: []string{p.action}, resources: []string{p.resource}, conditions: g.conditions}}
	}
	var one, other []statement
	for _, r := range rectangles(g.pairs, func(p pair) (string, string) { return p.action, p.resource }) {
		one = append(one, statement{deny: deny, actions: r[0], resources: r[1], conditions: g.conditions})
	}
	for _, r := range rectangles(g.pairs, func(p pair) (string, string) { return p.resource, p.action }) {
		other = append(other, statement{deny: deny, actions: r[1], resources: r[0], conditions: g.conditions})
	}
	if len(compact(other)) < len(compact(one)) {
		return other
	}
	return one
}

// rectangles covers pairs by products of a set of firsts and a set of seconds:
// firsts that go with the same seconds share one.
func rectangles(pairs []pair, split func(pair) (first, second string)) [][2][]string {
	seconds := make(map[string][]string)
	for _, p := range pairs {
		first, second := split(p)
		seconds[first] = append(seconds[first], second)
	}
	at := make(map[string]int)
	var out [][2][]string
	for _, first := range sortedKeys(seconds) {
		set := slices.Compact(slices.Sorted(slices.Values(seconds[first])))
		key := string(appendList(nil, set))
		i, ok := at[key]
		if !ok {
			i = len(out)
			at[key] = i
			out = append(out, [2][]string{nil, set})
		}
		out[i][0] = append(out[i][0], first)
	}
	return out
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
