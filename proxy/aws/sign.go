package aws

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/lambda-remit/remit/proxy"
	"github.com/lambda-remit/remit/proxy/sigv4"
)

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
