package proxy

import (
	"bytes"
	"errors"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/lambda-remit/remit/manifest"
)

// A strictConn is an HTTP/1 client's connection on which only messages pass
// that have one meaning. net/http is lenient where RFC 9112 lets a recipient
// be, and repairs what it accepts, so that the handler cannot tell: it ends
// lines at a bare LF, unfolds headers, lets Transfer-Encoding win over
// Content-Length, drops chunk extensions, and takes an absolute target's host
// over Host's. What goes on is framed anew, so the cloud would not be misled;
// but whatever signed or inspected the message before us read another one.
// No SDK writes any of these.
//
// It does not show the TLS that it may be in: where net/http sees any, it looks
// for no HTTP/2 that was not agreed on there.
type strictConn struct {
	net.Conn
	s       *Server
	prior   bool  // HTTP/2 may come that nobody agreed on: RFC 9113, section 3.3
	seat    *seat // nil inside a tunnel: the tunnelConn beneath has it
	framing framing
	err     error
}

func (c *strictConn) Read(p []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	n, err := c.Conn.Read(p)
	if c.seat != nil {
		c.seat.touch()
	}
	call := c.framing.inBody()
	if f := c.framing.feed(p[:n], c.prior); f != nil {
		c.err = f
		if !call {
			// No call is there that could record it: net/http answers 400.
			rec := &Record{
				Time: time.Now(), Call: new(Call),
				Decision: manifest.Decision{Reason: Smuggling}, Status: f.status, Err: f,
			}
			rec.ID = c.s.id(rec, Denial{Reason: Smuggling})
			c.s.record(rec)
		}
		return 0, f
	}
	return n, err
}

// Close gives the connection's place to others.
func (c *strictConn) Close() error {
	if c.seat != nil {
		c.seat.leave()
	}
	return c.Conn.Close()
}

