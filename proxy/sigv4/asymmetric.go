package sigv4

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
)

// pairSize is the length of the longest ECDSA signature over P-256 in
// hexadecimal: two integers of 33 bytes, in DER. Where signatures have to be of
// one length, in chunks, shorter ones are filled up with padding.
const (
	pairSize = 2 * 72
	padding  = '*'
)

// isPair reports whether s may be an ECDSA signature in hexadecimal. Whether it
// is one, verifying tells.
func isPair(s string) bool {
	if len(s) == 0 || len(s) > pairSize || len(s)%2 != 0 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !('0' <= c && c <= '9' || 'a' <= c && c <= 'f') {
			return false
		}
	}
	return true
}

// keyPair derives the key pair of an access key. (NIST SP 800-108, "KDF in
// Counter Mode", over HMAC-SHA256, gives candidates; FIPS 186-4, B.4.2, takes
// the first that is small enough. The label is the algorithm's name, and the
// context the access key's id and the candidate's number.)
func keyPair(c Credentials) (*ecdsa.PrivateKey, error) {
	if c.SecretAccessKey == "" {
		return nil, errors.New("there is no secret access key to derive a key pair from")
	}
	most := elliptic.P256().Params().N.Bytes() // less two, below
	most[len(most)-1] -= 2                     // its last byte is 0x51
	mac := hmac.New(sha256.New, []byte("AWS4A"+c.SecretAccessKey))
	for n := byte(1); n < 255; n++ {
		mac.Reset()
		mac.Write(binary.BigEndian.AppendUint32(nil, 1)) // the first block is all there is
		io.WriteString(mac, asymmetric)
		mac.Write([]byte{0})
		io.WriteString(mac, c.AccessKeyID)
		mac.Write([]byte{n})
		mac.Write(binary.BigEndian.AppendUint32(nil, 8*sha256.Size))
		key := mac.Sum(nil)
		// One in four thousand million is too large, so that what the time of
		// this tells is nothing.
		if bytes.Compare(key, most) > 0 {
			continue
		}
		for i := len(key) - 1; ; i-- { // add one
			if key[i]++; key[i] != 0 {
				break
			}
		}
		return ecdsa.ParseRawPrivateKey(elliptic.P256(), key)
	}
	return nil, errors.New("the access key gives no key pair")
}

// A pairKey signs and verifies under a key pair.
type pairKey struct{ *ecdsa.PrivateKey }

func (k pairKey) verify(text, sig []byte) bool {
	der := make([]byte, 0, pairSize/2)
	sig = bytes.TrimRight(sig, string(padding))
	if !isPair(string(sig)) {
		return false
	}
	der, err := hex.AppendDecode(der, sig)
	hash := sha256.Sum256(text)
	return err == nil && ecdsa.VerifyASN1(&k.PublicKey, hash[:], der)
}

func (k pairKey) sign(text, sig []byte) error {
	hash := sha256.Sum256(text)
	der, err := ecdsa.SignASN1(rand.Reader, k.PrivateKey, hash[:])
	if err != nil {
		return err
	}
	for i := hex.Encode(sig, der); i < len(sig); i++ {
		sig[i] = padding
	}
	return nil
}

// pair returns the key pair of c, which is kept, since deriving one takes as
// long as verifying by it. A nil k derives it anew.
func (k *Keys) pair(c Credentials) (pairKey, error) {
	if k == nil {
		pair, err := keyPair(c)
		return pairKey{pair}, err
	}
	id := pairID{c.AccessKeyID, c.SecretAccessKey}
	k.mu.Lock()
	pair, ok := k.pairs[id]
	k.mu.Unlock()
	if ok {
		return pairKey{pair}, nil
	}
	pair, err := keyPair(c)
	if err != nil {
		return pairKey{}, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.pairs == nil || len(k.pairs) >= maxKeys {
		k.pairs = make(map[pairID]*ecdsa.PrivateKey)
	}
	k.pairs[id] = pair
	return pairKey{pair}, nil
}

type pairID struct{ id, secret string }
