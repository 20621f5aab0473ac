package sidecar

import (
	"net"
	"net/http"
	"time"
)

// Transport returns the transport for calls to AWS: it heeds no proxy variable,
// leaves bodies as they are, and keeps connections between invocations.
//
// A sandbox is frozen between invocations, and what the other end says
// meanwhile can be lost. net/http compares wall times when it takes a
// connection that was kept, so one that is too old is not used, however long
// the freeze; on one that turns out to be dead it sends the call again if
// nothing of it was taken, and if its body can be had again. All others fail
// as a lost connection does, which SDKs retry.
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
		IdleConnTimeout:       60 * time.Second,
		HTTP2:                 &http.HTTP2Config{SendPingTimeout: 10 * time.Second, PingTimeout: 5 * time.Second},
		TLSHandshakeTimeout:   5 * time.Second,
		ExpectContinueTimeout: time.Second,
		WriteBufferSize:       64 << 10,
		ReadBufferSize:        64 << 10,
	}
}
