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
func parseCBOR(body []byte) (map[string]any, error) {
	p := cborReader{s: string(body), left: maxValues}
	v, err := p.value(0)
	if err != nil {
		return nil, fmt.Errorf("the body is not CBOR that can be read: %w", err)
	}
	if p.i < len(p.s) {
		return nil, errors.New("the body goes on after its CBOR")
	}
	object, ok := v.(map[string]any)
	if !ok {
		return nil, errors.New("the body is no CBOR map")
	}
	return object, nil
}

// A cborReader reads a text from its beginning to its end.
type cborReader struct {
	s    string
	i    int // of the next byte
	left int // values that it may still have
}

var errCBOREnds = errors.New("it ends amid an item")

// head reads the head of an item: its major type and its argument, which is
// missing where the item has no stated length. It does not begin at a break.
func (p *cborReader) head() (major int, n uint64, stated bool, err error) {
	if p.i >= len(p.s) {
		return 0, 0, false, errCBOREnds
	}
	major, info := int(p.s[p.i]>>5), p.s[p.i]&31
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
	if len(p.s)-p.i < size {
		return 0, 0, false, errCBOREnds
	}
	var b [8]byte
	copy(b[8-size:], p.s[p.i:p.i+size])
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
	if p.i >= len(p.s) {
		return false, errCBOREnds
	}
	if p.s[p.i] == cborBreak {
		p.i++
		return false, nil
	}
	return true, nil
}

// value reads the item that begins at the next byte.
func (p *cborReader) value(depth int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("it nests deeper than %d", maxDepth)
	}
	if p.left--; p.left < 0 {
		return nil, fmt.Errorf("it has more than %d values", maxValues)
	}
	at := p.i
	major, n, stated, err := p.head()
	if err != nil {
		return nil, err
	}
	switch major {
	case cborUint:
		return json.Number(strconv.FormatUint(n, 10)), nil
	case cborNegative: // -1-n
		if n == math.MaxUint64 {
			return json.Number("-18446744073709551616"), nil
		}
		return json.Number("-" + strconv.FormatUint(n+1, 10)), nil
	case cborBytes:
		s, err := p.pieces(major, n, stated)
		return []byte(s), err
	case cborText:
		return p.pieces(major, n, stated)
	case cborList:
		return p.list(n, stated, depth)
	case cborMap:
		return p.object(n, stated, depth)
	case cborTag:
		return p.tagged(n, depth)
	}
	// What n is depends on how long the head was: a simple value or a number.
	switch size := p.i - at; {
	case size == 1 && n == 20:
		return false, nil
	case size == 1 && n == 21:
		return true, nil
	case size == 1 && (n == 22 || n == 23): // null, undefined
		return nil, nil
	case size == 3:
		return half(uint16(n)), nil
	case size == 5:
		return float64(math.Float32frombits(uint32(n))), nil
	case size == 9:
		return math.Float64frombits(n), nil
	}
	return nil, fmt.Errorf("at byte %d is a simple value that no body has", at)
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
// a text. (RFC 8949, section 3.2.3.)
func (p *cborReader) pieces(major int, n uint64, stated bool) (string, error) {
	if stated {
		return p.piece(major, n)
	}
	var whole strings.Builder
	for {
		var none uint64
		if more, err := p.more(&none, false); err != nil || !more {
			return whole.String(), err
		}
		if p.left--; p.left < 0 {
			return "", fmt.Errorf("it has more than %d values", maxValues)
		}
		at := p.i
		of, n, stated, err := p.head()
		if err != nil {
			return "", err
		}
		if of != major || !stated {
			return "", fmt.Errorf("at byte %d is no piece of what it stands in", at)
		}
		s, err := p.piece(major, n)
		if err != nil {
			return "", err
		}
		whole.WriteString(s)
	}
}

func (p *cborReader) piece(major int, n uint64) (string, error) {
	if n > uint64(len(p.s)-p.i) {
		return "", errCBOREnds
	}
	s := p.s[p.i : p.i+int(n)]
	p.i += int(n)
	if major == cborText && !utf8.ValidString(s) {
		return "", fmt.Errorf("the text before byte %d is not UTF-8", p.i)
	}
	if major == cborText && len(p.s) > maxShared {
		s = strings.Clone(s)
	}
	return s, nil
}

func (p *cborReader) list(n uint64, stated bool, depth int) (any, error) {
	list := []any{}
	for {
		if more, err := p.more(&n, stated); err != nil || !more {
			return list, err
		}
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
}

func (p *cborReader) object(n uint64, stated bool, depth int) (any, error) {
	object := make(map[string]any)
	for {
		more, err := p.more(&n, stated)
		switch {
		case err != nil:
			return nil, err
		case !more && depth == 0:
			return object, unfolded(object)
		case !more:
			return object, nil
		}
		at := p.i
		major, length, whole, err := p.head()
		if err != nil {
			return nil, err
		}
		if major != cborText {
			return nil, fmt.Errorf("at byte %d is a key that is no text", at)
		}
		name, err := p.pieces(major, length, whole)
		if err != nil {
			return nil, err
		}
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		had := len(object)
		if object[name] = v; len(object) == had {
			return nil, fmt.Errorf("member %.40q stands twice", name)
		}
	}
}

// tagged reads what stands behind a tag. (RFC 8949, section 3.4.)
func (p *cborReader) tagged(tag uint64, depth int) (any, error) {
	at := p.i
	v, err := p.value(depth + 1)
	if err != nil {
		return nil, err
	}
	ok := false
	switch tag {
	case 1: // a timestamp
		if _, ok = v.(json.Number); !ok {
			_, ok = v.(float64)
		}
	case 2, 3: // a large integer
		_, ok = v.([]byte)
	case 4: // a decimal fraction
		list, _ := v.([]any)
		ok = len(list) == 2
	}
	if !ok {
		return nil, fmt.Errorf("before byte %d is a tag (%d) that no body has, or not there", at, tag)
	}
	return v, nil
}
