package aws

import (
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
)

// AWS Secrets Manager speaks JSON 1.1. Its actions are its operations' names,
// and its only resource type the secret. (Service Authorization Reference,
// "AWS Secrets Manager".)
var secretOperations = map[string]string{ // operation -> the member that names the secret; "" for none
	"AssociateCrossAccountReplica":    "SecretId",
	"BatchGetSecretValue":             "",
	"CancelRotateSecret":              "SecretId",
	"CreateSecret":                    "Name",
	"DeleteResourcePolicy":            "SecretId",
	"DeleteSecret":                    "SecretId",
	"DescribeSecret":                  "SecretId",
	"DisassociateCrossAccountReplica": "SecretId",
	"GetRandomPassword":               "",
	"GetResourcePolicy":               "SecretId",
	"GetSecretValue":                  "SecretId",
	"ListResourcePolicies":            "SecretId",
	"ListSecretVersionIds":            "SecretId",
	"ListSecrets":                     "",
	"PutResourcePolicy":               "SecretId",
	"PutSecretValue":                  "SecretId",
	"RemoveRegionsFromReplication":    "SecretId",
	"ReplicateSecretToRegions":        "SecretId",
	"RestoreSecret":                   "SecretId",
	"RotateSecret":                    "SecretId",
	"StopReplicationToReplica":        "SecretId",
	"TagResource":                     "SecretId",
	"UntagResource":                   "SecretId",
	"UpdateSecret":                    "SecretId",
	"UpdateSecretVersionStage":        "SecretId",
	"ValidateResourcePolicy":          "SecretId",
}

// readSecrets reads a call to AWS Secrets Manager.
func readSecrets(in *input, call *proxy.Call) error {
	op, members, err := in.target("secretsmanager", "application/x-amz-json-1.1")
	name, known := secretOperations[op]
	if known {
		call.Operation = op
	}
	if err != nil {
		return err
	}
	if !known {
		return fmt.Errorf("operation %.60q of Secrets Manager is not known", op)
	}
	action := "secretsmanager:" + op
	switch {
	case op == "BatchGetSecretValue":
		// The batch is one action on no resource; each secret in it is got
		// besides. Filters say what to get in words that only AWS can apply.
		call.Requests = append(call.Requests, request(action, "*"))
		return batchSecrets(in, call, members)
	case op == "ValidateResourcePolicy" && members.get("SecretId") == nil, name == "":
		call.Requests = append(call.Requests, request(action, "*"))
		return nil
	}
	id, err := member(members, name)
	if err != nil {
		return err
	}
	req, err := secretRequest(in, action, id)
	if err != nil {
		return err
	}
	for _, key := range []string{"VersionId", "VersionStage"} {
		if v, ok := members.get(key).(string); ok && op == "GetSecretValue" {
			req.Context["secretsmanager:"+strings.ToLower(key)] = []string{v}
		}
	}
	var tags []tag
	if list := members.get("Tags"); list != nil && (op == "CreateSecret" || op == "TagResource") {
		if tags, err = tagList(list, "Key", "Value"); err != nil {
			return err
		}
		withTags(&req, tags)
	}
	call.Requests = append(call.Requests, req)
	// To tag what it creates, or to have it in other regions, the caller needs
	// those actions too. (AWS Secrets Manager API Reference, CreateSecret,
	// "Required permissions".)
	besides := func(action string) {
		r := req
		r.Action, r.Context = "secretsmanager:"+action, maps.Clone(req.Context)
		call.Requests = append(call.Requests, r)
	}
	if op == "CreateSecret" && len(tags) > 0 {
		besides("TagResource")
	}
	regions := members.get("AddReplicaRegions")
	if list, ok := regions.(series); op == "CreateSecret" && regions != nil && !(ok && list.len() == 0) {
		besides("ReplicateSecretToRegions")
	}
	if op == "AssociateCrossAccountReplica" {
		return associate(in, call, members)
	}
	return rotation(call, op, members)
}

