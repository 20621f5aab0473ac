package aws

import (
	"bytes"
	"strings"
)

// maxFound is how long a text may be that is found: the longest ids are tokens
// of 8 KB and ciphertexts of 6 KB, in base-64.
const maxFound = 16 << 10

// maxSteps is how many steps a path may have.
const maxSteps = 6

// A scanner finds texts in a JSON object that comes in pieces, of whatever
// length: answers of 10 MB are passed on, and not held. It keeps one text at a
// time, of those that it looks for. "A.B" is where member B of member A stands,
// and "A.#" each element of A.
//
// It checks of the syntax what it goes by, which is enough for the answers of a
// service; of one that is no JSON object it may find anything, and never says
// that it was whole unless its brackets match.
type scanner struct {
	done  bool // it has seen all that it wants to
	whole bool // and that was an object, to its end

	paths [][]string
	seen  [8]bool // of the paths without "#", which stand once
	found func(path int, text string)

	state   scanState
	kinds   []byte              // of what is open, '{' or '['
	want    [maxSteps + 2]uint8 // of the paths, those that lead through what is open at a depth
	here    uint8               // of those, which the member or element that follows is on
	keep    bool                // the string is kept
	key     bool                // the string is a member's name
	escaped bool                // a backslash was the last of it
	text    []byte
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

// newScanner returns a scanner that calls found with each text at paths, of
// which there are eight at most.
func newScanner(paths []string, found func(path int, text string)) *scanner {
	s := &scanner{found: found}
	for i, p := range paths {
		s.paths = append(s.paths, strings.Split(p, "."))
		s.want[1] |= 1 << i
	}
	return s
}

// feed scans the next piece.
func (s *scanner) feed(b []byte) {
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
}

// step takes one character outside of strings and words.
func (s *scanner) step(c byte) {
	switch s.state {
	case scanBegin:
		if c != '{' {
			s.stop()
			return
		}
		s.open(c)
	case scanFirst, scanName:
		switch {
		case c == '"':
			s.key, s.keep, s.text = true, s.looking(), s.text[:0]
			s.state = scanString
		case c == '}' && s.state == scanFirst:
			s.close(c)
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
			s.key, s.keep, s.text = false, s.ends() != 0, s.text[:0]
			s.state = scanString
		case c == '{' || c == '[':
			s.open(c)
		case c == ']' && s.state == scanItem:
			s.close(c)
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
			s.close(c)
		default:
			s.stop()
		}
	}
}

// stop gives up.
func (s *scanner) stop() { s.done = true }

// looking reports whether a path leads through what is open last.
func (s *scanner) looking() bool { return len(s.kinds) <= maxSteps && s.want[len(s.kinds)] != 0 }

// ends returns those of the paths that end at the value that follows.
func (s *scanner) ends() (ends uint8) {
	for i, p := range s.paths {
		if s.here&(1<<i) != 0 && len(p) == len(s.kinds) {
			ends |= 1 << i
		}
	}
	return ends
}

// at sets here for the member of that name, or for "#".
func (s *scanner) at(name string) {
	s.here = 0
	depth := len(s.kinds)
	if !s.looking() {
		return
	}
	for i, p := range s.paths {
		if s.want[depth]&(1<<i) != 0 && len(p) >= depth && p[depth-1] == name {
			s.here |= 1 << i
		}
	}
}

func (s *scanner) open(c byte) {
	if len(s.kinds) == maxDepth {
		s.stop()
		return
	}
	s.kinds = append(s.kinds, c)
	if d := len(s.kinds); d > 1 && d < len(s.want) {
		s.want[d] = s.here
	}
	s.here = 0
	s.state = scanFirst
	if c == '[' {
		s.state = scanItem
		s.at("#")
	}
}

func (s *scanner) close(c byte) {
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
	if s.here = 0; s.kinds[last-1] == '[' {
		s.at("#")
	}
}

// inString takes what of b is in the string, and returns how much that is.
func (s *scanner) inString(b []byte) int {
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

func (s *scanner) take(part []byte) {
	if !s.keep {
		return
	}
	if len(s.text)+len(part) > maxFound {
		if !s.key {
			s.stop() // an id that is longer than any
		}
		s.keep = false // no path has a name as long
		s.text = append(s.text[:0], '\x00')
		return
	}
	s.text = append(s.text, part...)
}

// endString takes a string as a whole.
func (s *scanner) endString() {
	text, ok := "", false
	if s.looking() || s.keep {
		p := jsonReader{s: `"` + string(s.text) + `"`, left: 1}
		var err error
		text, ok, err = p.text()
		ok = ok && err == nil
	}
	if s.key {
		if s.at(text); !ok || text == "#" { // which stands for what no name does
			s.here = 0
		}
		s.state = scanColon
		return
	}
	s.state = scanAfter
	for i, ends := 0, s.ends(); s.keep && i < len(s.paths); i++ {
		if ends&(1<<i) == 0 {
			continue
		}
		if !ok {
			s.stop()
			return
		}
		once := true
		for _, step := range s.paths[i] {
			once = once && step != "#"
		}
		if once && s.seen[i] {
			s.stop() // of two, neither
			return
		}
		s.seen[i] = true
		s.found(i, text)
	}
}
