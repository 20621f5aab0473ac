package sidecar

import (
	"net"
	"net/http"
	"time"
)

// Transport returns the transport for calls to AWS: it heeds no proxy variable,
// leaves bodies as they are, and keeps connections between invocations. Those
// that died while the sandbox was frozen are found out when they are used;
// net/http then sends the call on another one if none of it was taken.
func Transport() *http.Transport {
	dialer := &net.Dialer{Timeout: 5 * time.Second, KeepAlive: 15 * time.Second}
	return &http.Transport{
		// The function's configuration may name a proxy for the function,
		// even this one.
		Proxy:                 nil,
		DialContext:           dialer.DialContext,
		ForceAttemptHTTP2:     true,
		DisableCompression:    true, // a range of a compressed object is a range of its bytes
		MaxIdleConns:          256,  // of the 1,024 descriptors that a sandbox has
		MaxIdleConnsPerHost:   64,
		MaxConnsPerHost:       0,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   5 * time.Second,
		ExpectContinueTimeout: time.Second,
		WriteBufferSize:       64 << 10,
		ReadBufferSize:        64 << 10,
	}
}
