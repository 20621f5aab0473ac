package extension

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"

	"github.com/lambda-remit/remit/extension/environ"
	"github.com/lambda-remit/remit/manifest"
)

// base returns the credentials of the execution role: from the container's
// endpoint, which is how SnapStart hands them out and renews them, else from
// the key variables, which hold for the life of a sandbox.
//
// SDKs prefer the keys where both are set; here the endpoint wins, since keys
// that a snapshot was taken with do not outlive it.
func base(getenv func(string) string) (aws.CredentialsProvider, error) {
	if uri := getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI"); uri != "" {
		if err := checkContainer(uri, getenv("AWS_LAMBDA_RUNTIME_API")); err != nil {
			return nil, err
		}
		provider := endpointcreds.New(uri, func(o *endpointcreds.Options) {
			o.AuthorizationToken = getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN")
			o.HTTPClient = &http.Client{
				Transport: &http.Transport{DisableCompression: true},
				Timeout:   5 * time.Second,
			}
		})
		return aws.NewCredentialsCache(provider, func(o *aws.CredentialsCacheOptions) {
			o.ExpiryWindow = 5 * time.Minute
		}), nil
	}
	id, secret := getenv("AWS_ACCESS_KEY_ID"), getenv("AWS_SECRET_ACCESS_KEY")
	if id == "" || secret == "" {
		return nil, errors.New("the environment has neither AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY nor AWS_CONTAINER_CREDENTIALS_FULL_URI: there is no execution role to act for")
	}
	return credentials.NewStaticCredentialsProvider(id, secret, getenv("AWS_SESSION_TOKEN")), nil
}

// keys reports whether the function is to have sealed keys in its environment: by
// itself where Lambda set some there, for much code reads the variables (Java's
// EnvironmentVariableCredentialsProvider, which AWS advises for a quick start,
// Node's aws4, whoever signs by hand), and SDKs take keys before anything else, a
// profile of the function's own making for one. REMIT_KEYS says otherwise. Who
// finds them there does not ask the endpoint, which alone hands out exposed grants.
func (c Config) keys(m *manifest.Manifest, had bool) (bool, error) {
	switch v := c.Getenv("REMIT_KEYS"); v {
	case "":
		return had && len(m.Exposed()) == 0, nil
	case "endpoint":
		return false, nil
	case "environment":
		if len(m.Exposed()) > 0 {
			return false, errors.New("REMIT_KEYS is environment, and the manifest exposes grants: those are handed out by the endpoint, which nobody asks who has keys in the environment; take one of the two away")
		}
		return true, nil
	default:
		return false, fmt.Errorf("REMIT_KEYS %q is neither %q nor %q", v, "endpoint", "environment")
	}
}

// checkContainer allows the endpoints that SDKs allow, and the Runtime API's.
// The URI is no reserved variable: what it answers would be taken for the
// execution role's keys.
func checkContainer(uri, api string) error {
	u, err := url.Parse(uri)
	if err != nil {
		return fmt.Errorf("AWS_CONTAINER_CREDENTIALS_FULL_URI is no URL: %w", err)
	}
	if u.Scheme == "http" && u.Host == api {
		return nil
	}
	if a, err := netip.ParseAddr(u.Hostname()); u.Scheme == "http" && err == nil && a.IsLoopback() {
		return nil
	}
	return fmt.Errorf("AWS_CONTAINER_CREDENTIALS_FULL_URI %q is neither on the Runtime API nor on loopback", uri)
}

// unset takes the credentials out of this process's environment. What the
// kernel shows of it in /proc/PID/environ stays as it was at the start; that
// [Harden] closes.
func unset() {
	for _, name := range environ.Secrets() {
		os.Unsetenv(name)
	}
	for name := range environ.Bearers(os.Environ()) {
		os.Unsetenv(name)
	}
}
