package aws

import (
	"crypto/tls"
	"net"
	"testing"
)

type counting struct {
	net.Conn
	taken int
}

func (c *counting) Taken() { c.taken++ }

func TestAConnectionUnderTLSIsToldThatItIsTaken(t *testing.T) {
	c := new(counting)
	take(c)
	take(tls.Client(c, &tls.Config{}))
	take(struct{ net.Conn }{c}) // hides it
	if c.taken != 2 {
		t.Errorf("told %d times, want 2", c.taken)
	}
}
