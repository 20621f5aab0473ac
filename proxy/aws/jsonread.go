package aws

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth is how deep a body may nest. AWS's own parsers stop far below
// Go's 10,000.
const maxDepth = 64

// maxValues is how many values a body may have: as many as the largest
// batch of DynamoDB's has whose items have a vector of 4,096 numbers each, and
// no more, since ten bytes of body may become hundreds of bytes of memory.
const maxValues = 1 << 18

// maxShared is how large a text may be whose parts are kept without copying
// them: a name that is kept keeps the whole text.
const maxShared = 64 << 10

// noText stands for a string that is no text: half of a surrogate pair is
// escaped in it. Some readers put U+FFFD in its place, some drop it, and some
// keep it. Programs that cut a message short amid an emoji send such, so it may
// stand wherever nobody reads it; who wants a string finds none.
type noText struct{}

// parseJSON reads an object of RFC 8259. Its values are strings, [json.Number],
// bool, nil, []any, map[string]any and noText. It refuses what two readers could
// understand in two ways: members that stand twice, those of the object itself
// also if they differ only in case, names that are no text, bytes that are not
// UTF-8, and anything after the object. What is deeper may be the caller's own
// names, of which "id" and "ID" are two: who reads an operation's members there
// asks [unfolded].
//
// It is a scanner of its own since encoding/json keeps the last of two members,
// and its tokens, from which that can be seen, take ten times as long.
func parseJSON(body []byte) (map[string]any, error) {
	if !utf8.Valid(body) {
		return nil, errors.New("the body is not UTF-8")
	}
	p := jsonReader{s: string(body), left: maxValues}
	p.space()
	v, err := p.value(0)
	if err != nil {
		return nil, fmt.Errorf("the body is not JSON that can be read: %w", err)
	}
	if p.space(); p.i < len(p.s) {
		return nil, errors.New("the body goes on after its JSON")
	}
	object, ok := v.(map[string]any)
	if !ok {
		return nil, errors.New("the body is no JSON object")
	}
	return object, nil
}

// A jsonReader reads a text from its beginning to its end.
type jsonReader struct {
	s    string
	i    int // of the next byte
	left int // values that it may still have
}

// peek is the next byte, or 0 at the end, where 0 could not stand either.
func (p *jsonReader) peek() byte {
	if p.i < len(p.s) {
		return p.s[p.i]
	}
	return 0
}

func (p *jsonReader) space() {
	for p.i < len(p.s) {
		switch p.s[p.i] {
		case ' ', '\t', '\r', '\n':
			p.i++
		default:
			return
		}
	}
}

// wrong says what does not stand at the next byte, and not what does: bodies
// hold secrets, and errors are logged.
func (p *jsonReader) wrong(want string) error {
	if p.i >= len(p.s) {
		return fmt.Errorf("it ends where %s should be", want)
	}
	return fmt.Errorf("at byte %d is not %s", p.i, want)
}

// value reads the value that begins at the next byte.
func (p *jsonReader) value(depth int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("it nests deeper than %d", maxDepth)
	}
	if p.left--; p.left < 0 {
		return nil, fmt.Errorf("it has more than %d values", maxValues)
	}
	switch c := p.peek(); c {
	case '{':
		return p.object(depth)
	case '[':
		return p.list(depth)
	case '"':
		s, whole, err := p.text()
		if err != nil || !whole {
			return noText{}, err
		}
		return s, nil
	case 't':
		return true, p.word("true")
	case 'f':
		return false, p.word("false")
	case 'n':
		return nil, p.word("null")
	default:
		if c == '-' || isDigit(c) {
			return p.number()
		}
		return nil, p.wrong("a value")
	}
}

func (p *jsonReader) word(word string) error {
	if !strings.HasPrefix(p.s[p.i:], word) {
		return p.wrong("a value")
	}
	p.i += len(word)
	return nil
}

func (p *jsonReader) object(depth int) (any, error) {
	object := make(map[string]any)
	p.i++
	if p.space(); p.peek() == '}' {
		p.i++
		return object, nil
	}
	for {
		if p.peek() != '"' {
			return nil, p.wrong("the name of a member")
		}
		name, whole, err := p.text()
		if err != nil {
			return nil, err
		}
		if !whole {
			return nil, fmt.Errorf("the name of a member, before byte %d, has half of a surrogate pair", p.i)
		}
		if p.space(); p.peek() != ':' {
			return nil, p.wrong("a colon")
		}
		p.i++
		p.space()
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		had := len(object)
		if object[name] = v; len(object) == had {
			return nil, fmt.Errorf("member %.40q stands twice", name)
		}
		switch p.space(); p.peek() {
		case ',':
			p.i++
			p.space()
		case '}':
			p.i++
			if depth == 0 {
				return object, unfolded(object)
			}
			return object, nil
		default:
			return nil, p.wrong("a comma or a closing brace")
		}
	}
}

