package aws

import (
	"context"
	"sync/atomic"
)

// maxBodies is how much of all bodies together is buffered at a time: four of
// the largest, or a message of SNS's (256 KiB) for each of a hundred calls. A
// sandbox may have 128 MB for everything, and one that runs out of memory ends.
const maxBodies = 4 * maxBody

// A room bounds the bodies that are buffered at a time. The zero room is empty.
type room struct{ taken atomic.Int64 }

// take takes the room of a body of so many bytes until ctx, the call's, ends:
// it stays in memory until it has been sent. A body whose length is not known
// takes that of the largest. A nil r has room for all.
func (r *room) take(ctx context.Context, length int64) bool {
	if r == nil || ctx.Done() == nil {
		return true // not a server's call: nobody would say that it is over
	}
	if length < 0 {
		length = maxBody
	}
	if r.taken.Add(length) > maxBodies {
		r.taken.Add(-length)
		return false
	}
	context.AfterFunc(ctx, func() { r.taken.Add(-length) })
	return true
}
