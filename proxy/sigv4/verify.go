package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Verify checks that s was made over r with c. r is as net/http's server
// delivers it: its target is in r.RequestURI, its host in r.Host.
//
// Every x-amz-* header has to be signed, as Amazon S3 demands: whoever adds
// one would change what the call means. The exceptions change nothing:
// X-Amz-Date and, in a header's signature, X-Amz-Content-Sha256 are signed
// with the request all the same; the session token is compared with c's, since
// some services want it added after signing; X-Amz-User-Agent is for
// statistics, and one SDK lists it among what it does not sign.
//
// The path of a service that is not S3 may be signed normalised, as the
// specification has it and botocore and the JavaScript SDK do, or as it
// stands, as the Go SDK does. A caller that decides by the path decides by
// what will be sent, and so by neither of the two forms but by r's.
func (s *Signature) Verify(r *http.Request, c Credentials, o Options) error {
	if c.SecretAccessKey == "" {
		return errors.New("there is no secret access key to verify the signature with")
	}
	if s.AccessKeyID == "" || s.AccessKeyID != c.AccessKeyID {
		return fmt.Errorf("%w: it is another access key's", ErrMismatch)
	}
	if err := s.checkTime(o.Now); err != nil {
		return err
	}
	payload, err := s.payload(o)
	if err != nil {
		return err
	}
	path, rawQuery, err := target(r.RequestURI)
	if err != nil {
		return err
	}
	if err := s.checkHeaders(r.Header); err != nil {
		return err
	}
	var pair pairKey // of version 4A; of version 4, given and key
	var given []byte
	var key [sha256.Size]byte
	kept := true
	if s.Asymmetric {
		if pair, err = o.Keys.pair(c); err != nil {
			return err
		}
	} else {
		if given, err = hex.DecodeString(s.Value); err != nil || len(given) != sha256.Size {
			return ErrMismatch
		}
		if key, kept = o.Keys.get(c.SecretAccessKey, s.Scope); !kept {
			key = signingKey(c.SecretAccessKey, s.Scope)
		}
	}
	buf := o.Keys.buffer()
	defer func() { o.Keys.back(buf) }()
	match := false
	for _, form := range s.forms(path, o.S3) {
		var err error
		if buf, err = s.appendCanonical(buf[:0], r, form, rawQuery, payload); err != nil {
			return err
		}
		hash := sha256.Sum256(buf)
		buf = s.appendStringToSign(buf[:0], hash)
		if s.Asymmetric {
			if match = pair.verify(buf, []byte(s.Value)); match {
				break
			}
			continue
		}
		mac := hmac.New(sha256.New, key[:])
		mac.Write(buf)
		var sum [sha256.Size]byte
		if hmac.Equal(mac.Sum(sum[:0]), given) {
			match = true
			break
		}
	}
	if !match {
		return ErrMismatch
	}
	if !kept {
		o.Keys.put(c.SecretAccessKey, s.Scope, key)
	}
	// After the signature, so that a token cannot be guessed at without it.
	if subtle.ConstantTimeCompare([]byte(s.Token), []byte(c.SessionToken)) != 1 {
		return ErrToken
	}
	if s.Chunked() {
		return ErrChunks
	}
	return nil
}

// checkTime holds a header's signature to fifteen minutes around now, and a
// query's to its own expiry.
func (s *Signature) checkTime(now time.Time) error {
	if now.IsZero() {
		now = time.Now()
	}
	last := s.Time.Add(Skew)
	if s.Query {
		last = s.Time.Add(s.Expires)
	}
	if now.Before(s.Time.Add(-Skew)) || now.After(last) {
		return fmt.Errorf("%w: it is of %s, and it is %s now", ErrExpired, s.Time.UTC().Format(basic), now.UTC().Format(basic))
	}
	return nil
}

// payload returns the canonical request's last line.
func (s *Signature) payload(o Options) (string, error) {
	switch {
	case s.Payload == "" && s.Query && o.S3:
		// Amazon S3 API Reference, "Authenticating Requests: Using Query
		// Parameters": a presigned URL does not know the payload.
		return Unsigned, nil
	case s.Payload == "":
		if !isHash(o.Body) {
			return "", fmt.Errorf("%w: it has to be read first, since the request does not state its hash", ErrPayload)
		}
		return o.Body, nil
	case isHash(s.Payload) && o.Body != "" && subtle.ConstantTimeCompare([]byte(s.Payload), []byte(o.Body)) != 1:
		return "", ErrPayload
	}
	return s.Payload, nil
}
