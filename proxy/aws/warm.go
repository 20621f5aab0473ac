package aws

import (
	"context"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/manifest/iam"
	"github.com/lambda-remit/remit/proxy/mint"
)

// maxWarm is how many grants Warm asks for. Each costs a request to STS in every
// sandbox that starts, whether or not a call comes that needs it.
const maxWarm = 8

// Warm asks STS for the credentials of m's grants, the first few of them and
// each by itself, so that the first call that is made at the grants' width finds
// them; before them for those that the function itself holds, if it exposes any;
// and by the way for a connection to STS, and for `role: self`'s name. A
// grant that is never widened is left out. It returns when it is done, or ctx is.
func (c *Cloud) Warm(ctx context.Context, m *manifest.Manifest) {
	if m == nil {
		return
	}
	var asks []mint.Ask
	if len(m.Exposed()) > 0 {
		// Some SDKs wait a second for credentials, and do not ask twice.
		if a, err := c.exposedAsk(ctx, m); err == nil {
			asks = append(asks, a)
		}
	}
	if m.Credentials.Unminted || m.Mode == manifest.Observe {
		c.Minter.Warm(ctx, asks)
		return
	}
	asked := make(map[string]bool) // by policy: versions and the like share one
	for _, g := range m.Grants {
		if g.Anonymous || grantWidth(m, g) == manifest.WidthCall || len(asks) == maxWarm {
			continue
		}
		policy, err := iam.GrantPolicy(m, g)
		if err != nil || asked[policy] {
			continue
		}
		asked[policy] = true
		a, err := c.askFor(ctx, m, policy)
		if err != nil {
			return // the first call says so
		}
		asks = append(asks, a)
	}
	c.Minter.Warm(ctx, asks)
}
