package manifest

// A Decision says whether requests are allowed, and why. The zero Decision
// denies.
type Decision struct {
	Allowed bool
	Grants  [][]*Grant // for each request, every grant that allows it; nil when denied
	Denied  Request    // the first request that is not granted
	Reason  Reason     // why it is not; empty when allowed
	Nearest *Grant     // the grant that came nearest to Denied; nil if none names the action
}

// A Reason is why a call was denied. Reasons are part of the log's format:
// a reason is never renamed.
type Reason string

const (
	NoRequest   Reason = "no-request"   // nothing was asked for
	NoAction    Reason = "no-action"    // no grant names the action
	NoResource  Reason = "no-resource"  // a grant names the action, none the resource
	NoCondition Reason = "no-condition" // a grant names both, but its conditions fail
	NoAccount   Reason = "no-account"   // a grant would match if the account of its bare name were known
)

// Decide reports whether m grants every one of reqs. It reads only its
// arguments: the same requests get the same decision. Conditions on keys that
// only AWS sees ([Deferred]) are taken to hold here: the session policy
// carries them.
func (m *Manifest) Decide(reqs ...Request) Decision { return Decision{Reason: NoRequest} }

// Deferred reports whether only AWS knows the value of a condition key, as it
// does of "aws:ResourceAccount".
func Deferred(key string) bool { return false }

// Used returns the grants that d rests on, each once, in manifest order of
// first use.
func (d Decision) Used() []*Grant { return nil }
