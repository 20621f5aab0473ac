package aws

import (
	"slices"

	"github.com/lambda-remit/remit/manifest"
)

// verifiedPermissions is what the tables do not say of Amazon Verified
// Permissions: the policy stores of a batch. (Amazon Verified Permissions API
// Reference, BatchGetPolicy.)
func verifiedPermissions(operation string) reading {
	if operation != "BatchGetPolicy" {
		return nil
	}
	return func(c *tableCall) ([]manifest.Request, error) {
		items, err := c.objectsAt("requests#")
		if err != nil || len(items) == 0 {
			return errorOr(err, c.tabled)
		}
		var all []manifest.Request
		for _, item := range items {
			id, err := textOf(item, "policyStoreId")
			if err != nil {
				return nil, err
			}
			arn, err := c.fill("verifiedpermissions::{a}:policy-store/{/:}", []string{id})
			if err != nil {
				return nil, err
			}
			if r := request("verifiedpermissions:GetPolicy", arn); !slices.ContainsFunc(all, func(o manifest.Request) bool { return same(&o, &r) }) {
				all = append(all, r)
			}
		}
		return all, nil
	}
}
