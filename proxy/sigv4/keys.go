package sigv4

import (
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	hashes "hash"
	"io"
	"sync"
)

// maxKeys bounds Keys. A function speaks to a few services in a region or two;
// one that speaks to more pays four HMACs a call, about two microseconds.
const maxKeys = 64

// Keys keeps signing keys, which are good for a day, a region and a service,
// and the key pairs of version 4A, which are good for as long as an access key.
// The zero Keys is empty and ready; it is safe for concurrent use and must not
// be copied. It prints without what it keeps.
type Keys struct {
	mu    sync.Mutex
	kept  map[keyID][sha256.Size]byte
	pairs map[pairID]*ecdsa.PrivateKey

	buffers sync.Pool // of *[]byte, for canonical requests
}

type keyID struct {
	secret string // an access key may come back with another secret
	scope  Scope
}

// get returns the signing key for scope, if it is kept. A nil k keeps none.
func (k *Keys) get(secret string, scope Scope) (key [sha256.Size]byte, ok bool) {
	if k == nil {
		return key, false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	key, ok = k.kept[keyID{secret, scope}]
	return key, ok
}

// put keeps a key that has verified a signature. Others are not worth it:
// anybody could fill k with scopes that do not exist.
func (k *Keys) put(secret string, scope Scope, key [sha256.Size]byte) {
	if k == nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.kept == nil || len(k.kept) >= maxKeys {
		// Yesterday's keys go with the rest; the few in use are soon back.
		k.kept = make(map[keyID][sha256.Size]byte)
	}
	k.kept[keyID{secret, scope}] = key
}

// maxCanonical is the largest buffer for a canonical request that is kept. A
// token alone is about a kilobyte.
const maxCanonical = 16 << 10

// buffer lends an empty buffer.
func (k *Keys) buffer() []byte {
	if k != nil {
		if b, ok := k.buffers.Get().(*[]byte); ok {
			return (*b)[:0]
		}
	}
	return make([]byte, 0, 3072)
}

// back takes a buffer back.
func (k *Keys) back(b []byte) {
	if k != nil && 0 < cap(b) && cap(b) <= maxCanonical {
		k.buffers.Put(&b)
	}
}

// Format prints no key, whatever the verb.
func (k *Keys) Format(f fmt.State, _ rune) { io.WriteString(f, "signing keys") }

func signingKey(secret string, scope Scope) [sha256.Size]byte {
	sum := func(key []byte, data string) []byte {
		mac := hmac.New(sha256.New, key)
		io.WriteString(mac, data)
		return mac.Sum(nil)
	}
	key := sum([]byte("AWS4"+secret), scope.Date)
	key = sum(key, scope.Region)
	key = sum(key, scope.Service)
	return [sha256.Size]byte(sum(key, terminator))
}

// A key signs and verifies texts. A signature is in hexadecimal.
type key interface {
	// verify reports whether sig is text's signature.
	verify(text, sig []byte) bool
	// sign writes text's signature to sig, which is as long as it gets.
	sign(text, sig []byte) error
}

// A macKey signs and verifies under a signing key. It is not safe for
// concurrent use.
type macKey struct {
	mac hashes.Hash       // HMAC-SHA256
	sum [sha256.Size]byte // here, or it would escape each time
}

func (k *macKey) verify(text, sig []byte) bool {
	var given [sha256.Size]byte
	if !isHash(sig) {
		return false
	}
	if _, err := hex.Decode(given[:], sig); err != nil {
		return false
	}
	return hmac.Equal(k.of(text), given[:])
}

func (k *macKey) sign(text, sig []byte) error {
	hex.Encode(sig, k.of(text))
	return nil
}

func (k *macKey) of(text []byte) []byte {
	k.mac.Reset()
	k.mac.Write(text)
	return k.mac.Sum(k.sum[:0])
}

// key returns the key that signatures like s are made with by c.
func (s *Signature) key(c Credentials, k *Keys) (key, error) {
	if c.SecretAccessKey == "" {
		return nil, errors.New("there is no secret access key")
	}
	if s.Asymmetric {
		return k.pair(c)
	}
	signing, kept := k.get(c.SecretAccessKey, s.Scope)
	if !kept {
		signing = signingKey(c.SecretAccessKey, s.Scope)
	}
	return &macKey{mac: hmac.New(sha256.New, signing[:])}, nil
}
