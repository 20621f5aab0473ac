package sigv4

import (
	"crypto/sha256"
	"encoding/hex"
)

// emptyHash is the SHA-256 of nothing, which stands in every chunk's string to
// sign. (It is where event streams, which are signed alike, have the hash of
// an event's headers.)
const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// A chain is the signatures of a body, each of which is made over the one
// before it. (Amazon S3 API Reference, "Signature Calculations for the
// Authorization Header: Transferring Payload in Multiple Chunks" and
// "Including Trailing Headers".)
type chain struct {
	key  key
	seed *Signature
	size int    // of a signature
	last []byte // the signature before, without padding; the seed at first
	text []byte // the string to sign
	from int    // where in text it begins that strings to sign share
}

// newChain returns the chain that begins at seed, under a key of its kind.
func newChain(seed *Signature, k key) *chain {
	c := &chain{key: k, seed: seed, size: 2 * sha256.Size, last: append(make([]byte, 0, pairSize), seed.Value...)}
	if seed.Asymmetric {
		c.size = pairSize
	}
	b := append(make([]byte, 0, 512), seed.algorithm()+"-PAYLOAD\n"...)
	b = seed.Time.UTC().AppendFormat(b, basic)
	b = append(b, '\n')
	b = seed.Scope.append(b)
	c.text = append(b, '\n')
	c.from = len(c.text)
	return c
}

// chunk returns what the next chunk's signature is made over, whose hash is
// given. It is good until the next one's.
func (c *chain) chunk(hash [sha256.Size]byte) []byte {
	b := append(c.text[:c.from], c.last...)
	b = append(b, "\n"+emptyHash+"\n"...)
	c.text = hex.AppendEncode(b, hash[:])
	return c.text
}

// trailer returns what the trailer's signature is made over, whose canonical
// form has the hash that is given.
func (c *chain) trailer(hash [sha256.Size]byte) []byte {
	algorithm := c.seed.algorithm()
	b := append(make([]byte, 0, cap(c.text)), algorithm+"-TRAILER"...)
	b = append(b, c.text[len(algorithm+"-PAYLOAD"):c.from]...)
	b = append(b, c.last...)
	b = append(b, '\n')
	return hex.AppendEncode(b, hash[:])
}

// verify reports whether sig is text's signature. The next is made over it.
func (c *chain) verify(text, sig []byte) bool {
	if len(sig) != c.size || !c.key.verify(text, sig) {
		return false
	}
	c.follow(sig)
	return true
}

// sign writes text's signature to sig. The next is made over it.
func (c *chain) sign(text, sig []byte) error {
	if err := c.key.sign(text, sig); err != nil {
		return err
	}
	c.follow(sig)
	return nil
}

func (c *chain) follow(sig []byte) {
	for len(sig) > 0 && sig[len(sig)-1] == padding {
		sig = sig[:len(sig)-1]
	}
	c.last = append(c.last[:0], sig...)
}
