package iam

import (
	"cmp"
	"slices"
	"strings"

	"github.com/lambda-remit/remit/manifest"
)

// A condition is one line of a statement's Condition element. Its values are
// sorted, each once.
type condition struct {
	operator, key string
	values        []string
}

// conditions all have to hold. They are sorted, and no two have one operator
// and one key: JSON has no place for those.
type conditions []condition

func (c condition) equal(d condition) bool {
	return c.operator == d.operator && strings.EqualFold(c.key, d.key) && slices.Equal(c.values, d.values)
}

func compareConditions(c, d condition) int {
	return cmp.Or(strings.Compare(c.operator, d.operator),
		strings.Compare(strings.ToLower(c.key), strings.ToLower(d.key)),
		slices.Compare(c.values, d.values))
}

// with returns cs and c besides. It is not ok if one statement cannot hold both.
func (cs conditions) with(c condition) (conditions, bool) {
	if len(c.values) > 1 {
		c.values = slices.Compact(slices.Sorted(slices.Values(c.values)))
	}
	for i, have := range cs {
		if have.operator != c.operator || !strings.EqualFold(have.key, c.key) {
			continue
		}
		if have.equal(c) {
			return cs, true
		}
		switch c.operator {
		case "StringNotEquals", "StringNotLike", "ArnNotEquals", "ArnNotLike":
			// None of these and none of those is none of either.
			cs = slices.Clone(cs)
			cs[i].values = slices.Compact(slices.Sorted(slices.Values(slices.Concat(have.values, c.values))))
			return cs, true
		case "StringEquals", "StringLike", "ArnEquals", "ArnLike":
			// The first already demands that the key is there, so the second
			// says the same by its other name.
			c.operator += "IfExists"
			return cs.with(c)
		}
		return nil, false
	}
	// A copy: what cs was made from may be made into something else as well.
	at, _ := slices.BinarySearchFunc(cs, c, compareConditions)
	return slices.Insert(slices.Clip(cs), at, c), true
}

// within reports whether all of cs are among ds: whatever holds under ds holds
// under cs.
func (cs conditions) within(ds conditions) bool {
	for _, c := range cs {
		if !slices.ContainsFunc(ds, c.equal) {
			return false
		}
	}
	return true
}

// grantConditions returns g's conditions as they stand, in account. It is not
// ok where one statement cannot hold them.
func grantConditions(g *manifest.Grant, account string) (cs conditions, ok bool) {
	for _, c := range g.Conditions {
		if cs, ok = carry(cs, c, account); !ok {
			return nil, false
		}
	}
	return cs, true
}

func carry(cs conditions, c manifest.Condition, account string) (conditions, bool) {
	values := make([]string, len(c.Values))
	for i, v := range c.Values {
		if values[i] = inAccount(v, account); !writable(v) {
			return nil, false
		}
	}
	if len(values) == 0 || !writable(c.Key) || !writable(c.Operator) {
		return nil, false
	}
	return cs.with(condition{c.Operator, c.Key, values})
}

// pinned returns g's conditions with those on keys that r carries narrowed to
// r's own values, which passed them. It is not ok where IAM cannot be given
// the values.
func pinned(g *manifest.Grant, r manifest.Request, account string) (cs conditions, ok bool) {
	for _, c := range g.Conditions {
		values, carried := r.Context[strings.ToLower(c.Key)]
		if !carried || len(values) == 0 || manifest.Deferred(c.Key) {
			// What is absent from the request may be there once AWS has read
			// it, so the condition is not dropped but left to AWS.
			if cs, ok = carry(cs, c, account); !ok {
				return nil, false
			}
			continue
		}
		pin := condition{operator: "StringEquals", key: c.Key}
		for _, v := range values {
			if !writable(v) {
				return nil, false
			}
			pin.values = append(pin.values, dollars(v))
		}
		switch c.Operator {
		case "StringEquals", "StringNotEquals", "StringLike", "StringNotLike",
			"StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase",
			"StringEqualsIfExists", "StringNotEqualsIfExists", "StringLikeIfExists", "StringNotLikeIfExists":
			if len(values) == 1 {
				break // it passed, so what equals it passes
			}
			fallthrough
		default:
			// Another operator, or several values of which it is not known
			// which passed: the condition stays, and the pin comes on top.
			// Where all of them passed, fewer do too.
			pin.operator = "ForAllValues:StringEquals"
			if strings.HasPrefix(c.Operator, "ForAllValues:String") {
				break
			}
			if cs, ok = carry(cs, c, account); !ok {
				return nil, false
			}
		}
		if typed(c.Operator) {
			continue // a number or a date equals itself in too many spellings
		}
		if cs, ok = cs.with(pin); !ok {
			return nil, false
		}
	}
	return cs, true
}

// typed reports whether an operator compares something other than strings, which
// StringEquals is not defined for.
func typed(operator string) bool {
	_, name, found := strings.Cut(operator, ":")
	if !found {
		name = operator
	}
	return !strings.HasPrefix(name, "String")
}
