package aws

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
)

// Amazon SNS speaks the query protocol, version 2010-03-31. Every action's
// only resource type is the topic; what is not about one topic (platform
// applications and their endpoints, phone numbers, the account's settings) is
// authorized on "*". (Service Authorization Reference, "Amazon SNS".)
var snsTopic = map[string]string{ // operation -> the parameter with the topic's ARN; "" for none
	"AddPermission":                      "TopicArn",
	"CheckIfPhoneNumberIsOptedOut":       "",
	"ConfirmSubscription":                "TopicArn",
	"CreatePlatformApplication":          "",
	"CreatePlatformEndpoint":             "",
	"CreateSMSSandboxPhoneNumber":        "",
	"CreateTopic":                        "Name",
	"DeleteEndpoint":                     "",
	"DeletePlatformApplication":          "",
	"DeleteSMSSandboxPhoneNumber":        "",
	"DeleteTopic":                        "TopicArn",
	"GetDataProtectionPolicy":            "ResourceArn",
	"GetEndpointAttributes":              "",
	"GetPlatformApplicationAttributes":   "",
	"GetSMSAttributes":                   "",
	"GetSMSSandboxAccountStatus":         "",
	"GetSubscriptionAttributes":          "SubscriptionArn",
	"GetTopicAttributes":                 "TopicArn",
	"ListEndpointsByPlatformApplication": "",
	"ListOriginationNumbers":             "",
	"ListPhoneNumbersOptedOut":           "",
	"ListPlatformApplications":           "",
	"ListSMSSandboxPhoneNumbers":         "",
	"ListSubscriptions":                  "",
	"ListSubscriptionsByTopic":           "TopicArn",
	"ListTagsForResource":                "ResourceArn",
	"ListTopics":                         "",
	"OptInPhoneNumber":                   "",
	"Publish":                            "TopicArn",
	"PublishBatch":                       "TopicArn",
	"PutDataProtectionPolicy":            "ResourceArn",
	"RemovePermission":                   "TopicArn",
	"SetEndpointAttributes":              "",
	"SetPlatformApplicationAttributes":   "",
	"SetSMSAttributes":                   "",
	"SetSubscriptionAttributes":          "SubscriptionArn",
	"SetTopicAttributes":                 "TopicArn",
	"Subscribe":                          "TopicArn",
	"TagResource":                        "ResourceArn",
	"Unsubscribe":                        "SubscriptionArn",
	"UntagResource":                      "ResourceArn",
	"VerifySMSSandboxPhoneNumber":        "",
}

// readSNS reads a call to Amazon SNS.
func readSNS(in *input, call *proxy.Call) error {
	op, params, err := in.form(snsVersion(in))
	if err != nil {
		return err
	}
	param, ok := snsTopic[op]
	if !ok {
		return fmt.Errorf("operation %.60q of SNS is not known", op)
	}
	call.Operation = op
	resource, err := snsResource(in, op, param, params)
	if err != nil {
		return err
	}
	action := "sns:" + op
	if op == "PublishBatch" {
		action = "sns:Publish" // one action for both (Amazon SNS Developer Guide, "message batching")
	}
	req := request(action, resource)
	if op == "Subscribe" {
		req = request(action, resource, "sns:Protocol", params["Protocol"], "sns:Endpoint", params["Endpoint"])
	}
	call.Requests = []manifest.Request{req}
	return snsBesides(call, op, params)
}

