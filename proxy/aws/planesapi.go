package aws

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
)

// readInvoke reads a call to an API of API Gateway. (Amazon API Gateway Developer
// Guide, "Control access for invoking an API", "Use IAM policies to control
// access to WebSocket APIs" and "Invoke a private API".)
func readInvoke(in *input, call *proxy.Call) error {
	id, err := in.apiID()
	if err != nil {
		return err
	}
	method, err := in.method()
	if err != nil {
		return err
	}
	api, err := in.behind("execute-api", id, id)
	if err != nil {
		return err
	}
	if isWebSocket(in.r.Header) {
		return in.connects(call, api)
	}
	if stage, connection, ok := connection(in.path); ok {
		operation := map[string]string{"GET": "GetConnection", "POST": "PostToConnection", "DELETE": "DeleteConnection"}[method]
		if operation == "" {
			return fmt.Errorf("%.20s of a connection is nothing that an API does", method)
		}
		in.asked(call, "execute-api", operation, request("execute-api:ManageConnections", api+"/"+stage+"/"+method+"/@connections/"+connection))
		return nil
	}
	paths, err := in.paths()
	if err != nil {
		return err
	}
	var all []manifest.Request
	for _, path := range paths {
		// An HTTP API may have a default stage, which no URL names: where one
		// begins with what could be a stage's name, it is that or the default's.
		could := []string{api + "/$default/" + method + path}
		if stage, rest, _ := strings.Cut(path[1:], "/"); isStage(stage) {
			could = slices.Insert(could, 0, api+"/"+stage+"/"+method+"/"+rest)
		}
		if in.manifest != nil && !in.unbound {
			could = in.manifest.Either("execute-api:Invoke", could...)
		}
		for _, r := range could {
			all = append(all, request("execute-api:Invoke", r))
		}
	}
	in.asked(call, "execute-api", "Invoke", all...)
	return nil
}

// apiID returns the id of the API that the call is to: the host has it, or, where
// that is a VPC endpoint's own, a header.
func (in *input) apiID() (string, error) {
	for name := range in.r.Header {
		if strings.Contains(name, "_") && strings.EqualFold(strings.ReplaceAll(name, "_", "-"), "x-apigw-api-id") {
			return "", fmt.Errorf("header %.40q names an API to some servers; write it with hyphens", name)
		}
	}
	id, _, _ := strings.Cut(in.place.resource, "-vpce-")
	stated, err := in.header("X-Apigw-Api-Id")
	switch {
	case err != nil:
		return "", err
	case id == "":
		id = stated
	case stated != "" && stated != id:
		return "", fmt.Errorf("the call is to API %q and to %.40q", id, stated)
	}
	if !isName(id, "") || len(id) > 64 || strings.ToLower(id) != id {
		return "", fmt.Errorf("%.80q is no id of an API", id)
	}
	return id, nil
}

// isStage reports whether s can be the name of a stage that a URL begins with.
// (Amazon API Gateway REST API Reference, CreateStage.)
func isStage(s string) bool { return isName(s, "_-") && len(s) <= 128 }

// connection takes the path apart of a call about a connection of a WebSocket
// API. Its id ends in what some clients encode and some do not; a path that is
// more than stage and id is no such call.
func connection(path string) (stage, id string, ok bool) {
	part := strings.Split(path, "/")
	if len(part) != 4 || !isStage(part[1]) || part[2] != "@connections" {
		return "", "", false
	}
	id = strings.ReplaceAll(strings.ReplaceAll(part[3], "%3D", "="), "%3d", "=")
	return part[1], id, isName(id, "=_-")
}

// readFunctionURL reads a call to a function by its URL, which takes the right to
// invoke the function besides. (AWS Lambda Developer Guide, "Control access to
// Lambda function URLs".)
func readFunctionURL(in *input, call *proxy.Call) error {
	if _, err := in.method(); err != nil {
		return err
	}
	function, err := in.behind("lambda", "", "")
	if err != nil {
		return err
	}
	in.asked(call, "lambda", "InvokeFunctionUrl",
		request("lambda:InvokeFunctionUrl", function, "lambda:FunctionUrlAuthType", "AWS_IAM"),
		request("lambda:InvokeFunction", function, "lambda:InvokedViaFunctionUrl", "true"))
	return nil
}
