package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

// goKinds are what newer modules call the types of shapes.
var goKinds = map[string]string{
	"String": "string", "Enum": "string",
	"Byte": "number", "Short": "number", "Integer": "number", "Long": "number", "Float": "number", "Double": "number", "IntEnum": "number", "BigInteger": "number", "BigDecimal": "number",
	"Boolean": "boolean", "Timestamp": "timestamp", "Blob": "blob", "Document": "document", "Unit": "struct",
	"List": "list", "Map": "map", "Structure": "struct", "Union": "struct", "Operation": "operation", "Service": "service",
}

// A schema is a shape as package schemas of a newer module has it.
type schema struct {
	name, kind string
	traits     map[string]map[string]string // by name, and what each says
	members    []schemaMember
}

type schemaMember struct {
	name, target string
	traits       map[string]map[string]string
}

// readSchemas reads the operations of a module that holds its schemas as data.
func (m *module) readSchemas(s *service) error {
	shapes := make(map[string]*schema) // by variable
	for _, f := range m.data {
		for _, d := range f.Decls {
			if err := m.schemas(d, shapes); err != nil {
				return err
			}
		}
	}
	if err := m.protocol(s, shapes); err != nil {
		return err
	}
	inputs := m.inputs()
	types := make(map[string]*ast.StructType)
	structs(m.root, "", types)
	for _, sh := range shapes {
		if sh.kind != "operation" {
			continue
		}
		op := operation{Name: sh.name, Method: sh.traits["HTTP"]["Method"], URI: sh.traits["HTTP"]["URI"]}
		st := types[op.Name+"Input"]
		if st == nil {
			return fmt.Errorf("operation %q has no input", op.Name)
		}
		if in := inputs[op.Name]; in != "" && in != "nil" { // nil is Smithy's Unit
			required := m.required(st)
			members, err := schemaMembers(shapes, in, 0)
			if err != nil {
				return fmt.Errorf("operation %q: %w", op.Name, err)
			}
			for i := range members {
				members[i].Required = slices.ContainsFunc(required, func(f string) bool { return strings.EqualFold(f, members[i].Name) })
			}
			op.Members = members
		}
		s.Operations = append(s.Operations, op)
	}
	return nil
}

// schemas reads the shapes that a declaration makes, and the members that one
// adds to them.
func (m *module) schemas(d ast.Decl, shapes map[string]*schema) error {
	if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.VAR {
		for _, spec := range g.Specs {
			v := spec.(*ast.ValueSpec)
			if len(v.Names) != 1 || len(v.Values) != 1 {
				continue // *smithy.Schema, set where members are added
			}
			c, ok := v.Values[0].(*ast.CallExpr)
			if !ok || called(c) != "NewSchema" {
				continue
			}
			if len(c.Args) < 3 {
				return fmt.Errorf("%s: a schema of %d arguments", m.at(c), len(c.Args))
			}
			name := literal(c.Args[0])["Name"]
			kind := goKinds[strings.TrimPrefix(typeName(c.Args[1]), "smithy.ShapeType")]
			if name == "" || kind == "" {
				return fmt.Errorf("%s: a schema %q of type %q", m.at(c), name, typeName(c.Args[1]))
			}
			traits, err := m.traits(c.Args[3:])
			if err != nil {
				return err
			}
			shapes[v.Names[0].Name] = &schema{name: name, kind: kind, traits: traits}
		}
	}
	fn, ok := d.(*ast.FuncDecl)
	if !ok {
		return nil
	}
	var err error
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		c, ok := n.(*ast.CallExpr)
		if !ok || called(c) != "AddMember" || err != nil {
			return err == nil
		}
		to := typeName(c.Fun.(*ast.SelectorExpr).X)
		if shapes[to] == nil || len(c.Args) < 2 {
			err = fmt.Errorf("%s: a member of %q", m.at(c), to)
			return false
		}
		mem := schemaMember{target: typeName(c.Args[1])}
		mem.name, _ = text(c.Args[0])
		if mem.traits, err = m.traits(c.Args[2:]); err == nil {
			shapes[to].members = append(shapes[to].members, mem)
		}
		return false
	})
	return err
}

// protocol reads how a module's client sends.
func (m *module) protocol(s *service, shapes map[string]*schema) error {
	for _, f := range m.root {
		ast.Inspect(f, func(n ast.Node) bool {
			a, ok := n.(*ast.AssignStmt)
			if !ok || len(a.Lhs) != 1 || typeName(a.Lhs[0]) != "options.Protocol" {
				return true
			}
			if c, ok := a.Rhs[0].(*ast.CallExpr); ok && len(c.Args) > 0 {
				name := map[string]string{"awsjson.New10": "json1.0", "awsjson.New11": "json1.1", "restjson1.New": "rest-json", "rpcv2.NewCBOR": "cbor"}[typeName(c.Fun)]
				s.Protocols = append(s.Protocols, name)
				if sh := shapes["_"+strings.TrimPrefix(typeName(c.Args[0]), "schemas.")]; sh != nil && sh.kind == "service" {
					s.Target = sh.name
				}
			}
			return true
		})
	}
	if len(s.Protocols) != 1 || s.Protocols[0] == "" || s.Target == "" {
		return fmt.Errorf("it speaks %q with the target %q", s.Protocols, s.Target)
	}
	return nil
}

