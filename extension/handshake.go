package extension

import (
	"encoding/json"
	"errors"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/lambda-remit/remit/extension/environ"
)

// greeter answers on the abstract socket with the handshake. The socket is
// abstract because nothing that lies in a directory the function can write
// deserves trust.
type greeter struct {
	listener *net.UnixListener
	serving  sync.WaitGroup
}

// greet answers everyone of this process's user who connects to the socket of
// the layer at p. A name that is taken is an error: somebody waits there to be
// taken for the extension.
// asked is called after each answer.
func greet(p environ.Place, h environ.Handshake, asked func()) (*greeter, error) {
	answer, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: p.Socket(), Net: "unix"})
	if err != nil {
		return nil, err
	}
	g := &greeter{listener: l}
	g.serving.Go(func() {
		for {
			conn, err := l.AcceptUnix()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err != nil { // out of descriptors, for now
				time.Sleep(10 * time.Millisecond)
				continue
			}
			// One after the other: the kernel takes the whole answer at once.
			conn.SetDeadline(time.Now().Add(time.Second))
			if sameUser(conn) {
				if _, err := conn.Write(answer); err == nil {
					asked()
				}
			}
			conn.Close()
		}
	})
	return g, nil
}

func (g *greeter) close() {
	g.listener.Close()
	g.serving.Wait()
}

// sameUser reports whether the peer was of this process's user, or root, when
// it connected. (unix(7), SO_PEERCRED)
func sameUser(conn *net.UnixConn) bool {
	raw, err := conn.SyscallConn()
	if err != nil {
		return false
	}
	ok := false
	raw.Control(func(fd uintptr) {
		peer, err := syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
		ok = err == nil && trusted(peer)
	})
	return ok
}

func trusted(peer *syscall.Ucred) bool {
	return peer.Uid == 0 || int(peer.Uid) == os.Getuid()
}
