package manifest

import (
	"encoding/json"
	"go/ast"
	goparser "go/parser"
	"go/token"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A page is a manual page: the words that its lists define, by the section or
// subsection that they stand in, and all words that it sets as a command's.
type page struct{ defines, says map[string][]string }

// readPage reads as much of mdoc as the page needs: .Sh, .Ss, .It and .Cm.
func readPage(t *testing.T, file string) page {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	p := page{make(map[string][]string), make(map[string][]string)}
	section := ""
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if len(words) == 0 {
			t.Errorf("%s: an empty line, which mdoc has not", file)
			continue
		}
		switch {
		case words[0] == ".Sh" || words[0] == ".Ss":
			section = strings.Join(words[1:], " ")
		case words[0] == ".Cm", words[0] == ".It" && len(words) > 1 && words[1] == "Cm":
			for _, w := range words[1:] {
				if w != "Cm" && strings.Trim(w, ",.:;") != "" {
					p.says[section] = append(p.says[section], w)
					if words[0] == ".It" {
						p.defines[section] = append(p.defines[section], w)
					}
				}
			}
		}
	}
	return p
}

// has holds that the page defines just these words in a section.
func (p page) has(t *testing.T, section string, want []string) {
	t.Helper()
	got := slices.Sorted(slices.Values(p.defines[section]))
	want = slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		t.Errorf("section %q of remit-manifest.5 defines\n%q, want\n%q", section, got, want)
	}
}

func TestTheManualPageHasTheParsersFields(t *testing.T) {
	p := readPage(t, "remit-manifest.5")
	names := func(tables ...[]spec) (all []string) {
		for _, s := range slices.Concat(tables...) {
			all = append(all, s.name)
		}
		return all
	}
	p.has(t, "THE TOP", names(topFields()))
	p.has(t, "CREDENTIALS", names(credentialFields()))
	p.has(t, "ALLOW", names(allowFields(), everyEntry()))
	p.has(t, "PERMISSIONS", append(names(everyEntry()), "key"))
	for _, k := range kinds() {
		p.has(t, k.name, names(k.fields))
	}
	for section, table := range map[string][]spec{"THE TOP": topFields(), "CREDENTIALS": credentialFields()} {
		for _, s := range table {
			for _, choice := range s.choices {
				if !slices.Contains(p.says[section], choice) {
					t.Errorf("section %q of remit-manifest.5 does not say what %s: %s is", section, s.name, choice)
				}
			}
		}
	}
	if got, want := slices.Sorted(slices.Values(p.says["CAVEATS"])), slices.Sorted(slices.Values(unbuiltTop())); !slices.Equal(got, want) {
		t.Errorf("remit-manifest.5 says that not built are\n%q, want\n%q", got, want)
	}
}

func TestTheManualPageHasTheOperators(t *testing.T) {
	var schema struct {
		Defs struct {
			When struct{ Properties map[string]any } `json:"when"`
		} `json:"$defs"`
	}
	if err := json.Unmarshal(Schema(), &schema); err != nil {
		t.Fatal(err)
	}
	want := make(map[string]bool)
	for name := range schema.Defs.When.Properties {
		if _, plain, ok := strings.Cut(name, ":"); ok {
			name = plain
		}
		want[strings.TrimSuffix(name, "IfExists")] = true
	}
	said := readPage(t, "remit-manifest.5").says["CONDITIONS"]
	for name := range want {
		if !slices.Contains(said, name) {
			t.Errorf("remit-manifest.5 does not name the operator %s", name)
		}
	}
	for _, name := range said {
		if name != "when" && !want[name] {
			t.Errorf("remit-manifest.5 names the operator %s, which there is not", name)
		}
	}
}

// The proxy's reasons are read from its source: this package imports none of
// the module's.
func TestTheManualPageHasEveryReason(t *testing.T) {
	var want []string
	for _, file := range []string{"decide.go", "../proxy/proxy.go", "../proxy/aws/read.go"} {
		before := len(want)
		f, err := goparser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			v, ok := n.(*ast.ValueSpec)
			if !ok || len(v.Values) != 1 {
				return true
			}
			name := ""
			switch of := v.Type.(type) {
			case *ast.Ident:
				name = of.Name
			case *ast.SelectorExpr:
				name = of.Sel.Name
			}
			if lit, ok := v.Values[0].(*ast.BasicLit); ok && name == "Reason" {
				reason, err := strconv.Unquote(lit.Value)
				if err != nil {
					t.Fatal(err)
				}
				if reason != "" {
					want = append(want, reason)
				}
			}
			return true
		})
		if len(want) == before {
			t.Errorf("%s has no reasons: the test looks in the wrong place", file)
		}
	}
	readPage(t, "remit-manifest.5").has(t, "REASONS", want)
}
