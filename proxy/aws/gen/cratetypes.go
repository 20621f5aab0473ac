package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// A rustType is a struct or an enum of a crate's.
type rustType struct {
	path     string      // "types::Tag"
	file     string      // the name of what is of it elsewhere: "tag"
	kind     string      // "struct", "union", or "string" of an enum of words
	fields   []rustField // a struct's, or a union's variants
	required map[string]bool
	keys     map[string]string // what fields are called in a body, where the type itself says so
}

type rustField struct{ name, typ string }

// field is the name, as it stands in the source, of the field that a variable
// is called by; "" if there is none.
func (t *rustType) field(variable string) string {
	for _, f := range t.fields {
		if strings.TrimPrefix(f.name, "r#") == strings.TrimSuffix(variable, "_") {
			return f.name
		}
	}
	return ""
}

var (
	rustBody     = regexp.MustCompile(`(?ms)^pub (struct|enum) (\w+) \{(.*?)^?\}$`)
	rustMember   = regexp.MustCompile(`(?m)^    pub ([\w#]+):\s*(.*),$`)
	rustBroken   = regexp.MustCompile(`,?\n(?:        +|    (>))`) // a type over several lines
	rustSchema   = regexp.MustCompile(`(?s)\nstatic (\w+): [^=]*=\s+::aws_smithy_schema::Schema::new_member\(.*?,\n\s+::aws_smithy_schema::ShapeType::\w+,\n\s+"([^"]+)",`)
	rustWritten  = regexp.MustCompile(`\bself\.([\w#]+)|Self::(\w+)(?:\(val\))? =>|&(\w+_MEMBER_\w+)`)
	rustUse      = regexp.MustCompile(`pub use crate::types::_(\w+)::(\w+);`)
	rustVariant  = regexp.MustCompile(`(?m)^    (\w+)(?:\((.*)\))?,$`)
	rustRequired = regexp.MustCompile(`/// This field is required\.\n(?:\s+#\[[^\n]*\n)*\s+pub fn ([\w#]+)\(mut self`)
)

// typ reads a type of the crate's package types, by its path: "types::Tag".
func (c *crate) typ(path string) (*rustType, error) {
	if t := c.types[path]; t != nil {
		return t, nil
	}
	if c.files == nil {
		text, err := c.read("src/types.rs")
		if err != nil {
			return nil, err
		}
		c.files = make(map[string]string)
		for _, m := range rustUse.FindAllStringSubmatch(text, -1) {
			c.files["types::"+m[2]] = m[1]
		}
	}
	t, err := c.typeIn("types::", "src/types/_"+c.files[path]+".rs")
	if err != nil {
		return nil, err
	}
	t.file = c.files[path]
	if t.path != path {
		return nil, fmt.Errorf("the type %q is not where it should be", path)
	}
	c.types[path] = t
	return t, nil
}

// typeIn reads the type that a file begins with.
func (c *crate) typeIn(module, file string) (*rustType, error) {
	text, err := c.read(file)
	if err != nil {
		return nil, err
	}
	m := rustBody.FindStringSubmatch(text)
	if m == nil {
		return nil, fmt.Errorf("%s has no type", file)
	}
	t := &rustType{path: module + m[2], kind: "struct", required: make(map[string]bool)}
	if m[1] == "struct" {
		for _, f := range rustMember.FindAllStringSubmatch(rustBroken.ReplaceAllString(m[3], "$1"), -1) {
			t.fields = append(t.fields, rustField{f[1], f[2]})
		}
		if n := strings.Count(m[3], "\n    pub "); n != len(t.fields) {
			return nil, fmt.Errorf("the type %q has %d fields, and %d are read", t.path, n, len(t.fields))
		}
	} else {
		t.kind = "string"
		for _, v := range rustVariant.FindAllStringSubmatch(m[3], -1) {
			if v[2] != "" && v[1] != "Unknown" {
				t.kind = "union"
				t.fields = append(t.fields, rustField{v[1], v[2]})
			}
		}
	}
	for _, m := range rustRequired.FindAllStringSubmatch(text, -1) {
		t.required[m[1]] = true
	}
	if _, members, ok := strings.Cut(text, "    fn serialize_members("); ok {
		names := make(map[string]string)
		for _, m := range rustSchema.FindAllStringSubmatch(text, -1) {
			names[m[1]] = m[2]
		}
		t.keys = make(map[string]string)
		members, _, _ = strings.Cut(members, "\n    }\n")
		field := ""
		for _, m := range rustWritten.FindAllStringSubmatch(members, -1) {
			if m[3] == "" {
				field = m[1] + m[2]
			} else if t.keys[field] == "" {
				t.keys[field] = names[m[3]]
			}
		}
	}
	return t, nil
}

var (
	rustInput   = regexp.MustCompile(`(?ms)^pub (?:fn|\(crate\) fn|async fn) ser_\w+\((.*?)\) -> (.*?)\{$(.*?)^\}`)
	rustKey     = regexp.MustCompile(`\b(?:(?:object|scope)(?:_\d+)?|writer|encoder)\s*\.(?:key|prefix|str)\(\s*"([^"]+)",?\s*\)`)
	rustOfInput = regexp.MustCompile(`\binput\.([\w#]+)`)
	rustArm     = regexp.MustCompile(`crate::types::\w+::(\w+)(?:\(inner\))? =>|` + rustKey.String())
)

