package manifest_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/tools/txtar"

	"github.com/lambda-remit/remit/manifest"
)

func TestOnlyTextIsRead(t *testing.T) {
	for _, c := range []struct{ src, want string }{
		{"function: a\xff", `f:1:12: byte 0xff is not UTF-8`},
		{"a: 1\nb: é\xc3\n", `f:2:5: byte 0xc3 is not UTF-8`},
		{"function: a\x00", `f:1:12: a NUL byte: a manifest is text, in UTF-8`},
		{"a\x00\xff", `f:1:2: a NUL byte: a manifest is text, in UTF-8`},
		{"a\xff\x00", `f:1:2: byte 0xff is not UTF-8`},
		{"\xff\xfef\x00u\x00", `f:1:1: this is UTF-16, as PowerShell writes it: save the manifest as UTF-8`},
		{"\xfe\xff\x00f\x00u", `f:1:1: this is UTF-16, as PowerShell writes it: save the manifest as UTF-8`},
		{"f\x00u\x00n\x00", `f:1:2: a NUL byte: a manifest is text, in UTF-8`},
		{"function: \x01", `f:1:11: control character U+0001`},
		{strings.Repeat("#", 256<<10+1), `f:1:1: the manifest has 262145 bytes; at most 262144 are read`},
	} {
		_, err := manifest.Parse("f", []byte(c.src), manifest.Options{})
		if err == nil || err.Error() != c.want {
			t.Errorf("%.20q: got %v, want %s", c.src, err, c.want)
		}
	}
	m, err := manifest.Parse("f", []byte("\ufefffunction: a\r\nlog: all\r\n"), manifest.Options{})
	if err != nil || m.Function != "a" || m.Log != manifest.LogAll {
		t.Errorf("a byte order mark and CRLF: got %v, %v", m, err)
	}
}

// What a manifest could do to its reader, at the greatest size that is read,
// and at the size of 1 MB, which is not.
func TestNoManifestCrashesOrHangs(t *testing.T) {
	const size = 256 << 10
	fill := func(s string) string { return strings.Repeat(s, size/len(s)) }
	stair := func(step string) string {
		var b strings.Builder
		for i := 0; b.Len()+2*i+len(step) < size; i++ {
			b.WriteString(strings.Repeat(" ", i) + step + "\n")
		}
		return b.String()
	}
	explode := "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c <= 'z'; c++ {
		explode += fmt.Sprintf("%c: &%c [%s*%c]\n", c, c, strings.Repeat(fmt.Sprintf("*%c,", c-1), 9), c-1)
	}
	for name, src := range map[string]string{
		"a megabyte of lists":      strings.Repeat("[", 1<<20),
		"lists in lists":           fill("["),
		"mappings in mappings":     fill("{a: "),
		"lists under lists":        fill("- "),
		"keys of keys":             fill("? "),
		"stairs":                   stair("a:"),
		"stairs of comments":       stair("# c"),
		"9,000 lists":              strings.Repeat("[", 9000) + strings.Repeat("]", 9000),
		"exploding aliases":        explode,
		"many aliases":             "a: &a x\nb: [" + strings.Repeat("*a,", 60000) + "]",
		"many anchors":             "[" + strings.Repeat("&a x,", 40000) + "]",
		"many keys":                "{" + strings.Repeat("a,", 100000) + "}",
		"many documents":           fill("--- a\n"),
		"many directives":          fill("%a\n"),
		"a long key":               strings.Repeat("k", size-1) + ":",
		"unknown actions":          "allow: [" + strings.Repeat("{actions: [ec2:Descibe, ec2:*a*b*q*z], resources: '*'},", 900) + "]",
		"many prefixes":            "permissions: {object_storage: {bucket: abc, read_prefix: [" + strings.Repeat("a,", 100000) + "]}}",
		"many buckets by prefixes": "permissions: {object_storage: {bucket: [" + strings.Repeat("abc,", 1000) + "], read_prefix: [" + strings.Repeat("a,", 1000) + "]}}",
		"many grants":              "permissions: {object_storage: [" + strings.Repeat("{bucket: ["+strings.Repeat("abc,", 30)+"], read_prefix: ["+strings.Repeat("a,", 30)+"]},", 900) + "]}",
		"long variables":           "allow: {actions: '*', resources: '" + strings.Repeat("${env:LONG}", 20000) + "'}",
	} {
		start := time.Now()
		o := manifest.Options{Getenv: func(string) (string, bool) { return strings.Repeat("*", 4096), true }}
		_, err := manifest.Parse("f", []byte(src), o)
		errs := manifest.Errors(err)
		if len(errs) == 0 {
			t.Errorf("%s: got no error", name)
		}
		if len(errs) > 201 || err != nil && len(err.Error()) > 200_000 {
			t.Errorf("%s: got %d errors", name, len(errs))
		}
		if took := time.Since(start); took > 30*time.Second {
			t.Errorf("%s: took %v", name, took)
		}
	}
}

