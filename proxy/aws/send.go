package aws

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/manifest/iam"
	"github.com/lambda-remit/remit/proxy"
	"github.com/lambda-remit/remit/proxy/mint"
	"github.com/lambda-remit/remit/proxy/sigv4"
)

// Send mints, signs and sends: see [proxy.Cloud].
func (c *Cloud) Send(out *http.Request, call *proxy.Call, m *manifest.Manifest, d manifest.Decision) (*http.Response, proxy.Sent, error) {
	p := call.Particulars.(*particulars)
	if !p.verified && !p.foreign && !p.anonymous {
		return nil, proxy.Sent{}, &proxy.Refusal{Reason: proxy.BadSignature, Text: "the call's signature was not verified"}
	}
	if err := p.refusesIssue(m); err != nil {
		return nil, proxy.Sent{}, err
	}
	if p.least {
		d = p.chooseMode(out, call, m, d)
	}
	if p.issue.sealed() {
		return c.sendIssuing(out, call, p, m, d)
	}
	resp, sent, err := c.deliver(out, call, p, m, d)
	if err == nil {
		c.learn(resp, call, p, m, d)
	}
	return resp, sent, err
}

// deliver sends out, and once more if the credentials for it were dropped, or if
// it was signed for another region than its bucket is in, which it did not say.
func (c *Cloud) deliver(out *http.Request, call *proxy.Call, p *particulars, m *manifest.Manifest, d manifest.Decision) (*http.Response, proxy.Sent, error) {
	header := out.Header
	if p.signature != nil && p.signature.Query {
		header = header.Clone() // to sign takes some of it into the query
	}
	resp, sent, err := c.send(out, call, p, m, d)
	if err == nil && p.verified && p.unplaced != "" && c.moves(resp, call, p, m, d) {
		resp.Body.Close()
		waited := sent.Mint
		resp, sent, err = c.send(again(out, header, p), call, p, m, d)
		sent.Mint += waited
		return resp, sent, err
	}
	if err != nil || sent.Width == "" || !stale(resp) {
		return resp, sent, err
	}
	// The credentials were dropped on the other side before they expired. The
	// next call gets new ones, or every call would fail until they do expire.
	c.Minter.Forget(sent.AccessKeyID)
	resp.Body.Close()
	if !p.replay {
		return nil, sent, &proxy.Refusal{Reason: proxy.Unminted, Retry: true, Text: "the service no longer honours the credentials that were minted for it, and its body is gone; try again under new ones"}
	}
	// Once more under new ones, and then it is the caller's answer.
	waited := sent.Mint
	resp, sent, err = c.send(again(out, header, p), call, p, m, d)
	sent.Mint += waited
	return resp, sent, err
}

// again returns out as it was before it was signed, with header.
func again(out *http.Request, header http.Header, p *particulars) *http.Request {
	r := out.Clone(out.Context())
	r.Header, r.Body, r.GetBody = header.Clone(), http.NoBody, nil
	if len(p.body) > 0 {
		r.Body = io.NopCloser(bytes.NewReader(p.body))
	}
	return r
}

// send signs out under credentials for this call, and sends it.
func (c *Cloud) send(out *http.Request, call *proxy.Call, p *particulars, m *manifest.Manifest, d manifest.Decision) (*http.Response, proxy.Sent, error) {
	if p.sendsBearer(m) {
		out.Header.Set("Authorization", "Bearer "+p.bearer.Real)
		return c.sendAsItCame(out, call, p, m, d)
	}
	if p.foreign || p.anonymous {
		return c.sendAsItCame(out, call, p, m, d)
	}
	creds, sent, err := c.authorize(out.Context(), call, p, m, d)
	if err != nil {
		return nil, sent, err
	}
	if err := c.sign(out, call, p, creds); err != nil {
		return nil, sent, &proxy.Refusal{Reason: proxy.Unminted, Text: "the call could not be signed", Err: err}
	}
	c.dial(out, call, m)
	// Nothing may touch out from here on: it is signed.
	resp, err := c.roundTrip(out, p)
	sent.AWSRequestID = requestID(resp)
	return resp, sent, spoilt(err)
}

