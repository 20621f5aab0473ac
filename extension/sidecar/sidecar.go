// Package sidecar runs the proxy beside one process.
//
// [Start] builds everything that one sandbox has of its own, the authority,
// the sealed credentials, the cache of minted ones, and listens on three
// loopback ports: the proxy, which is the endpoint as well, the proxy for who
// speaks TLS at once, and the credentials' server. That one is apart because a
// request to the endpoint may have any path: "/credentials" is a bucket.
//
// # Descriptors
//
// Lambda gives a sandbox 1,024, the function's own among them. A sidecar has at
// most
//
//	290  connections of clients to the proxy (package proxy)
//	256  to the other end of calls and tunnels in progress (package proxy)
//	 64  kept for the next call (48 by package upstream, 16 by [Transport])
//	 64  of clients to the credentials' server
//	 32  to STS, for calls that have none to AWS meanwhile (package mint)
//	 45  where AWS's Parameters and Secrets extension is answered for
//
// and some ten besides. Of tunnels to hosts that are not AWS's there may be more,
// which other processes carry (Config.Carry). Beside a function that has all of the first itself, that
// is 1,005. Where the Runtime API is passed on there are two more for each
// connection of the runtime's, of which most runtimes have one (package runtimeapi).
package sidecar

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/lambda-remit/remit/extension/environ"
	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
	"github.com/lambda-remit/remit/proxy/audit"
	cloud "github.com/lambda-remit/remit/proxy/aws"
	"github.com/lambda-remit/remit/proxy/ca"
	"github.com/lambda-remit/remit/proxy/credentials"
	"github.com/lambda-remit/remit/proxy/mint"
	"github.com/lambda-remit/remit/proxy/upstream"
)

// Config says what to run. Its zero value grants nothing.
type Config struct {
	Manifest  *manifest.Manifest // nil grants nothing
	Region    string             // the function's
	Account   string             // the function's; empty: until [Sidecar.SetAccount] tells
	Function  string             // the log's name for the function, if the manifest has none
	Version   string             // the function's
	Base      aws.CredentialsProvider
	Log       io.Writer         // nil: standard error
	SHA256    string            // of the manifest's text, for the line in the log that the start writes
	Notes     []string          // warnings in that line
	Bearer    map[string]string // the function's bearer tokens, by variable: AWS_BEARER_TOKEN_BEDROCK
	Address   string            // of the proxy; empty: a free port on 127.0.0.1
	Forbidden []netip.Addr      // that no tunnel reaches: the Runtime API's

	// Onward is the proxy of the owner's own that calls and tunnels go on
	// through. Nil: none.
	Onward *Onward

	// Cooperative has calls that are signed by Base decided as the function's
	// own: for functions that are not started with sealed credentials, and are
	// told of Address by their configuration.
	Cooperative bool

	// Carry takes tunnels over where there are many: see [proxy.Server]. Nil:
	// nobody does.
	Carry func(near, far *net.TCPConn) bool

	// Keys has the handshake tell the sealed credentials, for the process's
	// environment, unless the manifest exposes grants: who finds keys there asks
	// for no others.
	Keys bool

	// Parameters is where AWS's Parameters and Secrets extension is answered
	// for. Nil: nowhere.
	Parameters *Parameters

	// TokenFile is where the bearer token is written, and a new one after
	// [Sidecar.Restored]; the process beside is told of it. Empty: nowhere.
	TokenFile string

	// Snapshot says that a snapshot may be taken of this sandbox, from which it
	// goes on without [Sidecar.Restored] being called: signs of it are looked
	// for until the first [Sidecar.Invocation].
	Snapshot bool

	// Transport sends allowed calls. Nil: an [upstream.Transport], with
	// [Transport] for what is not small.
	Transport http.RoundTripper
}

// A Sidecar is running.
type Sidecar struct {
	handshake environ.Handshake
	base      aws.CredentialsProvider
	issuer    *credentials.Issuer
	minter    *mint.Minter
	transport http.RoundTripper
	manifest  atomic.Pointer[manifest.Manifest]
	traces    traces

	proxy      *proxy.Server
	parameters *proxy.Server // nil: nobody is answered for
	creds      *http.Server
	log        *audit.Log
	ends       []func() // what Close has to end besides

	announcing sync.Once
	restoring  sync.Mutex
	signs      *signs // nil: none are looked for
	start      audit.Start
	exposed    atomic.Pointer[string] // the access key that the function was given last

	cloud   *cloud.Cloud
	warming sync.WaitGroup
	warm    sync.Once
	cold    context.CancelFunc // ends the warming
	warmth  context.Context    // of the warming, that outlives the call which began it

	serving sync.WaitGroup
	broken  chan error // has the error of the first server that stopped by itself
	closing atomic.Bool
}

