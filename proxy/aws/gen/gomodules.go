package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A module is one of the AWS SDK for Go, a service each, as far as it says what
// is sent: it is read, and never compiled. It holds its schemas as data
// (goschemas.go); older ones, which are functions, are not read.
type module struct {
	name  string // "mgn@v1.44.2"
	files *token.FileSet
	root  []*ast.File // of the client's package
	data  []*ast.File // of its package schemas
}

// loadModules reads the modules that fetch.sh put into dir, in the order of their
// names.
func loadModules(dir string) ([]service, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var all []service
	for _, e := range entries {
		version, err := os.ReadFile(filepath.Join(dir, e.Name(), ".version"))
		if err != nil {
			return nil, err
		}
		s, err := loadModule(os.DirFS(filepath.Join(dir, e.Name())), e.Name()+"@"+strings.TrimSpace(string(version)))
		if err != nil {
			return nil, fmt.Errorf("module %s: %w", e.Name(), err)
		}
		all = append(all, *s)
	}
	return all, nil
}

// loadModule reads one module.
func loadModule(dir fs.FS, name string) (*service, error) {
	m := &module{name: name, files: token.NewFileSet()}
	for _, part := range []struct {
		dir  string
		into *[]*ast.File
	}{{".", &m.root}, {"schemas", &m.data}} {
		entries, err := fs.ReadDir(dir, part.dir)
		if err != nil && part.dir == "." {
			return nil, err
		}
		for _, e := range entries {
			file := e.Name()
			if part.dir != "." {
				file = part.dir + "/" + file
			}
			if e.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") || strings.HasPrefix(file, "deserializers") || strings.HasPrefix(file, "validators") {
				continue
			}
			src, err := fs.ReadFile(dir, file)
			if err != nil {
				return nil, err
			}
			f, err := parser.ParseFile(m.files, file, src, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				return nil, err
			}
			*part.into = append(*part.into, f)
		}
	}
	s, err := m.service()
	if err != nil {
		return nil, err
	}
	if err := m.readSchemas(s); err != nil {
		return nil, err
	}
	if len(s.Operations) == 0 || len(s.Protocols) == 0 {
		return nil, fmt.Errorf("it has %d operations, in the protocols %v", len(s.Operations), s.Protocols)
	}
	slices.SortFunc(s.Operations, func(a, b operation) int { return strings.Compare(a.Name, b.Name) })
	return s, nil
}

// service reads what a module says of its service as a whole.
func (m *module) service() (*service, error) {
	s := &service{Source: m.name}
	var hosts []string
	for _, f := range m.root {
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.CONST {
				continue
			}
			for _, spec := range g.Specs {
				v := spec.(*ast.ValueSpec)
				if len(v.Names) != 1 || len(v.Values) != 1 {
					continue
				}
				switch v.Names[0].Name {
				case "ServiceID":
					s.ID, _ = text(v.Values[0])
				case "ServiceAPIVersion":
					s.Version, _ = text(v.Values[0])
				}
			}
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if name := last(n); called(n) == "SetSigV4SigningName" && name != "" && !slices.Contains(s.Signing, name) {
					s.Signing = append(s.Signing, name)
				}
			case *ast.FuncLit:
				if h := host(n); h != "" && !slices.Contains(hosts, h) {
					hosts = append(hosts, h)
				}
			}
			return true
		})
	}
	if s.ID == "" || s.Version == "" || len(s.Signing) != 1 {
		return nil, fmt.Errorf("it has the id %q, the version %q, and signs with %q", s.ID, s.Version, s.Signing)
	}
	s.DefaultSigning = s.Signing[0]
	s.EndpointPrefix = firstLabel(hosts)
	return s, nil
}

// host is a host as the endpoint rules write it, part by part:
// "mgn.Region.DnsSuffix"; "" if n writes none.
func host(n *ast.FuncLit) string {
	whole := ""
	for _, stmt := range n.Body.List {
		e, ok := stmt.(*ast.ExprStmt)
		if !ok {
			continue
		}
		if c, ok := e.X.(*ast.CallExpr); ok && called(c) == "WriteString" && len(c.Args) == 1 {
			part, literal := text(c.Args[0])
			if !literal {
				name := c.Args[0]
				if star, ok := name.(*ast.StarExpr); ok {
					name = star.X
				}
				part = typeName(name)
				part = strings.TrimPrefix(part[strings.LastIndexByte(part, '.')+1:], "_")
			}
			whole += part
		}
	}
	whole, _ = strings.CutPrefix(whole, "https://")
	return whole
}

// firstLabel is what a service's hosts begin with, as a block has it: followed by
// "^" where they are under the domain of dualstack hosts alone, and "-" where
// they are of other forms than NAME.REGION.DOMAIN.
func firstLabel(hosts []string) string {
	label, plain := "", false
	for _, h := range hosts {
		name, domain, ok := strings.Cut(h, ".Region.")
		if !ok || strings.Contains(name, ".") || domain != "DnsSuffix" && domain != "DualStackDnsSuffix" {
			return "-"
		}
		if strings.HasSuffix(name, "-fips") {
			continue
		}
		if label != "" && label != name {
			return "-"
		}
		label, plain = name, plain || domain == "DnsSuffix"
	}
	if label == "" {
		return "-"
	}
	if !plain {
		label += "^"
	}
	return label
}

// required returns the fields of an operation's input that it says have to be
// there.
func (m *module) required(st *ast.StructType) []string {
	var names []string
	for _, f := range st.Fields.List {
		if len(f.Names) == 1 && strings.Contains(f.Doc.Text(), "This member is required.") {
			names = append(names, f.Names[0].Name)
		}
	}
	return names
}

// at is where a node stands, for a complaint.
func (m *module) at(n ast.Node) string { return m.files.Position(n.Pos()).String() }

// structs are the struct types of files by name.
func structs(files []*ast.File, prefix string, into map[string]*ast.StructType) {
	for _, f := range files {
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.TYPE {
				continue
			}
			for _, spec := range g.Specs {
				t := spec.(*ast.TypeSpec)
				if st, ok := t.Type.(*ast.StructType); ok {
					into[prefix+t.Name.Name] = st
				}
			}
		}
	}
}

// called is the name of the function or method that c calls.
func called(c *ast.CallExpr) string {
	switch f := c.Fun.(type) {
	case *ast.SelectorExpr:
		return f.Sel.Name
	case *ast.Ident:
		return f.Name
	}
	return ""
}

// last is a call's last argument where that is a string, or "".
func last(c *ast.CallExpr) string {
	if len(c.Args) == 0 {
		return ""
	}
	s, _ := text(c.Args[len(c.Args)-1])
	return s
}

// text is a string as it stands in the source.
func text(e ast.Expr) (string, bool) {
	l, ok := e.(*ast.BasicLit)
	if !ok || l.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(l.Value)
	return s, err == nil
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