// spoilt says of an error why the call is denied, if it was its own body that
// ended it: the upstream has then seen a connection break, and no end.
func spoilt(err error) error {
	if errors.Is(err, sigv4.ErrPayload) {
		return &proxy.Refusal{Reason: proxy.BadSignature, Text: "the body is not the one that was signed", Err: err}
	}
	return err
}

// authorize returns the credentials for a call: minted under a session policy
// of what d allowed, or the base credentials where the manifest says so or
// only observes; for a call under a role that the function assumed, that
// role's. Nothing else widens them.
func (c *Cloud) authorize(ctx context.Context, call *proxy.Call, p *particulars, m *manifest.Manifest, d manifest.Decision) (sdk.Credentials, proxy.Sent, error) {
	var sent proxy.Sent
	if !d.Allowed && m.Mode != manifest.Observe {
		return sdk.Credentials{}, sent, &proxy.Refusal{Reason: d.Reason, Text: "the call is not granted"}
	}
	if x := p.session; x != nil {
		sent.AccessKeyID = x.Real.AccessKeyID
		return sdk.Credentials{AccessKeyID: x.Real.AccessKeyID, SecretAccessKey: x.Real.SecretAccessKey, SessionToken: x.Real.SessionToken}, sent, nil
	}
	// Observing denies nothing, so granted calls too go on as they would without
	// Remit: a role that is not there yet must not break the function.
	if m.Mode == manifest.Observe || m.Credentials.Unminted {
		creds, err := c.Base.Retrieve(ctx)
		if err != nil {
			return creds, sent, &proxy.Refusal{Reason: proxy.Unminted, Retry: true, Text: "the base credentials could not be had", Err: err}
		}
		sent.AccessKeyID = creds.AccessKeyID
		return creds, sent, nil
	}
	width := widthOf(m, d)
	ask, got, err := c.ask(ctx, call, m, d, width)
	if err != nil {
		return sdk.Credentials{}, sent, err
	}
	var creds sdk.Credentials
	if width == manifest.WidthAdaptive && got == manifest.WidthCall {
		var narrow bool
		creds, narrow, sent.Mint, err = c.Minter.Narrow(ctx, ask, func() (mint.Ask, error) {
			wide, _, err := c.ask(ctx, call, m, d, manifest.WidthGrant)
			return wide, err
		})
		if !narrow {
			got = manifest.WidthGrant
		}
	} else {
		ask.Patient = got == manifest.WidthGrant
		creds, sent.Mint, err = c.Minter.Credentials(ctx, ask)
	}
	sent.Width = got
	if err != nil {
		return sdk.Credentials{}, sent, refused(err)
	}
	sent.AccessKeyID = creds.AccessKeyID
	return creds, sent, nil
}

// ask returns what STS is asked for a call with, and how wide that is: width,
// or the grants' where the call's own does not fit and width is not WidthCall.
func (c *Cloud) ask(ctx context.Context, call *proxy.Call, m *manifest.Manifest, d manifest.Decision, width manifest.Width) (mint.Ask, manifest.Width, error) {
	strict := width == manifest.WidthCall
	if width == manifest.WidthAdaptive {
		width = manifest.WidthCall
	}
	policy, got, err := c.policies.session(m, d, call.Requests, width)
	switch {
	case errors.Is(err, iam.ErrTooLarge), err == nil && strict && got != manifest.WidthCall:
		return mint.Ask{}, got, &proxy.Refusal{Reason: proxy.PolicyTooLarge, Text: "no session policy for this call fits into what STS takes; ask for fewer resources at once", Err: err}
	case err != nil:
		return mint.Ask{}, got, &proxy.Refusal{Reason: proxy.Unminted, Text: "no session policy could be written for this call", Err: err}
	}
	a, err := c.askFor(ctx, m, policy)
	if err != nil {
		err = refused(err)
	}
	return a, got, err
}

// askFor returns what STS is asked for a policy of m's with.
func (c *Cloud) askFor(ctx context.Context, m *manifest.Manifest, policy string) (a mint.Ask, err error) {
	role := m.Credentials.Role
	if role == manifest.Self {
		if role, err = c.Self(ctx); err != nil {
			return a, err
		}
	}
	return mint.Ask{
		Role:     role,
		Session:  c.Session(),
		Policy:   policy,
		Duration: m.Credentials.Duration,
		Tags:     m.Credentials.SessionTags,
	}, nil
}

