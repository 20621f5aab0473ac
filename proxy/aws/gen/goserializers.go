package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

// goProtocols are how older modules begin the names of their serializers.
var goProtocols = map[string]string{
	"awsAwsjson10":    "json1.0",
	"awsAwsjson11":    "json1.1",
	"awsRestjson1":    "rest-json",
	"awsRestxml":      "rest-xml",
	"awsAwsquery":     "query",
	"awsEc2query":     "ec2",
	"smithyRpcv2cbor": "cbor",
}

// serializers are what a module of functions says: of each type, by its name in
// the client's package, what its fields are called where they are sent.
type serializers struct {
	*module
	structs map[string]*ast.StructType
	named   map[string]ast.Expr          // of package types, what is no struct
	keys    map[string]map[string]string // type, field, name in a body
	unions  map[string][]string          // type, names in a body in their order
	bound   map[string]map[string]member // input, field, where it is bound
}

// readSerializers reads the operations of a module that is functions.
func (m *module) readSerializers(s *service) error {
	z := &serializers{m, make(map[string]*ast.StructType), make(map[string]ast.Expr), make(map[string]map[string]string), make(map[string][]string), make(map[string]map[string]member)}
	structs(m.root, "", z.structs)
	structs(m.types, "types.", z.structs)
	for _, f := range m.types {
		for _, d := range f.Decls {
			if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.TYPE {
				for _, spec := range g.Specs {
					t := spec.(*ast.TypeSpec)
					z.named["types."+t.Name.Name] = t.Type
				}
			}
		}
	}
	operations := make(map[string]*operation)
	payload := make(map[string]string) // field, by operation
	prefix := make(map[string]string)
	for _, f := range m.root {
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Body == nil {
				continue
			}
			if fn.Recv != nil {
				typ := strings.TrimPrefix(typeName(fn.Recv.List[0].Type), "*")
				before, name, ok := strings.Cut(typ, "_serializeOp")
				if op, ok := strings.CutPrefix(typ, "endpointPrefix_op"); ok && fn.Name.Name == "HandleFinalize" {
					p, err := z.hostPrefix(fn)
					if err != nil {
						return err
					}
					prefix[strings.TrimSuffix(op, "Middleware")] = p
				}
				if !ok || fn.Name.Name != "HandleSerialize" {
					continue
				}
				protocol := goProtocols[before]
				if protocol == "" {
					return fmt.Errorf("%s: the protocol %q is not known", m.at(fn), before)
				}
				if !slices.Contains(s.Protocols, protocol) {
					s.Protocols = append(s.Protocols, protocol)
				}
				op, field, err := z.operation(s, name, fn)
				if err != nil {
					return err
				}
				operations[name], payload[name] = op, field
				continue
			}
			if err := z.function(fn); err != nil {
				return err
			}
		}
	}
	if len(s.Protocols) != 1 {
		return fmt.Errorf("it speaks %v", s.Protocols)
	}
	for name, op := range operations {
		st := z.structs[name+"Input"]
		if st == nil {
			return fmt.Errorf("operation %q has no input", name)
		}
		members, err := z.input(name, st, payload[name])
		if err != nil {
			return err
		}
		op.Members, op.HostPrefix = members, prefix[name]
		s.Operations = append(s.Operations, *op)
	}
	return nil
}

// operation reads the method by which an operation's call is written: its route,
// or its target, and the field that is its payload.
func (z *serializers) operation(s *service, name string, fn *ast.FuncDecl) (*operation, string, error) {
	op, field, target := &operation{Name: name}, "", ""
	var err error
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			switch {
			case called(n) == "SplitURI":
				op.URI = last(n)
			case called(n) == "String" && len(n.Args) == 1:
				if before, ok := n.Fun.(*ast.SelectorExpr).X.(*ast.CallExpr); ok {
					switch last(before) {
					case "X-Amz-Target":
						target = strings.TrimSuffix(last(n), "."+name)
					case "Version":
						if last(n) != s.Version {
							err = fmt.Errorf("%s: version %q of a service of version %q", z.at(n), last(n), s.Version)
						}
					}
				}
			}
		case *ast.AssignStmt:
			if len(n.Lhs) != 1 || len(n.Rhs) != 1 {
				break
			}
			to, ok := n.Lhs[0].(*ast.SelectorExpr)
			value, literal := text(n.Rhs[0])
			if !ok || !literal {
				break
			}
			if path, ok := strings.CutPrefix(value, "/service/"); ok && to.Sel.Name == "Path" {
				target, _, _ = strings.Cut(path, "/")
			}
			if to.Sel.Name == "Method" {
				op.Method = value
			}
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && x.Name == "input" {
				if field != "" && field != n.Sel.Name {
					err = fmt.Errorf("%s: the payloads %q and %q", z.at(n), field, n.Sel.Name)
				}
				field = n.Sel.Name
			}
		}
		return true
	})
	rest := strings.HasPrefix(s.Protocols[0], "rest-")
	switch {
	case err != nil:
	case rest && (op.Method == "" || op.URI == ""):
		err = fmt.Errorf("%s: the route %q %q", z.at(fn), op.Method, op.URI)
	case !rest && field != "":
		err = fmt.Errorf("%s: the payload %q", z.at(fn), field)
	case (target == "") != (rest || s.Protocols[0] == "query" || s.Protocols[0] == "ec2"):
		err = fmt.Errorf("%s: the target %q", z.at(fn), target)
	case s.Target != "" && target != s.Target:
		err = fmt.Errorf("%s: the target %q of a service of target %q", z.at(fn), target, s.Target)
	}
	s.Target = target
	return op, field, err
}

