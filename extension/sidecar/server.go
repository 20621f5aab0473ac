package sidecar

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/lambda-remit/remit/proxy"
)

// A server serves listeners until it is shut down.
type server interface {
	Serve(net.Listener) error
	Shutdown(context.Context) error
}

// serverOf returns p's own way to serve, if it has one: it has tunnels to close
// at shutdown.
func serverOf(p *proxy.Server) server {
	if s, ok := any(p).(server); ok {
		return s
	}
	h, _ := any(p).(http.Handler)
	if h == nil {
		h = http.NotFoundHandler()
	}
	s := &http.Server{Handler: h, ReadHeaderTimeout: 30 * time.Second, Protocols: new(http.Protocols)}
	s.Protocols.SetHTTP1(true)
	s.Protocols.SetUnencryptedHTTP2(true)
	return s
}
