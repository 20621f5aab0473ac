package aws

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/lambda-remit/remit/proxy/sigv4"
)

// TestEveryPayloadModeOfEveryKindOfCallIsVerified signs with the wrong secret,
// the wrong body and the wrong token in every mode: none may be read.
func TestEveryPayloadModeOfEveryKindOfCallIsVerified(t *testing.T) {
	rig := newRig(t, thumbnails)
	form := "Action=Publish&Version=2010-03-31&Message=m&TopicArn=arn:aws:sns:eu-west-1:123456789012:done"
	kinds := []struct{ service, method, target, body, contentType string }{
		{"s3", "GET", "/media/in/a", "", ""},
		{"s3", "PUT", "/media/out/a", "x", ""},
		{"s3", "POST", "/media?delete=", "<Delete><Object><Key>out/a</Key></Object></Delete>", ""},
		{"sns", "POST", "/", form, "application/x-www-form-urlencoded"},
		{"secretsmanager", "POST", "/", `{"SecretId": "key"}`, "application/x-amz-json-1.1"},
		{"sts", "POST", "/", "Action=GetCallerIdentity&Version=2011-06-15", "application/x-www-form-urlencoded"},
	}
	modes := []struct {
		payload string
		read    func(service, method string) bool // whether calls in this mode are read
	}{
		{"", func(string, string) bool { return true }},
		{sigv4.Unsigned, func(service, _ string) bool { return service == "s3" }},
		// A body that has to be read does not come in chunks, and one in
		// signed chunks is never empty.
		{sigv4.StreamingUnsigned, func(service, method string) bool { return service == "s3" && method != "POST" }},
		{sigv4.StreamingSigned, func(service, method string) bool { return service == "s3" && method == "PUT" }},
		{sigv4.StreamingSignedTrailer, func(service, method string) bool { return service == "s3" && method == "PUT" }},
		{"STREAMING-AWS4-HMAC-SHA256-EVENTS", func(string, string) bool { return false }},
		{"STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD", func(string, string) bool { return false }},
		{"STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER", func(string, string) bool { return false }},
		{"anything", func(string, string) bool { return false }},
	}
	for _, k := range kinds {
		for _, m := range modes {
			make := func(c sigv4.Credentials) *http.Request {
				h := []string{"Content-Type", k.contentType, "X-Amz-Target", "secretsmanager.GetSecretValue", "X-Amz-Content-Sha256", m.payload}
				if k.service != "secretsmanager" {
					h = append(h[:2], h[4:]...)
				}
				if m.payload == "" || k.service == "s3" {
					h = h[:len(h)-2]
				}
				if k.contentType == "" {
					h = h[2:]
				}
				if strings.HasPrefix(m.payload, "STREAMING-") {
					h = append(h, "X-Amz-Decoded-Content-Length", fmt.Sprint(len(k.body)))
				}
				if strings.HasSuffix(m.payload, "-TRAILER") {
					h = append(h, "X-Amz-Trailer", "x-amz-checksum-crc32")
				}
				return signed(t, c, k.service, k.method, k.target, k.body, m.payload, h...)
			}
			name := fmt.Sprintf("%s %s %s %q", k.service, k.method, k.target, m.payload)
			ok := m.read(k.service, k.method)
			if _, err := rig.Read(make(sealed)); (err == nil) != ok {
				t.Errorf("%s: got %v, want read: %v", name, err, ok)
			}
			for wrong, c := range map[string]sigv4.Credentials{
				"secret": {AccessKeyID: sealed.AccessKeyID, SecretAccessKey: "x", SessionToken: sealed.SessionToken},
				"token":  {AccessKeyID: sealed.AccessKeyID, SecretAccessKey: sealed.SecretAccessKey, SessionToken: "x"},
				"key":    {AccessKeyID: "AKIAFOREIGN", SecretAccessKey: sealed.SecretAccessKey},
			} {
				if _, err := rig.Read(make(c)); err == nil {
					t.Errorf("%s: read with the wrong %s", name, wrong)
				}
			}
			r := make(sealed)
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(k.body+" ")), int64(len(k.body)+1)
			streamed := k.service == "s3" && k.target != "/media?delete=" // S3 compares the hash itself, and chunks are as they pass
			unsigned := m.payload == sigv4.Unsigned
			if _, err := rig.Read(r); err == nil && !streamed && !unsigned {
				t.Errorf("%s: read with another body", name)
			}
		}
	}
}
