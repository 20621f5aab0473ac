package sigv4

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
)

func TestEventsAreReadAsTheyCame(t *testing.T) {
	for _, sizes := range [][]int{{}, {0}, {1}, {100, 8 << 10, 100}, {small, small - 200, 1}, {3 << 20, 10, 2 << 20}} {
		r, s := streamRequest(t)
		wire := bytes.Join(sealedStream(t, someCredentials(), s, signedAt, sizes...), nil)
		for way, body := range map[string]io.Reader{
			"at once":           bytes.NewReader(wire),
			"by halves":         iotest.HalfReader(bytes.NewReader(wire)),
			"EOF with the last": iotest.DataErrReader(bytes.NewReader(wire)),
		} {
			var room room
			r.Body = io.NopCloser(body)
			e, err := s.Events(r, someCredentials(), Options{Clock: clock(signedAt), Buffers: new(Buffers), Hold: room.hold})
			if err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(e); !bytes.Equal(got, wire) || err != nil {
				t.Errorf("%v, %s: got %d bytes, want %d: %v", sizes, way, len(got), len(wire), err)
			}
			if n, err := e.Read(make([]byte, 1)); n != 0 || err != io.EOF {
				t.Errorf("%v, %s: after the end: got %d bytes, %v", sizes, way, n, err)
			}
			if held := room.held.Load(); held != 0 {
				t.Errorf("%v, %s: %d bytes are held after the end", sizes, way, held)
			}
		}
	}
}

// TestEventsGoOnUnderOtherSignatures has the SDK decode what goes on, and sign
// it again.
func TestEventsGoOnUnderOtherSignatures(t *testing.T) {
	seed, minted := someSeed()
	seed.Scope.Service = "transcribe"
	r, s := streamRequest(t)
	sizes := []int{100, 8 << 10, 300_000, 0, 5}
	frames := sealedStream(t, someCredentials(), s, signedAt, sizes...)
	r.Body = io.NopCloser(bytes.NewReader(bytes.Join(frames, nil)))
	at := signedAt
	e, err := s.Events(r, someCredentials(), Options{Clock: func() time.Time { return at }})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.SignAnew(seed, minted); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(e)
	if err != nil {
		t.Fatal(err)
	}
	checkStream(t, got, minted, seed, sizes)

	// Across midnight, in and out.
	r, s = streamRequest(t)
	signer := eventSigner(t, someCredentials(), s)
	midnight := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	var wire []byte
	for i := range 4 {
		wire = append(wire, sealEvent(t, signer, innerEvent(t, somePayload(10)), midnight.Add(time.Duration(i-2)*time.Second), false)...)
	}
	wire = append(wire, sealEvent(t, signer, nil, midnight.Add(3*time.Second), false)...)
	r.Body = io.NopCloser(bytes.NewReader(wire))
	at = midnight.Add(-time.Second)
	if e, err = s.Events(r, someCredentials(), Options{Clock: func() time.Time { at = at.Add(500 * time.Millisecond); return at }}); err != nil {
		t.Fatal(err)
	}
	if err := e.SignAnew(seed, minted); err != nil {
		t.Fatal(err)
	}
	if got, err = io.ReadAll(e); err != nil {
		t.Fatal(err)
	}
	checkStream(t, got, minted, seed, []int{10, 10, 10, 10})
}

