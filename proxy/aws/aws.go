// Package aws is the [proxy.Cloud] of Amazon Web Services: it reads, sends and
// denies its calls.
//
// What is known of one service is in one file, named for it: its hosts, its
// operations, the resources they touch, and the protocol it denies in. A call
// that no file knows is unread, and an unread call is not sent.
package aws

import (
	"errors"
	"net/http"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
	"github.com/lambda-remit/remit/proxy/mint"
	"github.com/lambda-remit/remit/proxy/sigv4"
)

// Cloud implements [proxy.Cloud]. Its fields must not change once it reads.
type Cloud struct {
	Sealed    func(accessKeyID string) (sigv4.Credentials, bool) // the keys that the function was given
	Base      sdk.CredentialsProvider                            // for calls under `unminted`, and observed ones
	Minter    *mint.Minter
	Transport http.RoundTripper
	Region    string           // the function's
	Account   func() string    // the function's; empty while it is not known
	Session   func() string    // the RoleSessionName to mint under
	Now       func() time.Time // nil: time.Now
}

var _ proxy.Cloud = (*Cloud)(nil)

// Claims reports whether host is under one of AWS's domains.
func Claims(host string) bool { return false }

// Domains are the domains that [Claims] claims, with all below them.
func Domains() []string { return nil }

// Read verifies r's signature and identifies the call: see [proxy.Cloud].
func (c *Cloud) Read(r *http.Request) (*proxy.Call, error) {
	return new(proxy.Call), errors.New("not written")
}

// Identify says what r asks for without verifying who signed it, or when.
// It is what `remit explain` shows; the proxy never sends what only Identify
// has seen.
func (c *Cloud) Identify(r *http.Request) (*proxy.Call, error) {
	return new(proxy.Call), errors.New("not written")
}

// Send mints, signs and sends: see [proxy.Cloud].
func (c *Cloud) Send(out *http.Request, call *proxy.Call, m *manifest.Manifest, d manifest.Decision) (*http.Response, proxy.Sent, error) {
	return nil, proxy.Sent{}, errors.New("not written")
}

// Deny answers in the protocol that the SDK spoke: see [proxy.Cloud].
func (c *Cloud) Deny(w http.ResponseWriter, r *http.Request, call *proxy.Call, denial proxy.Denial) {
	http.Error(w, string(denial.Reason), http.StatusForbidden)
}