// CloseWrite lets net/http end an answer before it closes a connection on
// which the client still sends.
func (c *strictConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// A part is where in a message framing stands.
type part int

const (
	requestLine part = iota
	header
	body
	chunkSize
	chunk
	chunkEnd
	trailer
	preface // of HTTP/2, behind its first line
	unread  // whatever follows is not HTTP/1
)

// A framing follows where the requests on a connection begin and end.
type framing struct {
	part part
	left uint64 // bytes of body or chunk
	line []byte // that has begun in what came before
	past int    // bytes of the preface that were seen, or 1 once there was a request

	old, connect            bool
	lengths, codings, hosts int
	length                  uint64
	authority, host         string // of an absolute target, and of Host
}

// prefaceEnd is what follows "PRI * HTTP/2.0\r\n": RFC 9113, section 3.4.
const prefaceEnd = "\r\nSM\r\n\r\n"

// maxLine is more than net/http reads of a header.
const maxLine = maxHeader + 8<<10

// inBody reports whether a call is being served whose body this is.
func (f *framing) inBody() bool {
	switch f.part {
	case body, chunkSize, chunk, chunkEnd, trailer:
		return true
	}
	return false
}

func smuggled(text string) *fault { return &fault{http.StatusBadRequest, Smuggling, text} }

// feed takes the next bytes from the client.
func (f *framing) feed(p []byte, prior bool) *fault {
	for len(p) > 0 {
		switch f.part {
		case unread:
			return nil
		case preface:
			// Byte by byte: net/http looks at so many of them, and takes
			// what is not the preface for HTTP/1 again.
			if p[0] != prefaceEnd[f.past] {
				return smuggled("not HTTP/2's preface")
			}
			p = p[1:]
			if f.past++; f.past == len(prefaceEnd) {
				f.part = unread
			}
		case body, chunk:
			n := min(uint64(len(p)), f.left)
			p, f.left = p[n:], f.left-n
			if f.left > 0 {
				continue
			}
			if f.part == body {
				f.next()
			} else {
				f.part = chunkEnd
			}
		default:
			i := bytes.IndexByte(p, '\n')
			if i < 0 {
				if len(f.line)+len(p) > maxLine {
					return smuggled("a line does not end")
				}
				f.line = append(f.line, p...)
				return nil
			}
			line := p[:i+1]
			if len(f.line) > 0 {
				line = append(f.line, line...)
				f.line = nil
			}
			p = p[i+1:]
			line, ok := bytes.CutSuffix(line, []byte("\r\n"))
			if !ok {
				return smuggled("a line ends without CR")
			}
			if bytes.IndexByte(line, '\r') >= 0 || bytes.IndexByte(line, 0) >= 0 {
				return smuggled("CR or NUL within a line")
			}
			if fault := f.take(line, prior); fault != nil {
				return fault
			}
		}
	}
	return nil
}

// take takes one line, without its end.
func (f *framing) take(line []byte, prior bool) *fault {
	switch f.part {
	case requestLine:
		return f.takeRequest(line, prior)
	case header:
		if len(line) == 0 {
			return f.endHeader()
		}
		return f.takeHeader(line)
	case chunkSize:
		// RFC 9112, section 7.1.1, lets a recipient refuse extensions.
		n, err := strconv.ParseUint(string(line), 16, 60)
		if err != nil || len(line) > 15 {
			return smuggled("a chunk's size is not hexadecimal digits alone")
		}
		f.part, f.left = chunk, n
		if n == 0 {
			f.part = trailer
		}
	case chunkEnd:
		if len(line) > 0 {
			return smuggled("a chunk is longer than its size")
		}
		f.part = chunkSize
	case trailer:
		if len(line) == 0 {
			f.next()
		} else if line[0] == ' ' || line[0] == '\t' {
			return smuggled("a trailer is folded")
		}
	}
	return nil
}

func (f *framing) takeRequest(line []byte, prior bool) *fault {
	if prior && f.past == 0 && string(line) == "PRI * HTTP/2.0" {
		f.part = preface
		return nil
	}
	method, rest, _ := bytes.Cut(line, []byte(" "))
	target, version, ok := bytes.Cut(rest, []byte(" "))
	if !ok || string(version) != "HTTP/1.1" && string(version) != "HTTP/1.0" {
		return smuggled("the first line is not that of an HTTP/1.1 or HTTP/1.0 request")
	}
	f.old, f.connect = string(version) == "HTTP/1.0", string(method) == "CONNECT"
	if len(target) > 0 && target[0] != '/' && !f.connect {
		if _, rest, ok := bytes.Cut(target, []byte("://")); ok {
			if end := bytes.IndexAny(rest, "/?#"); end >= 0 {
				rest = rest[:end]
			}
			f.authority = string(rest)
		}
	}
	f.part = header
	return nil
}

func (f *framing) takeHeader(line []byte) *fault {
	if line[0] == ' ' || line[0] == '\t' {
		return smuggled("a header is folded") // RFC 9112, section 5.2
	}
	name, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.Trim(value, " \t")
	switch {
	case len(name) == 14 && bytes.EqualFold(name, []byte("Content-Length")):
		n, err := strconv.ParseUint(string(value), 10, 62)
		if err != nil || len(value) > 1 && value[0] == '0' {
			return smuggled("Content-Length is not a number")
		}
		f.length = n
		f.lengths++
	case len(name) == 17 && bytes.EqualFold(name, []byte("Transfer-Encoding")):
		if !bytes.EqualFold(value, []byte("chunked")) {
			return smuggled("Transfer-Encoding is not chunked")
		}
		f.codings++
	case len(name) == 4 && bytes.EqualFold(name, []byte("Host")):
		f.hosts++
		if f.authority != "" {
			f.host = string(value)
		}
	}
	return nil
}

func (f *framing) endHeader() *fault {
	switch {
	case f.lengths > 1:
		return smuggled("more than one Content-Length")
	case f.codings > 1:
		return smuggled("more than one Transfer-Encoding")
	case f.lengths > 0 && f.codings > 0:
		return smuggled("both Content-Length and Transfer-Encoding")
	case f.codings > 0 && f.old:
		return smuggled("Transfer-Encoding in HTTP/1.0")
	case f.connect && f.lengths+f.codings > 0:
		return smuggled("a CONNECT with a body")
	case f.hosts > 1:
		return smuggled("more than one Host")
	case f.authority != "" && f.hosts == 1 && !sameAuthority(f.authority, f.host):
		return smuggled("Host is not the host of the target")
	}
	switch {
	case f.connect:
		f.part = unread
	case f.codings > 0:
		f.part = chunkSize
	case f.length > 0:
		f.part, f.left = body, f.length
	default:
		f.next()
	}
	return nil
}

// next makes f ready for the next request.
func (f *framing) next() { *f = framing{past: 1} }

// sameAuthority compares an absolute target's authority with Host, as what a
// client means them to be: one host, the port perhaps left to the scheme.
func sameAuthority(a, b string) bool {
	hostA, portA, errA := splitAuthority(a)
	hostB, portB, errB := splitAuthority(b)
	return errA == nil && errB == nil && hostA == hostB && (portA == portB || portA == 0 || portB == 0)
}
