package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	hashes "hash"
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
	mac  hashes.Hash       // HMAC-SHA256 under the signing key
	text []byte            // a chunk's string to sign; only last and the hash in it change
	last []byte            // in text: the signature before, in hex; the seed at first
	hash []byte            // in text: the chunk's, in hex
	from int               // in text: where what a trailer's string to sign shares begins
	sum  [sha256.Size]byte // the signature before; kept here, or it would escape each time
}

// newChain returns the chain that begins at seed, under key.
func newChain(seed *Signature, key [sha256.Size]byte) *chain {
	const size = 2 * sha256.Size
	c := &chain{mac: hmac.New(sha256.New, key[:])}
	b := append(make([]byte, 0, 320), algorithm+"-PAYLOAD\n"...)
	c.from = len(b)
	b = seed.Time.UTC().AppendFormat(b, basic)
	b = append(b, '\n')
	b = seed.Scope.append(b)
	b = append(b, '\n')
	last := len(b)
	b = append(b, seed.Value...)
	b = append(b, "\n"+emptyHash+"\n"...)
	end := len(b)
	c.text = append(b, make([]byte, size)...)
	c.last, c.hash = c.text[last:last+size], c.text[end:]
	return c
}

// chunk returns the signature of the next chunk, whose hash is given. It is
// good until the next one's.
func (c *chain) chunk(hash [sha256.Size]byte) []byte {
	hex.Encode(c.hash, hash[:])
	return c.sign(c.text)
}

// trailer returns the signature of the trailer, whose canonical form has the
// hash that is given.
func (c *chain) trailer(hash [sha256.Size]byte) []byte {
	b := append(make([]byte, 0, len(c.text)), algorithm+"-TRAILER\n"...)
	b = append(b, c.text[c.from:len(c.text)-len(c.hash)-len(emptyHash+"\n")]...)
	return c.sign(hex.AppendEncode(b, hash[:]))
}

func (c *chain) sign(text []byte) []byte {
	c.mac.Reset()
	c.mac.Write(text)
	sum := c.mac.Sum(c.sum[:0])
	hex.Encode(c.last, sum)
	return sum
}