// inputs are the shapes of operations' inputs, as their methods Serialize name
// them.
func (m *module) inputs() map[string]string {
	all := make(map[string]string)
	for _, f := range m.root {
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv == nil || fn.Name.Name != "Serialize" {
				continue
			}
			op, ok := strings.CutSuffix(strings.TrimPrefix(typeName(fn.Recv.List[0].Type), "*"), "Input")
			if !ok {
				continue
			}
			ast.Inspect(fn.Body, func(n ast.Node) bool {
				if c, ok := n.(*ast.CallExpr); ok && called(c) == "WriteStruct" && len(c.Args) > 0 {
					all[op] = strings.TrimPrefix(typeName(c.Args[0]), "schemas.")
				}
				return true
			})
		}
	}
	return all
}

// traits reads "&smithytraits.HTTPQuery{Name: "id"}", and the like.
func (m *module) traits(args []ast.Expr) (map[string]map[string]string, error) {
	all := make(map[string]map[string]string)
	for _, a := range args {
		u, ok := a.(*ast.UnaryExpr)
		if !ok || u.Op != token.AND {
			return nil, fmt.Errorf("%s: no trait", m.at(a))
		}
		c, ok := u.X.(*ast.CompositeLit)
		if !ok {
			return nil, fmt.Errorf("%s: no trait", m.at(a))
		}
		name := strings.TrimPrefix(typeName(c.Type), "smithytraits.")
		switch name {
		case "HTTP", "HTTPLabel", "HTTPQuery", "HTTPHeader", "HTTPPayload", "HTTPPrefixHeaders", "HTTPQueryParams", "JSONName", "XMLName", "XMLFlattened", "Streaming":
		case "AWSQueryCompatible", "AWSQueryError", "ContextParam", "Error", "HTTPError", "HTTPResponseCode", "IdempotencyToken", "MediaType", "Sensitive", "TimestampFormat", "XMLNamespace", "XMLAttribute", "EventHeader", "EventPayload":
			// These change nothing of where a member stands.
		default:
			return nil, fmt.Errorf("%s: the trait %q is not known", m.at(a), name)
		}
		all[name] = literal(c)
	}
	return all, nil
}

// literal is what a composite literal says: strings by their field.
func literal(e ast.Expr) map[string]string {
	all := make(map[string]string)
	if c, ok := e.(*ast.CompositeLit); ok {
		for _, el := range c.Elts {
			if kv, ok := el.(*ast.KeyValueExpr); ok {
				if s, ok := text(kv.Value); ok {
					all[typeName(kv.Key)] = s
				}
			}
		}
	}
	return all
}

// schemaMembers lists the members of a shape.
func schemaMembers(shapes map[string]*schema, of string, level int) ([]member, error) {
	sh := shapes[of]
	if sh == nil {
		return nil, fmt.Errorf("the shape %q is not known", of)
	}
	var all []member
	for _, sm := range sh.members {
		t, err := target(shapes, sm.target)
		if err != nil {
			return nil, err
		}
		_, label := sm.traits["HTTPLabel"]
		_, payload := sm.traits["HTTPPayload"]
		_, params := sm.traits["HTTPQueryParams"]
		_, flat := sm.traits["XMLFlattened"]
		m := member{
			Name: sm.name, Kind: t.kind, Shape: t.name,
			HTTPLabel: label, HTTPPayload: payload, HTTPQueryParams: params,
			HTTPQuery: sm.traits["HTTPQuery"]["Name"], HTTPHeader: sm.traits["HTTPHeader"]["Name"], HTTPPrefixHeaders: sm.traits["HTTPPrefixHeaders"]["Prefix"],
			JSONName: sm.traits["JSONName"]["Name"], XMLName: sm.traits["XMLName"]["Name"], XMLFlattened: flat,
		}
		if _, ok := t.traits["Streaming"]; ok {
			m.Kind = "stream"
		}
		if level < goDepth && m.Kind == "struct" && len(t.members) > 0 {
			if m.Members, err = schemaMembers(shapes, sm.target, level+1); err != nil {
				return nil, err
			}
		}
		if m.Kind == "list" {
			if len(t.members) != 1 {
				return nil, fmt.Errorf("the list %q has %d members", t.name, len(t.members))
			}
			e, err := target(shapes, t.members[0].target)
			if err != nil {
				return nil, err
			}
			m.Of = &struct {
				Kind    string
				XMLName string
				Members []member
			}{Kind: e.kind, XMLName: t.members[0].traits["XMLName"]["Name"]}
			if level < goDepth && e.kind == "struct" && len(e.members) > 0 {
				if m.Of.Members, err = schemaMembers(shapes, t.members[0].target, level+1); err != nil {
					return nil, err
				}
			}
		}
		all = append(all, m)
	}
	return all, nil
}

// target finds a shape, or one of the prelude's.
func target(shapes map[string]*schema, name string) (*schema, error) {
	if simple, ok := strings.CutPrefix(name, "smithyprelude."); ok {
		if kind := goKinds[strings.TrimPrefix(simple, "Primitive")]; kind != "" {
			return &schema{name: simple, kind: kind}, nil
		}
	} else if sh := shapes[name]; sh != nil {
		return sh, nil
	}
	return nil, fmt.Errorf("the shape %q is not known", name)
}
