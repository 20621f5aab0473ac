// Package sigv4 verifies AWS Signature Version 4 and 4A, in headers and in
// queries.
//
// It verifies what a client sent. It does not sign, but for what no library
// does: the chunks of a body that is on its way through, which are signed one
// by one, and requests of version 4A, by [Signature.Resign]. (AWS General
// Reference, "Signature Version 4 signing process"; Amazon S3 API Reference,
// "Authenticating Requests"; IAM User Guide, "AWS Signature Version 4 for API
// requests", which tells of 4A.)
//
// Version 4A is asymmetric, and good for a set of regions at once: its scope
// names none, and the set stands beside it, in X-Amz-Region-Set. The key pair
// is derived from the access key, so that whoever may verify may sign.
//
// A session of Amazon S3's with one directory bucket has a token of another name,
// X-Amz-S3session-Token, which takes the place of X-Amz-Security-Token in header
// and query. It is good for the service that signs as "s3express" alone. (Amazon
// S3 API Reference, CreateSession.)
//
// Most callers [Read] the signature of a request, look up the credentials of
// its access key, and [Signature.Verify] it. A request is read from where
// net/http's server leaves it: the target byte for byte in RequestURI, the
// host in Host, and the length in ContentLength; none of these three is taken
// from Header, where the server does not leave them.
//
// Verifying proves who signed the request line and the signed headers. It
// says nothing about headers that were not signed, but for x-amz-*, all of
// which have to be, and nothing about a body whose hash is not in Payload. A
// body that carries signatures of its own is read through [Signature.Chunks] or
// [Signature.Events].
package sigv4

import (
	"errors"
	"time"
)

// Credentials are an access key, with a session token if it is temporary.
// They print, and marshal to text, as the access key's id alone.
type Credentials struct{ AccessKeyID, SecretAccessKey, SessionToken string }

// A Scope is what a signature is good for.
type Scope struct {
	Date            string // yyyymmdd
	Region, Service string // Region is empty in version 4A
}

// A Signature is the signature that a request carries, read but not verified.
// It prints, and marshals to text, without its Token and Value.
type Signature struct {
	AccessKeyID string
	Scope       Scope
	Time        time.Time     // X-Amz-Date
	Expires     time.Duration // of a query signature; zero in a header's
	Signed      []string      // header names, in lower case, in order
	Query       bool          // it stands in the query
	Asymmetric  bool          // it is of version 4A
	Regions     []string      // of version 4A alone: those that it is good for, as X-Amz-Region-Set has them, or "*" for any
	Payload     string        // the canonical request's last line as the request states it: a hash, UNSIGNED-PAYLOAD, a STREAMING- value; empty if it does not
	Token       string        // the session token
	Express     bool          // Token is that of a session with one directory bucket, and stands in X-Amz-S3session-Token
	Value       string        // hex
}

// The payload modes that are no hash. (Amazon S3 API Reference,
// "Authenticating Requests: Using the Authorization Header", x-amz-content-sha256.)
const (
	Unsigned               = "UNSIGNED-PAYLOAD"
	StreamingUnsigned      = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
	StreamingSigned        = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
	StreamingSignedTrailer = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
	StreamingEvents        = "STREAMING-AWS4-HMAC-SHA256-EVENTS"

	// Of version 4A.
	StreamingAsymmetric        = "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"
	StreamingAsymmetricTrailer = "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER"
)

// What the errors of [Read] and [Signature.Verify] are, by errors.Is. An error
// of Read that is none of these says what is malformed.
var (
	ErrUnsigned = errors.New("the request is not signed")
	ErrVersion  = errors.New("the request is signed with Signature Version 2")
	ErrMismatch = errors.New("the signature does not match")
	ErrExpired  = errors.New("the signature is too old or from the future")
	ErrToken    = errors.New("the session token is not the access key's")
	ErrPayload  = errors.New("the body is not the one that was signed")
	ErrChunks   = errors.New("the body is signed chunk by chunk, and is still to be verified")
)

// Options say how a service canonicalises what it verifies.
type Options struct {
	S3   bool      // the path is signed as it stands: neither normalised nor encoded twice
	Body string    // hex SHA-256 of the body, if it was buffered; required where Payload is empty
	Now  time.Time // zero: time.Now
	Keys *Keys     // where derived keys are kept; nil: they are derived anew

	// Of Chunks and Events alone:
	Buffers *Buffers            // where what chunks were held in is kept; nil: nowhere
	Hold    func(n int64) error // asked before n bytes more of a chunk are held, and told by a negative n when they are not; nil: no bound but MaxChunk and MaxEvent
	Clock   func() time.Time    // dates events; nil: time.Now
}

// Chunked reports whether the body of the request carries signatures of its
// own, which have to be verified as it is read: see [Signature.Chunks], and
// [Signature.Events] for an event stream's. [Signature.Verify] verifies only
// what precedes the body of such a request, and then returns [ErrChunks], so
// that a caller that does not ask refuses it.
func (s *Signature) Chunked() bool {
	switch s.Payload {
	case StreamingSigned, StreamingSignedTrailer, StreamingAsymmetric, StreamingAsymmetricTrailer, StreamingEvents:
		return true
	}
	return false
}

// Skew is how far a signature's time may be from the verifier's, either way.
// (AWS General Reference, "Signature Version 4 signing process": within
// fifteen minutes.)
const Skew = 15 * time.Minute
