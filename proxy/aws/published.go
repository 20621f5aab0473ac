package aws

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/lambda-remit/remit/proxy"
)

// A published document is what AWS has at one of its hosts for everybody: keys
// that tokens and messages are verified with, certificates, addresses, prices.
// No IAM action is asked for it, so no manifest could grant it, and whoever
// gets it learns what all the world may. It is let through where nobody has
// signed the request, nothing goes along with it, and host and path are of the
// form that AWS documents. Functions that check a user pool's tokens could not
// do their work without.
type published struct {
	service string // whose upstream is asked; empty: the host itself
	host    string // with the region as "*", where it has one
	path    string // a regular expression
}

// publishing are the documents that are known, each with its source.
func publishing() []published {
	return []published{
		// Amazon Cognito Developer Guide, "Verifying JSON web tokens".
		{"cognito-idp", "cognito-idp.*.amazonaws.com", `^/[a-z0-9-]+_[0-9A-Za-z]+/\.well-known/(jwks\.json|openid-configuration)$`},
		{"cognito-identity", "cognito-identity.amazonaws.com", `^/\.well-known/(jwks_uri|openid-configuration)$`},
		// Amazon SNS Developer Guide, "Verifying the signatures of Amazon SNS
		// messages".
		{"sns", "sns.*.amazonaws.com", `^/SimpleNotificationService-[0-9a-f]{16,64}\.pem$`},
		{"sns", "sns.*.amazonaws.com.cn", `^/SimpleNotificationService-[0-9a-f]{16,64}\.pem$`},
		// User Guide for Application Load Balancers, "Authenticate users".
		{"", "public-keys.auth.elb.*.amazonaws.com", `^/[0-9a-fA-F-]{36}$`},
		// Amazon EKS User Guide, "IAM roles for service accounts".
		{"", "oidc.eks.*.amazonaws.com", `^/id/[0-9A-F]{32}/(keys|\.well-known/openid-configuration)$`},
		// Amazon RDS User Guide, "Using SSL/TLS to encrypt a connection".
		{"", "truststore.pki.rds.amazonaws.com", `^/[a-z0-9-]+/[a-z0-9-]+-bundle\.(pem|p7b)$`},
		// Amazon VPC User Guide, "AWS IP address ranges".
		{"", "ip-ranges.amazonaws.com", `^/ip-ranges\.json$`},
		// AWS Lambda and Amazon EC2 documentation name it to learn one's own
		// address.
		{"", "checkip.amazonaws.com", `^/$`},
		// AWS Billing User Guide, "Using the bulk API".
		{"", "pricing.us-east-1.amazonaws.com", `^/offers/v1\.0/[a-z]+/([A-Za-z0-9_-]+/)*[A-Za-z0-9_-]+\.(json|csv)$`},
	}
}

// publishes reads r as a request for a published document, if it is one.
func publishes(r *http.Request, p *particulars) (*proxy.Call, bool) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead || r.ContentLength != 0 || len(r.Trailer) > 0 ||
		r.URL.Host == "" || !isAnonymous(r.Header) || r.Header["Cookie"] != nil || strings.Contains(r.RequestURI, "?") {
		return nil, false
	}
	for _, d := range publishing() {
		region := ""
		before, after, any := strings.Cut(d.host, "*")
		switch rest, ok := strings.CutPrefix(r.URL.Host, before); {
		case !ok:
			continue
		case !any && rest != "":
			continue
		case any:
			if region, ok = strings.CutSuffix(rest, after); !ok || !isRegion(region) {
				continue
			}
		}
		if ok, err := regexp.MatchString(d.path, r.RequestURI); ok && err == nil {
			p.anonymous = true
			return &proxy.Call{
				Service: d.service, Region: region, Principal: Anonymous, Particulars: p, Published: true,
				Upstream: &url.URL{Scheme: "https", Host: r.URL.Host},
			}, true
		}
	}
	return nil, false
}
