package aws

import (
	"errors"
	"fmt"
	"strings"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
)

// readSSM reads a call to AWS Systems Manager, which speaks JSON 1.1. Its
// actions are its operations. Parameters are read here, exactly; all else by
// ssmOperations.
func readSSM(in *input, call *proxy.Call) error {
	op, members, err := in.target("AmazonSSM", "application/x-amz-json-1.1")
	resources, known := ssmOperations[op]
	if known {
		call.Operation = op
	}
	switch {
	case err != nil:
		return err
	case !known:
		return fmt.Errorf("operation %.60q of Systems Manager is not known", op)
	}
	switch {
	case op == "GetParametersByPath":
		err = in.parameterPath(call, members)
	case len(resources) > 0 && strings.HasPrefix(resources[0], "parameter "):
		err = in.parameters(call, op, members)
	default:
		err = in.ssmRequests(call, op, resources, members)
	}
	if err != nil {
		return err
	}
	return ssmTags(call, op, members)
}

// parameters reads the operations on named parameters.
func (in *input) parameters(call *proxy.Call, op string, members tree) error {
	name, err1 := text(members, "Name")
	names, err2 := texts(members.get("Names"), "Names")
	several := strings.HasSuffix(op, "Parameters")
	switch {
	case err1 != nil || err2 != nil:
		return errors.Join(err1, err2)
	case several == (name != "") || several != (len(names) > 0):
		return errors.New("the members that name parameters are not there, or too many")
	case !several:
		names = []string{name}
	}
	gets := op == "GetParameter" || op == "GetParameters"
	for _, name := range names {
		p, err := in.parameter(name, gets)
		if err != nil {
			return err
		}
		req := request("ssm:"+op, p.resource)
		if op == "PutParameter" {
			if err := putContext(&req, members); err != nil {
				return err
			}
		}
		call.Requests = append(call.Requests, req)
		if p.secret == "" {
			continue
		}
		// A reference to a secret is got with the caller's own rights to it.
		// (AWS Systems Manager User Guide, "Referencing AWS Secrets Manager
		// secrets from Parameter Store parameters".)
		secret, err := secretRequest(in, "secretsmanager:GetSecretValue", p.secret)
		if err != nil {
			return err
		}
		call.Requests = append(call.Requests, secret)
	}
	return nil
}

// putContext adds PutParameter's condition keys. (AWS Systems Manager User
// Guide, "Preventing access to Parameter Store API operations".)
func putContext(req *manifest.Request, members tree) error {
	overwrite, err := truth(members, "Overwrite")
	if err != nil {
		return err
	}
	policies, err := text(members, "Policies")
	with(req, "ssm:Overwrite", overwrite)
	with(req, "ssm:Policies", fmt.Sprint(policies != ""))
	return err
}

// parameterPath reads GetParametersByPath, which is authorized once, on the
// path itself, and then answers with all below it: a grant of a path grants
// what is there. (AWS Systems Manager API Reference, GetParametersByPath.)
func (in *input) parameterPath(call *proxy.Call, members tree) error {
	path, err := text(members, "Path")
	if err != nil {
		return err
	}
	p, err := in.parameter(path, false)
	switch {
	case path == "/":
		p.resource, err = in.arn("ssm", "parameter/")
	case err == nil && p.secret != "":
		err = fmt.Errorf("%.120q is no path: a reference to a secret is got by its name", path)
	}
	if err != nil {
		return err
	}
	recursive, err := truth(members, "Recursive")
	call.Requests = append(call.Requests, request("ssm:GetParametersByPath", p.resource, "ssm:Recursive", recursive))
	return err
}

// A parameter is what the name of one says.
type parameter struct {
	resource string
	secret   string // the name of the secret that it refers to; empty if it is none
}

// secretReference is where Parameter Store shows secrets, and public where it
// shows what AWS publishes.
const (
	secretReference = "/aws/reference/secretsmanager/"
	publicParameter = "/aws/service/"
)

// parameter reads the name of a parameter, or its ARN, which may be another
// account's that shares it. Its leading slash is no part of the ARN. Where it
// may be selected, ":3" or ":label" behind it say which version, which IAM
// does not know of. Those that AWS publishes are in no account. (AWS Systems
// Manager API Reference, GetParameter, "Name"; User Guide, "Working with
// shared parameters", "Working with public parameters".)
func (in *input) parameter(s string, selected bool) (parameter, error) {
	var p parameter
	owner, name := "", s
	if strings.HasPrefix(s, "arn:") {
		var ok bool
		account, resource, err := in.here("ssm", s)
		if err != nil {
			return p, err
		}
		if name, ok = strings.CutPrefix(resource, "parameter/"); !ok {
			return p, fmt.Errorf("%.120q is no ARN of a parameter", s)
		}
		owner, name = account, "/"+name
	}
	selector := ""
	if selected {
		name, selector, _ = strings.Cut(name, ":")
	}
	// Whether a name without its slash refers is not written down; the secret
	// is asked for in any case.
	reference, refers := cutFold("/"+strings.TrimPrefix(name, "/"), secretReference)
	switch {
	case refers:
		// A secret's name has characters that a parameter's has not, and its
		// selector is a version or a stage.
		if err := secretName(reference); err != nil || reference == "" || !selected || owner != "" && owner != in.account {
			return p, errors.Join(fmt.Errorf("%.120q is no reference to a secret", s), err)
		}
		p.secret = reference
	case !isName(name, "/_.-"):
		return p, fmt.Errorf("%.120q is no name of a parameter", s)
	}
	if selector != "" && !isName(selector, "_.-") {
		return p, fmt.Errorf("%.120q selects no version of a parameter", s)
	}
	resource := "parameter/" + strings.TrimPrefix(name, "/")
	var err error
	switch {
	case owner != "":
		p.resource = "arn:" + in.partition + ":ssm:" + in.region + ":" + owner + ":" + resource
	case strings.HasPrefix(name, publicParameter), strings.HasPrefix(s, "arn:"):
		p.resource = "arn:" + in.partition + ":ssm:" + in.region + "::" + resource
	default:
		p.resource, err = in.arn("ssm", resource)
	}
	return p, err
}

// cutFold cuts prefix off s in any case: Parameter Store's reserved names are
// reserved in all of them.
func cutFold(s, prefix string) (rest string, found bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

// ssmTags adds what a request says of tags. To tag what it makes, the caller
// has to be allowed to tag it besides. (AWS Systems Manager API Reference,
// AddTagsToResource.)
func ssmTags(call *proxy.Call, op string, members tree) error {
	tags, err := tagList(members.get("Tags"), "Key", "Value")
	if err != nil {
		return err
	}
	keys, err := tagKeys(members.get("TagKeys"))
	if err != nil {
		return err
	}
	var tagging []manifest.Request
	for i := range call.Requests {
		req := &call.Requests[i]
		if req.Action != "ssm:"+op {
			continue
		}
		withTags(req, tags)
		withTagKeys(req, keys)
		if len(tags) > 0 && op != "AddTagsToResource" {
			also := request("ssm:AddTagsToResource", req.Resource)
			also.Partly = req.Partly || req.Resource == "*" // what is made has no name yet
			withTags(&also, tags)
			tagging = append(tagging, also)
		}
	}
	call.Requests = append(call.Requests, tagging...)
	return nil
}
