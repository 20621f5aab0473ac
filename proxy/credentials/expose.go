package credentials

import (
	"crypto/subtle"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/lambda-remit/remit/proxy/sigv4"
)

// Exposed are credentials that AWS honours, and until when. They print as their
// access key's id.
type Exposed struct {
	sigv4.Credentials
	Expires time.Time
}

// Format prints the access key's id, whatever the verb.
func (e Exposed) Format(f fmt.State, _ rune) { io.WriteString(f, "exposed "+e.AccessKeyID) }

// MarshalText is what Format prints.
func (e Exposed) MarshalText() ([]byte, error) { return []byte("exposed " + e.AccessKeyID), nil }

// maxHandedOut is how many exposed credentials are known at a time. They are
// replaced half-way through their life, so that two of them live.
const maxHandedOut = 8

// handedOut are the exposed credentials that the function may still hold.
type handedOut struct {
	mu   sync.Mutex
	kept []Exposed // the newest in front
}

func (h *handedOut) add(e Exposed, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.kept = slices.DeleteFunc(h.kept, func(k Exposed) bool {
		return k.AccessKeyID == e.AccessKeyID || !now.Before(k.Expires)
	})
	h.kept = slices.Insert(h.kept, 0, e)
	h.kept = h.kept[:min(len(h.kept), maxHandedOut)]
}

// find returns those with an access key that have not expired.
func (h *handedOut) find(accessKeyID string, now func() time.Time) (sigv4.Credentials, bool) {
	if h == nil { // a zero Issuer's
		return sigv4.Credentials{}, false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, k := range h.kept {
		if subtle.ConstantTimeCompare([]byte(accessKeyID), []byte(k.AccessKeyID)) == 1 && now().Before(k.Expires) {
			return k.Credentials, true
		}
	}
	return sigv4.Credentials{}, false
}
