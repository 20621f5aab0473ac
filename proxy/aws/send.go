package aws

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

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

// deliver sends out, and once more if the credentials for it were dropped.
func (c *Cloud) deliver(out *http.Request, call *proxy.Call, p *particulars, m *manifest.Manifest, d manifest.Decision) (*http.Response, proxy.Sent, error) {
	resp, sent, err := c.send(out, call, p, m, d)
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
	again := out.Clone(out.Context())
	again.Body, again.GetBody = http.NoBody, nil
	if len(p.body) > 0 {
		again.Body = io.NopCloser(bytes.NewReader(p.body))
	}
	resp, sent, err = c.send(again, call, p, m, d)
	sent.Mint += waited
	return resp, sent, err
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

// sign replaces the signature on out by one under creds, in the place where
// the caller's stood.
func (c *Cloud) sign(out *http.Request, call *proxy.Call, p *particulars, creds sdk.Credentials) error {
	path, query, _ := strings.Cut(p.target, "?")
	for _, name := range []string{"Authorization", "X-Amz-Date", "X-Amz-Security-Token", expressToken} {
		out.Header.Del(name)
	}
	host := call.Upstream.Host
	out.Host = host
	if call.WebSocket {
		// Who stands before an API rewrites the handshake: only what is AWS's is
		// signed of it.
		rest := handshake(out.Header)
		defer maps.Copy(out.Header, rest)
	}
	if p.signature.Asymmetric {
		return c.signAsymmetric(out, p, creds)
	}
	// The token of a session with a directory bucket has a name of its own, which
	// the signer does not know: to it, it is a header, or a parameter, like others.
	express := ""
	if p.signature.Express {
		express, creds.SessionToken = creds.SessionToken, ""
		if !p.signature.Query {
			out.Header.Set(expressToken, express)
		}
	}
	signer := c.signer(p.service.s3)
	// The signer writes into the header that leaves, and into a URL of its own.
	signed := *out
	signed.Body = nil // it has no business with it
	now := c.now()
	// S3 decodes a path and encodes it anew, but for slashes: Java's SDK encodes
	// the second of two.
	slashes := path
	if p.service.s3 {
		slashes = strings.ReplaceAll(path, "%2F", "/")
	}

	if p.signature.Query {
		query = unsigned(query)
		if e := p.signature.Expires; e > 0 {
			query += fmt.Sprintf("&X-Amz-Expires=%d", int(e/time.Second))
		}
		if express != "" {
			query += "&" + expressToken + "=" + url.QueryEscape(express)
		}
		signed.URL = &url.URL{Scheme: "https", Host: host, Opaque: "//" + host + slashes, RawQuery: strings.TrimPrefix(query, "&")}
		presigned, header, err := signer.PresignHTTP(out.Context(), creds, &signed, p.payload, p.signature.Scope.Service, call.Region, now)
		if err != nil {
			return err
		}
		u, err := url.Parse(presigned)
		if err != nil {
			return err
		}
		// The signer moves x-amz- headers into the query.
		for name := range out.Header {
			if strings.HasPrefix(name, "X-Amz-") {
				out.Header.Del(name)
			}
		}
		for name, values := range header {
			if name != "Host" {
				out.Header[name] = values
			}
		}
		out.URL = target(host, path, u.RawQuery)
		return nil
	}
	signed.URL = &url.URL{Scheme: "https", Host: host, Opaque: "//" + host + slashes, RawQuery: query}
	if p.payload == sigv4.StreamingEvents {
		out.Header.Set("X-Amz-Content-Sha256", p.payload) // the Rust SDK leaves it out
	}
	if err := signer.SignHTTP(out.Context(), creds, &signed, p.payload, p.signature.Scope.Service, call.Region, now); err != nil {
		return err
	}
	// The signer sorts the query to sign it; what is sent is what came.
	out.URL = target(host, path, query)
	if p.signature.Chunked() {
		return c.signChunks(out, p, creds)
	}
	return nil
}

// signChunks has the body of out verified chunk by chunk as it is sent, or event
// by event, and each signed anew: the first over the signature that out has now,
// as it came over the one that out had. All else of the body stays, and its
// length.
func (c *Cloud) signChunks(out *http.Request, p *particulars, creds sdk.Credentials) error {
	seed, err := sigv4.Read(&http.Request{RequestURI: "/", Header: out.Header})
	if err != nil {
		return err
	}
	o := sigv4.Options{Keys: &c.keys, Buffers: &c.chunks, Hold: c.room.take, Clock: c.now}
	var body interface {
		io.ReadCloser
		SignAnew(seed *sigv4.Signature, cr sigv4.Credentials) error
	}
	if p.signature.Payload == sigv4.StreamingEvents {
		body, err = p.signature.Events(out, p.sealed, o)
	} else {
		body, err = p.signature.Chunks(out, p.sealed, o)
	}
	if err != nil {
		return err
	}
	out.Body, out.GetBody = body, nil
	return body.SignAnew(seed, sigv4.Credentials{AccessKeyID: creds.AccessKeyID, SecretAccessKey: creds.SecretAccessKey})
}

// signer returns the signer for a service: S3's paths are signed as they stand.
func (c *Cloud) signer(s3 bool) *v4.Signer {
	c.signers.once.Do(func() {
		c.signers.s3 = v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
		c.signers.other = v4.NewSigner()
	})
	if s3 {
		return c.signers.s3
	}
	return c.signers.other
}

// target is a URL that net/http writes as path and query, byte for byte. A
// path that begins with two slashes would be taken for a host, so that one is
// written in absolute form. (RFC 9112, section 3.2.2.)
func target(host, path, query string) *url.URL {
	u := &url.URL{Scheme: "https", Host: host, Opaque: path, RawQuery: query}
	if strings.HasPrefix(path, "//") {
		u.Opaque = "//" + host + path
	}
	return u
}

// unsigned returns a presigned query without its signature.
func unsigned(query string) string {
	var kept []string
	for part := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(part, "=")
		if n, err := url.QueryUnescape(name); err == nil {
			switch n {
			case "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Signature", "X-Amz-Security-Token", expressToken:
				continue
			}
		}
		kept = append(kept, part)
	}
	return strings.Join(kept, "&")
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
