//go:build !linux

package upstream

import "syscall"

// hungUp does not know: only Lambda's sandboxes are frozen.
func hungUp(syscall.RawConn) bool { return false }

// speaks does not know either.
func speaks(syscall.RawConn) bool { return false }
