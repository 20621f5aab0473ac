package manifest

// A Request is one action on one resource. One call to a cloud can make
// several: a copy gets one object and puts another.
type Request struct {
	Action   string // "s3:GetObject"
	Resource string // "arn:aws:s3:::reports/2026/07.csv", literal; or "*" where the action has no resource or it cannot be known

	// Partly says that Resource ends in "?" where one call cannot tell the
	// characters: a secret named without the six that AWS appends. Such a
	// request is granted by a pattern that matches Resource, and by an exact
	// ARN that Resource, as a pattern, matches; the session policy then names
	// that ARN. If Resource is "*", the call tells nothing of the one resource
	// that it is about: it stands under a ciphertext, in a token, or behind an
	// alias. It is granted by every grant of the action, and the session
	// policy then has those grants' resources. Where nothing is minted there
	// is none, and only a pattern that matches Resource grants it.
	Partly bool

	// Runs says, of a resource that is known partly, that each "*" in it is a
	// run of characters that the call does not tell, as the id beside the name
	// of an Auto Scaling group. Such a request is granted by every pattern that
	// may be of the one resource that it is about; the session policy has
	// Resource, as a pattern, where a grant covers it, and the grant's own
	// where not. Where nothing is minted, only a pattern that covers whatever
	// Resource may be grants it.
	Runs bool

	// Unbound says that the call goes under credentials that no session policy
	// of the manifest bounds, such as an assumed role's. Nobody then evaluates
	// what is left to AWS: a condition on what only AWS sees does not hold, and
	// what is known of the resource in part alone is granted by what covers all
	// that it may be.
	Unbound bool

	// Anonymous says that nobody has signed the call. No session policy bounds it.
	Anonymous bool

	// Context has the condition keys that stand in the request, in lower
	// case, each with all of its values or not at all, written as they are in
	// a policy: a binary value in base-64. A key that is not here is absent
	// from the request, or only AWS sees it: [Deferred] says which. The reader
	// of calls adds what it knows of each: "aws:requestedregion",
	// "aws:currenttime" (RFC 3339, UTC) and "aws:epochtime" (seconds).
	Context map[string][]string
}
