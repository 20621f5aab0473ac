package iam

import (
	"strings"
	"unicode/utf8"
)

// A glob is a pattern taken apart: characters, and the two wildcards as
// negative numbers. A string converted to a glob matches itself and nothing
// else.
type glob []rune

const (
	anyRun rune = -1 // "*"
	anyOne rune = -2 // "?"
)

// parseResource takes a grant's resource apart, its variables replaced. It is
// not ok where a variable has no value, since the pattern then matches nothing,
// and where IAM could not be given the pattern: it refuses a whole policy for a
// resource that is neither "*" nor begins as an ARN does.
func parseResource(p, account string) (glob, bool) {
	if !writable(p) || !strings.HasPrefix(p, "arn:") && strings.Trim(p, "*") != "" {
		return nil, false
	}
	var g glob
	for len(p) > 0 {
		switch {
		case p[0] == '*':
			if len(g) == 0 || g[len(g)-1] != anyRun { // two runs are one
				g = append(g, anyRun)
			}
			p = p[1:]
		case p[0] == '?':
			g = append(g, anyOne)
			p = p[1:]
		case strings.HasPrefix(p, "${"):
			value, n, ok := variable(p, account)
			if !ok {
				return nil, false
			}
			g = append(g, []rune(value)...)
			p = p[n:]
		default:
			r, n := utf8.DecodeRuneInString(p)
			g = append(g, r)
			p = p[n:]
		}
	}
	return g, true
}

// parseAction takes an action apart. Actions compare without case, and have no
// variables.
func parseAction(a string) glob { return parseValue(strings.ToLower(a)) }

// parseValue parses a value that has wildcards and no variables.
func parseValue(p string) glob {
	g := glob(p)
	for i, r := range g {
		switch r {
		case '*':
			g[i] = anyRun
		case '?':
			g[i] = anyOne
		}
	}
	return g
}

// String returns g as IAM reads it. Every dollar sign is escaped, whatever
// follows it, so that none can begin a variable.
func (g glob) String() string {
	var b strings.Builder
	for _, r := range g {
		switch r {
		case anyRun:
			b.WriteByte('*')
		case anyOne:
			b.WriteByte('?')
		case '*', '?', '$':
			b.WriteString("${" + string(r) + "}")
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// exact reports whether g matches one string only.
func (g glob) exact() bool {
	for _, r := range g {
		if r < 0 {
			return false
		}
	}
	return true
}

// covers reports whether g matches whatever h matches. It may err on the side
// of no, where both have runs beside single wildcards.
func (g glob) covers(h glob) bool {
	return compare(g, h, func(r, s rune) bool { return r == s || r == anyOne && s != anyRun }, false)
}

// overlaps reports whether some string matches both g and h.
func (g glob) overlaps(h glob) bool {
	return compare(g, h, func(r, s rune) bool { return r == s || r == anyOne || s == anyOne }, true)
}

// compare walks g and h side by side. A run in g takes any of h; a run in h
// takes any of g only if both is set. Elsewhere one decides of two characters.
func compare(g, h glob, one func(r, s rune) bool, both bool) bool {
	// next[j] is the answer for g[i+1:] and h[j:], now[j] that for g[i:].
	now, next := make([]bool, len(h)+1), make([]bool, len(h)+1)
	for i := len(g); i >= 0; i-- {
		for j := len(h); j >= 0; j-- {
			switch {
			case i == len(g) && j == len(h):
				now[j] = true
			case i < len(g) && g[i] == anyRun:
				now[j] = next[j] || j < len(h) && now[j+1]
			case both && j < len(h) && h[j] == anyRun:
				now[j] = now[j+1] || i < len(g) && next[j]
			default:
				now[j] = i < len(g) && j < len(h) && one(g[i], h[j]) && next[j+1]
			}
		}
		now, next = next, now
	}
	return next[0]
}

// variable reads the variable at the start of s, which begins with "${": its
// value here and its length. Only the escapes, the account and a default have
// values.
func variable(s, account string) (value string, n int, ok bool) {
	end := strings.IndexByte(s, '}')
	if end < 0 {
		return "", 0, false
	}
	key, fallback, falls := strings.Cut(s[2:end], ",")
	switch {
	case !falls && (key == "*" || key == "?" || key == "$"):
		return key, end + 1, true
	case strings.EqualFold(key, accountVariable) && account != "":
		return account, end + 1, true
	case falls:
		// "${key, 'default'}", and no quote or brace within the default.
		fallback = strings.TrimLeft(fallback, " ")
		if len(fallback) < 2 || fallback[0] != '\'' || strings.IndexByte(fallback[1:], '\'') != len(fallback)-2 {
			return "", 0, false
		}
		return fallback[1 : len(fallback)-1], end + 1, true
	}
	return "", 0, false
}

// accountVariable is what the account of bare names is written as.
const accountVariable = "aws:PrincipalAccount"

// inAccount returns s with the account variable replaced and everything else as
// it is: AWS has values for the other variables.
func inAccount(s, account string) string {
	if account == "" || !strings.Contains(s, "${") {
		return s
	}
	var b strings.Builder
	for {
		i := strings.Index(s, "${")
		if i < 0 {
			return b.String() + s
		}
		b.WriteString(s[:i])
		s = s[i:]
		n := len("${") + len(accountVariable)
		switch {
		case len(s) > n && s[n] == '}' && strings.EqualFold(s[2:n], accountVariable):
			b.WriteString(account)
			s = s[n+1:]
		default:
			b.WriteString("${")
			s = s[2:]
		}
	}
}

// dollars escapes what a variable could begin with, for values that operators
// take literally: there a star is a star already.
func dollars(s string) string { return strings.ReplaceAll(s, "$", "${$}") }

// writable reports whether a policy can have s in it: JSON has no bytes that are
// no characters, and whether IAM compares what follows a U+0000 is not known.
func writable(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

// nameable reports whether s can be a statement's resource. IAM refuses a whole
// policy for one that is no ARN.
func nameable(s string) bool {
	return writable(s) && strings.HasPrefix(s, "arn:") && strings.Count(s, ":") >= 5
}

// isAction reports whether s can be a statement's action. Actions have no
// escapes: what is not a plain name, or a pattern where those are wanted, would
// mean something else.
func isAction(s string, wildcards bool) bool {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == ':':
		case wildcards && (c == '*' || c == '?'):
		default:
			return false
		}
	}
	return strings.Count(s, ":") == 1 || wildcards && s == "*"
}

// isAccount reports whether s is an account's number.
func isAccount(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || '9' < s[i] {
			return false
		}
	}
	return len(s) == 12
}

// accountOf returns account, or "" if it is none: what stands in a policy in a
// variable's place has to be a number, and nothing else.
func accountOf(account string) string {
	if isAccount(account) {
		return account
	}
	return ""
}
