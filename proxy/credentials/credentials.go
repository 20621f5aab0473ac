// Package credentials hands the function credentials that only the proxy
// honours.
//
// An SDK that is told AWS_CONTAINER_CREDENTIALS_FULL_URI and a bearer token
// asks there for credentials; an [Issuer] answers. The credentials look like a
// role's temporary ones, and are random: AWS has never heard of them, so
// whoever reads them out of the function's memory or log holds nothing. They
// stay the same as long as the Issuer lives.
//
// Where a manifest exposes grants, the Issuer hands out credentials that AWS
// honours in their place: see [Issuer].Expose.
//
// Credentials that the function asks a cloud for later, another role's, come to
// it sealed by a [Sealer].
package credentials

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/lambda-remit/remit/proxy/sigv4"
)

// Path is where an [Issuer] answers.
const Path = "/credentials"

// KeyPrefix is what the access key ids of sealed credentials begin with. ASIA
// makes them a temporary key's to tools and people that look (AWS IAM User
// Guide, "IAM identifiers", unique identifiers); the rest is to be found in a
// log.
const KeyPrefix = "ASIAREMIT"

// life is how far ahead Expiration is, computed whenever it is asked for. SDKs
// ask again some minutes before it (botocore 15), and get the same credentials
// with a new date: a sandbox that was frozen for a day asks first.
const life = 12 * time.Hour

// An Issuer is a container credentials endpoint whose credentials are sealed, AWS
// does not know them, unless it exposes others. (AWS SDKs and Tools Reference Guide, "Container
// credential provider".) It prints without its token and credentials. Its
// fields must not change once it serves.
type Issuer struct {
	// Account returns the account that SDKs are told the credentials belong
	// to. If nil, or if it returns "", they are told none, which is what to
	// do unless they have to know: with an account, some of them turn to
	// hosts that have it in their name (123456789012.ddb.eu-west-1.amazonaws.com).
	Account func() string

	// Expose, if set, returns what is handed out in place of the sealed
	// credentials: such as AWS honours. The proxy honours them too, until they
	// expire. Its error is said to the SDK, with a status that SDKs retry on.
	Expose func(context.Context) (Exposed, error)

	exposed *handedOut

	now    func() time.Time
	token  *tokens
	sealed sigv4.Credentials
}

// New makes an issuer with one fresh set of credentials and one bearer token.
// A key's id is [KeyPrefix] with eleven random letters and digits, in all as
// long as AWS's; its secret has forty characters, as AWS's do.
func New() (*Issuer, error) {
	var random [7 + 30 + 48 + 32]byte
	if _, err := rand.Read(random[:]); err != nil {
		return nil, err
	}
	id, secret, session, bearer := random[:7], random[7:37], random[37:85], random[85:]
	return &Issuer{
		now:     time.Now,
		exposed: new(handedOut),
		token:   &tokens{all: []string{base64.RawURLEncoding.EncodeToString(bearer)}},
		sealed: sigv4.Credentials{
			AccessKeyID:     KeyPrefix + base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(id)[:11],
			SecretAccessKey: base64.StdEncoding.EncodeToString(secret),
			SessionToken:    base64.StdEncoding.EncodeToString(session),
		},
	}, nil
}

// Token is the bearer token that [Issuer.ServeHTTP] asks for, the newest of them.
func (i *Issuer) Token() string { return i.token.newest() }

// Own returns the sealed credentials themselves, for a process that does not ask
// for any. It is what i hands out, where it exposes none.
func (i *Issuer) Own() sigv4.Credentials { return i.sealed }

// Renew makes another bearer token. Those before stay good: a process holds one
// in its environment, where nobody can change it.
func (i *Issuer) Renew() error {
	var random [32]byte
	if _, err := rand.Read(random[:]); err != nil {
		return err
	}
	i.token.add(base64.RawURLEncoding.EncodeToString(random[:]))
	return nil
}

