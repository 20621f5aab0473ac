package aws

import (
	"net/http"
	"strings"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
	"github.com/lambda-remit/remit/proxy/credentials"
	"github.com/lambda-remit/remit/proxy/sigv4"
)

// A bearer token is its owner's own credential: whoever has it may do all that
// the user may whom Bedrock made it for, with no session policy and no
// CloudTrail of the function's. So a call that came with the sealed one is
// decided as any other and signed under minted credentials in its place, which
// bounds it; the real token leaves this process only where the manifest
// observes, since that changes nothing. For the same reason it does not ask for
// bedrock:CallWithBearerToken: AWS looks for that action where a call is made
// with a token, and this one is not. (Amazon Bedrock User Guide, "Control
// permissions for generating and using Amazon Bedrock API keys".)

// bearer returns the token that a call was sent with, if it is a sealed one.
func (c *Cloud) bearer(h http.Header) (credentials.Bearer, bool) {
	values := h.Values("Authorization")
	if len(values) != 1 || len(h.Values("X-Amz-Security-Token")) > 0 || len(h.Values(expressToken)) > 0 {
		return credentials.Bearer{}, false
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return credentials.Bearer{}, false
	}
	for _, b := range c.Bearers {
		if b.Is(token) {
			return b, true
		}
	}
	return credentials.Bearer{}, false
}

// readBearer reads the body of a call with a sealed token, since nothing has
// said what it is, and signs for where it goes.
func (in *input) readBearer(call *proxy.Call, p *particulars) error {
	if call.Service != p.bearer.Service {
		return &proxy.Refusal{Reason: proxy.BadSignature, Text: "the bearer token is one for " + p.bearer.Service}
	}
	if ct := in.r.Header.Get("Content-Type"); strings.HasPrefix(ct, "application/vnd.amazon.eventstream") {
		return &proxy.Refusal{Reason: proxy.Unread, Text: "the call is an event stream with a bearer token, whose events nobody has signed"}
	}
	if _, err := in.raw(); err != nil {
		return err
	}
	p.signature = &sigv4.Signature{Scope: sigv4.Scope{Service: call.Service}}
	p.verified = true
	return nil
}

// sendsBearer reports whether a call goes on with the real token.
func (p *particulars) sendsBearer(m *manifest.Manifest) bool {
	return p.bearer != nil && m.Mode == manifest.Observe
}
