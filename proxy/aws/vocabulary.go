package aws

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A vocabulary is the words of texts, in whatever of several ways a server may read
// them: as they stand, or with what JSON or a form escapes decoded. It is for
// languages that are not parsed here, to see that a word is not there; one that
// is there may mean nothing.
type vocabulary struct {
	forms  []string // of the texts, in capitals
	opaque bool     // a text is long, of another encoding, or escapes letters
}

// maxSearched is how long a text is looked at: a longer one may have any word.
const maxSearched = 256 << 10

// wordsIn returns the words of texts.
func wordsIn(texts []string) vocabulary {
	var w vocabulary
	for _, t := range texts {
		if t == "" {
			continue
		}
		if len(t) > maxSearched {
			w.opaque = true
			continue
		}
		for _, form := range []string{t, unescaped(t)} {
			w.opaque = w.opaque || !utf8.ValidString(form) || strings.Contains(form, "\x00")
			// Some letters beyond ASCII are to some servers others of it, in small
			// letters or in capitals: ſ, and K, the Kelvin sign.
			for _, capitals := range []string{strings.Map(capital, form), strings.ToUpper(strings.ToLower(form))} {
				spaced, escapes := unslashed(capitals)
				w.opaque = w.opaque || escapes
				w.forms = append(w.forms, capitals, spaced)
			}
		}
	}
	return w
}

// any reports whether one of list, in capitals, may be a word of the texts.
func (w vocabulary) any(list []string) bool {
	if w.opaque {
		return true
	}
	for _, form := range w.forms {
		for _, word := range list {
			for rest := form; ; {
				i := strings.Index(rest, word)
				if i < 0 {
					break
				}
				// A number may end where a word begins, and a word does not end
				// where a number does.
				before := i > 0 && (isCapital(rest[i-1]) || rest[i-1] == '_')
				rest = rest[i+len(word):]
				if after := rest != "" && (isCapital(rest[0]) || rest[0] == '_' || '0' <= rest[0] && rest[0] <= '9'); !before && !after {
					return true
				}
			}
		}
	}
	return false
}

func capital(c rune) rune {
	if 'a' <= c && c <= 'z' {
		c -= 'a' - 'A'
	}
	return c
}

func isCapital(c byte) bool { return 'A' <= c && c <= 'Z' }

// unescaped decodes what a form escapes, as far as it can be.
func unescaped(s string) string {
	if !strings.ContainsAny(s, "%+") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '+':
			b.WriteByte(' ')
		case c == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
			b.WriteByte(unhex(s[i+1])<<4 | unhex(s[i+2]))
			i += 2
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c <= 'F':
		return c - 'A' + 10
	}
	return c - 'a' + 10
}

// unslashed puts spaces where a backslash and what it escapes stand, and reports
// whether one may escape a letter of a word by its number. A backslash before it
// does not save a number: what JSON makes of two is one to the query's language.
func unslashed(s string) (spaced string, escapes bool) {
	if !strings.Contains(s, `\`) {
		return s, false
	}
	b := []byte(s)
	for i := 0; i < len(b); i++ {
		if b[i] != '\\' {
			continue
		}
		b[i] = ' '
		if i++; i == len(b) {
			break
		}
		switch c := b[i]; {
		case c == '\\' && i+1 < len(b) && byNumber(b[i+1]):
			i-- // it is the next that counts
			continue
		case c == 'U' && i+4 < len(b) && isSign(b[i+1:i+5]):
			copy(b[i:], "     ") // as encoders write é, < and '
			i += 4
			continue
		default:
			escapes = escapes || byNumber(c)
		}
		b[i] = ' '
	}
	return string(b), escapes
}

// byNumber reports whether c, in capitals, behind a backslash may begin the number
// of a letter.
func byNumber(c byte) bool { return c == 'U' || c == 'X' || '0' <= c && c <= '9' }

// isSign reports whether four hexadecimal digits are the number of a character that
// is in no word, and stands for nothing else: no letter, digit or low line of
// ASCII's, to whatever server, and nothing that escapes.
func isSign(digits []byte) bool {
	n, err := strconv.ParseUint(string(digits), 16, 16)
	c := rune(n)
	if err != nil || c == 0 || strings.ContainsRune(`\%+_`, c) {
		return false
	}
	for _, c := range []rune{c, unicode.ToUpper(c), unicode.ToLower(c)} {
		if c <= unicode.MaxASCII && (unicode.IsLetter(c) || unicode.IsDigit(c)) {
			return false
		}
	}
	return true
}
