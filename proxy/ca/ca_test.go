package ca

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func newTest(t testing.TB, domains ...string) *Authority {
	t.Helper()
	a, err := New(domains...)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// handshake connects a client to a server with config, and returns what the
// client knows of the connection.
func handshake(t testing.TB, server, client *tls.Config) (tls.ConnectionState, error) {
	t.Helper()
	c, s := net.Pipe()
	defer c.Close()
	done := make(chan error, 1)
	go func() {
		conn := tls.Server(s, server)
		err := conn.Handshake()
		if err == nil {
			conn.Write([]byte{0}) // carries the session ticket of TLS 1.3
		}
		s.Close()
		done <- err
	}()
	conn := tls.Client(c, client)
	err := conn.Handshake()
	if err == nil {
		conn.Read(make([]byte, 1))
	}
	state := conn.ConnectionState()
	c.Close()
	if serverErr := <-done; err == nil {
		err = serverErr
	}
	return state, err
}

func pool(a *Authority) *x509.CertPool {
	p := x509.NewCertPool()
	p.AppendCertsFromPEM(a.PEM())
	return p
}

func TestClientsThatTrustTheRootAccept(t *testing.T) {
	a := newTest(t, "amazonaws.com", "amazonaws.com.cn")
	for _, name := range []string{
		"amazonaws.com",
		"sqs.eu-west-1.amazonaws.com",
		"my.dotted_bucket.s3.eu-west-1.amazonaws.com",
		"alias--ol-s3.s3.amazonaws.com.cn",
		"xn--bcher-kva.amazonaws.com",
		strings.Repeat("a", 63) + "." + strings.Repeat("b", 63) + ".s3.amazonaws.com",
	} {
		config, err := a.TLS(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		state, err := handshake(t, config, &tls.Config{RootCAs: pool(a), ServerName: name, NextProtos: []string{"h2"}})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := len(state.PeerCertificates); got != 2 {
			t.Errorf("%s: got a chain of %d, want leaf and intermediate", name, got)
		}
		if got := state.PeerCertificates[0].DNSNames; !slices.Equal(got, []string{name}) {
			t.Errorf("%s: got names %q", name, got)
		}
		if state.NegotiatedProtocol != "h2" {
			t.Errorf("%s: got protocol %q, want h2", name, state.NegotiatedProtocol)
		}
	}
}

func TestOtherHostsAreRefused(t *testing.T) {
	a := newTest(t, "amazonaws.com")
	for _, name := range []string{
		"", ".", "com", "example.com", "evilamazonaws.com", "amazonaws.com.evil.example", "amazonaws.com.", ".amazonaws.com",
		"a..amazonaws.com", "*.amazonaws.com", "S3.amazonaws.com", "s3.amazonaws.com:443", "user@s3.amazonaws.com",
		"s3.amazonaws.com/path", "s3 .amazonaws.com", "s3\x00.amazonaws.com", "bücher.amazonaws.com", "-a.amazonaws.com", "a-.amazonaws.com",
		strings.Repeat("a", 64) + ".amazonaws.com", strings.Repeat("a.", 125) + "amazonaws.com",
		"127.0.0.1", "::1", "[::1]", "0x7f.1", "2130706433",
	} {
		if config, err := a.TLS(name); err == nil || config != nil {
			t.Errorf("TLS(%q) got %v, %v, want an error", name, config, err)
		}
	}
}

func TestDomainsHaveToBeNames(t *testing.T) {
	for _, domains := range [][]string{
		nil, {""}, {"."}, {"amazonaws.com", ""}, {"*.amazonaws.com"}, {".amazonaws.com"}, {"amazonaws.com."}, {"Amazonaws.com"}, {"10.0.0.1"}, {"::1"},
	} {
		if _, err := New(domains...); err == nil {
			t.Errorf("New(%q) got no error", domains)
		}
	}
}

func TestServerNameHasToBeTheHost(t *testing.T) {
	a := newTest(t, "amazonaws.com")
	config, err := a.TLS("s3.amazonaws.com")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{
		"s3.amazonaws.com":      true,
		"S3.AmazonAWS.com":      true, // case means nothing in DNS
		"":                      true,
		"sqs.amazonaws.com":     false,
		"s3.amazonaws.com.evil": false,
	} {
		_, err := handshake(t, config, &tls.Config{InsecureSkipVerify: true, ServerName: name})
		if got := err == nil; got != want {
			t.Errorf("server name %q: got %v, want accepted = %v", name, err, want)
		}
		hello := &tls.ClientHelloInfo{ServerName: name}
		if _, err := config.GetCertificate(hello); (err == nil) != want {
			t.Errorf("GetCertificate for %q: got %v, want accepted = %v", name, err, want)
		}
	}
}

func TestResumedSessionsHaveToAskForTheHostToo(t *testing.T) {
	a := newTest(t, "amazonaws.com")
	config, err := a.TLS("s3.amazonaws.com")
	if err != nil {
		t.Fatal(err)
	}
	cache := oneSession{new(tls.ClientSessionState)}
	client := &tls.Config{InsecureSkipVerify: true, ServerName: "s3.amazonaws.com", ClientSessionCache: cache}
	for i, want := range []bool{false, true} {
		state, err := handshake(t, config, client)
		if err != nil {
			t.Fatal(err)
		}
		if state.DidResume != want {
			t.Fatalf("connection %d: got resumed = %v, want %v", i, state.DidResume, want)
		}
	}
	client = client.Clone()
	client.ServerName = "sqs.amazonaws.com"
	if _, err := handshake(t, config, client); err == nil {
		t.Error("a session of s3 was resumed as one of sqs")
	}
}

// oneSession gives every server the same session.
type oneSession struct{ s *tls.ClientSessionState }

func (c oneSession) Get(string) (*tls.ClientSessionState, bool) {
	_, state, err := c.s.ResumptionState()
	return c.s, err == nil && state != nil
}

func (c oneSession) Put(_ string, s *tls.ClientSessionState) {
	if s != nil {
		*c.s = *s
	}
}

func TestOldProtocolsAreRefused(t *testing.T) {
	a := newTest(t, "amazonaws.com")
	config, err := a.TLS("s3.amazonaws.com")
	if err != nil {
		t.Fatal(err)
	}
	for version, want := range map[uint16]bool{tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		_, err := handshake(t, config, &tls.Config{RootCAs: pool(a), ServerName: "s3.amazonaws.com", MinVersion: tls.VersionTLS10, MaxVersion: version})
		if got := err == nil; got != want {
			t.Errorf("%s: got %v, want accepted = %v", tls.VersionName(version), err, want)
		}
	}
}

// Whoever holds the intermediate's key is held to the domains by the clients.
func TestTheIntermediateIsConstrained(t *testing.T) {
	a := newTest(t, "amazonaws.com")
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sign := func(change func(*x509.Certificate)) *x509.Certificate {
		leaf := &x509.Certificate{
			SerialNumber: big.NewInt(1), Subject: pkix.Name{Organization: []string{"Stolen"}},
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		}
		change(leaf)
		der, err := x509.CreateCertificate(rand.Reader, leaf, a.intermediate, key.Public(), a.key)
		if err != nil {
			t.Fatal(err)
		}
		leaf, err = x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		return leaf
	}
	verify := func(leaf *x509.Certificate, name string) error {
		intermediates := x509.NewCertPool()
		intermediates.AddCert(a.intermediate)
		_, err := leaf.Verify(x509.VerifyOptions{Roots: pool(a), Intermediates: intermediates, DNSName: name})
		return err
	}
	if err := verify(sign(func(c *x509.Certificate) { c.DNSNames = []string{"s3.amazonaws.com"} }), "s3.amazonaws.com"); err != nil {
		t.Errorf("within the domains: %v", err)
	}
	if err := verify(sign(func(c *x509.Certificate) { c.DNSNames = []string{"api.example.com"} }), "api.example.com"); err == nil {
		t.Error("a leaf outside the domains is accepted")
	}
	if err := verify(sign(func(c *x509.Certificate) { c.DNSNames = []string{"s3.amazonaws.com", "api.example.com"} }), "s3.amazonaws.com"); err == nil {
		t.Error("a leaf that is half outside the domains is accepted")
	}
	for _, ip := range []string{"127.0.0.1", "169.254.169.254", "::1"} {
		if err := verify(sign(func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.ParseIP(ip)} }), ip); err == nil {
			t.Errorf("a leaf for %s is accepted", ip)
		}
	}
}

