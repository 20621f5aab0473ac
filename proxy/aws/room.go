package aws

import (
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
)

// maxBodies is how much of all bodies together is buffered at a time: two of
// the largest, or a message of SNS's (256 KiB) for each of a hundred calls. A
// sandbox may have 128 MB for everything, and one that runs out of memory ends.
const maxBodies = 2 * maxBody

// A room bounds the bodies that are buffered at a time. The zero room is empty.
type room struct {
	mu    sync.Mutex
	taken int64

	once  sync.Once
	large chan struct{} // has something in it while a call takes much to be read
}

// maxSmall is how much a call may take to be read beside others, besides its
// body: as much as a thousand values of a hundred calls. One that takes more is
// read while no other such is. It needs nothing but the processor, of which there
// is little more than one in most sandboxes, so that to wait costs nothing, and
// to be denied for what others send would cost a call.
const maxSmall = 64 << 10

// spend counts n bytes more that it takes to read the call, and waits where they
// are many for the others that take many.
func (in *input) spend(n int64) error {
	if in.spent += n; in.spent <= maxSmall || in.large || in.room == nil {
		return nil
	}
	r := in.room
	r.once.Do(func() { r.large = make(chan struct{}, 1) })
	select {
	case r.large <- struct{}{}:
		in.large = true
		return nil
	case <-in.r.Context().Done():
		return context.Cause(in.r.Context())
	}
}

// maxRequests is how much a call may ask for: a batch of maxNamed, with a few
// actions each.
const maxRequests = 4 * maxNamed

// requestBytes is what a request takes with the keys of its context, and
// valueBytes what a value of one does.
const (
	requestBytes = 640
	valueBytes   = 64
)

// keep takes room for so many requests, which are kept for as long as the call
// lasts.
func (in *input) keep(requests []manifest.Request) error {
	switch {
	case len(requests) > maxRequests:
		return fmt.Errorf("it asks for %d things, more than the %d that are decided at a time", len(requests), maxRequests)
	case in.room == nil || in.r.Context().Done() == nil:
		return nil
	case len(requests) < 64 && len(in.buffered) <= smallBody:
		return nil
	}
	n := int64(0)
	for _, r := range requests {
		n += requestBytes
		for _, values := range r.Context {
			n += valueBytes * int64(len(values))
		}
	}
	if err := in.room.take(n); err != nil {
		return err
	}
	room := in.room // and not in, which has all that was read
	context.AfterFunc(in.r.Context(), func() { room.take(-n) })
	return nil
}

// leave lets others in, once the call was read: what it took to be read is no
// longer needed.
func (in *input) leave() {
	if in.large {
		in.large = false
		<-in.room.large
	}
}

// A guest is one body's reader, which takes room for what was read: not for
// what was announced, or a client that sends no more would keep others out.
type guest struct {
	io.Reader
	room *room

	took int64
}

// hold reads body, which is announced to be of some length or not (-1), and holds
// what it takes until ctx, the call's, ends: the body stays in memory until it has
// been sent. Of one that cannot be read to its end it holds nothing.
func (r *room) hold(ctx context.Context, body io.Reader, announced int64) ([]byte, error) {
	if r == nil || ctx.Done() == nil {
		return readAll(body, announced) // no server's call: nobody would say that it is over
	}
	g := &guest{Reader: body, room: r}
	b, err := readAll(g, announced)
	if err != nil {
		g.leave()
		return nil, err
	}
	g.Reader = nil
	context.AfterFunc(ctx, g.leave)
	return b, nil
}

func (g *guest) Read(p []byte) (int, error) {
	n, err := g.Reader.Read(p)
	g.room.mu.Lock()
	defer g.room.mu.Unlock()
	if g.room.taken+int64(n) > maxBodies {
		return 0, full()
	}
	g.took += int64(n)
	g.room.taken += int64(n)
	return n, err
}

// take has room for n bytes more, or less if n is negative, until it is told so:
// for chunks, which stay a short time each.
func (r *room) take(n int64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n > 0 && r.taken+n > maxBodies {
		return full()
	}
	r.taken += n
	return nil
}

func full() error {
	return &proxy.Refusal{Reason: proxy.Unread, Retry: true, Text: "the bodies of other calls are being read, which is all that there is room for"}
}

func (g *guest) leave() {
	g.room.mu.Lock()
	defer g.room.mu.Unlock()
	g.room.taken -= g.took
}