// associate adds what joining a secret to another account's asks for: the call
// accepts the replication there with the caller's rights, and may pass a role.
// (AWS Secrets Manager API Reference, AssociateCrossAccountReplica.)
func associate(in *input, call *proxy.Call, members tree) error {
	arn, err := member(members, "CrossAccountReplicaARN")
	if err != nil {
		return err
	}
	replica, err := secretRequest(in, "secretsmanager:AcceptCrossAccountReplication", arn)
	if err != nil {
		return err
	}
	call.Requests = append(call.Requests, replica)
	role, ok, err := optional(members, "ReplicationRoleARN")
	if ok {
		call.Requests = append(call.Requests, request("iam:PassRole", role, "iam:PassedToService", "secretsmanager.amazonaws.com"))
	}
	return err
}

func batchSecrets(in *input, call *proxy.Call, members tree) error {
	ids, listed := members.get("SecretIdList").(series)
	switch {
	case listed && members.get("Filters") != nil:
		return errors.New("a batch by both SecretIdList and Filters")
	case !listed && members.get("SecretIdList") != nil:
		return errors.New("member \"SecretIdList\" is no list")
	case !listed:
		call.Requests = append(call.Requests, request("secretsmanager:GetSecretValue", "*"))
		return nil
	}
	for _, v := range ids.all() {
		id, ok := v.(string)
		if !ok || id == "" {
			return errors.New("member \"SecretIdList\" has what is no string")
		}
		req, err := secretRequest(in, "secretsmanager:GetSecretValue", id)
		if err != nil {
			return err
		}
		call.Requests = append(call.Requests, req)
	}
	return nil
}

// rotation adds what rotating by a function of the caller's asks for.
func rotation(call *proxy.Call, op string, members tree) error {
	if op != "RotateSecret" || members.get("RotationLambdaARN") == nil {
		return nil
	}
	arn, err := member(members, "RotationLambdaARN")
	if err != nil {
		return err
	}
	call.Requests = append(call.Requests, request("lambda:InvokeFunction", arn))
	return nil
}

// secretRequest asks for an action on a secret that is named by its name, its
// ARN, or its ARN without the six characters that AWS appends: the latter two
// leave those open. AWS reads an ARN that ends in a hyphen and six characters
// as a whole one. (AWS Secrets Manager API Reference, GetSecretValue,
// "SecretId".)
func secretRequest(in *input, action, id string) (manifest.Request, error) {
	req := manifest.Request{Action: action, Partly: true, Context: map[string][]string{}}
	var err error
	if strings.HasPrefix(id, "arn:") {
		if req.Resource, err = in.checkARN("secretsmanager", id); err != nil {
			return req, err
		}
		_, name, found := strings.Cut(req.Resource, ":secret:")
		if !found || name == "" || strings.Count(req.Resource, ":") != 6 {
			return req, fmt.Errorf("%.120q is no ARN of a secret", id)
		}
		if err := secretName(name); err != nil {
			return req, err
		}
		req.Partly = !hasSuffix(name)
	} else {
		if err := secretName(id); err != nil {
			return req, err
		}
		if req.Resource, err = in.arn("secretsmanager", "secret:"+id); err != nil {
			return req, err
		}
	}
	req.Context["secretsmanager:secretid"] = []string{id}
	if req.Partly {
		req.Resource += "-??????"
	}
	return req, nil
}

// secretName checks the characters of a name: ASCII letters, digits, and
// /_+=.@- . (AWS Secrets Manager API Reference, CreateSecret, "Name".)
func secretName(name string) error {
	for _, c := range name {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("/_+=.@-", c)) {
			return fmt.Errorf("%.120q is no name of a secret", name)
		}
	}
	return nil
}

// hasSuffix reports whether name ends as AWS ends the name in a secret's ARN.
func hasSuffix(name string) bool {
	i := len(name) - 7
	if i < 1 || name[i] != '-' {
		return false
	}
	for _, c := range name[i+1:] {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9') {
			return false
		}
	}
	return true
}
