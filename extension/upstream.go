package extension

import (
	"net/url"
	"strings"

	"github.com/lambda-remit/remit/manifest"
)

// endpointServices are the services that SDKs have an endpoint variable for,
// by the end of its name. (AWS SDKs and Tools Reference Guide,
// "Service-specific endpoints".)
var endpointServices = map[string]string{
	"S3":              "s3",
	"SNS":             "sns",
	"SECRETS_MANAGER": "secretsmanager",
	"STS":             "sts",
}

// endpoints makes upstreams of the VPC endpoints that the function's
// configuration names in AWS_ENDPOINT_URL_SERVICE: in a VPC without a way to
// the internet they may be the only one. Every other address in those
// variables is dropped, and the wrapper says so: where calls go is the
// manifest's to say, and what it says wins.
func endpoints(m *manifest.Manifest, getenv func(string) string, region string) (notes []string) {
	for name, service := range endpointServices {
		variable := "AWS_ENDPOINT_URL_" + name
		value := getenv(variable)
		if value == "" || m.Upstreams[service] != nil {
			continue
		}
		if u := vpcEndpoint(value, service, region); u != nil {
			if m.Upstreams == nil {
				m.Upstreams = make(map[string]*url.URL)
			}
			m.Upstreams[service] = u
			notes = append(notes, "calls to "+service+" go to the VPC endpoint that "+variable+" names")
		}
	}
	return notes
}

// vpcEndpoint returns value as an upstream if it is an interface endpoint of
// service in region. Its name has the service's own in it: an endpoint service
// of a customer's has "vpce-svc-" in that place. (AWS PrivateLink Guide,
// "Access an AWS service using an interface VPC endpoint".)
func vpcEndpoint(value, service, region string) *url.URL {
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "https" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return nil
	}
	host := strings.ToLower(u.Host)
	id, ok := strings.CutSuffix(host, "."+service+"."+region+".vpce.amazonaws.com")
	if !ok {
		if id, ok = strings.CutSuffix(host, "."+service+"."+region+".vpce.amazonaws.com.cn"); !ok {
			return nil
		}
	}
	if service == "s3" {
		id = strings.TrimPrefix(id, "bucket.")
	}
	if !strings.HasPrefix(id, "vpce-") || strings.ContainsAny(id, ".:_") {
		return nil
	}
	return &url.URL{Scheme: "https", Host: host}
}
