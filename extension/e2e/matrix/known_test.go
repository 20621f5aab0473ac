package matrix_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// An exception is what testdata/known.yaml says of some cells.
type exception struct {
	Clients  []string // "js3", or one way of it: "js3/endpoint"
	Cases    []string // names
	Services []string // or all cases of a service's
	Lacks    string   // why the SDK makes no such call, or
	Wrong    string   // what is not right, and why
}

type exceptions []exception

func readKnown(t testing.TB) exceptions {
	t.Helper()
	src, err := os.ReadFile("testdata/known.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var all exceptions
	if err := yaml.Unmarshal(src, &all); err != nil {
		t.Fatal(err)
	}
	names := make(map[string]bool)
	for _, c := range cases(t) {
		names[c.Name], names[c.Service+"'s"] = true, true
	}
	for _, e := range all {
		if (e.Lacks == "") == (e.Wrong == "") {
			t.Errorf("known.yaml: %v %v: one of lacks and wrong", e.Clients, e.Cases)
		}
		for _, name := range e.Cases {
			if !names[name] {
				t.Errorf("known.yaml: there is no case %q", name)
			}
		}
		for _, name := range e.Services {
			if !names[name+"'s"] {
				t.Errorf("known.yaml: there is no case of %q", name)
			}
		}
	}
	return all
}

// of returns what is said of a cell, and where: -1 if nothing is.
func (all exceptions) of(client, way string, one testcase) (exception, int) {
	for i, e := range all {
		if (slices.Contains(e.Cases, one.Name) || slices.Contains(e.Services, one.Service)) && (slices.Contains(e.Clients, client) || slices.Contains(e.Clients, client+"/"+way)) {
			return e, i
		}
	}
	return exception{}, -1
}

// hold holds what was found of a cell to what is said of it.
func (all exceptions) hold(t *testing.T, client, way string, one testcase, found string) {
	t.Helper()
	e, i := all.of(client, way, one)
	switch lacks := strings.HasPrefix(found, "lacks: "); {
	case i < 0 && found != "":
		t.Error(found)
	case i >= 0 && found == "":
		t.Errorf("it is right: take it out of known.yaml, which says %q", e.Lacks+e.Wrong)
	case i >= 0 && lacks != (e.Lacks != ""):
		t.Errorf("known.yaml says %q, and it is %q", e.Lacks+e.Wrong, found)
	}
}
