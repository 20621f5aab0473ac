package manifest

import (
	"strings"
	"unicode/utf8"
)

// A Pattern is a resource with IAM's wildcards: "*" is any run of characters,
// "?" any one, both across "/" and ":"; "${*}", "${?}" and "${$}" are the
// literal characters. "${aws:PrincipalAccount}" stands for the manifest's
// account. (IAM User Guide, "IAM policy elements: Variables and tags".)
//
// A character is a Unicode code point; a byte that is no part of one is a
// character by itself. Case counts. A "$" that no "{" follows is a dollar
// sign; a "${" that is not a whole variable makes a pattern that matches
// nothing, since what its author meant cannot be known.
type Pattern string

// Literal returns the pattern that matches s and nothing else. Every "$" is
// escaped, not only where "{" follows, so that patterns can be joined: no
// variable comes to be where two of them meet.
func Literal(s string) Pattern {
	if !strings.ContainsAny(s, "*?$") {
		return Pattern(s)
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '*', '?', '$':
			b.WriteString("${")
			b.WriteByte(c)
			b.WriteByte('}')
		default:
			b.WriteByte(c)
		}
	}
	return Pattern(b.String())
}

// Match reports whether p matches s. A variable other than the three literals
// has its value from vars, which is given the key as p spells it and compares
// it without case; the value is literal. One without a value has its default,
// as in "${key, 'default'}"; without a default it matches nothing.
func (p Pattern) Match(s string, vars func(key string) (string, bool)) bool {
	var room [128]rune
	glyphs, ok := compile(room[:0], string(p), vars)
	return ok && glob(glyphs, s, false)
}

// What a compiled pattern has in place of a character. Characters are not
// negative; the bytes of no character follow the last of them, so that one
// never equals U+FFFD.
const (
	anyRun  rune = -1
	anyOne  rune = -2
	badByte rune = utf8.MaxRune + 1
)

// compile appends p, its variables replaced, to dst. It fails where a variable
// is malformed or has no value.
func compile(dst []rune, p string, vars func(string) (string, bool)) ([]rune, bool) {
	for i := 0; i < len(p); {
		switch {
		case p[i] == '*':
			// Two stars are one; so there is no pattern of many stars to
			// try in many ways.
			if len(dst) == 0 || dst[len(dst)-1] != anyRun {
				dst = append(dst, anyRun)
			}
			i++
		case p[i] == '?':
			dst = append(dst, anyOne)
			i++
		case strings.HasPrefix(p[i:], "${"):
			v, n := variable(p[i:])
			if n == 0 {
				return nil, false
			}
			value, ok := v.value(vars)
			if !ok {
				return nil, false
			}
			dst = appendLiteral(dst, value)
			i += n
		default:
			r, n := next(p[i:], false)
			dst = append(dst, r)
			i += n
		}
	}
	return dst, true
}

func appendLiteral(dst []rune, s string) []rune {
	for i := 0; i < len(s); {
		r, n := next(s[i:], false)
		dst = append(dst, r)
		i += n
	}
	return dst
}

// next returns the first character of s, which is not empty, and its length.
// fold makes ASCII letters lower case.
func next(s string, fold bool) (rune, int) {
	c := s[0]
	if c < utf8.RuneSelf {
		if fold && 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		return rune(c), 1
	}
	r, n := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError && n == 1 {
		return badByte + rune(c), 1
	}
	return r, n
}

// A policyVariable is "${key}" or "${key, 'default'}".
type policyVariable struct {
	key, fallback string
	falls         bool
}

// literal reports whether v is one of the three literal characters.
func (v policyVariable) literal() bool {
	return !v.falls && (v.key == "*" || v.key == "?" || v.key == "$")
}

func (v policyVariable) value(vars func(string) (string, bool)) (string, bool) {
	switch v.key {
	case "*", "?", "$":
		return v.key, true
	}
	if vars != nil {
		if s, ok := vars(v.key); ok {
			return s, true
		}
	}
	return v.fallback, v.falls
}

// variable reads the variable that s, which begins with "${", begins with. Its
// length is 0 if there is none.
func variable(s string) (v policyVariable, n int) {
	rest := s[2:]
	end := strings.IndexAny(rest, ",}'{")
	if end <= 0 {
		return v, 0
	}
	v.key = rest[:end]
	if strings.ContainsAny(v.key, " \t\r\n$*?") && !(v.key == "*" || v.key == "?" || v.key == "$") {
		return v, 0
	}
	n = 2 + end
	switch s[n] {
	case '}':
		return v, n + 1
	case ',':
		for n++; n < len(s) && s[n] == ' '; n++ {
		}
		if n == len(s) || s[n] != '\'' {
			return v, 0
		}
		n++
		quote := strings.Index(s[n:], "'}")
		if quote < 0 || strings.Contains(s[n:n+quote], "'") {
			return v, 0
		}
		v.fallback, v.falls = s[n:n+quote], true
		return v, n + quote + 2
	}
	return v, 0
}

// glob reports whether pattern matches all of s. It takes at most as many
// steps as the two lengths' product: only the last run can be too short, since
// whatever an earlier one could take, the last one can take as well.
func glob(pattern []rune, s string, fold bool) bool {
	i, p := 0, 0
	star, from := -1, 0 // the last run, and where in s it ends for now
	for i < len(s) {
		r, n := next(s[i:], fold)
		switch {
		case p < len(pattern) && pattern[p] == anyRun:
			star, from = p, i
			p++
		case p < len(pattern) && (pattern[p] == anyOne || pattern[p] == r):
			p++
			i += n
		case star >= 0:
			_, n := next(s[from:], fold)
			from += n
			i, p = from, star+1
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == anyRun {
		p++
	}
	return p == len(pattern)
}

// matchAction reports whether pattern, which has wildcards and no variables,
// matches an action. The case of ASCII letters does not count.
func matchAction(pattern, action string) bool {
	// Most patterns are names, and most names are others.
	i := 0
	for i < len(pattern) && i < len(action) && pattern[i] < utf8.RuneSelf && pattern[i] != '*' && pattern[i] != '?' {
		p, _ := next(pattern[i:], true)
		if a, _ := next(action[i:], true); a != p {
			return false
		}
		i++
	}
	pattern, action = pattern[i:], action[i:]
	if pattern == "" {
		return action == ""
	}
	var room [64]rune
	glyphs := room[:0]
	for i := 0; i < len(pattern); {
		r, n := next(pattern[i:], true)
		switch r {
		case '*':
			r = anyRun
		case '?':
			r = anyOne
		}
		glyphs = append(glyphs, r)
		i += n
	}
	return glob(glyphs, action, true)
}
