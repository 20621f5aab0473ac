package aws

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

var scanned = []string{"Next", "List.#", "List.#.Id", "A.B", "A.List.#.C"}

// scanText scans text in pieces of some length.
func scanText(text []byte, piece int) (found []string, whole bool) {
	if len(text) == 0 {
		return nil, false
	}
	s := newScanner(text[0], scanned, func(path int, text string) { found = append(found, scanned[path]+"="+text) })
	for part := range slices.Chunk(text, piece) {
		done := false
		if done, whole = s.feed(part); done {
			break
		}
	}
	return found, whole
}

// textsAt returns what a scanner is to find in a value that was parsed: without
// the order, which an object has none of once it is parsed.
func textsAt(v any, steps []string, path string) (found []string) {
	if len(steps) == 0 {
		if s, ok := v.(string); ok {
			found = append(found, path+"="+s)
		}
		return found
	}
	switch v := v.(type) {
	case []any:
		if steps[0] == "#" {
			for _, e := range v {
				found = append(found, textsAt(e, steps[1:], path)...)
			}
		}
	case map[string]any:
		if e, ok := v[steps[0]]; ok && steps[0] != "#" {
			found = textsAt(e, steps[1:], path)
		}
	}
	return found
}

func TestAScannerFindsWhatStandsAtAPath(t *testing.T) {
	for _, tt := range []struct {
		text string
		want string // what is found; empty: the scanner gives up
	}{
		{`{}`, `[]`},
		{"{ }\n", `[]`},
		{`{"Next": "a"}`, `[Next=a]`},
		{"\r\n{\t\"Next\" :\n\"a\" , \"More\" : [ ] }", `[Next=a]`},
		{`{"N\u0065xt": "\u0061\/\"\\\ud83d\udc18"}`, `[Next=a/"\🐘]`},
		{`{"Next": null, "List": [null, 1, true, ["x"], {"Id": "y"}, "z"]}`, `[List.#.Id=y List.#=z]`},
		{`{"Next": {"Next": "a"}, "B": "b", "A": {"Next": "c", "B": "d"}}`, `[A.B=d]`},
		{`{"Records": [{"Next": "a", "Data": "{\"Next\": \"b\"}"}], "Next": "c"}`, `[Next=c]`},
		{`{"A": {"List": [{"C": "1"}, {"D": {"C": "x"}}, [{"C": "y"}], {"C": "2"}]}}`, `[A.List.#.C=1 A.List.#.C=2]`},
		{`{"next": "a", "NEXT": "b", "Nex": "c", "Nextt": "d", "": "e"}`, `[]`},
		{`{"#": "a", "List": {"#": "b"}}`, `[]`},
		{`{"More": "` + strings.Repeat("m", 2*maxFound) + `", "Next": "a"}`, `[Next=a]`},
		{`{"` + strings.Repeat("m", 2*maxFound) + `": "b", "Next": "a"}`, `[Next=a]`},
		{`{"Next": "` + strings.Repeat("m", 2*maxFound) + `"}`, ``},
		{`{"Next": "a", "Next": "a"}`, ``},
		{`{"Next": "\ud83d"}`, ``},
		{`{"Next": "a"`, ``},
		{`{"Next": "a`, ``},
		{`{"Next": "a"]`, ``},
		{`{"Next": ["a"}`, ``},
		{`{"Next" "a"}`, ``},
		{`{Next: "a"}`, ``},
		{`[{"Next": "a"}]`, ``},
		{`"Next"`, ``},
		{``, ``},
		{strings.Repeat(`{"A":`, maxDepth+1) + "1" + strings.Repeat("}", maxDepth+1), ``},
	} {
		for _, piece := range []int{1, 2, 3, 1 << 20} {
			found, whole := scanText([]byte(tt.text), piece)
			got := ""
			if whole {
				got = fmt.Sprint(found)
			}
			if got != tt.want {
				t.Errorf("%.200s, in pieces of %d: got %.200s, want %.200s", tt.text, piece, got, tt.want)
			}
		}
	}
}

