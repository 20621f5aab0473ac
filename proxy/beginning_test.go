package proxy

import (
	"bytes"
	"io"
	"net"
	"testing"
	"time"
)

// FuzzBeginning holds take to what it may do to a client's bytes: leave out whole
// acknowledgements of SETTINGS, and nothing else, however the bytes come.
func FuzzBeginning(f *testing.F) {
	ack := []byte{0, 0, 0, frameSettings, flagAck, 0, 0, 0, 0}
	settings := []byte{0, 0, 6, frameSettings, 0, 0, 0, 0, 0, 0, 4, 0, 16, 0, 0}
	update := []byte{0, 0, 4, frameUpdate, 0, 0, 0, 0, 0, 0, 16, 0, 0}
	headers := []byte{0, 0, 3, 1, 5, 0, 0, 0, 1, 0x82, 0x87, 0x84}
	long := []byte{255, 255, 255, 0, 0, 0, 0, 0, 1, 'x'}
	f.Add(bytes.Join([][]byte{settings, update, ack, headers, ack}, nil), 5)
	f.Add(bytes.Join([][]byte{settings, ack, ack}, nil), 1)
	f.Add(bytes.Join([][]byte{ack, long, ack}, nil), 9)
	f.Add([]byte{0, 0, 1, frameSettings, flagAck, 0, 0, 0, 0, 7}, 3)
	f.Fuzz(func(t *testing.T, in []byte, step int) {
		step = max(1, step&63)
		var b beginning
		for rest := in; len(rest) > 0; {
			n := min(step, len(rest))
			b.in = append(b.in, rest[:n]...)
			rest = rest[n:]
			b.take()
		}
		whole := beginning{in: bytes.Clone(in)}
		whole.take()
		if got, want := append(b.kept, b.in...), append(whole.kept, whole.in...); !bytes.Equal(got, want) || b.acks != whole.acks || b.spoke != whole.spoke || b.odd != whole.odd {
			t.Fatalf("in steps of %d: %x, %d acknowledged; at once: %x, %d", step, got, b.acks, want, whole.acks)
		}
		// Put the acknowledgements back where they were.
		got := append(whole.kept, whole.in...)
		for i, left := 0, whole.acks; i+frameHeader <= len(in) && left > 0; {
			n := frameHeader + (int(in[i])<<16 | int(in[i+1])<<8 | int(in[i+2]))
			if n == frameHeader && in[i+3] == frameSettings && in[i+4]&flagAck != 0 {
				got = append(got[:i:i], append(bytes.Clone(in[i:i+n]), got[i:]...)...)
				left--
			}
			i += n
		}
		if !bytes.Equal(got, in) {
			t.Fatalf("%x became %x", in, got)
		}
	})
}

// A client that says without end what comes before a first request is not
// remembered without end.
func TestABeginningHasAnEnd(t *testing.T) {
	update := []byte{0, 0, 4, frameUpdate, 0, 0, 0, 0, 0, 0, 16, 0, 0}
	ours, theirs := net.Pipe()
	defer ours.Close()
	defer theirs.Close()
	ours.SetDeadline(time.Now().Add(10 * time.Second))
	theirs.SetDeadline(time.Now().Add(10 * time.Second))
	go io.Copy(io.Discard, theirs)
	said := make(chan int)
	go func() {
		n := 0
		for frames := bytes.Repeat(update, 100); n < 16<<20; n += len(frames) {
			if _, err := theirs.Write(frames); err != nil {
				break
			}
		}
		said <- n
	}()
	if kept, err := settle(ours, nil); err == nil {
		t.Errorf("%d bytes were kept without an error", len(kept))
	}
	ours.Close()
	if n := <-said; n > 1<<20 {
		t.Errorf("%d bytes were taken", n)
	}
}
