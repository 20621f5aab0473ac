package sigv4

import (
	"fmt"
	"io"
	"net/http"
	"sync"
)

// frames are a body that is read frame by frame, each of which is held until it
// has been verified.
type frames struct {
	what    string // a frame is called
	body    io.ReadCloser
	buffers *Buffers
	hold    func(int64) error
	ahead   int // how much of the next frame is read along with one, so that a frame is a read or two
	n       int // the frame that is read, from 1

	buf   []byte // holds one frame and the beginning of the next
	have  int    // bytes of body in buf
	frame int    // those of them that are the frame last read
	ended bool   // body has no more
	ready []byte // in buf: verified, and not yet yielded
	err   error  // comes after ready

	mu              sync.Mutex // A transport may Close while it reads.
	reading, closed bool
}

func newFrames(what string, body io.ReadCloser, o Options) frames {
	return frames{what: what, body: body, buffers: o.Buffers, hold: o.Hold}
}

// turn makes room for the next frame: what of it was read along with the last
// begins buf.
func (f *frames) turn() error {
	if f.buf == nil {
		if err := f.take(small); err != nil {
			return err
		}
		f.buf = f.buffers.get()
	}
	f.have = copy(f.buf, f.buf[f.frame:f.have])
	f.frame = 0
	f.n++
	return nil
}

// shrink gives back what the largest frame took.
func (f *frames) shrink() {
	buf := f.buffers.get()
	f.have = copy(buf, f.buf[f.frame:f.have])
	f.frame = 0
	if f.hold != nil {
		f.hold(int64(len(buf) - len(f.buf)))
	}
	f.buf = buf
}

// yield reads what is ready, and has next read a frame where nothing is.
func (f *frames) yield(p []byte, next func() error) (int, error) {
	if !f.begin() {
		return 0, http.ErrBodyReadAfterClose
	}
	defer f.finish()
	for len(f.ready) == 0 && f.err == nil {
		f.err = next()
	}
	if len(f.ready) == 0 {
		return 0, f.err
	}
	n := copy(p, f.ready)
	f.ready = f.ready[n:]
	return n, nil
}

// Close closes the body, and lets go of what was read of it.
func (f *frames) Close() error {
	f.mu.Lock()
	f.closed = true
	f.drop()
	f.mu.Unlock()
	return f.body.Close()
}

func (f *frames) begin() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reading = !f.closed
	return f.reading
}

func (f *frames) finish() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reading = false
	f.drop()
}

// drop lets go of the buffer when nobody needs it any more. f.mu is held; but
// while f.reading, all that it does not guard is Read's.
func (f *frames) drop() {
	if !f.reading && (f.closed || len(f.ready) == 0 && f.err != nil) {
		if f.hold != nil && f.buf != nil {
			f.hold(-int64(len(f.buf)))
		}
		f.buffers.put(f.buf)
		f.buf, f.ready = nil, nil
	}
}

// fill reads until buf holds n bytes.
func (f *frames) fill(n int) error {
	for f.have < n {
		if f.ended {
			return f.bad("it is cut short")
		}
		if err := f.read(n + f.ahead); err != nil {
			return err
		}
	}
	return nil
}

// read reads once, until buf holds limit bytes at most. It has buf grow as it
// fills: a size that is only claimed costs nothing.
func (f *frames) read(limit int) error {
	if f.have == len(f.buf) {
		size := min(max(limit, 2*small), 2*len(f.buf))
		if err := f.take(size - len(f.buf)); err != nil {
			return err
		}
		larger := make([]byte, size)
		copy(larger, f.buf)
		f.buffers.put(f.buf)
		f.buf = larger
	}
	for range 100 {
		n, err := f.body.Read(f.buf[f.have:min(limit, len(f.buf))])
		f.have += n
		if err == io.EOF {
			f.ended = true
			return nil
		}
		if n > 0 || err != nil {
			return err
		}
	}
	return io.ErrNoProgress
}

// take asks for room to hold n bytes more.
func (f *frames) take(n int) error {
	if f.hold == nil {
		return nil
	}
	return f.hold(int64(n))
}

// bad says what is wrong with the frame that is read. It quotes nothing of it.
func (f *frames) bad(format string, args ...any) error {
	return fmt.Errorf("%w: %s %d: %w", ErrPayload, f.what, f.n, fmt.Errorf(format, args...))
}
