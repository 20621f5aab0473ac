package aws

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
	"github.com/lambda-remit/remit/proxy/credentials"
	"github.com/lambda-remit/remit/proxy/sigv4"
)

// maxIssued is how large an answer with credentials may be: STS's have two
// kilobytes, most of it the token.
const maxIssued = 64 << 10

// seal takes the credentials out of an answer that issues them, and puts sealed
// ones in their place. What it cannot read to the end it passes nothing of.
func (c *Cloud) seal(resp *http.Response, call *proxy.Call, p *particulars) error {
	if resp.StatusCode >= 300 || !p.issue.sealed() {
		return nil // an error: it has none
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxIssued+1))
	resp.Body.Close()
	if err != nil {
		return err // no answer: whoever asked may ask again
	}
	refuse := func(err error) error {
		return &proxy.Refusal{Reason: Unsealed, Text: "the answer should hold credentials to seal, and could not be read", Err: err}
	}
	encodings := resp.Header.Values("Content-Encoding")
	switch {
	case len(body) > maxIssued:
		return refuse(fmt.Errorf("it is larger than %d bytes", maxIssued))
	case resp.Uncompressed || len(encodings) > 0 && !slices.Equal(encodings, []string{"identity"}):
		return refuse(fmt.Errorf("its content-encoding is %.80q, which was not asked for", strings.Join(encodings, ", ")))
	}
	x, spans, err := p.issue.read(body)
	if err == nil {
		err = p.describe(&x, call, body)
	}
	if err != nil {
		return refuse(err)
	}
	local, err := c.sealer.Seal(x)
	if err != nil {
		return refuse(err)
	}
	body = replace(body, spans, local)
	// Where the same values stood in another place too, or in a header.
	for _, secret := range []string{x.Real.SecretAccessKey, x.Real.SessionToken} {
		if bytes.Contains(body, []byte(secret)) {
			return refuse(errors.New("the credentials stand in it twice"))
		}
		for _, values := range resp.Header {
			if slices.ContainsFunc(values, func(v string) bool { return strings.Contains(v, secret) }) {
				return refuse(errors.New("the credentials stand in a header"))
			}
		}
	}
	for _, name := range []string{"Content-Md5", "Digest", "X-Amz-Crc32", "Etag"} {
		resp.Header.Del(name) // of the body that it was
	}
	resp.Header.Set("Content-Length", strconv.Itoa(len(body)))
	resp.Header.Del("Transfer-Encoding")
	resp.ContentLength, resp.TransferEncoding, resp.Trailer = int64(len(body)), nil, nil
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return nil
}

// describe adds to a session what the call that asked for it tells.
func (p *particulars) describe(x *credentials.Session, call *proxy.Call, body []byte) error {
	x.Bound = p.bound
	if call.Service == "s3express" {
		// Who asked for it makes its calls; it is good for one bucket.
		x.Principal, x.Service, x.Resource = call.Principal, "s3express", call.Requests[0].Resource
		x.Account = accountOf(x.Resource)
		return nil
	}
	if call.Service != "sts" {
		// Neither Cognito nor single sign-on says whose role it gives out. The
		// account of the latter's stands in the call; without one, a call that
		// needs to know its account is denied.
		x.Principal = call.Service + ":" + call.Operation
		if call.Service == "awsssoportal" {
			x.Account = p.ssoAccount()
		}
		return nil
	}
	x.Principal = call.Requests[0].Resource
	x.Account = accountOf(x.Principal)
	// Who the answer says it is for. MinIO, in STS's place, says nothing.
	spans, err := xmlSpans(body)
	if err != nil {
		return err
	}
	arn, ok := "", false
	for _, s := range spans {
		if len(s.path) == 4 && s.path[2] == "AssumedRoleUser" && s.name() == "Arn" {
			if ok {
				return errors.New("the answer names two assumed roles")
			}
			arn, ok = s.text, true
		}
	}
	if arn != "" && !isSessionOf(arn, x.Principal) {
		return fmt.Errorf("the answer is for %.160q, and %.160q was asked for", arn, x.Principal)
	}
	return nil
}

// ssoAccount is the account that a call for a role's credentials names. (AWS IAM
// Identity Center Portal API Reference, GetRoleCredentials.)
func (p *particulars) ssoAccount() string {
	_, query, _ := strings.Cut(p.target, "?")
	params, err := parseForm(query)
	if err != nil || once(params) != nil {
		return ""
	}
	for _, q := range params {
		if q.name == "account_id" && isAccount(q.value) {
			return q.value
		}
	}
	return ""
}

