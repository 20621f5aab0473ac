package iam

import "strings"

// An operator is a condition operator taken apart: "ForAnyValue:",
// "NumericLessThan", "IfExists".
type operator struct {
	set, name string
	ifExists  bool
}

func split(s string) operator {
	var o operator
	if set, name, ok := strings.Cut(s, ":"); ok {
		o.set, s = set, name
	}
	o.name, o.ifExists = strings.CutSuffix(s, "IfExists")
	return o
}

func (o operator) String() string {
	s := o.name
	if o.set != "" {
		s = o.set + ":" + s
	}
	if o.ifExists {
		s += "IfExists"
	}
	return s
}

// negated reports whether o holds where its values do not match, and so where
// there are none to be matched.
func (o operator) negated() bool { return strings.Contains(o.name, "Not") }

const (
	forAll = "ForAllValues"
	forAny = "ForAnyValue"
)

// contrary returns the operator that holds of one value exactly where o does
// not, or "" where IAM has none: it has no BinaryNotEquals.
func (o operator) contrary() string {
	switch o.name {
	case "NumericLessThan":
		return "NumericGreaterThanEquals"
	case "NumericLessThanEquals":
		return "NumericGreaterThan"
	case "NumericGreaterThan":
		return "NumericLessThanEquals"
	case "NumericGreaterThanEquals":
		return "NumericLessThan"
	case "DateLessThan":
		return "DateGreaterThanEquals"
	case "DateLessThanEquals":
		return "DateGreaterThan"
	case "DateGreaterThan":
		return "DateLessThanEquals"
	case "DateGreaterThanEquals":
		return "DateLessThan"
	case "Bool":
		return "Bool" // of the other value
	case "IpAddress":
		return "NotIpAddress"
	case "NotIpAddress":
		return "IpAddress"
	}
	for _, family := range []string{"String", "Numeric", "Date", "Arn"} {
		rest, ok := strings.CutPrefix(o.name, family)
		switch rest {
		case "Equals", "EqualsIgnoreCase", "Like":
			return family + "Not" + rest
		case "NotEquals", "NotEqualsIgnoreCase", "NotLike":
			return family + strings.TrimPrefix(rest, "Not")
		}
		if ok {
			break
		}
	}
	return ""
}
