package credentials

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
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

// A sealed session's parts, as the token has them. [sigv4.Credentials] marshal
// as their id alone, so they are named one by one.
type sealedSession struct {
	Local     string `json:"l"` // the sealed secret access key
	ID        string `json:"i"`
	Secret    string `json:"s"`
	Token     string `json:"t"`
	Expires   int64  `json:"e"` // in Unix time
	Principal string `json:"p"`
	Account   string `json:"a"`
	Bound     bool   `json:"b"`
	Service   string `json:"v"`
	Resource  string `json:"r"`
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
	plain, err := json.Marshal(sealedSession{
		c.SecretAccessKey, x.Real.AccessKeyID, x.Real.SecretAccessKey, x.Real.SessionToken, x.Expires.Unix(),
		x.Principal, x.Account, x.Bound, x.Service, x.Resource,
	})
	if err != nil {
		return sigv4.Credentials{}, err
	}
	c.SessionToken = base64.StdEncoding.EncodeToString(aead.Seal(nil, nil, plain, []byte(c.AccessKeyID)))
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
	var in sealedSession
	if json.Unmarshal(plain, &in) != nil || in.Local == "" {
		return c, x, false
	}
	return sigv4.Credentials{AccessKeyID: accessKeyID, SecretAccessKey: in.Local, SessionToken: token}, Session{
		Real:    sigv4.Credentials{AccessKeyID: in.ID, SecretAccessKey: in.Secret, SessionToken: in.Token},
		Expires: time.Unix(in.Expires, 0), Principal: in.Principal, Account: in.Account,
		Bound: in.Bound, Service: in.Service, Resource: in.Resource,
	}, true
}
