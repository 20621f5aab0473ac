package mint

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// What STS takes. (AWS STS API Reference, AssumeRole.) An hour is the most
// that a role may ask of another, and a function's credentials are a role's.
const (
	maxPolicy       = 2048 // characters
	minDuration     = 900 * time.Second
	maxDuration     = time.Hour
	maxSession      = 64
	sessionAlphabet = "_+=,.@-" // beside letters and digits of ASCII
)

// check reports what is wrong with a before STS is asked. It is an ErrRefused
// or, where a wider policy may help, an ErrTooLarge, as it would be from STS.
func (a Ask) check() error {
	switch {
	case a.Role == "":
		return fmt.Errorf("%w: no role to assume", ErrRefused)
	case a.Policy == "":
		// Without a session policy the credentials could do all that the role may.
		return fmt.Errorf("%w: no session policy", ErrRefused)
	case len(a.Policy) > maxPolicy && utf8.RuneCountInString(a.Policy) > maxPolicy:
		return fmt.Errorf("%w: %d characters, of which STS takes %d", ErrTooLarge, utf8.RuneCountInString(a.Policy), maxPolicy)
	case SessionName(a.Session) != a.Session:
		return fmt.Errorf("%w: session name %q is not 2 to 64 of letters, digits and %s", ErrRefused, a.Session, sessionAlphabet)
	case a.Least > a.duration()/2:
		return fmt.Errorf("%w: credentials of %v that last %v at least would be asked for each time", ErrRefused, a.duration(), a.Least)
	case a.duration() < minDuration || a.duration() > maxDuration:
		return fmt.Errorf("%w: duration %v is not between %v and %v", ErrRefused, a.Duration, minDuration, maxDuration)
	}
	return nil
}

func (a Ask) duration() time.Duration {
	if a.Duration == 0 {
		return maxDuration
	}
	return a.Duration
}

// A key stands for everything in an Ask. It is a hash because a policy is as
// long as the credentials that are kept for it; one that collided would hand
// out another policy's credentials.
type key [sha256.Size]byte

// key returns a's key. Every part is preceded by its length, so that no two
// Asks are written alike.
func (a Ask) key() key {
	h := sha256.New()
	part := func(s string) {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(s)))
		h.Write(n[:])
		h.Write([]byte(s))
	}
	part(a.Role)
	part(a.Session)
	part(a.Policy)
	part(a.duration().String())
	for _, k := range slices.Sorted(maps.Keys(a.Tags)) {
		part(k)
		part(a.Tags[k])
	}
	return key(h.Sum(nil))
}

// SessionName returns the RoleSessionName nearest to s: what STS does not take
// there is "-", more than 64 characters are cut off, and a name too short
// becomes "remit" with what there was. A valid name is returned as it is.
func SessionName(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', strings.ContainsRune(sessionAlphabet, r):
			return r
		}
		return '-'
	}, s)
	if len(s) < 2 {
		s = strings.TrimSuffix("remit-"+s, "-")
	}
	return s[:min(len(s), maxSession)]
}
