package runtimeapi

import "bytes"

// A scanner reads along with one direction of a connection, from the head of
// one message to that of the next.
type scanner struct {
	// head is told every head when it is whole, and says how long the body
	// is; or that it cannot be known.
	head  func(head) (framing, bool)
	begin string // how every head begins, so that what is none is not waited for

	body  framing // of the message that is passing
	blind bool    // it does not follow any more
}

// scan reads p, which begins where the last p's ready part ended, and returns
// how much of it is ready to be passed on: all but a head that is not whole.
func (s *scanner) scan(p []byte) (ready int) {
	for ready < len(p) && !s.blind {
		if !s.body.done() {
			n, ok := s.body.skip(p[ready:])
			ready += n
			s.blind = !ok
			continue
		}
		if n := min(len(s.begin), len(p)-ready); string(p[ready:ready+n]) != s.begin[:n] {
			s.blind = true
			break
		}
		end := bytes.Index(p[ready:], []byte("\r\n\r\n"))
		if end < 0 {
			return ready
		}
		end += ready + 4
		var ok bool
		s.body, ok = s.head(p[ready:end])
		s.blind, ready = !ok, end
	}
	return len(p)
}

// A framing says where a body ends. The zero framing is that of none.
type framing struct {
	kind  int
	left  uint64 // of a counted body, or of a chunk
	at    int    // in a chunked body
	digit bool   // the chunk's size has one
	some  bool   // the trailer's line has something
}

const (
	counted = iota
	chunked
	untilClose
)

// Where a chunked body is. (RFC 9112, section 7.1.)
const (
	size    = iota
	sizeEnd // the line after the size, until its CR
	sizeLF
	data
	dataCR
	dataLF
	trailer // a line of the trailer section, until its CR
	trailerLF
	over
)

func (f *framing) done() bool {
	return f.kind == counted && f.left == 0 || f.kind == chunked && f.at == over
}

// skip passes over as much of p as belongs to the body. It is not ok where
// the body is not framed as it says.
func (f *framing) skip(p []byte) (n int, ok bool) {
	switch f.kind {
	case untilClose:
		return len(p), true
	case counted:
		n = int(min(uint64(len(p)), f.left))
		f.left -= uint64(n)
		return n, true
	}
	for n < len(p) && f.at != over {
		if f.at == data {
			m := int(min(uint64(len(p)-n), f.left))
			f.left -= uint64(m)
			n += m
			if f.left == 0 {
				f.at = dataCR
			}
			continue
		}
		if !f.step(p[n]) {
			return n, false
		}
		n++
	}
	return n, true
}

// step takes one byte of what stands between the chunks' data.
func (f *framing) step(b byte) bool {
	switch f.at {
	case size:
		switch digit, hex := unhex(b); {
		case hex && f.left < 1<<56:
			f.left, f.digit = f.left<<4|digit, true
		case f.digit && b == '\r':
			f.at = sizeLF
		case f.digit && (b == ';' || b == ' ' || b == '\t'):
			f.at = sizeEnd
		default:
			return false
		}
	case sizeEnd:
		if b == '\r' {
			f.at = sizeLF
		}
		return b != '\n'
	case sizeLF:
		f.at, f.digit = data, false
		if f.left == 0 {
			f.at = trailer
		}
		return b == '\n'
	case dataCR:
		f.at = dataLF
		return b == '\r'
	case dataLF:
		f.at = size
		return b == '\n'
	case trailer:
		if b == '\r' {
			f.at = trailerLF
			break
		}
		f.some = true
		return b != '\n'
	case trailerLF:
		f.at = trailer
		if !f.some {
			f.at = over
		}
		f.some = false
		return b == '\n'
	}
	return true
}

// unhex returns the value of a hexadecimal digit.
func unhex(b byte) (uint64, bool) {
	switch {
	case '0' <= b && b <= '9':
		return uint64(b - '0'), true
	case 'a' <= b && b <= 'f':
		return uint64(b-'a') + 10, true
	case 'A' <= b && b <= 'F':
		return uint64(b-'A') + 10, true
	}
	return 0, false
}
