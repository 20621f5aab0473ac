package sigv4

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"runtime"
	"sync/atomic"
	"testing"
)

// A room is how much may be held at once.
type room struct {
	limit, held atomic.Int64
}

func (r *room) hold(n int64) error {
	if limit := r.limit.Load(); n > 0 && limit > 0 && r.held.Load()+n > limit {
		return errFull
	}
	if r.held.Add(n) < 0 {
		panic("more was given back than was held")
	}
	return nil
}

func TestChunksHoldNoMoreThanTheyMay(t *testing.T) {
	u := upload{payload: somePayload(1 << 20), credentials: someCredentials()}
	wire := u.wire(t)
	var room room
	o := Options{Buffers: new(Buffers), Hold: room.hold}

	// What is claimed costs nothing until it comes.
	source, client := io.Pipe()
	slow := u.chunks(t, source, o)
	read := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, slow)
		read <- err
	}()
	client.Write(wire[:1000])
	if held := room.held.Load(); held != small {
		t.Errorf("%d bytes are held for 1,000 that came, want %d", held, small)
	}

	// A chunk that has no room is not waited for.
	room.limit.Store(3 * small)
	_, err := io.ReadAll(u.chunks(t, bytes.NewReader(wire), o))
	if err != errFull {
		t.Errorf("got %v, want %v", err, errFull)
	}
	if held := room.held.Load(); held != small {
		t.Errorf("%d bytes are held after that, want the %d of the other", held, small)
	}

	// Closing lets go, also while another reads.
	slow.Close()
	client.CloseWithError(io.ErrUnexpectedEOF)
	if err := <-read; err == nil {
		t.Error("a closed body ends")
	}
	if held := room.held.Load(); held != 0 {
		t.Errorf("%d bytes are held by nobody", held)
	}
	if _, err := slow.Read(make([]byte, 1)); err == nil {
		t.Error("a closed body is read")
	}

	// What was let go is taken again.
	room.limit.Store(1<<20 + small)
	for range 3 {
		c := u.chunks(t, bytes.NewReader(wire), o)
		if got, err := io.ReadAll(c); !bytes.Equal(got, u.payload) || err != nil {
			t.Errorf("got %d bytes, want %d: %v", len(got), len(u.payload), err)
		}
		if held := room.held.Load(); held != 0 {
			t.Errorf("%d bytes are held after the end", held)
		}
		c.Close()
		c.Close()
		if held := room.held.Load(); held != 0 {
			t.Errorf("%d bytes are held after closing twice", held)
		}
	}
}

// TestMemoryIsFlatInTheLengthOfABody has 100 MB pass in Java's chunks, signed
// anew.
func TestMemoryIsFlatInTheLengthOfABody(t *testing.T) {
	const size, chunk = 100_000_000, 128 << 10
	u := upload{payload: make([]byte, size), sizes: []int{chunk}, credentials: someCredentials()}
	wire := u.wire(t)
	c := u.chunks(t, bytes.NewReader(wire), Options{Buffers: new(Buffers)})
	if err := c.SignAnew(someSeed()); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{c}, make([]byte, 32<<10))
	runtime.ReadMemStats(&after)
	if n != int64(len(wire)) || err != nil {
		t.Fatalf("got %d bytes, want %d: %v", n, len(wire), err)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 1<<20 {
		t.Errorf("%d bytes were allocated on the way, want less than a megabyte", took)
	}
}

func BenchmarkChunks(b *testing.B) {
	for _, chunk := range []int{8 << 10, 64 << 10, 128 << 10} {
		u := upload{payload: make([]byte, 8<<20), sizes: []int{chunk}, credentials: someCredentials()}
		r, s := u.request(b)
		wire := bytes.Join(u.frames(b, s.Value, signedAt), nil)
		seed, minted := someSeed()
		buf, o := make([]byte, 32<<10), Options{Keys: new(Keys), Buffers: new(Buffers)}
		b.Run(fmt.Sprintf("%dK/hash", chunk>>10), func(b *testing.B) { // the floor
			b.SetBytes(int64(len(u.payload)))
			for b.Loop() {
				for rest := u.payload; len(rest) > 0; rest = rest[chunk:] {
					sha256.Sum256(rest[:chunk])
				}
			}
		})
		for _, anew := range []bool{false, true} {
			name := "verify"
			if anew {
				name = "verify+sign"
			}
			b.Run(fmt.Sprintf("%dK/%s", chunk>>10, name), func(b *testing.B) {
				b.SetBytes(int64(len(u.payload)))
				b.ReportAllocs()
				for b.Loop() {
					r.Body = io.NopCloser(bytes.NewReader(wire))
					c, err := s.Chunks(r, u.credentials, o)
					if err == nil && anew {
						err = c.SignAnew(seed, minted)
					}
					if err == nil {
						_, err = io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{c}, buf)
					}
					if err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
