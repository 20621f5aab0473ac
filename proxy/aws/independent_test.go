package aws

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/lambda-remit/remit/proxy"
)

// independently compares a call to SQS, Systems Manager, KMS or Lambda that was
// read with what net/url and encoding/json understand of the same bytes. It is
// what FuzzRead holds those readers to.
func independently(t *testing.T, r *http.Request, call *proxy.Call, body []byte) {
	t.Helper()
	for _, req := range call.Requests {
		service, action, _ := strings.Cut(req.Action, ":")
		if service == "" || action == "" {
			t.Fatalf("%q is no action", req.Action)
		}
		resource := req.Resource
		if resource == "*" {
			continue
		}
		part := strings.SplitN(resource, ":", 6)
		if len(part) != 6 || part[0] != "arn" || part[1] != partitionOf(call.Region).name {
			t.Fatalf("%q is no ARN of the call's partition", resource)
		}
		// What is authorized is where the call goes: no other region's.
		if part[2] == call.Service && part[3] != call.Region && req.Action != "kms:UpdatePrimaryRegion" {
			t.Fatalf("%q is not in %q, where the call goes", resource, call.Region)
		}
		if req.Partly {
			resource = strings.TrimRight(resource, "?")
		}
		if (strings.ContainsAny(resource, "*?") || strings.Contains(resource, "${")) && !slices.Contains([]string{"s3", "execute-api", "es"}, service) {
			t.Fatalf("%q has a character that patterns have", resource)
		}
	}
	if !strings.Contains(call.Upstream.Host, "."+call.Region+".") {
		t.Fatalf("goes to %s, which is not in %q", call.Upstream.Host, call.Region)
	}
	first := call.Requests[0]
	var members map[string]any
	if json.Unmarshal(body, &members) != nil && call.Particulars.(*particulars).protocol != protocolQuery && !slices.Contains([]string{"lambda", "execute-api", "es", "aoss"}, call.Service) {
		t.Fatal("read JSON that encoding/json does not")
	}
	said := func(name string) string { s, _ := members[name].(string); return s }
	switch call.Service {
	case "sqs":
		queue := said("QueueUrl")
		if call.Particulars.(*particulars).protocol == protocolQuery {
			text := string(body)
			if r.Method == http.MethodGet {
				_, text, _ = strings.Cut(r.RequestURI, "?")
			}
			form, err := url.ParseQuery(text)
			if err != nil {
				t.Fatalf("read a form that net/url does not: %v", err)
			}
			if got := form["Action"]; len(got) != 1 || got[0] != call.Operation {
				t.Fatalf("read %s, net/url reads %q", call.Operation, got)
			}
			queue = form.Get("QueueUrl")
		}
		if sqsOperations[call.Operation].by != byQueueURL || queue == "" {
			break
		}
		u, err := url.Parse(queue)
		if err != nil {
			t.Fatalf("read a URL that net/url does not: %v", err)
		}
		part := strings.Split(first.Resource, ":")
		if u.Path != "/"+part[4]+"/"+part[5] && u.Path != part[5] {
			t.Fatalf("read queue %s, net/url reads path %q", first.Resource, u.Path)
		}
		if labels := strings.Split(strings.ToLower(u.Hostname()), "."); Claims(u.Hostname()) && !slices.Contains(labels, part[3]) && labels[0] != "queue" {
			t.Fatalf("read queue %s, net/url reads host %q", first.Resource, u.Host)
		}
	case "ssm":
		if name := said("Name"); call.Operation == "GetParameter" && !strings.HasPrefix(name, "arn:") {
			name, _, _ = strings.Cut(name, ":")
			if !strings.HasSuffix(first.Resource, ":parameter/"+strings.TrimPrefix(name, "/")) {
				t.Fatalf("read parameter %s, encoding/json reads %q", first.Resource, name)
			}
			if strings.Contains(strings.ToLower(name), "aws/reference/secretsmanager/") != (len(call.Requests) > 1) && strings.Index(strings.ToLower(name), "aws/") <= 1 {
				t.Fatalf("read %d requests of %q", len(call.Requests), name)
			}
		}
	case "kms":
		id := said("KeyId")
		_, alias, found := strings.Cut(id, "alias/")
		switch {
		case !kmsOperations[call.Operation].key || id == "" || call.Operation == "RetireGrant":
		case found:
			if got := first.Context["kms:requestalias"]; len(got) != 1 || got[0] != "alias/"+alias {
				t.Fatalf("read alias %q, encoding/json reads %q", got, id)
			}
		case first.Resource != id && !strings.HasSuffix(first.Resource, ":key/"+id):
			t.Fatalf("read key %s, encoding/json reads %q", first.Resource, id)
		}
	case "lambda":
		path, query, _ := strings.Cut(r.RequestURI, "?")
		if !strings.HasPrefix(call.Operation, "Invoke") || call.Operation == "InvokeFunctionUrl" {
			break
		}
		segments := strings.Split(path, "/")
		name, err := url.PathUnescape(segments[3])
		if err != nil {
			t.Fatalf("read a path that net/url does not: %v", err)
		}
		form, err := url.ParseQuery(query)
		if err != nil {
			t.Fatalf("read a query that net/url does not: %v", err)
		}
		if i := strings.LastIndex(name, ":function:"); i >= 0 {
			name = name[i+len(":function:"):]
		}
		if q := form.Get("Qualifier"); q != "" && !strings.Contains(name, ":") {
			name += ":" + q
		}
		if !strings.HasSuffix(first.Resource, ":function:"+name) {
			t.Fatalf("read function %s, net/url reads %q", first.Resource, name)
		}
	}
}