func TestNothingOfABadEventIsRead(t *testing.T) {
	sum := func(frame []byte) []byte { // as whoever tampers would
		binary.BigEndian.PutUint32(frame[8:], crc32.ChecksumIEEE(frame[:8]))
		binary.BigEndian.PutUint32(frame[len(frame)-4:], crc32.ChecksumIEEE(frame[:len(frame)-4]))
		return frame
	}
	reframe := func(t *testing.T, frame []byte, change func(m *eventstream.Message)) []byte {
		m, err := eventstream.NewDecoder().Decode(bytes.NewReader(frame), nil)
		if err != nil {
			t.Fatal(err)
		}
		change(&m)
		return encodeEvent(t, m)
	}
	for name, test := range map[string]struct {
		change func(t *testing.T, f [][]byte) [][]byte
		whole  int // events that are read all the same
		err    string
	}{
		"a byte of audio":     {func(t *testing.T, f [][]byte) [][]byte { f[2][500] ^= 1; f[2] = sum(f[2]); return f }, 2, "event 3: the signature does not match"},
		"a byte, not the sum": {func(t *testing.T, f [][]byte) [][]byte { f[2][500] ^= 1; return f }, 2, "event 3: its checksum is wrong"},
		"another signature":   {func(t *testing.T, f [][]byte) [][]byte { f[2][60] ^= 1; f[2] = sum(f[2]); return f }, 2, "event 3: the signature does not match"},
		"another date":        {func(t *testing.T, f [][]byte) [][]byte { f[2][preludeSize+dateSize-1] ^= 1; f[2] = sum(f[2]); return f }, 2, "event 3: the signature does not match"},
		"an old date": {func(t *testing.T, f [][]byte) [][]byte {
			f[2][preludeSize+dateSize-4] ^= 0x40
			f[2] = sum(f[2])
			return f
		}, 2, "event 3: the signature is too old"},
		"an event twice":          {func(t *testing.T, f [][]byte) [][]byte { f[2] = f[1]; return f }, 2, "event 3: the signature does not match"},
		"an event doubled":        {func(t *testing.T, f [][]byte) [][]byte { return slices.Insert(f, 2, f[1]) }, 2, "event 3: the signature does not match"},
		"events swapped":          {func(t *testing.T, f [][]byte) [][]byte { f[2], f[3] = f[3], f[2]; return f }, 2, "event 3: the signature does not match"},
		"an event left out":       {func(t *testing.T, f [][]byte) [][]byte { return slices.Delete(f, 2, 3) }, 2, "event 3: the signature does not match"},
		"the end early":           {func(t *testing.T, f [][]byte) [][]byte { f[2] = f[4]; return f[:3] }, 2, "event 3: the signature does not match"},
		"the end left out":        {func(t *testing.T, f [][]byte) [][]byte { return f[:4] }, 4, "event 5: the event that ends the stream is missing"},
		"the end cut":             {func(t *testing.T, f [][]byte) [][]byte { f[4] = f[4][:50]; return f }, 4, "event 5: it is cut short"},
		"a beginning cut":         {func(t *testing.T, f [][]byte) [][]byte { f[4] = f[4][:5]; return f }, 4, "event 5: it is cut short"},
		"more behind the end":     {func(t *testing.T, f [][]byte) [][]byte { return append(f, []byte("x")) }, 5, "event 6: the stream has ended, and something is behind it"},
		"the end twice":           {func(t *testing.T, f [][]byte) [][]byte { return append(f, f[4]) }, 5, "event 6: the stream has ended, and something is behind it"},
		"nothing":                 {func(t *testing.T, f [][]byte) [][]byte { return nil }, 0, "event 1: the event that ends the stream is missing"},
		"HTTP's chunks":           {func(t *testing.T, f [][]byte) [][]byte { return [][]byte{[]byte("5\r\nhello\r\n0\r\n\r\n")} }, 0, "event 1: the checksum of its beginning is wrong"},
		"a length too small":      {func(t *testing.T, f [][]byte) [][]byte { f[2][3]--; f[2] = sum(f[2]); return f }, 2, "event 3: its checksum is wrong"},
		"a length too large":      {func(t *testing.T, f [][]byte) [][]byte { f[2][0] = 1; f[2][1] = 1; f[2] = sum(f[2]); return f }, 2, "event 3: it is larger than the 16777216 bytes"},
		"less than nothing":       {func(t *testing.T, f [][]byte) [][]byte { copy(f[2], []byte{0, 0, 0, 40}); f[2] = sum(f[2]); return f }, 2, "event 3: it is longer than it says"},
		"an event that is inside": {func(t *testing.T, f [][]byte) [][]byte { f[2] = innerEvent(t, []byte("audio")); return f }, 2, "event 3: its headers are not a date and a signature alone"},
		"one header more": {func(t *testing.T, f [][]byte) [][]byte {
			f[2] = reframe(t, f[2], func(m *eventstream.Message) { m.Headers.Set("x", eventstream.BoolValue(true)) })
			return f
		}, 2, "event 3: its headers are not a date and a signature alone"},
		"a date as text": {func(t *testing.T, f [][]byte) [][]byte {
			f[2] = reframe(t, f[2], func(m *eventstream.Message) { m.Headers.Set(":date", eventstream.Int64Value(signedAt.UnixMilli())) })
			return f
		}, 2, "event 3: its headers are not a date and a signature alone"},
		"two dates": {func(t *testing.T, f [][]byte) [][]byte {
			copy(f[2][preludeSize+dateSize:], f[2][preludeSize:preludeSize+dateSize])
			f[2] = sum(f[2])
			return f
		}, 2, "event 3: its headers are not a date and a signature alone"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, anew := range []bool{false, true} {
				r, s := streamRequest(t)
				sizes := []int{1000, 1000, 1000, 1000}
				frames := sealedStream(t, someCredentials(), s, signedAt, sizes...)
				want := len(bytes.Join(frames[:test.whole], nil))
				var room room
				r.Body = io.NopCloser(bytes.NewReader(bytes.Join(test.change(t, frames), nil)))
				e, err := s.Events(r, someCredentials(), Options{Clock: clock(signedAt), Buffers: new(Buffers), Hold: room.hold})
				if err != nil {
					t.Fatal(err)
				}
				if anew {
					if err := e.SignAnew(someSeed()); err != nil {
						t.Fatal(err)
					}
				}
				got, err := io.ReadAll(e)
				if !errors.Is(err, ErrPayload) || !strings.Contains(err.Error(), test.err) {
					t.Errorf("got %v, want %q", err, test.err)
				}
				if len(got) != want {
					t.Errorf("got %d bytes, want the %d before it", len(got), want)
				}
				if n, again := e.Read(make([]byte, 10)); n != 0 || again != err {
					t.Errorf("and then %d bytes and %v", n, again)
				}
				if held := room.held.Load(); held != 0 {
					t.Errorf("%d bytes are held after the error", held)
				}
			}
		})
	}
}

