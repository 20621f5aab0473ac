package sidecar

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/lambda-remit/remit/proxy/upstream"
)

// keptSmall is how many connections are kept for small calls, beside Transport's.
const keptSmall = 48

// Transport returns the transport for calls to AWS that are not small, and the
// way it dials is that of all: it heeds no proxy variable,
// leaves bodies as they are, and keeps connections between invocations.
//
// A sandbox is frozen between invocations, and what the other end says
// meanwhile can be lost. net/http compares wall times when it takes a
// connection that was kept, so one that is too old is not used, however long
// the freeze; and before one is written to, the kernel is asked whether it is
// closed. What fails on a connection that was kept is proxy/aws's to send again,
// or not.
func Transport() *http.Transport { return transport(nil) }

func transport(onward *Onward) *http.Transport {
	dialer := &net.Dialer{Timeout: 5 * time.Second, KeepAlive: 15 * time.Second}
	dial := onward.dialer(dialer.DialContext)
	return &http.Transport{
		// The function's configuration may name a proxy for the function,
		// even this one.
		Proxy: nil,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := dial(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return upstream.Keep(c), nil
		},
		ForceAttemptHTTP2:      true,
		DisableCompression:     true, // a range of a compressed object is a range of its bytes
		MaxIdleConns:           16,   // of the 1,024 descriptors that a sandbox has
		MaxIdleConnsPerHost:    16,
		MaxConnsPerHost:        256, // as many as the proxy has calls in progress, so that none waits; it is those dialled in vain that are bounded
		IdleConnTimeout:        60 * time.Second,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: 10 * time.Second, PingTimeout: 5 * time.Second},
		MaxResponseHeaderBytes: 256 << 10, // services say a few kilobytes; the zero value takes 10 MB for each call
		TLSHandshakeTimeout:    5 * time.Second,
		ExpectContinueTimeout:  time.Second,
		// Bodies pass by these, in pieces of the proxy's own buffer:
		// larger ones would copy once more, and each idle connection keeps its two.
		WriteBufferSize: 4 << 10,
		ReadBufferSize:  4 << 10,
	}
}
