// Package sigv4 verifies AWS Signature Version 4, in headers and in queries.
//
// It verifies what a client sent; it does not sign. (AWS General Reference,
// "Signature Version 4 signing process"; Amazon S3 API Reference,
// "Authenticating Requests".)
package sigv4

import (
	"errors"
	"net/http"
	"time"
)

// Credentials are an access key, with a session token if it is temporary.
type Credentials struct{ AccessKeyID, SecretAccessKey, SessionToken string }

// A Scope is what a signature is good for.
type Scope struct {
	Date            string // yyyymmdd
	Region, Service string
}

// A Signature is the signature that a request carries, read but not verified.
type Signature struct {
	AccessKeyID string
	Scope       Scope
	Time        time.Time     // X-Amz-Date
	Expires     time.Duration // of a query signature; zero in a header's
	Signed      []string      // header names, in lower case, in order
	Query       bool          // it stands in the query
	Payload     string        // the canonical request's last line as the request states it: a hash, UNSIGNED-PAYLOAD, a STREAMING- value; empty if it does not
	Token       string        // the session token
	Value       string        // hex
}

// The payload modes that are no hash. (Amazon S3 API Reference,
// "Authenticating Requests: Using the Authorization Header", x-amz-content-sha256.)
const (
	Unsigned               = "UNSIGNED-PAYLOAD"
	StreamingUnsigned      = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
	StreamingSigned        = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
	StreamingSignedTrailer = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
)

var (
	ErrUnsigned = errors.New("the request is not signed")
	ErrVersion  = errors.New("the request is signed with Signature Version 2")
	ErrMismatch = errors.New("the signature does not match")
	ErrExpired  = errors.New("the signature is too old or from the future")
	ErrToken    = errors.New("the session token is not the access key's")
	ErrPayload  = errors.New("the body is not the one that was signed")
)

// Read finds the signature of r, in its header or its query and in no more
// than one place. A request with two is an error, as is any part that is
// missing, doubled or malformed.
func Read(r *http.Request) (*Signature, error) { return nil, ErrUnsigned }

// Options say how a service canonicalises what it verifies.
type Options struct {
	S3   bool   // the path is signed as it stands: neither normalised nor encoded twice
	Body string // hex SHA-256 of the body, if it was buffered; required where Payload is empty
	Now  time.Time
}

// Verify checks that s was made over r with c. r is as net/http's server
// delivers it: its target is in r.RequestURI, its host in r.Host.
func (s *Signature) Verify(r *http.Request, c Credentials, o Options) error { return ErrMismatch }