// TestAnEventIsReadWithoutTheNext speaks by turns, as conversations go.
func TestAnEventIsReadWithoutTheNext(t *testing.T) {
	r, s := streamRequest(t)
	frames := sealedStream(t, someCredentials(), s, signedAt, 10, 300_000, 0)
	source, client := io.Pipe()
	r.Body = source
	e, err := s.Events(r, someCredentials(), Options{Clock: clock(signedAt)})
	if err != nil {
		t.Fatal(err)
	}
	for i, frame := range frames {
		go client.Write(frame)
		got := make([]byte, len(frame))
		if _, err := io.ReadFull(e, got); err != nil || !bytes.Equal(got, frame) {
			t.Fatalf("event %d: %v", i+1, err)
		}
	}
	client.Close()
	if _, err := e.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("got %v, want %v", err, io.EOF)
	}
}

func TestEventsHoldNoMoreThanTheyMay(t *testing.T) {
	r, s := streamRequest(t)
	frames := sealedStream(t, someCredentials(), s, signedAt, 1<<20, 10, 10)
	var room room
	source, client := io.Pipe()
	r.Body = source
	e, err := s.Events(r, someCredentials(), Options{Clock: clock(signedAt), Hold: room.hold, Buffers: new(Buffers)})
	if err != nil {
		t.Fatal(err)
	}
	read := func(frame []byte) {
		t.Helper()
		go client.Write(frame)
		if _, err := io.ReadFull(e, make([]byte, len(frame))); err != nil {
			t.Fatal(err)
		}
	}
	read(frames[0])
	if held := room.held.Load(); held < 1<<20 {
		t.Errorf("%d bytes are held of an event of 1 MiB", held)
	}
	read(frames[1])
	if held := room.held.Load(); held != small {
		t.Errorf("%d bytes are held after a large event, want %d", held, small)
	}
	e.Close()
	if held := room.held.Load(); held != 0 {
		t.Errorf("%d bytes are held by nobody", held)
	}

	r.Body = io.NopCloser(bytes.NewReader(bytes.Join(frames, nil)))
	room.limit.Store(2 * small)
	if e, err = s.Events(r, someCredentials(), Options{Clock: clock(signedAt), Hold: room.hold}); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(e); err != errFull {
		t.Errorf("got %v, want %v", err, errFull)
	}
}

