package credentials

import (
	"crypto/subtle"
	"slices"
	"sync"
)

// tokens are the bearer tokens that an [Issuer] takes, the newest last. A nil
// tokens takes none.
type tokens struct {
	mu  sync.Mutex
	all []string
}

// maxTokens is how many are good at a time: a sandbox is restored once.
const maxTokens = 4

// add adds a token. The first one is in an environment and stays; what gives
// way is the oldest of the others.
func (t *tokens) add(token string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.all) == maxTokens {
		t.all = slices.Delete(t.all, 1, 2)
	}
	t.all = append(t.all, token)
}

func (t *tokens) newest() string {
	if t == nil {
		return ""
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.all[len(t.all)-1]
}

// have reports whether token is one of them, in a time that does not tell which.
func (t *tokens) have(token string) bool {
	if t == nil {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	found := 0
	for _, one := range t.all {
		found |= subtle.ConstantTimeCompare([]byte(token), []byte(one))
	}
	return found == 1
}
