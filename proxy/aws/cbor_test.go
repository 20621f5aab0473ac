package aws

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// The values are those of RFC 8949, appendix A, each as the member "a" of a map.
func TestCBORIsReadAsItsStandardShows(t *testing.T) {
	for _, tt := range []struct {
		item string
		want any
	}{
		{"00", json.Number("0")},
		{"17", json.Number("23")},
		{"1818", json.Number("24")},
		{"1b000000e8d4a51000", json.Number("1000000000000")},
		{"1bffffffffffffffff", json.Number("18446744073709551615")},
		{"20", json.Number("-1")},
		{"3903e7", json.Number("-1000")},
		{"3bffffffffffffffff", json.Number("-18446744073709551616")},
		{"f90000", 0.0},
		{"f93c00", 1.0},
		{"f93e00", 1.5},
		{"f97bff", 65504.0},
		{"f90001", 5.960464477539063e-8},
		{"f90400", 0.00006103515625},
		{"f9c400", -4.0},
		{"f97c00", math.Inf(1)},
		{"f9fc00", math.Inf(-1)},
		{"fa47c35000", 100000.0},
		{"fb3ff199999999999a", 1.1},
		{"f4", false},
		{"f5", true},
		{"f6", nil},
		{"f7", nil},
		{"c11a514b67b0", json.Number("1363896240")},
		{"c1fb41d452d9ec200000", 1363896240.5},
		{"c249010000000000000000", []byte{1, 0, 0, 0, 0, 0, 0, 0, 0}},
		{"c482211a00066ab3", []any{json.Number("-2"), json.Number("420531")}}, // 2.7315e-2, but for its digits
		{"40", []byte{}},
		{"4401020304", []byte{1, 2, 3, 4}},
		{"5f42010243030405ff", []byte{1, 2, 3, 4, 5}},
		{"60", ""},
		{"62225c", `"\`},
		{"62c3bc", "ü"},
		{"7f657374726561646d696e67ff", "streaming"},
		{"80", []any{}},
		{"8301820203820405", []any{json.Number("1"), []any{json.Number("2"), json.Number("3")}, []any{json.Number("4"), json.Number("5")}}},
		{"9f01820203820405ff", []any{json.Number("1"), []any{json.Number("2"), json.Number("3")}, []any{json.Number("4"), json.Number("5")}}},
		{"a0", map[string]any{}},
		{"bf6346756ef563416d7421ff", map[string]any{"Fun": true, "Amt": json.Number("-2")}},
		{"a16161bf61626163ff", map[string]any{"a": map[string]any{"b": "c"}}},
	} {
		body, err := hex.DecodeString("a16161" + tt.item)
		if err != nil {
			t.Fatal(err)
		}
		members, err := parseCBOR(body)
		if got := plainly(members.get("a")); err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: got %#v, %v, want %#v", tt.item, got, err, tt.want)
		}
	}
	nan, err := parseCBOR([]byte("\xa1\x61a\xf9\x7e\x00"))
	if v, _ := nan.get("a").(float64); err != nil || !math.IsNaN(v) {
		t.Errorf("got %v, %v, want NaN", nan, err)
	}
}

func TestCBORThatTwoReadersReadDifferentlyIsRefused(t *testing.T) {
	deep := func(n int) string { return "a16161" + strings.Repeat("81", n) + "00" }
	for _, tt := range []struct{ body, want string }{
		{"", "ends amid"},
		{"80", "no CBOR map"},
		{"6161", "no CBOR map"},
		{"c1a0", "is a tag (1)"},
		{"a0a0", "goes on after"},
		{"a000", "goes on after"},
		{"a1", "ends amid"},
		{"a16161", "ends amid"},
		{"bf", "ends amid"},
		{"bf6161ff", "no item"}, // a key without a value
		{"a16161ff", "no item"},
		{"ff", "no item"},
		{"a161618200ff", "no item"},
		{"a16161820000" + "ff", "goes on after"},
		{"a1616162", "ends amid"},
		{"a161611b00", "ends amid"},
		{"a161617bffffffffffffffff", "ends amid"},
		{"bbffffffffffffffff", "ends amid"},
		{"a161619bffffffffffffffff", "ends amid"},
		{"a10000", "byte 1 is a key that is no text"},
		{"a1416100", "byte 1 is a key that is no text"},
		{"a1c1616100", "byte 1 is a key that is no text"},
		{"a161611c", "no item"},
		{"a161611f", "no item"},
		{"a16161df00", "no item"},
		{"a16161f0", "simple value"},
		{"a16161f814", "simple value"}, // false, in a form that is not well-formed
		{"a16161f8ff", "simple value"},
		{"a16161c000", "a tag (0)"},
		{"a16161c16161", "a tag (1)"},
		{"a16161c26161", "a tag (2)"},
		{"a16161c48100", "a tag (4)"},
		{"a16161d9d9f700", "a tag (55799)"},
		{"a1616161ff", "not UTF-8"},
		{"a161ff00", "not UTF-8"},
		{"a1616163eda080", "not UTF-8"},
		{"a161617f61c361bcff", "not UTF-8"}, // a character in two pieces
		{"a161617f4161ff", "no piece"},
		{"a161617f7f6161ffff", "no piece"},
		{"a161617f00ff", "no piece"},
		{"a161615f6161ff", "no piece"},
		{"a2616100616101", `"a" stands twice`},
		{"a26161007f6161ff01", `"a" stands twice`},
		{"a2616100780161" + "01", `"a" stands twice`},
		{"a2616100614101", `"a" stands twice`},
		{"a16161a2616200616201", `"b" stands twice`},
		{"a1616181a2616200616201", `"b" stands twice`},
		{deep(64), "nests deeper than 64"},
		{strings.Repeat("81", 1<<20), "nests deeper than 64"},
		{strings.Repeat("c1", 1<<20), "nests deeper than 64"},
		{"a161619f" + strings.Repeat("00", maxValues) + "ff", "more than 524288 values"},
		{"a161617f" + strings.Repeat("60", maxValues) + "ff", "more than 524288 values"},
	} {
		body, err := hex.DecodeString(tt.body)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parseCBOR(body); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%.60s: got %v, want %s", tt.body, err, tt.want)
		}
	}
	body, _ := hex.DecodeString(deep(63))
	if _, err := parseCBOR(body); err != nil {
		t.Errorf("64 deep: %v", err)
	}
}

// FuzzParseCBOR writes again what parseCBOR takes, in three forms, and reads
// the same. Taken apart by a walker that knows lengths alone, it is one item
// with as many items in it as there are values and keys.
func FuzzParseCBOR(f *testing.F) {
	for _, s := range []string{
		"a0", "a161611b000000e8d4a51000", "bf6346756ef563416d7421ff", "a16161c11a514b67b0", "a161615f42010243030405ff",
		"a161617f657374726561646d696e67ff", "a26161f97e006162fb7ff8000000000001", "a16161a2616200614201", "a16161c482211903e8",
		"a2616100614101", "a16161f7", "a161613bffffffffffffffff",
	} {
		b, err := hex.DecodeString(s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := parseCBOR(body)
		if err != nil {
			return
		}
		if n := skipCBOR(body); n != len(body) {
			t.Fatalf("%x: read %d bytes, and its item ends after %d", body, len(body), n)
		}
		for form := range 3 {
			written := writeCBOR(nil, got, form)
			again, err := parseCBOR(written)
			if err != nil {
				t.Fatalf("%x: written as %x: %v", body, written, err)
			}
			if !reflect.DeepEqual(writeCBOR(nil, again, 0), writeCBOR(nil, got, 0)) { // NaN is not equal to itself
				t.Fatalf("%x: read %v, and then %v", body, got, again)
			}
		}
	})
}

// skipCBOR is the length of the item that b begins with, or -1.
func skipCBOR(b []byte) int {
	if len(b) == 0 {
		return -1
	}
	major, info, n, i := b[0]>>5, b[0]&31, uint64(b[0]&31), 1
	if info >= 24 && info <= 27 {
		size := 1 << (info - 24)
		n = 0
		for _, c := range b[1 : 1+size] {
			n = n<<8 | uint64(c)
		}
		i += size
	}
	each := map[byte]uint64{cborList: n, cborMap: 2 * n, cborTag: 1}[major]
	switch {
	case info == 31:
		for b[i] != cborBreak {
			i += skipCBOR(b[i:])
		}
		return i + 1
	case major == cborBytes || major == cborText:
		return i + int(n)
	}
	for range each {
		i += skipCBOR(b[i:])
	}
	return i
}

// writeCBOR writes v: in form 0 as short as it can be, in form 1 with the
// longest heads, in form 2 in pieces and without lengths.
func writeCBOR(b []byte, v any, form int) []byte {
	head := func(major byte, n uint64) {
		switch {
		case form != 1 && n < 24:
			b = append(b, major<<5|byte(n))
		case form != 1 && n < 1<<8:
			b = append(b, major<<5|24, byte(n))
		default:
			b = binary.BigEndian.AppendUint64(append(b, major<<5|27), n)
		}
	}
	pieces := func(major byte, s string) {
		if form == 2 {
			b = append(b, major<<5|31)
			for s != "" {
				n := 1
				if major == cborText {
					_, n = utf8.DecodeRuneInString(s)
				}
				head(major, uint64(n))
				b, s = append(b, s[:n]...), s[n:]
			}
			b = append(b, cborBreak)
			return
		}
		head(major, uint64(len(s)))
		b = append(b, s...)
	}
	switch v := plainly(v).(type) {
	case nil:
		b = append(b, 0xf6)
	case bool:
		if b = append(b, 0xf4); v {
			b[len(b)-1]++
		}
	case float64:
		b = binary.BigEndian.AppendUint64(append(b, 0xfb), math.Float64bits(v))
	case json.Number:
		if s, negative := strings.CutPrefix(string(v), "-"); !negative {
			head(cborUint, decimal(s))
		} else {
			head(cborNegative, decimal(s)-1) // 2⁶⁴ is 0, and so right
		}
	case string:
		pieces(cborText, v)
	case []byte:
		pieces(cborBytes, string(v))
	case []any:
		if form == 2 {
			b = append(b, cborList<<5|31)
		} else {
			head(cborList, uint64(len(v)))
		}
		for _, v := range v {
			b = writeCBOR(b, v, form)
		}
		if form == 2 {
			b = append(b, cborBreak)
		}
	case map[string]any:
		if form == 2 {
			b = append(b, cborMap<<5|31)
		} else {
			head(cborMap, uint64(len(v)))
		}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			pieces(cborText, name)
			b = writeCBOR(b, v[name], form)
		}
		if form == 2 {
			b = append(b, cborBreak)
		}
	}
	return b
}

// decimal reads digits, modulo 2⁶⁴.
func decimal(s string) (n uint64) {
	for _, c := range []byte(s) {
		n = 10*n + uint64(c-'0')
	}
	return n
}