func TestEventsAreReadOnlyWhereTheHeadAnnouncesThem(t *testing.T) {
	r := &http.Request{Header: http.Header{}, Body: io.NopCloser(strings.NewReader("x"))}
	s, _ := someSeed()
	for _, mode := range []string{"", Unsigned, StreamingSigned, StreamingUnsigned, StreamingAsymmetric, hash(nil)} {
		s.Payload = mode
		if _, err := s.Events(r, someCredentials(), Options{}); !errors.Is(err, ErrPayload) {
			t.Errorf("mode %q: got %v, want %v", mode, err, ErrPayload)
		}
	}
	s.Payload = StreamingEvents
	if _, err := s.Events(r, Credentials{}, Options{}); err == nil {
		t.Error("events are verified without a secret")
	}
	e, err := s.Events(r, someCredentials(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if e.SignAnew(&Signature{}, someCredentials()) == nil || e.SignAnew(s, Credentials{}) == nil {
		t.Error("signs from nothing, or with nothing")
	}
	if got := fmt.Sprintf("%v %+v %#v", e, e, e); strings.Contains(got, "wJalr") || got != "events events events" {
		t.Errorf("prints %q", got)
	}
	s.Query = true
	if _, err := s.Events(r, someCredentials(), Options{}); !errors.Is(err, ErrPayload) {
		t.Errorf("presigned: got %v, want %v", err, ErrPayload)
	}
	s.Query, r.Body = false, http.NoBody
	if _, err := s.Events(r, someCredentials(), Options{}); !errors.Is(err, ErrPayload) {
		t.Errorf("without a body: got %v, want %v", err, ErrPayload)
	}
}

// FuzzEvents reads a stream, signs it anew and has the SDK check that. Then it
// changes a byte, and puts others in: what is delivered is what was signed
// before that.
func FuzzEvents(f *testing.F) {
	f.Add([]byte("audio"), uint16(3), uint32(17), byte(1), []byte{0})
	f.Add([]byte(""), uint16(0), uint32(90), byte(0x80), []byte("\x05:date\x08"))
	f.Add(somePayload(300), uint16(100), uint32(200), byte(4), []byte("\x00\x00\x00\x53\x00\x00\x00\x43"))
	f.Fuzz(func(t *testing.T, payload []byte, size uint16, at uint32, flip byte, other []byte) {
		if len(payload) > 1<<14 || len(payload)/(int(size)+1) > 50 {
			t.Skip("too slow")
		}
		r, s := streamRequest(t)
		signer := eventSigner(t, someCredentials(), s)
		var frames [][]byte
		for rest := payload; len(rest) > 0; {
			n := min(int(size)+1, len(rest))
			frames = append(frames, sealEvent(t, signer, rest[:n], signedAt, len(rest)%2 == 0))
			rest = rest[n:]
		}
		frames = append(frames, sealEvent(t, signer, nil, signedAt, false))
		wire := bytes.Join(frames, nil)
		read := func(body []byte, c Credentials, s *Signature, anew bool) ([]byte, error) {
			r.Body = io.NopCloser(bytes.NewReader(body))
			e, err := s.Events(r, c, Options{Clock: clock(signedAt)})
			if err != nil {
				t.Fatal(err)
			}
			if anew {
				if err := e.SignAnew(someSeed()); err != nil {
					t.Fatal(err)
				}
			}
			return io.ReadAll(e)
		}
		if got, err := read(wire, someCredentials(), s, false); !bytes.Equal(got, wire) || err != nil {
			t.Fatalf("got %d bytes, want %d: %v", len(got), len(wire), err)
		}
		anew, err := read(wire, someCredentials(), s, true)
		if len(anew) != len(wire) || err != nil {
			t.Fatalf("signed anew: got %d bytes, want %d: %v", len(anew), len(wire), err)
		}
		seed, minted := someSeed()
		seed.Payload = StreamingEvents
		if got, err := read(anew, minted, seed, false); !bytes.Equal(got, anew) || err != nil {
			t.Fatalf("signed anew: got %d bytes: %v", len(got), err)
		}
		whole := func(i int) (n int) { // bytes of the frames before the i-th byte's
			for _, frame := range frames {
				if n+len(frame) > i {
					break
				}
				n += len(frame)
			}
			return n
		}
		if flip != 0 {
			changed := bytes.Clone(wire)
			i := int(at) % len(wire)
			changed[i] ^= flip
			if got, err := read(changed, someCredentials(), s, false); !errors.Is(err, ErrPayload) || len(got) != whole(i) {
				t.Fatalf("byte %d changed: got %d bytes, want %d: %v", i, len(got), whole(i), err)
			}
		}
		if len(other) > 0 {
			i := int(at) % (len(wire) + 1)
			body := slices.Concat(wire[:i], other, wire[i:])
			got, err := read(body, someCredentials(), s, false)
			if !bytes.HasPrefix(wire, got) || !errors.Is(err, ErrPayload) {
				t.Fatalf("%q put in at %d: got %d bytes, which nobody signed: %v", other, i, len(got), err)
			}
		}
	})
}
