package manifest

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"
)

// when reads the conditions of an entry, in IAM's words: operators, each with
// its keys, each with a value or a list of values. services are those whose
// actions the entry grants; nil if they may be any.
func (p *parser) when(f field, services []string) []Condition {
	if f.value.Kind != yaml.MappingNode {
		p.mapping(f.value, shape{what: `"when"`})
		return nil
	}
	var all []Condition
	w := &conditions{parser: p, services: services, seen: make(map[string]*yaml.Node)}
	for k, v := range pairs(f.value) {
		op, ok := parseOperator(k.Value)
		if !ok {
			p.errorf(k, "when: %q is no condition operator of IAM's%s", k.Value, p.didYouMean(k.Value, operatorNames()))
			continue
		}
		if v.Kind != yaml.MappingNode {
			p.mapping(v, shape{what: fmt.Sprintf("when: %q, which has condition keys and their values,", k.Value)})
			continue
		}
		if len(v.Content) == 0 {
			p.errorf(v, "when: %q has no condition key: leave it out", k.Value)
		}
		for key, values := range pairs(v) {
			if c, ok := w.condition(op, k.Value, key, values); ok {
				all = append(all, c)
			}
		}
	}
	if len(f.value.Content) == 0 {
		p.errorf(f.value, `"when" has no condition: leave it out`)
	}
	p.open(f.value, all)
	return all
}

// pairs are the keys and values of a mapping, but for the keys that are
// reported already.
func pairs(n *yaml.Node) func(yield func(k, v *yaml.Node) bool) {
	return func(yield func(k, v *yaml.Node) bool) {
		for i := 0; i+1 < len(n.Content); i += 2 {
			k := n.Content[i]
			if k.Kind != yaml.ScalarNode || k.ShortTag() != "!!str" {
				continue
			}
			if !yield(k, n.Content[i+1]) {
				return
			}
		}
	}
}

// conditions is one run of when.
type conditions struct {
	*parser
	services []string
	seen     map[string]*yaml.Node // the keys, with their operators, in lower case
}

// condition reads one operator's condition on one key.
func (w *conditions) condition(op operator, name string, key, values *yaml.Node) (Condition, bool) {
	at := name + " " + strings.ToLower(key.Value)
	if first := w.seen[at]; first != nil {
		if first.Value != key.Value { // the same spelling is reported already
			w.errorf(key, "when: %q differs in case alone from the key in line %d", key.Value, first.Line)
		}
		return Condition{}, false
	}
	w.seen[at] = key
	if known, ok := w.keyOf(key.Value, w.services); ok {
		w.suits(op, name, key, known)
	} else {
		w.unknownKey(key)
		if !w.o.Lenient {
			return Condition{}, false
		}
	}
	if Deferred(key.Value) {
		w.left(key, fmt.Sprintf("when: condition key %q", key.Value))
	}
	c := Condition{Operator: name, Key: key.Value}
	ok := true
	list := w.items(values, fmt.Sprintf("when: %q", key.Value))
	for _, n := range list {
		v, good := w.value(op, name, key, n)
		if !good {
			ok = false
			continue
		}
		c.Values = append(c.Values, v)
	}
	if op.compare == null && len(list) > 1 {
		w.errorf(values, `when: "Null" says of a key that it is there, false, or is not, true: one of them`)
		ok = false
	}
	return c, ok && len(c.Values) > 0
}

func (w *conditions) unknownKey(key *yaml.Node) {
	prefix, _, _ := strings.Cut(strings.ToLower(key.Value), ":")
	if _, elsewhere := w.keyOf(key.Value, []string{prefix}); elsewhere {
		w.unknownf(key, "when: condition key %q is one of %q, which none of the actions is for", key.Value, prefix)
		return
	}
	services := w.services
	if services == nil {
		services = []string{prefix}
	}
	w.unknownf(key, "when: condition key %q does not exist%s", key.Value, w.didYouMeanKey(key.Value, services))
}