func TestRootsDiffer(t *testing.T) {
	a, b := newTest(t, "amazonaws.com"), newTest(t, "amazonaws.com")
	if bytes.Equal(a.PEM(), b.PEM()) {
		t.Fatal("two authorities have one root")
	}
	config, err := a.TLS("s3.amazonaws.com")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := handshake(t, config, &tls.Config{RootCAs: pool(b), ServerName: "s3.amazonaws.com"}); err == nil {
		t.Error("a client that trusts another root accepts")
	}
}

func TestPEMIsTheRootAlone(t *testing.T) {
	a := newTest(t, "amazonaws.com")
	block, rest := pem.Decode(a.PEM())
	if block == nil || block.Type != "CERTIFICATE" || len(rest) != 0 {
		t.Fatalf("got %q, want one certificate", a.PEM())
	}
	root, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if !root.IsCA || root.CheckSignatureFrom(root) != nil {
		t.Error("not a root")
	}
	a.PEM()[0] = 'x'
	if !bytes.HasPrefix(a.PEM(), []byte("-----BEGIN")) {
		t.Error("a caller can change the authority's root")
	}
}

func TestLeavesAreMadeAnewBeforeTheyExpire(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	a, err := newAuthority(func() time.Time { return now }, []string{"amazonaws.com"})
	if err != nil {
		t.Fatal(err)
	}
	config, err := a.TLS("s3.amazonaws.com")
	if err != nil {
		t.Fatal(err)
	}
	leaf := func() *x509.Certificate {
		t.Helper()
		c, err := config.GetCertificate(&tls.ClientHelloInfo{})
		if err != nil {
			t.Fatal(err)
		}
		if now.Before(c.Leaf.NotBefore) || now.Add(leafSpare).After(c.Leaf.NotAfter) {
			t.Errorf("at %s: got a leaf valid from %s to %s", now, c.Leaf.NotBefore, c.Leaf.NotAfter)
		}
		return c.Leaf
	}
	first := leaf()
	now = now.Add(leafLife - leafSpare - time.Minute)
	if leaf() != first {
		t.Error("a leaf with time to go was made anew")
	}
	now = now.Add(time.Minute + time.Second)
	second := leaf()
	if second == first {
		t.Error("a leaf was not made anew")
	}
	// The clock is set back, as when a snapshot is restored.
	now = now.Add(-leafLife)
	if leaf() == second {
		t.Error("a leaf from the future is kept")
	}
	for _, c := range []*x509.Certificate{a.intermediate, first} {
		if got := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC).Sub(c.NotBefore); got < backdated {
			t.Errorf("%v is backdated by %s, want %s", c.Subject, got, backdated)
		}
	}
	// Managed Instances live for 14 days.
	if a.intermediate.NotAfter.Before(now.Add(14 * 24 * time.Hour)) {
		t.Error("the authority does not outlive its process")
	}
}