// hostPrefix reads what an operation puts before its host.
func (z *serializers) hostPrefix(fn *ast.FuncDecl) (string, error) {
	for _, stmt := range fn.Body.List {
		a, ok := stmt.(*ast.AssignStmt)
		if !ok || len(a.Lhs) != 1 {
			continue
		}
		if to, ok := a.Lhs[0].(*ast.SelectorExpr); ok && to.Sel.Name == "Host" {
			if sum, ok := a.Rhs[0].(*ast.BinaryExpr); ok {
				if s, ok := text(sum.X); ok {
					return s, nil
				}
			}
		}
	}
	return "", fmt.Errorf("%s: it puts before its host what cannot be read", z.at(fn))
}

// function reads one that writes the fields of a type: each of its statements
// is about one.
func (z *serializers) function(fn *ast.FuncDecl) error {
	_, rest, ok := strings.Cut(fn.Name.Name, "erialize")
	if !ok || fn.Type.Params == nil || len(fn.Type.Params.List) == 0 || !(strings.HasPrefix(rest, "OpHttpBindings") || strings.HasPrefix(rest, "OpDocument") || strings.HasPrefix(rest, "Document") || strings.HasPrefix(rest, "CBOR_")) {
		return nil
	}
	p := fn.Type.Params.List[0]
	typ, pointer := strings.CutPrefix(typeName(p.Type), "*")
	if len(p.Names) != 1 || p.Names[0].Name != "v" {
		return nil
	}
	if _, union := z.named[typ].(*ast.InterfaceType); union && !pointer {
		ast.Inspect(fn.Body, func(n ast.Node) bool {
			if key := bodyKey(n); key != "" {
				z.unions[typ] = append(z.unions[typ], key)
			}
			return true
		})
		return nil
	}
	if !pointer || z.structs[typ] == nil {
		return nil
	}
	if z.keys[typ] == nil {
		z.keys[typ] = make(map[string]string)
	}
	if z.bound[typ] == nil {
		z.bound[typ] = make(map[string]member)
	}
	for _, stmt := range fn.Body.List {
		var fields, names []string
		header := ""
		add := func(list *[]string, s string) {
			if !slices.Contains(*list, s) {
				*list = append(*list, s)
			}
		}
		ast.Inspect(stmt, func(n ast.Node) bool {
			if key := bodyKey(n); key != "" {
				add(&names, "b."+key)
			}
			if sel, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := sel.X.(*ast.Ident); ok && x.Name == "v" {
					add(&fields, sel.Sel.Name)
				}
			}
			if a, ok := n.(*ast.AssignStmt); ok && typeName(a.Lhs[0]) == "locationName" {
				header, _ = text(a.Rhs[0])
			}
			if c, ok := n.(*ast.CallExpr); ok {
				if sel, ok := c.Fun.(*ast.SelectorExpr); ok {
					if x, ok := sel.X.(*ast.Ident); ok && x.Name == "encoder" {
						name := last(c)
						if len(c.Args) == 1 && typeName(c.Args[0]) == "locationName" {
							name = header
						}
						add(&names, sel.Sel.Name+"."+name)
					}
				}
			}
			return true
		})
		if len(names) == 0 {
			continue
		}
		if len(names) != 1 || len(fields) != 1 {
			return fmt.Errorf("%s: the fields %q are sent as %q", z.at(stmt), fields, names)
		}
		how, name, _ := strings.Cut(names[0], ".")
		m := z.bound[typ][fields[0]]
		switch {
		case how == "b":
			z.keys[typ][fields[0]] = name
			continue
		case how == "SetURI" && name != "":
			m.HTTPLabel, m.Name = true, name
		case (how == "SetQuery" || how == "AddQuery") && name != "":
			m.HTTPQuery = name
		case how == "AddQuery", how == "SetQuery":
			m.HTTPQueryParams = true
		case (how == "SetHeader" || how == "AddHeader") && name != "":
			m.HTTPHeader = name
		case how == "Headers" && name != "":
			m.HTTPPrefixHeaders = name
		default:
			return fmt.Errorf("%s: field %q is sent by %s(%q)", z.at(stmt), fields[0], how, name)
		}
		z.bound[typ][fields[0]] = m
	}
	return nil
}