func TestErrorsAreInSourceOrderAndCounted(t *testing.T) {
	_, err := manifest.Parse("f", []byte(strings.Repeat("x: 1\n", 300)), manifest.Options{})
	errs := manifest.Errors(err)
	if len(errs) != 201 {
		t.Fatalf("got %d errors, want 200 and a count of the others", len(errs))
	}
	for i := 1; i < len(errs); i++ {
		if errs[i].Pos.Line < errs[i-1].Pos.Line {
			t.Errorf("%v comes after %v", errs[i], errs[i-1])
		}
	}
	if got, want := errs[200].Text, "399 more mistakes from here on"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if manifest.Errors(nil) != nil {
		t.Error("no error has errors")
	}
}

func TestLimitsAreThoseOfAWS(t *testing.T) {
	tags := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "t%d: v, ", i)
		}
		return "credentials: {role: self, session_tags: {" + b.String() + "}}"
	}
	long := func(field, text string, n int) string {
		return "credentials: {role: self}\npermissions: {object_storage: {bucket: media, " + field + ": " + strings.Repeat(text, n) + "}}"
	}
	for _, c := range []struct{ good, bad, want string }{
		{tags(50), tags(51), `f:1:27: session_tags: 51 tags; STS takes at most 50`},
		{long("read", "k", 1024), long("read", "k", 1025), `f:2:53: read: a key has at most 1024 bytes`},
		{long("read_prefix", "é", 512), long("read_prefix", "é", 513), `f:2:60: read_prefix: a key has at most 1024 bytes`},
	} {
		if _, err := manifest.Parse("f", []byte(c.good), manifest.Options{}); err != nil {
			t.Errorf("%.100q: %v", c.good, err)
		}
		if _, err := manifest.Parse("f", []byte(c.bad), manifest.Options{}); err == nil || err.Error() != c.want {
			t.Errorf("%.100q: got %v, want %s", c.bad, err, c.want)
		}
	}
}

func TestInAccountFillsWhatIsUnknown(t *testing.T) {
	src := []byte("credentials: {role: self}\npermissions: {topic: {publish: a}}")
	m, err := manifest.Parse("f", src, manifest.Options{Region: "eu-west-1"})
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []string{"", "12", "*", "12345678901a", "1234567890123"} {
		if got := m.InAccount(wrong); got != m {
			t.Errorf("in account %q: got a manifest in %q", wrong, got.Account)
		}
	}
	in := m.InAccount("123456789012")
	if in.Account != "123456789012" || m.Account != "" {
		t.Errorf("got accounts %q and %q", in.Account, m.Account)
	}
	r := manifest.Request{Action: "sns:Publish", Resource: "arn:aws:sns:eu-west-1:123456789012:a"}
	if got := m.Decide(r).Reason; got != manifest.NoAccount {
		t.Errorf("without an account: got %q", got)
	}
	if !in.Decide(r).Allowed {
		t.Errorf("with it: got %q", in.Decide(r).Reason)
	}
	if again := in.InAccount("999999999999"); again != in {
		t.Error("a known account was changed")
	}
	if (*manifest.Manifest)(nil).InAccount("123456789012") != nil {
		t.Error("no manifest became one")
	}
}

// FuzzParse holds Parse to its promises: it does not crash; its errors lie in
// the file; what it grants, its own patterns match; its conditions are ones that
// a manifest can say; what services need is the manifest's own, and the
// function's never; and where it grants nothing, nothing is allowed.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*/*.txtar")
	if err != nil || len(files) == 0 {
		f.Fatalf("no corpora (%v)", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, part := range txtar.Parse(data).Files {
			if strings.HasSuffix(part.Name, ".yaml") {
				f.Add(part.Data)
			}
		}
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		env := func(name string) (string, bool) {
			return "v*" + name, name != "MISSING" && !strings.HasPrefix(name, "REMIT_")
		}
		m, err := manifest.Parse("f", src, manifest.Options{Getenv: env, Region: "eu-west-1"})
		if (m == nil) != (err != nil) {
			t.Fatalf("got manifest %v, error %v", m, err)
		}
		if err != nil {
			inFile(t, src, manifest.Errors(err))
			return
		}
		inFile(t, src, m.Warnings)
		if len(m.Grants) == 0 {
			if d := m.Decide(manifest.Request{Action: "s3:GetObject", Resource: "*"}); d.Allowed {
				t.Error("a manifest that grants nothing allowed a request")
			}
			return
		}
		if m.Credentials.Unminted == (m.Credentials.Role != "") {
			t.Errorf("grants under the credentials %+v", m.Credentials)
		}
		in := m.InAccount("123456789012")
		seen := make(map[string]bool)
		for _, g := range in.Grants {
			if seen[g.ID] || len(g.Actions) == 0 || len(g.Resources) == 0 {
				t.Errorf("grant %s is double or empty", g)
			}
			seen[g.ID] = true
			for _, r := range g.Resources {
				matchesItself(t, in, g, r)
			}
			for _, n := range g.Needs {
				if n == g || !slices.Contains(in.Grants, n) {
					t.Errorf("%s needs %s, which is none of the manifest's others", g, n)
				}
			}
			saysAgain(t, g)
		}
	})
}

