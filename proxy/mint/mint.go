// Package mint gets credentials from STS for a policy, and keeps them for
// calls that ask for the same.
package mint

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// A Minter assumes roles under session policies. Its fields must not change
// once it mints.
type Minter struct {
	Base   aws.CredentialsProvider // who assumes the roles
	Region string                  // of the STS endpoint

	// Endpoint is dialled in place of AWS's STS, whose host it stands in for;
	// empty: AWS's.
	Endpoint string
	Client   *http.Client // nil: a client of the Minter's own, that heeds no proxy variable
}

// An Ask is what credentials are asked for with.
type Ask struct {
	Role     string // ARN
	Session  string // RoleSessionName
	Policy   string
	Duration time.Duration // zero: an hour
	Tags     map[string]string
}

// Credentials returns credentials that may do what a.Policy and a.Role both
// allow, with at least a minute to live, and how long STS took; zero where
// they were kept. Calls that ask the same at the same time wait for one
// answer. A refusal is kept for a few seconds, so that a function in a loop
// does not spend the account's STS quota on it.
func (m *Minter) Credentials(ctx context.Context, a Ask) (aws.Credentials, time.Duration, error) {
	return aws.Credentials{}, 0, errors.New("not written")
}

// Forget drops the credentials with an access key that the cloud no longer
// honours.
func (m *Minter) Forget(accessKeyID string) {}

// What Credentials' errors are, by errors.Is.
var (
	ErrThrottled   = errors.New("STS throttled the request")
	ErrTooLarge    = errors.New("STS finds the session policy too large")
	ErrRefused     = errors.New("STS refused the request")
	ErrUnreachable = errors.New("STS did not answer")
)
