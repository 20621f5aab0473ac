package aws

import (
	"slices"
	"strings"

	"github.com/lambda-remit/remit/manifest"
)

// firehose is what the tables do not say of Amazon Data Firehose: the roles that
// stand deep in what it is told of sources and destinations, each of which it
// assumes. (Amazon Data Firehose API Reference, "RoleARN" of each type; IAM User
// Guide, "Grant a user permissions to pass a role to an AWS service".)
func firehose(operation string) reading {
	switch operation {
	case "CreateDeliveryStream", "UpdateDestination":
		return passingAll
	}
	return nil
}

// passingAll is the table's answer, and iam:PassRole for every role that stands
// anywhere in the body.
func passingAll(c *tableCall) ([]manifest.Request, error) {
	all, err := c.tabled()
	if err != nil {
		return nil, err
	}
	members, err := c.body()
	if err != nil {
		return nil, err
	}
	roles, err := c.rolesIn(members)
	for _, role := range roles {
		if !slices.ContainsFunc(all, func(r manifest.Request) bool { return r.Action == "iam:PassRole" && r.Resource == role }) {
			all = append(all, c.passing(role))
		}
	}
	return all, err
}

// passing asks to pass a role to the call's service.
func (c *tableCall) passing(role string) manifest.Request {
	r := request("iam:PassRole", role)
	if to := passedTo(c.table.prefix); to != "" {
		with(&r, "iam:PassedToService", to)
	}
	return r
}

// rolesIn returns the roles that stand in v, at whatever depth: what is text in
// a member whose name ends in "RoleArn".
func (c *tableCall) rolesIn(v any) (roles []string, err error) {
	switch v := v.(type) {
	case series:
		for _, e := range v.all() {
			more, err := c.rolesIn(e)
			if err != nil {
				return nil, err
			}
			roles = append(roles, more...)
		}
	case tree:
		for name, inner := range v.all() {
			role, ok := inner.(string)
			if !ok || !strings.HasSuffix(strings.ToLower(name), "rolearn") || role == "" {
				more, err := c.rolesIn(inner)
				if err != nil {
					return nil, err
				}
				roles = append(roles, more...)
				continue
			}
			if role, err = c.role(role); err != nil {
				return nil, err
			}
			roles = append(roles, role)
		}
	}
	slices.Sort(roles)
	return slices.Compact(roles), nil
}
