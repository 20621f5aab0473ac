package aws

import (
	"cmp"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// cases returns the operations that a function of a file has a case for, by
// service.
func cases(t *testing.T, file, function string) map[string][]string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string][]string)
	texts := func(list []ast.Expr) (all []string) {
		for _, e := range list {
			if lit, ok := e.(*ast.BasicLit); ok {
				s, err := strconv.Unquote(lit.Value)
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, s)
			}
		}
		return all
	}
	for _, d := range parsed.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Name.Name != function {
			continue
		}
		for _, s := range f.Body.List[0].(*ast.SwitchStmt).Body.List {
			service := s.(*ast.CaseClause)
			for _, name := range texts(service.List) {
				ast.Inspect(service, func(n ast.Node) bool {
					switch n := n.(type) {
					case *ast.CaseClause:
						if n != service {
							found[name] = append(found[name], texts(n.List)...)
						}
					case *ast.BinaryExpr:
						found[name] = append(found[name], texts([]ast.Expr{n.Y})...)
					}
					return true
				})
			}
		}
	}
	if len(found) == 0 {
		t.Fatalf("%s has no cases in %s", function, file)
	}
	return found
}

// TestIDsGoFromKnownOperationsToKnownOperations holds both lists to the services'
// operations, and to one another.
func TestIDsGoFromKnownOperationsToKnownOperations(t *testing.T) {
	var ts tables
	known := make(map[string][]string)
	for _, name := range []string{"originOf", "carrierOf"} {
		for service := range cases(t, "rememberedids.go", name) {
			for _, table := range ts.of(service) { // each signs as IAM calls it
				if table.prefix == service {
					known[service] = slices.AppendSeq(known[service], maps.Keys(table.operations))
				}
			}
		}
	}
	issued, carried := make(map[string]bool), make(map[string]bool)
	for service, operations := range cases(t, "rememberedids.go", "originOf") {
		for _, operation := range operations {
			from := originOf(service, operation)
			if !slices.Contains(known[service], operation) || from.kind == "" || from.lasts <= 0 || len(from.paths) == 0 && from.header == "" && !from.own {
				t.Errorf("%s:%s is no operation, or nothing is issued by it: %+v", service, operation, from)
			}
			for _, path := range from.paths {
				if strings.Count(path, ".") >= maxSteps {
					t.Errorf("%s:%s: path %q has more than %d steps", service, operation, path, maxSteps)
				}
			}
			issued[service+" "+string(from.kind)] = true
		}
	}
	for service, operations := range cases(t, "rememberedids.go", "carrierOf") {
		for _, operation := range operations {
			with := carrierOf(service, operation)
			if !slices.Contains(known[service], operation) || with.kind == "" || with.member == "" && with.query == "" && with.path == "" {
				t.Errorf("%s:%s is no operation, or carries nothing: %+v", service, operation, with)
			}
			carried[service+" "+string(with.kind)] = true
		}
	}
	for kind := range issued {
		if !carried[kind] {
			t.Errorf("ids of %q are carried by nothing", kind)
		}
	}
	for kind := range carried {
		if !issued[kind] {
			t.Errorf("ids of %q are issued by nothing", kind)
		}
	}
}

// TestWhatCarriesIDsHasAResource holds the list to the Service Authorization
// Reference: an action without a resource is asked for on "*", whatever its id
// was issued for.
func TestWhatCarriesIDsHasAResource(t *testing.T) {
	text, err := os.ReadFile("../../manifest/zactions.txt")
	if err != nil {
		t.Fatal(err)
	}
	on := make(map[string][]string) // the actions that have a resource
	for line := range strings.Lines(string(text)) {
		f := strings.Split(line, "\t")
		on[f[0]] = strings.Fields(f[2])
	}
	for service, operations := range cases(t, "rememberedids.go", "carrierOf") {
		for _, operation := range operations {
			_, action, _ := strings.Cut(carrierOf(service, operation).action, ":")
			if action = cmp.Or(action, operation); !slices.Contains(on[service], action) {
				t.Errorf("%s:%s has no resource", service, action)
			}
		}
	}
}