func (p *jsonReader) list(depth int) (any, error) {
	list := []any{}
	p.i++
	if p.space(); p.peek() == ']' {
		p.i++
		return list, nil
	}
	for {
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
		switch p.space(); p.peek() {
		case ',':
			p.i++
			p.space()
		case ']':
			p.i++
			return list, nil
		default:
			return nil, p.wrong("a comma or a closing bracket")
		}
	}
}

// own returns a part of the text that may be kept.
func (p *jsonReader) own(part string) string {
	if len(p.s) > maxShared {
		return strings.Clone(part)
	}
	return part
}

// number reads a number, and leaves it as it is written.
func (p *jsonReader) number() (json.Number, error) {
	from := p.i
	if p.peek() == '-' {
		p.i++
	}
	if p.peek() == '0' {
		p.i++ // no digit may follow, which whoever called sees
	} else if !p.digits() {
		return "", p.wrong("a digit")
	}
	if p.peek() == '.' {
		if p.i++; !p.digits() {
			return "", p.wrong("a digit")
		}
	}
	if c := p.peek(); c == 'e' || c == 'E' {
		p.i++
		if c := p.peek(); c == '+' || c == '-' {
			p.i++
		}
		if !p.digits() {
			return "", p.wrong("a digit")
		}
	}
	return json.Number(p.own(p.s[from:p.i])), nil
}

// digits reports whether one or more follow, and skips them.
func (p *jsonReader) digits() bool {
	from := p.i
	for isDigit(p.peek()) {
		p.i++
	}
	return p.i > from
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// text reads a string, and reports whether it is text as a whole.
func (p *jsonReader) text() (s string, whole bool, err error) {
	p.i++
	n, err := p.plain()
	if err != nil {
		return "", false, err
	}
	s = p.s[p.i : p.i+n]
	p.i += n
	if p.s[p.i] == '"' {
		p.i++
		return p.own(s), true, nil
	}
	b := append(make([]byte, 0, len(s)+32), s...)
	for whole = true; p.s[p.i] != '"'; {
		c, err := p.escape()
		if err != nil {
			return "", false, err
		}
		whole = whole && c >= 0
		b = utf8.AppendRune(b, c)
		if n, err = p.plain(); err != nil {
			return "", false, err
		}
		b = append(b, p.s[p.i:p.i+n]...)
		p.i += n
	}
	p.i++
	return string(b), whole, nil
}

// plain is how many bytes follow before a quotation mark or a backslash.
func (p *jsonReader) plain() (int, error) {
	s := p.s[p.i:]
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			return i, nil
		case c < ' ':
			p.i += i
			return 0, p.wrong("a character that a string may have")
		}
	}
	p.i = len(p.s)
	return 0, p.wrong("the end of a string")
}

// escape reads one character that is written with a backslash, or with two;
// for half of a surrogate pair it returns -1.
func (p *jsonReader) escape() (rune, error) {
	at := p.i
	p.i++
	c := p.peek()
	p.i++
	switch c {
	case '"', '\\', '/':
		return rune(c), nil
	case 'b':
		return '\b', nil
	case 'f':
		return '\f', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case 'u':
		first, ok := p.unit()
		if !ok {
			break
		}
		if !utf16.IsSurrogate(first) {
			return first, nil
		}
		if strings.HasPrefix(p.s[p.i:], `\u`) {
			behind := p.i
			p.i += 2
			if second, ok := p.unit(); ok {
				if c := utf16.DecodeRune(first, second); c != utf8.RuneError {
					return c, nil
				}
			}
			p.i = behind
		}
		return -1, nil
	}
	p.i = at
	return 0, p.wrong("an escape that JSON has")
}

// unit reads the four digits of a \u.
func (p *jsonReader) unit() (rune, bool) {
	if len(p.s)-p.i < 4 {
		return 0, false
	}
	var u rune
	for _, c := range []byte(p.s[p.i : p.i+4]) {
		switch {
		case isDigit(c):
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		u = u<<4 | rune(c)
	}
	p.i += 4
	return u, true
}

// unfolded refuses an object with members that differ only in case: readers who
// do not care for case would take either.
func unfolded(object map[string]any) error {
	// Most objects have a few members of different lengths, in ASCII. Those take
	// no map to compare.
	var few [16]string
	names, plain := few[:0], len(object) <= len(few)
	if plain {
		for name := range object {
			for _, other := range names {
				if len(other) == len(name) && strings.EqualFold(other, name) {
					plain = false
				}
			}
			plain = plain && isASCII(name)
			names = append(names, name)
		}
		if plain {
			return nil
		}
	}
	seen := make(map[string]bool, len(object))
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if f := fold(name); seen[f] {
			return fmt.Errorf("member %.40q stands twice", name)
		} else {
			seen[f] = true
		}
	}
	return nil
}
