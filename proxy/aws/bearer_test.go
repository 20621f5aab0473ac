package aws

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
	"github.com/lambda-remit/remit/proxy/aws/awstest"
	"github.com/lambda-remit/remit/proxy/credentials"
)

const invoking = `
function: thumbnails
credentials: {role: "` + awstest.RoleARN + `"}
allow:
  - {actions: bedrock:InvokeModel, resources: "arn:aws:bedrock:eu-west-1::foundation-model/anthropic.claude-v2"}
  - {actions: s3:GetObject, resources: "arn:aws:s3:::media/*"}
`

const realBearer = "ABSKQmVkcm9ja0FQSUtleS10aGUtcmVhbC1vbmU="

func bearerRig(t *testing.T, yaml string) (*rig, string) {
	rig := newRig(t, yaml)
	rig.manifest.Upstreams["bedrock"] = rig.url
	b, err := credentials.SealBearer("bedrock", realBearer)
	if err != nil {
		t.Fatal(err)
	}
	rig.Bearers = []credentials.Bearer{b}
	return rig, b.Sealed
}

func invoke(t *testing.T, model, token string, more ...string) *http.Request {
	return unsignedCall(t, "POST", "/model/"+model+"/invoke", `{"prompt": "hello"}`, append([]string{"Content-Type", "application/json", "Authorization", token}, more...)...)
}

func TestACallWithASealedBearerTokenIsSignedUnderMintedCredentials(t *testing.T) {
	rig, token := bearerRig(t, invoking)
	for _, host := range []string{"", "bedrock-runtime.eu-west-1.amazonaws.com"} {
		r := invoke(t, "anthropic.claude-v2", "Bearer "+token)
		if host != "" {
			r = at(host, r)
		}
		_, _, err := rig.answers(r)
		if err != nil {
			t.Fatalf("by host %q: %v", host, err)
		}
		got := rig.last(t) // verifies
		if strings.Contains(got.Header.Get("Authorization"), token) || strings.Contains(got.Header.Get("Authorization"), realBearer) {
			t.Errorf("a token was sent: %s", got.Header.Get("Authorization"))
		}
		if got.Host != "bedrock-runtime.eu-west-1.amazonaws.com" || got.RequestURI != "/model/anthropic.claude-v2/invoke" {
			t.Errorf("sent to %s%s", got.Host, got.RequestURI)
		}
	}
	if policy := rig.sts.Asked()[0].Policy; !strings.Contains(policy, "bedrock:InvokeModel") || strings.Contains(policy, "media") {
		t.Errorf("minted under %s", policy)
	}
}

func TestABearerTokenIsGoodForItsServiceAndNothingElse(t *testing.T) {
	rig, token := bearerRig(t, invoking)
	_, others := bearerRig(t, invoking)
	for _, tt := range []struct {
		name   string
		r      *http.Request
		reason manifest.Reason
	}{
		{"another model", invoke(t, "amazon.titan", "Bearer "+token), manifest.NoResource},
		{"the real token", invoke(t, "anthropic.claude-v2", "Bearer "+realBearer), proxy.BadSignature},
		{"another sandbox's", invoke(t, "anthropic.claude-v2", "Bearer "+others), proxy.BadSignature},
		{"more of it", invoke(t, "anthropic.claude-v2", "Bearer "+token+"A"), proxy.BadSignature},
		{"another scheme", invoke(t, "anthropic.claude-v2", "Basic "+token), proxy.BadSignature},
		{"no token", invoke(t, "anthropic.claude-v2", "Bearer "), proxy.BadSignature},
		{"a session token beside it", invoke(t, "anthropic.claude-v2", "Bearer "+token, "X-Amz-Security-Token", "x"), proxy.BadSignature},
		{"another service's host", at("s3.eu-west-1.amazonaws.com", unsignedCall(t, "GET", "/media/a", "", "Authorization", "Bearer "+token)), proxy.BadSignature},
		{"in the query too", unsignedCall(t, "POST", "/model/anthropic.claude-v2/invoke?X-Amz-Security-Token=x", "{}", "Authorization", "Bearer "+token), proxy.BadSignature},
		{"an event stream", func() *http.Request {
			r := invoke(t, "anthropic.claude-v2", "Bearer "+token)
			r.Header.Set("Content-Type", "application/vnd.amazon.eventstream")
			return r
		}(), proxy.Unread},
	} {
		_, _, err := rig.answers(tt.r)
		var refusal *proxy.Refusal
		if !errors.As(err, &refusal) || refusal.Reason != tt.reason {
			t.Errorf("%s: got %v, want %s", tt.name, err, tt.reason)
		}
	}
	if len(rig.got) > 0 {
		t.Errorf("sent %d", len(rig.got))
	}
}

func TestObservingSendsTheRealBearerToken(t *testing.T) {
	rig, token := bearerRig(t, "mode: observe\n"+invoking)
	if _, _, err := rig.answers(invoke(t, "anthropic.claude-v2", "Bearer "+token)); err != nil {
		t.Fatal(err)
	}
	if got := rig.got[0].Header.Get("Authorization"); got != "Bearer "+realBearer {
		t.Errorf("sent %q", got)
	}
}
