package aws

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
)

// lambdaActions are the actions that are not named as their operations are.
// (AWS Lambda API Reference, Invoke and GetLayerVersionByArn: "This operation
// requires permission for …".) InvokeAsync, which is deprecated, has an action
// of its own in the Service Authorization Reference and Invoke's in the
// operation's own page: it needs both.
var lambdaActions = map[string][]string{
	"GetLayerVersionByArn":     {"lambda:GetLayerVersion"},
	"Invoke":                   {"lambda:InvokeFunction"},
	"InvokeAsync":              {"lambda:InvokeFunction", "lambda:InvokeAsync"},
	"InvokeWithResponseStream": {"lambda:InvokeFunction"},
}

// readLambda reads a call to AWS Lambda, which speaks rest-json.
func readLambda(in *input, call *proxy.Call) error {
	route, labels, err := in.lambdaRoute()
	if err != nil {
		return err
	}
	call.Operation = route.operation
	members, err := in.lambdaBody(route, labels)
	if err != nil {
		return err
	}
	resource, err := in.lambdaResource(route, labels, members)
	if err != nil {
		return err
	}
	actions := lambdaActions[route.operation]
	if actions == nil {
		actions = []string{"lambda:" + route.operation}
	}
	for _, action := range actions {
		req := request(action, resource)
		req.Partly = route.by == byCallback
		call.Requests = append(call.Requests, req)
	}
	return in.lambdaContext(call, route, members)
}

// lambdaRoute finds the one operation whose method and path are the call's. A
// segment is decoded once, and only where it is a label; a last slash, which
// older SDKs write, is no segment.
func (in *input) lambdaRoute() (lambdaRoute, map[string]string, error) {
	// Who goes by one of these reads the operation there, and not in the path.
	for _, name := range []string{"X-Amz-Target", "Smithy-Protocol"} {
		if len(in.r.Header.Values(name)) > 0 {
			return lambdaRoute{}, nil, fmt.Errorf("header %q of a call by its path", name)
		}
	}
	path := in.path
	if len(path) > 1 {
		path = strings.TrimSuffix(path, "/")
	}
	segments := strings.Split(path, "/")
	var found lambdaRoute
	var labels map[string]string
	for _, route := range lambdaRoutes {
		template, query, _ := strings.Cut(route.path, "?")
		if route.method != in.r.Method || !in.hasQuery(query) {
			continue
		}
		got, ok := matchPath(strings.Split(template, "/"), segments)
		// A query that has to be there tells two operations apart.
		if ok && (found.operation == "" || query != "") {
			found, labels = route, got
		}
	}
	if found.operation == "" {
		return found, nil, fmt.Errorf("no operation of Lambda is %.20q of %.120q", in.r.Method, in.shown())
	}
	return found, labels, in.lambdaQuery(found)
}

// besideLambda reports whether a call that is signed as Lambda's are is to a
// service that Lambda's hosts have besides: its network connectors, its MicroVMs
// and its web functions, whose paths begin with dates of their own. (The AWS SDK
// for Rust's crates of each.)
func (in *input) besideLambda() bool {
	for _, date := range []string{"/2026-04-04/", "/2025-09-09/", "/2025-03-07/"} {
		if strings.HasPrefix(in.path, date) {
			return true
		}
	}
	return false
}

func matchPath(template, segments []string) (map[string]string, bool) {
	if len(template) != len(segments) {
		return nil, false
	}
	labels := make(map[string]string)
	for i, t := range template {
		if name, ok := strings.CutPrefix(t, "{"); ok {
			value, err := url.PathUnescape(segments[i])
			if err != nil || value == "" {
				return nil, false
			}
			labels[strings.TrimSuffix(name, "}")] = value
		} else if t != segments[i] {
			return nil, false
		}
	}
	return labels, true
}

func (in *input) hasQuery(literal string) bool {
	if literal == "" {
		return true
	}
	name, value, _ := strings.Cut(literal, "=")
	got, ok := in.param(name)
	return ok && got == value
}

// lambdaQuery refuses what could be read in two ways of the parameters that
// say what a call is about: one that stands twice or in another case, or that
// belongs to another operation.
func (in *input) lambdaQuery(route lambdaRoute) error {
	_, query, _ := strings.Cut(route.path, "?")
	literal, _, _ := strings.Cut(query, "=")
	seen := make(map[string]bool)
	for _, p := range in.query {
		for _, name := range []string{"Qualifier", "Arn", "find", "List", "FunctionName"} {
			if !strings.EqualFold(p.name, name) {
				continue
			}
			fits := name == "FunctionName" && route.operation == "ListEventSourceMappings" ||
				name == "Qualifier" && route.by == byQualified ||
				name == "Arn" && route.by == byLayerARN || name == literal
			if p.name != name || seen[name] || !fits {
				return fmt.Errorf("parameter %.40q of %s stands twice, or where it means nothing", p.name, route.operation)
			}
			seen[name] = true
		}
	}
	return nil
}

