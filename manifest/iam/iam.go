// Package iam writes grants as IAM policy documents. There are three of them,
// each narrower than the last:
//
//   - [RolePolicy] is the role policy of a whole manifest: what the role that
//     calls are made under may do, at most. It allows what the manifest grants
//     and explicitly denies everything else, since a resource policy that names
//     a role adds to whatever its own policy merely leaves out.
//   - [SessionPolicy] is the session policy of one call. It goes to STS with
//     AssumeRole; what the minted credentials may do is what both it and the
//     role policy allow. So if a call was read wrongly, AWS itself denies it.
//   - [TrustPolicy] and [ExecutionPolicy] tie the two roles together: they let
//     the function's execution role assume the role that calls are made under,
//     and do nothing else. A role that assumes itself has [SelfPolicy] and
//     [SelfTrustPolicy] instead.
//
// # Limits
//
// A policy is as exact as IAM is. Where a service authorizes more coarsely than
// its requests are (a directory bucket as a whole, an action without a resource
// type, SQL behind a data API) the policy can say no more than the service
// looks at, and the decision in package manifest stands alone.
// sts:GetCallerIdentity needs no permission, and no policy denies it.
//
// IAM cannot name every string. A policy has no way to write U+0000 or bytes
// that are not UTF-8, and a resource that is no ARN is refused with the whole
// policy. A request for such a resource is not written exactly: its
// credentials have its grants' width, or there are none.
//
// A bucket named by an access point's alias is written as the access point's
// ARN, since AWS authorizes no alias. An alias tells neither the region nor more
// than 20 characters of the name, so both can end in wildcards: this is the one
// place where a policy may be wider than its grant, by other access points of the
// account that begin alike. It has not been proved against AWS. An access point
// that is granted by its ARN is exact.
//
// The text of every policy is ASCII, U+0020 to U+007E; all other characters
// are JSON escapes. STS takes U+00FF and below (AWS STS API Reference,
// AssumeRole, "Policy"), and counts characters: of an escape, all six.
package iam

import (
	"errors"
	"fmt"
	"slices"

	"github.com/lambda-remit/remit/manifest"
)

// MaxSession is the length of a session policy that STS takes, in characters.
// (AWS STS API Reference, AssumeRole, "Policy".) STS has a second limit, on a
// packed form that only it knows: what is within this one may still be refused
// with PackedPolicyTooLarge.
const MaxSession = 2048

// ErrTooLarge says that neither a call's own policy nor its grants' fits, or
// that IAM has no way to write one of them. What is wrapped around it says
// which.
var ErrTooLarge = errors.New("no session policy within 2048 characters allows these requests")

// SessionPolicy returns the policy to mint credentials with for requests that
// d allowed under m, and how wide it is: the call's own width where width is
// WidthCall and it fits, else the grants'. It never allows what d's grants do
// not, but for the aliases of access points, above. The text is plain ASCII, the
// same for the same requests in any order.
//
// At the call's width each request is written with its own action and resource,
// every wildcard and dollar sign in it escaped, under the conditions of the
// grants that allow it. A condition on a key that the request carries is pinned
// to the request's value, whatever its operator, but for dates and for keys that
// are another with each call. One on a key that it does not carry, or that only
// AWS knows ([manifest.Deferred]), stands as the grant has it, and so does one
// whose values have variables. A request that does not tell its resource
// (Request.Partly) has the resources of the grants that allow it.
//
// At the grants' width the grants themselves are written, so that calls through
// the same grants share one text, and with it one credential. Where they are too
// long they stand in fewer statements, which say the same: an action of one service
// on a resource of another is nothing.
//
// Where a service acts with the caller's rights (Athena, which reads S3; S3,
// which asks KMS for a key), the policy has what the grants say that the service
// needs, under the conditions that hold it to the service, and no more: see
// [manifest.Grant].
func SessionPolicy(m *manifest.Manifest, d manifest.Decision, reqs []manifest.Request, width manifest.Width) (policy string, got manifest.Width, err error) {
	if !d.Allowed || len(reqs) == 0 || len(d.Grants) != len(reqs) {
		return "", "", errors.New("a session policy is only written for requests that a decision allowed")
	}
	for i, grants := range d.Grants {
		if len(grants) == 0 || slices.Contains(grants, nil) {
			return "", "", fmt.Errorf("no grant allows %q on %q", reqs[i].Action, reqs[i].Resource)
		}
	}
	switch width {
	case manifest.WidthCall, "":
		if a, err := callAccess(m, d, reqs); err == nil {
			if text := compact(a.statements(false)); len(text) <= MaxSession {
				return text, manifest.WidthCall, nil
			}
		}
	case manifest.WidthGrant:
	default:
		return "", "", fmt.Errorf("width %q is neither %q nor %q", width, manifest.WidthCall, manifest.WidthGrant)
	}
	a, err := grantAccess(m, d, reqs)
	if err != nil {
		return "", "", err
	}
	text := session(a.statements(false))
	if len(text) > MaxSession {
		return "", "", fmt.Errorf("%w: its grants alone take %d", ErrTooLarge, len(text))
	}
	return text, manifest.WidthGrant, nil
}
