package mint

import (
	"container/list"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// maxKept bounds the answers kept. A sandbox serves one invocation at a time
// and rarely needs more; a function that touches a new key in every call fills
// it with answers that are not asked for again.
const maxKept = 1000

// minLife is what credentials have left when they are handed out: enough for
// the call's request to reach AWS, which checks expiry when it arrives.
const minLife = time.Minute

// An entry is one answer of STS: credentials, or why there are none.
type entry struct {
	key         key
	credentials aws.Credentials
	err         error
	since       time.Time     // when it was asked for
	fresh       time.Duration // the age until which it is used without asking anew
	lives       time.Duration // the age until which credentials may be used at all
}

// keep makes an entry of credentials that were asked for at a time, for a
// duration.
func keep(k key, c aws.Credentials, asked time.Time, duration time.Duration) *entry {
	// Where this machine's clock is behind AWS's, Expires seems further away
	// than it is: no credentials live longer than they were asked for.
	lives := min(c.Expires.Sub(asked), duration) - minLife
	return &entry{
		key: k, credentials: c, since: asked, lives: lives,
		fresh: lives - rand.N(lives/12),
	}
}

// lasts reports whether e's credentials live as long; an error does.
func (e *entry) lasts(least time.Duration, now time.Time) bool {
	return e.err != nil || elapsed(e.since, now)+least <= e.lives+minLife
}

// usable reports whether e's credentials may be handed out.
func (e *entry) usable(now time.Time) bool {
	return e.err == nil && elapsed(e.since, now) < e.lives
}

// outlives reports whether e's credentials may still be used although asking
// anew failed with err. A refusal ends them early: whoever revoked the role's
// trust meant it.
func (e *entry) outlives(err error, now time.Time) bool {
	return e.usable(now) && (errors.Is(err, ErrThrottled) || errors.Is(err, ErrUnreachable))
}

// renewal says how long not to ask anew for credentials that outlive err: as
// long as there are some, nobody is in a hurry.
func renewal(err error) time.Duration { return 10 * patience(err) }

// patience says how long an error is answered from memory.
func patience(err error) time.Duration {
	switch {
	case errors.Is(err, ErrTooLarge):
		return 30 * time.Second
	case errors.Is(err, ErrRefused):
		return 5 * time.Second
	case errors.Is(err, ErrThrottled):
		return time.Second/2 + rand.N(time.Second/2)
	}
	return time.Second
}

// A cache holds the maxKept entries used last. The zero cache is empty.
type cache struct {
	byKey map[key]*list.Element // of *entry
	used  list.List             // the last used in front
}

func (c *cache) get(k key) *entry {
	el := c.byKey[k]
	if el == nil {
		return nil
	}
	c.used.MoveToFront(el)
	return el.Value.(*entry)
}

func (c *cache) put(e *entry) {
	if c.byKey == nil {
		c.byKey = make(map[key]*list.Element)
	}
	if el := c.byKey[e.key]; el != nil {
		el.Value = e
		c.used.MoveToFront(el)
		return
	}
	c.byKey[e.key] = c.used.PushFront(e)
	if c.used.Len() > maxKept {
		c.drop(c.used.Back())
	}
}

func (c *cache) drop(el *list.Element) {
	delete(c.byKey, c.used.Remove(el).(*entry).key)
}

// forget drops the entries whose credentials have an access key.
func (c *cache) forget(accessKeyID string) {
	var next *list.Element
	for el := c.used.Front(); el != nil; el = next {
		next = el.Next()
		if e := el.Value.(*entry); e.err == nil && e.credentials.AccessKeyID == accessKeyID {
			c.drop(el)
		}
	}
}
