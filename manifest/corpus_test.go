package manifest_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/lambda-remit/remit/manifest"
)

var update = flag.Bool("update", false, "rewrite what the corpora want")

// corpus calls test with each archive that matches glob, and writes back what
// test put in its place under -update.
func corpus(t *testing.T, glob string, test func(*testing.T, *txtar.Archive)) {
	t.Helper()
	files, err := filepath.Glob(glob)
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: no files (%v)", glob, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if len(a.Files) == 0 {
				t.Fatal("the archive is empty")
			}
			test(t, a)
			if *update {
				if err := os.WriteFile(file, txtar.Format(a), 0o666); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// want compares got with the archive's file of that name, which stands after
// the file named after. Under -update it becomes got.
func want(t *testing.T, a *txtar.Archive, after, name, got string) {
	t.Helper()
	i := slices.IndexFunc(a.Files, func(f txtar.File) bool { return f.Name == name })
	if *update {
		if i < 0 {
			i = 1 + slices.IndexFunc(a.Files, func(f txtar.File) bool { return f.Name == after })
			a.Files = slices.Insert(a.Files, i, txtar.File{Name: name})
		}
		a.Files[i].Data = []byte(got)
		return
	}
	if i < 0 {
		t.Errorf("%s is missing; write it with -update", name)
		return
	}
	if diff := cmp.Diff(string(a.Files[i].Data), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// options are read from the lines NAME=value of a file: $REGION, $ACCOUNT and
// $LENIENT are the options of their name, all others the environment.
func options(data []byte) manifest.Options {
	o := manifest.Options{Region: "eu-west-1"}
	env := make(map[string]string)
	for line := range strings.Lines(string(data)) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		if unquoted, err := strconv.Unquote(value); err == nil {
			value = unquoted
		}
		switch name {
		case "$REGION":
			o.Region = value
		case "$ACCOUNT":
			o.Account = value
		case "$LENIENT":
			o.Lenient = true
		default:
			env[name] = value
		}
	}
	o.Getenv = func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	return o
}

// cases calls test for each NAME.yaml of an archive, with its NAME.env.
func cases(t *testing.T, a *txtar.Archive, test func(t *testing.T, name string, src []byte, o manifest.Options)) {
	t.Helper()
	env := make(map[string][]byte)
	for _, f := range a.Files {
		if name, ok := strings.CutSuffix(f.Name, ".env"); ok {
			env[name] = f.Data
		}
	}
	n := 0
	for _, f := range slices.Clone(a.Files) {
		name, ok := strings.CutSuffix(f.Name, ".yaml")
		if !ok {
			continue
		}
		n++
		t.Run(name, func(t *testing.T) { test(t, name, f.Data, options(env[name])) })
	}
	if n == 0 {
		t.Error("the archive has no manifest")
	}
}

func TestGoodManifestsBecomeTheirGrants(t *testing.T) {
	corpus(t, "testdata/good/*.txtar", func(t *testing.T, a *txtar.Archive) {
		cases(t, a, func(t *testing.T, name string, src []byte, o manifest.Options) {
			m, err := manifest.Parse(name+".yaml", src, o)
			if err != nil {
				t.Fatal(err)
			}
			want(t, a, name+".yaml", name+".grants", dump(m))
		})
	})
}

func TestBadManifestsAreRefusedWithAllTheirMistakes(t *testing.T) {
	corpus(t, "testdata/bad/*.txtar", func(t *testing.T, a *txtar.Archive) {
		cases(t, a, func(t *testing.T, name string, src []byte, o manifest.Options) {
			m, err := manifest.Parse(name+".yaml", src, o)
			if err == nil {
				t.Fatalf("got no error and\n%s", dump(m))
			}
			if m != nil {
				t.Error("got a manifest beside the error")
			}
			want(t, a, name+".yaml", name+".errors", err.Error()+"\n")
		})
	})
}

// dump writes a manifest as text, one fact a line.
func dump(m *manifest.Manifest) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	if m.Function != "" {
		line("function %s", m.Function)
	}
	if m.Mode != manifest.Enforce {
		line("mode %s", m.Mode)
	}
	c := m.Credentials
	if c.Unminted {
		line("unminted")
	}
	if c.Role != "" {
		line("role %s", c.Role)
	}
	if c.ExposedRole != "" {
		line("exposed role %s", c.ExposedRole)
	}
	if c.Mint != "" {
		line("mint %s", c.Mint)
	}
	if c.Duration != 0 {
		line("duration %s", c.Duration)
	}
	for _, k := range sorted(c.SessionTags) {
		line("tag %q = %q", k, c.SessionTags[k])
	}
	for _, k := range sorted(c.Foreign) {
		line("foreign %s of %s", k, c.Foreign[k])
	}
	line("in partition %q region %q account %q", m.Partition, m.Region, m.Account)
	line("log %s", m.Log)
	for _, k := range sorted(m.Upstreams) {
		line("upstream %s %s", k, m.Upstreams[k])
	}
	if m.Egress != nil && len(m.Egress) == 0 {
		line("egress nowhere")
	}
	for _, d := range m.Egress {
		line("egress %s %s:%d %s", d, d.Pos.File, d.Pos.Line, d.ID)
	}
	for _, k := range sorted(m.Endpoints) {
		line("endpoint %s %s", k, m.Endpoints[k])
	}
	for _, k := range sorted(m.Domains) {
		line("domain %s %s%s", k, m.Domains[k].Stage, m.Domains[k].Base)
	}
	for _, g := range m.Grants {
		line("grant %s", g)
		if g.Exposed {
			line("  exposed")
		}
		if g.Anonymous {
			line("  anonymous")
		}
		if g.Mint != "" {
			line("  mint %s", g.Mint)
		}
		for _, a := range g.Actions {
			line("  %s", a)
		}
		for _, r := range g.Resources {
			line("  on %s", r)
		}
		for _, c := range g.Conditions {
			line("  if %s %s %q", c.Operator, c.Key, c.Values)
		}
		for _, n := range g.Needs {
			line("  needs %s", n.ID)
		}
	}
	for _, w := range m.Warnings {
		line("warning %s", w)
	}
	return b.String()
}

func sorted[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func TestDecisionsAreAsWritten(t *testing.T) {
	corpus(t, "testdata/decide/*.txtar", func(t *testing.T, a *txtar.Archive) {
		cases(t, a, func(t *testing.T, name string, src []byte, o manifest.Options) {
			m, err := manifest.Parse(name+".yaml", src, o)
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(a.Files, func(f txtar.File) bool { return f.Name == name+".decisions" })
			if i < 0 {
				t.Fatalf("%s.decisions is missing", name)
			}
			var got strings.Builder
			for line := range strings.Lines(string(a.Files[i].Data)) {
				line = strings.TrimSpace(line)
				if line == "" || strings.HasPrefix(line, "#") {
					fmt.Fprintln(&got, line)
					continue
				}
				asked, _, _ := strings.Cut(line, " => ")
				reqs, err := requests(asked)
				if err != nil {
					t.Fatalf("%q: %v", asked, err)
				}
				fmt.Fprintf(&got, "%s => %s\n", asked, verdict(m.Decide(reqs...)))
			}
			want(t, a, name+".yaml", name+".decisions", got.String())
		})
	})
}

// requests reads "action resource [partly] [unbound] [anonymous] [key=value …]", several joined by
// "&". A word with a space in it is quoted as in Go.
func requests(s string) ([]manifest.Request, error) {
	var reqs []manifest.Request
	for part := range strings.SplitSeq(s, " & ") {
		words, err := split(part)
		if err != nil || len(words) < 2 {
			return nil, fmt.Errorf("%q is no request (%v)", part, err)
		}
		r := manifest.Request{Action: words[0], Resource: words[1]}
		for _, w := range words[2:] {
			switch w {
			case "partly":
				r.Partly = true
				continue
			case "unbound":
				r.Unbound = true
				continue
			case "anonymous":
				r.Anonymous = true
				continue
			}
			k, v, ok := strings.Cut(w, "=")
			if !ok {
				return nil, fmt.Errorf("%q has no value", w)
			}
			if r.Context == nil {
				r.Context = make(map[string][]string)
			}
			r.Context[k] = append(r.Context[k], v)
		}
		reqs = append(reqs, r)
	}
	return reqs, nil
}

func split(s string) ([]string, error) {
	var words []string
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		if s[0] == '"' {
			q, err := strconv.QuotedPrefix(s)
			if err != nil {
				return nil, err
			}
			w, err := strconv.Unquote(q)
			if err != nil {
				return nil, err
			}
			words, s = append(words, w), s[len(q):]
			continue
		}
		w, rest, _ := strings.Cut(s, " ")
		words, s = append(words, w), rest
	}
	return words, nil
}

func verdict(d manifest.Decision) string {
	if d.Allowed {
		var each []string
		for _, grants := range d.Grants {
			var ids []string
			for _, g := range grants {
				ids = append(ids, g.ID)
			}
			each = append(each, strings.Join(ids, " "))
		}
		return "allow " + strings.Join(each, " & ")
	}
	s := "deny " + string(d.Reason)
	if d.Nearest != nil {
		s += " nearest " + d.Nearest.ID
	}
	return s
}
