package proxy

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// A WebSocket (RFC 6455) begins as a call: a GET that asks for another protocol.
// It is read, decided, signed and sent like any other. What follows the answer is
// of no HTTP, and passes unread, both ways, as in a tunnel: to whatever may be
// asked for in it, the credentials of the call are all that holds it. So it is
// for those hosts alone whose Cloud says so, and for those calls of which Read
// knows that they begin one.

// errRecorded is of a call that has its record already, and its answer.
var errRecorded = errors.New("the call is recorded")

// admitUpgrade refuses what asks for another protocol than HTTP, but for a
// WebSocket at a host that has some.
func (s *Server) admitUpgrade(r *http.Request) *fault {
	for _, v := range r.Header["Upgrade"] {
		if strings.EqualFold(v, "h2c") {
			continue // RFC 9110, section 7.8: a server may ignore it
		}
		if s.WebSockets == nil || r.URL.Host == "" || !s.WebSockets(r.URL.Hostname()) || !beginsWebSocket(r) {
			return faultf(http.StatusNotImplemented, Unread, "a call cannot be upgraded to %q: nothing would read what follows", short(v))
		}
	}
	return nil
}

// beginsWebSocket reports whether r is the handshake of one, as section 4.1 of RFC
// 6455 has it, and may be nothing else.
func beginsWebSocket(r *http.Request) bool {
	one := func(name string) string {
		if v := r.Header[name]; len(v) == 1 {
			return v[0]
		}
		return ""
	}
	if r.Method != http.MethodGet || r.ProtoMajor != 1 || r.ProtoMinor != 1 || r.ContentLength != 0 || len(r.TransferEncoding) > 0 ||
		!strings.EqualFold(one("Upgrade"), "websocket") || one("Sec-Websocket-Version") != "13" || one("Sec-Websocket-Key") == "" {
		return false
	}
	asked := false
	for token := range strings.SplitSeq(one("Connection"), ",") {
		switch strings.ToLower(strings.TrimSpace(token)) {
		case "upgrade":
			asked = true
		case "keep-alive":
		default:
			return false
		}
	}
	return asked
}

// switched reports whether resp begins a WebSocket.
func switched(resp *http.Response) bool {
	_, ok := resp.Body.(io.ReadWriteCloser)
	return ok && resp.StatusCode == http.StatusSwitchingProtocols && strings.EqualFold(resp.Header.Get("Upgrade"), "websocket")
}

// webSocket tells the client that resp begins one, and passes bytes until either
// end has no more. The call is recorded when it begins: it may last as long as the
// sandbox.
func (s *Server) webSocket(w http.ResponseWriter, resp *http.Response, rec *Record) error {
	far := resp.Body.(io.ReadWriteCloser)
	defer far.Close()
	near, err := hijack(w)
	if err != nil {
		return err
	}
	defer near.Close()
	both := socket{near, far}
	if !s.serving.track(both) {
		return errors.New("the proxy is closing")
	}
	defer s.serving.untrack(both)
	stripHopByHop(resp.Header)
	resp.Header.Del("Content-Length")
	resp.Header.Set("Connection", "Upgrade")
	resp.Header.Set("Upgrade", "websocket")
	var head strings.Builder
	fmt.Fprintf(&head, "HTTP/1.1 %d %s\r\n", resp.StatusCode, http.StatusText(resp.StatusCode))
	if err := resp.Header.Write(&head); err != nil {
		return err
	}
	if _, err := io.WriteString(near, head.String()+"\r\n"); err != nil {
		return err
	}
	rec.Status, rec.Took = resp.StatusCode, time.Since(rec.Time)-rec.Sent.Mint
	s.record(rec)
	done := make(chan struct{})
	go func() {
		defer close(done)
		io.Copy(far, near)
		both.Close()
	}()
	io.Copy(near, far)
	both.Close()
	<-done
	return errRecorded
}

// A socket is both ends of a WebSocket.
type socket struct{ near, far io.Closer }

func (s socket) Close() error { return errors.Join(s.near.Close(), s.far.Close()) }
