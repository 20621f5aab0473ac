package ca

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"strings"
	"sync"
	"time"
)

// A host is a name that the authority answers for.
type host struct {
	name   string
	config *tls.Config

	mu   sync.Mutex // held while the leaf is made, so that it is made once
	leaf *tls.Certificate
}

// host returns the host of that name, which was checked, and forgets the one
// that was not used for longest if there are too many. It makes no leaf: that
// waits for a client that asks for it.
func (a *Authority) host(name string) *host {
	a.mu.Lock()
	defer a.mu.Unlock()
	if e, ok := a.hosts[name]; ok {
		a.recent.MoveToFront(e)
		return e.Value.(*host)
	}
	for len(a.hosts) >= maxHosts {
		oldest := a.recent.Back()
		delete(a.hosts, a.recent.Remove(oldest).(*host).name)
	}
	h := &host{name: name}
	h.config = &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"h2", "http/1.1"},
		// A resumed session does not come by GetCertificate, so the name is
		// looked at before.
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) { return nil, h.check(hello) },
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			if err := h.check(hello); err != nil {
				return nil, err
			}
			return h.certificate(a)
		},
	}
	a.hosts[name] = a.recent.PushFront(h)
	return h
}

// check refuses a client that believes it speaks to another host. Clients
// that send no name are old, or dialled an address.
func (h *host) check(hello *tls.ClientHelloInfo) error {
	if hello.ServerName != "" && !strings.EqualFold(hello.ServerName, h.name) {
		return fmt.Errorf("client asks for server name %q on a connection to %q", hello.ServerName, h.name)
	}
	return nil
}

// certificate returns h's leaf, made now if there is none with time to go.
// Who asks meanwhile waits for it.
func (h *host) certificate(a *Authority) (*tls.Certificate, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := a.now()
	// A clock that was set back beyond the leaf's beginning wants a new one.
	if h.leaf != nil && now.After(h.leaf.Leaf.NotBefore) && now.Add(leafSpare).Before(h.leaf.Leaf.NotAfter) {
		return h.leaf, nil
	}
	leaf, err := a.issue(h.name, now)
	if err != nil {
		return nil, err
	}
	h.leaf = leaf
	return leaf, nil
}

// issue makes a certificate for one host, with a key of its own.
func (a *Authority) issue(name string, now time.Time) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	leaf, err := template(now, leafLife)
	if err != nil {
		return nil, err
	}
	// The name stands in the alternative names alone: a common name has 64
	// characters at most, and host names are longer (RFC 5280, appendix A.1).
	leaf.Subject = pkix.Name{Organization: []string{"Remit"}}
	leaf.DNSNames = []string{name}
	leaf.KeyUsage = x509.KeyUsageDigitalSignature
	leaf.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	der, err := x509.CreateCertificate(rand.Reader, leaf, a.intermediate, key.Public(), a.key)
	if err != nil {
		return nil, err
	}
	if leaf, err = x509.ParseCertificate(der); err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der, a.intermediate.Raw}, PrivateKey: key, Leaf: leaf}, nil
}

// isUnder reports whether host is domain or below it.
func isUnder(host, domain string) bool {
	rest, ok := strings.CutSuffix(host, domain)
	return ok && (rest == "" || strings.HasSuffix(rest, "."))
}

// isHost reports whether s is a host name in lower case, as DNS has it (RFC
// 1123, section 2.1) but for underscores, which some buckets' names have. An
// address is none: its last label is a number, or it has colons.
func isHost(s string) bool {
	if len(s) > 253 {
		return false
	}
	label := ""
	for label = range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			if c := label[i]; !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_') {
				return false
			}
		}
	}
	return label[0] < '0' || label[0] > '9'
}
