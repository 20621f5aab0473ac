package aws

import "github.com/lambda-remit/remit/manifest"

// cloudFront is what the tables do not say of Amazon CloudFront: whose an
// invalidation is where its own id stands beside. (Amazon CloudFront API
// Reference, GetInvalidationForDistributionTenant.)
func cloudFront(operation string) reading {
	if operation != "GetInvalidationForDistributionTenant" {
		return nil
	}
	return func(c *tableCall) ([]manifest.Request, error) {
		arn, err := c.fill("cloudfront::{a}:distribution-tenant/{/:}", []string{c.labels["DistributionTenantId"]})
		return []manifest.Request{request("cloudfront:"+operation, arn)}, err
	}
}
