package sidecar

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// An Onward is the proxy that the function's owner has between the function and
// the world: HTTPS_PROXY of its configuration, in whose place Remit's own stands
// for the function. What goes on from here goes through it, as the function's
// own connections would have: tunnels to hosts that are not AWS's, calls to AWS,
// and what STS is asked. A nil Onward is none.
type Onward struct {
	proxy  *url.URL
	direct []exempt // that go round it
}

// An exempt is one entry of NO_PROXY. Its zero value matches nothing.
type exempt struct {
	all    bool
	domain string // and all below it
	net    netip.Prefix
	port   uint16 // zero: any
}

// ParseOnward reads what the configuration says of a proxy. One that cannot be
// used is an error: calls that went round it would go where the owner lets none
// go.
func ParseOnward(getenv func(string) string) (*Onward, error) {
	name, value := "HTTPS_PROXY", getenv("HTTPS_PROXY")
	if value == "" {
		name, value = "https_proxy", getenv("https_proxy")
	}
	if value == "" {
		return nil, nil
	}
	if !strings.Contains(value, "://") {
		value = "http://" + value // as curl and Go take it
	}
	u, err := url.Parse(value)
	if err != nil {
		return nil, fmt.Errorf("%s is not the URL of a proxy", name) // it may have a password in it
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return nil, fmt.Errorf("%s %q is not the URL of an HTTP proxy", name, u.Redacted())
	}
	if u.Port() == "" {
		u.Host = net.JoinHostPort(u.Hostname(), map[string]string{"http": "80", "https": "443"}[u.Scheme])
	}
	o := &Onward{proxy: u}
	for _, name := range []string{"NO_PROXY", "no_proxy"} {
		for entry := range strings.SplitSeq(getenv(name), ",") {
			if e := parseExempt(strings.ToLower(strings.TrimSpace(entry))); e != (exempt{}) {
				o.direct = append(o.direct, e)
			}
		}
	}
	return o, nil
}

// parseExempt reads one entry as most programs do: "*", a domain with or without
// a dot or a star before it, an address, a network; each may have a port.
func parseExempt(s string) exempt {
	if s == "*" {
		return exempt{all: true}
	}
	if p, err := netip.ParsePrefix(s); err == nil {
		return exempt{net: p.Masked()}
	}
	var e exempt
	host := s
	if h, p, err := net.SplitHostPort(s); err == nil {
		n, err := strconv.ParseUint(p, 10, 16)
		if err != nil {
			return exempt{}
		}
		host, e.port = h, uint16(n)
	}
	if a, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		e.net = netip.PrefixFrom(a, a.BitLen())
		return e
	}
	if e.domain = strings.Trim(strings.TrimPrefix(host, "*"), "."); e.domain == "" {
		return exempt{}
	}
	return e
}

func (e exempt) matches(host string, addr netip.Addr, port uint16) bool {
	if e.port != 0 && e.port != port {
		return false
	}
	if e.all || e.net.IsValid() && addr.IsValid() && e.net.Contains(addr.Unmap()) {
		return true
	}
	return e.domain != "" && (host == e.domain || strings.HasSuffix(host, "."+e.domain))
}

// leads reports whether connections to host go through the proxy.
func (o *Onward) leads(host string, port uint16) bool {
	if o == nil {
		return false
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	addr, _ := netip.ParseAddr(host)
	if host == "localhost" || addr.IsLoopback() || addr.IsLinkLocalUnicast() {
		return false // what is in the sandbox no proxy reaches
	}
	for _, e := range o.direct {
		if e.matches(host, addr, port) {
			return false
		}
	}
	return true
}

// A dialFunc is a net.Dialer's.
type dialFunc = func(ctx context.Context, network, address string) (net.Conn, error)

// dialer returns next, with what the proxy leads on opened through it.
func (o *Onward) dialer(next dialFunc) dialFunc {
	if o == nil {
		return next
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		host, digits, err := net.SplitHostPort(address)
		port, portErr := strconv.ParseUint(digits, 10, 16)
		if err != nil || portErr != nil || !o.leads(host, uint16(port)) {
			return next(ctx, network, address)
		}
		conn, err := next(ctx, network, o.proxy.Host)
		if err != nil {
			return nil, fmt.Errorf("the configuration's proxy: %w", err)
		}
		through, err := o.connect(ctx, conn, address)
		if err != nil {
			conn.Close()
			return nil, fmt.Errorf("the configuration's proxy %s: %w", o.proxy.Host, err)
		}
		return through, nil
	}
}

// connect has the proxy at the other end of conn open a tunnel.
func (o *Onward) connect(ctx context.Context, conn net.Conn, address string) (net.Conn, error) {
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if o.proxy.Scheme == "https" {
		secure := tls.Client(conn, &tls.Config{ServerName: o.proxy.Hostname(), MinVersion: tls.VersionTLS12})
		if err := secure.HandshakeContext(ctx); err != nil {
			return nil, err
		}
		conn = secure
	}
	r := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: address}, Host: address, Header: make(http.Header)}
	r.Header.Set("User-Agent", "remit")
	if user := o.proxy.User; user != nil {
		password, _ := user.Password()
		r.Header.Set("Proxy-Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(user.Username()+":"+password)))
	}
	if err := r.Write(conn); err != nil {
		return nil, err
	}
	buffered := bufio.NewReader(conn)
	answer, err := http.ReadResponse(buffered, r)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("no tunnel to %s: %s", address, answer.Status)
	}
	if buffered.Buffered() > 0 {
		// The client speaks first, in TLS; and who reads the connection from
		// here on would not see it.
		return nil, errors.New("it speaks before it was spoken to")
	}
	if !stop() {
		return nil, context.Cause(ctx)
	}
	return conn, nil
}
