package aws

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"iter"
)

// A document is a body that was read: each of its values is a node of sixteen
// bytes, in the order in which they stand, which says where in the body it is.
// Texts are made of it when somebody asks for them. A million tiny objects are a
// body of a few megabytes and would be hundreds as maps, and of a body a reader
// looks at a few members.
type document struct {
	body   []byte
	inCBOR bool
	chunks [][]item // of chunkNodes each, but for the first, which grows
	few    [1][]item
	n      uint32              // nodes
	spend  func(n int64) error // asked before so many bytes are taken; nil: nobody
	of     uint32              // the object that table is of
	table  []uint32            // of its members, by the hashes of their names: see distinct
	seed   maphash.Seed
}

// chunkNodes is how many nodes are made at a time, once there are many.
const chunkNodes = 512

// An item is one value, and the name under which it stands if it is a member.
type item struct {
	from, to uint32 // of an object or a list how many it has and the node behind its last; else where it stands
	name     uint32 // where its name stands
	length   uint16 // of that, with high
	high     uint8  // above length; and isSpelled
	kind     kind
}

// isSpelled says that a name is written in escapes, or in pieces.
const isSpelled = 1 << 7

// maxName is how long the name of a member may be: longer than any of AWS's.
const maxName = 1<<23 - 1

// itemNamed returns a member that has its name in so many bytes at from.
func itemNamed(from, length int, spelled bool) item {
	n := item{name: uint32(from), length: uint16(length), high: uint8(length >> 16)}
	if spelled {
		n.high |= isSpelled
	}
	return n
}

func (n *item) spelled() bool { return n.high >= isSpelled }

// raw is how n's name is written.
func (d *document) raw(n *item) []byte {
	return d.body[n.name : n.name+uint32(n.high&^isSpelled)<<16+uint32(n.length)]
}

// A kind is how a value is written.
type kind uint8

const (
	kindNull kind = iota
	kindTrue
	kindFalse
	kindNumber  // digits
	kindText    // as it stands
	kindEscaped // JSON with escapes
	kindNoText
	kindInteger // an item of CBOR's, as are all below
	kindFloat
	kindBytes
	kindPieces     // a text in pieces
	kindBytePieces // bytes in pieces
	kindObject
	kindList
)

func (d *document) node(i uint32) *item { return &d.chunks[i/chunkNodes][i%chunkNodes] }

// add appends a node.
func (d *document) add(n item) error {
	switch at := d.n / chunkNodes; {
	case at == 0:
		if d.chunks == nil {
			d.chunks = d.few[:]
		}
		d.few[0] = append(d.few[0], n)
	case d.n%chunkNodes == 0:
		if d.spend != nil {
			if err := d.spend(chunkNodes * 16); err != nil {
				return err
			}
		}
		d.chunks = append(d.chunks, make([]item, chunkNodes))
		fallthrough
	default:
		d.chunks[at][d.n%chunkNodes] = n
	}
	d.n++
	return nil
}

// next is the node behind the one at i and all that is in it.
func (d *document) next(i uint32) uint32 {
	if n := d.node(i); n.kind >= kindObject {
		return n.to
	}
	return i + 1
}

// name is the name of the member at i.
func (d *document) name(i uint32) string {
	n := d.node(i)
	raw := d.raw(n)
	if !n.spelled() {
		return string(raw)
	}
	return d.spelled(raw)
}

// spelled is the name that is written so.
func (d *document) spelled(raw []byte) string {
	if d.inCBOR {
		s, _ := cborScalar(raw).(string)
		return s
	}
	return unescapedJSON(raw)
}

// isNamed reports whether the member at i is called so.
func (d *document) isNamed(i uint32, name string) bool {
	n := d.node(i)
	raw := d.raw(n)
	if !n.spelled() {
		return string(raw) == name
	}
	return d.spelled(raw) == name
}

// value is what stands at i: nil, bool, string, [json.Number], float64, []byte,
// noText, [tree] or [series].
func (d *document) value(i uint32) any {
	n := d.node(i)
	switch n.kind {
	case kindTrue:
		return true
	case kindFalse:
		return false
	case kindNumber:
		return json.Number(d.body[n.from:n.to])
	case kindText:
		return string(d.body[n.from:n.to])
	case kindEscaped:
		return unescapedJSON(d.body[n.from:n.to])
	case kindNoText:
		return noText{}
	case kindObject:
		return tree{d: d, at: i}
	case kindList:
		return series{d: d, at: i}
	case kindNull:
		return nil
	}
	return cborScalar(d.body[n.from:n.to])
}

// distinct refuses an object two of whose members have one name, folded or as it
// is, and leaves the table of its names behind if they are many.
func (d *document) distinct(at uint32, folded bool) error {
	count := d.node(at).from
	if count < 2 {
		return nil
	}
	// Most objects have a few members of different lengths.
	var few [16][]byte
	if count <= uint32(len(few)) {
		names, plain := few[:0], true
		for i := range d.members(at) {
			n := d.node(i)
			raw := d.raw(n)
			if plain = !n.spelled() && (!folded || isASCII(raw)); !plain {
				break
			}
			for _, other := range names {
				if len(other) == len(raw) && (bytes.Equal(other, raw) || folded && bytes.EqualFold(other, raw)) {
					return twice(string(other), string(raw))
				}
			}
			names = append(names, raw)
		}
		if plain {
			return nil
		}
	}
	table, mask := d.slots(count)
	for i := range d.members(at) {
		name := d.name(i)
		key := name
		if folded {
			key = fold(name)
		}
		slot := d.hash(key) & mask
		for ; table[slot] != 0; slot = (slot + 1) & mask {
			if other := table[slot]; d.isNamed(other, name) || folded && fold(d.name(other)) == key {
				return twice(d.name(other), name)
			}
		}
		table[slot] = i
	}
	if !folded {
		d.of, d.table = at, table
	}
	return nil
}

func twice(a, b string) error { return fmt.Errorf("member %.40q stands twice", max(a, b)) }

// slots returns an empty table for n members, which are none of them node 0.
func (d *document) slots(n uint32) (table []uint32, mask uint32) {
	size := uint32(64)
	for size < 2*n {
		size *= 2
	}
	if d.seed == (maphash.Seed{}) {
		d.seed = maphash.MakeSeed()
	}
	return make([]uint32, size), size - 1
}

func (d *document) hash(name string) uint32 { return uint32(maphash.String(d.seed, name)) }

// members are the nodes of what the object or list at i has.
func (d *document) members(at uint32) iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		i := at + 1
		for end := d.node(at).to; i < end; i = d.next(i) {
			if !yield(i) {
				return
			}
		}
	}
}

// find is the member of the object at i that is called so.
func (d *document) find(at uint32, name string) (uint32, bool) {
	if d.node(at).from <= 32 {
		for i, end := at+1, d.node(at).to; i < end; i = d.next(i) {
			if d.isNamed(i, name) {
				return i, true
			}
		}
		return 0, false
	}
	if d.of != at || d.table == nil {
		d.distinct(at, false) // which it is
	}
	mask := uint32(len(d.table) - 1)
	for slot := d.hash(name) & mask; d.table[slot] != 0; slot = (slot + 1) & mask {
		if i := d.table[slot]; d.isNamed(i, name) {
			return i, true
		}
	}
	return 0, false
}
