package main

import (
	"strings"
)

// prefixes are the IAM prefixes of services that sign with another name.
// (Service Authorization Reference, the page of each.)
var prefixes = map[string]string{ // by signing name
	"monitoring":                      "cloudwatch",
	"iotdata":                         "iot",
	"iot-jobs-data":                   "iotjobsdata",
	"ioteventsdata":                   "iotevents",
	"IoTSecuredTunneling":             "iot",
	"tagging":                         "tag",
	"cloudcontrolapi":                 "cloudformation",
	"mturk-requester":                 "mechanicalturk",
	"partnercentral-account":          "partnercentral",
	"partnercentral-benefits":         "partnercentral",
	"partnercentral-channel":          "partnercentral",
	"partnercentral-selling":          "partnercentral",
	"applicationcostprofiler":         "application-cost-profiler",
	"AWSMarketplaceCommerceAnalytics": "marketplacecommerceanalytics",
}

// prefixOf returns a service's IAM prefix.
func prefixOf(s *service) string {
	if p, ok := prefixes[s.DefaultSigning]; ok {
		return p
	}
	if s.DefaultSigning == "" {
		return s.EndpointPrefix
	}
	return s.DefaultSigning
}

// actionsOf returns what an operation asks for, each "prefix:Action", and
// whether the reference or the exceptions know it.
func actionsOf(ref reference, s *service, op *operation) (actions []string, known bool) {
	prefix := prefixOf(s)
	if list, ok := exceptions[key(s.ID)+"/"+op.Name]; ok {
		for _, a := range strings.Fields(list) {
			if !strings.Contains(a, ":") {
				a = prefix + ":" + a
			}
			actions = append(actions, a)
		}
		return actions, true
	}
	switch s.ID {
	case "API Gateway", "ApiGatewayV2":
		// Its actions are HTTP's methods, on the path. (Amazon API Gateway
		// Developer Guide, "Actions, resources, and condition keys".)
		return []string{"apigateway:" + op.Method}, true
	}
	a, _, ok := ref.find(prefix + ":" + op.Name)
	if !ok {
		return []string{prefix + ":" + op.Name}, false
	}
	return []string{prefix + ":" + a.Name}, true
}

// key is a service's id as the tables write it.
func key(id string) string { return strings.ReplaceAll(strings.ToLower(id), " ", "-") }
