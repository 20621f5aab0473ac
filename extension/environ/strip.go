package environ

import (
	"slices"
	"strings"
)

// sealed are the variables by which an SDK finds credentials other than the
// ones it is handed, or a way to AWS other than the proxy. (AWS SDKs and Tools
// Reference Guide, "Environment variables"; the rest are older SDKs'.)
//
// AWS_ACCOUNT_ID, AWS_ROLE_ARN and AWS_ROLE_SESSION_NAME are not among them:
// functions have such variables of their own, and to an SDK they say something
// only beside keys or a token's file.
var sealed = []string{
	"AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_KEY", "AWS_SECRET_ACCESS_KEY",
	"AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_CREDENTIAL_EXPIRATION",
	"AMAZON_ACCESS_KEY_ID", "AMAZON_SECRET_ACCESS_KEY", "AMAZON_SESSION_TOKEN",
	"AWS_PROFILE", "AWS_DEFAULT_PROFILE",
	"AWS_WEB_IDENTITY_TOKEN_FILE",
	"AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
	"AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
	"AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE", "AWS_CREDENTIAL_FILE", "AWS_CREDENTIAL_PROFILES_FILE", "BOTO_CONFIG",
	"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_DISABLE_HOST_PREFIX_INJECTION",
}

// owners are those of them that nobody but the function's owner sets: Lambda
// does not, and without a word in the log nobody would know where they went.
var owners = []string{
	"AWS_SECRET_KEY", "AMAZON_ACCESS_KEY_ID", "AMAZON_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE",
	"AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE",
}

// sealedPrefixes are the beginnings of such variables that name a service.
var sealedPrefixes = []string{
	"AWS_ENDPOINT_URL",   // AWS_ENDPOINT_URL_S3
	bearerToken,          // AWS_BEARER_TOKEN_BEDROCK: a key that AWS honours unsigned
	"AWS_EC2_METADATA_",  // where to ask for an instance's credentials
	"AWS_IMDS_",          // the same, older
	"REMIT_NEXT_WRAPPER", // ours, and spent
}

// bearerToken begins the variables with tokens that services take in place of a
// signature.
const bearerToken = "AWS_BEARER_TOKEN"

// Bearers returns the variables of environ that hold bearer tokens.
func Bearers(environ []string) map[string]string {
	tokens := make(map[string]string)
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, bearerToken+"_") && value != "" {
			tokens[name] = value
		}
	}
	return tokens
}

// secrets are the variables whose value is worth having for a thief: none may
// stand under another name either.
var secrets = []string{
	"AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY", "AMAZON_SECRET_ACCESS_KEY",
	"AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AMAZON_SESSION_TOKEN",
	"AWS_CONTAINER_AUTHORIZATION_TOKEN",
}

// secretLength is how long a secret is at least. AWS's secret keys have 40
// characters and its tokens more; a developer's "test" is found in half the
// paths of the machine and is no secret.
const secretLength = 20

// strip returns environ without what AWS would honour.
func (e *Environment) strip(environ []string) []string {
	var values []string
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if len(value) >= secretLength && (slices.Contains(secrets, name) || strings.HasPrefix(name, bearerToken)) {
			values = append(values, value)
		}
	}
	var kept []string
	for _, entry := range environ {
		name, value, ok := strings.Cut(entry, "=")
		if !ok || name == "" || strings.IndexByte(entry, 0) >= 0 {
			continue // no variable: execve could not pass it on as one
		}
		if seals(name) {
			if strings.HasPrefix(name, "AWS_ENDPOINT_URL") && value != "" {
				e.note(name + " of the configuration is dropped: the proxy sends calls to AWS's own endpoints, or to the manifest's upstreams")
			}
			if slices.Contains(owners, name) && value != "" {
				e.note(name + " of the configuration is dropped: SDKs take credentials by it in place of those that the function is handed")
			}
			continue
		}
		if slices.ContainsFunc(values, func(secret string) bool { return strings.Contains(entry, secret) }) {
			e.note(name + " is dropped: it holds a secret of the environment's credentials")
			continue
		}
		kept = append(kept, entry)
	}
	return kept
}

func seals(name string) bool {
	return slices.Contains(sealed, name) ||
		slices.ContainsFunc(sealedPrefixes, func(p string) bool { return strings.HasPrefix(name, p) })
}

// Secrets returns the names of the variables that hold credentials.
func Secrets() []string {
	return append(slices.Clone(secrets), "AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY", "AMAZON_ACCESS_KEY_ID")
}
