package extension

import (
	"net/url"
	"testing"

	"github.com/lambda-remit/remit/manifest"
)

func TestOnlyAVPCEndpointInTheConfigurationBecomesAnUpstream(t *testing.T) {
	for _, tt := range []struct{ name, value, service string }{
		{"SNS", "https://vpce-0a1b2c3d-4e5f6a7b.sns.eu-west-1.vpce.amazonaws.com", "sns"},
		{"SNS", "https://vpce-0a1b2c3d-4e5f6a7b-eu-west-1a.sns.eu-west-1.vpce.amazonaws.com/", "sns"},
		{"S3", "https://bucket.vpce-0a1b2c3d-4e5f6a7b.s3.eu-west-1.vpce.amazonaws.com", "s3"},
		{"SECRETS_MANAGER", "https://vpce-0a1b2c3d-4e5f6a7b.secretsmanager.eu-west-1.vpce.amazonaws.com", "secretsmanager"},
		{"SQS", "https://vpce-0a1b2c3d-4e5f6a7b.sqs.eu-west-1.vpce.amazonaws.com", "sqs"},
		{"DYNAMODB", "https://vpce-0a1b2c3d-4e5f6a7b.dynamodb.eu-west-1.vpce.amazonaws.com", "dynamodb"},
		{"KINESIS", "https://vpce-0a1b2c3d-4e5f6a7b.kinesis-streams.eu-west-1.vpce.amazonaws.com", "kinesis"},
		{"CLOUDWATCH", "https://vpce-0a1b2c3d-4e5f6a7b.monitoring.eu-west-1.vpce.amazonaws.com", "cloudwatch"},
		{"SFN", "https://vpce-0a1b2c3d-4e5f6a7b.states.eu-west-1.vpce.amazonaws.com", "states"},
		{"KINESIS", "https://vpce-0a1b2c3d-4e5f6a7b.kinesis.eu-west-1.vpce.amazonaws.com", ""},
		{"SNS", "http://vpce-0a1b2c3d-4e5f6a7b.sns.eu-west-1.vpce.amazonaws.com", ""},
		{"SNS", "https://vpce-0a1b2c3d-4e5f6a7b.s3.eu-west-1.vpce.amazonaws.com", ""},
		{"SNS", "https://vpce-0a1b2c3d-4e5f6a7b.sns.us-east-1.vpce.amazonaws.com", ""},
		{"SNS", "https://vpce-0a1b2c3d-4e5f6a7b.vpce-svc-0a1b2c3d.eu-west-1.vpce.amazonaws.com", ""},
		{"SNS", "https://evil.vpce-0a1b2c3d.sns.eu-west-1.vpce.amazonaws.com", ""},
		{"SNS", "https://vpce-0a1b2c3d.sns.eu-west-1.vpce.amazonaws.com.example.com", ""},
		{"SNS", "https://vpce-0a1b2c3d.sns.eu-west-1.vpce.amazonaws.com:8443", ""},
		{"SNS", "https://user@vpce-0a1b2c3d.sns.eu-west-1.vpce.amazonaws.com", ""},
		{"SNS", "http://127.0.0.1:4566", ""},
		{"SNS", "https://sns.eu-west-1.amazonaws.com", ""},
	} {
		m := new(manifest.Manifest)
		notes := endpoints(m, func(name string) string {
			if name == "AWS_ENDPOINT_URL_"+tt.name {
				return tt.value
			}
			return ""
		}, "eu-west-1")
		if got := m.Upstreams[tt.service]; (got != nil) != (tt.service != "") || len(notes) != len(m.Upstreams) {
			t.Errorf("%s: got upstreams %v, notes %q; want one of %q", tt.value, m.Upstreams, notes, tt.service)
		}
	}
}

func TestTheManifestsUpstreamWinsOverTheConfigurations(t *testing.T) {
	own := &url.URL{Scheme: "http", Host: "127.0.0.1:9000"}
	m := &manifest.Manifest{Upstreams: map[string]*url.URL{"sns": own}}
	endpoints(m, func(string) string { return "https://vpce-0a1b2c3d.sns.eu-west-1.vpce.amazonaws.com" }, "eu-west-1")
	if m.Upstreams["sns"] != own {
		t.Errorf("got %v, want the manifest's", m.Upstreams["sns"])
	}
}
