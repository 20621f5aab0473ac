package aws

import "encoding/binary"

// A cborScanner is a scanner of CBOR.
type cborScanner struct {
	finding
	open []cborOpen

	head [9]byte // of an item, as far as it is there
	had  int
	left uint64 // of the bytes of a string
	amid bool   // a string's bytes follow
	keep bool   // they are kept
	kept []byte
}

// A cborOpen is a map or a list that is open, or a string that comes in pieces.
type cborOpen struct {
	major  int
	left   uint64 // of its keys and values, or elements, if that is stated
	stated bool
	key    bool // what follows is a key
}

func (s *cborScanner) feed(b []byte) (done, whole bool) {
	for len(b) > 0 && !s.done {
		if s.amid {
			n := min(uint64(len(b)), s.left)
			s.take(b[:n])
			b = b[n:]
			if s.left -= n; s.left == 0 {
				s.endPiece()
			}
			continue
		}
		s.head[s.had] = b[0]
		s.had++
		b = b[1:]
		info, size := s.head[0]&31, 1
		if info >= 24 && info <= 27 {
			size += 1 << (info - 24)
		}
		if s.had == size {
			s.had = 0
			s.item(info, s.head[1:size])
		}
	}
	return s.done, s.whole
}

// item takes the head of an item, or a break.
func (s *cborScanner) item(info byte, argument []byte) {
	major, n := int(s.head[0]>>5), uint64(info)
	if len(argument) > 0 {
		var b [8]byte
		copy(b[8-len(argument):], argument)
		n = binary.BigEndian.Uint64(b[:])
	}
	stated := info < 28
	top := s.top()
	switch {
	case s.head[0] == cborBreak:
		if top == nil || top.stated || top.major == cborMap && !top.key {
			s.stop()
			return
		}
		s.end()
		return
	case !stated && (info != 31 || major < cborBytes || major > cborMap),
		top == nil && major != cborMap, len(s.open) > maxDepth,
		top != nil && top.key && major != cborText:
		s.stop()
		return
	case top != nil && (top.major == cborText || top.major == cborBytes): // a piece
		if major != top.major || !stated {
			s.stop()
			return
		}
		s.begin(n)
		return
	}
	switch major {
	case cborBytes, cborText:
		s.kept = s.kept[:0]
		s.keep = major == cborText && (top.key && s.looking() || !top.key && s.ending())
		if !stated {
			s.open = append(s.open, cborOpen{major: major})
			return
		}
		s.begin(n)
	case cborList, cborMap:
		if major == cborMap {
			if n >= 1<<62 {
				s.stop()
				return
			}
			n *= 2
		}
		s.open = append(s.open, cborOpen{major: major, left: n, stated: stated, key: major == cborMap})
		s.finding.open(major == cborList)
		if stated && n == 0 {
			s.end()
		}
	case cborTag: // the item that it is of follows
	default:
		s.next()
	}
}

func (s *cborScanner) top() *cborOpen {
	if len(s.open) == 0 {
		return nil
	}
	return &s.open[len(s.open)-1]
}

// begin begins a string's bytes, or those of a piece of one.
func (s *cborScanner) begin(n uint64) {
	if s.left = n; n > 0 {
		s.amid = true
		return
	}
	s.endPiece()
}

func (s *cborScanner) take(part []byte) {
	switch {
	case !s.keep:
	case len(s.kept)+len(part) <= maxFound:
		s.kept = append(s.kept, part...)
	case s.isKey(): // which no path has
		s.keep, s.here = false, 0
	default: // an id that is longer than any
		s.stop()
	}
}

// isKey reports whether the string that is amid is a key.
func (s *cborScanner) isKey() bool {
	top := s.top()
	if top.major == cborText {
		top = &s.open[len(s.open)-2]
	}
	return top.key
}

// endPiece ends a string's bytes, and with them the string if it is not one in
// pieces.
func (s *cborScanner) endPiece() {
	s.amid = false
	if top := s.top(); top.major == cborMap || top.major == cborList {
		s.endString()
	}
}

// endString takes a string as a whole.
func (s *cborScanner) endString() {
	switch top := s.top(); {
	case top.key && s.keep:
		s.member(string(s.kept))
	case top.key:
		s.here = 0
	case s.keep:
		s.text(string(s.kept))
	}
	s.next()
}

// end closes what was opened last.
func (s *cborScanner) end() {
	closed := s.top().major
	s.open = s.open[:len(s.open)-1]
	if closed == cborText || closed == cborBytes {
		s.endString()
		return
	}
	top := s.top()
	if top == nil {
		s.done, s.whole = true, true
		return
	}
	s.close(top.major == cborList)
	s.next()
}

// next goes on behind an item.
func (s *cborScanner) next() {
	top := s.top()
	if top.major == cborMap {
		top.key = !top.key
	}
	if top.stated {
		if top.left--; top.left == 0 {
			s.end()
		}
	}
}
