package aws

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth is how deep a body may nest. AWS's own parsers stop far below
// Go's 10,000.
const maxDepth = 64

// maxValues is how many values a body may have: as many as a batch of DynamoDB's
// has of a quarter of a million attributes, and no more, since each takes sixteen
// bytes, of which two stood in the body.
const maxValues = 1 << 19

// noText stands for a string that is no text: half of a surrogate pair is
// escaped in it. Some readers put U+FFFD in its place, some drop it, and some
// keep it. Programs that cut a message short amid an emoji send such, so it may
// stand wherever nobody reads it; who wants a string finds none.
type noText struct{}

// parseJSON reads an object of RFC 8259. It refuses what two readers could
// understand in two ways: members that stand twice, those of the object itself
// also if they differ only in case, names that are no text, bytes that are not
// UTF-8, and anything after the object. What is deeper may be the caller's own
// names, of which "id" and "ID" are two: who reads an operation's members there
// asks [unfolded].
//
// It is a scanner of its own since encoding/json keeps the last of two members,
// and its tokens, from which that can be seen, take ten times as long.
func parseJSON(body []byte) (tree, error) { return readJSON(body, nil) }

// readJSON is parseJSON with spend asked for what it takes: see [document].
func readJSON(body []byte, spend func(int64) error) (tree, error) {
	if !utf8.Valid(body) {
		return tree{}, errors.New("the body is not UTF-8")
	}
	p := jsonReader{b: body, left: maxValues, d: &document{body: body, spend: spend}}
	p.space()
	if err := p.value(0, item{}); err != nil {
		return tree{}, fmt.Errorf("the body is not JSON that can be read: %w", err)
	}
	if p.space(); p.i < len(p.b) {
		return tree{}, errors.New("the body goes on after its JSON")
	}
	if p.d.node(0).kind != kindObject {
		return tree{}, errors.New("the body is no JSON object")
	}
	return tree{d: p.d}, nil
}

// A jsonReader reads a text from its beginning to its end.
type jsonReader struct {
	b    []byte
	i    int // of the next byte
	left int // values that it may still have
	d    *document
}

// peek is the next byte, or 0 at the end, where 0 could not stand either.
func (p *jsonReader) peek() byte {
	if p.i < len(p.b) {
		return p.b[p.i]
	}
	return 0
}

