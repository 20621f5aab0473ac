package upstream

import (
	"errors"
	"net"
	"sync/atomic"
	"syscall"
)

// A kept connection looks, before the first byte of another request is written
// on it, whether the other end has closed it. net/http hears of that from a
// goroutine that reads; after a thaw the next call may well be there before
// that has run, and what was written then cannot be sent again. As long as
// nothing was, net/http takes another connection.
//
// Only the first byte: a service may answer amid a request's body and say that
// it will say no more, and that answer is the caller's. Where a request begins
// is not told by the bytes, so proxy/aws tells it, by Taken.
type kept struct {
	net.Conn
	raw   syscall.RawConn
	taken atomic.Bool // by a request of which nothing was written yet
}

// Keep returns c, a connection that an [http.Transport] will keep, made to look:
// before a request that has told it so (Taken, of the connection that Keep
// returns) writes its first byte, it asks the kernel whether the other end has
// closed it, and if so writes nothing and fails.
func Keep(c net.Conn) net.Conn {
	raw := socketOf(c)
	if raw == nil {
		return c
	}
	return &kept{Conn: c, raw: raw}
}

// socketOf returns what is beneath c, or nil.
func socketOf(c net.Conn) syscall.RawConn {
	for range 4 {
		if sc, ok := c.(syscall.Conn); ok {
			if raw, err := sc.SyscallConn(); err == nil {
				return raw
			}
		}
		outer, ok := c.(interface{ NetConn() net.Conn })
		if !ok {
			return nil
		}
		c = outer.NetConn()
	}
	return nil
}

// NetConn is the connection that looks.
func (k *kept) NetConn() net.Conn { return k.Conn }

var errHungUp = errors.New("the other end has closed the connection")

// Taken says that another request takes the connection.
func (k *kept) Taken() { k.taken.Store(true) }

func (k *kept) Write(p []byte) (int, error) {
	if k.taken.Swap(false) && hungUp(k.raw) {
		return 0, errHungUp
	}
	return k.Conn.Write(p)
}
