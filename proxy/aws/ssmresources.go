package aws

import (
	"errors"
	"fmt"
	"strings"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
)

// ssmRequests reads a call by what ssmOperations says of it.
func (in *input) ssmRequests(call *proxy.Call, op string, resources []string, members tree) error {
	action := "ssm:" + op
	var extra []manifest.Request
	typed := false // the action has a resource type
	for _, spec := range resources {
		kind, member, _ := strings.Cut(spec, " ")
		reqs, err := in.ssmResource(action, kind, member, members)
		if err != nil {
			return err
		}
		if kind == "role" {
			extra = append(extra, reqs...)
			continue
		}
		call.Requests = append(call.Requests, reqs...)
		typed = true
	}
	switch {
	case len(call.Requests) > 0:
	case typed: // all that could name one was optional, and absent
		call.Requests = append(call.Requests, unknown(action))
	default:
		call.Requests = append(call.Requests, request(action, "*"))
	}
	call.Requests = append(call.Requests, extra...)
	return ssmContext(call, op, members)
}

// ssmResource returns what one resource of an operation asks for.
func (in *input) ssmResource(action, kind, member string, members tree) ([]manifest.Request, error) {
	switch kind {
	case "?":
		return []manifest.Request{unknown(action)}, nil
	case "targets":
		if targets, err := objects(members.get("Targets"), "Targets"); err != nil || len(targets) == 0 {
			return nil, err
		}
		return []manifest.Request{unknown(action)}, nil
	case "entries":
		return in.ssmEntries(action, members)
	case "runs":
		return in.ssmRuns(action, members)
	case "tagged":
		return in.ssmTagged(action, members)
	case "role":
		role, err := text(members, member)
		if err != nil || role == "" {
			return nil, err
		}
		req, err := in.passRole(role, "ssm.amazonaws.com")
		return []manifest.Request{req}, err
	}
	kind, optional := strings.CutSuffix(kind, "?")
	names, err := texts(members.get(member), member)
	if err != nil {
		name, err := text(members, member)
		if err != nil {
			return nil, fmt.Errorf("member %q is neither a string nor a list of them", member)
		}
		if names = nil; name != "" {
			names = []string{name}
		}
	}
	if len(names) == 0 && !optional {
		return nil, fmt.Errorf("member %q is not there", member)
	}
	var reqs []manifest.Request
	for _, name := range names {
		resource, err := in.ssmARN(kind, name)
		if err != nil {
			return nil, err
		}
		req := request(action, resource)
		req.Partly = resource == "*"
		reqs = append(reqs, req)
	}
	return reqs, nil
}

// ssmARN returns the ARN of a resource that is named by its identifier or,
// where Systems Manager takes those, by its ARN.
func (in *input) ssmARN(kind, name string) (string, error) {
	if kind == "arn" || strings.HasPrefix(name, "arn:") && kind != "iam-role" {
		_, _, err := in.here("ssm", name)
		return name, err
	}
	if kind == "instance" && strings.HasPrefix(name, "ecs:") {
		// A container: ecs:CLUSTER_TASK_RUNTIME. The name of a cluster may
		// have underscores too, so that its task cannot be told for sure.
		return "*", nil
	}
	if !isName(strings.TrimPrefix(name, "/"), "/_.-") && kind != "iam-role" {
		return "", fmt.Errorf("%.120q names no %s", name, kind)
	}
	switch kind {
	case "bucket":
		return "arn:" + in.partition + ":s3:::" + name, nil
	case "iam-role":
		return in.role(name)
	case "instance":
		if strings.HasPrefix(name, "mi-") {
			return in.arn("ssm", "managed-instance/"+name)
		}
		return in.arn("ec2", "instance/"+name)
	case "document":
		// What AWS itself owns is in no account, as in
		// arn:aws:ssm:eu-west-1::document/AWS-RunShellScript; nobody else's
		// begins so. (AWS Systems Manager API Reference, CreateDocument,
		// "Name".)
		for _, prefix := range []string{"aws", "amazon", "amzn"} {
			if _, found := cutFold(name, prefix); found {
				return "arn:" + in.partition + ":ssm:" + in.region + "::document/" + name, nil
			}
		}
	}
	return in.arn("ssm", kind+"/"+strings.TrimPrefix(name, "/"))
}

// ssmEntries reads what CreateAssociationBatch associates.
func (in *input) ssmEntries(action string, members tree) ([]manifest.Request, error) {
	entries, err := objects(members.get("Entries"), "Entries")
	if err != nil || len(entries) == 0 {
		return nil, errors.Join(errors.New("member \"Entries\" is not there"), err)
	}
	var reqs []manifest.Request
	for _, entry := range entries {
		for _, spec := range []string{"document Name", "instance? InstanceId", "targets ", "runs "} {
			kind, member, _ := strings.Cut(spec, " ")
			more, err := in.ssmResource(action, kind, member, entry)
			if err != nil {
				return nil, err
			}
			reqs = append(reqs, more...)
		}
	}
	return reqs, nil
}