// accountOf is the account in an ARN.
func accountOf(arn string) string {
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 && isAccount(parts[4]) {
		return parts[4]
	}
	return ""
}

// isSessionOf reports whether session, arn:P:sts::ACCOUNT:assumed-role/NAME/…,
// is one of role, arn:P:iam::ACCOUNT:role/PATH/NAME. (IAM User Guide, "IAM
// identifiers".)
func isSessionOf(session, role string) bool {
	s, r := strings.SplitN(session, ":", 6), strings.SplitN(role, ":", 6)
	if len(s) != 6 || len(r) != 6 || s[0] != r[0] || s[1] != r[1] || s[2] != "sts" || s[3] != r[3] || s[4] != r[4] {
		return false
	}
	name := strings.Split(s[5], "/")
	return len(name) == 3 && name[0] == "assumed-role" && name[1] == r[5][strings.LastIndex(r[5], "/")+1:]
}

// read finds the credentials in an answer, and where they stand in it: the id,
// the secret and the token, in this order.
func (i issue) read(body []byte) (x credentials.Session, spans [3]span, err error) {
	parse := jsonSpans
	if i.xml {
		parse = xmlSpans
	}
	values, err := parse(body)
	if err != nil {
		return x, spans, err
	}
	expires := ""
	found := make(map[string]bool)
	for _, v := range values {
		name := v.name()
		if name != i.id && name != i.secret && name != i.token && name != i.expires {
			continue
		}
		// One set, in its place: of two, the other would go unsealed.
		if !slices.Equal(v.path[:len(v.path)-1], i.at) || found[name] {
			return x, spans, fmt.Errorf("%q stands twice in it, or elsewhere than in %q", name, strings.Join(i.at, "."))
		}
		found[name] = true
		switch name {
		case i.id:
			spans[0], x.Real.AccessKeyID = v, v.text
		case i.secret:
			spans[1], x.Real.SecretAccessKey = v, v.text
		case i.token:
			spans[2], x.Real.SessionToken = v, v.text
		case i.expires:
			expires = v.text
		}
		if name != i.expires && (!i.xml && !v.quoted || !isPlain(v.text)) {
			return x, spans, fmt.Errorf("%q in it is empty, or has what no header could carry", name)
		}
	}
	if len(found) != 4 {
		return x, spans, fmt.Errorf("it lacks one of %q, %q, %q and %q in %q", i.id, i.secret, i.token, i.expires, strings.Join(i.at, "."))
	}
	x.Expires, err = i.clock.read(expires)
	return x, spans, err
}

// isPlain reports whether s is visible ASCII, and has nothing in it that XML or
// JSON would write in another way.
func isPlain(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`<>&"'\`, r) })
}

func (c clock) read(s string) (time.Time, error) {
	if c == clockText {
		t, err := time.Parse(time.RFC3339, strings.TrimSpace(s))
		return t, err
	}
	n, err := strconv.ParseFloat(s, 64)
	if c == clockMillis {
		n /= 1000
	}
	if err != nil || !(n > 0 && n < 1<<40) {
		return time.Time{}, fmt.Errorf("%.40q is no time", s)
	}
	return time.Unix(int64(n), 0), nil
}

// replace returns body with the sealed credentials where the others stood.
func replace(body []byte, spans [3]span, local sigv4.Credentials) []byte {
	type part struct {
		span
		text string
	}
	parts := []part{{spans[0], local.AccessKeyID}, {spans[1], local.SecretAccessKey}, {spans[2], local.SessionToken}}
	slices.SortFunc(parts, func(a, b part) int { return a.start - b.start })
	var out []byte
	at := 0
	for _, p := range parts {
		out = append(out, body[at:p.start]...)
		if p.quoted {
			p.text = `"` + p.text + `"`
		}
		out = append(out, p.text...)
		at = p.end
	}
	return append(out, body[at:]...)
}

// refusesIssue says of a call that issues credentials why it is not sent, where
// it is not.
func (p *particulars) refusesIssue(m *manifest.Manifest) error {
	if p.issue.refused == "" || m.Mode == manifest.Observe {
		return nil
	}
	return &proxy.Refusal{Reason: Unsealed, Text: "its answer would hold credentials that AWS honours, which are not sealed: " + p.issue.refused}
}
