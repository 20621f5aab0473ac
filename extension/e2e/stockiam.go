package e2e

import (
	"context"
	"encoding/xml"
	"net/http"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// iam calls an operation of moto's IAM, which has to succeed.
func (s *Servers) iam(ctx context.Context, action string, parameters ...string) ([]byte, error) {
	form := url.Values{"Action": {action}, "Version": {"2010-05-08"}}
	for i := 0; i < len(parameters); i += 2 {
		form.Set(parameters[i], parameters[i+1])
	}
	return must(ctx, anyone, "iam", http.MethodPost, s.Moto+"/", http.Header{
		"Content-Type": {"application/x-www-form-urlencoded"},
	}, []byte(form.Encode()))
}

// MakeRole makes a role in moto, which has to know a function's.
func (s *Servers) MakeRole(ctx context.Context, name string) error {
	_, err := s.iam(ctx, "CreateRole", "RoleName", name, "AssumeRolePolicyDocument",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}`)
	return err
}

// MakeUser makes a user in moto, who has the policies, and returns his
// credentials.
func (s *Servers) MakeUser(ctx context.Context, name string, policies map[string]string) (aws.Credentials, error) {
	if _, err := s.iam(ctx, "CreateUser", "UserName", name); err != nil {
		return aws.Credentials{}, err
	}
	for policy, text := range policies {
		if _, err := s.iam(ctx, "PutUserPolicy", "UserName", name, "PolicyName", policy, "PolicyDocument", text); err != nil {
			return aws.Credentials{}, err
		}
	}
	answer, err := s.iam(ctx, "CreateAccessKey", "UserName", name)
	if err != nil {
		return aws.Credentials{}, err
	}
	var made struct {
		ID     string `xml:"CreateAccessKeyResult>AccessKey>AccessKeyId"`
		Secret string `xml:"CreateAccessKeyResult>AccessKey>SecretAccessKey"`
	}
	err = xml.Unmarshal(answer, &made)
	return aws.Credentials{AccessKeyID: made.ID, SecretAccessKey: made.Secret}, err
}

// Authorize switches moto's authorization on, or off, as it is at first: moto
// then takes any credentials.
func (s *Servers) Authorize(ctx context.Context, on bool) error {
	unasked := "inf" // this many requests
	if on {
		unasked = "0"
	}
	_, err := must(ctx, anyone, "moto", http.MethodPost, s.Moto+"/moto-api/reset-auth", http.Header{"Content-Type": {"text/plain"}}, []byte(unasked))
	return err
}
