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
		o := split(c.operator)
		switch {
		case o.negated() && o.set != forAny:
			// None of these and none of those is none of either.
			cs = slices.Clone(cs)
			cs[i].values = slices.Compact(slices.Sorted(slices.Values(slices.Concat(have.values, c.values))))
			return cs, true
		case o.name != "Null" && !o.ifExists:
			// The first says already what becomes of a missing key, so the
			// second says the same by its other name.
			o.ifExists = true
			c.operator = o.String()
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
	c = c.Simple()
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
		o := split(c.Operator)
		values := r.Context[strings.ToLower(c.Key)]
		pin := condition{key: c.Key}
		if len(values) > 0 && !varies(c.Key) && !everywhere(c.Key, values) {
			pin.operator = pinning(o)
		}
		for _, v := range values {
			if !writable(v) {
				return nil, false
			}
			switch pin.operator {
			case "NumericEquals":
				if strings.Trim(v, "0123456789.") != "" {
					pin.operator = "" // what IAM takes for a number is told of these alone
				}
			case "ArnEquals":
				v = string(manifest.Literal(v))
			default:
				v = dollars(v)
			}
			pin.values = append(pin.values, v)
		}
		one := o.set == "" && len(values) == 1
		// What is absent from the request may be there once AWS has read it,
		// so the condition is not dropped but left to AWS. It stays too beside
		// a pin that does not say as much: of several values it is not known
		// which passed, and of variables not here what they are. Where all
		// had to pass, fewer do too.
		if pin.operator == "" || !one && o.set != forAll || slices.ContainsFunc(c.Values, hasVariable(account)) {
			if cs, ok = carry(cs, c, account); !ok {
				return nil, false
			}
		}
		if pin.operator == "" {
			continue
		}
		if !one {
			pin.operator = forAll + ":" + pin.operator
		}
		if cs, ok = cs.with(pin); !ok {
			return nil, false
		}
	}
	return cs, true
}

// pinning returns the operator that holds a key to a value, for keys that o
// compares, or "" where a value can equal itself in more spellings than are
// known here: a date's.
func pinning(o operator) string {
	switch {
	case strings.HasPrefix(o.name, "String"):
		return "StringEquals"
	case strings.HasPrefix(o.name, "Arn"):
		return "ArnEquals"
	case strings.HasPrefix(o.name, "Numeric"):
		return "NumericEquals"
	case strings.HasSuffix(o.name, "IpAddress"):
		return "IpAddress"
	}
	return ""
}

// varies reports whether the value of a key is another with each call though
// the calls are alike, or is written in other words than AWS compares. The
// credentials of one call may serve others like it, so such a key keeps the
// grant's condition.
func varies(key string) bool {
	switch strings.ToLower(key) {
	case "aws:currenttime", "aws:epochtime", "aws:useragent", "aws:referer",
		// S3 takes a key's id for its ARN.
		"s3:x-amz-server-side-encryption-aws-kms-key-id":
		return true
	}
	return false
}

// everywhere reports whether values say that a call may go to any region: which
// one it goes to AWS alone knows then.
func everywhere(key string, values []string) bool {
	return strings.EqualFold(key, "aws:RequestedRegion") && slices.Contains(values, "*")
}

// hasVariable returns a function that reports whether a value has a variable
// that AWS has to replace.
func hasVariable(account string) func(string) bool {
	return func(v string) bool {
		for _, part := range strings.Split(inAccount(v, account), "${")[1:] {
			if len(part) < 2 || part[1] != '}' || !strings.Contains("*?$", part[:1]) {
				return true
			}
		}
		return false
	}
}
