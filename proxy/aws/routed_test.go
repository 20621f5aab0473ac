package aws

import (
	"net/url"
	"strings"
	"testing"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy/aws/awstest"
)

const orders = `
credentials: {role: "` + awstest.RoleARN + `"}
allow:
  - actions: ["sqs:SendMessage"]
    resources: ["arn:aws:sqs:eu-central-1:123456789012:orders", "arn:aws:sqs:eu-west-1:123456789012:orders"]
  - actions: ["lambda:InvokeFunction"]
    resources: ["arn:aws:lambda:eu-west-1:123456789012:function:thumbnail:live"]
  - actions: ["kms:Encrypt"]
    resources: ["arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"]
`

// routed is a rig that sends all services' calls to its upstream.
func routed(t *testing.T) *rig {
	t.Helper()
	rig := newRig(t, orders)
	rig.manifest.Upstreams = map[string]*url.URL{"sqs": rig.url, "lambda": rig.url, "kms": rig.url}
	return rig
}

// TestAQueueIsAskedForInItsOwnRegion shows that a call goes where the queue's
// URL says, signed for there: SQS would look for the queue where it is asked.
func TestAQueueIsAskedForInItsOwnRegion(t *testing.T) {
	for _, region := range []string{"eu-west-1", "eu-central-1"} {
		rig := routed(t)
		body := `{"QueueUrl": "https://sqs.` + region + `.amazonaws.com/123456789012/orders", "MessageBody": "m"}`
		_, _, err := rig.do(signed(t, sealed, "sqs", "POST", "/", body, "", "Content-Type", "application/x-amz-json-1.0", "X-Amz-Target", "AmazonSQS.SendMessage"))
		if err != nil {
			t.Fatal(err)
		}
		r := rig.got[len(rig.got)-1]
		if want := "sqs." + region + ".amazonaws.com"; r.Host != want {
			t.Errorf("got host %s, want %s", r.Host, want)
		}
		if got, want := r.Header.Get("Authorization"), "/"+region+"/sqs/aws4_request"; !strings.Contains(got, want) {
			t.Errorf("got %s, want it for %s", got, want)
		}
	}
}

// TestARouteIsSentAsItCame shows that what Lambda decodes is what was read.
func TestARouteIsSentAsItCame(t *testing.T) {
	for _, target := range []string{
		"/2015-03-31/functions/thumbnail%3Alive/invocations",
		"/2015-03-31/functions/thumbnail:live/invocations",
		"/2015-03-31/functions/arn%3aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3Athumbnail/invocations?Qualifier=live",
		"/2021-11-15/functions/thumbnail/response-streaming-invocations?Qualifier=live",
	} {
		rig := routed(t)
		if _, _, err := rig.do(signed(t, sealed, "lambda", "POST", target, `{"a": 1}`, "", "Content-Type", "application/json")); err != nil {
			t.Errorf("%s: %v", target, err)
			continue
		}
		if r := rig.last(t); r.RequestURI != target || rig.bodies[0] != `{"a": 1}` {
			t.Errorf("sent %s %q, want %s", r.RequestURI, rig.bodies[0], target)
		}
	}
}

// TestAnAliasIsHeldToTheKeyThatIsGranted shows what a call by an alias gets
// from a grant of one key: credentials for that key, whatever the alias names.
func TestAnAliasIsHeldToTheKeyThatIsGranted(t *testing.T) {
	rig := routed(t)
	_, sent, err := rig.do(signed(t, sealed, "kms", "POST", "/", `{"KeyId": "alias/orders", "Plaintext": "AQ=="}`, "", "Content-Type", "application/x-amz-json-1.1", "X-Amz-Target", "TrentService.Encrypt"))
	if err != nil {
		t.Fatal(err)
	}
	if sent.Width != manifest.WidthCall {
		t.Errorf("got width %q, want %q", sent.Width, manifest.WidthCall)
	}
	policy := rig.sts.Asked()[0].Policy
	if want := `"arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"`; !strings.Contains(policy, want) || strings.Contains(policy, "?") {
		t.Errorf("got session policy %s, want the key %s", policy, want)
	}
}
