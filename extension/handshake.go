package extension

import (
	"errors"
	"fmt"
	"io"
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

	mu      sync.Mutex                 // guards the rest
	talking map[*net.UnixConn]struct{} // of whom the last word is awaited
	settled bool                       // none is waited for any more
	closed  bool
	ended   *sync.Cond // talking has become less
}

// The last word of a conversation is said a moment after the answer: a sandbox
// of 128 MB has a fourteenth of a processor.
const (
	lastWord   = 2 * time.Second
	maxTalking = 16 // at a time; of more, the last word is not awaited
)

// greet answers everyone of this process's user who connects to the socket of
// the layer at p. A name that is taken is an error: somebody waits there to be
// taken for the extension. asked is called after each answer, with what was
// told of the one who asked, or why nothing was.
func greet(p environ.Place, h environ.Handshake, asked func(environ.Confinement, error)) (*greeter, error) {
	answer, err := h.Encode()
	if err != nil {
		return nil, err
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: p.Socket(), Net: "unix"})
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%w: a process that outlived an earlier start of this sandbox waits there to be taken for the extension", err)
	}
	if err != nil {
		return nil, err
	}
	g := &greeter{listener: l, talking: make(map[*net.UnixConn]struct{})}
	g.ended = sync.NewCond(&g.mu)
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
			g.answer(conn, answer, asked)
		}
	})
	return g, nil
}

// answer answers, and has the last word heard in a goroutine of its own: who is
// silent must not keep others waiting.
func (g *greeter) answer(conn *net.UnixConn, answer []byte, asked func(environ.Confinement, error)) {
	// The kernel takes the whole answer at once.
	conn.SetDeadline(time.Now().Add(lastWord))
	if !sameUser(conn) {
		conn.Close()
		return
	}
	// Before the answer: who has it, and runs on, is waited for.
	g.mu.Lock()
	if g.closed {
		g.mu.Unlock()
		conn.Close()
		return
	}
	full := len(g.talking) == maxTalking
	if !full {
		g.talking[conn] = struct{}{}
	}
	g.mu.Unlock()
	_, err := conn.Write(answer)
	if err == nil {
		err = conn.CloseWrite()
	}
	if full {
		conn.Close()
		asked(environ.Confinement{}, errors.New("too many asked at once"))
		return
	}
	g.serving.Go(func() {
		defer func() {
			conn.Close()
			g.mu.Lock()
			defer g.mu.Unlock()
			delete(g.talking, conn)
			g.ended.Broadcast()
		}()
		if err == nil {
			asked(hear(conn))
		}
	})
}

// hear reads what the wrapper tells before it becomes the function.
func hear(conn *net.UnixConn) (environ.Confinement, error) {
	b, err := io.ReadAll(io.LimitReader(conn, environ.MaxConfinement))
	if err != nil {
		return environ.Confinement{}, fmt.Errorf("the wrapper did not say: %w", err)
	}
	c, err := environ.ParseConfinement(b)
	if err != nil {
		return environ.Confinement{}, errors.New("the wrapper did not say")
	}
	return c, nil
}

// settle waits, once, until whoever has been answered has said the last word.
func (g *greeter) settle() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for !g.settled && len(g.talking) > 0 {
		g.ended.Wait()
	}
	g.settled = true // what the function asks later keeps nobody waiting
}

// await waits, without an end to it, until whoever has been answered so far has
// said the last word.
func (g *greeter) await() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for !g.settled && len(g.talking) > 0 {
		g.ended.Wait()
	}
}

func (g *greeter) close() {
	g.listener.Close()
	g.mu.Lock()
	g.closed = true
	for conn := range g.talking {
		conn.Close()
	}
	g.mu.Unlock()
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