// suits warns of what IAM takes and few mean: an operator for another sort of
// values, or for keys of another number of values, than the key's. (IAM User
// Guide, "Single-valued vs. multivalued context keys".)
func (w *conditions) suits(op operator, name string, key *yaml.Node, known conditionKey) {
	if op.compare == null {
		return
	}
	sort := ""
	switch op.compare {
	case numericEquals, numericLess, numericLessEq, numericMore, numericMoreEq:
		sort = "Numeric"
	case dateEquals, dateLess, dateLessEq, dateMore, dateMoreEq:
		sort = "Date"
	case boolean:
		sort = "Bool"
	case ipAddress:
		sort = "IPAddress"
	}
	switch {
	case sort != "" && known.sort != sort && !(known.name == "aws:EpochTime" && sort == "Numeric"):
		w.warnf(key, "when: %q compares another sort of values than %q has, which is %s", name, key.Value, known.sort)
	case sort == "" && known.sort == "Date":
		w.warnf(key, "when: %q compares %q, which is a date, letter by letter: write Date…", name, key.Value)
	}
	switch {
	case op.set != "" && !known.listed:
		w.warnf(key, "when: %q has one value at most: write %q, without %q", key.Value, strings.TrimPrefix(name, op.set+":"), op.set+":")
	case op.set == "" && known.listed:
		w.warnf(key, `when: %q can have several values, and all of them have to pass: write %q or %q`, key.Value, forAll+":"+name, forAny+":"+name)
	}
}

// value reads one value of a condition.
func (w *conditions) value(op operator, name string, key, n *yaml.Node) (string, bool) {
	what := fmt.Sprintf("when: %q", key.Value)
	var v string
	ok := true
	switch {
	case op.variables():
		return w.text(op, what, n)
	case n.Kind == yaml.ScalarNode && n.ShortTag() != "!!null" && n.ShortTag() != "!!str":
		v = n.Value // IAM takes numbers, dates and truth values without quotes
	default:
		v, ok = w.str(n, what)
	}
	if !ok {
		return "", false
	}
	if want := op.compare.check(v); want != "" {
		w.errorf(n, "when: %s: %q is not %s", name, v, want)
		return "", false
	}
	return v, true
}

// text reads a value that may have policy variables.
func (w *conditions) text(op operator, what string, n *yaml.Node) (string, bool) {
	v, ok := w.expand(n, what, &variables{
		allow: func(v policyVariable) bool {
			if v.literal() {
				return true
			}
			known, ok := w.keyOf(v.key, w.services)
			return ok && !known.listed
		},
		which: "only ${env:NAME}, ${*}, ${?}, ${$} and condition keys of one value have one",
	})
	if !ok {
		return "", false
	}
	if (facts{}).defers([]string{v}) {
		w.left(n, fmt.Sprintf("when: a variable in %q", v))
	}
	if op.compare != arnLike {
		return v, true
	}
	if a, isARN := parseARN(maskVariables(v)); !strings.HasPrefix(v, "${") && (!isARN || a.resource == "") {
		w.errorf(n, "%s: %q is no ARN: arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE, with wildcards in the parts", what, v)
		return "", false
	}
	return v, true
}

// left remembers what is left to the session policy, for where there is none.
func (p *parser) left(n *yaml.Node, what string) {
	p.deferred = append(p.deferred, named{what, n})
}

// unminted reports the conditions that nothing would enforce. While observing
// nothing is enforced anyhow.
func (p *parser) unminted() {
	if !p.m.Credentials.Unminted {
		return
	}
	for _, d := range p.deferred {
		if p.m.Mode == Observe {
			p.warnf(d.at, `%s is known to AWS alone, and "unminted: true" mints no credentials that could tell AWS the condition: it is taken to hold, and refused when enforcing`, d.string)
			continue
		}
		p.errorf(d.at, `%s is known to AWS alone, and "unminted: true" mints no credentials that could tell AWS the condition: leave it out, or name a role`, d.string)
	}
}

// open warns of ForAllValues where it holds for want of values.
func (p *parser) open(n *yaml.Node, all []Condition) {
	needed := func(key string) bool {
		for _, c := range all {
			op, _ := parseOperator(c.Operator)
			switch {
			case !strings.EqualFold(c.Key, key):
			case op.compare == null && strings.EqualFold(c.Values[0], "false"), op.compare != null && !op.missing():
				return true
			}
		}
		return false
	}
	told := make(map[string]bool)
	for _, c := range all {
		if key := strings.ToLower(c.Key); strings.HasPrefix(c.Operator, forAll) && !told[key] && !needed(c.Key) {
			told[key] = true
			p.warnf(n, "when: %s holds where a request has no %q: add Null: {%q: false}", c.Operator, c.Key, c.Key)
		}
	}
}
