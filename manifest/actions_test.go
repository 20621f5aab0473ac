package manifest_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/lambda-remit/remit/manifest"
)

func TestTheListOfActionsIsWellFormed(t *testing.T) {
	data, err := os.ReadFile("zactions.txt")
	if err != nil {
		t.Fatal(err)
	}
	var prefixes []string
	for line := range strings.Lines(string(data)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 4 || f[0] == "" || f[2]+f[3] == "" {
			t.Fatalf("the line of %q has %d fields", f[0], len(f))
		}
		for _, words := range f[1:] {
			if w := strings.Fields(words); !slices.IsSorted(w) || strings.Join(w, " ") != words {
				t.Errorf("%s: %.40q… is not sorted, with one space between", f[0], words)
			}
		}
		prefixes = append(prefixes, f[0])
	}
	if !slices.IsSorted(prefixes) || len(prefixes) < 400 {
		t.Errorf("%d services, sorted: %v", len(prefixes), slices.IsSorted(prefixes))
	}
	if manifest.ActionsRevision == "" {
		t.Error("the list has no revision")
	}
}

// The kinds say by hand which actions they grant: the list has to know them,
// and take the resources for theirs.
func TestEveryActionOfAKindExists(t *testing.T) {
	m, err := manifest.Parse("f", []byte(`
credentials: {role: self}
permissions:
  object_storage: {bucket: media, read_prefix: a/, write_prefix: a/, delete_prefix: a/, list_prefix: a/, versions: true}
  topic: {publish: a}
  secrets: {read: a}
`), manifest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Grants) != 6 {
		t.Fatalf("got %d grants", len(m.Grants))
	}
	for _, g := range m.Grants {
		for _, a := range g.Actions {
			src := fmt.Sprintf("credentials: {role: self}\nallow: {actions: %q, resources: %q}", a, g.Resources[0])
			if _, err := manifest.Parse(g.ID, []byte(src), manifest.Options{}); err != nil {
				t.Error(err)
			}
		}
	}
}