// ssmRuns reads the runbooks of a change request, and the roles that
// automations assume, which the caller has to be allowed to pass.
func (in *input) ssmRuns(action string, members tree) ([]manifest.Request, error) {
	runs, err := objects(members.get("Runbooks"), "Runbooks")
	if err != nil {
		return nil, err
	}
	var reqs []manifest.Request
	for _, run := range runs {
		more, err := in.ssmResource(action, "document", "DocumentName", run)
		if err != nil {
			return nil, err
		}
		reqs = append(reqs, more...)
	}
	for _, run := range append(runs, members) {
		parameters, err := object(run, "Parameters")
		if err != nil {
			return nil, err
		}
		roles, err := texts(parameters.get("AutomationAssumeRole"), "AutomationAssumeRole")
		if err != nil {
			return nil, err
		}
		for _, role := range roles {
			req, err := in.passRole(role, "ssm.amazonaws.com")
			if err != nil {
				return nil, err
			}
			reqs = append(reqs, req)
		}
	}
	return reqs, nil
}

// ssmTagged reads what is tagged. (AWS Systems Manager API Reference,
// AddTagsToResource, "ResourceType".)
func (in *input) ssmTagged(action string, members tree) ([]manifest.Request, error) {
	kind, err1 := text(members, "ResourceType")
	id, err2 := text(members, "ResourceId")
	if err1 != nil || err2 != nil {
		return nil, errors.Join(err1, err2)
	}
	kinds := map[string]string{
		"Association": "association", "Automation": "automation-execution", "CloudConnector": "cloud-connector",
		"Document": "document", "MaintenanceWindow": "maintenancewindow", "ManagedInstance": "managed-instance",
		"OpsItem": "opsitem", "OpsMetadata": "opsmetadata", "PatchBaseline": "patchbaseline",
	}
	if kind == "Parameter" {
		p, err := in.parameter(id, false)
		return []manifest.Request{request(action, p.resource)}, err
	}
	if kinds[kind] == "" {
		return nil, fmt.Errorf("resource type %.40q is not known", kind)
	}
	resource, err := in.ssmARN(kinds[kind], id)
	return []manifest.Request{request(action, resource)}, err
}

// ssmContext adds the condition keys that stand in the members.
func ssmContext(call *proxy.Call, op string, members tree) error {
	keys := map[string]string{"DocumentType": "ssm:DocumentType", "SyncType": "ssm:SyncType"}
	switch op {
	case "StartAutomationExecution", "StartChangeRequestExecution":
		keys = map[string]string{"DocumentVersion": "ssm:DocumentVersion"}
		if op == "StartChangeRequestExecution" {
			approve, err := truth(members, "AutoApprove")
			if err != nil {
				return err
			}
			with(&call.Requests[0], "ssm:AutoApprove", approve)
		}
	case "PutInventory":
		items, err := objects(members.get("Items"), "Items")
		if err != nil {
			return err
		}
		for _, item := range items {
			name, err := member(item, "TypeName")
			if err != nil {
				return err
			}
			with(&call.Requests[0], "ssm:InventoryTypeName", name)
		}
	}
	for name, key := range keys {
		v, err := text(members, name)
		if err != nil {
			return err
		}
		for i := range call.Requests {
			if v != "" && call.Requests[i].Action == "ssm:"+op {
				with(&call.Requests[i], key, v)
			}
		}
	}
	return nil
}

// passRole asks for passing a role, named by its ARN or its name, to a
// service. (IAM User Guide, "Grant a user permissions to pass a role to an AWS
// service".)
func (in *input) passRole(role, service string) (manifest.Request, error) {
	resource, err := in.role(role)
	return request("iam:PassRole", resource, "iam:PassedToService", service), err
}

// role returns the ARN of a role that is named by its ARN or its name.
func (in *input) role(s string) (string, error) {
	if !strings.HasPrefix(s, "arn:") {
		if !isName(s, "/_+=,.@-") {
			return "", fmt.Errorf("%.120q is no name of a role", s)
		}
		return in.global("iam", "role/"+s)
	}
	if parts := strings.SplitN(s, ":", 6); len(parts) < 6 || parts[1] != in.partition || !isName(s, "/:_+=,.@-") {
		return "", fmt.Errorf("%.120q is no ARN of a role in partition %s", s, in.partition)
	}
	return s, nil
}