// keys reads what the fields of a type are called in a body, by its serializer,
// which stands in file; nil if there is none.
func (c *crate) keys(t *rustType, file string) (map[string]string, error) {
	if t.keys != nil {
		return t.keys, nil
	}
	text, err := c.read(file)
	if err != nil {
		return nil, nil // nothing of it is in a body
	}
	for _, m := range rustInput.FindAllStringSubmatch(text, -1) {
		if !regexp.MustCompile(`input: &crate::` + t.path + `,?\s*$`).MatchString(m[1]) {
			continue
		}
		keys := make(map[string]string)
		if strings.Contains(m[3], "\n    match input {") {
			variant := ""
			for _, a := range rustArm.FindAllStringSubmatch(m[3], -1) {
				if a[1] != "" {
					variant = a[1]
				} else if _, ok := keys[variant]; variant != "" && !ok {
					keys[variant] = a[2]
				} else {
					return nil, fmt.Errorf("%s: %q is written as %q too", file, variant, a[2])
				}
			}
			return keys, nil
		}
		for _, stmt := range statements(m[3]) {
			var fields, names []string
			for _, f := range rustOfInput.FindAllStringSubmatch(stmt, -1) {
				fields = append(fields, f[1])
			}
			for _, k := range rustKey.FindAllStringSubmatch(stmt, -1) {
				names = append(names, k[1])
			}
			fields, names = slices.Compact(fields), slices.Compact(names)
			if len(fields) == 0 && len(names) == 0 {
				continue
			}
			if len(fields) != 1 || len(names) != 1 {
				return nil, fmt.Errorf("%s: the fields %q are sent as %q", file, fields, names)
			}
			keys[fields[0]] = names[0]
		}
		return keys, nil
	}
	return nil, nil
}

// statements parts the body of a function. A name that is written beforehand, and
// attributes, are of the statement after them.
func statements(body string) []string {
	var all []string
	open := false
	for line := range strings.Lines(body) {
		begins := strings.HasPrefix(line, "    ") && len(line) > 4 && line[4] != ' ' && line[4] != '}' && line[4] != ')'
		if begins && !open {
			all = append(all, "")
		}
		if len(all) > 0 {
			all[len(all)-1] += line
		}
		if begins {
			open = strings.HasPrefix(line, "    #[") || strings.HasPrefix(line, "    let mut scope_")
		}
	}
	return all
}

var rustGeneric = regexp.MustCompile(`^::std::(?:option::Option|boxed::Box)<(.*)>$`)

// fill sets a member's kind, and what it holds, by its type.
func (c *crate) fill(m *member, typ string, level int) error {
	for g := rustGeneric.FindStringSubmatch(typ); g != nil; g = rustGeneric.FindStringSubmatch(typ) {
		typ = g[1]
	}
	switch typ {
	case "::std::string::String":
		m.Kind = "string"
	case "bool":
		m.Kind = "boolean"
	case "i8", "i16", "i32", "i64", "f32", "f64":
		m.Kind = "number"
	case "::aws_smithy_types::DateTime":
		m.Kind = "timestamp"
	case "::aws_smithy_types::Document":
		m.Kind = "document"
	case "::aws_smithy_types::Blob":
		m.Kind = "blob"
	case "::aws_smithy_types::byte_stream::ByteStream":
		m.Kind = "stream"
	}
	if m.Kind != "" {
		return nil
	}
	switch before, of, _ := strings.Cut(typ, "<"); {
	case before == "::std::collections::HashMap":
		m.Kind = "map"
		return nil
	case strings.HasSuffix(before, "::event_stream::EventStreamSender"):
		m.Kind = "stream"
		return nil
	case before == "::std::vec::Vec":
		m.Kind = "list"
		var e member
		if err := c.fill(&e, strings.TrimSuffix(of, ">"), level); err != nil {
			return err
		}
		m.Of = &struct {
			Kind    string
			XMLName string
			Members []member
		}{Kind: e.Kind, Members: e.Members}
		return nil
	}
	path, ok := strings.CutPrefix(typ, "crate::")
	if !ok {
		return fmt.Errorf("the type %q is not known", typ)
	}
	t, err := c.typ(path)
	if err != nil {
		return err
	}
	m.Shape = path[strings.LastIndexByte(path, ':')+1:]
	if t.kind == "string" {
		m.Kind = "string"
		return nil
	}
	m.Kind = "struct"
	if level >= goDepth {
		return nil
	}
	keys, err := c.keys(t, "src/protocol_serde/shape_"+t.file+".rs")
	if err != nil {
		return err
	}
	for _, f := range t.fields {
		key := keys[f.name]
		if key == "" {
			continue // only in answers
		}
		in := member{Name: key}
		if err := c.fill(&in, f.typ, level+1); err != nil {
			return err
		}
		m.Members = append(m.Members, in)
	}
	return nil
}
