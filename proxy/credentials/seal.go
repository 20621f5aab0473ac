package credentials

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/lambda-remit/remit/proxy/sigv4"
)

// A Session is somebody else's credentials, that the function has asked a
// cloud for and holds sealed, and what is known of them. It prints as what it
// is about, without the credentials.
type Session struct {
	Real    sigv4.Credentials
	Expires time.Time

	Principal string // who makes calls under them: a role's ARN
	Account   string // that Principal is in; empty where it is not known
	Bound     bool   // the manifest's grants are their session policy
	Service   string // the one service that takes them; empty: any does
	Resource  string // the one resource that they are for; empty: any is
}

// Format prints who makes calls under s, whatever the verb.
func (s Session) Format(f fmt.State, _ rune) { io.WriteString(f, "session of "+s.Principal) }

// MarshalText is what Format prints.
func (s Session) MarshalText() ([]byte, error) { return []byte("session of " + s.Principal), nil }

// A Sealer seals credentials. The sealed ones have the same parts, and are
// honoured by nobody but who asks the same Sealer to open them. The zero Sealer
// is ready for use.
//
// Nothing is kept of what was sealed: the session token is the session,
// encrypted under a key that this process has made and shows nobody, and
// authenticated together with the access key's id. So there is no number of
// sessions beyond which one that is in use had to be dropped, and another
// sandbox's are opened here as little as made-up ones are.
type Sealer struct {
	once sync.Once
	aead cipher.AEAD
	err  error
}

// parts are what a token holds, in order, behind the sealed secret: each ends
// where the next line begins, since none of them has two.
func (s *Session) parts() []string {
	return []string{
		s.Real.AccessKeyID, s.Real.SecretAccessKey, s.Real.SessionToken, strconv.FormatInt(s.Expires.Unix(), 10),
		s.Principal, s.Account, strconv.FormatBool(s.Bound), s.Service, s.Resource,
	}
}

func (s *Sealer) open() (cipher.AEAD, error) {
	s.once.Do(func() {
		var key [32]byte
		if _, s.err = rand.Read(key[:]); s.err != nil {
			return
		}
		block, err := aes.NewCipher(key[:])
		if err != nil {
			s.err = err
			return
		}
		s.aead, s.err = cipher.NewGCMWithRandomNonce(block)
	})
	return s.aead, s.err
}

// Seal returns credentials that [Sealer.Open] knows x by. They look as those of
// an [Issuer] do, but for a token that is as long as what it holds.
func (s *Sealer) Seal(x Session) (sigv4.Credentials, error) {
	aead, err := s.open()
	if err != nil {
		return sigv4.Credentials{}, err
	}
	var random [7 + 30]byte
	if _, err := rand.Read(random[:]); err != nil {
		return sigv4.Credentials{}, err
	}
	c := sigv4.Credentials{
		AccessKeyID:     KeyPrefix + base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(random[:7])[:11],
		SecretAccessKey: base64.StdEncoding.EncodeToString(random[7:]),
	}
	plain := c.SecretAccessKey
	for _, part := range x.parts() {
		if strings.Contains(part, "\n") {
			return sigv4.Credentials{}, errors.New("a part of the session has more than one line")
		}
		plain += "\n" + part
	}
	c.SessionToken = base64.StdEncoding.EncodeToString(aead.Seal(nil, nil, []byte(plain), []byte(c.AccessKeyID)))
	return c, nil
}

// Open returns the sealed credentials of an access key with a session token,
// and the session that they stand for. It is not ok where they are not s's. A
// session that has expired is opened as any other.
func (s *Sealer) Open(accessKeyID, token string) (c sigv4.Credentials, x Session, ok bool) {
	// Another spelling of the same bytes would be another token: the decoder is
	// strict, but passes over the ends of lines.
	if accessKeyID == "" || token == "" || strings.ContainsAny(token, "\r\n") {
		return c, x, false
	}
	aead, err := s.open()
	if err != nil {
		return c, x, false
	}
	sealed, err := base64.StdEncoding.Strict().DecodeString(token)
	if err != nil {
		return c, x, false
	}
	plain, err := aead.Open(sealed[:0], nil, sealed, []byte(accessKeyID))
	if err != nil {
		return c, x, false
	}
	parts := strings.Split(string(plain), "\n")
	if len(parts) != 1+len(x.parts()) {
		return c, x, false
	}
	local, parts := parts[0], parts[1:]
	expires, err := strconv.ParseInt(parts[3], 10, 64)
	if err != nil {
		return c, x, false
	}
	return sigv4.Credentials{AccessKeyID: accessKeyID, SecretAccessKey: local, SessionToken: token}, Session{
		Real:    sigv4.Credentials{AccessKeyID: parts[0], SecretAccessKey: parts[1], SessionToken: parts[2]},
		Expires: time.Unix(expires, 0), Principal: parts[4], Account: parts[5],
		Bound: parts[6] == "true", Service: parts[7], Resource: parts[8],
	}, true
}