// Start starts a sidecar. It is ready when Start returns.
func Start(ctx context.Context, c Config) (_ *Sidecar, err error) {
	s := &Sidecar{base: c.Base, broken: make(chan error, 4), start: audit.Start{
		Decision: audit.Boundary{Stands: true},
		SHA256:   c.SHA256,
		Warnings: c.Notes,
	}}
	if c.Snapshot {
		s.signs = new(signs)
	}
	m := c.Manifest
	if m == nil {
		m = new(manifest.Manifest)
	}
	m = m.OfFunction(c.Region, c.Function)
	s.manifest.Store(m)
	s.SetAccount(c.Account)
	if m.Mode == manifest.Observe {
		s.start.RolePolicy.Why = "observing: calls go on under the execution role's own credentials"
		s.start.SessionPolicy = s.start.RolePolicy
	} else if m.Credentials.Role != "" {
		s.start.RolePolicy = audit.Boundary{Stands: true, Why: "the manifest names a role; what its policy says was not looked at: remit policy writes it"}
		s.start.SessionPolicy = audit.Boundary{Stands: true}
	} else {
		s.start.RolePolicy.Why = "the manifest names no role"
		s.start.SessionPolicy = s.start.RolePolicy
	}
	if c.Log == nil {
		c.Log = os.Stderr
	}
	if c.Transport == nil {
		own := &upstream.Transport{Rest: transport(c.Onward), MaxIdle: keptSmall}
		c.Transport = own
		s.ends = append(s.ends, own.CloseIdleConnections)
	}
	s.transport = c.Transport

	claims, domains := cloud.Claims, cloud.Domains()
	if len(m.Domains) > 0 {
		// The authority is for no host of a customer's but those. Whether a host
		// is one, the manifest of the start says: no other comes while it runs.
		claims = func(host string) bool { _, named := m.Domains[host]; return named || cloud.Claims(host) }
		domains = slices.AppendSeq(domains, maps.Keys(m.Domains))
	}
	authority, err := ca.New(domains...)
	if err != nil {
		return nil, fmt.Errorf("certificate authority: %w", err)
	}
	issuer, err := credentials.New()
	if err != nil {
		return nil, fmt.Errorf("sealed credentials: %w", err)
	}
	bearers, sealedTokens, err := sealBearers(c.Bearer)
	if err != nil {
		return nil, fmt.Errorf("sealed bearer tokens: %w", err)
	}
	s.issuer = issuer
	function := m.Function
	if function == "" {
		function = c.Function
	}
	session := mint.SessionName(function)
	s.log = &audit.Log{
		W:         c.Log,
		Manifest:  s.manifest.Load,
		Function:  function,
		Version:   c.Version,
		Sandbox:   sandbox(),
		RequestID: s.traces.request,
	}
	minter := &mint.Minter{Base: c.Base, Region: c.Region}
	if c.Onward != nil {
		minter.Through = c.Onward.dialer
	}
	s.minter = minter
	if u := m.Upstreams["sts"]; u != nil {
		minter.Endpoint = u.String()
	}
	sealed := issuer.Sealed
	if c.Cooperative {
		sealed = cooperative(sealed, c.Base)
	}
	s.cloud = &cloud.Cloud{
		Sealed:  sealed,
		Bearers: bearers,
		Foreign: func(id string) (string, bool) {
			account, ok := s.manifest.Load().Credentials.Foreign[id]
			return account, ok
		},
		Base:      c.Base,
		Minter:    minter,
		Transport: c.Transport,
		Region:    c.Region,
		Account:   func() string { return s.manifest.Load().Account },
		Manifest:  s.manifest.Load,
		Function:  function,
		Session:   func() string { return session },
		Self:      (&self{minter: minter, transport: c.Transport}).arn,
	}
	if len(m.Exposed()) > 0 {
		issuer.Expose = s.expose
	}
	s.warmth, s.cold = context.WithCancel(context.WithoutCancel(ctx))
	s.proxy = &proxy.Server{
		Manifest:   s.manifest.Load,
		Cloud:      s.watch(s.cloud),
		Claims:     claims,
		Ports:      cloud.Ports,
		WebSockets: cloud.WebSockets,
		TLS:        authority.TLS,
		Forbidden:  c.Forbidden,
		Record:     s.log.Record,
		Carry:      c.Carry,
	}
	if c.Onward != nil {
		s.proxy.Onward = c.Onward.leads
		s.proxy.DialOnward = c.Onward.dialer(new(net.Dialer).DialContext)
	}
	s.ends = append(s.ends, minter.Close)
	s.creds = &http.Server{
		Handler: issuer, ReadTimeout: 10 * time.Second, MaxHeaderBytes: 16 << 10,
		ErrorLog: log.New(io.Discard, "", 0), // else whoever connects writes into the log, in no format of ours
	}
	s.creds.SetKeepAlivesEnabled(false) // who has asked will not for long, and places are few

	if c.Address == "" {
		c.Address = "127.0.0.1:0"
	}
	if c.TokenFile != "" {
		if err := replace(c.TokenFile, issuer.Token()); err != nil {
			return nil, fmt.Errorf("bearer token: %w", err)
		}
	}
	front, err := listen(ctx, c.Address)
	if err != nil {
		return nil, err
	}
	keys, err := listen(ctx, "127.0.0.1:0")
	if err != nil {
		front.Close()
		return nil, err
	}
	direct, err := listen(ctx, "127.0.0.1:0")
	if err != nil {
		front.Close()
		keys.Close()
		return nil, err
	}
	s.handshake = environ.Handshake{
		Version:        environ.HandshakeVersion,
		Proxy:          front.Addr().String(),
		TLS:            direct.Addr().String(),
		CredentialsURI: "http://" + keys.Addr().String() + credentials.Path,
		Token:          issuer.Token(),
		TokenFile:      c.TokenFile,
		CA:             string(authority.PEM()),
		Domains:        cloud.Domains(),
		Hosts:          slices.Sorted(maps.Keys(m.Domains)),
		Egress:         m.Egress != nil,
		Bearer:         sealedTokens,
	}
	if own := issuer.Own(); c.Keys && issuer.Expose == nil {
		s.handshake.Keys = environ.Keys{ID: own.AccessKeyID, Secret: own.SecretAccessKey, Token: own.SessionToken}
	}
	if err := s.serveParameters(ctx, c); err != nil {
		front.Close()
		keys.Close()
		direct.Close()
		return nil, err
	}
	s.serve(front, s.proxy.Serve)
	s.serve(direct, s.proxy.ServeTLS)
	s.serve(limit(keys, maxAsking), s.creds.Serve)
	return s, nil
}

