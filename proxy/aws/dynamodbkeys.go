package aws

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Of the condition keys of DynamoDB these stand in requests that are not PartiQL:
//
//   - dynamodb:Select, ReturnValues and ReturnConsumedCapacity, where the caller
//     says them; what AWS takes where he does not, it says itself.
//   - dynamodb:Attributes, the top-level attributes that the request names.
//     AWS adds those of the table's key, which the request need not name.
//   - dynamodb:LeadingKeys, the value of the partition key, where the request
//     shows which attribute that is: the only one of an item's key, or the only
//     one that a query has a condition on. Elsewhere the schema alone tells, and
//     the key is left to AWS.
//   - dynamodb:EnclosingOperation, the transaction around an element.
//
// (Amazon DynamoDB Developer Guide, "Using IAM policy conditions for
// fine-grained access control"; Service Authorization Reference.)

// dynamoKeys are the attributes and partition keys of items.
type dynamoKeys struct {
	items      int
	attributes []string
	leading    []string
	unknown    bool // of some item the partition key is not known
	most       int  // attributes until they are compacted
}

// maxAttributes is how many attributes the items of one table may have that a
// call names: as many as the largest item. (Amazon DynamoDB Developer Guide,
// "Quotas": 400 KB.)
const maxAttributes = 1 << 16

// compact leaves each attribute once, when there are many: the items of a batch
// have the same.
func (k *dynamoKeys) compact() error {
	if len(k.attributes) <= max(k.most, 1024) {
		return nil
	}
	slices.Sort(k.attributes)
	k.attributes = slices.Compact(k.attributes)
	if k.most = 2 * len(k.attributes); k.most > 2*maxAttributes {
		return fmt.Errorf("the items of one table have more than %d attributes", maxAttributes)
	}
	return nil
}

// add reads what one item, or one read or write of items, names.
func (k *dynamoKeys) add(m tree) error {
	k.items++
	if err := unfolded(m); err != nil {
		return err
	}
	names, err := object(m, "ExpressionAttributeNames")
	if err != nil {
		return err
	}
	for _, name := range []string{"ProjectionExpression", "KeyConditionExpression", "FilterExpression", "ConditionExpression", "UpdateExpression"} {
		expression, ok, err := optional(m, name)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		attributes, err := attributesOf(expression, names)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		k.attributes = append(k.attributes, attributes...)
	}
	attributes, err := texts(m.get("AttributesToGet"), "AttributesToGet")
	if err != nil {
		return err
	}
	k.attributes = append(k.attributes, attributes...)
	for _, name := range []string{"Key", "Item", "AttributeUpdates", "Expected", "KeyConditions", "QueryFilter", "ScanFilter"} {
		item, err := object(m, name)
		if err != nil {
			return err
		}
		for attribute := range item.names() {
			k.attributes = append(k.attributes, attribute)
		}
	}
	return errors.Join(k.addLeading(m, names), k.compact())
}

// addLeading reads the partition keys that m shows.
func (k *dynamoKeys) addLeading(m, names tree) error {
	keys, err := objects(m.get("Keys"), "Keys") // of BatchGetItem
	if err != nil {
		return err
	}
	if m.get("Keys") == nil {
		key, err := object(m, "Key")
		if err != nil {
			return err
		}
		if !key.is() {
			key = queried(m, names)
		}
		keys = []tree{key}
	}
	for _, key := range keys {
		if m.get("Keys") != nil {
			for attribute := range key.names() {
				k.attributes = append(k.attributes, attribute)
			}
		}
		value, ok := only(key)
		if !ok {
			k.unknown = true
			continue
		}
		k.leading = append(k.leading, value)
	}
	return nil
}

// queried returns the key that a query has its only condition on: an equality,
// since a query has to have one on the partition key.
func queried(m, names tree) tree {
	if expression, _ := m.get("KeyConditionExpression").(string); expression != "" {
		tokens, err := expressionTokens(expression)
		if err != nil || len(tokens) != 3 || tokens[1] != "=" || !strings.HasPrefix(tokens[2], ":") {
			return tree{}
		}
		values, _ := m.get("ExpressionAttributeValues").(tree)
		return treeOf(field{tokens[0], values.get(tokens[2])})
	}
	conditions, _ := m.get("KeyConditions").(tree)
	if conditions.len() != 1 {
		return tree{}
	}
	for name, c := range conditions.all() {
		condition, _ := c.(tree)
		values, _ := condition.get("AttributeValueList").(series)
		if condition.get("ComparisonOperator") == "EQ" && values.len() == 1 {
			return treeOf(field{name, values.first()})
		}
	}
	return tree{}
}

