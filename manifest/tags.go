package manifest

import (
	"fmt"

	"go.yaml.in/yaml/v4"
)

// tagConditions reads a field of tags: true for any, or keys, or keys with the
// values that they may have. keysOf is the condition key that lists the keys of
// a call's tags, and before which a tag's own begins with. It is not ok where no
// tags are granted.
func (p *parser) tagConditions(e *entry, f field, keysOf, before string) (all []Condition, ok bool) {
	var keys []string
	var values []Condition
	ok = true
	what := f.key.Value
	tag := func(n *yaml.Node, key string) {
		if key == "" || len(key) > 128 || !isTagText(key) {
			p.errorf(n, "%s: %q is no tag key: 1 to 128 letters, digits, spaces and _.:/=+-@", what, key)
			ok = false
		}
		keys = appendNew(keys, key)
	}
	switch {
	case f.value.Kind == yaml.ScalarNode && f.value.ShortTag() == "!!bool":
		return nil, p.truth(e, what)
	case f.value.Kind == yaml.MappingNode:
		for k, v := range pairs(f.value) {
			tag(k, k.Value)
			c := Condition{Operator: "StringEqualsIfExists", Key: before + k.Value}
			for _, n := range p.items(v, fmt.Sprintf("%s: %q", what, k.Value)) {
				s, good := p.str(n, fmt.Sprintf("%s: %q", what, k.Value))
				ok = ok && good
				c.Values = appendNew(c.Values, literalValue(s))
			}
			values = append(values, c)
		}
		if len(keys) == 0 && ok {
			p.errorf(f.value, "%s: no tag is named: leave it out", what)
			return nil, false
		}
	default:
		names, good := p.names(f.value, fmt.Sprintf("%q", what))
		ok = good
		for _, n := range names {
			if n.string != "" {
				tag(n.at, n.string)
			}
		}
	}
	if !ok {
		return nil, false
	}
	// A call without tags would pass the first: of an object, it takes all
	// tags away.
	all = []Condition{{forAll + ":StringEquals", keysOf, keys}, {"Null", keysOf, []string{"false"}}}
	return append(all, values...), true
}
