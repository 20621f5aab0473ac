package upstream

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// hungUp reports whether the other end of a socket has closed it, as far as
// the kernel has heard.
func hungUp(c syscall.RawConn) (up bool) {
	c.Control(func(fd uintptr) {
		at := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}}
		n, err := unix.Poll(at, 0)
		up = err == nil && n > 0 && at[0].Revents&(unix.POLLRDHUP|unix.POLLHUP|unix.POLLERR) != 0
	})
	return up
}

// speaks reports whether there is anything to read from a socket, its end too.
func speaks(c syscall.RawConn) (yes bool) {
	c.Control(func(fd uintptr) {
		at := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN | unix.POLLRDHUP}}
		n, err := unix.Poll(at, 0)
		yes = err == nil && n > 0
	})
	return yes
}
