package proxy

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// handshakeTime is what a client has to finish its TLS handshake in.
const handshakeTime = 10 * time.Second

// established is the whole answer to a CONNECT that succeeds. It has no
// header: RFC 9110, section 9.3.6, forbids those that frame a body.
const established = "HTTP/1.1 200 Connection established\r\n\r\n"

// connect answers a CONNECT. To a claimed host it speaks TLS as that host, and
// has what comes inside served like any other request; to any other it opens
// a tunnel that nobody reads.
func (s *Server) connect(w http.ResponseWriter, r *http.Request, in *meter, tunnel *tunnelAddr, rec *Record) {
	rec.Host = short(r.RequestURI)
	if tunnel != nil || r.ProtoMajor != 1 {
		s.refuse(w, r, in, rec, faultf(http.StatusMethodNotAllowed, Unread, "CONNECT is for the proxy itself, over HTTP/1.1"))
		return
	}
	if len(r.TransferEncoding) > 0 || r.Header["Content-Length"] != nil {
		s.refuse(w, r, in, rec, faultf(http.StatusBadRequest, Smuggling, "a CONNECT has no body"))
		return
	}
	host, port, err := splitAuthority(r.RequestURI)
	if err == nil && port == 0 {
		err = fmt.Errorf("%q names no port", short(r.RequestURI))
	}
	if err != nil {
		s.refuse(w, r, in, rec, faultf(http.StatusBadRequest, Unread, "%v", err))
		return
	}
	plain := strings.TrimRight(host, ".")
	if !s.claims(plain) {
		if r.Header.Get(PlainTunnel) != "" {
			// What follows is meant for a proxy that reads it, and would go out
			// without TLS.
			s.refuse(w, r, in, rec, faultf(http.StatusBadRequest, Unread, "this proxy does not answer for %s", host))
			return
		}
		if s.reach(w, r, in, host, port, rec) {
			s.tunnel(w, r, in, host, port, rec)
		}
		return
	}
	if port != 443 && port != 80 && !s.reads(host, port) && r.Header.Get(PlainTunnel) == "" && s.manifest().Egress != nil {
		// A database or a broker: none of the calls that are read is made there,
		// and what the function holds opens none of it. Clients that use no proxy
		// go there by themselves.
		if s.reach(w, r, in, host, port, rec) {
			s.tunnel(w, r, in, host, port, rec)
		}
		return
	}
	at := &tunnelAddr{host: host, name: host}
	if port != 443 {
		at.host += ":" + strconv.Itoa(int(port))
	}
	switch {
	case plain != host:
		s.refuse(w, r, in, rec, faultf(http.StatusBadRequest, Unread, "host %q ends in a dot; write %q", host, plain))
		return
	case port != 443 && !s.reads(host, port):
		s.refuse(w, r, in, rec, faultf(http.StatusForbidden, Unread, "calls to %s are read on port 443, not on %d", host, port))
		return
	case !s.serving.running():
		s.refuse(w, r, in, rec, faultf(http.StatusNotImplemented, Unread, "this proxy does not answer for %s", host))
		return
	case r.Header.Get(PlainTunnel) != "":
		if err := s.plain(w, at); err != nil {
			s.refuse(w, r, in, rec, faultf(http.StatusInternalServerError, Unread, "%v", err))
		}
		return
	case s.TLS == nil:
		s.refuse(w, r, in, rec, faultf(http.StatusNotImplemented, Unread, "this proxy does not answer for %s", host))
		return
	}
	config, err := s.TLS(host)
	if err != nil {
		s.refuse(w, r, in, rec, faultf(http.StatusForbidden, Unread, "this proxy does not answer for %s: %v", host, err))
		return
	}
	conn, err := hijack(w)
	if err != nil {
		s.refuse(w, r, in, rec, faultf(http.StatusInternalServerError, Unread, "%v", err))
		return
	}
	conn.addr = at
	handed, err := false, error(nil)
	if _, failed := io.WriteString(conn, established); failed == nil {
		conn.greeting = &greeting{since: time.Now(), paused: &s.serving.paused}
		handed, err = s.secure(conn, config)
	}
	if !handed {
		conn.Close()
	}
	if err != nil {
		s.broke(rec, err)
	}
}

