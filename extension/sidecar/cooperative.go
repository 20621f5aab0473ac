package sidecar

import (
	"context"
	"crypto/subtle"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/lambda-remit/remit/proxy/sigv4"
)

// cooperative returns sealed, with the base credentials beside: calls signed by
// them are decided as the function's own. That is for functions which Remit does
// not start, and which have the execution role's keys: they are told of the
// proxy by AWS_ENDPOINT_URL in their configuration, and cooperate as long as they
// heed it. Boundary 4 does not stand for them.
func cooperative(sealed func(string) (sigv4.Credentials, bool), base aws.CredentialsProvider) func(string) (sigv4.Credentials, bool) {
	return func(id string) (sigv4.Credentials, bool) {
		if c, ok := sealed(id); ok {
			return c, true
		}
		c, err := base.Retrieve(context.Background())
		if err != nil || id == "" || subtle.ConstantTimeCompare([]byte(id), []byte(c.AccessKeyID)) != 1 {
			return sigv4.Credentials{}, false
		}
		return sigv4.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}, true
	}
}
