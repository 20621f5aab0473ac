// Package iam writes grants as IAM policy documents: the session policy of one
// call, and the role policy of a whole manifest.
package iam

import (
	"errors"

	"github.com/lambda-remit/remit/manifest"
)

// MaxSession is the length of a session policy that STS takes, in characters.
// (AWS STS API Reference, AssumeRole, "Policy".)
const MaxSession = 2048

// ErrTooLarge says that neither a call's own policy nor its grants' fits.
var ErrTooLarge = errors.New("no session policy within 2048 characters allows these requests")

// SessionPolicy returns the policy to mint credentials with for requests that
// d allowed under m, and how wide it is: the call's own width where width is
// WidthCall and it fits, else the grants'. It never allows what d's grants do
// not. The text is plain ASCII, the same for the same requests in any order.
func SessionPolicy(m *manifest.Manifest, d manifest.Decision, reqs []manifest.Request, width manifest.Width) (policy string, got manifest.Width, err error) {
	return "", "", errors.New("not written")
}

// RolePolicy returns the identity policy of the role that m's calls are made
// under: it allows what m grants and explicitly denies the rest, so that no
// resource policy adds to it.
func RolePolicy(m *manifest.Manifest) ([]byte, error) { return nil, errors.New("not written") }
