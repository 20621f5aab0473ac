package proxy

import (
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
)

// A Passer passes bytes between the two ends of tunnels. Its zero value is ready.
type Passer struct {
	buffers sync.Pool // of *[copyBuffer]byte, each lent to one direction while it has something to pass on
}

// Pass passes bytes between two connections until both directions have ended,
// each as its source did: with its half of the connection, or with all of it. It
// closes neither.
//
// A direction in which nothing comes holds no buffer, so that a tunnel which
// only waits, as most do, takes two descriptors and a few kilobytes. (The
// kernel's splice(2), by way of io.Copy, would keep a pipe for each direction:
// six descriptors a tunnel, of the 1,024 that a process has on Lambda.)
func (p *Passer) Pass(near, far net.Conn) {
	var back sync.WaitGroup
	back.Go(func() { p.passOn(far, near) })
	p.passOn(near, far)
	back.Wait()
}

// passOn copies src to dst, and ends dst as src ended.
func (p *Passer) passOn(dst, src net.Conn) {
	err := p.relay(dst, src)
	if half, ok := dst.(interface{ CloseWrite() error }); ok && err == nil {
		if half.CloseWrite() == nil {
			return
		}
	}
	dst.Close()
	src.Close()
}

// relay writes to dst what comes from src, until that ends in good order.
func (p *Passer) relay(dst, src net.Conn) error {
	if t, ok := dst.(*tunnelConn); ok {
		dst = t.Conn
	}
	if t, ok := src.(*tunnelConn); ok {
		if len(t.early) > 0 {
			if _, err := dst.Write(t.early); err != nil {
				return err
			}
			t.early = nil
		}
		src = t.Conn
	}
	bare, ok := src.(syscall.Conn)
	if !ok { // TLS, to a proxy of the owner's
		buf := p.buffer()
		defer p.buffers.Put(buf)
		_, err := io.CopyBuffer(struct{ io.Writer }{dst}, struct{ io.Reader }{src}, buf[:])
		return err
	}
	raw, err := bare.SyscallConn()
	if err != nil {
		return err
	}
	for {
		buf, n, err := p.come(raw)
		if n > 0 {
			_, err = dst.Write(buf[:n])
		}
		if buf != nil {
			p.buffers.Put(buf)
		}
		if n == 0 || err != nil {
			return err
		}
	}
}

// come waits until something can be read, and reads it: nothing, without an
// error, where the other end has closed.
func (p *Passer) come(raw syscall.RawConn) (buf *[copyBuffer]byte, n int, err error) {
	failed := raw.Read(func(fd uintptr) bool {
		if buf == nil {
			buf = p.buffer()
		}
		for {
			n, err = syscall.Read(int(fd), buf[:])
			switch {
			case errors.Is(err, syscall.EINTR):
				continue
			case errors.Is(err, syscall.EAGAIN):
				p.buffers.Put(buf)
				buf, n = nil, 0
				return false
			}
			n = max(n, 0)
			return true
		}
	})
	return buf, n, errors.Join(failed, err)
}

func (p *Passer) buffer() *[copyBuffer]byte {
	if b, ok := p.buffers.Get().(*[copyBuffer]byte); ok {
		return b
	}
	return new([copyBuffer]byte)
}
