package manifest

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// holds reports whether c holds of a request of which f is known. What cannot be
// evaluated does not hold: an operator that there is not, a value that is none
// of its sort, a variable without a value.
//
// The rules are IAM's (User Guide, "IAM JSON policy elements: Condition
// operators"): keys compare without case and values with it, any one of the
// condition's values may match, none of them where the operator is negated. A
// key that is missing passes negated operators, ForAllValues and IfExists, and
// no others.
//
// A key with several values, which the operators without a set prefix are not
// meant for, has to pass those with every one of them. aws:RequestedRegion,
// which has one value to AWS, has to pass all with every one: it has several
// where one signature is good for several regions, and "*" where for any. What
// is not the same of all regions is not so of "*".
func (c *Condition) holds(f facts) bool {
	op, ok := parseOperator(c.Operator)
	if !ok || len(c.Values) == 0 {
		return false
	}
	got := f.values(c.Key)
	if len(got) == 0 && Deferred(c.Key) {
		return !f.unbound && (op.compare != null || len(c.Values) == 1 && op.compare.check(c.Values[0]) == "")
	}
	if op.compare == null {
		want, ok := parseBool(c.Values[0])
		return ok && len(c.Values) == 1 && want == (len(got) == 0)
	}
	if len(got) == 0 {
		return op.missing()
	}
	if op.variables() && f.defers(c.Values) {
		return !f.unbound
	}
	any, all := false, true
	region := strings.EqualFold(c.Key, regionKey)
	for _, value := range got {
		a := c.compares(op.compare, value, f.variable)
		if region && value == everyRegion && !(op.compare == stringLike && slices.Contains(c.Values, "*")) {
			a = unclear
		}
		if a != unclear && (a == yes) != op.negated {
			any = true
		} else {
			all = false
		}
	}
	if op.set == forAny && !region {
		return any
	}
	return all
}

// regionKey is the region that a call goes to; everyRegion its value where that
// may be any.
const (
	regionKey   = "aws:RequestedRegion"
	everyRegion = "*"
)

// compares compares a value of the request with all of c's: yes if one of them
// matches, no if it is clear of each that it does not.
func (c *Condition) compares(by comparison, value string, vars func(string) (string, bool)) answer {
	out := no
	var room [128]rune
	for _, v := range c.Values {
		a := unclear
		switch by {
		case stringEquals, stringIgnoreCase:
			if glyphs, ok := appendPlain(room[:0], v, vars); ok {
				a = equals(glyphs, value, by == stringIgnoreCase)
			}
		case stringLike, arnLike:
			if glyphs, ok := compile(room[:0], v, vars); ok {
				if by == arnLike {
					a = likeARN(glyphs, value)
				} else {
					a = answerOf(glob(glyphs, value, false))
				}
			}
		default:
			a = by.compareValue(value, v)
		}
		switch a {
		case yes:
			return yes
		case unclear:
			out = unclear
		}
	}
	return out
}

// appendPlain appends v, its variables replaced, to dst, where "*" and "?" are
// themselves. It fails where compile does.
func appendPlain(dst []rune, v string, vars func(string) (string, bool)) ([]rune, bool) {
	for len(v) > 0 {
		if !strings.HasPrefix(v, "${") {
			r, n := next(v, false)
			dst = append(dst, r)
			v = v[n:]
			continue
		}
		variable, n := variable(v)
		if n == 0 {
			return nil, false
		}
		value, ok := variable.value(vars)
		if !ok {
			return nil, false
		}
		dst = appendLiteral(dst, value)
		v = v[n:]
	}
	return dst, true
}

