package sigv4

import (
	"fmt"
	"io"
	"sync"
)

// Buffers keeps what chunks were held in while they were verified, for others.
// The zero Buffers is empty and ready; it is safe for concurrent use and must
// not be copied. It prints without what it keeps.
type Buffers struct {
	pool sync.Pool // of *[small]byte
}

// small is enough for a chunk of 128 KiB, as AWS's SDK for Java sends, with
// its frame and the next one's head. (.NET's sends 80 KiB, minio-go 64 KiB.)
const small = 128<<10 + 256

// get returns a buffer of small bytes. A nil b keeps none.
func (b *Buffers) get() []byte {
	if b != nil {
		if kept, ok := b.pool.Get().(*[small]byte); ok {
			return kept[:]
		}
	}
	return make([]byte, small)
}

// put takes back a buffer that nobody uses any more. One that had to grow is
// not worth keeping.
func (b *Buffers) put(buf []byte) {
	if b != nil && len(buf) == small {
		b.pool.Put((*[small]byte)(buf))
	}
}

// Format prints nothing of what is kept, whatever the verb.
func (b *Buffers) Format(f fmt.State, _ rune) { io.WriteString(f, "buffers") }
