package aws

import "bytes"

// A jsonScanner is a scanner of JSON.
type jsonScanner struct {
	finding
	state   scanState
	kinds   []byte // of what is open, '{' or '['
	keep    bool   // the string is kept
	key     bool   // the string is a member's name
	escaped bool   // a backslash was the last of it
	kept    []byte
}

type scanState int

const (
	scanBegin  scanState = iota // before the object
	scanFirst                   // a name, or the end of an object
	scanName                    // a name
	scanColon                   // a colon
	scanItem                    // a value, or the end of a list
	scanValue                   // a value
	scanString                  // amid a string
	scanWord                    // amid a number, or true, false, null
	scanAfter                   // behind a value
)

func (s *jsonScanner) feed(b []byte) (done, whole bool) {
	for i := 0; i < len(b) && !s.done; {
		if s.state == scanString {
			i += s.inString(b[i:])
			continue
		}
		c := b[i]
		if s.state == scanWord {
			switch c {
			case ',', ']', '}', ' ', '\t', '\r', '\n':
				s.state = scanAfter
			default:
				i++
			}
			continue
		}
		i++
		switch c {
		case ' ', '\t', '\r', '\n':
		default:
			s.step(c)
		}
	}
	return s.done, s.whole
}

// step takes one character outside of strings and words.
func (s *jsonScanner) step(c byte) {
	switch s.state {
	case scanBegin:
		if c != '{' {
			s.stop()
			return
		}
		s.begin(c)
	case scanFirst, scanName:
		switch {
		case c == '"':
			s.key, s.keep, s.kept = true, s.looking(), s.kept[:0]
			s.state = scanString
		case c == '}' && s.state == scanFirst:
			s.end(c)
		default:
			s.stop()
		}
	case scanColon:
		if c != ':' {
			s.stop()
			return
		}
		s.state = scanValue
	case scanItem, scanValue:
		switch {
		case c == '"':
			s.key, s.keep, s.kept = false, s.ending(), s.kept[:0]
			s.state = scanString
		case c == '{' || c == '[':
			s.begin(c)
		case c == ']' && s.state == scanItem:
			s.end(c)
		case c == ',' || c == ':' || c == '}' || c == ']':
			s.stop()
		default:
			s.state = scanWord
		}
	case scanAfter:
		switch {
		case c == ',' && s.kinds[len(s.kinds)-1] == '{':
			s.state = scanName
		case c == ',':
			s.state = scanValue
		case c == '}' || c == ']':
			s.end(c)
		default:
			s.stop()
		}
	}
}

// begin opens an object or a list.
func (s *jsonScanner) begin(c byte) {
	if len(s.kinds) == maxDepth {
		s.stop()
		return
	}
	s.kinds = append(s.kinds, c)
	s.open(c == '[')
	if s.state = scanFirst; c == '[' {
		s.state = scanItem
	}
}

// end closes what c closes.
func (s *jsonScanner) end(c byte) {
	last := len(s.kinds) - 1
	if s.kinds[last] != c-2 { // '{' and '}', '[' and ']' are two apart
		s.stop()
		return
	}
	s.kinds = s.kinds[:last]
	if last == 0 {
		s.done, s.whole = true, true
		return
	}
	s.state = scanAfter
	s.close(s.kinds[last-1] == '[')
}

// inString takes what of b is in the string, and returns how much that is.
func (s *jsonScanner) inString(b []byte) int {
	if s.escaped {
		s.escaped = false
		s.take(b[:1])
		return 1
	}
	end := bytes.IndexByte(b, '"')
	part := b
	if end >= 0 {
		part = b[:end]
	}
	if i := bytes.IndexByte(part, '\\'); i >= 0 {
		s.escaped = true
		s.take(part[:i+1])
		return i + 1
	}
	s.take(part)
	if end < 0 {
		return len(b)
	}
	s.endString()
	return end + 1
}

func (s *jsonScanner) take(part []byte) {
	switch {
	case !s.keep:
	case len(s.kept)+len(part) <= maxFound:
		s.kept = append(s.kept, part...)
	case s.key: // which no path has
		s.keep = false
	default: // an id that is longer than any
		s.stop()
	}
}

// endString takes a string as a whole.
func (s *jsonScanner) endString() {
	text, ok := "", false
	if s.keep {
		p := jsonReader{b: []byte(`"` + string(s.kept) + `"`)}
		from, to, how, err := p.text()
		if ok = err == nil && how != kindNoText; ok {
			text = unescapedJSON(p.b[from:to])
		}
	}
	switch {
	case s.key:
		if s.state = scanColon; ok {
			s.member(text)
		} else {
			s.here = 0
		}
		return
	case ok:
		s.text(text)
	case s.keep:
		s.stop()
	}
	s.state = scanAfter
}
