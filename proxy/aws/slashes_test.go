package aws

import (
	"net/http"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/lambda-remit/remit/proxy/sigv4"
)

// Java's SDK, of both versions, sends the key "in//a/b" as in/%2Fa/b, and signs
// in//a/b, which is what S3 verifies.
func TestAKeysSlashesAreSignedAsSlashesHoweverTheyAreSent(t *testing.T) {
	const key, sent = "/media/in//a/b", "/media/in/%2Fa%2Fb"
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	creds := sdk.Credentials{AccessKeyID: sealed.AccessKeyID, SecretAccessKey: sealed.SecretAccessKey, SessionToken: sealed.SessionToken}
	for name, made := range map[string]func() *http.Request{
		"by header": func() *http.Request {
			return served(signed(t, sealed, "s3", "GET", key, "", ""), sent)
		},
		"presigned": func() *http.Request {
			r, err := http.NewRequestWithContext(t.Context(), "GET", "http://127.0.0.1:9001"+key+"?X-Amz-Expires=300", nil)
			if err != nil {
				t.Fatal(err)
			}
			u, header, err := signer.PresignHTTP(t.Context(), creds, r, sigv4.Unsigned, "s3", "eu-west-1", time.Now())
			if err != nil {
				t.Fatal(err)
			}
			r.Header = header
			_, query, _ := strings.Cut(u, "?")
			return served(r, sent+"?"+query)
		},
	} {
		t.Run(name, func(t *testing.T) {
			rig := newRig(t, thumbnails)
			call, err := rig.Read(made())
			if err != nil {
				t.Fatal(err)
			}
			if got, want := call.Requests[0].Resource, "arn:aws:s3:::media/in//a/b"; got != want {
				t.Errorf("asks for %s, want %s", got, want)
			}
			if _, _, err := rig.do(made()); err != nil {
				t.Fatal(err)
			}
			r := rig.last(t)
			if path, _, _ := strings.Cut(r.RequestURI, "?"); path != sent {
				t.Errorf("sent %s, want it as it came, %s", path, sent)
			}
			// rig.last takes either form. S3 takes this one.
			r.RequestURI = strings.Replace(r.RequestURI, sent, key, 1)
			rig.last(t)
		})
	}
}
