package manifest

import "strings"

// An operator is one of IAM's condition operators, taken apart. (IAM User
// Guide, "IAM JSON policy elements: Condition operators", and "Set operators
// for multi-valued context keys".)
type operator struct {
	set      string // "ForAllValues", "ForAnyValue", or none
	compare  comparison
	negated  bool // holds where the comparison does not
	ifExists bool
}

// A comparison is what an operator does with one value of the request and one
// of the condition.
type comparison string

const (
	stringEquals     comparison = "StringEquals"
	stringIgnoreCase comparison = "StringEqualsIgnoreCase"
	stringLike       comparison = "StringLike"
	numericEquals    comparison = "NumericEquals"
	numericLess      comparison = "NumericLessThan"
	numericLessEq    comparison = "NumericLessThanEquals"
	numericMore      comparison = "NumericGreaterThan"
	numericMoreEq    comparison = "NumericGreaterThanEquals"
	dateEquals       comparison = "DateEquals"
	dateLess         comparison = "DateLessThan"
	dateLessEq       comparison = "DateLessThanEquals"
	dateMore         comparison = "DateGreaterThan"
	dateMoreEq       comparison = "DateGreaterThanEquals"
	boolean          comparison = "Bool"
	binaryEquals     comparison = "BinaryEquals"
	ipAddress        comparison = "IpAddress"
	arnLike          comparison = "ArnLike"
	null             comparison = "Null"
)

// comparisonOf returns what an operator without a set prefix and IfExists
// compares by, and whether it is negated. ArnEquals and ArnLike are the same
// one.
func comparisonOf(name string) (by comparison, negated, ok bool) {
	switch c := comparison(name); c {
	case stringEquals, stringIgnoreCase, stringLike, boolean, binaryEquals, ipAddress, arnLike, null,
		numericEquals, numericLess, numericLessEq, numericMore, numericMoreEq,
		dateEquals, dateLess, dateLessEq, dateMore, dateMoreEq:
		return c, false, true
	}
	switch name {
	case "ArnEquals":
		return arnLike, false, true
	case "StringNotEquals":
		return stringEquals, true, true
	case "StringNotEqualsIgnoreCase":
		return stringIgnoreCase, true, true
	case "StringNotLike":
		return stringLike, true, true
	case "NumericNotEquals":
		return numericEquals, true, true
	case "DateNotEquals":
		return dateEquals, true, true
	case "NotIpAddress":
		return ipAddress, true, true
	case "ArnNotEquals", "ArnNotLike":
		return arnLike, true, true
	}
	return "", false, false
}

// baseNames are what comparisonOf takes.
func baseNames() []string {
	return []string{
		"StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike",
		"NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals",
		"DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals",
		"Bool", "BinaryEquals", "IpAddress", "NotIpAddress", "ArnEquals", "ArnNotEquals", "ArnLike", "ArnNotLike", "Null",
	}
}

const (
	forAll   = "ForAllValues"
	forAny   = "ForAnyValue"
	ifExists = "IfExists"
)

// parseOperator takes an operator's name apart. Case counts, as in IAM.
func parseOperator(name string) (operator, bool) {
	var op operator
	if set, rest, ok := strings.Cut(name, ":"); ok {
		if set != forAll && set != forAny {
			return op, false
		}
		op.set, name = set, rest
	}
	name, op.ifExists = strings.CutSuffix(name, ifExists)
	var ok bool
	op.compare, op.negated, ok = comparisonOf(name)
	// "Null" asks whether the key is there, once and for all of it.
	return op, ok && (op.compare != null || op.set == "" && !op.ifExists)
}

// operatorNames are all that parseOperator takes.
func operatorNames() []string {
	var all []string
	for _, name := range baseNames() {
		all = append(all, name)
		if comparison(name) == null {
			continue
		}
		for _, set := range []string{"", forAll + ":", forAny + ":"} {
			all = append(all, set+name+ifExists)
			if set != "" {
				all = append(all, set+name)
			}
		}
	}
	return all
}

// missing says whether op holds where the request does not have the key.
// (ForAllValues holds for each of no values, ForAnyValue for none of them.)
func (op operator) missing() bool {
	switch {
	case op.ifExists, op.set == forAll:
		return true
	case op.set == forAny:
		return false
	}
	return op.negated
}

// variables reports whether the values of op may have policy variables. (IAM
// User Guide, "IAM policy elements: Variables and tags", "Where you can use
// policy variables".)
func (op operator) variables() bool {
	return strings.HasPrefix(string(op.compare), "String") || op.compare == arnLike
}
