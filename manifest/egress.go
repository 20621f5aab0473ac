package manifest

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// A Destination is one line of a manifest's egress: where the function may
// connect to beside the cloud.
type Destination struct {
	// Host is a name in small letters. A "*" in a label stands for any
	// characters of that label, and one that is the whole first label for any
	// labels before the others, one at least; "*" alone is every name. No name
	// stands for an address. Empty where Addresses are meant.
	Host string

	// Addresses are those that may be asked for in place of a name. Invalid
	// where Host is meant.
	Addresses netip.Prefix

	Port uint16 // zero for every port
	ID   string // "egress[2]", as the log has it
	Pos  Position
}

// String is the destination as a manifest has it, with its port.
func (d Destination) String() string {
	port := "*"
	if d.Port != 0 {
		port = strconv.Itoa(int(d.Port))
	}
	switch {
	case d.Host != "":
		return d.Host + ":" + port
	case d.Addresses.Addr().Is6():
		return "[" + d.Addresses.String() + "]:" + port
	}
	return d.Addresses.String() + ":" + port
}

// grant is the destination as a decision names it.
func (d *Destination) grant() *Grant { return &Grant{ID: d.ID, Pos: d.Pos} }

// Reach decides whether the function may connect to port of host, which is not
// the cloud's: a name, or an IP address without brackets. Without an egress in
// the manifest it may. Which addresses a name stands for is not asked here.
// Decisions name the line that allowed it, or that has the host at another port.
func (m *Manifest) Reach(host string, port uint16) Decision {
	if m == nil || m.Egress == nil {
		return Decision{Allowed: true}
	}
	host = strings.TrimRight(strings.ToLower(host), ".")
	addr, err := netip.ParseAddr(host)
	isAddr := err == nil
	d := Decision{Reason: NoEgress}
	for i := range m.Egress {
		to := &m.Egress[i]
		switch {
		case isAddr && !(to.Addresses.IsValid() && to.Addresses.Contains(addr.Unmap())),
			!isAddr && (to.Host == "" || !matchHost(to.Host, host)):
		case to.Port == 0 || to.Port == port:
			return Decision{Allowed: true, Grants: [][]*Grant{{to.grant()}}}
		case d.Nearest == nil:
			d.Nearest = to.grant()
		}
	}
	return d
}

// matchHost reports whether host, in small letters, is one that pattern names.
func matchHost(pattern, host string) bool {
	if host == "" || len(host) > maxHost || host[0] == '.' || strings.Contains(host, "..") {
		return false
	}
	if pattern == "*" {
		return true
	}
	if rest, ok := strings.CutPrefix(pattern, "*."); ok {
		// Some labels before as many as rest has.
		for i := strings.IndexByte(host, '.'); i >= 0; {
			if matchLabels(rest, host[i+1:]) {
				return true
			}
			next := strings.IndexByte(host[i+1:], '.')
			if next < 0 {
				break
			}
			i += 1 + next
		}
		return false
	}
	return matchLabels(pattern, host)
}

// matchLabels compares label by label.
func matchLabels(pattern, host string) bool {
	for {
		p, morePattern, inPattern := strings.Cut(pattern, ".")
		h, moreHost, inHost := strings.Cut(host, ".")
		if inPattern != inHost || h == "" || !matchLabel(p, h) {
			return false
		}
		if !inPattern {
			return true
		}
		pattern, host = morePattern, moreHost
	}
}

// matchLabel compares one label, in which each "*" is any characters. The
// labels are short, and the first match of each part is as good as any.
func matchLabel(pattern, label string) bool {
	first, rest, starred := strings.Cut(pattern, "*")
	if !starred {
		return pattern == label
	}
	label, ok := strings.CutPrefix(label, first)
	if !ok {
		return false
	}
	for {
		part, more, another := strings.Cut(rest, "*")
		if !another {
			return strings.HasSuffix(label, part)
		}
		i := strings.Index(label, part)
		if i < 0 {
			return false
		}
		label, rest = label[i+len(part):], more
	}
}

