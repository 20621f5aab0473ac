package sidecar

import (
	"errors"
	"net"
	"sync/atomic"
	"syscall"
)

// A kept connection looks, before a new request is written on it, whether the
// other end has closed it. net/http hears of that from a goroutine that reads;
// after a thaw the next call may well be there before that has run, and what
// was written then cannot be sent again. As long as nothing was, net/http takes
// another connection.
type kept struct {
	net.Conn
	raw  syscall.RawConn
	read atomic.Bool // since it was last written to
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

func (k *kept) Read(p []byte) (int, error) {
	n, err := k.Conn.Read(p)
	if n > 0 {
		k.read.Store(true)
	}
	return n, err
}

func (k *kept) Write(p []byte) (int, error) {
	if k.read.Swap(false) && hungUp(k.raw) {
		return 0, errHungUp
	}
	return k.Conn.Write(p)
}
