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

// operators are IAM's, without what stands before and after them. ArnEquals
// and ArnLike are the same one.
func operators() []struct {
	name    string
	compare comparison
	negated bool
} {
	return []struct {
		name    string
		compare comparison
		negated bool
	}{
		{"StringEquals", stringEquals, false},
		{"StringNotEquals", stringEquals, true},
		{"StringEqualsIgnoreCase", stringIgnoreCase, false},
		{"StringNotEqualsIgnoreCase", stringIgnoreCase, true},
		{"StringLike", stringLike, false},
		{"StringNotLike", stringLike, true},
		{"NumericEquals", numericEquals, false},
		{"NumericNotEquals", numericEquals, true},
		{"NumericLessThan", numericLess, false},
		{"NumericLessThanEquals", numericLessEq, false},
		{"NumericGreaterThan", numericMore, false},
		{"NumericGreaterThanEquals", numericMoreEq, false},
		{"DateEquals", dateEquals, false},
		{"DateNotEquals", dateEquals, true},
		{"DateLessThan", dateLess, false},
		{"DateLessThanEquals", dateLessEq, false},
		{"DateGreaterThan", dateMore, false},
		{"DateGreaterThanEquals", dateMoreEq, false},
		{"Bool", boolean, false},
		{"BinaryEquals", binaryEquals, false},
		{"IpAddress", ipAddress, false},
		{"NotIpAddress", ipAddress, true},
		{"ArnEquals", arnLike, false},
		{"ArnNotEquals", arnLike, true},
		{"ArnLike", arnLike, false},
		{"ArnNotLike", arnLike, true},
		{"Null", null, false},
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
	for _, o := range operators() {
		if o.name == name {
			op.compare, op.negated = o.compare, o.negated
			// "Null" asks whether the key is there, once and for all of it.
			return op, op.compare != null || op.set == "" && !op.ifExists
		}
	}
	return op, false
}

// operatorNames are all that parseOperator takes.
func operatorNames() []string {
	var all []string
	for _, o := range operators() {
		all = append(all, o.name)
		if o.compare == null {
			continue
		}
		for _, set := range []string{"", forAll + ":", forAny + ":"} {
			all = append(all, set+o.name+ifExists)
			if set != "" {
				all = append(all, set+o.name)
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

// wildcards reports whether the values of op are patterns.
func (op operator) wildcards() bool { return op.compare == stringLike || op.compare == arnLike }