func (p *jsonReader) space() {
	for p.i < len(p.b) {
		switch p.b[p.i] {
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
	if p.i >= len(p.b) {
		return fmt.Errorf("it ends where %s should be", want)
	}
	return fmt.Errorf("at byte %d is not %s", p.i, want)
}

// value reads the value that begins at the next byte into n, which has the name
// that it stands under.
func (p *jsonReader) value(depth int, n item) error {
	if depth > maxDepth {
		return fmt.Errorf("it nests deeper than %d", maxDepth)
	}
	if p.left--; p.left < 0 {
		return fmt.Errorf("it has more than %d values", maxValues)
	}
	var err error
	switch c := p.peek(); c {
	case '{':
		return p.object(depth, n)
	case '[':
		return p.list(depth, n)
	case '"':
		n.from, n.to, n.kind, err = p.text()
	case 't':
		n.kind, err = kindTrue, p.word("true")
	case 'f':
		n.kind, err = kindFalse, p.word("false")
	case 'n':
		n.kind, err = kindNull, p.word("null")
	default:
		if c != '-' && !isDigit(c) {
			return p.wrong("a value")
		}
		n.kind, n.from = kindNumber, uint32(p.i)
		err = p.number()
		n.to = uint32(p.i)
	}
	if err != nil {
		return err
	}
	return p.d.add(n)
}

func (p *jsonReader) word(word string) error {
	if !bytes.HasPrefix(p.b[p.i:], []byte(word)) {
		return p.wrong("a value")
	}
	p.i += len(word)
	return nil
}

func (p *jsonReader) object(depth int, n item) error {
	at := p.d.n
	n.kind = kindObject
	if err := p.d.add(n); err != nil {
		return err
	}
	p.i++
	if p.space(); p.peek() == '}' {
		p.i++
		p.d.node(at).to = p.d.n
		return nil
	}
	for count := uint32(1); ; count++ {
		if p.peek() != '"' {
			return p.wrong("the name of a member")
		}
		from, to, how, err := p.text()
		switch {
		case err != nil:
			return err
		case how == kindNoText:
			return fmt.Errorf("the name of a member, before byte %d, has half of a surrogate pair", p.i)
		case to-from > maxName:
			return fmt.Errorf("the name of a member, before byte %d, is longer than %d bytes", p.i, maxName)
		}
		if p.space(); p.peek() != ':' {
			return p.wrong("a colon")
		}
		p.i++
		p.space()
		if err := p.value(depth+1, itemNamed(int(from), int(to-from), how == kindEscaped)); err != nil {
			return err
		}
		switch p.space(); p.peek() {
		case ',':
			p.i++
			p.space()
		case '}':
			p.i++
			p.d.node(at).from, p.d.node(at).to = count, p.d.n
			if err := p.d.distinct(at, false); err != nil || depth > 0 {
				return err
			}
			return p.d.distinct(at, true)
		default:
			return p.wrong("a comma or a closing brace")
		}
	}
}

func (p *jsonReader) list(depth int, n item) error {
	at := p.d.n
	n.kind = kindList
	if err := p.d.add(n); err != nil {
		return err
	}
	p.i++
	if p.space(); p.peek() == ']' {
		p.i++
		p.d.node(at).to = p.d.n
		return nil
	}
	for count := uint32(1); ; count++ {
		if err := p.value(depth+1, item{}); err != nil {
			return err
		}
		switch p.space(); p.peek() {
		case ',':
			p.i++
			p.space()
		case ']':
			p.i++
			p.d.node(at).from, p.d.node(at).to = count, p.d.n
			return nil
		default:
			return p.wrong("a comma or a closing bracket")
		}
	}
}

// number passes over a number, which is left as it is written.
func (p *jsonReader) number() error {
	if p.peek() == '-' {
		p.i++
	}
	if p.peek() == '0' {
		p.i++ // no digit may follow, which whoever called sees
	} else if !p.digits() {
		return p.wrong("a digit")
	}
	if p.peek() == '.' {
		if p.i++; !p.digits() {
			return p.wrong("a digit")
		}
	}
	if c := p.peek(); c == 'e' || c == 'E' {
		p.i++
		if c := p.peek(); c == '+' || c == '-' {
			p.i++
		}
		if !p.digits() {
			return p.wrong("a digit")
		}
	}
	return nil
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

// text passes over a string, and returns where it stands and how it is written.
func (p *jsonReader) text() (from, to uint32, how kind, err error) {
	p.i++
	from, how = uint32(p.i), kindText
	for {
		if err := p.plain(); err != nil {
			return 0, 0, 0, err
		}
		if p.b[p.i] == '"' {
			p.i++
			return from, uint32(p.i - 1), how, nil
		}
		c, err := p.escape()
		switch {
		case err != nil:
			return 0, 0, 0, err
		case c < 0:
			how = kindNoText
		case how == kindText:
			how = kindEscaped
		}
	}
}

// plain passes over the bytes before a quotation mark or a backslash.
func (p *jsonReader) plain() error {
	for i, c := range p.b[p.i:] {
		switch {
		case c == '"' || c == '\\':
			p.i += i
			return nil
		case c < ' ':
			p.i += i
			return p.wrong("a character that a string may have")
		}
	}
	p.i = len(p.b)
	return p.wrong("the end of a string")
}

// unescapedJSON is the text that a string which was read is written for.
func unescapedJSON(raw []byte) string {
	p := jsonReader{b: raw}
	text := make([]byte, 0, len(raw))
	for p.i < len(raw) {
		if raw[p.i] != '\\' {
			text = append(text, raw[p.i])
			p.i++
			continue
		}
		c, err := p.escape()
		if err != nil {
			panic("aws: internal error: " + err.Error())
		}
		text = utf8.AppendRune(text, c)
	}
	return string(text)
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
		if bytes.HasPrefix(p.b[p.i:], []byte(`\u`)) {
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
	if len(p.b)-p.i < 4 {
		return 0, false
	}
	var u rune
	for _, c := range p.b[p.i : p.i+4] {
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
