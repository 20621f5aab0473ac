package manifest_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/lambda-remit/remit/manifest"
)

// vars has the values that the tests' variables have.
func vars(key string) (string, bool) {
	switch strings.ToLower(key) {
	case "aws:principalaccount":
		return "123456789012", true
	case "aws:username":
		return "o*?${*}", true
	case "aws:empty":
		return "", true
	}
	return "", false
}

func TestPatternMatchesAsIAMDoes(t *testing.T) {
	for _, c := range []struct {
		pattern manifest.Pattern
		s       string
		want    bool
	}{
		{"", "", true},
		{"", "a", false},
		{"a", "a", true},
		{"a", "A", false},
		{"a", "", false},
		{"a", "ab", false},
		// runs, across everything
		{"*", "", true},
		{"*", "arn:aws:s3:::b/k", true},
		{"**", "", true},
		{"a*", "a", true},
		{"a*", "a/b:c", true},
		{"*c", "a/b:c", true},
		{"a*c", "abbbc", true},
		{"a*c", "abbb", false},
		{"a*b*c", "a-b-b-c", true},
		{"a*b*c", "a-c-b", false},
		{"*ab", "aab", true},
		{"*aab", "aaaab", true},
		{"arn:aws:s3:::b/in/*", "arn:aws:s3:::b/in/", true},
		{"arn:aws:s3:::b/in/*", "arn:aws:s3:::b/in", false},
		{"arn:aws:s3:::b/in/*", "arn:aws:s3:::b/in/../x", true},
		// one character, whatever its length in bytes
		{"?", "", false},
		{"?", "a", true},
		{"?", "/", true},
		{"?", "ab", false},
		{"?", "日", true},
		{"??", "日", false},
		{"a?c", "a\xffc", true},
		{"??", "\xc3\x28", true},
		{"?*?", "a", false},
		{"?*?", "ab", true},
		{"*?", "", false},
		// bytes that are no character equal only themselves
		{"\xff", "\xff", true},
		{"\xff", "\xfe", false},
		{"\xff", "\uFFFD", false},
		{"\uFFFD", "\xff", false},
		{"\xc3*", "é", false},
		{"é", "e\u0301", false},
		// the three literals
		{"${*}", "*", true},
		{"${*}", "a", false},
		{"${?}", "?", true},
		{"${?}", "a", false},
		{"${$}", "$", true},
		{"${$}{x}", "${x}", true},
		{"a${*}*", "a*b", true},
		{"a${*}*", "ab", false},
		// dollars that begin nothing
		{"$", "$", true},
		{"$$", "$$", true},
		{"a$b", "a$b", true},
		{"$*", "$x", true},
		{"}", "}", true},
		{"{x}", "{x}", true},
		// variables: literal values, no value, defaults
		{"${aws:PrincipalAccount}", "123456789012", true},
		{"${AWS:principalaccount}", "123456789012", true},
		{"arn:aws:sns:*:${aws:PrincipalAccount}:t", "arn:aws:sns:eu-west-1:123456789012:t", true},
		{"arn:aws:sns:*:${aws:PrincipalAccount}:t", "arn:aws:sns:eu-west-1:999999999999:t", false},
		{"${aws:username}", "o*?${*}", true},
		{"${aws:username}", "oxx*", false},
		{"${aws:unknown}", "", false},
		{"${aws:unknown}", "${aws:unknown}", false},
		{"*${aws:unknown}", "x", false},
		{"${aws:empty}", "", true},
		{"${aws:unknown, 'everyone'}", "everyone", true},
		{"${aws:unknown,'everyone'}", "everyone", true},
		{"${aws:unknown, '*'}", "everyone", false},
		{"${aws:unknown, '*'}", "*", true},
		{"${aws:unknown, ''}", "", true},
		{"${aws:PrincipalAccount, 'x'}", "123456789012", true},
		{"${aws:PrincipalAccount, 'x'}", "x", false},
		{"${aws:unknown, 'a}b'}c", "a}bc", true},
		// what is no variable matches nothing, itself least of all
		{"${", "${", false},
		{"${}", "${}", false},
		{"${a", "${a", false},
		{"a${b*", "a${bc", false},
		{"${a b}", "${a b}", false},
		{"${a, x}", "x", false},
		{"${a, 'x}", "x", false},
		{"${a, 'x'", "x", false},
		{"${${aws:PrincipalAccount}}", "123456789012", false},
		{"${**}", "**", false},
	} {
		if got := c.pattern.Match(c.s, vars); got != c.want {
			t.Errorf("%q matches %q: got %v, want %v", c.pattern, c.s, got, c.want)
		}
	}
}

func TestPatternWithoutVariablesNeedsNone(t *testing.T) {
	if !manifest.Pattern("a*${$}").Match("ab$", nil) {
		t.Error("got no match")
	}
	if manifest.Pattern("${x}").Match("", nil) {
		t.Error("a variable without a value matched")
	}
}

