package proxy

import (
	"bytes"
	"errors"
	"net"
	"sync/atomic"
	"time"
)

// The AWS SDK for Java's Netty client, once its CONNECT is answered, puts the
// handlers for TLS and HTTP/2 into the connection from one thread, while another
// works the connection already: where there is a proxy, and only there, the two
// are of different event loops. What it hears before the handler for it is there
// is lost, and no call on that client gets a connection from then on: each ends
// after 10 s with "Acquire operation took longer than the configured maximum
// time". A handler takes its class's loading, and a proxy on the same machine
// answers within that. (Read in netty-nio-client 2.31.78, Http1TunnelConnectionPool
// and ChannelPipelineInitializer; reproduced with it and with 2.52.0, the newest,
// without Remit, by a sleep between the handlers, and without one in a quarter of
// first connections where the JVM had spoken TLS before, under load.)
//
//   - Where it asks for HTTP/2 by ALPN (Bedrock), the end of the handshake may be
//     lost, which comes once. Nothing tells us that it is ready, so it is given
//     time: see firstPause.
//   - Where it speaks HTTP/2 without having asked (Kinesis), our SETTINGS may be
//     lost. They are said again until it speaks: see settle.

// How long a client that may be unready waits for our half of the TLS handshake:
// as long as it took itself from our 200 to its ClientHello, within these bounds.
// The same thread wrote that, and loaded more classes for it than are left. Classes
// are loaded once: the first clients are given more time than those that come later.
//
// It is once a connection, which is then for all of a client's calls. (On two cores
// with ten to twenty processes that want them, of first connections of a JVM that had
// spoken TLS before: 6 of 24 lost without a pause; with 50 ms 1 of 220, and one of
// three in a JVM with hundreds of threads; with 250 ms none of 100.)
const (
	firstPause  = 250 * time.Millisecond
	minPause    = 50 * time.Millisecond
	maxPause    = 500 * time.Millisecond
	firstPauses = 4 // clients
)

// onlyHTTP2 is the extension of a ClientHello that offers HTTP/2 and nothing else,
// not even HTTP/1.1: RFC 7301, section 3.1. The Netty client does so, and gRPC's.
var onlyHTTP2 = []byte("\x00\x10\x00\x05\x00\x03\x02h2")

// A greeting is what is known of a client until our first word of TLS.
type greeting struct {
	since  time.Time // when its CONNECT was answered
	paused *atomic.Int32
	took   time.Duration // until it spoke
	hello  []byte
}

// hear takes what comes from the client.
func (g *greeting) hear(p []byte) {
	if g.took == 0 {
		g.took = time.Since(g.since)
	}
	if len(g.hello)+len(p) <= maxGreeting {
		g.hello = append(g.hello, p...)
	}
}

// maxGreeting is more than a ClientHello takes, keys of the post-quantum kind included.
const maxGreeting = 8 << 10

// pause is how long the client is to be given before it is answered.
func (g *greeting) pause() time.Duration {
	if !bytes.Contains(g.hello, onlyHTTP2) {
		return 0
	}
	least := minPause
	if g.paused.Add(1) <= firstPauses {
		least = firstPause
	}
	return min(max(g.took, least), maxPause)
}

const (
	// firstRepeat is when SETTINGS are said again first; then each time after
	// twice as long.
	firstRepeat = 25 * time.Millisecond

	// maxRepeats of them take 13 s, which is longer than the client waits.
	maxRepeats = 9

	// maxEarly bounds what a client may say while we wait for it to have heard
	// all SETTINGS: what HTTP/2 lets it send before it hears any, and headers.
	maxEarly = 64<<10 + maxHeader
)

// HTTP/2's frames, as far as settle looks: RFC 9113, sections 4.1, 6.5 and 6.9.
const (
	frameHeader   = 9
	frameMost     = 16 << 10
	frameSettings = 4
	frameUpdate   = 8
	flagAck       = 1
)

// firstSettings has what net/http's HTTP/2 server would say first that a client
// goes by when it opens streams: SETTINGS_MAX_CONCURRENT_STREAMS. The rest it
// hears as soon as it has spoken.
var firstSettings = []byte{0, 0, 6, frameSettings, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 250}

// http2Preface is what an HTTP/2 client says first: RFC 9113, section 3.4.
const http2Preface = "PRI * HTTP/2.0\r\n" + prefaceEnd

// A settlingConn is a connection whose client may speak HTTP/2 that nobody agreed
// on. Where it does, the end of its preface is held back until it has heard
// SETTINGS, so that who reads from the settlingConn begins only then; any other
// client's bytes pass as they are.
type settlingConn struct {
	net.Conn
	past int // bytes of the preface that came
	pass bool
	rest []byte // frames that came meanwhile
	err  error
}

func (c *settlingConn) Read(p []byte) (int, error) {
	switch {
	case len(c.rest) > 0:
		n := copy(p, c.rest)
		c.rest = c.rest[n:]
		return n, nil
	case c.err != nil:
		return 0, c.err
	case c.pass:
		return c.Conn.Read(p)
	}
	n, err := c.Conn.Read(p)
	for i, b := range p[:n] {
		if b != http2Preface[c.past] {
			c.pass = true
			return n, err
		}
		if c.past++; c.past == len(http2Preface) {
			c.pass = true
			c.rest, c.err = settle(c.Conn, bytes.Clone(p[i+1:n]))
			return i + 1, nil
		}
	}
	return n, err
}

// CloseWrite is for strictConn.
func (c *settlingConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// settle says SETTINGS on conn, whose client has sent its preface, until the
// client says more than its own, and has acknowledged each. It returns what the
// client said, from in on, but for these acknowledgements: to whoever speaks
// HTTP/2 with it from here on, the conversation has only begun. A client that
// keeps silent runs into the deadline of its first header.
func settle(conn net.Conn, in []byte) ([]byte, error) {
	said := 0 // the goroutine's, until ended is closed
	spoke, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		timer := time.NewTimer(firstRepeat)
		defer timer.Stop()
		for wait := firstRepeat; said <= maxRepeats; wait *= 2 {
			said++
			if _, err := conn.Write(firstSettings); err != nil {
				return // The next read says why.
			}
			timer.Reset(wait)
			select {
			case <-spoke:
				return
			case <-timer.C:
			}
		}
	}()
	f, err := beginning{in: in}, error(nil)
	buf := make([]byte, 4<<10)
	hear := func() {
		var n int
		n, err = conn.Read(buf)
		f.in = append(f.in, buf[:n]...)
		if f.take(); err == nil && len(f.kept)+len(f.in) > maxEarly {
			err = errors.New("the client says too much before it acknowledges SETTINGS")
		}
	}
	for f.take(); !f.spoke && err == nil; {
		hear()
	}
	close(spoke)
	<-ended
	for f.acks < said && !f.odd && err == nil {
		hear()
	}
	if f.acks > said {
		return nil, errors.New("the client acknowledges SETTINGS that nobody sent")
	}
	return append(f.kept, f.in...), err
}

// A beginning is what an HTTP/2 client says behind its preface.
type beginning struct {
	in    []byte // not looked at yet
	kept  []byte // frames
	acks  int    // of SETTINGS, which are not kept
	spoke bool   // there was a frame that a client sends only once it has heard SETTINGS
	odd   bool   // no more of it is understood
}

// take looks at the frames that are whole.
func (f *beginning) take() {
	for len(f.in) >= frameHeader && !f.odd {
		n := int(f.in[0])<<16 | int(f.in[1])<<8 | int(f.in[2])
		kind, flags := f.in[3], f.in[4]
		if n > frameMost {
			f.spoke, f.odd = true, true // No frame is so long. Who reads on says so.
			return
		}
		if n += frameHeader; len(f.in) < n {
			return
		}
		if kind == frameSettings && flags&flagAck != 0 && n == frameHeader {
			f.acks++
		} else {
			f.kept = append(f.kept, f.in[:n]...)
			f.spoke = f.spoke || kind != frameSettings && kind != frameUpdate
		}
		f.in = f.in[n:]
	}
}
