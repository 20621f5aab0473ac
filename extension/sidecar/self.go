package sidecar

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/lambda-remit/remit/proxy/mint"
)

// A self finds out which role the base credentials are of, for manifests that
// say `role: self`, when it is first needed.
type self struct {
	minter    *mint.Minter
	transport http.RoundTripper

	mu   sync.Mutex
	role string // once it is known
}

// arn returns the role's ARN. STS does not tell a role's path: a role with one
// has to be named in the manifest. (AWS STS API Reference, GetCallerIdentity;
// IAM User Guide, "IAM identifiers".)
func (s *self) arn(ctx context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.role != "" {
		return s.role, nil
	}
	o := sts.Options{
		Region:      s.minter.Region,
		Credentials: s.minter.Base,
		HTTPClient:  &http.Client{Transport: s.transport, Timeout: 5 * time.Second},
	}
	if s.minter.Endpoint != "" {
		o.BaseEndpoint = aws.String(s.minter.Endpoint)
	}
	out, err := sts.New(o).GetCallerIdentity(ctx, nil)
	if err != nil {
		return "", fmt.Errorf("role self: %w", err)
	}
	role, err := roleOf(aws.ToString(out.Arn))
	if err != nil {
		return "", err
	}
	s.role = role
	return role, nil
}

// roleOf returns the role that an assumed role's ARN,
// arn:aws:sts::123456789012:assumed-role/NAME/SESSION, is a session of.
func roleOf(arn string) (string, error) {
	parts := strings.Split(arn, ":")
	if len(parts) == 6 && parts[2] == "sts" {
		if path := strings.Split(parts[5], "/"); len(path) == 3 && path[0] == "assumed-role" {
			return fmt.Sprintf("arn:%s:iam::%s:role/%s", parts[1], parts[4], path[1]), nil
		}
	}
	return "", fmt.Errorf("role self: the base credentials are %q's, which is no role; name the role in the manifest", arn)
}
