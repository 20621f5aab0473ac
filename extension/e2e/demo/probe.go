package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/lambda-remit/remit/extension/e2e"
)

// keyLike is what could be a key, a secret or a token: a run of letters, digits
// and base64's signs, at least as long as a MinIO user's name.
var keyLike = regexp.MustCompile(`[A-Za-z0-9/+_=.-]{12,}`)

// candidates are all strings in a function's environment that look like keys,
// and the credentials that it was handed.
func candidates(environment, credentials map[string]string) []string {
	found := make(map[string]bool)
	for _, value := range environment {
		for _, s := range keyLike.FindAllString(value, -1) {
			found[s] = true
		}
	}
	for _, value := range credentials {
		found[value] = true
	}
	return slices.Sorted(maps.Keys(found))
}

// maxKeyID is the length of the longest access key id (AWS Security Token Service
// API Reference, "Credentials"). MinIO looks for a user in a file of that name, and
// answers 503 where there can be none: to a certificate, for one.
const maxKeyID = 128

// try signs with every candidate as access key and every candidate as secret,
// and with the sealed credentials as they are, and returns how often, and which
// the servers took.
func try(ctx context.Context, servers *e2e.Servers, all []string, sealed aws.Credentials) (tries int, taken []string, err error) {
	pairs := []aws.Credentials{sealed}
	for _, id := range all {
		if len(id) > maxKeyID {
			continue
		}
		for _, secret := range all {
			if id != secret {
				pairs = append(pairs, aws.Credentials{AccessKeyID: id, SecretAccessKey: secret})
			}
		}
	}
	for _, creds := range pairs {
		ok, err := opensMinIO(ctx, servers, creds)
		if err != nil {
			return tries, taken, err
		}
		if ok {
			taken = append(taken, creds.AccessKeyID+" at MinIO")
		}
		if ok, err = opensSTS(ctx, servers, creds); err != nil {
			return tries, taken, err
		}
		if ok {
			taken = append(taken, creds.AccessKeyID+" at STS")
		}
		tries += 2
	}
	return tries, taken, nil
}

// opensMinIO reports whether MinIO lists its buckets to creds.
func opensMinIO(ctx context.Context, s *e2e.Servers, creds aws.Credentials) (bool, error) {
	status, answer, err := e2e.Call(ctx, creds, "s3", http.MethodGet, s.MinIO+"/", nil, nil)
	return verdict("MinIO", status, answer, err)
}

// opensSTS reports whether STS lets creds assume the function's role.
func opensSTS(ctx context.Context, s *e2e.Servers, creds aws.Credentials) (bool, error) {
	form := url.Values{"Action": {"GetCallerIdentity"}, "Version": {"2011-06-15"}}
	status, answer, err := e2e.Call(ctx, creds, "sts", http.MethodPost, s.STS+"/", http.Header{
		"Content-Type": {"application/x-www-form-urlencoded"}, "Host": {"sts." + e2e.Region + ".amazonaws.com"},
	}, []byte(form.Encode()))
	return verdict("STS", status, answer, err)
}

// verdict takes nothing but a plain no for a no: a server that is not there has
// refused nobody.
func verdict(server string, status int, answer []byte, err error) (bool, error) {
	switch {
	case err != nil:
		return false, err
	case status == http.StatusOK:
		return true, nil
	case status == http.StatusForbidden, status == http.StatusBadRequest && bytes.Contains(answer, []byte("<Error>")):
		return false, nil
	}
	return false, fmt.Errorf("%s answers %d: %s", server, status, answer)
}
