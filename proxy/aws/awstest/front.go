package awstest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

// A Front has credentials issued by servers that honour them: by MinIO, which
// enforces session policies, where the policy has a statement on S3; by moto,
// which ignores them, where it has none. A policy about S3 and more is
// MinIO's: moto takes any credentials, and MinIO only its own.
//
// Its Issue is an [STS]'s. A field left empty does without that server.
type Front struct {
	MinIO, User, Password string // URL of MinIO and its root credentials: it refuses to chain roles
	Moto                  string // URL of moto's server
}

// Issue issues credentials for a: see [STS].
func (f *Front) Issue(ctx context.Context, a Asked) (Issued, error) {
	p, err := parsePolicy(a.Policy)
	if err != nil {
		return Issued{}, invalid("MalformedPolicyDocument", "%v", err)
	}
	if f.MinIO != "" && slices.ContainsFunc(p.Statements, statement.onS3) {
		return f.minio(ctx, a, p)
	}
	if f.Moto == "" {
		return Issued{}, &Error{501, "NotImplemented", "no server here honours credentials for this policy"}
	}
	in := input(a)
	in.RoleArn, in.RoleSessionName, in.Policy = &a.Role, &a.Session, &a.Policy
	out, err := client(f.Moto, "test", "test").AssumeRole(ctx, in)
	if err != nil {
		return Issued{}, fmt.Errorf("moto: %w", err)
	}
	return issued("moto", out, a.Policy, []string{"everything: moto enforces no session policy"}), nil
}

// maxTries bounds how often MinIO may find another thing that it does not know.
const maxTries = 30

// minio has credentials issued by MinIO, under as much of the policy as MinIO
// understands. It asks again, without what was refused, until MinIO agrees:
// its own words say what it does not know.
func (f *Front) minio(ctx context.Context, a Asked, p policy) (Issued, error) {
	d, err := newDialect(p, strings.Split(a.Role, ":")[4])
	if err != nil {
		return Issued{}, err
	}
	c := client(f.MinIO, f.User, f.Password)
	for range maxTries {
		text, err := d.policy.MarshalJSON()
		if err != nil {
			return Issued{}, err
		}
		in := input(a)
		in.RoleArn, in.RoleSessionName, in.Policy = &a.Role, &a.Session, sdk.String(string(text))
		out, err := c.AssumeRole(ctx, in)
		if err == nil {
			i := issued("minio", out, string(text), d.wider)
			i.Narrower = d.narrower
			return i, nil
		}
		var api smithy.APIError
		if !errors.As(err, &api) || api.ErrorCode() != "InvalidParameterValue" {
			return Issued{}, fmt.Errorf("minio: %w", err)
		}
		if !d.without(api.ErrorMessage()) {
			return Issued{}, invalid("MalformedPolicyDocument", "MinIO refuses it: %s", api.ErrorMessage())
		}
	}
	return Issued{}, invalid("MalformedPolicyDocument", "MinIO still refuses it after %d changes", maxTries)
}

func input(a Asked) *sts.AssumeRoleInput {
	return &sts.AssumeRoleInput{DurationSeconds: sdk.Int32(int32(a.Duration / time.Second))}
}

func issued(backend string, out *sts.AssumeRoleOutput, policy string, wider []string) Issued {
	return Issued{
		Backend: backend,
		Policy:  policy,
		Wider:   wider,
		Credentials: sdk.Credentials{
			AccessKeyID:     sdk.ToString(out.Credentials.AccessKeyId),
			SecretAccessKey: sdk.ToString(out.Credentials.SecretAccessKey),
			SessionToken:    sdk.ToString(out.Credentials.SessionToken),
			CanExpire:       true,
			Expires:         sdk.ToTime(out.Credentials.Expiration),
		},
	}
}

// client speaks to one of the servers behind the front. The address is a
// test's own: no proxy variable may lead elsewhere.
func client(endpoint, id, secret string) *sts.Client {
	return sts.New(sts.Options{
		Region:       "us-east-1",
		BaseEndpoint: &endpoint,
		Credentials:  credentials.NewStaticCredentialsProvider(id, secret, ""),
		HTTPClient:   &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second},
	})
}