// Sealed returns the credentials that accessKeyID belongs to, of those that i
// hands out: the sealed ones, or exposed ones that have not expired.
func (i *Issuer) Sealed(accessKeyID string) (sigv4.Credentials, bool) {
	if accessKeyID == "" || subtle.ConstantTimeCompare([]byte(accessKeyID), []byte(i.sealed.AccessKeyID)) != 1 {
		return i.exposed.find(accessKeyID, i.now)
	}
	return i.sealed, true
}

// ServeHTTP answers GET /credentials to who sends the token, as it is, in the
// Authorization header. The Host has to be a loopback address or localhost,
// and a request with an Origin is refused: a page in a browser that had its
// own name resolved to loopback would send its name, and its origin.
func (i *Issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	switch {
	case !isLoopback(r.Host):
		refuse(w, http.StatusForbidden, "ForeignHost", "the Host header is not a loopback address")
	case len(r.Header["Origin"]) > 0:
		refuse(w, http.StatusForbidden, "ForeignOrigin", "browsers get no credentials")
	case r.URL.Path != Path || r.URL.RawPath != "" || r.URL.RawQuery != "" || r.URL.ForceQuery:
		refuse(w, http.StatusNotFound, "NotFound", "credentials are at "+Path)
	case r.Method != http.MethodGet:
		w.Header().Set("Allow", http.MethodGet)
		refuse(w, http.StatusMethodNotAllowed, "MethodNotAllowed", "credentials are asked for with GET")
	case !i.authorized(r.Header["Authorization"]):
		refuse(w, http.StatusForbidden, "InvalidToken", "the Authorization header is not the token of AWS_CONTAINER_AUTHORIZATION_TOKEN or of the file that AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE names")
	default:
		i.answer(w, r)
	}
}

func (i *Issuer) authorized(values []string) bool {
	// A zero Issuer has no token, and honours none.
	return len(values) == 1 && i.token.have(values[0])
}

func (i *Issuer) answer(w http.ResponseWriter, r *http.Request) {
	account := ""
	if i.Account != nil {
		account = i.Account()
	}
	given := Exposed{Credentials: i.sealed, Expires: i.now().Add(life)}
	if i.Expose != nil {
		exposed, err := i.Expose(r.Context())
		if err != nil {
			// Not the sealed ones: what they sign is worth nothing, and
			// nobody would know why.
			refuse(w, http.StatusServiceUnavailable, "ExposedCredentialsUnavailable", err.Error())
			return
		}
		i.exposed.add(exposed, i.now())
		given = exposed
	}
	write(w, http.StatusOK, struct {
		AccessKeyID     string `json:"AccessKeyId"`
		SecretAccessKey string
		Token           string
		Expiration      string
		AccountID       string `json:"AccountId,omitempty"`
	}{
		given.AccessKeyID, given.SecretAccessKey, given.SessionToken,
		given.Expires.UTC().Format(time.RFC3339), account,
	})
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	write(w, status, struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}{code, message})
}

func write(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic("credentials: internal error: " + err.Error()) // strings always marshal
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(status)
	w.Write(b)
}

// isLoopback reports whether a Host header names this machine: an address of
// loopback in its usual spelling, or localhost, with or without a port.
func isLoopback(host string) bool {
	if name, port, ok := strings.Cut(host, ":"); name == "localhost" {
		_, err := strconv.ParseUint(port, 10, 16)
		return !ok || err == nil
	}
	if ap, err := netip.ParseAddrPort(host); err == nil {
		return ap.Addr().IsLoopback()
	}
	if inner, ok := strings.CutPrefix(host, "["); ok {
		if host, ok = strings.CutSuffix(inner, "]"); !ok {
			return false
		}
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

// Format prints the access key's id, whatever the verb.
func (i Issuer) Format(f fmt.State, _ rune) { io.WriteString(f, "issuer of "+i.sealed.AccessKeyID) }

// MarshalText is what Format prints.
func (i Issuer) MarshalText() ([]byte, error) {
	return []byte("issuer of " + i.sealed.AccessKeyID), nil
}