// listen listens on a loopback address and on no other.
func listen(ctx context.Context, address string) (net.Listener, error) {
	a, err := netip.ParseAddrPort(address)
	if err != nil || !a.Addr().IsLoopback() {
		return nil, fmt.Errorf("address %q is not a loopback address with a port", address)
	}
	return new(net.ListenConfig).Listen(ctx, "tcp", address)
}

// serve runs one server until Close. A server that stops by itself leaves the
// function without a proxy: whoever waits on Broken then ends the process.
func (s *Sidecar) serve(l net.Listener, run func(net.Listener) error) {
	s.serving.Go(func() {
		err := run(l)
		if !s.closing.Load() {
			s.broken <- fmt.Errorf("serving %s: %w", l.Addr(), err)
		}
	})
}

// Handshake is what the process beside has to know.
func (s *Sidecar) Handshake() environ.Handshake { return s.handshake }

// Broken has an error once a server has stopped by itself.
func (s *Sidecar) Broken() <-chan error { return s.broken }

// SetAccount tells in which account the manifest's bare names are, once it is
// known. It changes nothing after that.
func (s *Sidecar) SetAccount(account string) {
	if len(account) != 12 || strings.Trim(account, "0123456789") != "" {
		return
	}
	m := s.manifest.Load()
	if m.Account == "" {
		s.manifest.CompareAndSwap(m, m.InAccount(account))
	}
}

// Warm begins to ask STS for the credentials of the manifest's grants, once, and
// does not wait for them: [Sidecar.Close] does. Whether a frozen sandbox lets it
// finish or not, calls that come meanwhile ask for what they need themselves. It
// is of use once the account is known.
func (s *Sidecar) Warm() {
	s.warm.Do(func() {
		s.warming.Go(func() { s.cloud.Warm(s.warmth, s.manifest.Load()) })
	})
}

// Invocation tells that the calls with the trace id in header, an
// X-Amzn-Trace-Id, belong to the invocation request. The one before is over:
// what the log has counted of it is written. The first is after a restore, where
// there was to be one.
func (s *Sidecar) Invocation(header, request string) {
	s.first()
	s.log.Settle()
	s.traces.also(header, request)
}

// Begin tells that an invocation begins, before the function can know: calls
// without a trace id belong to it too, unless several have run at a time.
func (s *Sidecar) Begin(header, request string) {
	s.first()
	s.log.Settle()
	s.traces.begin(header, request)
}

// End tells that an invocation that began has been answered.
func (s *Sidecar) End(request string) { s.traces.end(request) }

// Announce writes the line of the start into the log, once: which boundaries
// stand here. Whether the process beside has its environment from the handshake,
// and is kept out of others, is known only when it has asked for the one and
// told the other, or when it runs and has not.
func (s *Sidecar) Announce(sealed, hardened audit.Boundary, measures ...audit.Measure) {
	s.announcing.Do(func() {
		s.start.SealedCredentials, s.start.HardenedProcess = sealed, hardened
		s.start.Measures = measures
		s.log.Start(s.start)
	})
}

// Close stops the sidecar: no new calls, then the running ones until ctx is
// done; what the log has left is written.
func (s *Sidecar) Close(ctx context.Context) error {
	s.closing.Store(true)
	s.warm.Do(func() {}) // not any more
	s.cold()
	s.warming.Wait()
	err := s.proxy.Shutdown(ctx)
	if s.parameters != nil {
		err = errors.Join(err, s.parameters.Shutdown(ctx))
	}
	if e := s.creds.Shutdown(ctx); e != nil {
		err = errors.Join(err, e, s.creds.Close())
	}
	s.serving.Wait()
	for _, end := range s.ends {
		end()
	}
	s.log.Flush()
	return err
}

// sandbox names this sandbox in the log: nothing else tells two of them apart.
func sandbox() string {
	b := make([]byte, 8)
	rand.Read(b)
	return hex.EncodeToString(b)
}