// saysAgain writes g's conditions as a manifest does, and checks that they come
// back as they were.
func saysAgain(t *testing.T, g *manifest.Grant) {
	t.Helper()
	when := make(map[string]map[string][]string)
	for _, c := range g.Conditions {
		of := when[c.Operator]
		if of == nil {
			of = make(map[string][]string)
			when[c.Operator] = of
		}
		for key := range of {
			if strings.EqualFold(key, c.Key) {
				return // a kind's and one of "when": no manifest says both in one place
			}
		}
		of[c.Key] = c.Values
	}
	if len(when) == 0 {
		return
	}
	src, err := json.Marshal(map[string]any{
		"credentials": map[string]any{"role": "self"},
		"allow":       map[string]any{"actions": "*", "resources": "*", "when": when},
	})
	if err != nil {
		t.Fatal(err)
	}
	m, err := manifest.Parse("again", src, manifest.Options{})
	if err != nil {
		t.Fatalf("%s: %v\n%s", g, err, src)
	}
	same := func(a, b manifest.Condition) int {
		return cmp.Or(strings.Compare(a.Operator, b.Operator), strings.Compare(a.Key, b.Key))
	}
	got, want := slices.SortedFunc(slices.Values(m.Grants[0].Conditions), same), slices.SortedFunc(slices.Values(g.Conditions), same)
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: got %q, want %q", g, got, want)
	}
}

// inFile checks that errors lie in src.
func inFile(t *testing.T, src []byte, errs []*manifest.Error) {
	t.Helper()
	// YAML ends lines at more characters than \n.
	most := 1
	for _, end := range []string{"\n", "\r", "\u0085", "\u2028", "\u2029"} {
		most += bytes.Count(src, []byte(end))
	}
	for _, e := range errs {
		if e.Pos.File != "f" || e.Pos.Line < 1 || e.Pos.Column < 1 || e.Pos.Line > most || e.Pos.Column > utf8.RuneCount(src)+2 {
			t.Errorf("%v lies outside of the file of %d lines", e, most)
		}
		if e.Text == "" || strings.Contains(e.Text, "\n") {
			t.Errorf("%q is not one line", e.Text)
		}
	}
}

// matchesItself takes r as a resource, its wildcards as characters, and checks
// that the grant it is from names that; and that the empty action, another
// one's absence and the resource with something before it are denied by it.
func matchesItself(t *testing.T, m *manifest.Manifest, g *manifest.Grant, r manifest.Pattern) {
	t.Helper()
	s := strings.NewReplacer("${*}", "*", "${?}", "?", "${$}", "$", "${aws:PrincipalAccount}", m.Account).Replace(string(r))
	if !r.Match(s, func(key string) (string, bool) { return m.Account, strings.EqualFold(key, "aws:PrincipalAccount") }) {
		t.Errorf("%q does not match %q", r, s)
	}
	action := strings.NewReplacer("*", "x", "?", "x").Replace(g.Actions[0])
	asked := manifest.Request{Action: action, Resource: s, Anonymous: g.Anonymous}
	for _, n := range m.Grants {
		for _, c := range n.Conditions {
			if c.Operator == "StringEquals" && strings.EqualFold(c.Key, "kms:ViaService") && slices.Contains(m.Decide(asked).Used(), n) {
				t.Errorf("%s, which is a service's, allowed %s on %s", n, action, s)
			}
		}
	}
	switch d := m.Decide(asked); d.Reason {
	case "", manifest.NoCondition:
	case manifest.NoPrincipal:
		// What holds it up, nobody is told who does not say who they are.
		if len(g.Conditions) == 0 {
			t.Errorf("%s does not allow %s on %s: %s", g, action, s, d.Reason)
		}
	default:
		t.Errorf("%s does not name %s on %s: %s", g, action, s, d.Reason)
	}
	if d := m.Decide(manifest.Request{Resource: s}); d.Allowed {
		t.Errorf("no action was allowed on %s", s)
	}
	if d := m.Decide(asked, manifest.Request{}); d.Allowed {
		t.Errorf("%s on %s carried an empty request", action, s)
	}
}