// lambdaBody reads the body of an operation that has members there. A payload
// is the caller's, and no business of ours. A member that belongs into the
// path has no place in the body: who reads it there reads another call.
func (in *input) lambdaBody(route lambdaRoute, labels map[string]string) (tree, error) {
	switch {
	case route.method == http.MethodGet || route.method == http.MethodDelete:
		if body, err := in.body(); err != nil || len(body) > 0 {
			return tree{}, errors.Join(fmt.Errorf("a %s with a body", route.method), err)
		}
		return tree{}, nil
	case strings.HasPrefix(route.operation, "Invoke"), strings.HasPrefix(route.operation, "SendDurableExecutionCallback"):
		return tree{}, nil
	}
	body, err := in.body()
	if err != nil || len(body) == 0 {
		return tree{}, err
	}
	members, err := in.readJSON(body)
	if err != nil {
		return tree{}, err
	}
	for name := range members.names() {
		for label := range labels {
			if strings.EqualFold(name, label) {
				return tree{}, fmt.Errorf("member %q stands in the body, and the path says it", label)
			}
		}
		if route.by == byQualified && strings.EqualFold(name, "Qualifier") {
			return tree{}, errors.New("member \"Qualifier\" stands in the body, and belongs into the query")
		}
	}
	return members, nil
}

// lambdaResource returns the ARN of what a call is about.
func (in *input) lambdaResource(route lambdaRoute, labels map[string]string, members tree) (string, error) {
	switch route.by {
	case byFunction, byQualified:
		qualifier, _ := in.param("Qualifier")
		return in.function(labels["FunctionName"], qualifier, route.by == byQualified)
	case byNewFunction, byNewCapacityProvider:
		name := "FunctionName"
		if route.by == byNewCapacityProvider {
			name = "CapacityProviderName"
		}
		value, err := member(members, name)
		if err != nil {
			return "", err
		}
		if route.by == byNewFunction {
			return in.function(value, "", false)
		}
		return in.lambdaName("capacity-provider:", value)
	case byLayer:
		return in.lambdaName("layer:", labels["LayerName"])
	case byLayerVersion:
		layer, err := in.lambdaName("layer:", labels["LayerName"])
		if err == nil && !isName(labels["VersionNumber"], "") {
			err = fmt.Errorf("%.40q is no version of a layer", labels["VersionNumber"])
		}
		return layer + ":" + labels["VersionNumber"], err
	case byLayerARN:
		arn, _ := in.param("Arn")
		_, _, err := in.here("lambda", arn)
		return arn, err
	case byMapping:
		return in.lambdaName("event-source-mapping:", labels["UUID"])
	case byCapacityProvider:
		return in.lambdaName("capacity-provider:", labels["CapacityProviderName"])
	case byARN:
		for _, arn := range labels { // it is the only one
			if !strings.HasPrefix(arn, "arn:") {
				return in.function(arn, "", false)
			}
			_, _, err := in.here("lambda", arn)
			return arn, err
		}
	}
	return "*", nil
}

// lambdaContext adds the condition keys that stand in the call, and what it
// asks for besides.
func (in *input) lambdaContext(call *proxy.Call, route lambdaRoute, members tree) error {
	req := &call.Requests[0]
	var more []manifest.Request
	var err error
	switch route.operation {
	case "AddPermission":
		err = errors.Join(lambdaStated(req, members, "Principal", "lambda:Principal"), lambdaStated(req, members, "FunctionUrlAuthType", "lambda:FunctionUrlAuthType"))
	case "CreateFunctionUrlConfig", "UpdateFunctionUrlConfig", "GetFunctionUrlConfig", "DeleteFunctionUrlConfig":
		with(req, "lambda:FunctionArn", req.Resource)
		err = lambdaStated(req, members, "AuthType", "lambda:FunctionUrlAuthType")
	case "CreateEventSourceMapping", "UpdateEventSourceMapping":
		err = in.mappedFunction(req, members)
	case "PutFunctionCodeSigningConfig":
		var arn string
		if arn, err = member(members, "CodeSigningConfigArn"); err == nil {
			_, _, err = in.here("lambda", arn)
			with(req, "lambda:CodeSigningConfigArn", arn)
			more = append(more, request(req.Action, arn, "lambda:CodeSigningConfigArn", arn))
		}
	case "CreateFunction", "UpdateFunctionConfiguration", "UpdateFunctionCode", "PublishLayerVersion", "CreateCapacityProvider":
		more, err = in.deployment(req, members)
	case "UntagResource":
		for _, p := range in.query {
			if p.name == "tagKeys" {
				with(req, "aws:TagKeys", p.value)
			}
		}
	}
	if err != nil {
		return err
	}
	tags, err := tagMap(members.get("Tags"))
	if err != nil {
		return err
	}
	withTags(req, tags)
	if len(tags) > 0 && route.operation != "TagResource" {
		tagging := request("lambda:TagResource", req.Resource)
		tagging.Partly = req.Resource == "*" // what is made has no name yet
		withTags(&tagging, tags)
		more = append(more, tagging)
	}
	call.Requests = append(call.Requests, more...)
	return nil
}
