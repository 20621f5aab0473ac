// Package proxy takes a function's calls to a cloud, decides each one by the
// manifest, and sends the allowed ones on under credentials of their own.
//
// Everything one request goes through is in [Server.ServeHTTP]: read, decide,
// send, answer, record. What is particular to a cloud is behind [Cloud].
//
// Most callers make a [Server], give it a listener on loopback, and shut it
// down at the end:
//
//	s := &proxy.Server{Manifest: …, Cloud: …, Claims: …, TLS: …}
//	go s.Serve(ln)
//	defer s.Shutdown(ctx)
//
// Clients that heed no proxy can be led to a second listener, where they speak
// TLS at once: [Server.ServeTLS].
//
// # What passes, and what does not
//
// Bodies stream in both directions and are never held here. Trailers that
// were announced pass in both directions; a request's unannounced ones are
// dropped, since nothing read them. Informational answers (1xx) end here, but
// for 100 Continue, which the client gets when the body is asked for: by the
// cloud, or by [Cloud]'s Read. Protocols are not switched but for WebSockets,
// where the Cloud knows a call to begin one: see websocket.go. Another request
// with Upgrade (other than to h2c, which is ignored, RFC 9110, section 7.8) is
// refused. A message that two parsers could read differently is refused
// before anything is read from it: see strict.go.
//
// # How much
//
// A Lambda sandbox has 1,024 descriptors, the function's own among them. A
// Server with a MaxConns of 256 takes
//
//	clients' connections                     at most 256 + 32 + 1 for each listener
//	calls and tunnels, to the other end      at most 256, of them 192 tunnels
//
// and what the Cloud's transport keeps for the next call. A client that comes
// when all are open takes the place of the connection that has been idle
// longest, for a second at least; if none is, it waits in the kernel's queue. A call that comes when
// all are in progress waits for 10 s, and is then refused with 503, which SDKs
// take for a reason to try again. No call waits while it holds what another
// one waits for.
//
// A request's target is sent as it came, byte for byte. A target with
// characters that RFC 3986 does not allow there, which net/url would rewrite,
// is refused.
package proxy

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/lambda-remit/remit/manifest"
)

// A Cloud is what the proxy has to know of one provider's API.
type Cloud interface {
	// Read says what r asks for. r is as it will be sent: its hop-by-hop
	// headers are gone, but for the Upgrade of a WebSocket, its target is in r.RequestURI byte for byte. Where the
	// client knows the host it speaks to (inside a tunnel, or by an absolute
	// URL), r.URL.Scheme and r.URL.Host say it, in lower case and with a port
	// only if it is not the scheme's; where the proxy is the client's
	// endpoint, r.URL.Host is empty and r.Host means nothing. Read may read
	// r's body, and then puts one in its place, also when it fails: without
	// it, nothing is sent. Reading tells a client that waits for 100 Continue
	// to send.
	//
	// The Call is never nil. With an error, it has what is needed to Deny in
	// the caller's protocol; the error may be a [*Refusal] that names a
	// reason of its own, and is [Unread] otherwise.
	Read(r *http.Request) (*Call, error)

	// Send signs out under credentials that are good for this call and
	// granted by d, sends it, and returns the answer. out is r, addressed to
	// call.Upstream; its header is Send's own, its body is closed to no
	// effect. A call that was not sent for a reason that the caller can act
	// on returns a [*Refusal].
	//
	// The transport beneath must not change what passes: an http.Transport
	// needs DisableCompression, no Proxy, and an ExpectContinueTimeout, without
	// which "Expect: 100-continue" asks the client for the body at once. It
	// gives up when out's context ends, which it does with the client.
	Send(out *http.Request, call *Call, m *manifest.Manifest, d manifest.Decision) (*http.Response, Sent, error)

	// Deny writes a denial in the form that the caller's SDK understands.
	Deny(w http.ResponseWriter, r *http.Request, call *Call, denial Denial)
}

// A Call is one request, read.
type Call struct {
	Service   string             // IAM's prefix of the service: "s3"; empty where it could not be told
	Operation string             // "GetObject"; empty where it could not be told
	Region    string             // "eu-west-1"
	Requests  []manifest.Request // what it asks for: all of it must be granted
	Upstream  *url.URL           // where it goes: scheme and host, AWS's own name
	WebSocket bool               // it begins one: what follows its answer passes unread
	Published bool               // it reads what the cloud publishes for everybody, carries nothing, and asks for nothing that could be granted
	Principal string             // who makes it: the ARN of a role that the function assumed, "foreign", "anonymous"; empty for the function itself

	// Particulars is what the Cloud that read the call keeps for Send and
	// Deny. Nobody else looks at it.
	Particulars any
}

// Sent says under what a call was sent. All of it may be logged.
type Sent struct {
	Width        manifest.Width // of the session policy; empty if none was minted
	AccessKeyID  string
	AWSRequestID string
	Mint         time.Duration // spent waiting for STS; zero from the cache
}

// A Denial is why a call is answered by the proxy and not by the cloud.
type Denial struct {
	ID      string // "d-7f3a91c2", in the answer and in the log; the same denial has the same one
	Reason  manifest.Reason
	Request manifest.Request // the one that is not granted; zero if none is known
	Retry   bool             // answer with an error that SDKs retry
	Text    string           // says more than Reason, for people; may be empty
}