// broke records a connection on which no call could be asked for.
func (s *Server) broke(rec *Record, err error) {
	rec.Err, rec.Took = err, time.Since(rec.Time)
	rec.Decision.Reason = Unread
	rec.ID = s.id(rec, Denial{Reason: Unread})
	s.record(rec)
}

// PlainTunnel is the header by which a CONNECT asks for a tunnel to a claimed
// host without TLS in it, and without the answer that begins one: what the
// client sends next is its first request. That is for clients which cannot wait
// for an answer and have nobody to hide from between two ends of the loopback:
// the preload for Node, which puts such a tunnel where a TLS connection was
// asked for. What comes inside is held to the host as in any other tunnel. A
// refused CONNECT is answered; the client takes that for its request's answer.
const PlainTunnel = "Remit-Plain"

// SilentTunnel is the header by which a CONNECT to a host that is not claimed
// asks for a tunnel without the answer that begins one, for the same clients.
const SilentTunnel = "Remit-Silent"

// plain has what comes on w's connection from here on served as calls to at.
func (s *Server) plain(w http.ResponseWriter, at *tunnelAddr) error {
	conn, err := hijack(w)
	if err != nil {
		return err
	}
	at.sni = at.name
	conn.addr = at
	if !s.serving.hand(&strictConn{Conn: conn, s: s, prior: true}) {
		conn.Close()
	}
	return nil
}

// secure answers TLS on conn, the client's end of a tunnel, and hands it to be
// served. An error is worth a record; a client that left again before it spoke
// is not.
func (s *Server) secure(conn *tunnelConn, config *tls.Config) (handed bool, err error) {
	if !s.serving.track(conn) {
		return false, nil
	}
	defer s.serving.untrack(conn)
	conn.SetDeadline(time.Now().Add(handshakeTime))
	secure := tls.Server(conn, config)
	if err := secure.Handshake(); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) {
			return false, nil
		}
		return false, fmt.Errorf("TLS in the tunnel to %s: %w", conn.LocalAddr(), err)
	}
	conn.greeting = nil
	conn.SetDeadline(time.Time{})
	state := secure.ConnectionState()
	conn.addr.sni = strings.ToLower(state.ServerName)
	if state.NegotiatedProtocol == "h2" {
		return s.serving.hand(secure), nil
	}
	if state.NegotiatedProtocol != "" {
		return s.serving.hand(&strictConn{Conn: secure, s: s}), nil // and held to HTTP/1.1
	}
	// The SDK for Java speaks HTTP/2 to Kinesis without having agreed on it.
	return s.serving.hand(&strictConn{Conn: &settlingConn{Conn: secure}, s: s, prior: true}), nil
}

// tunnel passes bytes between the client and host, both ways, unread.
func (s *Server) tunnel(w http.ResponseWriter, r *http.Request, in *meter, host string, port uint16, rec *Record) {
	if !s.serving.enterTunnel() {
		s.refuse(w, r, in, rec, faultf(http.StatusServiceUnavailable, Busy, "too many tunnels are open: close some"))
		return
	}
	defer s.serving.leaveTunnel()
	far, err := s.dial(r.Context(), host, port)
	if f, ok := errors.AsType[*fault](err); ok {
		s.refuse(w, r, in, rec, f)
		return
	}
	if err != nil {
		s.refuse(w, r, in, rec, faultf(http.StatusBadGateway, Unreachable, "no answer from %s: %v", net.JoinHostPort(host, strconv.Itoa(int(port))), err))
		return
	}
	near, err := hijack(w)
	if err != nil {
		far.Close()
		s.refuse(w, r, in, rec, faultf(http.StatusInternalServerError, Unread, "%v", err))
		return
	}
	both := ends{near, far}
	defer both.Close()
	if !s.serving.track(both) {
		return
	}
	defer s.serving.untrack(both)
	if r.Header.Get(SilentTunnel) == "" {
		if _, err := io.WriteString(near, established); err != nil {
			return
		}
	}
	if rec.Decision.Allowed || rec.Observed {
		rec.Status, rec.Took = http.StatusOK, time.Since(rec.Time)
		s.record(rec)
	}
	if !s.carried(near, far) {
		s.serving.passer.Pass(near, far)
	}
}

