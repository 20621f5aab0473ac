package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// dialTime is what the far end of a tunnel has to answer in, its name to be
// resolved included.
const dialTime = 30 * time.Second

// resolve returns the addresses of host, all of which a tunnel may reach. A
// name that leads to one that it may not is refused altogether: nothing that
// is meant for the world also points into the sandbox.
func (s *Server) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if err := s.admitName(host); err != nil {
		return nil, err
	}
	if addr, err := netip.ParseAddr(strings.TrimRight(host, ".")); err == nil {
		return []netip.Addr{addr.Unmap()}, nil
	}
	lookup := s.Lookup
	if lookup == nil {
		lookup = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	addrs, err := lookup(ctx, host)
	if err != nil {
		return nil, err
	}
	if len(addrs) == 0 {
		return nil, fmt.Errorf("%s has no address", host)
	}
	addrs = slices.Clone(addrs)
	for i, addr := range addrs {
		if why := s.forbids(addr); why != "" {
			return nil, forbidden(host, why)
		}
		addrs[i] = addr.Unmap()
	}
	return addrs, nil
}

// admitName refuses what can be seen in host alone to lead where no tunnel may.
func (s *Server) admitName(host string) error {
	name := strings.TrimRight(host, ".")
	if addr, err := netip.ParseAddr(name); err == nil {
		if why := s.forbids(addr); why != "" {
			return forbidden(host, why)
		}
		return nil
	}
	if isNumber(name) {
		return forbidden(host, "an address is written as four decimal numbers, or as IPv6")
	}
	if lower := strings.ToLower(name); lower == "localhost" || strings.HasSuffix(lower, ".localhost") {
		return forbidden(host, "loopback") // RFC 6761, section 6.3
	}
	return nil
}

func forbidden(host, why string) *fault {
	return faultf(http.StatusForbidden, Forbidden, "no tunnel to %s: %s", short(host), why)
}

// isNumber reports whether somebody's parser would take host for an IPv4
// address: its last label is a number, decimal, octal or hexadecimal (WHATWG
// URL, "ends in a number checker"). inet_aton(3), which C resolvers ask first,
// reads "2130706433", "0x7f.1" and "0177.0.0.1" as 127.0.0.1. No name in the
// DNS ends so.
func isNumber(host string) bool {
	last := host[strings.LastIndexByte(host, '.')+1:]
	if last == "" {
		return host != ""
	}
	digits, ok := strings.CutPrefix(strings.ToLower(last), "0x")
	for _, c := range []byte(digits) {
		if !('0' <= c && c <= '9' || ok && 'a' <= c && c <= 'f') {
			return false
		}
	}
	return true
}

// forbids says why no tunnel may reach addr; empty if one may. Private
// addresses are not forbidden: they are what a VPC is made of.
func (s *Server) forbids(addr netip.Addr) string {
	if addr.Zone() != "" {
		return "an address with a zone"
	}
	addr = addr.Unmap()
	switch {
	case !addr.IsValid():
		return "no address"
	case addr.IsLoopback():
		return "loopback"
	case addr.IsUnspecified(), addr.Is4() && addr.As4()[0] == 0:
		return "unspecified" // The kernel connects 0.0.0.0 and :: to loopback.
	case addr.IsLinkLocalUnicast():
		// Instance and task metadata, and Lambda's own Runtime API.
		return "link-local"
	case addr.IsMulticast():
		return "multicast"
	case addr == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return "broadcast"
	}
	for _, f := range s.Forbidden {
		if addr == f.Unmap().WithZone("") {
			return "the Runtime API"
		}
	}
	if addr.Is4() {
		return ""
	}
	b := addr.As16()
	if [4]byte(b[:4]) == [4]byte{0xfd, 0x00, 0x0e, 0xc2} {
		// fd00:ec2::/32: instance metadata (::254), EKS Pod Identity (::23),
		// and what else of the kind there is (EC2 User Guide, "Use the
		// Instance Metadata Service").
		return "metadata"
	}
	if b[0] == 0xfe && b[1]&0xc0 == 0xc0 {
		return "site-local" // fec0::/10, RFC 3879
	}
	if [6]byte(b[:6]) == [6]byte{0x00, 0x64, 0xff, 0x9b, 0x00, 0x01} {
		// RFC 8215: where in it the IPv4 address stands is up to the network.
		return "a local translation of IPv4"
	}
	for _, v4 := range embedded(b) {
		if why := s.forbids(v4); why != "" {
			return why + " (" + v4.String() + ")"
		}
	}
	return ""
}

// embedded returns the IPv4 addresses that a router might take b for.
func embedded(b [16]byte) []netip.Addr {
	at := func(i int) netip.Addr { return netip.AddrFrom4([4]byte(b[i : i+4])) }
	var zero [16]byte
	switch {
	case [12]byte(b[:12]) == [12]byte(zero[:12]): // IPv4-compatible: RFC 4291, section 2.5.5.1
		return []netip.Addr{at(12)}
	case [8]byte(b[:8]) == [8]byte(zero[:8]) && [4]byte(b[8:12]) == [4]byte{0xff, 0xff, 0, 0}: // IPv4-translated: RFC 2765
		return []netip.Addr{at(12)}
	case [12]byte(b[:12]) == [12]byte{0, 0x64, 0xff, 0x9b}: // NAT64: RFC 6052
		return []netip.Addr{at(12)}
	case b[0] == 0x20 && b[1] == 0x02: // 6to4: RFC 3056
		return []netip.Addr{at(2)}
	case [4]byte(b[:4]) == [4]byte{0x20, 0x01, 0, 0}: // Teredo: RFC 4380, the client's inverted
		return []netip.Addr{at(4), netip.AddrFrom4([4]byte{^b[12], ^b[13], ^b[14], ^b[15]})}
	case b[8]&^2 == 0 && [3]byte(b[9:12]) == [3]byte{0, 0x5e, 0xfe}: // ISATAP: RFC 5214
		return []netip.Addr{at(12)}
	}
	return nil
}

// dialAny connects to the first of addrs that answers.
func (s *Server) dialAny(ctx context.Context, addrs []netip.Addr, port uint16) (net.Conn, error) {
	dial := s.Dial
	if dial == nil {
		dial = func(ctx context.Context, network string, addr netip.AddrPort) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, addr.String())
		}
	}
	var errs []error
	for i, addr := range addrs {
		// Each has its share of the time, or one that swallows packets
		// would leave none for those behind it.
		each, cancel := ctx, context.CancelFunc(func() {})
		if deadline, ok := ctx.Deadline(); ok {
			each, cancel = context.WithTimeout(ctx, time.Until(deadline)/time.Duration(len(addrs)-i))
		}
		conn, err := dial(each, "tcp", netip.AddrPortFrom(addr, port))
		cancel()
		if err == nil {
			return conn, nil
		}
		errs = append(errs, err)
	}
	return nil, errors.Join(errs...)
}