// FuzzScanner holds a scanner to the reader of bodies: of an object that this
// takes, it finds the same, and its pieces make no difference.
func FuzzScanner(f *testing.F) {
	for _, seed := range []string{
		`{"Next": "a", "List": ["b", {"Id": "c"}]}`, `{"A": {"B": "\u0061", "List": [{"C": "d"}]}}`,
		`{"Records": [{"Data": "{\"Next\": \"e\"}"}], "Next": null, "N": -15}`, `{"Next": "a", "Next": "b"}`, `{"#": "a", "List": {"#": "b"}, "A": {"List": {"#": {"C": "d"}}}}`,
	} {
		f.Add([]byte(seed), uint8(3))
		members, err := parseJSON([]byte(seed))
		if err == nil {
			for form := range 3 {
				f.Add(writeCBOR(nil, members, form), uint8(2))
			}
		}
	}
	f.Fuzz(func(t *testing.T, text []byte, piece uint8) {
		got, whole := scanText(text, max(len(text), 1))
		parts, wholly := scanText(text, int(piece)%7+1)
		if !slices.Equal(got, parts) || whole != wholly {
			t.Fatalf("at once %q, %t; in parts %q, %t", got, whole, parts, wholly)
		}
		parse := parseJSON
		if len(text) > 0 && isCBOR(text[0]) {
			parse = parseCBOR
		}
		members, err := parse(text)
		if err != nil {
			return // what it found then is of no resource that was not granted: see FuzzNothingIsRememberedThatWasNotGranted
		}
		var want []string
		for _, path := range scanned {
			want = append(want, textsAt(plainly(members), strings.Split(path, "."), path)...)
		}
		slices.Sort(got)
		slices.Sort(want)
		if !whole && !bytes.Contains(text, []byte(`\u`)) && len(text) < maxFound {
			t.Fatalf("gave up on %q", text)
		}
		if whole && !slices.Equal(got, want) {
			t.Fatalf("got %q, want %q", got, want)
		}
	})
}

func TestAScannerFindsTheSameInCBOR(t *testing.T) {
	for _, text := range []string{
		`{}`, `{"Next": "a"}`, `{"Next": null, "List": [null, 1, true, ["x"], {"Id": "y"}, "z"]}`,
		`{"Next": {"Next": "a"}, "B": "b", "A": {"Next": "c", "B": "d"}}`,
		`{"Records": [{"Next": "a", "Data": ""}], "Next": ""}`,
		`{"A": {"List": [{"C": "1"}, {"D": {"C": "x"}}, [{"C": "y"}], {"C": "2"}]}}`,
		`{"next": "a", "#": "a", "List": {"#": "b"}, "": ""}`,
		`{"More": "` + strings.Repeat("m", 2*maxFound) + `", "` + strings.Repeat("m", 2*maxFound) + `": "b", "Next": "a"}`,
	} {
		members, err := parseJSON([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		for form := range 3 {
			body := writeCBOR(nil, members, form)
			again, err := parseCBOR(body)
			if err != nil {
				t.Fatalf("%.100s: %v", text, err)
			}
			var want []string
			for _, path := range scanned {
				want = append(want, textsAt(plainly(again), strings.Split(path, "."), path)...)
			}
			slices.Sort(want)
			for _, piece := range []int{1, 2, 3, 1 << 20} {
				got, whole := scanText(body, piece)
				if slices.Sort(got); !whole || !slices.Equal(got, want) {
					t.Errorf("%.100s, in pieces of %d: got %.100q, %t, want %.100q", text, piece, got, whole, want)
				}
				if _, whole := scanText(body[:len(body)-1], piece); whole {
					t.Errorf("%.100s, less its last byte, is whole", text)
				}
			}
		}
	}
}

func BenchmarkScanner(b *testing.B) {
	var text bytes.Buffer
	text.WriteString(`{"Records": [`)
	for i := range 2000 {
		if i > 0 {
			text.WriteByte(',')
		}
		fmt.Fprintf(&text, `{"SequenceNumber": "%056d", "ApproximateArrivalTimestamp": 1.7e9, "Data": "%s", "PartitionKey": "p"}`, i, strings.Repeat("QUJD", 1250))
	}
	text.WriteString(`], "NextShardIterator": "AAAA", "MillisBehindLatest": 0}`)
	b.SetBytes(int64(text.Len()))
	for b.Loop() {
		s, whole := newScanner('{', []string{"NextShardIterator"}, func(int, string) {}), false
		for part := range slices.Chunk(text.Bytes(), 32<<10) {
			_, whole = s.feed(part)
		}
		if !whole {
			b.Fatal("it gave up")
		}
	}
}
