package extension

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lambda-remit/remit/proxy"
)

// Carrier is how this program is called when all it does is to carry tunnels: see
// [Carry].
const Carrier = "remit-tunnels"

// A process has 1,024 descriptors on Lambda, and a tunnel to a host that is not
// AWS's takes two. A function that goes by a proxy variable goes so wherever it
// goes: one with hundreds of connections to an API of its own would have all that
// the extension has. So tunnels beyond the first few are handed to processes of
// this program that do nothing else, hold no secret, and end with the extension.
const (
	maxCarried  = 480 // tunnels of one such process
	maxCarriers = 4   // more than the function itself has descriptors for
	handing     = time.Second
)

// carriers are the processes that carry tunnels. The zero value starts none.
type carriers struct {
	exe string // this program; empty: nobody carries
	arg string // how it is called

	most int // tunnels of one; zero: maxCarried

	mu      sync.Mutex // guards what follows
	list    []*carrier
	closed  bool
	running sync.WaitGroup
}

type carrier struct {
	conn *net.UnixConn
	open int
}

// take hands a tunnel over, whose ends are then the caller's to close: the
// carrier has its own descriptors of them. It reports false if nobody takes it.
func (c *carriers) take(near, far *net.TCPConn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	one := c.free()
	if one == nil {
		return false
	}
	if err := one.give(near, far); err != nil {
		one.conn.Close() // who listens to it ends it
		return false
	}
	one.open++
	return true
}

// free returns a carrier with a place. It is called with c.mu held.
func (c *carriers) free() *carrier {
	most := c.most
	if most == 0 {
		most = maxCarried
	}
	for _, one := range c.list {
		if one.open < most {
			return one
		}
	}
	if c.closed || c.exe == "" || len(c.list) == maxCarriers {
		return nil
	}
	one, process, err := c.start()
	if err != nil {
		return nil // there are fewer places, and who is one too many hears so
	}
	c.list = append(c.list, one)
	c.running.Go(func() { c.listen(one, process) })
	return one
}

// start starts a carrier, with nothing in its environment.
func (c *carriers) start() (*carrier, *os.Process, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, err
	}
	ours, theirs := os.NewFile(uintptr(fds[0]), "carrier"), os.NewFile(uintptr(fds[1]), "carrier")
	defer ours.Close()
	defer theirs.Close()
	conn, err := net.FileConn(ours)
	if err != nil {
		return nil, nil, err
	}
	// Nothing of this process's, its output least of all: that is the log.
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		conn.Close()
		return nil, nil, err
	}
	defer null.Close()
	process, err := os.StartProcess(c.exe, []string{c.arg}, &os.ProcAttr{Env: []string{}, Files: []*os.File{null, null, null, theirs}})
	if err != nil {
		conn.Close()
		return nil, nil, err
	}
	return &carrier{conn: conn.(*net.UnixConn)}, process, nil
}

// listen hears of each tunnel that ends, until the carrier does.
func (c *carriers) listen(one *carrier, process *os.Process) {
	ended := make([]byte, 1)
	for {
		_, err := one.conn.Read(ended)
		c.mu.Lock()
		if err != nil {
			for i, o := range c.list {
				if o == one {
					c.list = append(c.list[:i], c.list[i+1:]...)
					break
				}
			}
			c.mu.Unlock()
			break
		}
		one.open--
		c.mu.Unlock()
	}
	one.conn.Close()
	process.Wait()
}

// give sends the descriptors of both ends. (unix(7), SCM_RIGHTS)
func (o *carrier) give(near, far *net.TCPConn) error {
	a, err := near.SyscallConn()
	if err != nil {
		return err
	}
	b, err := far.SyscallConn()
	if err != nil {
		return err
	}
	o.conn.SetWriteDeadline(time.Now().Add(handing))
	var inner, sent error
	outer := a.Control(func(n uintptr) {
		inner = b.Control(func(f uintptr) {
			_, _, sent = o.conn.WriteMsgUnix([]byte{0}, unix.UnixRights(int(n), int(f)), nil)
		})
	})
	return errors.Join(outer, inner, sent)
}

// close ends the carriers, and the tunnels with them.
func (c *carriers) close() {
	c.mu.Lock()
	c.closed = true
	for _, one := range c.list {
		one.conn.Close()
	}
	c.mu.Unlock()
	c.running.Wait()
}

// Carry is the life of a process that carries tunnels. It gets them, two
// descriptors a message, by the socket that is its third descriptor, passes bytes
// between the two, says when one has ended, and ends itself with whoever started it.
func Carry() error {
	Harden()
	ignoreSignals()
	file := os.NewFile(3, "extension")
	conn, err := net.FileConn(file)
	if err != nil {
		return fmt.Errorf("%s is started by the extension alone: %w", Carrier, err)
	}
	file.Close()
	socket, ok := conn.(*net.UnixConn)
	if !ok {
		return fmt.Errorf("%s is started by the extension alone", Carrier)
	}
	var passer proxy.Passer
	b, rights := make([]byte, 1), make([]byte, unix.CmsgSpace(2*4))
	for {
		_, n, _, _, err := socket.ReadMsgUnix(b, rights)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		near, far, err := received(rights[:n])
		if err != nil {
			socket.Write([]byte{0}) // out of descriptors: its client hears that it is closed
			continue
		}
		go func() {
			passer.Pass(near, far)
			near.Close()
			far.Close()
			socket.Write([]byte{0})
		}()
	}
}

// received makes connections of the descriptors that came with a message.
func received(rights []byte) (near, far net.Conn, err error) {
	messages, err := unix.ParseSocketControlMessage(rights)
	if err != nil || len(messages) != 1 {
		return nil, nil, errors.Join(err, errors.New("no descriptors came"))
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil {
		return nil, nil, err
	}
	var conns []net.Conn
	for _, fd := range fds {
		file := os.NewFile(uintptr(fd), "tunnel")
		conn, e := net.FileConn(file)
		file.Close()
		if err = errors.Join(err, e); e == nil {
			conns = append(conns, conn)
		}
	}
	if err != nil || len(conns) != 2 {
		for _, conn := range conns {
			conn.Close()
		}
		return nil, nil, errors.Join(err, errors.New("a tunnel has two ends"))
	}
	return conns[0], conns[1], nil
}