// egress reads where the function may connect to beside the cloud. An empty
// list is meant: nowhere.
func (p *parser) egress(f field) {
	p.m.Egress = []Destination{}
	items := []*yaml.Node{f.value}
	if f.value.Kind == yaml.SequenceNode {
		items = nil
		if len(f.value.Content) > 0 {
			items = p.items(f.value, `"egress"`)
		}
	}
	for i, item := range items {
		s, ok := p.expand(item, `"egress"`, &variables{
			allow: func(policyVariable) bool { return false },
			which: "only ${env:NAME} has one",
		})
		if !ok {
			continue
		}
		d, err := destination(s)
		if err != nil {
			p.errorf(item, "egress: %q: %v", s, err)
			continue
		}
		d.ID = "egress"
		if f.value.Kind == yaml.SequenceNode {
			d.ID = fmt.Sprintf("egress[%d]", i)
		}
		d.Pos = Position{p.m.File, item.Line, item.Column}
		p.m.Egress = append(p.m.Egress, d)
	}
}

// maxHost is how long a name may be, in bytes (RFC 1035, section 3.1).
const maxHost = 253

// httpsPort is the port of a destination that names none.
const httpsPort = 443

// destination reads HOST, HOST:PORT, ADDRESS:PORT or [ADDRESS]:PORT, where
// ADDRESS may have a prefix length and PORT may be "*".
func destination(s string) (Destination, error) {
	d := Destination{Port: httpsPort}
	if strings.Contains(s, "://") || strings.ContainsAny(s, "@?#") {
		return d, errors.New("a destination is a host and a port, as in api.example.com:443, and no URL")
	}
	host, port, hasPort := strings.Cut(s, ":")
	bracketed := strings.HasPrefix(s, "[")
	if bracketed {
		inner, rest, ok := strings.Cut(s[1:], "]")
		if !ok || rest != "" && rest[0] != ':' {
			return d, errors.New("an IPv6 address stands in brackets, as in [2001:db8::/32]:443")
		}
		host, port, hasPort = inner, strings.TrimPrefix(rest, ":"), rest != ""
	} else if strings.Contains(port, ":") {
		return d, errors.New("an IPv6 address stands in brackets, as in [2001:db8::/32]:443")
	}
	switch {
	case !hasPort:
	case port == "*":
		d.Port = 0
	default:
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 || port[0] == '+' || port[0] == '0' {
			return d, errors.New(`a port is a number from 1 to 65535, or "*"`)
		}
		d.Port = uint16(n)
	}
	if bracketed || strings.Contains(host, "/") || endsInNumber(host) {
		prefix, err := addresses(host)
		if err != nil || prefix.Addr().Is6() != bracketed {
			return d, errors.New("this is no address, or not the first of its block, as in 10.0.0.0/8 or [2001:db8::1]")
		}
		if a := prefix.Addr(); a.IsLoopback() || a.IsLinkLocalUnicast() {
			return d, errors.New("the proxy reaches no loopback or link-local address, whatever the manifest says")
		}
		d.Addresses = prefix
		return d, nil
	}
	d.Host = strings.ToLower(strings.TrimSuffix(host, "."))
	return d, hostPattern(d.Host)
}

// addresses reads an address, or a block of them whose other bits are zero.
func addresses(s string) (netip.Prefix, error) {
	if !strings.Contains(s, "/") {
		a, err := netip.ParseAddr(s)
		if err != nil || a.Zone() != "" || a.Is4In6() {
			return netip.Prefix{}, errors.New("no address")
		}
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(s)
	if err != nil || prefix.Masked() != prefix || prefix.Addr().Is4In6() {
		return netip.Prefix{}, errors.New("no block of addresses")
	}
	return prefix, nil
}

// endsInNumber reports whether the last label of host is a number: no name ends
// so, every IPv4 address does.
func endsInNumber(host string) bool {
	last := host[strings.LastIndexByte(host, '.')+1:]
	return last != "" && strings.Trim(last, digits) == ""
}

// hostPattern says what is wrong with a name, if something is.
func hostPattern(host string) error {
	if host == "" || len(host) > maxHost {
		return errors.New("a host has from 1 to 253 characters")
	}
	if !made(host, letters+digits+"-_.*") {
		return errors.New(`a host is made of letters, digits, hyphens and dots, and "*"; others are written in punycode`)
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" {
			return errors.New("it has an empty label")
		}
		if strings.Contains(label, "**") {
			return errors.New(`"**" is no pattern; "*.example.com" is all names below example.com`)
		}
	}
	if name := strings.TrimPrefix(host, "*."); name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return errors.New("the proxy reaches no loopback address, whatever the manifest says")
	}
	return nil
}