func TestLiteralsCanBeJoined(t *testing.T) {
	p := manifest.Literal("a$") + manifest.Literal("{aws:PrincipalAccount}") + "*"
	if !p.Match("a${aws:PrincipalAccount}/x", vars) || p.Match("a123456789012/x", vars) {
		t.Errorf("%q is not its parts, joined", p)
	}
}

// A pattern of many runs takes a matcher that tries each in turn longer than
// the universe has been there.
func TestNoPatternIsSlow(t *testing.T) {
	long := strings.Repeat("a", 4096)
	start := time.Now()
	for _, p := range []string{
		strings.Repeat("a*", 500) + "b",
		strings.Repeat("*a", 500) + "b",
		strings.Repeat("*?", 500) + "b",
		strings.Repeat("*", 4096) + "b",
		"*" + strings.Repeat("a", 2000) + "b",
	} {
		if manifest.Pattern(p).Match(long, nil) {
			t.Errorf("%.20q… matched", p)
		}
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}

// FuzzPattern holds the matcher to one that is too simple to be wrong and too
// slow to use, and literals to what they are made of.
func FuzzPattern(f *testing.F) {
	for _, p := range []string{"*", "a*b?c", "${*}${?}${$}", "${aws:PrincipalAccount}*", "${aws:username, 'x'}", "${", "\xff*", "日?", "${a, '*'}", "a$${$}{"} {
		f.Add(p, "a*b?c")
		f.Add(p, "*?$")
		f.Add(p, "\xff日")
	}
	f.Fuzz(func(t *testing.T, p, s string) {
		if len(p) > 24 || len(s) > 24 {
			return
		}
		want := false
		if parts, ok := parts(p); ok {
			want = naive(parts, characters(s))
		}
		if got := manifest.Pattern(p).Match(s, vars); got != want {
			t.Errorf("%q matches %q: got %v, want %v", p, s, got, want)
		}
		literal := manifest.Literal(p)
		if !literal.Match(p, nil) {
			t.Errorf("%q, the literal of %q, does not match it", literal, p)
		}
		if p != s && literal.Match(s, nil) {
			t.Errorf("%q, the literal of %q, matches %q", literal, p, s)
		}
	})
}

// A part is one character of a pattern, or a wildcard.
type part struct {
	text string
	wild byte // '*' or '?', 0 for the text
}

// characters splits s as Unicode does, bytes that are no character one each.
func characters(s string) []string {
	var all []string
	for s != "" {
		_, n := utf8.DecodeRuneInString(s)
		all, s = append(all, s[:n]), s[n:]
	}
	return all
}

// parts reads a pattern by way of its text alone: it knows "${", up to "}", a
// comma, a quote.
func parts(p string) ([]part, bool) {
	var all []part
	for p != "" {
		if strings.HasPrefix(p, "${") {
			value, rest, ok := dollar(p[2:])
			if !ok {
				return nil, false
			}
			for _, c := range characters(value) {
				all = append(all, part{text: c})
			}
			p = rest
			continue
		}
		c := characters(p)[0]
		if c == "*" || c == "?" {
			all = append(all, part{wild: c[0]})
		} else {
			all = append(all, part{text: c})
		}
		p = p[len(c):]
	}
	return all, true
}

func dollar(s string) (value, rest string, ok bool) {
	for _, l := range []string{"*", "?", "$"} {
		if rest, ok := strings.CutPrefix(s, l+"}"); ok {
			return l, rest, true
		}
	}
	key := ""
	for s != "" && !strings.ContainsRune(",}'{ \t\r\n$*?", rune(s[0])) {
		key, s = key+s[:1], s[1:]
	}
	if key == "" {
		return "", "", false
	}
	value, known := vars(key)
	if rest, ok := strings.CutPrefix(s, "}"); ok {
		return value, rest, known
	}
	s, comma := strings.CutPrefix(s, ",")
	s, quote := strings.CutPrefix(strings.TrimLeft(s, " "), "'")
	fallback, rest, end := strings.Cut(s, "'")
	rest, closed := strings.CutPrefix(rest, "}")
	if !comma || !quote || !end || !closed {
		return "", "", false
	}
	if known {
		return value, rest, true
	}
	return fallback, rest, true
}

// naive tries every way in which p could match s, and each only once: of
// seventeen stars there are more ways than a fuzzer waits for.
func naive(p []part, s []string) bool {
	type rest struct{ p, s int }
	tried := make(map[rest]bool)
	var match func(p []part, s []string) bool
	match = func(p []part, s []string) (ok bool) {
		at := rest{len(p), len(s)}
		if ok, done := tried[at]; done {
			return ok
		}
		defer func() { tried[at] = ok }()
		switch {
		case len(p) == 0:
			return len(s) == 0
		case p[0].wild == '*':
			return match(p[1:], s) || len(s) > 0 && match(p, s[1:])
		}
		return len(s) > 0 && (p[0].wild == '?' || p[0].text == s[0]) && match(p[1:], s[1:])
	}
	return match(p, s)
}
