package main

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write what is read into testdata")

// TestModulesAreRead reads small modules of the AWS SDK for Go, and ones that
// are odd.
func TestModulesAreRead(t *testing.T) { readAll(t, "testdata/*.txtar", loadModule) }

// TestCratesAreRead reads small crates of the two forms that the AWS SDK for
// Rust has, and ones that are odd.
func TestCratesAreRead(t *testing.T) { readAll(t, "testdata/crates/*.txtar", loadCrate) }

// readAll reads sources that archives hold, and compares what is read with
// their last files.
func readAll(t *testing.T, pattern string, load func(fs.FS, string) (*service, error)) {
	files, _ := filepath.Glob(pattern)
	if len(files) == 0 {
		t.Fatalf("%s finds nothing", pattern)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			module := make(fstest.MapFS)
			last := len(a.Files) - 1
			for _, f := range a.Files[:last] {
				module[f.Name] = &fstest.MapFile{Data: f.Data}
			}
			var got strings.Builder
			if s, err := load(module, "shelf@v1.0.0"); err != nil {
				fmt.Fprintln(&got, "error:", err)
			} else {
				fmt.Fprintf(&got, "%s %s %v target %q signs %q host %q\n", s.ID, s.Version, s.Protocols, s.Target, s.DefaultSigning, s.EndpointPrefix)
				for _, op := range s.Operations {
					fmt.Fprintln(&got, strings.TrimSpace(op.Name+" "+op.Method+" "+op.URI+" "+op.HostPrefix))
					list(&got, op.Members, "\t")
				}
			}
			if want := string(a.Files[last].Data); a.Files[last].Name != "want" || got.String() != want && !*update {
				t.Errorf("got\n%s\nwant\n%s", &got, want)
			}
			if *update {
				a.Files[last].Data = []byte(got.String())
				if err := os.WriteFile(file, txtar.Format(a), 0o666); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func list(to *strings.Builder, all []member, indent string) {
	for _, m := range all {
		fmt.Fprintf(to, "%s%s %s", indent, m.Name, m.Kind)
		for _, is := range []struct {
			name string
			ok   bool
		}{{"required", m.Required}, {"label", m.HTTPLabel}, {"payload", m.HTTPPayload}, {"query " + m.HTTPQuery, m.HTTPQuery != ""}, {"header " + m.HTTPHeader, m.HTTPHeader != ""}, {"JSON " + m.JSONName, m.JSONName != ""}, {"every other query", m.HTTPQueryParams}} {
			if is.ok {
				fmt.Fprintf(to, ", %s", is.name)
			}
		}
		to.WriteString("\n")
		list(to, m.Members, indent+"\t")
		if m.Of != nil {
			fmt.Fprintf(to, "%s\tof %s\n", indent, m.Of.Kind)
			list(to, m.Of.Members, indent+"\t\t")
		}
	}
}

// TestWhatSourcesSayDifferentlyIsAnError merges a module with what is known of
// its service.
func TestWhatSourcesSayDifferentlyIsAnError(t *testing.T) {
	known := func() []service {
		return []service{{Source: "npm", ID: "Shelf", Version: "1", Protocols: []string{"rest-json"}, DefaultSigning: "shelf", Operations: []operation{
			{Name: "PutBook", Method: "POST", URI: "/books", Members: []member{{Name: "Name", Kind: "string"}}},
		}}}
	}
	newer := known()[0]
	newer.Source, newer.Operations = "go", []operation{
		{Name: "PutBook", Method: "POST", URI: "/books", Members: []member{{Name: "name", Kind: "string"}, {Name: "shelf", Kind: "string", HTTPQuery: "s"}}},
		{Name: "GetBook", Method: "GET", URI: "/books"},
	}
	all, err := merge(known(), &newer)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(all[0].Operations); !strings.HasPrefix(got, "[{GetBook GET /books") || len(all[0].Operations[1].Members) != 2 {
		t.Errorf("got %s, want GetBook, and PutBook with a second member", got)
	}
	other := newer
	other.ID = "Cellar"
	if all, err := merge(known(), &other); err != nil || len(all) != 2 {
		t.Errorf("got %d services and %v, want a second one", len(all), err)
	}
	for what, change := range map[string]func(*service){
		"route":        func(s *service) { s.Operations[0].URI = "/book" },
		"method":       func(s *service) { s.Operations[0].Method = "PUT" },
		"host prefix":  func(s *service) { s.Operations[0].HostPrefix = "data." },
		"version":      func(s *service) { s.Version = "2" },
		"signing name": func(s *service) { s.DefaultSigning = "books" },
	} {
		odd := known()[0]
		change(&odd)
		if _, err := merge(known(), &odd); err == nil {
			t.Errorf("another %s is taken", what)
		}
	}
}
