package aws

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The major types of an item. (RFC 8949, section 3.1.)
const (
	cborUint = iota
	cborNegative
	cborBytes
	cborText
	cborList
	cborMap
	cborTag
	cborSimple
)

// cborBreak ends an item of no stated length.
const cborBreak = 0xff

// parseCBOR reads a map of RFC 8949, as the protocol rpc-v2-cbor has it for a
// body. Its values are those of [parseJSON], integers as [json.Number] among
// them, and beyond those float64 for floating point and []byte for byte strings.
// Undefined is null. Tags are those that Smithy has: a timestamp (1) is the
// number in it, and so are large numbers (2, 3, 4) the bytes or the list in
// them. It refuses keys that are not text, and what two readers could understand
// in two ways: the same as parseJSON, and other tags and simple values. Texts
// and bytes may come in pieces, lists and maps without a length: SDKs write them
// so. (Smithy, "Smithy RPC v2 CBOR protocol".)
//
// A call without input has no body, which is not one that parseCBOR takes.
func parseCBOR(body []byte) (tree, error) { return readCBOR(body, nil) }

// readCBOR is parseCBOR with spend asked for what it takes: see [document].
func readCBOR(body []byte, spend func(int64) error) (tree, error) {
	p := cborReader{b: body, left: maxValues, d: &document{body: body, inCBOR: true, spend: spend}}
	if err := p.value(0, item{}); err != nil {
		return tree{}, fmt.Errorf("the body is not CBOR that can be read: %w", err)
	}
	if p.i < len(p.b) {
		return tree{}, errors.New("the body goes on after its CBOR")
	}
	if p.d.node(0).kind != kindObject {
		return tree{}, errors.New("the body is no CBOR map")
	}
	return tree{d: p.d}, nil
}

// A cborReader reads a text from its beginning to its end.
type cborReader struct {
	b    []byte
	i    int // of the next byte
	left int // values that it may still have
	d    *document
}

var errCBOREnds = errors.New("it ends amid an item")

// head reads the head of an item: its major type and its argument, which is
// missing where the item has no stated length. It does not begin at a break.
func (p *cborReader) head() (major int, n uint64, stated bool, err error) {
	if p.i >= len(p.b) {
		return 0, 0, false, errCBOREnds
	}
	major, info := int(p.b[p.i]>>5), p.b[p.i]&31
	p.i++
	switch {
	case info < 24:
		return major, uint64(info), true, nil
	case info == 31 && major >= cborBytes && major <= cborMap:
		return major, 0, false, nil
	case info > 27:
		return 0, 0, false, fmt.Errorf("at byte %d is no item", p.i-1)
	}
	size := 1 << (info - 24)
	if len(p.b)-p.i < size {
		return 0, 0, false, errCBOREnds
	}
	var b [8]byte
	copy(b[8-size:], p.b[p.i:p.i+size])
	p.i += size
	return major, binary.BigEndian.Uint64(b[:]), true, nil
}

// more reports whether another element of an item follows, of which n are left,
// if that is stated. It skips the break at the end.
func (p *cborReader) more(n *uint64, stated bool) (bool, error) {
	if stated {
		if *n == 0 {
			return false, nil
		}
		*n--
		return true, nil
	}
	if p.i >= len(p.b) {
		return false, errCBOREnds
	}
	if p.b[p.i] == cborBreak {
		p.i++
		return false, nil
	}
	return true, nil
}

// value reads the item that begins at the next byte into n, which has the name
// that it stands under.
func (p *cborReader) value(depth int, n item) error {
	if depth > maxDepth {
		return fmt.Errorf("it nests deeper than %d", maxDepth)
	}
	if p.left--; p.left < 0 {
		return fmt.Errorf("it has more than %d values", maxValues)
	}
	at := p.i
	major, arg, stated, err := p.head()
	if err != nil {
		return err
	}
	n.from = uint32(at)
	switch major {
	case cborUint, cborNegative:
		n.kind = kindInteger
	case cborBytes:
		if n.kind = kindBytes; !stated {
			n.kind = kindBytePieces
		}
		err = p.pieces(major, arg, stated, nil)
	case cborText:
		if n.kind = kindPieces; stated {
			n.kind, n.from = kindText, uint32(p.i)
		}
		err = p.pieces(major, arg, stated, nil)
	case cborList:
		return p.list(arg, stated, depth, n)
	case cborMap:
		return p.object(arg, stated, depth, n)
	case cborTag:
		return p.tagged(arg, depth, n)
	default:
		// What arg is depends on how long the head was: a simple value or a number.
		switch size := p.i - at; {
		case size == 1 && arg == 20:
			n.kind = kindFalse
		case size == 1 && arg == 21:
			n.kind = kindTrue
		case size == 1 && (arg == 22 || arg == 23): // null, undefined
			n.kind = kindNull
		case size == 3, size == 5, size == 9:
			n.kind = kindFloat
		default:
			err = fmt.Errorf("at byte %d is a simple value that no body has", at)
		}
	}
	if err != nil {
		return err
	}
	n.to = uint32(p.i)
	return p.d.add(n)
}

