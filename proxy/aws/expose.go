package aws

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/manifest/iam"
	"github.com/lambda-remit/remit/proxy/mint"
)

// Expose returns credentials for the function itself: what m's exposed grants
// allow, together, and no more. They have at least half of their life before
// them, unless STS does not answer, and took is how long that was waited for.
// Nothing stands in their place where they cannot be had.
func (c *Cloud) Expose(ctx context.Context, m *manifest.Manifest) (credentials aws.Credentials, took time.Duration, err error) {
	a, err := c.exposedAsk(ctx, m)
	if err != nil {
		return aws.Credentials{}, 0, err
	}
	a.Patient = true // there is one such request in half an hour
	return c.Minter.Credentials(ctx, a)
}

// exposedAsk is what exposed credentials are asked for with.
func (c *Cloud) exposedAsk(ctx context.Context, m *manifest.Manifest) (mint.Ask, error) {
	grants := m.Exposed()
	if len(grants) == 0 {
		return mint.Ask{}, errors.New("the manifest exposes nothing")
	}
	policy, err := iam.GrantPolicy(m, grants...)
	if err != nil {
		return mint.Ask{}, err
	}
	a := mint.Ask{
		Role:     m.Credentials.ExposedRole,
		Session:  c.Session(),
		Policy:   policy,
		Duration: m.Credentials.Duration,
		Tags:     m.Credentials.SessionTags,
	}
	if a.Role == "" {
		a, err = c.askFor(ctx, m, policy)
	}
	a.Least = cmp.Or(a.Duration, time.Hour) / 2
	return a, err
}
