package aws

import (
	"strings"

	"github.com/lambda-remit/remit/manifest"
)

// gateway is what the tables do not say of API Gateway: the roles that its
// integrations, its authorizers and its log are given, which stand in patches and
// in definitions too. A definition is not taken apart: what could be a role's
// member there is one that the call does not tell. (Amazon API Gateway REST API
// Reference, Integration, Authorizer, Account and "Patch operations"; Amazon API
// Gateway Developer Guide, "x-amazon-apigateway-integration object".)
func gateway(operation string) reading {
	switch operation {
	case "ImportApi", "ImportRestApi", "PutRestApi", "ReimportApi":
		return func(c *tableCall) ([]manifest.Request, error) {
			all, err := c.tabled()
			if err != nil {
				return nil, err
			}
			body, err := c.in.body()
			if err != nil {
				return nil, err
			}
			text := strings.ReplaceAll(strings.ToLower(string(body)), "allow-credentials", "")
			if strings.Contains(text, "credentials") || strings.Contains(text, `\u00`) || strings.Contains(text, `\x`) {
				all = append(all, unknown("iam:PassRole", "iam:PassedToService", "apigateway.amazonaws.com"))
			}
			return all, nil
		}
	case "CreateApi", "CreateAuthorizer", "CreateIntegration", "PutIntegration",
		"UpdateAccount", "UpdateApi", "UpdateAuthorizer", "UpdateIntegration":
		return gatewayRoles
	}
	return nil
}

func gatewayRoles(c *tableCall) ([]manifest.Request, error) {
	all, err := c.tabled()
	if err != nil {
		return nil, err
	}
	var roles []string
	for _, path := range []string{"b.credentials", "b.authorizerCredentials", "b.credentialsArn", "b.authorizerCredentialsArn"} {
		role, _, err := c.text(path)
		if err != nil {
			return nil, err
		}
		roles = append(roles, role)
	}
	members, err := c.body()
	if err != nil {
		return nil, err
	}
	v, err := memberOf(members, "patchOperations")
	if err != nil {
		return nil, err
	}
	patches, err := objects(v, "patchOperations")
	if err != nil {
		return nil, err
	}
	for _, patch := range patches {
		at, err := textOf(patch, "path")
		if err != nil {
			return nil, err
		}
		switch fold(strings.Trim(at, "/")) {
		case "credentials", "authorizercredentials", "cloudwatchrolearn":
			role, err := textOf(patch, "value")
			if err != nil {
				return nil, err
			}
			roles = append(roles, role)
		}
	}
	for _, role := range roles {
		// The caller's own identity is handed on, and no role: "arn:aws:iam::*:user/*".
		if role == "" || role == "arn:"+c.in.partition+":iam::*:user/*" {
			continue
		}
		if role, err = c.role(role); err != nil {
			return nil, err
		}
		all = append(all, request("iam:PassRole", role, "iam:PassedToService", "apigateway.amazonaws.com"))
	}
	return all, nil
}