func TestHostsAreBounded(t *testing.T) {
	a := newTest(t, "amazonaws.com")
	kept, err := a.TLS("kept.amazonaws.com")
	if err != nil {
		t.Fatal(err)
	}
	dropped, err := a.TLS("dropped.amazonaws.com")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2 * maxHosts {
		if _, err := a.TLS(fmt.Sprintf("b%d.amazonaws.com", i)); err != nil {
			t.Fatal(err)
		}
		if again, err := a.TLS("kept.amazonaws.com"); err != nil || again != kept {
			t.Fatalf("after %d hosts: got another configuration for one in use (%v)", i, err)
		}
	}
	if len(a.hosts) > maxHosts || a.recent.Len() != len(a.hosts) {
		t.Errorf("got %d hosts and %d in the list, want at most %d", len(a.hosts), a.recent.Len(), maxHosts)
	}
	if again, err := a.TLS("dropped.amazonaws.com"); err != nil || again == dropped {
		t.Errorf("a host that was not used is kept (%v)", err)
	}
	if _, err := dropped.GetCertificate(&tls.ClientHelloInfo{}); err != nil {
		t.Errorf("a dropped configuration does not work on: %v", err)
	}
}

func TestALeafIsMadeOnce(t *testing.T) {
	a := newTest(t, "amazonaws.com")
	leaves := make([]*tls.Certificate, 16)
	var wg sync.WaitGroup
	for i := range leaves {
		wg.Go(func() {
			config, err := a.TLS("s3.amazonaws.com")
			if err != nil {
				t.Error(err)
				return
			}
			if leaves[i], err = config.GetCertificate(&tls.ClientHelloInfo{}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, leaf := range leaves {
		if leaf != leaves[0] {
			t.Fatal("clients that asked at the same time got different leaves")
		}
	}
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		newTest(b, "amazonaws.com")
	}
}

func BenchmarkLeaf(b *testing.B) {
	a := newTest(b, "amazonaws.com")
	for b.Loop() {
		if _, err := a.issue("s3.amazonaws.com", time.Now()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTLSOfAKnownHost(b *testing.B) {
	a := newTest(b, "amazonaws.com")
	for b.Loop() {
		config, err := a.TLS("s3.amazonaws.com")
		if err != nil {
			b.Fatal(err)
		}
		if _, err := config.GetCertificate(&tls.ClientHelloInfo{}); err != nil {
			b.Fatal(err)
		}
	}
}