// widthOf is how wide to mint: the narrowest that a used grant says. Where one
// says WidthCall, the call is never widened.
func widthOf(m *manifest.Manifest, d manifest.Decision) manifest.Width {
	width := manifest.WidthGrant
	for _, g := range d.Used() {
		switch grantWidth(m, g) {
		case manifest.WidthGrant:
		case manifest.WidthAdaptive:
			width = manifest.WidthAdaptive
		default: // nothing else is wider
			return manifest.WidthCall
		}
	}
	return width
}

// grantWidth is how wide g is minted: what it says, or else the manifest.
func grantWidth(m *manifest.Manifest, g *manifest.Grant) manifest.Width {
	return cmp.Or(g.Mint, m.Credentials.Mint, manifest.WidthAdaptive)
}

// refused says of an error of STS's why the call is denied.
func refused(err error) error {
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, mint.ErrThrottled):
		return &proxy.Refusal{Reason: proxy.Throttled, Retry: true, Text: "STS throttles the account", Err: err}
	case errors.Is(err, mint.ErrTooLarge):
		return &proxy.Refusal{Reason: proxy.PolicyTooLarge, Text: "STS finds the session policy too large", Err: err}
	case errors.Is(err, mint.ErrUnreachable):
		return &proxy.Refusal{Reason: proxy.Unminted, Retry: true, Text: "STS did not answer", Err: err}
	}
	return &proxy.Refusal{Reason: proxy.Unminted, Text: "STS refused credentials for this call", Err: err}
}

// dial points out at the address that the manifest names in place of AWS's.
// Host, which is signed, stays AWS's.
func (c *Cloud) dial(out *http.Request, call *proxy.Call, m *manifest.Manifest) {
	if p, _ := call.Particulars.(*particulars); p != nil && p.plane {
		return
	}
	if u := m.Upstreams[call.Service]; u != nil {
		out.URL.Scheme, out.URL.Host = u.Scheme, u.Host
	}
}

// stale reports whether resp says that the credentials are no longer honoured:
// AWS's ExpiredToken, and what MinIO and others say for it.
func stale(resp *http.Response) bool {
	if resp.StatusCode != http.StatusBadRequest && resp.StatusCode != http.StatusForbidden {
		return false
	}
	switch errorCode(peek(resp)) {
	case "ExpiredToken", "ExpiredTokenException", "InvalidAccessKeyId", "InvalidClientTokenId", "UnrecognizedClientException", "InvalidTokenId":
		return true
	}
	return false
}

// peek returns the beginning of an error's body, chunked as S3's are, and puts
// it back. It returns nothing of a body that breaks off.
func peek(resp *http.Response) []byte {
	body, err := io.ReadAll(io.LimitReader(resp.Body, 16<<10))
	rest := io.Reader(resp.Body)
	if err != nil {
		rest = broken{err}
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(body), rest), resp.Body}
	if err != nil {
		return nil
	}
	return body
}

// errorCode returns the code of an error in XML or JSON, or "". The rest of an
// error repeats what the caller wrote, his keys and names: with a key called
// "ExpiredToken", a caller without the right to it would have each of his calls
// minted for and sent twice.
func errorCode(body []byte) string {
	if _, after, ok := bytes.Cut(body, []byte("<Code>")); ok { // before all that is the caller's
		code, _, _ := bytes.Cut(after, []byte("<"))
		return string(bytes.TrimSpace(code))
	}
	var e struct {
		Type string `json:"__type"`
	}
	if json.Unmarshal(body, &e) != nil {
		return ""
	}
	return e.Type[strings.LastIndexByte(e.Type, '#')+1:] // com.amazon.coral.service#ExpiredTokenException
}

// broken is what is left of a body that could not be read.
type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

// requestID is AWS's own id of an answered call.
func requestID(resp *http.Response) string {
	if resp == nil {
		return ""
	}
	for _, name := range []string{"X-Amz-Request-Id", "X-Amzn-Requestid"} {
		if id := resp.Header.Get(name); id != "" {
			return id
		}
	}
	return ""
}
