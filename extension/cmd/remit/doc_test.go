package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
)

// said are methods whose names say what they do, since others' interfaces do.
var said = []string{"Error", "String", "Unwrap", "GoString", "Format", "MarshalJSON", "Read", "Write", "Close", "ServeHTTP"}

// TestEveryExportedNameHasADocComment holds what a caller can use to having a
// sentence of its own, that begins with its name. Constants of a list may have it
// at the end of their line.
func TestEveryExportedNameHasADocComment(t *testing.T) {
	root, names := os.DirFS("../../.."), 0
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && name != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "node_modules") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		src, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, src, parser.ParseComments)
		if err != nil || file.Name.Name == "main" {
			return err
		}
		check := func(at token.Pos, exported string, docs ...*ast.CommentGroup) {
			if !ast.IsExported(exported) {
				return
			}
			names++
			for _, doc := range docs {
				if doc != nil {
					return
				}
			}
			t.Errorf("%s: %s has no doc comment", set.Position(at), exported)
		}
		begins := func(at token.Pos, exported string, doc *ast.CommentGroup) {
			check(at, exported, doc)
			if words := strings.FieldsFunc(doc.Text(), func(r rune) bool { return strings.ContainsRune(" ,\n", r) }); ast.IsExported(exported) && len(words) > 1 && words[0] != exported && words[1] != exported {
				t.Errorf("%s: the doc comment of %s does not begin with its name", set.Position(at), exported)
			}
		}
		for _, decl := range file.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				if decl.Recv == nil || ast.IsExported(receiver(decl.Recv.List[0].Type)) && !slices.Contains(said, decl.Name.Name) {
					begins(decl.Pos(), decl.Name.Name, decl.Doc)
				}
			case *ast.GenDecl:
				for _, spec := range decl.Specs {
					switch spec := spec.(type) {
					case *ast.TypeSpec:
						doc := spec.Doc
						if doc == nil {
							doc = decl.Doc
						}
						begins(spec.Pos(), spec.Name.Name, doc)
					case *ast.ValueSpec:
						for _, n := range spec.Names {
							check(n.Pos(), n.Name, spec.Doc, spec.Comment, decl.Doc)
						}
					}
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if names < 200 {
		t.Errorf("looked at %d names: the walk is broken", names)
	}
}

// receiver is the name of the type that a method is of.
func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}
