package manifest

import (
	"encoding/json"
	"fmt"
)

//go:generate go test -run TestTheSchemaIsTheParsers -update

// SchemaID names the JSON schema.
const SchemaID = "https://raw.githubusercontent.com/lambda-remit/remit/main/manifest/manifest.schema.json"

// Schema returns the JSON schema of a manifest (draft 2020-12), made of the
// tables that [Parse] reads by: which keys there are, and what their values look
// like. It is for editors, which complete and check as one types; what names
// what, and whether it exists, Parse alone says. The text is the same for the
// same version.
func Schema() []byte {
	top := object("A manifest of Remit: what one function may do.", topFields())
	properties := top["properties"].(node)
	permissions := node{"type": "object", "additionalProperties": false, "description": "Grants by kind."}
	byKind := node{}
	defs := node{
		"permissions": permissions,
		"when":        when(),
		"words":       compared("string"),
		"numbers":     compared("string", "number"),
		"truths":      compared("string", "boolean"),
		"name":        node{"type": "string", "minLength": 1},
		"names":       oneOrMore(ref("name")),
		"texts":       oneOrMore(node{"type": "string"}),
	}
	for _, k := range kinds() {
		defs[k.name] = object(k.about, everyEntry(), k.fields)
		byKind[k.name] = oneOrMore(ref(k.name))
	}
	permissions["properties"] = byKind
	properties["permissions"] = ref("permissions")
	properties["function_identity"] = node{
		"type":                 "object",
		"additionalProperties": false,
		"properties":           node{"function": properties["function"], "permissions": ref("permissions")},
	}
	properties["credentials"] = object("Under which granted calls go on.", credentialFields())
	allow := object("An exact grant.", allowFields(), everyEntry())
	allow["required"] = []string{"actions", "resources"}
	defs["allow"] = allow
	properties["allow"] = oneOrMore(ref("allow"))

	top["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	top["$id"] = SchemaID
	top["title"] = "remit.yaml"
	top["$defs"] = defs
	text, err := json.MarshalIndent(top, "", "  ")
	if err != nil {
		panic(fmt.Sprintf("manifest: internal error: %v", err))
	}
	return append(text, '\n')
}

// A node is a part of a schema. encoding/json sorts its keys.
type node map[string]any

// ref is what stands under a name in the schema's definitions.
func ref(name string) node { return node{"$ref": "#/$defs/" + name} }

// object is a mapping with the fields of several tables and no others.
func object(about string, tables ...[]spec) node {
	properties := node{}
	for _, table := range tables {
		for _, s := range table {
			n := s.schema()
			n["description"] = s.about
			properties[s.name] = n
		}
	}
	return node{"type": "object", "description": about, "additionalProperties": false, "properties": properties}
}

// oneOrMore is n, or a list of such.
func oneOrMore(n node) node {
	return node{"anyOf": []node{n, {"type": "array", "minItems": 1, "maxItems": maxItems, "items": n}}}
}

func (s spec) schema() node {
	switch s.form {
	case formNames:
		return ref("names")
	case formDestinations:
		return node{"anyOf": []node{ref("name"), {"type": "array", "maxItems": maxItems, "items": ref("name")}}}
	case formTexts:
		return ref("texts")
	case formName:
		return ref("name")
	case formTruth:
		return node{"type": "boolean"}
	case formChoice:
		return choice(s.choices)
	case formChoices:
		return oneOrMore(choice(s.choices))
	case formIndexes:
		return node{"anyOf": []node{{"type": "boolean"}, ref("names")}}
	case formTags:
		return node{"anyOf": []node{{"type": "boolean"}, ref("names"),
			{"type": "object", "minProperties": 1, "additionalProperties": ref("texts")}}}
	case formStrings:
		return node{"type": "object", "additionalProperties": node{"type": "string"}}
	case formDuration:
		return node{"type": "integer", "minimum": minDuration, "maximum": maxDuration}
	case formWhen:
		return ref("when")
	}
	return node{} // formObject and formEntries: Schema fills them in
}

// choice is one of a few words, or what the environment says.
func choice(words []string) node {
	return node{"anyOf": []node{{"enum": words}, {"type": "string", "pattern": `\$\{env:`}}}
}

// when are conditions: for each operator, a mapping of keys to what it compares
// them with.
func when() node {
	operators := node{}
	for _, name := range operatorNames() {
		op, _ := parseOperator(name)
		switch {
		case op.compare == null: // of one value
			operators[name] = node{"type": "object", "minProperties": 1, "additionalProperties": node{"type": []string{"string", "boolean"}}}
		case op.compare == boolean:
			operators[name] = ref("truths")
		case op.variables() || op.compare == binaryEquals || op.compare == ipAddress:
			operators[name] = ref("words")
		default:
			operators[name] = ref("numbers")
		}
	}
	return node{
		"type":                 "object",
		"description":          "Conditions, by IAM's operators and keys. All have to hold.",
		"minProperties":        1,
		"additionalProperties": false,
		"properties":           operators,
	}
}

// compared is what an operator has: for each key, a value or a list of values.
func compared(types ...string) node {
	return node{"type": "object", "minProperties": 1, "additionalProperties": oneOrMore(node{"type": types})}
}
