package manifest_test

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/lambda-remit/remit/manifest"
)

func TestMissingLinesAreAsWritten(t *testing.T) {
	corpus(t, "testdata/missing/*.txtar", func(t *testing.T, a *txtar.Archive) {
		cases(t, a, func(t *testing.T, name string, src []byte, o manifest.Options) {
			m, err := manifest.Parse(name+".yaml", src, o)
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(a.Files, func(f txtar.File) bool { return f.Name == name+".missing" })
			if i < 0 {
				t.Fatalf("%s.missing is missing", name)
			}
			var got strings.Builder
			for line := range strings.Lines(string(a.Files[i].Data)) {
				line = strings.TrimSuffix(line, "\n")
				if line == "" || strings.HasPrefix(line, "#") {
					fmt.Fprintln(&got, line)
					continue
				}
				if strings.HasPrefix(line, "  ") {
					continue
				}
				reqs, err := requests(line)
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprintln(&got, line)
				for _, p := range m.Missing(reqs...) {
					fmt.Fprintf(&got, "  %s\n", p)
					if p.To != "" {
						fmt.Fprintf(&got, "    at %s; by itself %s: %s\n", p.Pos, p.Key, p.Entry)
					}
				}
			}
			want(t, a, name+".yaml", name+".missing", got.String())
		})
	})
}

// TestTheMissingLineGrantsJustWhatWasAsked takes every call of the corpora that
// the readers of calls are held to.
func TestTheMissingLineGrantsJustWhatWasAsked(t *testing.T) {
	files, err := filepath.Glob("../proxy/aws/testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no corpora: %v", err)
	}
	calls, kinds := 0, 0
	for _, o := range []manifest.Options{{Region: "eu-west-1", Account: "123456789012"}, {Region: "eu-west-1"}, {}} {
		for _, file := range files {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range a.Files {
				if !strings.HasSuffix(f.Name, ".want") {
					continue
				}
				reqs := wanted(t, f.Data)
				if len(reqs) == 0 {
					continue
				}
				calls++
				kinds += justWhatWasAsked(t, filepath.Base(file)+"/"+f.Name, o, reqs)
			}
		}
	}
	if calls < 1000 || kinds < 500 {
		t.Errorf("%d calls, %d lines of kinds: the corpora are read wrongly", calls, kinds)
	}
}

// justWhatWasAsked holds that the missing lines, read as a manifest, grant reqs,
// that each is needed, and that none grants a neighbour of theirs. It counts
// those of kinds.
func justWhatWasAsked(t *testing.T, name string, o manifest.Options, reqs []manifest.Request) (kinds int) {
	t.Helper()
	base := &manifest.Manifest{Region: o.Region, Account: o.Account, Partition: "aws"}
	lines := base.Missing(reqs...)
	var all [][]*manifest.Grant
	for _, l := range lines {
		if l.Key != "allow" {
			kinds++
		}
		lenient := o
		lenient.Lenient = true // the readers know actions that are newer than the list
		m, err := manifest.Parse(name, []byte("credentials: {role: self}\n"+l.YAML()), lenient)
		if err != nil {
			t.Errorf("%s: %s: %v", name, l, err)
			return
		}
		all = append(all, m.Grants)
	}
	with := func(grants ...[]*manifest.Grant) *manifest.Manifest {
		m := *base
		m.Grants = slices.Concat(grants...)
		return &m
	}
	whole := with(all...)
	if !whole.Decide(reqs...).Allowed {
		t.Errorf("%s: %v do not grant %v", name, lines, reqs)
	}
	for i := range all {
		if with(slices.Delete(slices.Clone(all), i, i+1)...).Decide(reqs...).Allowed {
			t.Errorf("%s: without %s it is granted as well: %v", name, lines[i], lines)
		}
	}
	for _, r := range reqs {
		for _, n := range neighbours(r) {
			same := func(r manifest.Request) bool { return r.Resource == n.Resource || r.Partly }
			if slices.ContainsFunc(reqs, same) || below(r, n) {
				continue
			}
			if whole.Decide(n).Allowed {
				t.Errorf("%s: %v grant %s on %s too", name, lines, n.Action, n.Resource)
			}
		}
	}
	return kinds
}

// neighbours are requests beside r.
func neighbours(r manifest.Request) (all []manifest.Request) {
	if r.Resource == "*" || r.Partly {
		return nil
	}
	for _, resource := range []string{r.Resource + "x", r.Resource + "/x", r.Resource[:len(r.Resource)-1], "*",
		strings.Replace(r.Resource, "123456789012", "999999999999", 1), strings.Replace(r.Resource, "eu-west-1", "us-east-1", 1)} {
		if resource != r.Resource {
			n := r
			n.Resource = resource
			all = append(all, n)
		}
	}
	n := r
	n.Action = strings.Split(r.Action, ":")[0] + ":DeleteEverything"
	return append(all, n)
}

