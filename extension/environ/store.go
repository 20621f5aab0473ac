package environ

import (
	"bytes"
	"crypto/sha1"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
)

// A trust store of Java's in its own old format: every release of the last
// twenty years reads it, and it is a list of certificates with a checksum,
// while PKCS #12 would bring the wrapper a library that is larger than it is.
//
//	FEEDFEED, version 2, number of entries
//	of each: 2 for a certificate, alias, time, "X.509", length, DER
//	SHA-1 over the password as UTF-16, "Mighty Aphrodite", and all before it
//
// (OpenJDK, sun.security.provider.JavaKeyStore.)

const (
	trustStore    = "remit.jks"
	storePassword = "changeit" // everybody's: there is nothing secret in it
	storeMagic    = 0xfeedfeed
	storeSalt     = "Mighty Aphrodite"
)

// writeStore returns a trust store of certificates, in DER.
func writeStore(certs [][]byte) []byte {
	var b bytes.Buffer
	word := func(n int) { binary.Write(&b, binary.BigEndian, uint32(n)) }
	text := func(s string) {
		binary.Write(&b, binary.BigEndian, uint16(len(s)))
		b.WriteString(s)
	}
	word(storeMagic)
	word(2)
	word(len(certs))
	for i, der := range certs {
		word(2)
		text(fmt.Sprintf("remit-%d", i))
		b.Write(make([]byte, 8)) // when it was added
		text("X.509")
		word(len(der))
		b.Write(der)
	}
	h := sha1.New()
	for _, c := range []byte(storePassword) {
		h.Write([]byte{0, c})
	}
	h.Write([]byte(storeSalt))
	h.Write(b.Bytes())
	return h.Sum(b.Bytes())
}

// errStore is all there is to say of a file that is no trust store.
var errStore = errors.New("is neither a JKS nor a PKCS #12 file without encryption")

// storeCertificates returns the certificates that a trust store's owner trusts.
// JDKs have theirs as JKS, and since the 18th as PKCS #12 that is not encrypted.
// Its checksum is not looked at: what is in the file, the JVM would have
// believed without its password too.
func storeCertificates(b []byte) ([][]byte, error) {
	if len(b) > 4 && binary.BigEndian.Uint32(b) == storeMagic {
		return jksCertificates(b[4:])
	}
	if len(b) > 0 && b[0] == 0x30 {
		return p12Certificates(b)
	}
	return nil, errStore
}

// A cursor reads what is left of a file. After ok is false it reads nothing.
type cursor struct {
	b  []byte
	ok bool
}

func (c *cursor) take(n int) []byte {
	if n < 0 || n > len(c.b) {
		c.ok, c.b, n = false, nil, 0
	}
	out := c.b[:n]
	c.b = c.b[n:]
	return out
}

func (c *cursor) word() int {
	if b := c.take(4); len(b) == 4 {
		return int(binary.BigEndian.Uint32(b))
	}
	return 0
}

func (c *cursor) text() string {
	if b := c.take(2); len(b) == 2 {
		return string(c.take(int(binary.BigEndian.Uint16(b))))
	}
	return ""
}

func jksCertificates(b []byte) (certs [][]byte, err error) {
	c := &cursor{b, true}
	version, n := c.word(), c.word()
	cert := func() []byte {
		if version == 2 {
			c.text() // "X.509"
		}
		return c.take(c.word())
	}
	for range n {
		tag := c.word()
		c.text()
		c.take(8)
		switch tag {
		case 1: // a key, which is not for us, and its chain
			c.take(c.word())
			for range c.word() {
				if cert(); !c.ok {
					return nil, errStore
				}
			}
		case 2:
			certs = append(certs, cert())
		default:
			return nil, errStore
		}
		if !c.ok {
			return nil, errStore
		}
	}
	return certs, nil
}

// The object identifiers of what a PKCS #12 file has in it, in DER. (RFC 7292,
// section 4; RFC 2315.)
var (
	oidData     = []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01}
	oidCertBag  = []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01, 0x03}
	oidX509Cert = []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x16, 0x01}
)

// p12Certificates reads PFX { version, ContentInfo { data, AuthenticatedSafe {
// ContentInfo { data, SafeContents { SafeBag { certBag, CertBag { x509, DER } } } } } } }.
// Anything encrypted is an error: half of what is trusted would be less than
// was there.
func p12Certificates(b []byte) (certs [][]byte, err error) {
	pfx := &cursor{b, true}
	outer := pfx.in(0x30)
	outer.in(0x02)
	safe := outer.in(0x30).content(oidData)
	list := safe.in(0x30)
	for list.ok && len(list.b) > 0 {
		bags := list.in(0x30).content(oidData).in(0x30)
		for bags.ok && len(bags.b) > 0 {
			bag := bags.in(0x30)
			if !bytes.Equal(bag.in(0x06).b, oidCertBag) {
				continue // a key
			}
			cert := bag.in(0xa0).in(0x30)
			if !bytes.Equal(cert.in(0x06).b, oidX509Cert) {
				continue
			}
			der := cert.in(0xa0).in(0x04)
			if !der.ok {
				return nil, errStore
			}
			certs = append(certs, der.b)
		}
		if !bags.ok {
			return nil, errStore
		}
	}
	if !list.ok || len(certs) == 0 {
		return nil, errStore
	}
	return certs, nil
}

// content returns what a ContentInfo of that type holds.
func (c *cursor) content(oid []byte) *cursor {
	if !bytes.Equal(c.in(0x06).b, oid) {
		return new(cursor)
	}
	return c.in(0xa0).in(0x04)
}

// in returns the content of the next element, which has to have that tag.
func (c *cursor) in(tag byte) *cursor {
	head := c.take(2)
	if !c.ok || len(head) < 2 || head[0] != tag {
		c.ok = false
		return new(cursor)
	}
	n := int(head[1])
	if n&0x80 != 0 {
		size := n & 0x7f
		if n = 0; size == 0 || size > 3 {
			c.ok = false
			return new(cursor)
		}
		for _, b := range c.take(size) {
			n = n<<8 | int(b)
		}
	}
	inside := c.take(n)
	return &cursor{inside, c.ok}
}

// pemBlocks returns the certificates of a PEM file, in DER.
func pemBlocks(b []byte) (certs [][]byte) {
	for {
		var block *pem.Block
		if block, b = pem.Decode(b); block == nil {
			return certs
		}
		if block.Type == "CERTIFICATE" {
			certs = append(certs, block.Bytes)
		}
	}
}
