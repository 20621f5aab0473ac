package aws

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lambda-remit/remit/proxy/aws/awstest"
	"github.com/lambda-remit/remit/proxy/sigv4"
)

// Events for a global endpoint are signed for all of its regions, and go on so
// under credentials for the bus that the manifest names there.
func TestEventsForAGlobalEndpointGoOnSignedForItsRegions(t *testing.T) {
	const host, body = "abcde.veo.endpoint.events.amazonaws.com", `{"EndpointId":"abcde.veo","Entries":[{"Source":"shop","DetailType":"order","Detail":"{}","EventBusName":"orders"}]}`
	rig := newRig(t, `
credentials: {role: "`+awstest.RoleARN+`"}
permissions:
  event_bus: {put: ["arn:aws:events:eu-west-1:123456789012:event-bus/orders", "arn:aws:events:us-east-1:123456789012:event-bus/orders"]}
`)
	rig.manifest.Upstreams["events"] = rig.url
	sum := sha256.Sum256([]byte(body))
	for regions, granted := range map[string]bool{"eu-west-1,us-east-1": true, "*": true, "eu-west-1,eu-west-2": false} {
		r := (&http.Request{
			Method: http.MethodPost, RequestURI: "/", URL: &url.URL{Scheme: "https", Host: host}, Host: host, ProtoMajor: 1, ProtoMinor: 1,
			Header: http.Header{"Content-Type": {"application/x-amz-json-1.1"}, "X-Amz-Target": {"AWSEvents.PutEvents"}},
			Body:   io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
		}).WithContext(t.Context())
		s := &sigv4.Signature{Asymmetric: true, Scope: sigv4.Scope{Service: "events"}, Regions: strings.Split(regions, ",")}
		if _, err := s.Resign(r, sealed, sigv4.Options{Body: hex.EncodeToString(sum[:]), Now: time.Now()}); err != nil {
			t.Fatal(err)
		}
		n := len(rig.got)
		_, _, err := rig.answers(r)
		if !granted {
			if err == nil || len(rig.got) != n {
				t.Errorf("%s: sent, though one of the regions' buses is not granted", regions)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", regions, err)
			continue
		}
		got := rig.last(t)
		sent, err := sigv4.Read(got)
		if err != nil || !sent.Asymmetric || strings.Join(sent.Regions, ",") != regions || got.Host != host || sent.AccessKeyID == sealed.AccessKeyID {
			t.Errorf("%s: sent to %s, signed for %v by %s, %v", regions, got.Host, sent.Regions, sent.AccessKeyID, err)
		}
		asked := rig.sts.Asked()
		if policy := asked[len(asked)-1].Policy; !strings.Contains(policy, ":us-east-1:123456789012:event-bus/orders") || !strings.Contains(policy, "events:PutEvents") {
			t.Errorf("%s: the policy is %s", regions, policy)
		}
	}
}
