package aws

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/manifest/iam"
	"github.com/lambda-remit/remit/proxy"
)

// sendIssuing sends a call that credentials come back for, and seals them.
//
// What a role may do that the function assumes, its owner has said, who need not
// know the manifest. So that AWS holds such calls to it as it does the others,
// the manifest's grants go with the call as the session policy, unless the
// caller has one of his own: two cannot be sent, and his own is narrower than
// none. Where the manifest's grants are too long for one the call is refused: a
// role would be wider because the manifest is longer. Credentials that no such
// policy bounds, the caller's own having gone along, are bound by the decision
// alone, which then takes nothing to hold that only AWS sees: see
// [manifest.Request].
//
// The role is not assumed anew for each call under it, whatever the grants' `mint`
// says: a code of MFA, an assertion or a token was good for one call; the owner of
// the role, often another account, sees each in his trail; and the session that
// AWS has told the function of, with its end, would be none that is used.
func (c *Cloud) sendIssuing(out *http.Request, call *proxy.Call, p *particulars, m *manifest.Manifest, d manifest.Decision) (*http.Response, proxy.Sent, error) {
	// An answer in another encoding could not be read. What a foreign signature
	// covers stays, and such an answer is refused when it comes.
	if !p.foreign || !slices.Contains(p.signature.Signed, "accept-encoding") {
		out.Header.Set("Accept-Encoding", "identity")
	}
	text, err := sessionPolicy(call, p, m)
	if err != nil {
		return nil, proxy.Sent{}, &proxy.Refusal{Reason: proxy.PolicyTooLarge, Text: "the manifest's grants are too long for the role's session policy; give the call a Policy of its own, which then goes along in their place", Err: err}
	}
	if text != "" {
		bound, q := p.bind(out, text)
		resp, sent, err := c.deliver(bound, call, q, m, d)
		if err != nil {
			return nil, sent, err
		}
		if packedTooLarge(resp) {
			// Without it the role would be wider because something failed.
			resp.Body.Close()
			return nil, sent, &proxy.Refusal{Reason: proxy.PolicyTooLarge, Text: "STS finds the manifest's grants too large for the role's session policy; give the call a Policy of its own"}
		}
		return c.sealed(resp, sent, call, q)
	}
	resp, sent, err := c.deliver(out, call, p, m, d)
	if err != nil {
		return nil, sent, err
	}
	return c.sealed(resp, sent, call, p)
}

func (c *Cloud) sealed(resp *http.Response, sent proxy.Sent, call *proxy.Call, p *particulars) (*http.Response, proxy.Sent, error) {
	if err := c.seal(resp, call, p); err != nil {
		return nil, sent, err
	}
	return resp, sent, nil
}

// sessionPolicy returns the policy that a call which assumes a role is to have
// and has not; empty, if it is to have none.
func sessionPolicy(call *proxy.Call, p *particulars, m *manifest.Manifest) (string, error) {
	if call.Service != "sts" || p.foreign || !p.replay || len(p.body) == 0 || m.Mode == manifest.Observe {
		return "", nil
	}
	params, err := parseForm(string(p.body))
	if err != nil {
		return "", err
	}
	for _, q := range params {
		// PolicyArns would add to it, and not take away.
		if name := fold(q.name); name == "policy" || strings.HasPrefix(name, "policyarns") {
			return "", nil
		}
	}
	grants := slices.DeleteFunc(slices.Clone(m.Grants), func(g *manifest.Grant) bool { return g.Anonymous || !iam.Writes(m, g) })
	if len(grants) == 0 {
		return nothing, nil
	}
	return iam.GrantPolicy(m, grants...)
}

// nothing is the policy of a role where the manifest grants nothing to roles.
const nothing = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}`

// bind returns out with a session policy in its form, which is signed as part
// of it, and what is known of that call.
func (p *particulars) bind(out *http.Request, policy string) (*http.Request, *particulars) {
	q := *p
	q.bound = true
	q.body = append(bytes.Clone(p.body), "&Policy="+url.QueryEscape(policy)...)
	sum := sha256.Sum256(q.body)
	q.payload = hex.EncodeToString(sum[:])
	bound := out.Clone(out.Context())
	if len(bound.Header.Values("X-Amz-Content-Sha256")) > 0 {
		bound.Header.Set("X-Amz-Content-Sha256", q.payload)
	}
	bound.Header.Del("Content-Md5") // of the other body
	bound.ContentLength, bound.TransferEncoding = int64(len(q.body)), nil
	bound.Body, bound.GetBody = io.NopCloser(bytes.NewReader(q.body)), nil
	return bound, &q
}

// packedTooLarge reports whether STS finds a policy too large that is within
// the limit of its text. It looks at the beginning of an error's body, and puts
// it back.
func packedTooLarge(resp *http.Response) bool {
	if resp.StatusCode != http.StatusBadRequest {
		return false
	}
	return errorCode(peek(resp)) == "PackedPolicyTooLarge"
}
