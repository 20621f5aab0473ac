package iam

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/lambda-remit/remit/manifest"
)

var update = flag.Bool("update", false, "rewrite the answers in testdata")

// A corpus has pairs of sections. "grants" are lines of JSON, each a grant, and
// hold until the next, or a "manifest" has them; they are in the account of
// "account", or in none. After
// them, each "requests", lines of JSON too, is followed by the "policy" for it:
// at the call's width and, where that is another, at the grants'.
func TestSessionPolicies(t *testing.T) {
	for _, file := range corpus(t, "testdata/session/*.txtar") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			ar, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			m := &manifest.Manifest{File: "remit.yaml"}
			var reqs []manifest.Request
			for i, f := range ar.Files {
				name, _, _ := strings.Cut(f.Name, " ")
				switch name {
				case "account":
					m.Account = strings.TrimSpace(string(f.Data))
				case "grants":
					m.Grants = nil
					for n, g := range lines[manifest.Grant](t, f) {
						g.ID = fmt.Sprintf("allow[%d]", n)
						m.Grants = append(m.Grants, &g)
					}
				case "manifest":
					if m, err = manifest.Parse("remit.yaml", f.Data, manifest.Options{Region: "eu-west-1", Account: m.Account}); err != nil {
						t.Fatal(err)
					}
				case "requests":
					reqs = lines[manifest.Request](t, f)
				case "policy":
					got := answer(t, m, reqs)
					if *update {
						ar.Files[i].Data = []byte(got)
					} else if got != string(f.Data) {
						t.Errorf("%s: got\n%s\nwant\n%s", f.Name, got, f.Data)
					}
				default:
					t.Fatalf("section %q", f.Name)
				}
			}
			if *update {
				if err := os.WriteFile(file, txtar.Format(ar), 0o666); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func answer(t *testing.T, m *manifest.Manifest, reqs []manifest.Request) string {
	t.Helper()
	d := m.Decide(reqs...)
	if !d.Allowed {
		return fmt.Sprintf("denied: %s\n", d.Reason)
	}
	write := func(width manifest.Width) string {
		policy, got, err := SessionPolicy(m, d, reqs, width)
		if err != nil {
			if !errors.Is(err, ErrTooLarge) {
				t.Errorf("got error %v, want ErrTooLarge", err)
			}
			return fmt.Sprintf("error: %.200v\n", err)
		}
		return fmt.Sprintf("%s, %d characters\n%s", got, len(policy), aLineEach(t, policy))
	}
	call, grant := write(manifest.WidthCall), write(manifest.WidthGrant)
	if call == grant {
		return call
	}
	return call + grant
}

// aLineEach lays a policy out with a statement a line, for people.
func aLineEach(t *testing.T, policy string) string {
	t.Helper()
	var doc struct{ Statement []json.RawMessage }
	if err := json.Unmarshal([]byte(policy), &doc); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, s := range doc.Statement {
		var line bytes.Buffer
		if err := json.Compact(&line, s); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "  %s\n", &line)
	}
	return b.String()
}

// TestRolePolicies reads a manifest and writes what RolePolicy makes of it.
func TestRolePolicies(t *testing.T) {
	for _, file := range corpus(t, "testdata/role/*.txtar") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			ar, err := txtar.ParseFile(file)
			if err != nil || len(ar.Files) != 2 {
				t.Fatalf("%d sections, want a manifest and a policy: %v", len(ar.Files), err)
			}
			m, err := manifest.Parse("remit.yaml", ar.Files[0].Data, manifest.Options{Region: "eu-west-1"})
			if err != nil {
				t.Fatal(err)
			}
			policy, err := RolePolicy(m)
			got := ""
			if policy != nil {
				got = aLineEach(t, string(policy))
			}
			if err != nil {
				got += fmt.Sprintf("error: %v\n", err)
			}
			if *update {
				ar.Files[1].Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(ar), 0o666); err != nil {
					t.Fatal(err)
				}
			} else if want := string(ar.Files[1].Data); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func corpus(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("%s finds nothing: %v", pattern, err)
	}
	return files
}

// lines reads one value of JSON a line.
func lines[T any](t *testing.T, f txtar.File) (all []T) {
	t.Helper()
	for n, line := range strings.Split(strings.TrimSpace(string(f.Data)), "\n") {
		d := json.NewDecoder(strings.NewReader(line))
		d.DisallowUnknownFields()
		var v T
		if err := d.Decode(&v); err != nil {
			t.Fatalf("%s, line %d: %v", f.Name, n+1, err)
		}
		all = append(all, v)
	}
	return all
}
