package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// law lists the packages in the order in which they may import: a package
// imports only packages above it, and from outside only the modules named
// beside it. What the layer ships stands above the command, and stays small.
var law = []struct {
	pkg     string
	outside []string
}{
	{"manifest", []string{"go.yaml.in/yaml"}},
	{"manifest/gen", nil},
	{"manifest/iam", nil},
	{"proxy", nil},
	{"proxy/sigv4", nil},
	{"proxy/sigv2", nil},
	{"proxy/ca", nil},
	{"proxy/credentials", nil},
	{"proxy/upstream", []string{"golang.org/x/sys"}},
	{"proxy/mint", []string{"github.com/aws/aws-sdk-go-v2", "github.com/aws/smithy-go"}},
	{"proxy/aws/gen", nil},
	{"proxy/aws", []string{"github.com/aws/aws-sdk-go-v2"}},
	{"proxy/aws/awstest", []string{"github.com/aws/aws-sdk-go-v2", "github.com/aws/smithy-go"}},
	{"proxy/aws/awstest/stsfront", []string{"github.com/aws/aws-sdk-go-v2"}},
	{"proxy/audit", []string{"go.uber.org/zap"}},
	{"layer", nil},
	{"layer/pack", nil},
	{"extension/environ", nil},
	{"extension/runtimeapi", nil},
	{"extension/sidecar", []string{"github.com/aws/aws-sdk-go-v2", "golang.org/x/sys"}},
	{"extension", []string{"github.com/aws/aws-sdk-go-v2", "golang.org/x/sys"}},
	{"extension/lambdatest", nil},
	{"extension/e2e", []string{"github.com/aws/aws-sdk-go-v2"}},
	{"extension/e2e/redteam", []string{"github.com/aws/aws-sdk-go-v2", "golang.org/x/net", "golang.org/x/sys"}},
	{"extension/e2e/demo", []string{"github.com/aws/aws-sdk-go-v2"}},
	{"proxy/bench", []string{"github.com/aws/aws-sdk-go-v2"}},
	{"extension/cmd/remit-lambda", nil},
	{"extension/cmd/remit-exec", []string{"golang.org/x/sys"}},
	{"extension/cmd/remit", []string{"github.com/aws/aws-sdk-go-v2", "github.com/aws/smithy-go", "github.com/spf13/cobra", "github.com/spf13/pflag", "golang.org/x/term"}},
}

// thin are packages that may import nothing of the module's but what is named:
// the wrapper starts before every function, and an SDK in it costs 3 ms.
var thin = map[string][]string{
	"extension/cmd/remit-exec": {"extension/environ"},
	"extension/environ":        nil,
	"extension/runtimeapi":     nil,
	"manifest":                 nil,
}

// TestPackagesImportOnlyWhatStandsAboveThem reads the sources itself rather
// than asking go list: go test caches a result until a file that the test has
// opened changes.
func TestPackagesImportOnlyWhatStandsAboveThem(t *testing.T) {
	const module = "github.com/lambda-remit/remit/"
	place, docs, files := make(map[string]int), make(map[string]int), 0
	for i, l := range law {
		place[l.pkg] = i
	}
	root := os.DirFS("../../..")
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && name != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "node_modules" || d.Name() == "examples") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		src, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, src, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		files++
		pkg := path.Dir(name)
		at, ok := place[pkg]
		if !ok {
			t.Errorf("%s: package %s is not in the law", name, pkg)
			return nil
		}
		if file.Doc != nil && !strings.HasPrefix(file.Doc.List[0].Text, "//go:build") {
			docs[pkg]++
		}
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			inside, ours := strings.CutPrefix(imported, module)
			first, _, _ := strings.Cut(imported, "/")
			switch {
			case ours:
				if above, known := place[inside]; !known || above >= at {
					t.Errorf("%s may not import %s", name, inside)
				}
				if only, is := thin[pkg]; is && !slices.Contains(only, inside) {
					t.Errorf("%s is to stay thin: it may not import %s", name, inside)
				}
			case strings.Contains(first, "."):
				if !slices.ContainsFunc(law[at].outside, func(m string) bool { return imported == m || strings.HasPrefix(imported, m+"/") }) {
					t.Errorf("%s may not import %s", name, imported)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 20 {
		t.Errorf("read %d files: the walk is broken", files)
	}
	for _, l := range law {
		if n := docs[l.pkg]; n != 1 {
			t.Errorf("%s has %d package comments, want 1", l.pkg, n)
		}
	}
}

// TestTopLevelHasNothingUnexpected holds the top level to what the README
// says of it.
func TestTopLevelHasNothingUnexpected(t *testing.T) {
	known := []string{"extension", "proxy", "manifest", "layer", "examples", "go.mod", "go.sum", "Makefile", "README.md", "LICENSE", "CHANGELOG.md"}
	built := []string{"node_modules", "dist"}
	entries, err := os.ReadDir("../../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if name := e.Name(); !strings.HasPrefix(name, ".") && !slices.Contains(known, name) && !slices.Contains(built, name) {
			t.Errorf("%s does not belong at the top level", name)
		}
	}
}
