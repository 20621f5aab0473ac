package manifest

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// table reads the kind `table`.
func (p *parser) table(e *entry) {
	tables, ok := p.tables(e)
	indexes, fine := p.indexes(e, tables)
	items, keyed := p.itemConditions(e)
	if !ok || !fine || !keyed {
		return
	}
	all := slices.Concat(tables, indexes)
	if f, has := e.fields["index"]; has && !p.truth(e, "read") && !p.truth(e, "scan") {
		p.errorf(f.key, `index: indexes are read and scanned, and the entry does neither`)
	}
	if f, has := e.fields["scan"]; has && p.truth(e, "scan") && e.has("leading_keys") {
		p.errorf(f.key, `scan: a scan reads items of every partition key, and "leading_keys" leaves some out: write two entries`)
		return
	}
	key := p.keyUse(e, "dynamodb", "", "kms:Decrypt") // of the table's key (Developer Guide, "DynamoDB encryption at rest")
	grant := func(field, suffix string, actions []string, on []Pattern, conditions ...Condition) {
		f, has := e.fields[field]
		if !has || !p.truth(e, field) || !p.room(f.key, len(on)) {
			return
		}
		p.grantAs(e, f, suffix, actions, on, conditions...).Needs = key
	}
	// Which attributes come back is not told by those that a condition or a
	// key names, so the call has to choose them. (Amazon DynamoDB Developer
	// Guide, "Using IAM policy conditions for fine-grained access control".)
	var chosen, returned []Condition
	if e.has("attributes") {
		chosen = []Condition{{"StringEqualsIfExists", "dynamodb:Select", []string{"SPECIFIC_ATTRIBUTES", "COUNT"}}}
		returned = []Condition{{"StringEqualsIfExists", "dynamodb:ReturnValues", []string{"NONE", "UPDATED_OLD", "UPDATED_NEW"}}}
	}
	read := slices.Concat(items, chosen)
	for _, name := range []string{"leading_keys", "attributes"} {
		if f, has := e.fields[name]; has {
			p.left(f.key, fmt.Sprintf("%s: what items and attributes a call reaches", name))
		}
	}
	grant("read", "", []string{"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:ConditionCheckItem"}, all, read...)
	// A statement without its key is a scan (Developer Guide, "IAM security
	// policies with PartiQL for DynamoDB"). Whether it has its key, DynamoDB
	// knows alone, so that where nothing is minted only "scan" grants one.
	if !p.m.Credentials.Unminted {
		keyed := Condition{"BoolIfExists", "dynamodb:FullTableScan", []string{"false"}}
		grant("read", ".partiql", []string{"dynamodb:PartiQLSelect"}, all, slices.Concat(read, []Condition{keyed})...)
	}
	grant("read", ".describe", []string{"dynamodb:DescribeTable"}, tables)
	grant("scan", "", []string{"dynamodb:Scan", "dynamodb:PartiQLSelect"}, all, read...)
	write := slices.Concat(items, returned)
	grant("write", "", []string{"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:BatchWriteItem", "dynamodb:PartiQLInsert", "dynamodb:PartiQLUpdate"}, tables, write...)
	grant("delete", "", []string{"dynamodb:DeleteItem", "dynamodb:PartiQLDelete"}, tables, write...)
}

// itemConditions are those of what reads or writes items: "leading_keys" and
// "attributes". Each comes with the demand that the request has the key, since
// ForAllValues holds for none.
func (p *parser) itemConditions(e *entry) (all []Condition, ok bool) {
	ok = true
	for _, field := range []struct{ name, key string }{
		{"leading_keys", "dynamodb:LeadingKeys"},
		{"attributes", "dynamodb:Attributes"},
	} {
		f, has := e.fields[field.name]
		if !has {
			continue
		}
		names, good := p.names(f.value, `"`+field.name+`"`)
		ok = ok && good
		var values []string
		for _, n := range names {
			values = append(values, literalValue(n.string))
		}
		all = append(all,
			Condition{forAll + ":StringEquals", field.key, values},
			Condition{"Null", field.key, []string{"false"}})
	}
	return all, ok
}

// literalValue returns a value for operators that have variables and no
// wildcards.
func literalValue(s string) string {
	if strings.Contains(s, "$") {
		return string(Literal(s))
	}
	return s
}

// tables reads "name".
func (p *parser) tables(e *entry) ([]Pattern, bool) {
	f, has := e.fields["name"]
	if !has {
		if !p.torn {
			p.errorf(e.at, `%s names no table: write "name"`, e.id)
		}
		return nil, false
	}
	list, ok := p.names(f.value, `"name"`)
	var tables []Pattern
	for _, n := range list {
		t, err := p.tableARN(n.string)
		if err != nil && n.string != "" {
			p.errorf(n.at, "name: %q: %v", n.string, err)
		}
		ok = ok && err == nil
		tables = append(tables, t)
	}
	return tables, ok
}

// tableARN returns the pattern of a table, of which s is the name or the ARN.
func (p *parser) tableARN(s string) (Pattern, error) {
	name := s
	a, isARN := parseARN(s)
	if isARN {
		if err := a.check("dynamodb", false); err != nil {
			return "", err
		}
		var ok bool
		if name, ok = strings.CutPrefix(a.resource, "table/"); !ok {
			return "", errors.New("a table's ARN has \"table/\" before its name")
		}
		if strings.Contains(name, "/index/") {
			return "", errors.New(`an index is named by "index"`)
		}
	}
	if !isTable(name) {
		return "", errors.New("a table is a name of 3 to 255 letters, digits, -, _ and dots, or its ARN; wildcards are for \"allow\"")
	}
	if isARN {
		return Literal(s), nil
	}
	return p.regional("dynamodb", "table/"+Literal(name)), nil
}

// isTable checks the name of a table or an index. (Amazon DynamoDB Developer
// Guide, "Naming rules".)
func isTable(s string) bool {
	return len(s) >= 3 && len(s) <= 255 && made(s, letters+digits+"-_.")
}

// indexes reads "index".
func (p *parser) indexes(e *entry, tables []Pattern) ([]Pattern, bool) {
	f, has := e.fields["index"]
	if !has {
		return nil, true
	}
	var all []Pattern
	add := func(index Pattern) {
		for _, t := range tables {
			all = append(all, t+"/index/"+index)
		}
	}
	if f.value.Kind == yaml.ScalarNode && f.value.ShortTag() == "!!bool" {
		if p.truth(e, "index") {
			add("*")
		}
		return all, true
	}
	list, ok := p.names(f.value, `"index"`)
	for _, n := range list {
		if n.string != "" && !isTable(n.string) {
			p.errorf(n.at, "index: %q: an index is a name of 3 to 255 letters, digits, -, _ and dots; or write true for all", n.string)
			ok = false
		}
		add(Literal(n.string))
	}
	return all, ok
}
