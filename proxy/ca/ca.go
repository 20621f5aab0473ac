// Package ca is the authority that lets the proxy answer for the hosts it
// stands in for.
//
// An authority is made when the process starts and dies with it: nothing of
// it is written anywhere, and its clients are told to trust [Authority.PEM]
// beside what they trusted before. Whoever took its key could answer for the
// authority's domains, to those clients, and for nothing else: the
// certificate that the key belongs to is constrained to these domains.
//
// The constraint stands on an intermediate and not on the root, because some
// clients (Java) do not heed the constraints of a certificate that they were
// told to trust. The root has no key any more, so there is no other
// intermediate. (RFC 5280, sections 4.2.1.10 and 6.1.)
package ca

import (
	"container/list"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"slices"
	"sync"
	"time"
)

// Validity. A certificate is valid from a day before it was made, for clocks
// that are set back: a sandbox restored from a snapshot may start behind.
//
// The authority has to outlive its process, which cannot make another one
// without the root's key: hours or days mostly, 14 days on Lambda Managed
// Instances, and for a SnapStart function as long as its snapshot is used. A
// short life would protect nothing, since the key lives in the process alone
// and only what the process started trusts it. Leaves are short, and are made
// anew when they are asked for with less than leafSpare to go, so a connection
// may live that long.
const (
	backdated     = 24 * time.Hour
	authorityLife = 10 * 365 * 24 * time.Hour
	leafLife      = 7 * 24 * time.Hour
	leafSpare     = 24 * time.Hour
)

// maxHosts bounds the hosts whose leaves are kept. Every bucket may be one; a
// host that was dropped costs a new key and a signature, 0.2 ms.
const maxHosts = 256

// An Authority issues certificates for hosts under its domains. Its root's key
// was thrown away when it was made; the intermediate's lives in memory and
// dies with the process.
type Authority struct {
	domains      []string
	root         []byte // PEM
	intermediate *x509.Certificate
	key          *ecdsa.PrivateKey // the intermediate's
	now          func() time.Time

	mu     sync.Mutex
	hosts  map[string]*list.Element // of *host
	recent list.List                // the host used last in front
}

// New makes an authority for domains and all below them. A domain is in lower
// case, without a dot at either end.
func New(domains ...string) (*Authority, error) { return newAuthority(time.Now, domains) }

func newAuthority(now func() time.Time, domains []string) (*Authority, error) {
	if len(domains) == 0 {
		// Without domains, the intermediate would not be constrained at all.
		return nil, errors.New("an authority needs a domain at least")
	}
	for _, d := range domains {
		if !isHost(d) {
			return nil, fmt.Errorf("domain %q is not a host name in lower case", d)
		}
	}

	rootKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	root, err := template(now(), authorityLife)
	if err != nil {
		return nil, err
	}
	// The serial tells the roots of two processes apart in a trust bundle.
	root.Subject = pkix.Name{Organization: []string{"Remit"}, CommonName: fmt.Sprintf("Remit root %x", root.SerialNumber.Bytes()[:4])}
	root.IsCA = true
	root.MaxPathLen = 1
	root.KeyUsage = x509.KeyUsageCertSign
	rootDER, err := x509.CreateCertificate(rand.Reader, root, root, rootKey.Public(), rootKey)
	if err != nil {
		return nil, err
	}
	if root, err = x509.ParseCertificate(rootDER); err != nil {
		return nil, err
	}

	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	intermediate, err := template(now(), authorityLife)
	if err != nil {
		return nil, err
	}
	intermediate.Subject = pkix.Name{Organization: []string{"Remit"}, CommonName: "Remit intermediate"}
	intermediate.IsCA = true
	intermediate.MaxPathLenZero = true
	intermediate.KeyUsage = x509.KeyUsageCertSign
	intermediate.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	intermediate.PermittedDNSDomainsCritical = true
	intermediate.PermittedDNSDomains = slices.Clone(domains)
	// A constraint says nothing about kinds of names that it does not
	// mention, so addresses have to be shut out by name.
	intermediate.ExcludedIPRanges = []*net.IPNet{
		{IP: net.IPv4zero.To4(), Mask: net.CIDRMask(0, 32)},
		{IP: net.IPv6zero, Mask: net.CIDRMask(0, 128)},
	}
	der, err := x509.CreateCertificate(rand.Reader, intermediate, root, key.Public(), rootKey)
	if err != nil {
		return nil, err
	}
	if intermediate, err = x509.ParseCertificate(der); err != nil {
		return nil, err
	}
	return &Authority{
		domains:      slices.Clone(domains),
		root:         pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: rootDER}),
		intermediate: intermediate,
		key:          key,
		now:          now,
		hosts:        make(map[string]*list.Element),
	}, nil
}

// template is a certificate with what all of ours have.
func template(now time.Time, life time.Duration) (*x509.Certificate, error) {
	serial := make([]byte, 16)
	if _, err := rand.Read(serial); err != nil {
		return nil, err
	}
	// Positive, and never shorter: RFC 5280, section 4.1.2.2.
	serial[0] = serial[0]&0x7f | 0x40
	return &x509.Certificate{
		SerialNumber:          new(big.Int).SetBytes(serial),
		NotBefore:             now.Add(-backdated),
		NotAfter:              now.Add(life),
		BasicConstraintsValid: true,
	}, nil
}

// PEM is the root certificate, for clients to trust.
func (a *Authority) PEM() []byte { return slices.Clone(a.root) }

// TLS returns the configuration with which to answer for host, a name in lower
// case under the authority's domains; any other is an error. The configuration
// refuses clients that ask for another name than host, or to be spoken to
// below TLS 1.2. It is shared by all that ask for host, so that they resume
// each other's sessions, and must not be changed.
func (a *Authority) TLS(host string) (*tls.Config, error) {
	if !isHost(host) {
		return nil, fmt.Errorf("host %q is not a host name in lower case", host)
	}
	if !slices.ContainsFunc(a.domains, func(d string) bool { return isUnder(host, d) }) {
		return nil, fmt.Errorf("host %q is under none of the authority's domains", host)
	}
	return a.host(host).config, nil
}
