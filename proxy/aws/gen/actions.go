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

// actionsOf returns what an operation asks for, each "prefix:Action", behind a
// plus where it is asked for only if its resource is named, and whether the
// reference or the exceptions know it.
func actionsOf(ref reference, s *service, op *operation) (actions []string, known bool) {
	prefix := prefixOf(s)
	if list, ok := exceptions[key(s.ID)+"/"+op.Name]; ok {
		for _, a := range strings.Fields(list) {
			a, where := strings.CutPrefix(a, "+")
			if !strings.Contains(a, ":") {
				a = prefix + ":" + a
			}
			if where {
				a = "+" + a
			}
			actions = append(actions, a)
		}
		return actions, true
	}
	a, _, ok := ref.find(prefix + ":" + op.Name)
	switch {
	case ok:
		return []string{prefix + ":" + a.Name}, true
	case s.ID == "API Gateway", s.ID == "ApiGatewayV2":
		// The actions of what is not newer than they are HTTP's methods, on the
		// path. (Service Authorization Reference, "Amazon API Gateway Management"
		// and "Amazon API Gateway Management V2", "API operations".)
		return []string{"apigateway:" + op.Method}, true
	}
	return []string{prefix + ":" + op.Name}, false
}

// key is a service's id as the tables write it.
func key(id string) string { return strings.ReplaceAll(strings.ToLower(id), " ", "-") }
