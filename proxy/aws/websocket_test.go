package aws

import (
	"strings"
	"testing"

	"github.com/lambda-remit/remit/proxy/sigv4"
)

// Gateways rewrite a handshake on its way, so that nothing of it is signed that is
// not AWS's.
func TestAWebSocketIsSignedWithoutItsHandshake(t *testing.T) {
	rig := planesRig(t)
	rig.manifest.Upstreams["execute-api"] = rig.url
	for _, tt := range []struct{ host, service, target, want string }{
		{"s0ckets000.execute-api.eu-west-1.amazonaws.com", "execute-api", "/prod?a=b", `"arn:aws:execute-api:eu-west-1:123456789012:s0ckets000/prod/${$}connect"`},
		{"shop.cluster-abcdefghij.eu-west-1.neptune.amazonaws.com:8182", "neptune-db", "/gremlin", ":cluster-ABCD1234/*"},
	} {
		r := signedFor(t, tt.host, tt.service, "GET", tt.target, "")
		r.Header.Set("Upgrade", "websocket")
		r.Header.Set("Sec-Websocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
		r.Header.Set("Origin", "https://example.com")
		if _, _, err := rig.answers(r); err != nil {
			t.Errorf("%s: %v", tt.host, err)
			continue
		}
		got := rig.last(t)
		s, err := sigv4.Read(got)
		if err != nil {
			t.Fatal(err)
		}
		signed := got.Header.Get("Authorization")
		if strings.Contains(signed, "sec-websocket") || strings.Contains(signed, "origin") || strings.Contains(signed, "upgrade") || s.AccessKeyID == sealed.AccessKeyID {
			t.Errorf("%s: signed %s", tt.host, signed)
		}
		for _, name := range []string{"Upgrade", "Connection", "Sec-Websocket-Key", "Origin"} {
			if got.Header.Get(name) == "" {
				t.Errorf("%s: sent without %s", tt.host, name)
			}
		}
		if asked := rig.sts.Asked(); !strings.Contains(asked[len(asked)-1].Policy, tt.want) {
			t.Errorf("%s: the policy is %s, without %s", tt.host, asked[len(asked)-1].Policy, tt.want)
		}
	}
}

func TestOnlyHostsThatAreReadSoHaveWebSockets(t *testing.T) {
	for host, want := range map[string]bool{
		"a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com":              true,
		"shop.cluster-abcdefghij.eu-west-1.neptune.amazonaws.com":     true,
		"s3.eu-west-1.amazonaws.com":                                  false,
		"a1b2c3d4e5f6g7-ats.iot.eu-west-1.amazonaws.com":              false,
		"g7r8a9p0h1.appsync-realtime-api.eu-west-1.amazonaws.com":     false,
		"transcribestreaming.eu-west-1.amazonaws.com":                 false,
		"a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com.evil.com":     false,
		"execute-api.eu-west-1.amazonaws.com":                         false,
		"a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com.":             false,
		"abcdefghijklmnop.lambda-url.eu-west-1.on.aws":                false,
		"vpce-0a1b2c3d-4e5f.execute-api.eu-west-1.vpce.amazonaws.com": true,
	} {
		if got := WebSockets(host); got != want {
			t.Errorf("%s: got %v, want %v", host, got, want)
		}
	}
}