// below reports whether a kind's field for r is of all that is below it, n too.
func below(r, n manifest.Request) bool {
	switch r.Action {
	case "ssm:GetParametersByPath":
		return strings.HasPrefix(n.Resource, strings.TrimSuffix(r.Resource, "/"))
	case "ssm:GetParameter", "ssm:GetParameters":
		// AWS's own parameters are in no account.
		return strings.Contains(r.Resource, ":parameter/aws/")
	}
	// An alias stands for any key.
	return r.Context["kms:requestalias"] != nil
}

// wanted reads the answer of a corpus of the readers: after its first line,
// "action resource [(partly)] [key=[values]]".
func wanted(t *testing.T, data []byte) (reqs []manifest.Request) {
	t.Helper()
	_, data, _ = bytes.Cut(data, []byte("\n"))
	var all []string
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSuffix(line, "\n")
		if word, _, _ := strings.Cut(line, " "); len(all) > 0 && !strings.Contains(word, ":") {
			all[len(all)-1] += "\n" + line // of a key
			continue
		}
		all = append(all, line)
	}
	for _, line := range all {
		action, rest, ok := strings.Cut(line, " ")
		if !ok || !strings.Contains(action, ":") {
			t.Fatalf("%q is no request", line)
		}
		r := manifest.Request{Action: action}
		// Keys of objects have spaces; what follows them does not begin as
		// they do.
		if i := strings.Index(rest, " (partly)"); i >= 0 {
			r.Partly = true
			rest = rest[:i] + rest[i+len(" (partly)"):]
		}
		for {
			i := strings.LastIndex(rest, "=[")
			space := strings.LastIndex(rest[:max(i, 0)], " ")
			if i < 0 || space < 0 || !strings.HasSuffix(rest, "]") {
				break
			}
			var values []string
			list := rest[i+2 : len(rest)-1]
			for list = strings.TrimSpace(list); list != ""; list = strings.TrimSpace(list) {
				q, err := strconv.QuotedPrefix(list)
				if err != nil {
					t.Fatalf("%q: %v", line, err)
				}
				v, _ := strconv.Unquote(q)
				values, list = append(values, v), list[len(q):]
			}
			if r.Context == nil {
				r.Context = make(map[string][]string)
			}
			r.Context[rest[space+1:i]] = values
			rest = rest[:space]
		}
		r.Resource = rest
		reqs = append(reqs, r)
	}
	return reqs
}

// Whatever was asked for, the lines that are missing parse, and grant it; where
// there are none, nothing can say it.
func FuzzMissing(f *testing.F) {
	for _, s := range []string{"uploads/a.jpg", "a b", "${c}", "*", "yes", "a: b", "#x", "\u2028", "\x00", "日", "a\nb", "", "'", `"\`, "a/../b", "-??????"} {
		f.Add("s3:GetObject", "arn:aws:s3:::media/"+s, false, "")
		f.Add("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:"+s, true, "")
		f.Add("kms:Encrypt", "*", true, s)
		f.Add("ssm:GetParametersByPath", "arn:aws:ssm:eu-west-1:123456789012:parameter/"+s, false, "")
		f.Add("states:StartExecution", "arn:aws:states:eu-west-1:123456789012:stateMachine:a", false, s)
	}
	f.Fuzz(func(t *testing.T, action, resource string, partly bool, value string) {
		r := manifest.Request{Action: action, Resource: resource, Partly: partly}
		if value != "" {
			r.Context = map[string][]string{"kms:requestalias": {value}, "s3:prefix": {value}, "ses:fromaddress": {value}, "states:statemachinequalifier": {value}}
		}
		o := manifest.Options{Region: "eu-west-1", Account: "123456789012", Lenient: true}
		base := manifest.Manifest{Region: o.Region, Account: o.Account, Partition: "aws"}
		lines := base.Missing(r)
		if len(lines) > 1 {
			t.Fatalf("%v: one request has the lines %v", r, lines)
		}
		for _, l := range lines {
			m, err := manifest.Parse("f", []byte("credentials: {role: self}\n"+l.YAML()), o)
			if err != nil {
				t.Fatalf("%v: %s: %v", r, l, err)
			}
			if !m.Decide(r).Allowed {
				t.Fatalf("%v: %s does not grant it", r, l)
			}
			for _, n := range neighbours(r) {
				if !below(r, n) && m.Decide(n).Allowed {
					t.Fatalf("%v: %s grants %s on %q too", r, l, n.Action, n.Resource)
				}
			}
		}
	})
}