// cborScalar is the value of an item that was read: a number, or a text or bytes
// with their heads.
func cborScalar(item []byte) any {
	p := cborReader{b: item, left: maxValues}
	major, n, stated, err := p.head()
	var whole strings.Builder
	switch {
	case err != nil:
	case major == cborUint:
		return json.Number(strconv.FormatUint(n, 10))
	case major == cborNegative && n == math.MaxUint64: // -1-n
		return json.Number("-18446744073709551616")
	case major == cborNegative:
		return json.Number("-" + strconv.FormatUint(n+1, 10))
	case major == cborSimple && p.i == 3:
		return half(uint16(n))
	case major == cborSimple && p.i == 5:
		return float64(math.Float32frombits(uint32(n)))
	case major == cborSimple:
		return math.Float64frombits(n)
	default:
		if err = p.pieces(major, n, stated, &whole); err == nil && major == cborBytes {
			return []byte(whole.String())
		}
	}
	if err != nil {
		panic("aws: internal error: " + err.Error())
	}
	return whole.String()
}

// half is a number in half precision. (RFC 8949, appendix D.)
func half(bits uint16) float64 {
	exponent, fraction := int(bits>>10&31), float64(bits&(1<<10-1))
	var v float64
	switch exponent {
	case 0:
		v = math.Ldexp(fraction, -24)
	case 31:
		if v = math.Inf(1); fraction != 0 {
			v = math.NaN()
		}
	default:
		v = math.Ldexp(fraction+1<<10, exponent-25)
	}
	if bits>>15 == 1 {
		v = -v
	}
	return v
}

// pieces reads the n bytes of a text or a byte string, or the pieces of one
// whose length is not stated, each of which is of the same type, and of a text
// a text, and adds them to whole, if there is one. (RFC 8949, section 3.2.3.)
func (p *cborReader) pieces(major int, n uint64, stated bool, whole *strings.Builder) error {
	if stated {
		return p.piece(major, n, whole)
	}
	for {
		var none uint64
		if more, err := p.more(&none, false); err != nil || !more {
			return err
		}
		if p.left--; p.left < 0 {
			return fmt.Errorf("it has more than %d values", maxValues)
		}
		at := p.i
		of, n, stated, err := p.head()
		if err != nil {
			return err
		}
		if of != major || !stated {
			return fmt.Errorf("at byte %d is no piece of what it stands in", at)
		}
		if err := p.piece(major, n, whole); err != nil {
			return err
		}
	}
}

func (p *cborReader) piece(major int, n uint64, whole *strings.Builder) error {
	if n > uint64(len(p.b)-p.i) {
		return errCBOREnds
	}
	s := p.b[p.i : p.i+int(n)]
	p.i += int(n)
	if major == cborText && !utf8.Valid(s) {
		return fmt.Errorf("the text before byte %d is not UTF-8", p.i)
	}
	if whole != nil {
		whole.Write(s)
	}
	return nil
}

func (p *cborReader) list(n uint64, stated bool, depth int, list item) error {
	at := p.d.n
	list.kind = kindList
	if err := p.d.add(list); err != nil {
		return err
	}
	for count := uint32(0); ; count++ {
		more, err := p.more(&n, stated)
		if err != nil {
			return err
		}
		if !more {
			p.d.node(at).from, p.d.node(at).to = count, p.d.n
			return nil
		}
		if err := p.value(depth+1, item{}); err != nil {
			return err
		}
	}
}

func (p *cborReader) object(n uint64, stated bool, depth int, object item) error {
	at := p.d.n
	object.kind = kindObject
	if err := p.d.add(object); err != nil {
		return err
	}
	for count := uint32(0); ; count++ {
		more, err := p.more(&n, stated)
		if err != nil {
			return err
		}
		if !more {
			p.d.node(at).from, p.d.node(at).to = count, p.d.n
			if err := p.d.distinct(at, false); err != nil || depth > 0 {
				return err
			}
			return p.d.distinct(at, true)
		}
		key := p.i
		major, length, whole, err := p.head()
		if err != nil {
			return err
		}
		if major != cborText {
			return fmt.Errorf("at byte %d is a key that is no text", key)
		}
		from := key // of one in pieces, with its head
		if whole {
			from = p.i
		}
		if err := p.pieces(major, length, whole, nil); err != nil {
			return err
		}
		if p.i-from > maxName {
			return fmt.Errorf("the key before byte %d is longer than %d bytes", p.i, maxName)
		}
		if err := p.value(depth+1, itemNamed(from, p.i-from, !whole)); err != nil {
			return err
		}
	}
}

// tagged reads what stands behind a tag. (RFC 8949, section 3.4.)
func (p *cborReader) tagged(tag uint64, depth int, n item) error {
	i, first := p.i, p.d.n
	if err := p.value(depth+1, n); err != nil {
		return err
	}
	ok := false
	switch n := p.d.node(first); tag {
	case 1: // a timestamp
		ok = n.kind == kindInteger || n.kind == kindFloat
	case 2, 3: // a large integer
		ok = n.kind == kindBytes || n.kind == kindBytePieces
	case 4: // a decimal fraction
		ok = n.kind == kindList && n.from == 2
	}
	if !ok {
		return fmt.Errorf("before byte %d is a tag (%d) that no body has, or not there", i, tag)
	}
	return nil
}
