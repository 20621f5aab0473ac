package aws

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/manifest/iam"
	"github.com/lambda-remit/remit/proxy"
)

// sendIssuing sends a call that credentials come back for, and seals them.
//
// What a role may do that the function assumes, its owner has said, who need not
// know the manifest. So that AWS holds such calls to it as it does the others, the
// manifest goes with the call: as its session policy, where it has none; where it
// has one, or names some, as denials of what the manifest does not grant beside
// what the caller's own allow. See [Cloud.along]. Where the manifest's grants are
// too long for a session policy the call is refused: a role would be wider because
// the manifest is longer. Beside a policy of the caller's, which is narrower than
// none, there may be no room for the manifest, or no words: then the decision alone
// bounds those credentials, and takes nothing to hold that only AWS sees: see
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
	policies, err := c.along(out.Method, call, p, m)
	if err != nil {
		return nil, proxy.Sent{}, err
	}
	for _, policy := range policies {
		bound, q := p.bind(out, policy)
		resp, sent, err := c.deliver(bound, call, q, m, d)
		if err != nil {
			return nil, sent, err
		}
		if !packedTooLarge(resp) {
			return c.sealed(resp, sent, call, q)
		}
		resp.Body.Close()
		if !policy.beside {
			// Without it the role would be wider because something failed.
			return nil, sent, &proxy.Refusal{Reason: proxy.PolicyTooLarge, Text: "STS finds the manifest's grants too large for the role's session policy; give the call a Policy of its own"}
		}
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

// An along is a session policy that goes with a call which assumes a role.
type along struct {
	text   string
	whole  bool // it denies whatever the manifest does not grant
	beside bool // it has the caller's own in it, or stands beside it
}

// along returns the policies that go with a call which assumes a role, the best
// first: each where the one before is too large for STS. None, if the call is to go
// as it came.
func (c *Cloud) along(method string, call *proxy.Call, p *particulars, m *manifest.Manifest) ([]along, error) {
	if call.Service != "sts" || p.foreign || !p.replay || m.Mode == manifest.Observe {
		return nil, nil
	}
	own, named, err := p.policies(method)
	if err != nil {
		return nil, err
	}
	if own != "" || named {
		return beside(own, iam.Beyond(m)), nil
	}
	grants := slices.DeleteFunc(slices.Clone(m.Grants), func(g *manifest.Grant) bool { return g.Anonymous || !iam.Writes(m, g) })
	if len(grants) == 0 {
		return []along{{text: nothing, whole: true}}, nil
	}
	text, err := iam.GrantPolicy(m, grants...)
	if err != nil {
		return nil, &proxy.Refusal{Reason: proxy.PolicyTooLarge, Text: "the manifest's grants are too long for the role's session policy; give the call a Policy of its own, which then goes along beside what of the manifest there is room for", Err: err}
	}
	return []along{{text: text, whole: true}}, nil
}

// nothing is the policy of a role where the manifest grants nothing to roles.
const nothing = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}`

// policies returns the session policy that a call has, and whether it names others
// by their ARNs.
func (p *particulars) policies(method string) (own string, named bool, err error) {
	params, err := parseForm(p.form(method))
	if err != nil {
		return "", false, err
	}
	for _, q := range params {
		switch name := fold(q.name); {
		case q.name == "Policy":
			own = q.value
		case strings.HasPrefix(q.name, "PolicyArns."):
			named = true
		case name == "policy", strings.HasPrefix(name, "policyarns"):
			// To who does not care for case it is one, to STS perhaps none.
			return "", false, &proxy.Refusal{Reason: proxy.Unread, Text: fmt.Sprintf("parameter %.40q is spelled \"Policy\" or \"PolicyArns.member.1.arn\"", q.name)}
		}
	}
	return own, named, nil
}

// form is where the parameters of a call in the query protocol stand, which was
// read: in its body, or, of a GET, in its query.
func (p *particulars) form(method string) string {
	if method == http.MethodGet {
		_, query, _ := strings.Cut(p.target, "?")
		return query
	}
	return string(p.body)
}

// beside returns what goes along with a caller's own session policy, or with those
// that the call names: his own statements, if there are some, and denials of the
// rest. A policy that is not well-formed goes as it came, for STS to refuse.
func beside(own string, texts []iam.Rest) (all []along) {
	for _, rest := range texts {
		text, ok := own, own != "" && rest.Whole
		if rest.Text != "" {
			text, ok = joined(own, rest.Text)
		}
		if ok && utf8.RuneCountInString(text) <= iam.MaxSession {
			all = append(all, along{text: text, whole: rest.Whole, beside: true})
		}
	}
	return all
}

// joined returns policy, which may be empty, with more statements: see [iam.Rest].
func joined(policy, more string) (string, bool) {
	if policy == "" {
		return `{"Version":"2012-10-17","Statement":[` + more + "]}", true
	}
	// Of two members of one name STS might take the other.
	if _, err := parseJSON([]byte(policy)); err != nil {
		return "", false
	}
	var members map[string]json.RawMessage
	if json.Unmarshal([]byte(policy), &members) != nil {
		return "", false
	}
	for name := range members {
		if name != "Version" && name != "Id" && name != "Statement" {
			return "", false
		}
	}
	var version string
	json.Unmarshal(members["Version"], &version)
	var theirs bytes.Buffer
	if json.Compact(&theirs, members["Statement"]) != nil {
		return "", false
	}
	statements := theirs.String()
	switch {
	case version != "2012-10-17" && strings.Contains(more, "${"): // which has no meaning in the older language
		return "", false
	case strings.HasPrefix(statements, "[{"):
		statements = statements[1 : len(statements)-1]
	case !strings.HasPrefix(statements, "{"):
		return "", false
	}
	text := "{"
	for _, name := range []string{"Version", "Id"} {
		if v, ok := members[name]; ok {
			text += `"` + name + `":` + string(v) + ","
		}
	}
	return text + `"Statement":[` + statements + "," + more + "]}", true
}

// bind returns out with a session policy among its parameters, in the place of the
// caller's own, which is signed as part of it; and what is known of that call.
func (p *particulars) bind(out *http.Request, policy along) (*http.Request, *particulars) {
	q := *p
	q.bound = policy.whole
	params := withPolicy(p.form(out.Method), policy.text)
	bound := out.Clone(out.Context())
	if out.Method == http.MethodGet {
		path, _, _ := strings.Cut(p.target, "?")
		q.target = path + "?" + params
		return bound, &q
	}
	q.body = []byte(params)
	sum := sha256.Sum256(q.body)
	q.payload = hex.EncodeToString(sum[:])
	if len(bound.Header.Values("X-Amz-Content-Sha256")) > 0 {
		bound.Header.Set("X-Amz-Content-Sha256", q.payload)
	}
	bound.Header.Del("Content-Md5") // of the other body
	bound.ContentLength, bound.TransferEncoding = int64(len(q.body)), nil
	bound.Body, bound.GetBody = io.NopCloser(bytes.NewReader(q.body)), nil
	return bound, &q
}

// withPolicy returns a form with a Policy, and no other.
func withPolicy(form, policy string) string {
	var kept []string
	for part := range strings.SplitSeq(form, "&") {
		name, _, _ := strings.Cut(part, "=")
		if n, err := url.QueryUnescape(name); part == "" || err == nil && n == "Policy" {
			continue
		}
		kept = append(kept, part)
	}
	// In a query, a plus is not a space to everybody.
	return strings.Join(append(kept, "Policy="+strings.ReplaceAll(url.QueryEscape(policy), "+", "%20")), "&")
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
