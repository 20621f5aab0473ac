// Package credentials hands the function credentials that only the proxy
// honours.
package credentials

import (
	"net/http"

	"github.com/lambda-remit/remit/proxy/sigv4"
)

// An Issuer is a container credentials endpoint whose credentials are sealed:
// AWS does not know them. (AWS SDKs and Tools Reference Guide, "Container
// credential provider".)
type Issuer struct{}

// New makes an issuer with one fresh set of credentials and one bearer token.
func New() (*Issuer, error) { return new(Issuer), nil }

// Token is the bearer token that [Issuer.ServeHTTP] asks for.
func (i *Issuer) Token() string { return "" }

// Sealed returns the credentials that accessKeyID belongs to.
func (i *Issuer) Sealed(accessKeyID string) (sigv4.Credentials, bool) {
	return sigv4.Credentials{}, false
}

// ServeHTTP answers GET /credentials.
func (i *Issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }
