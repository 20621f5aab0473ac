package main

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"time"
)

// A conn is one connection of the load client. It writes requests that were
// made beforehand and reads no more of an answer than where it ends: on two
// cores, what the client takes is taken from what is measured.
type conn struct {
	net.Conn
	buf  []byte
	have []byte // read, and not yet used
}

// dial opens a connection to a target.
func (t *target) dial() (*conn, error) {
	c, err := net.DialTimeout("tcp", t.address, 5*time.Second)
	if err != nil {
		return nil, err
	}
	to := &conn{Conn: c, buf: make([]byte, 128<<10)}
	if t.roots == nil {
		return to, nil
	}
	if _, err := to.call([]byte("CONNECT "+s3Host+":443 HTTP/1.1\r\nHost: "+s3Host+":443\r\n\r\n"), nil, connected); err != nil {
		c.Close()
		return nil, fmt.Errorf("CONNECT: %w", err)
	}
	secure := tls.Client(c, &tls.Config{RootCAs: t.roots, ServerName: s3Host, NextProtos: []string{"http/1.1"}})
	if err := secure.Handshake(); err != nil {
		c.Close()
		return nil, err
	}
	to.Conn, to.have = secure, nil
	return to, nil
}

// connected says that a 200 has no body: RFC 9110, section 9.3.6.
const connected = -2

// call makes one call and returns how many bytes of body it was answered with.
// want is how many it should be; any, if negative.
func (c *conn) call(head, body []byte, want int64) (int64, error) {
	// One write for both, as net/http's client and most SDKs' make of a small one.
	if len(body) > 0 && len(body) <= 4<<10 {
		head = append(head[:len(head):len(head)], body...)
		body = nil
	}
	if _, err := c.Write(head); err != nil {
		return 0, err
	}
	if len(body) > 0 {
		if _, err := c.Write(body); err != nil {
			return 0, err
		}
	}
	header, err := c.header()
	if err != nil {
		return 0, err
	}
	if want == connected {
		if !bytes.HasPrefix(header, []byte("HTTP/1.1 200 ")) {
			return 0, fmt.Errorf("answered %q", header)
		}
		return 0, nil
	}
	n, err := length(header)
	if err != nil {
		return 0, err
	}
	ok := bytes.HasPrefix(header, []byte("HTTP/1.1 200 "))
	if !ok {
		text := make([]byte, min(n, 600))
		c.take(text)
		return 0, fmt.Errorf("answered %q %q", header, text)
	}
	if want >= 0 && n != want {
		return 0, fmt.Errorf("answered with %d bytes, want %d: %q", n, want, header)
	}
	left := n - int64(len(c.have))
	c.have = c.have[min(int64(len(c.have)), n):]
	for left > 0 {
		got, err := c.Read(c.buf[:min(int64(len(c.buf)), left)])
		if err != nil {
			return 0, err
		}
		left -= int64(got)
	}
	return n, nil
}

// header reads up to the empty line.
func (c *conn) header() ([]byte, error) {
	if len(c.have) > 0 {
		return nil, errors.New("there is more than was answered")
	}
	n := 0
	for {
		got, err := c.Read(c.buf[n:])
		if err != nil {
			return nil, err
		}
		n += got
		if end := bytes.Index(c.buf[:n], []byte("\r\n\r\n")); end >= 0 {
			c.have = c.buf[end+4 : n]
			return c.buf[:end+2], nil
		}
		if n == len(c.buf) {
			return nil, errors.New("the answer's header does not end")
		}
	}
}

func (c *conn) take(p []byte) {
	n := copy(p, c.have)
	io.ReadFull(c, p[n:])
}

// length is the answer's Content-Length.
func length(header []byte) (int64, error) {
	for line := range bytes.Lines(header) {
		name, value, ok := bytes.Cut(line, []byte(":"))
		if ok && bytes.EqualFold(name, []byte("Content-Length")) {
			return strconv.ParseInt(string(bytes.TrimSpace(value)), 10, 64)
		}
	}
	return 0, fmt.Errorf("the answer does not say its length: %q", header)
}

// A sample is what one target did in one cell of one round.
type sample struct {
	calls, bytes int64
	took         time.Duration
	latencies    []time.Duration // of each call
}

// load makes calls over connections that are open already, for as long as
// limit, and at least one over each.
func load(conns []*conn, requests []request, limit time.Duration) (sample, error) {
	var wg sync.WaitGroup
	samples, errs := make([]sample, len(conns)), make([]error, len(conns))
	began := time.Now()
	for i, c := range conns {
		wg.Go(func() {
			s, r := &samples[i], requests[i%len(requests)]
			c.SetDeadline(began.Add(limit + time.Minute))
			for at := time.Now(); ; {
				n, err := c.call(r.head, r.body, r.want)
				if err != nil {
					errs[i] = err
					return
				}
				now := time.Now()
				s.calls++
				s.bytes += n + int64(len(r.body))
				s.latencies = append(s.latencies, now.Sub(at))
				if at = now; now.Sub(began) >= limit {
					return
				}
			}
		})
	}
	wg.Wait()
	all := sample{took: time.Since(began)}
	for _, s := range samples {
		all.calls += s.calls
		all.bytes += s.bytes
		all.latencies = append(all.latencies, s.latencies...)
	}
	return all, errors.Join(errs...)
}