// A Refusal is an error that denies a call for a reason of its own.
type Refusal struct {
	Reason manifest.Reason
	Retry  bool   // the same call may succeed soon: an error that SDKs retry
	Text   string // for the caller: holds no secret
	Err    error  // the cause, for the log; may be nil
}

func (r *Refusal) Error() string {
	if r.Err != nil {
		return r.Text + ": " + r.Err.Error()
	}
	return r.Text
}

func (r *Refusal) Unwrap() error { return r.Err }

// The proxy's own reasons to deny, beside the manifest's.
const (
	Unread             manifest.Reason = "unread"              // the call could not be read
	BadSignature       manifest.Reason = "bad-signature"       // it carries no signature by the sealed credentials, or a wrong one
	ForeignCredentials manifest.Reason = "foreign-credentials" // it is signed by keys that Remit did not hand out
	Unminted           manifest.Reason = "unminted"            // no credentials could be had for it
	Throttled          manifest.Reason = "throttled"           // STS throttled; the SDK may try again
	PolicyTooLarge     manifest.Reason = "policy-too-large"    // no session policy for it is small enough
	Forbidden          manifest.Reason = "forbidden-address"   // a tunnel to loopback, link-local, metadata or the Runtime API
	Unreachable        manifest.Reason = "unreachable"         // the upstream did not answer
	Smuggling          manifest.Reason = "smuggling"           // the message could be read in two ways
	Busy               manifest.Reason = "busy"                // more calls or tunnels at a time than there is room for
	Misdirected        manifest.Reason = "misdirected"         // tunnel, SNI and Host name different hosts
)

// A Record is what is known of a call once it is over.
type Record struct {
	Time     time.Time
	Took     time.Duration // until the first byte of the answer was written, without Sent.Mint
	ID       string        // the denial's, or the observed one's; empty when allowed
	Host     string        // that the client asked for; empty in endpoint mode, with its port for a tunnel
	Trace    string        // the X-Amzn-Trace-Id header
	Call     *Call         // nil for a tunnel; without service or requests if it was refused before it was read
	Decision manifest.Decision
	Observed bool // it was denied, and went on because the manifest observes
	Sent     Sent
	Status   int   // of the answer; 0 if there was none
	In, Out  int64 // bytes of body, from and to the client
	Err      error // what went wrong, if something did
}

// A Server serves all ways in: a proxy's CONNECT, a proxy's absolute URL, the
// plain request of a client that was given the proxy as its endpoint, and TLS
// that no CONNECT precedes. Its fields must not change once it serves.
type Server struct {
	// Manifest returns the manifest in force. It is asked once a call. If it
	// is nil, or returns nil, nothing is granted.
	Manifest func() *manifest.Manifest

	Cloud Cloud

	// Claims reports whether host, in lower case and without a port, belongs
	// to the cloud: calls to it are answered for and read. All else is
	// tunnelled or, from absolute http URLs, forwarded untouched, where the
	// manifest has no egress or one that names it. If nil,
	// every host belongs to the cloud. At ports where no call is read, one of the
	// cloud's hosts is tunnelled to if the manifest's egress names it there.
	Claims func(host string) bool

	// Ports reports whether calls to a host that Claims has are read on port
	// too. All of them are on their scheme's own; if nil, none is on another.
	Ports func(host string, port uint16) bool

	// WebSockets reports whether a call to host may begin one: it does if Cloud
	// says so of the call. If nil, none does.
	WebSockets func(host string) bool

	// TLS returns the configuration with which to answer a client that
	// believes it speaks to host. If nil, CONNECT to a claimed host is
	// refused.
	TLS func(host string) (*tls.Config, error)

	// Forbidden are addresses that no tunnel reaches, beside loopback,
	// link-local and metadata addresses: the Runtime API's.
	Forbidden []netip.Addr

	// Carry, if set, takes over a tunnel that is open, one of many: it passes
	// bytes between the two connections, of which it has descriptors of its own,
	// while those here are closed. It reports false if it cannot, and the tunnel
	// stays.
	Carry func(near, far *net.TCPConn) bool

	// Lookup resolves the far end of a tunnel. If nil, net.DefaultResolver
	// does. A name is resolved once: the address that is dialled is the one
	// that was checked.
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)

	// Dial opens the far end of a tunnel, to an address that was checked.
	// If nil, a net.Dialer does.
	Dial func(ctx context.Context, network string, addr netip.AddrPort) (net.Conn, error)

	// Onward reports whether tunnels to a host go through a proxy of the
	// owner's own, and DialOnward opens those: by name, since names need not
	// resolve here. What is no name, or names the sandbox, is refused as ever.
	// Nil: all are dialled here.
	Onward     func(host string, port uint16) bool
	DialOnward func(ctx context.Context, network, address string) (net.Conn, error)

	// MaxConns is how many connections clients may have open, and how many
	// calls and tunnels may be in progress, each with a connection of its own
	// to somewhere. If 0, 256: see the package comment.
	MaxConns int

	// Record, if set, is called once for every call, after it, from the
	// goroutine that served it. Denied tunnels are recorded too, and, when they
	// are open, those that the manifest's egress names; what passes because it
	// has none is not.
	Record func(Record)

	serving serving
}