// equals compares characters with a value. Of which letters AWS takes small
// and capital for one beyond ASCII is not known, so what is equal only by
// Unicode's folding is unclear.
func equals(glyphs []rune, value string, fold bool) answer {
	out := yes
	for _, g := range glyphs {
		if value == "" {
			return no
		}
		r, n := next(value, false)
		value = value[n:]
		switch {
		case r == g:
		case fold && r < utf8.RuneSelf && g < utf8.RuneSelf && unicode.ToLower(r) == unicode.ToLower(g):
		case fold && unicode.ToLower(unicode.ToUpper(r)) == unicode.ToLower(unicode.ToUpper(g)):
			out = unclear
		default:
			return no
		}
	}
	if value != "" {
		return no
	}
	return out
}

// likeARN compares two ARNs part by part, so that a wildcard in one of the
// first five does not reach into the next. What has not six parts is none.
func likeARN(pattern []rune, value string) answer {
	for part := range 6 {
		p, v := len(pattern), len(value)
		if part < 5 {
			v = strings.IndexByte(value, ':')
			for p = 0; p < len(pattern) && pattern[p] != ':'; p++ {
			}
			if v < 0 || p == len(pattern) {
				return unclear
			}
		}
		if !glob(pattern[:p], value[:v], false) {
			return restIsARN(pattern, value, part)
		}
		if part < 5 {
			pattern, value = pattern[p+1:], value[v+1:]
		}
	}
	return yes
}

// restIsARN is no if the parts that are left of two ARNs, from part on, are all
// there, and unclear if one of them is no ARN.
func restIsARN(pattern []rune, value string, part int) answer {
	colons := 0
	for _, r := range pattern {
		if r == ':' {
			colons++
		}
	}
	if colons < 5-part || strings.Count(value, ":") < 5-part {
		return unclear
	}
	return no
}

// facts are what conditions are evaluated against: the context of a request,
// and what holds of every call that the function makes itself.
type facts struct {
	context map[string][]string
	account string // empty if it is not known
	secure  bool   // the call goes on under TLS
	unbound bool   // no session policy has what is left to AWS
}

// values returns those of a key.
func (f facts) values(key string) []string {
	key = strings.ToLower(key)
	if got, ok := f.context[key]; ok {
		return got
	}
	switch key {
	case "aws:securetransport":
		if !f.secure {
			return []string{"false"}
		}
		return []string{"true"}
	case "aws:viaawsservice", "aws:principalisawsservice":
		return []string{"false"} // a call of the function's own
	}
	return nil
}

// variable is the value of a policy variable: of the account, or of a key that
// has one value.
func (f facts) variable(key string) (string, bool) {
	if strings.EqualFold(key, accountVariable) && f.account != "" {
		return f.account, true
	}
	if got := f.values(key); len(got) == 1 {
		return got[0], true
	}
	return "", false
}

// defers reports whether one of values has a variable that only AWS has a value
// for.
func (f facts) defers(values []string) bool {
	for _, v := range values {
		for {
			i := strings.Index(v, "${")
			if i < 0 {
				break
			}
			v = v[i:]
			variable, n := variable(v)
			if n == 0 {
				break // it makes no pattern
			}
			if _, known := f.variable(variable.key); !known && !variable.literal() && Deferred(variable.key) {
				return true
			}
			v = v[n:]
		}
	}
	return false
}

// Simple returns c with as few values as mean the same: of operators that
// compare by size, the one value that all others are beyond, since any of them
// may pass.
func (c Condition) Simple() Condition {
	op, ok := parseOperator(c.Operator)
	if !ok || len(c.Values) < 2 {
		return c
	}
	least := comparison("")
	switch op.compare {
	case numericLess, numericLessEq:
		least = numericMore
	case numericMore, numericMoreEq:
		least = numericLess
	case dateLess, dateLessEq:
		least = dateMore
	case dateMore, dateMoreEq:
		least = dateLess
	default:
		return c
	}
	widest := c.Values[0]
	for _, v := range c.Values {
		switch least.compareValue(v, widest) {
		case yes:
			widest = v
		case unclear:
			return c
		}
	}
	c.Values = []string{widest}
	return c
}
