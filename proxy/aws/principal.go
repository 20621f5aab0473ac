package aws

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
)

// Who makes a call: the function itself; a role that it assumed, whose
// credentials came back sealed; somebody whose keys the manifest names, which
// nobody here can verify; or nobody, who has signed nothing. What the last two
// ask for is decided like any other call, and goes on as it came: AWS answers
// for the signature, or for there being none.

// Anonymous is the [proxy.Call]'s Principal of a call that nobody has signed,
// and Foreign of one under keys that Remit did not hand out.
const (
	Anonymous = "anonymous"
	Foreign   = "foreign"
)

// isAnonymous reports whether an unsigned call carries nothing else that could
// be somebody's credentials: another scheme's, or a token without its key.
func isAnonymous(h http.Header) bool {
	for _, name := range []string{"Authorization", "X-Amz-Security-Token", expressToken} {
		if len(h.Values(name)) > 0 {
			return false
		}
	}
	return true
}

// authorizes reports whether an unsigned call to p carries what an authorizer of
// the API's own looks at, such as a user pool's token: to IAM, nobody has signed
// it. What signs calls to AWS, or once did, is none.
func (p place) authorizes(h http.Header) bool {
	switch p.plane {
	case "appsync", "custom-domain", "execute-api", "function-url":
	default:
		return false
	}
	values := h.Values("Authorization")
	if len(values) != 1 || strings.HasPrefix(strings.ToUpper(strings.TrimSpace(values[0])), "AWS") {
		return false
	}
	h = h.Clone()
	h.Del("Authorization")
	return isAnonymous(h)
}

// principal says in whose account bare names are, and in call who makes it.
func (in *input) principal(call *proxy.Call, p *particulars) {
	in.unbound = p.foreign || p.anonymous || p.session != nil && !p.session.Bound
	switch {
	case p.session != nil:
		in.account, call.Principal = p.session.Account, p.session.Principal
	case p.foreign:
		in.account, call.Principal = p.account, Foreign
	case p.anonymous:
		in.account, call.Principal = "", Anonymous // nobody is in no account
	}
}

// mark says of each request what of it a session policy cannot bound.
func (p *particulars) mark(call *proxy.Call) {
	unbound := p.foreign || p.session != nil && !p.session.Bound
	if !unbound && !p.anonymous {
		return
	}
	for i := range call.Requests {
		r := &call.Requests[i]
		r.Unbound, r.Anonymous = r.Unbound || unbound, p.anonymous
	}
}

const (
	noSignature = "the call carries no valid signature by the credentials that the function was given"
	signedForm  = "the call is a form, which S3 takes with a signature in its body, where none is read: upload with PutObject, or to a presigned URL"
)

// isForm reports whether an unsigned call is what browsers upload to S3 with, and
// what SDKs make such forms for: botocore's generate_presigned_post. (Amazon S3 API
// Reference, POST Object.)
func (in *input) isForm() bool {
	kind, _, _ := strings.Cut(in.r.Header.Get("Content-Type"), ";")
	return in.r.Method == http.MethodPost && isAnonymous(in.r.Header) && strings.EqualFold(strings.TrimSpace(kind), "multipart/form-data") && (in.place.service == "s3" || in.place.host == "")
}

// unsignedUnread is why an unsigned call is denied that cannot be read: it may
// carry somebody's credentials where nobody has looked, as a browser's form for
// S3 does, so that not even an observing proxy sends it on.
func (in *input) unsignedUnread(err error) error {
	if r, ok := errors.AsType[*proxy.Refusal](err); ok && r.Reason != proxy.Unread {
		return err
	}
	if in.isForm() {
		return &proxy.Refusal{Reason: proxy.BadSignature, Text: signedForm, Err: err}
	}
	return &proxy.Refusal{Reason: proxy.BadSignature, Text: noSignature, Err: err}
}

// asItCame reports why a call under a foreign key cannot go on: its signature
// is good for the host that it was made for, which is the proxy itself where
// that is the client's endpoint.
func (p *particulars) asItCame() error {
	if p.second != nil {
		// It is good in any region, and nothing says which the bucket is in.
		return &proxy.Refusal{Reason: proxy.ForeignCredentials, Text: fmt.Sprintf("access key %.32q is not Remit's and signs with Signature Version 2, which says too little of where the call goes: sign it with version 4", p.signature.AccessKeyID)}
	}
	if p.host == "" {
		return &proxy.Refusal{Reason: proxy.ForeignCredentials, Text: fmt.Sprintf("access key %.32q is signed with for the proxy as an endpoint, which AWS would not take: send it through the proxy", p.signature.AccessKeyID)}
	}
	return nil
}

// sendAsItCame sends a call that is not signed here, byte for byte.
func (c *Cloud) sendAsItCame(out *http.Request, call *proxy.Call, p *particulars, m *manifest.Manifest, d manifest.Decision) (*http.Response, proxy.Sent, error) {
	var sent proxy.Sent
	if !d.Allowed && m.Mode != manifest.Observe {
		return nil, sent, &proxy.Refusal{Reason: d.Reason, Text: "the call is not granted"}
	}
	path, query, _ := strings.Cut(p.target, "?")
	out.URL = target(call.Upstream.Host, path, query)
	if p.foreign {
		sent.AccessKeyID = p.signature.AccessKeyID
		if p.host != "" { // that was signed, whatever spelling it has
			out.Host = p.host
		}
	}
	c.dial(out, call, m)
	resp, err := c.roundTrip(out, p)
	sent.AWSRequestID = requestID(resp)
	return resp, sent, err
}

// unscoped says which service an unsigned call is to that came to the proxy as
// to an endpoint, where it says so itself: "" where it does not. Those are the
// services whose SDKs sign nothing. (botocore's models, "authtype": "none".)
func (in *input) unscoped() string {
	target := in.r.Header.Values("X-Amz-Target")
	switch {
	case len(target) > 1:
		return ""
	case len(target) == 1:
		prefix, _, _ := strings.Cut(target[0], ".")
		switch prefix {
		case "AWSCognitoIdentityService":
			return "cognito-identity"
		case "AWSCognitoIdentityProviderService":
			return "cognito-idp"
		}
		return ""
	case len(in.r.Header.Values("X-Amz-Sso_bearer_token")) > 0:
		return "awsssoportal"
	case in.r.Method == http.MethodPost && in.path == "/" && strings.HasPrefix(in.r.Header.Get("Content-Type"), "application/x-www-form-urlencoded"):
		body, err := in.body()
		if err != nil {
			return ""
		}
		params, err := parseForm(string(body))
		if err != nil {
			return ""
		}
		for _, q := range params {
			if q.name == "Action" && (q.value == "AssumeRoleWithWebIdentity" || q.value == "AssumeRoleWithSAML") {
				return "sts"
			}
		}
	}
	return ""
}
