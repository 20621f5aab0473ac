package extension

import (
	"net/url"
	"strings"

	"github.com/lambda-remit/remit/manifest"
)

// An endpointService is one that SDKs have an endpoint variable for, and that has
// interface endpoints.
type endpointService struct {
	variable string // the end of its name: AWS_ENDPOINT_URL_SNS
	service  string // as its actions begin
	label    string // in the name of its interface endpoints
}

// endpointServices are those that functions in a VPC call. (AWS SDKs and Tools
// Reference Guide, "Service-specific endpoints"; AWS PrivateLink Guide, "AWS
// services that integrate with AWS PrivateLink".)
func endpointServices() []endpointService {
	return []endpointService{
		{"ATHENA", "athena", "athena"},
		{"CLOUDWATCH", "cloudwatch", "monitoring"},
		{"CLOUDWATCH_LOGS", "logs", "logs"},
		{"COMPREHEND", "comprehend", "comprehend"},
		{"DYNAMODB", "dynamodb", "dynamodb"},
		{"EVENTBRIDGE", "events", "events"},
		{"FIREHOSE", "firehose", "kinesis-firehose"},
		{"GLUE", "glue", "glue"},
		{"KINESIS", "kinesis", "kinesis-streams"},
		{"KMS", "kms", "kms"},
		{"LAMBDA", "lambda", "lambda"},
		{"RDS_DATA", "rds-data", "rds-data"},
		{"REKOGNITION", "rekognition", "rekognition"},
		{"S3", "s3", "s3"},
		{"SCHEDULER", "scheduler", "scheduler"},
		{"SECRETS_MANAGER", "secretsmanager", "secretsmanager"},
		{"SFN", "states", "states"},
		{"SNS", "sns", "sns"},
		{"SQS", "sqs", "sqs"},
		{"SSM", "ssm", "ssm"},
		{"STS", "sts", "sts"},
		{"TEXTRACT", "textract", "textract"},
		{"XRAY", "xray", "xray"},
	}
}

// endpoints makes upstreams of the VPC endpoints that the function's
// configuration names in AWS_ENDPOINT_URL_SERVICE: in a VPC without a way to
// the internet they may be the only one. Every other address in those
// variables is dropped, and the wrapper says so: where calls go is the
// manifest's to say, and what it says wins.
func endpoints(m *manifest.Manifest, getenv func(string) string, region string) (notes []string) {
	for _, e := range endpointServices() {
		variable, service := "AWS_ENDPOINT_URL_"+e.variable, e.service
		value := getenv(variable)
		if value == "" || m.Upstreams[service] != nil {
			continue
		}
		if u := vpcEndpoint(value, e.label, region); u != nil {
			if m.Upstreams == nil {
				m.Upstreams = make(map[string]*url.URL)
			}
			m.Upstreams[service] = u
			notes = append(notes, "calls to "+service+" go to the VPC endpoint that "+variable+" names")
		}
	}
	return notes
}

// vpcEndpoint returns value as an upstream if it is an interface endpoint, in
// region, of the service whose endpoints have that label. Its name has the service's own in it: an endpoint service
// of a customer's has "vpce-svc-" in that place. (AWS PrivateLink Guide,
// "Access an AWS service using an interface VPC endpoint".)
func vpcEndpoint(value, label, region string) *url.URL {
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "https" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return nil
	}
	host := strings.ToLower(u.Host)
	id, ok := strings.CutSuffix(host, "."+label+"."+region+".vpce.amazonaws.com")
	if !ok {
		if id, ok = strings.CutSuffix(host, "."+label+"."+region+".vpce.amazonaws.com.cn"); !ok {
			return nil
		}
	}
	if label == "s3" {
		id = strings.TrimPrefix(id, "bucket.")
	}
	if !strings.HasPrefix(id, "vpce-") || strings.ContainsAny(id, ".:_") {
		return nil
	}
	return &url.URL{Scheme: "https", Host: host}
}
