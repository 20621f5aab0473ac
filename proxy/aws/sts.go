package aws

import (
	"fmt"
	"strings"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
)

// AWS STS speaks the query protocol, version 2011-06-15. (Service
// Authorization Reference, "AWS Security Token Service".) Each operation is
// here with the parameter that has its resource's ARN; "" for none.
var stsOperations = map[string]string{
	"AssumeRole":                 "RoleArn",
	"AssumeRoleWithSAML":         "RoleArn",
	"AssumeRoleWithWebIdentity":  "RoleArn",
	"AssumeRoot":                 "TargetPrincipal",
	"DecodeAuthorizationMessage": "",
	"GetAccessKeyInfo":           "",
	"GetCallerIdentity":          "",
	"GetDelegatedAccessToken":    "",
	"GetFederationToken":         "Name",
	"GetSessionToken":            "",
	"GetWebIdentityToken":        "",
}

// readSTS reads a call to AWS STS.
func readSTS(in *input, call *proxy.Call) error {
	op, params, err := in.form("2011-06-15")
	if err != nil {
		return err
	}
	param, ok := stsOperations[op]
	if !ok {
		return fmt.Errorf("operation %.60q of STS is not known", op)
	}
	call.Operation = op
	resource := "*"
	switch {
	case op == "GetFederationToken":
		if resource, err = in.global("sts", "federated-user/"+params["Name"]); err != nil {
			return err
		}
	case op == "AssumeRoot":
		// The root of the member account that TargetPrincipal names by its
		// number or its ARN.
		if resource = params["TargetPrincipal"]; isAccount(resource) {
			resource = "arn:" + in.partition + ":iam::" + resource + ":root"
		}
		if resource, err = in.checkARN("iam", resource); err != nil {
			return err
		}
	case param != "":
		if resource, err = in.checkARN("iam", params[param]); err != nil {
			return err
		}
	}
	call.Requests = []manifest.Request{request("sts:"+op, resource)}
	switch op {
	case "AssumeRole":
		stsSession(call, params, resource)
	case "GetWebIdentityToken":
		if listed(params, "Tags.") {
			call.Requests = append(call.Requests, request("sts:TagGetWebIdentityToken", resource))
			if tags, _ := sessionTags(params); tags != nil {
				withTags(&call.Requests[1], tags)
			}
		}
	}
	return nil
}

// listed reports whether a form has parameters of one of some lists.
func listed(params map[string]string, prefixes ...string) bool {
	for name := range params {
		for _, prefix := range prefixes {
			if strings.HasPrefix(name, prefix) {
				return true
			}
		}
	}
	return false
}

// stsSession adds what an AssumeRole's session tags, source identity and contexts
// need besides. (IAM User Guide, "Pass session tags in AWS STS"; AWS STS API
// Reference, AssumeRole, "ProvidedContexts".)
func stsSession(call *proxy.Call, params map[string]string, role string) {
	if listed(params, "Tags.", "TransitiveTagKeys.") {
		call.Requests = append(call.Requests, request("sts:TagSession", role))
	}
	if listed(params, "ProvidedContexts.") {
		call.Requests = append(call.Requests, request("sts:SetContext", role))
	}
	if params["SourceIdentity"] != "" {
		call.Requests = append(call.Requests, request("sts:SetSourceIdentity", role, "sts:SourceIdentity", params["SourceIdentity"]))
	}
	if v := params["ExternalId"]; v != "" {
		call.Requests[0].Context = map[string][]string{"sts:externalid": {v}}
	}
	tags, transitive := sessionTags(params)
	for i := range call.Requests {
		withTags(&call.Requests[i], tags)
		with(&call.Requests[i], "sts:TransitiveTagKeys", transitive...)
	}
	if v := params["RoleSessionName"]; v != "" {
		with(&call.Requests[0], "sts:RoleSessionName", v)
	}
}

// sessionTags returns the tags of a session, and which of them go on to the next,
// as the SDKs write lists; of one that is written otherwise, AWS alone may know
// what it says.
func sessionTags(params map[string]string) (tags []tag, transitive []string) {
	n := 0
	for i := 1; ; i++ {
		member := fmt.Sprintf("Tags.member.%d.", i)
		key, ok := params[member+"Key"]
		value, has := params[member+"Value"]
		if !ok || !has {
			break
		}
		tags, n = append(tags, tag{key, value}), n+2
	}
	for i := 1; ; i++ {
		key, ok := params[fmt.Sprintf("TransitiveTagKeys.member.%d", i)]
		if !ok {
			break
		}
		transitive, n = append(transitive, key), n+1
	}
	for name := range params {
		if strings.HasPrefix(name, "Tags.") || strings.HasPrefix(name, "TransitiveTagKeys.") {
			n--
		}
	}
	if n != 0 {
		return nil, nil
	}
	return tags, transitive
}

// global makes an ARN in the function's own account that names no region.
func (in *input) global(service, resource string) (string, error) {
	if in.account == "" {
		return "", errNoAccount
	}
	return "arn:" + in.partition + ":" + service + "::" + in.account + ":" + resource, nil
}

// isAccount reports whether s is an account's number.
func isAccount(s string) bool {
	if len(s) != 12 {
		return false
	}
	for _, c := range s {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}
