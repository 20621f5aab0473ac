package aws

import (
	"fmt"

	"github.com/lambda-remit/remit/manifest"
)

// cognito is what the tables do not say of Amazon Cognito, its user pools and its
// identity pools: the roles that are passed to it. What users themselves call
// (InitiateAuth, GetUser, GetId, …) has no resource, and is granted to anonymous
// where nobody signs it. (Amazon Cognito API Reference, SmsConfigurationType;
// Amazon Cognito Federated Identities API Reference, SetIdentityPoolRoles; IAM
// User Guide, "Grant a user permissions to pass a role to an AWS service".)
func cognito(operation string) reading {
	switch operation {
	case "CreateUserPool", "UpdateUserPool":
		return func(c *tableCall) ([]manifest.Request, error) { return passingAt(c, "b.SmsConfiguration.SnsCallerArn") }
	case "SetUserPoolMfaConfig":
		return func(c *tableCall) ([]manifest.Request, error) {
			return passingAt(c, "b.SmsMfaConfiguration.SmsConfiguration.SnsCallerArn")
		}
	case "SetIdentityPoolRoles":
		return identityRoles
	}
	return nil
}

// passingAt is the table's answer, and iam:PassRole for the role at path.
func passingAt(c *tableCall, path string) ([]manifest.Request, error) {
	all, err := c.tabled()
	if err != nil {
		return nil, err
	}
	role, ok, err := c.text(path)
	if err != nil || !ok || role == "" {
		return all, err
	}
	role, err = c.role(role)
	return append(all, c.passing(role)), err
}

// identityRoles is the table's answer, and iam:PassRole for each role that a
// pool's identities are given, by kind or by rule.
func identityRoles(c *tableCall) ([]manifest.Request, error) {
	all, err := passingAll(c) // those of rules
	if err != nil {
		return nil, err
	}
	members, err := c.body()
	if err != nil {
		return nil, err
	}
	v, err := memberOf(members, "Roles")
	if err != nil {
		return nil, err
	}
	kinds, err := textMap(v, "Roles")
	if err != nil {
		return nil, err
	}
	for _, kind := range []string{"authenticated", "unauthenticated"} {
		role, ok := kinds[kind]
		if delete(kinds, kind); !ok || role == "" {
			continue
		}
		if role, err = c.role(role); err != nil {
			return nil, err
		}
		all = append(all, c.passing(role))
	}
	for kind := range kinds {
		return nil, fmt.Errorf("identities of the kind %.80q are not known", kind)
	}
	return all, nil
}
