package proxy

import (
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"strings"

	"github.com/lambda-remit/remit/manifest"
)

// A fault is what is wrong with a request before anybody asks what it wants.
type fault struct {
	status int
	reason manifest.Reason
	text   string
}

func (f *fault) Error() string { return f.text }

func faultf(status int, reason manifest.Reason, format string, args ...any) *fault {
	return &fault{status, reason, fmt.Sprintf(format, args...)}
}

// admit brings r into the one form that calls are read in: see [Cloud]'s Read.
// tunnel is the tunnel it came through, or nil. What can be understood in two
// ways is not admitted.
func (s *Server) admit(r *http.Request, tunnel *tunnelAddr) *fault {
	u := *r.URL
	r.URL = &u
	if f := admitHeader(r); f != nil {
		return f
	}
	host := "" // that the request names, where it names one
	switch raw := r.RequestURI; {
	case strings.HasPrefix(raw, "/"):
		r.URL.Scheme, r.URL.Host = "", ""
	case r.ProtoMajor == 1:
		scheme, rest, ok := strings.Cut(raw, "://")
		scheme = strings.ToLower(scheme)
		if !ok || scheme != "http" && scheme != "https" {
			return faultf(http.StatusBadRequest, Unread, "target %q is neither a path nor an http URL", short(raw))
		}
		end := strings.IndexAny(rest, "/?#")
		if end < 0 {
			end = len(rest)
		}
		authority, target := rest[:end], rest[end:]
		if !strings.HasPrefix(target, "/") {
			target = "/" + target // RFC 9112, section 3.2.1
			r.URL.Path, r.URL.RawPath = "/", ""
		}
		name, port, err := splitAuthority(authority)
		if err != nil {
			return faultf(http.StatusBadRequest, Unread, "%v", err)
		}
		host = name
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
		if port != 0 && port != defaultPort(scheme) {
			host += ":" + strconv.Itoa(int(port))
		}
		r.RequestURI = target
		r.URL.Scheme, r.URL.Host = scheme, host
		if tunnel == nil {
			if f := s.admitAbsolute(name, port, scheme); f != nil {
				return f
			}
		}
	default:
		return faultf(http.StatusBadRequest, Unread, "target %q is not a path", short(raw))
	}
	if tunnel != nil {
		at, got := tunnel.host, strings.TrimSuffix(strings.ToLower(r.Host), ":443")
		if tunnel.direct && got != at {
			if name, port, err := splitAuthority(got); err == nil && name == tunnel.name && s.reads(name, port) {
				at = got
			}
		}
		// The scheme is the tunnel's, whatever an HTTP/2 client writes into
		// :scheme, upon which net/http takes the request for plain text.
		if r.URL.Host != "" && (r.URL.Scheme != "https" || r.URL.Host != at) {
			return faultf(http.StatusMisdirectedRequest, Misdirected, "this tunnel is to %q, the target names %q", at, short(host))
		}
		if got != at {
			return faultf(http.StatusMisdirectedRequest, Misdirected, "this tunnel is to %q, Host names %q", at, short(r.Host))
		}
		if tunnel.sni != tunnel.name {
			return faultf(http.StatusMisdirectedRequest, Misdirected, "this tunnel is to %q, TLS was asked for %q", tunnel.name, short(tunnel.sni))
		}
		r.URL.Scheme, r.URL.Host = "https", at
	}
	// What is read is what is sent: net/http writes URL.RequestURI.
	if r.URL.RequestURI() != r.RequestURI {
		return faultf(http.StatusBadRequest, Unread, "target %q has characters that RFC 3986, section 3.3, does not allow; percent-encode them", short(r.RequestURI))
	}
	return s.admitUpgrade(r)
}

// admitAbsolute checks where an absolute URL leads. A claimed host has one
// spelling, and the ports that its services are on.
func (s *Server) admitAbsolute(name string, port uint16, scheme string) *fault {
	plain := strings.TrimRight(name, ".")
	if !s.claims(plain) {
		return nil
	}
	if plain != name {
		return faultf(http.StatusBadRequest, Unread, "host %q ends in a dot; write %q", name, plain)
	}
	if port != 0 && port != defaultPort(scheme) && !s.reads(name, port) {
		return faultf(http.StatusForbidden, Unread, "calls to %s are read on the port of %s, not on %d", name, scheme, port)
	}
	return nil
}

// admitHeader checks what net/http accepts and a neighbour might read
// otherwise. What it takes is in strict.go for HTTP/1.
func admitHeader(r *http.Request) *fault {
	if v, ok := r.Header["Content-Length"]; ok {
		// Over HTTP/2, net/http takes a length it cannot read for zero.
		if len(v) != 1 || v[0] != strconv.FormatInt(r.ContentLength, 10) {
			return faultf(http.StatusBadRequest, Smuggling, "Content-Length %q is not the length of the body", short(strings.Join(v, ", ")))
		}
	}
	if v, ok := r.Header["Host"]; ok {
		// HTTP/2 alone leaves it there, beside :authority.
		if len(v) != 1 || v[0] != r.Host {
			return faultf(http.StatusBadRequest, Smuggling, "Host %q is not :authority %q", short(strings.Join(v, ", ")), short(r.Host))
		}
		delete(r.Header, "Host")
	}
	return nil
}

// splitAuthority splits "host", "host:port" or "[v6]:port" as RFC 3986 writes
// them, and no other way: no user, no percent-encoding, no zone, ASCII alone.
// The host comes back in lower case, an IPv6 address without brackets; a port
// that is not given is zero.
func splitAuthority(s string) (host string, port uint16, err error) {
	bad := func(why string) (string, uint16, error) {
		return "", 0, fmt.Errorf("%q is not a host and port: %s", short(s), why)
	}
	host, digits, hasPort := strings.Cut(s, ":")
	if strings.HasPrefix(s, "[") {
		var ok bool
		host, digits, ok = strings.Cut(s[1:], "]")
		if !ok {
			return bad("no closing bracket")
		}
		if hasPort = digits != ""; hasPort {
			if digits[0] != ':' {
				return bad("text after the bracket")
			}
			digits = digits[1:]
		}
		if a, err := netip.ParseAddr(host); err != nil || !a.Is6() || a.Zone() != "" {
			return bad("no IPv6 address in brackets")
		}
	} else {
		if host == "" || len(host) > 254 {
			return bad("no host")
		}
		for i := range len(host) {
			switch c := host[i]; {
			case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '.', c == '_':
			default:
				return bad("a host is letters, digits, hyphens and dots")
			}
		}
		if host[0] == '.' || strings.Contains(host, "..") {
			return bad("an empty label")
		}
	}
	if hasPort {
		n, err := strconv.ParseUint(digits, 10, 16)
		if err != nil || n == 0 || digits[0] == '0' || digits[0] == '+' {
			return bad("a port is a number from 1 to 65535")
		}
		port = uint16(n)
	}
	return strings.ToLower(host), port, nil
}

func defaultPort(scheme string) uint16 {
	if scheme == "http" {
		return 80
	}
	return 443
}

// short is what may be said and logged of a target or host that a client sent:
// no user, no query, where passwords and presigned calls' tokens stand, and no
// more than fits a message.
func short(s string) string {
	s, query, cut := strings.Cut(s, "?")
	if cut && query != "" {
		s += "?…"
	}
	if at := strings.LastIndexByte(s, '@'); at >= 0 && !strings.HasPrefix(s, "/") {
		s = "…" + s[at:]
	}
	const most = 120
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
