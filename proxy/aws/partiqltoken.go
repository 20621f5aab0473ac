package aws

import (
	"errors"
	"fmt"
	"strings"
)

// A partiqlToken is a word, a string or a sign of PartiQL.
type partiqlToken struct {
	kind partiqlKind
	text string // of a quoted name without its quotes, of a string nothing
}

type partiqlKind byte

const (
	partiqlSign   partiqlKind = iota // one character, "?" among them
	partiqlWord                      // a keyword, or a name without quotes
	partiqlQuoted                    // a name in double quotes
	partiqlString                    // in single quotes
	partiqlNumber
)

// is reports whether t is a keyword, without regard to case, or a sign.
func (t partiqlToken) is(word string) bool {
	return t.kind == partiqlWord && strings.EqualFold(t.text, word) || t.kind == partiqlSign && t.text == word
}

// partiqlTokens takes a statement apart. Outside of quotes it is ASCII.
func partiqlTokens(s string) ([]partiqlToken, error) {
	var tokens []partiqlToken
	for i := 0; i < len(s); {
		from := i
		switch c := s[i]; {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			i++
		case c == '\'' || c == '"':
			text, n, err := partiqlQuotes(s[i:])
			if err != nil {
				return nil, err
			}
			i += n
			t := partiqlToken{partiqlQuoted, text}
			if c == '\'' {
				t = partiqlToken{kind: partiqlString}
			}
			tokens = append(tokens, t)
			// 'a''b' is one string and "a""b" one name; side by side they are
			// two to nobody.
			if i < len(s) && (s[i] == '\'' || s[i] == '"' || isWord(s[i])) {
				return nil, errors.New("quotes that touch what follows them")
			}
		case isWord(c) || c == '$':
			for i++; i < len(s) && (isWord(s[i]) || s[i] == '$'); i++ {
			}
			if i < len(s) && (s[i] == '\'' || s[i] == '"') {
				return nil, errors.New("quotes that touch what precedes them")
			}
			kind := partiqlWord
			if c >= '0' && c <= '9' {
				if kind = partiqlNumber; strings.Trim(s[from:i], "0123456789eE") != "" {
					return nil, fmt.Errorf("%.40q is neither a number nor a name", s[from:i])
				}
			}
			tokens = append(tokens, partiqlToken{kind, s[from:i]})
		case strings.HasPrefix(s[i:], "--"), strings.HasPrefix(s[i:], "/*"), strings.HasPrefix(s[i:], "*/"):
			// Comments nest in one grammar and do not in the next, and "--" is
			// two minuses to some.
			return nil, errors.New("a comment, which different readers end in different places")
		case strings.IndexByte(".,:;()[]{}<>=!+-*/%|?", c) >= 0:
			i++
			tokens = append(tokens, partiqlToken{partiqlSign, s[from:i]})
		default:
			return nil, fmt.Errorf("%.20q stands outside of quotes", s[i:])
		}
	}
	return tokens, nil
}

// partiqlQuotes reads what s begins with in quotes, and says how long it is. A
// quote in it is doubled; a backslash before one would escape it for some, and
// does not for others.
func partiqlQuotes(s string) (text string, n int, err error) {
	quote := s[0]
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c < ' ' && c != '\t' && c != '\r' && c != '\n':
			return "", 0, fmt.Errorf("character %#02x in quotes", c)
		case c == '\\' && i+1 < len(s) && s[i+1] == quote:
			return "", 0, errors.New("a backslash before a quote, which ends the quotes for some readers only")
		case c != quote:
			b.WriteByte(c)
		case i+1 < len(s) && s[i+1] == quote:
			b.WriteByte(quote)
			i++
		default:
			return b.String(), i + 1, nil
		}
	}
	return "", 0, errors.New("quotes that do not end")
}
