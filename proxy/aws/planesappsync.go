package aws

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
)

// readAppSync reads a call to an API of AppSync's. Its host has an id of its own,
// which is not the API's. (AWS AppSync Developer Guide, "Configuring
// authorization and authentication", "AWS_IAM authorization"; AWS AppSync Event
// API Developer Guide, "Publish via HTTP".)
func readAppSync(in *input, call *proxy.Call) error {
	api, err := in.behind("appsync", "", "")
	if err != nil {
		return err
	}
	if in.r.Method != http.MethodPost || len(in.unsignedQuery()) > 0 {
		return fmt.Errorf("a call to AppSync is a POST without a query, not a %.20q of %.120q", in.r.Method, in.shown())
	}
	switch in.path {
	case "/graphql":
		return in.graphql(call, api)
	case "/event":
		return in.publish(call, api)
	}
	return fmt.Errorf("path %.80q of AppSync is neither /graphql nor /event", in.path)
}

// graphql reads a GraphQL request: it asks for each of its top-level fields.
func (in *input) graphql(call *proxy.Call, api string) error {
	members, err := in.restBody()
	if err != nil {
		return err
	}
	for name := range members.names() {
		switch name {
		case "query", "operationName", "variables", "extensions":
		default:
			return fmt.Errorf("member %.60q is none of a GraphQL request", name)
		}
	}
	text, err := textOf(members, "query")
	if err != nil {
		return err
	}
	d, err := parseGraphQL(text)
	if err != nil {
		return err
	}
	var all []manifest.Request
	for _, f := range d.fields {
		all = append(all, request("appsync:GraphQL", api+"/types/"+f.root+"/fields/"+f.name))
	}
	if d.deep && in.bounded() {
		// What type a field is of, and which of that are asked for, the schema
		// says: below the top the session policy has what the grants have.
		all = append(all, unknown("appsync:GraphQL"))
	}
	in.asked(call, "appsync", "GraphQL", all...)
	return nil
}

// publish reads a call that publishes events to a channel.
func (in *input) publish(call *proxy.Call, api string) error {
	members, err := in.restBody()
	if err != nil {
		return err
	}
	channel, err := textOf(members, "channel")
	if err != nil {
		return err
	}
	namespace, _, _ := strings.Cut(strings.TrimPrefix(channel, "/"), "/")
	if !isName(namespace, "-") {
		return fmt.Errorf("channel %.80q is in no namespace", channel)
	}
	in.asked(call, "appsync", "EventPublish", request("appsync:EventPublish", api+"/channelNamespace/"+namespace))
	return nil
}