// only returns the value of a key's only attribute, if it is a string or a
// number: how AWS writes bytes in a condition key is not documented.
func only(key tree) (string, bool) {
	if key.len() != 1 {
		return "", false
	}
	for _, v := range key.all() {
		value, _ := v.(tree)
		for kind, v := range value.all() {
			if text, ok := v.(string); ok && value.len() == 1 && (kind == "S" || kind == "N") {
				return text, true
			}
		}
	}
	return "", false
}

// context returns k as keys of a request's context.
func (k *dynamoKeys) context() []string {
	var context []string
	slices.Sort(k.attributes)
	for _, a := range slices.Compact(k.attributes) {
		context = append(context, "dynamodb:Attributes", a)
	}
	if k.unknown {
		return context
	}
	slices.Sort(k.leading)
	for _, l := range slices.Compact(k.leading) {
		context = append(context, "dynamodb:LeadingKeys", l)
	}
	return context
}

// context returns the keys that one read or write of items shows. Vectors are
// searched for under none. (Amazon DynamoDB Developer Guide, "IAM policy to grant
// access to search a vector index".)
func (c *dynamoCall) context(m tree) ([]string, error) {
	if c.call.Operation == "SearchVectors" {
		return nil, nil
	}
	var keys dynamoKeys
	if err := keys.add(m); err != nil {
		return nil, err
	}
	context := keys.context()
	for _, name := range []string{"Select", "ReturnValues"} {
		value, ok, err := optional(m, name)
		if err != nil {
			return nil, err
		}
		if ok {
			context = append(context, "dynamodb:"+name, value)
		}
	}
	return append(context, c.capacity()...), nil
}

// capacity returns the key dynamodb:ReturnConsumedCapacity, which has no word
// for INDEXES. (Service Authorization Reference.)
func (c *dynamoCall) capacity() []string {
	switch v := c.members.get("ReturnConsumedCapacity"); v {
	case "TOTAL", "NONE":
		return []string{"dynamodb:ReturnConsumedCapacity", v.(string)}
	}
	return nil
}

// attributesOf returns the top-level attributes that an expression names:
// words and "#" placeholders that stand neither behind a dot nor before a
// parenthesis. (Amazon DynamoDB Developer Guide, "Referring to item attributes
// when using expressions".)
func attributesOf(expression string, names tree) ([]string, error) {
	tokens, err := expressionTokens(expression)
	if err != nil {
		return nil, err
	}
	var attributes []string
	for i, t := range tokens {
		switch {
		case i > 0 && tokens[i-1] == ".", i+1 < len(tokens) && tokens[i+1] == "(" && t[0] != '#':
		case t[0] == '#':
			name, ok := names.get(t).(string)
			if !ok {
				return nil, fmt.Errorf("%.40q is not among ExpressionAttributeNames", t)
			}
			attributes = append(attributes, name)
		case isWord(t[0]) && (t[0] < '0' || t[0] > '9') && !isExpressionWord(t):
			attributes = append(attributes, t)
		}
	}
	return attributes, nil
}

// expressionTokens takes an expression apart into words, placeholders with their
// "#" or ":", and single characters.
func expressionTokens(s string) ([]string, error) {
	var tokens []string
	for i := 0; i < len(s); {
		from := i
		switch c := s[i]; {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			i++
			continue
		case isWord(c) || c == '#' || c == ':':
			for i++; i < len(s) && isWord(s[i]); i++ {
			}
		case strings.IndexByte(".,()[]=<>+-", c) >= 0:
			i++
		default:
			return nil, fmt.Errorf("%.20q stands where no expression has it", s[i:])
		}
		tokens = append(tokens, s[from:i])
	}
	return tokens, nil
}

func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'
}

// isExpressionWord reports whether s is a word of the language. All are reserved:
// an attribute of such a name needs a placeholder.
func isExpressionWord(s string) bool {
	switch strings.ToUpper(s) {
	case "ADD", "AND", "BETWEEN", "DELETE", "IN", "NOT", "OR", "REMOVE", "SET":
		return true
	}
	return false
}
