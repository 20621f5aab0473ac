package proxy

import (
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"
)

// ServeTLS serves the connections of ln until Shutdown or Close, and then
// returns [http.ErrServerClosed]. It is for clients that heed no proxy, and for
// which claimed hosts have ln's address: they speak TLS at once, and the name
// that they ask for in it stands for the CONNECT's. It has to be of a claimed
// host; what comes inside is then held to that host as in any tunnel. Serve has
// to run beside it. ln should be on loopback.
//
// It is a listener apart from Serve's so that no connection there has to be
// looked at before net/http has it.
func (s *Server) ServeTLS(ln net.Listener) error {
	s.start()
	l := &directListener{strictListener: strictListener{ln, s}}
	l.config = &tls.Config{GetConfigForClient: s.direct}
	defer l.handshakes.Wait()
	return s.serving.http.Serve(l)
}

// A directListener has who connects speak TLS, and hands the connection to be
// served when that is agreed on: net/http gets nothing from it but its errors.
type directListener struct {
	strictListener
	config     *tls.Config
	handshakes sync.WaitGroup // no more than there are seats
}

func (l *directListener) Accept() (net.Conn, error) {
	for {
		c, err := l.strictListener.Accept()
		if err != nil {
			return nil, err
		}
		strict := c.(*strictConn)
		conn := &tunnelConn{Conn: strict.Conn, seat: strict.seat}
		l.handshakes.Go(func() { l.answer(conn) })
	}
}

// answer answers TLS on conn. Its seat may be taken for another's sake while it
// is silent, as a connection's on which nothing was asked yet.
func (l *directListener) answer(conn *tunnelConn) {
	rec := &Record{Time: time.Now()}
	handed, err := l.s.secure(conn, l.config)
	if !handed {
		conn.Close()
	}
	if at := conn.addr; at != nil {
		rec.Host = short(at.sni)
		if at.name == "" {
			err = fmt.Errorf("TLS without a CONNECT was asked for %q, and this proxy does not answer for that", rec.Host)
		}
	}
	if err != nil {
		l.s.broke(rec, err)
	}
}

// direct returns the configuration for the host that hello asks for. For one
// that is not claimed, and for none, it is one without a certificate, upon
// which the client hears that the name is not known.
func (s *Server) direct(hello *tls.ClientHelloInfo) (*tls.Config, error) {
	at := &tunnelAddr{sni: strings.ToLower(hello.ServerName), direct: true}
	hello.Conn.(*tunnelConn).addr = at
	host, port, err := splitAuthority(hello.ServerName)
	if err != nil || port != 0 || !s.claims(host) || s.TLS == nil || !s.serving.running() {
		return new(tls.Config), nil
	}
	config, err := s.TLS(host)
	if err != nil {
		return new(tls.Config), nil
	}
	at.host, at.name = host, host
	return config, nil
}
