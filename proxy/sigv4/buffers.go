package sigv4

import (
	"errors"
	"fmt"
	"io"
	"sync"
)

// A Buffers is where chunks wait to be verified. It keeps what small chunks
// were in for others, and bounds what all of them hold at once. The zero
// Buffers is empty and ready; it is safe for concurrent use and must not be
// copied. A nil one keeps nothing and has no bound.
type Buffers struct {
	// Limit is how many bytes all chunks may hold at once. A chunk that would
	// need more fails with [ErrBusy]. Zero is 64 MiB: five hundred uploads by
	// AWS's own SDKs.
	Limit int64

	mu   sync.Mutex
	held int64
	pool sync.Pool // of *[small]byte
}

// small is enough for a chunk of 128 KiB, as AWS's SDK for Java sends, with
// its frame and the next one's head. (.NET's sends 80 KiB, minio-go 64 KiB.)
const small = 128<<10 + 256

const defaultLimit = 64 << 20

// ErrBusy is the error of a chunk for which [Buffers] had no room. The same
// upload may succeed soon.
var ErrBusy = errors.New("too much is being verified at once")

// first returns a buffer for a body's first chunk.
func (b *Buffers) first() ([]byte, error) {
	if b == nil {
		return make([]byte, small), nil
	}
	if err := b.take(small); err != nil {
		return nil, err
	}
	if kept, ok := b.pool.Get().(*[small]byte); ok {
		return kept[:], nil
	}
	return make([]byte, small), nil
}

// grow returns a larger buffer that begins as buf, in whose place it is.
func (b *Buffers) grow(buf []byte, size int) ([]byte, error) {
	if b != nil {
		if err := b.take(int64(size)); err != nil {
			return buf, err
		}
	}
	larger := make([]byte, size)
	copy(larger, buf)
	b.release(buf)
	return larger, nil
}

// release takes a buffer back that nobody uses any more.
func (b *Buffers) release(buf []byte) {
	if b == nil || buf == nil {
		return
	}
	b.mu.Lock()
	b.held -= int64(len(buf))
	b.mu.Unlock()
	if len(buf) == small {
		b.pool.Put((*[small]byte)(buf))
	}
}

func (b *Buffers) take(size int64) error {
	limit := b.Limit
	if limit == 0 {
		limit = defaultLimit
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.held+size > limit {
		return fmt.Errorf("%w: %d bytes are held, of %d", ErrBusy, b.held, limit)
	}
	b.held += size
	return nil
}

// Format prints nothing of what is held, whatever the verb.
func (b *Buffers) Format(f fmt.State, _ rune) { io.WriteString(f, "chunks") }