// ownTunnels is how many tunnels stay here where somebody else carries the others.
// More than functions have of them as a rule, so that for most there is no other
// process.
const ownTunnels = 32

// carried hands a tunnel to who carries those beyond the first, if somebody does.
func (s *Server) carried(near *tunnelConn, far net.Conn) bool {
	if s.Carry == nil || s.serving.through.Load() <= ownTunnels {
		return false
	}
	client, ok := near.Conn.(*net.TCPConn)
	host, yes := far.(*net.TCPConn)
	if !ok || !yes {
		return false
	}
	if _, err := host.Write(near.early); err != nil {
		return false
	}
	near.early = nil
	return s.Carry(client, host)
}

type ends struct{ near, far net.Conn }

func (e ends) Close() error { return errors.Join(e.near.Close(), e.far.Close()) }

// hijack takes w's connection over, with what net/http has read ahead on it: a
// client may send its ClientHello without waiting for our 200.
func hijack(w http.ResponseWriter) (*tunnelConn, error) {
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, err
	}
	t := &tunnelConn{Conn: conn}
	if n := buffered.Reader.Buffered(); n > 0 {
		early, _ := buffered.Reader.Peek(n)
		t.early = bytes.Clone(early)
	}
	if strict, ok := conn.(*strictConn); ok {
		t.Conn, t.seat = strict.Conn, strict.seat
	}
	return t, nil
}

// A tunnelConn is the client's end of a tunnel, from its first byte on.
type tunnelConn struct {
	net.Conn
	early []byte // read before the connection was taken over
	addr  *tunnelAddr
	seat  *seat // nil: it was not ours to accept

	greeting *greeting // until TLS is spoken
}

// Close gives the connection's place to others. It is the tunnelConn's and not
// one of a wrapper below, which would keep the kernel from copying.
func (t *tunnelConn) Close() error {
	if t.seat != nil {
		t.seat.leave()
	}
	return t.Conn.Close()
}

func (t *tunnelConn) Read(p []byte) (int, error) {
	if len(t.early) > 0 {
		n := copy(p, t.early)
		t.early = t.early[n:]
		if t.greeting != nil {
			t.greeting.hear(p[:n])
		}
		return n, nil
	}
	n, err := t.Conn.Read(p)
	if t.seat != nil {
		t.seat.touch()
	}
	if t.greeting != nil {
		t.greeting.hear(p[:n])
	}
	return n, err
}

func (t *tunnelConn) Write(p []byte) (int, error) {
	if t.greeting != nil {
		time.Sleep(t.greeting.pause())
		t.greeting = nil
	}
	return t.Conn.Write(p)
}

func (t *tunnelConn) CloseWrite() error {
	if half, ok := t.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// LocalAddr is the end that the client believes it is connected to. net/http
// puts it into the context of every request of the connection, over both
// protocols, which is how a request knows its tunnel: r.TLS does not tell, an
// HTTP/2 client clears it by writing "http" into :scheme.
func (t *tunnelConn) LocalAddr() net.Addr {
	if t.addr != nil {
		return t.addr
	}
	return t.Conn.LocalAddr()
}

// A tunnelAddr is the far end of a tunnel to a claimed host.
type tunnelAddr struct {
	host string // of the CONNECT, with its port if that is not 443
	name string // the same without
	sni  string // of the TLS inside it; empty until it is known

	direct bool // no CONNECT said where to: name is sni, and Host says which of its ports is meant
}

func (a *tunnelAddr) Network() string { return "tunnel" }
func (a *tunnelAddr) String() string  { return a.host }

// tunnelOf returns the tunnel that r came through, or nil.
func tunnelOf(r *http.Request) *tunnelAddr {
	a, _ := r.Context().Value(http.LocalAddrContextKey).(*tunnelAddr)
	return a
}

// dial connects to host, having checked each address it may lead to.
func (s *Server) dial(ctx context.Context, host string, port uint16) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	if s.Onward != nil && s.Onward(host, port) {
		if err := s.admitName(host); err != nil {
			return nil, err
		}
		return s.DialOnward(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(int(port))))
	}
	addrs, err := s.resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	return s.dialAny(ctx, addrs, port)
}
