package sigv2

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/lambda-remit/remit/proxy/sigv4"
)

// Verify checks that s was made with c over r, from which it was read, and has
// not expired at now. bucket is the one that r's host names, in lower case; "" if
// the path names it. The errors are those of package sigv4: ErrMismatch,
// ErrExpired and ErrToken.
func (s *Signature) Verify(r *http.Request, c sigv4.Credentials, bucket string, now time.Time) error {
	if c.SecretAccessKey == "" {
		return errors.New("there is no secret access key to verify the signature with")
	}
	if s.AccessKeyID == "" || s.AccessKeyID != c.AccessKeyID {
		return fmt.Errorf("%w: it is another access key's", sigv4.ErrMismatch)
	}
	if now.After(s.Expires) {
		return fmt.Errorf("%w: it was good until %s, and it is %s now", sigv4.ErrExpired, s.Expires.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	}
	path, _, _ := strings.Cut(r.RequestURI, "?")
	forms := []string{path}
	if bucket == "" && strings.LastIndexByte(path, '/') == 0 && path != "/" {
		// The bucket itself: botocore sends "/BUCKET" and signs "/BUCKET/".
		forms = append(forms, path+"/")
	}
	match := false
	for _, form := range forms {
		text, err := s.stringToSign(r, bucket, form)
		if err != nil {
			return err
		}
		mac := hmac.New(sha1.New, []byte(c.SecretAccessKey))
		mac.Write(text)
		// Not decoded: base64 has more than one spelling of the same bytes.
		want := base64.StdEncoding.EncodeToString(mac.Sum(nil))
		match = match || subtle.ConstantTimeCompare([]byte(want), []byte(s.Value)) == 1
	}
	if !match {
		return sigv4.ErrMismatch
	}
	// After the signature, so that a token cannot be guessed at without it.
	if subtle.ConstantTimeCompare([]byte(s.Token), []byte(c.SessionToken)) != 1 {
		return sigv4.ErrToken
	}
	return nil
}

// stringToSign is what was signed, for path. (Amazon S3 User Guide, as above,
// "Constructing the CanonicalizedResource element" and what follows it.)
//
// Content-MD5 and Content-Type are those of the head. boto3 and the JavaScript
// SDK write them into the query as well, where S3 does not look for them: who
// presigned with one has to send it.
func (s *Signature) stringToSign(r *http.Request, bucket, path string) ([]byte, error) {
	md5, err := single(r.Header, "Content-Md5")
	if err != nil {
		return nil, err
	}
	media, err := single(r.Header, "Content-Type")
	if err != nil {
		return nil, err
	}
	b := make([]byte, 0, 256+len(r.RequestURI)+len(s.Token))
	for _, line := range [...]string{r.Method, md5, media, s.expires} {
		b = append(append(b, line...), '\n')
	}
	for _, name := range slices.Sorted(maps.Keys(s.headers)) {
		b = append(append(append(append(b, name...), ':'), s.headers[name]...), '\n')
	}
	if bucket != "" {
		b = append(append(b, '/'), bucket...)
	}
	b = append(b, path...) // as it stands, and not decoded
	separator := byte('?')
	for _, name := range slices.Sorted(maps.Keys(s.signed)) {
		b = append(append(b, separator), name...)
		if value := s.signed[name]; value != "" { // "uploads" is sent as "uploads=" by some, and signed alike
			b = append(append(b, '='), value...)
		}
		separator = '&'
	}
	return b, nil
}

// single returns the value of a header that may stand once, or "".
func single(h http.Header, name string) (string, error) {
	switch v := h[name]; len(v) {
	case 0:
		return "", nil
	case 1:
		return strings.Trim(v[0], " \t"), nil
	}
	return "", fmt.Errorf("header %s is doubled", name)
}

// isSigned reports whether a parameter is signed. S3's own list is as old as the
// version; the SDKs went on with theirs for as long as they signed by it, each to
// another end. This is all that they and the guide name. (botocore's HmacV1Auth,
// the JavaScript SDK's signers/s3.js, the Java SDK's RestUtils.)
func isSigned(name string) bool {
	switch name {
	case "acl", "lifecycle", "location", "logging", "notification", "partNumber", "policy", "requestPayment",
		"uploadId", "uploads", "versionId", "versioning", "versions", "website", "torrent", "delete",
		"accelerate", "analytics", "cors", "inventory", "metrics", "replication", "restore", "tagging",
		"response-cache-control", "response-content-disposition", "response-content-encoding",
		"response-content-language", "response-content-type", "response-expires",
		"defaultObjectAcl", "storageClass", "select", "select-type", "object-lock": // botocore alone
		return true
	}
	return false
}