// bodyKey is the name that n writes into a body, or "".
func bodyKey(n ast.Node) string {
	switch n := n.(type) {
	case *ast.CallExpr:
		sel, ok := n.Fun.(*ast.SelectorExpr)
		if !ok || sel.Sel.Name != "Key" && sel.Sel.Name != "FlatKey" {
			return ""
		}
		if x, ok := sel.X.(*ast.Ident); !ok || x.Name != "object" {
			return ""
		}
		return last(n)
	case *ast.IndexExpr:
		if x, ok := n.X.(*ast.Ident); ok && x.Name == "vm" {
			s, _ := text(n.Index)
			return s
		}
	}
	return ""
}

// input lists the members of an operation's input.
func (z *serializers) input(name string, st *ast.StructType, payload string) ([]member, error) {
	required := z.required(st)
	var all []member
	for _, f := range st.Fields.List {
		if len(f.Names) != 1 || !f.Names[0].IsExported() {
			continue
		}
		field := f.Names[0].Name
		m, bound := z.bound[name+"Input"][field]
		key, inBody := z.keys[name+"Input"][field]
		switch {
		case inBody && !bound:
			m.Name = key
		case field == payload && !bound && !inBody:
			m.HTTPPayload, m.Name = true, field
		case bound && !inBody:
			if m.Name == "" {
				m.Name = strings.ToLower(field[:1]) + field[1:]
			}
		default:
			return nil, fmt.Errorf("%s: %q is sent nowhere, or twice", z.at(f), field)
		}
		m.Required = slices.Contains(required, field)
		if err := z.fill(&m, f.Type, "", 0); err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, nil
}

// goDepth is how deep members of members are listed, as models.mjs does.
const goDepth = 3

// fill sets a member's kind, and what it holds, by its type in package pkg: ""
// or "types.".
func (z *serializers) fill(m *member, e ast.Expr, pkg string, level int) error {
	kind, typ, element, err := z.kind(e, pkg)
	if err != nil {
		return err
	}
	m.Kind, m.Shape = kind, strings.TrimPrefix(typ, "types.")
	if level >= goDepth {
		return nil
	}
	switch kind {
	case "struct":
		m.Members, err = z.members(typ, level+1)
	case "list":
		of := member{}
		if err := z.fill(&of, element, pkg, level); err != nil {
			return err
		}
		m.Of = &struct {
			Kind    string
			XMLName string
			Members []member
		}{Kind: of.Kind, Members: of.Members}
	}
	return err
}

// members lists those of a type of package types.
func (z *serializers) members(typ string, level int) ([]member, error) {
	var all []member
	add := func(f *ast.Field, name string) error {
		m := member{Name: name}
		if err := z.fill(&m, f.Type, "types.", level); err != nil {
			return err
		}
		all = append(all, m)
		return nil
	}
	if _, union := z.named[typ].(*ast.InterfaceType); union {
		for _, name := range z.unions[typ] {
			if st := z.structs[typ+"Member"+strings.ToUpper(name[:1])+name[1:]]; st != nil {
				if err := add(st.Fields.List[0], name); err != nil {
					return nil, err
				}
			}
		}
		return all, nil
	}
	for _, f := range z.structs[typ].Fields.List {
		if len(f.Names) == 1 {
			if name := z.keys[typ][f.Names[0].Name]; name != "" {
				if err := add(f, name); err != nil {
					return nil, err
				}
			}
		}
	}
	return all, nil
}

// kind says what a Go type is to Smithy, and of a list, what it is of.
func (z *serializers) kind(e ast.Expr, pkg string) (kind, typ string, element ast.Expr, err error) {
	switch e := e.(type) {
	case *ast.StarExpr:
		return z.kind(e.X, pkg)
	case *ast.MapType:
		return "map", "", nil, nil
	case *ast.ArrayType:
		if typeName(e.Elt) == "byte" {
			return "blob", "", nil, nil
		}
		return "list", "", e.Elt, nil
	}
	name := typeName(e)
	switch name {
	case "string":
		return "string", "", nil, nil
	case "bool":
		return "boolean", "", nil, nil
	case "int8", "int16", "int32", "int64", "float32", "float64", "byte":
		return "number", "", nil, nil
	case "time.Time":
		return "timestamp", "", nil, nil
	case "document.Interface":
		return "document", "", nil, nil
	case "io.Reader":
		return "stream", "", nil, nil
	}
	if !strings.Contains(name, ".") {
		name = pkg + name
	}
	switch t := z.named[name].(type) {
	case *ast.StructType, *ast.InterfaceType:
		return "struct", name, nil, nil
	case *ast.Ident:
		kind, _, _, err = z.kind(t, pkg)
		return kind, name, nil, err
	}
	return "", "", nil, fmt.Errorf("%s: the type %q is not known", z.at(e), name)
}

// typeName writes a type that is a name: "*types.Tag".
func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return "*" + typeName(e.X)
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return typeName(e.X) + "." + e.Sel.Name
	}
	return ""
}
