package sidecar

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

// keep makes c look.
func keep(c net.Conn) net.Conn {
	sc, ok := c.(syscall.Conn)
	if !ok {
		return c
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return c
	}
	return &kept{Conn: c, raw: raw}
}

var errHungUp = errors.New("the other end has closed the connection")

// Taken says that another request takes the connection.
func (k *kept) Taken() { k.taken.Store(true) }

func (k *kept) Write(p []byte) (int, error) {
	if k.taken.Swap(false) && hungUp(k.raw) {
		return 0, errHungUp
	}
	return k.Conn.Write(p)
}
