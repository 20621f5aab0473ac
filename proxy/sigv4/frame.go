package sigv4

import (
	"bytes"
	"crypto/sha256"
	"io"
	"slices"
	"strings"
)

// The parts of a frame: a size in hexadecimal, chunkName, a signature, CRLF,
// the chunk, CRLF. (Amazon S3 API Reference, "Signature Calculations for the
// Authorization Header: Transferring Payload in Multiple Chunks".)
const (
	chunkName   = ";chunk-signature="
	trailerName = "x-amz-trailer-signature:"

	digits = len("400000") // of MaxChunk

	maxTrailer = 4 << 10 // checksums, and one by one
)

// headEnd is the length of a head without its size.
func (c *ChunkReader) headEnd() int { return len(chunkName) + c.in.size + len("\r\n") }

// signature returns the one in buf that ends where a line that ends at end does.
func (c *ChunkReader) signature(end int) []byte { return c.buf[end-2-c.in.size : end-2] }

// next reads a frame and verifies it. At the end it returns io.EOF: then the
// frame that is ready is the last.
func (c *ChunkReader) next() error {
	if err := c.turn(); err != nil {
		return err
	}
	head, size, err := c.head()
	if err != nil {
		return err
	}
	if uint64(size) > c.left {
		return c.bad("it is longer than X-Amz-Decoded-Content-Length leaves it")
	}
	if size == 0 && c.left > 0 {
		return c.bad("it is the last, and %d bytes are missing of X-Amz-Decoded-Content-Length", c.left)
	}
	if size == 0 {
		return c.last(head)
	}
	end := head + size
	if err := c.fill(end + 2); err != nil {
		return err
	}
	if string(c.buf[end:end+2]) != "\r\n" {
		return c.bad("it does not end in CRLF where its size says")
	}
	if err := c.verify("", (*chain).chunk, c.buf[head:end], c.signature(head)); err != nil {
		return err
	}
	c.left -= uint64(size)
	c.frame = end + 2
	if c.ready = c.buf[head:end]; c.out != nil {
		c.ready = c.buf[:c.frame]
	}
	return nil
}

// head reads what precedes a chunk, and returns its length and the chunk's.
func (c *ChunkReader) head() (head, size int, err error) {
	if err := c.fill(1 + c.headEnd()); err != nil {
		return 0, 0, err
	}
	n := 0
	for ; n <= digits && isHex(c.buf[n]); n++ {
		size = size<<4 | int(unhex(c.buf[n]))
	}
	switch {
	case n > digits || size > MaxChunk:
		return 0, 0, c.bad("it is larger than the %d bytes that are verified at once; send smaller ones", MaxChunk)
	case n == 0 || n > 1 && c.buf[0] == '0':
		return 0, 0, c.bad("it does not begin with its size in hexadecimal")
	}
	head = n + c.headEnd()
	if err := c.fill(head); err != nil {
		return 0, 0, err
	}
	if string(c.buf[n:n+len(chunkName)]) != chunkName || string(c.buf[head-2:head]) != "\r\n" {
		return 0, 0, c.bad("its size is not followed by its signature alone")
	}
	return head, size, nil
}

// last verifies the last chunk, which is empty, and what follows it. It ends
// in io.EOF, and only with the body.
func (c *ChunkReader) last(head int) error {
	if err := c.verify("", (*chain).chunk, nil, c.signature(head)); err != nil {
		return err
	}
	end := head
	if c.trailer {
		var err error
		if end, err = c.readTrailer(head); err != nil {
			return err
		}
	}
	if err := c.fill(end + 2); err != nil {
		return err
	}
	if string(c.buf[end:end+2]) != "\r\n" {
		return c.bad("it is the last, and no empty line is behind it")
	}
	end += 2
	for !c.ended && c.have == end {
		if err := c.read(end + 1); err != nil {
			return err
		}
	}
	if c.have > end {
		return c.bad("it is the last, and something is behind it")
	}
	if c.frame = end; c.out != nil {
		c.ready = c.buf[:end]
	}
	return io.EOF
}

// readTrailer verifies the trailer that begins at start, and returns where its
// last line ends.
func (c *ChunkReader) readTrailer(start int) (end int, err error) {
	var lines []string
	for at := start; ; at = end {
		length := -1
		for searched := at; length < 0; {
			if i := bytes.Index(c.buf[searched:c.have], []byte("\r\n")); i >= 0 {
				length = searched + i - at
				break
			}
			if c.have-start > maxTrailer {
				return 0, c.bad("the trailer is larger than %d bytes", maxTrailer)
			}
			searched = max(at, c.have-1)
			if err := c.fill(c.have + 1); err != nil {
				return 0, err
			}
		}
		end = at + length + 2
		line := c.buf[at : at+length]
		if sig, ok := bytes.CutPrefix(line, []byte(trailerName)); ok {
			canonical, ok := canonicalTrailer(lines, c.names)
			if !ok {
				return 0, c.bad("the trailer is not what X-Amz-Trailer announces, or not as it is signed")
			}
			return end, c.verify("the trailer: ", (*chain).trailer, []byte(canonical), sig)
		}
		if len(lines) == len(c.names) {
			return 0, c.bad("the trailer has more lines than X-Amz-Trailer announces, and no signature after those")
		}
		lines = append(lines, string(bytes.TrimSuffix(line, []byte("\n"))))
	}
}

// canonicalTrailer returns what a trailer's signature is made over: its lines
// sorted, each ending in a line feed. It takes a trailer only if that is
// what it is as it stands: names in lower case, values without white space.
func canonicalTrailer(lines, names []string) (string, bool) {
	slices.SortFunc(lines, func(x, y string) int {
		x, _, _ = strings.Cut(x, ":")
		y, _, _ = strings.Cut(y, ":")
		return strings.Compare(x, y)
	})
	var b strings.Builder
	for i, line := range lines {
		name, value, _ := strings.Cut(line, ":")
		if name != names[i] || value == "" || strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
			return "", false
		}
		b.WriteString(line)
		b.WriteByte('\n')
	}
	return b.String(), len(lines) == len(names)
}

// verify checks that sig is data's signature, and puts in its place the one
// under which data goes on.
func (c *ChunkReader) verify(what string, text func(*chain, [sha256.Size]byte) []byte, data, sig []byte) error {
	hash := sha256.Sum256(data)
	if !c.in.verify(text(c.in, hash), sig) {
		return c.bad("%s%w", what, ErrMismatch)
	}
	if c.out != nil {
		return c.out.sign(text(c.out, hash), sig)
	}
	return nil
}