// snsBesides adds what a call asks for besides: the tags and the policy that a
// topic is made with, and the roles that SNS is to act as. (Service Authorization
// Reference, "Amazon SNS", "API operations"; Amazon SNS API Reference, CreateTopic,
// SetTopicAttributes, Subscribe: "Attributes".)
func snsBesides(call *proxy.Call, op string, params map[string]string) error {
	first := &call.Requests[0]
	var tags []tag
	for name, value := range params {
		entry, ok := strings.CutSuffix(name, ".Key")
		if ok && strings.HasPrefix(name, "Tags.member.") {
			tags = append(tags, tag{value, params[entry+".Value"]})
		}
	}
	slices.SortFunc(tags, func(a, b tag) int { return strings.Compare(a.key, b.key) })
	if op == "CreateTopic" || op == "TagResource" {
		withTags(first, tags)
	}
	if op == "CreateTopic" && len(tags) > 0 {
		tagging := request("sns:TagResource", first.Resource)
		withTags(&tagging, tags)
		call.Requests = append(call.Requests, tagging)
	}
	if op == "CreateTopic" && params["DataProtectionPolicy"] != "" {
		call.Requests = append(call.Requests, request("sns:PutDataProtectionPolicy", first.Resource))
	}
	attributes := map[string]string{params["AttributeName"]: params["AttributeValue"]}
	for name, value := range params {
		if entry, ok := strings.CutSuffix(name, ".key"); ok && strings.HasPrefix(name, "Attributes.entry.") {
			attributes[value] = params[entry+".value"]
		}
	}
	var roles []string
	for name, value := range attributes {
		if strings.HasSuffix(name, "RoleArn") && value != "" && !slices.Contains(roles, value) {
			roles = append(roles, value)
		}
	}
	slices.Sort(roles)
	for _, role := range roles {
		if !strings.HasPrefix(role, "arn:") || !strings.Contains(role, ":iam:") {
			return fmt.Errorf("%.160q is no role", role)
		}
		if err := literal(role); err != nil {
			return err
		}
		call.Requests = append(call.Requests, request("iam:PassRole", role, "iam:PassedToService", "sns.amazonaws.com"))
	}
	return nil
}

func snsResource(in *input, op, param string, params map[string]string) (string, error) {
	switch {
	case param == "":
		return "*", nil
	case op == "CreateTopic":
		name := params["Name"]
		if name == "" || strings.ContainsFunc(name, func(c rune) bool {
			return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.')
		}) {
			return "", fmt.Errorf("%.80q is no name of a topic", name)
		}
		return in.arn("sns", name)
	case op == "Publish":
		// One of three destinations: with two, SNS and we might choose
		// differently. A phone number is no resource that IAM knows.
		topic, endpoint, phone := params["TopicArn"], params["TargetArn"], params["PhoneNumber"]
		switch {
		case topic != "" && endpoint == "" && phone == "":
			return in.checkARN("sns", topic)
		case topic == "" && endpoint != "" && phone == "":
			return in.checkARN("sns", endpoint)
		case topic == "" && endpoint == "" && phone != "":
			return "*", nil
		}
		return "", fmt.Errorf("a message goes to one of TopicArn, TargetArn and PhoneNumber")
	case param == "SubscriptionArn":
		// arn:aws:sns:eu-west-1:123456789012:topic:8a21d249-… belongs to the
		// topic that it begins with.
		arn, err := in.checkARN("sns", params[param])
		if err != nil {
			return "", err
		}
		parts := strings.Split(arn, ":")
		if len(parts) != 7 {
			return "", fmt.Errorf("%.120q is no ARN of a subscription", arn)
		}
		return strings.Join(parts[:6], ":"), nil
	}
	return in.checkARN("sns", params[param])
}

// snsVersion is the version that a call has to name: none in the links that SNS
// sends to who is to be subscribed, which nobody signs. (Amazon SNS Developer
// Guide, "HTTP/HTTPS subscription confirmation JSON format", SubscribeURL and
// UnsubscribeURL.)
func snsVersion(in *input) string {
	const version = "2010-03-31"
	link := false
	for _, p := range in.unsignedQuery() {
		if fold(p.name) == fold("Version") {
			return version
		}
		link = link || p.name == "Action" && (p.value == "ConfirmSubscription" || p.value == "Unsubscribe")
	}
	if link && in.r.Method == http.MethodGet {
		return ""
	}
	return version
}
