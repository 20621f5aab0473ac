// Package sigv2 verifies URLs of Amazon S3 that are presigned by AWS Signature
// Version 2.
//
// boto3, the AWS CLI and version 2 of the SDK for JavaScript presign so unless
// they are told not to, in the regions that S3 had before 2014. (Amazon S3 User
// Guide, "Signing and authenticating REST requests (AWS signature version 2)",
// "Query string request authentication alternative".) Nothing else of version 2
// is read: neither its Authorization header, nor the forms that browsers upload
// with, nor what other services had by that name.
//
// Most callers [Read] the signature of a request, look up the credentials of its
// access key, [Signature.Verify] it, and go on with [Signature.Rest] in place of
// the query.
//
// Version 2 signs less than version 4: the method, the bucket and the path, the
// x-amz-* headers, Content-MD5 and Content-Type, the parameters that name a
// subresource or a header of the answer, and the time at which it expires. It
// signs neither the host nor a region, nor any other parameter, nor the body.
// Verifying says nothing of those, and a caller decides by them as they stand.
// Nor are two signed parameters always told from one whose value has an
// ampersand, since values are signed decoded: who can sign the one can have the
// other.
package sigv2

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// A Signature is the signature that a URL carries, read but not verified. It
// prints, and marshals to text, without its Token and Value.
type Signature struct {
	AccessKeyID string
	Expires     time.Time
	Token       string // the session token, from the query or a header
	Value       string // the HMAC, in base64
	Rest        string // the query without what is the signature's, byte for byte

	expires string            // as it is signed
	headers map[string]string // x-amz-*, wherever they stand, by name in lower case
	signed  map[string]string // the parameters that are signed, by name
}

// A parameter is one of a query, decoded.
type parameter struct{ name, value string }

// ErrUnread is, by errors.Is, what Read says of a request that is signed by
// version 2 as no URL of S3's is.
var ErrUnread = errors.New("only URLs of Amazon S3 are read that are presigned by Signature Version 2")

// Read finds the signature in r's query. It is an error if a part of it is
// missing, doubled, malformed or not spelled as AWS spells it, and if there is
// any part of another signature, or of another version's, in query or header.
//
// An x-amz-* header may stand in the query, where boto3 and the JavaScript SDK
// move it, in the head, or, with the same value, in both; then it is not in Rest.
func Read(r *http.Request) (*Signature, error) {
	if len(r.Header["Authorization"]) > 0 {
		return nil, fmt.Errorf("%w, and not with an Authorization header", ErrUnread)
	}
	_, rawQuery, _ := strings.Cut(r.RequestURI, "?")
	switch {
	case !strings.HasPrefix(r.RequestURI, "/"):
		return nil, fmt.Errorf("target %.80q does not begin with a slash", r.RequestURI)
	case strings.Contains(rawQuery, "#"):
		return nil, errors.New("the query has a fragment")
	}
	s := &Signature{headers: make(map[string]string), signed: make(map[string]string)}
	if err := s.readHeaders(r.Header); err != nil {
		return nil, err
	}
	if err := s.readQuery(rawQuery); err != nil {
		return nil, err
	}
	for _, f := range s.fields() {
		if *f.value == "" {
			return nil, fmt.Errorf("%s is missing from the query or empty", f.name)
		}
	}
	n, err := strconv.ParseInt(s.expires, 10, 64)
	if err != nil || len(s.expires) > maxExpires || s.expires[0] < '1' || s.expires[0] > '9' {
		// 13 digits are milliseconds, and a signed URL that is good for millennia.
		return nil, fmt.Errorf("parameter Expires %.40q is not a time in seconds since 1970, of at most %d digits", s.expires, maxExpires)
	}
	if !isKey(s.AccessKeyID) {
		return nil, fmt.Errorf("AWSAccessKeyId %.160q is malformed", s.AccessKeyID)
	}
	s.Expires, s.Token = time.Unix(n, 0), s.headers[token]
	return s, nil
}

// maxExpires is how many digits a time may have. Ten last until the year 2286,
// and programs do presign for ten years.
const maxExpires = 10

const token = "x-amz-security-token"

// A field is a parameter of the signature's own.
type field struct {
	name  string
	value *string
}

func (s *Signature) fields() [3]field {
	return [...]field{{"AWSAccessKeyId", &s.AccessKeyID}, {"Signature", &s.Value}, {"Expires", &s.expires}}
}

func (s *Signature) readHeaders(h http.Header) error {
	for name, values := range h {
		if !isAmz(name) {
			continue
		}
		lower := strings.ToLower(name)
		if err := refused(lower); err != nil {
			return err
		}
		trimmed := make([]string, len(values))
		for i, v := range values {
			trimmed[i] = strings.Trim(v, " \t")
		}
		s.headers[lower] = strings.Join(trimmed, ",")
	}
	return nil
}

func (s *Signature) readQuery(rawQuery string) error {
	var rest []string
	inHead := make(map[string]bool, len(s.headers))
	for name := range s.headers {
		inHead[name] = true
	}
	seen := make(map[string]bool)
	for raw := range strings.SplitSeq(rawQuery, "&") {
		if raw == "" {
			continue
		}
		p, err := read(raw)
		if err != nil {
			return err
		}
		if seen[p.name] {
			return fmt.Errorf("query parameter %.80q is doubled", p.name)
		}
		seen[p.name] = true
		if own, err := s.own(p); err != nil {
			return err
		} else if own {
			continue
		}
		if isAmz(p.name) {
			lower := strings.ToLower(p.name)
			if err := refused(lower); err != nil {
				return err
			}
			value := strings.Trim(p.value, " \t")
			before, there := s.headers[lower]
			switch {
			case there && !inHead[lower]:
				return fmt.Errorf("query parameter %.80q is doubled", p.name)
			case there && before != value:
				// The value is not quoted: it may be a session token.
				return fmt.Errorf("%.80q is in the query and in a header, and not the same; send it once", p.name)
			}
			s.headers[lower] = value
			if lower == token || there {
				continue
			}
		} else if isSigned(p.name) {
			s.signed[p.name] = p.value
		}
		rest = append(rest, raw)
	}
	s.Rest = strings.Join(rest, "&")
	return nil
}

// own reports whether p is the signature's own parameter, and takes it.
func (s *Signature) own(p parameter) (bool, error) {
	for _, f := range s.fields() {
		if !strings.EqualFold(p.name, f.name) {
			continue
		}
		if p.name != f.name {
			// Nobody knows which of two spellings S3 would take.
			return false, fmt.Errorf("query parameter %q is not spelled as AWS spells it", p.name)
		}
		*f.value = p.value
		return true, nil
	}
	for _, name := range [...]string{"SignatureVersion", "SignatureMethod", "SecurityToken"} {
		if strings.EqualFold(p.name, name) {
			return false, fmt.Errorf("%w, and those have no parameter %s", ErrUnread, name)
		}
	}
	return false, nil
}

// read decodes a parameter. A plus is an error: it is a space to some that read a
// query and a plus to others, and every SDK writes %20 or %2B. So is a control
// character, which could end the line in what is signed.
func read(raw string) (parameter, error) {
	rawName, rawValue, _ := strings.Cut(raw, "=")
	name, err := decode(rawName)
	if err != nil {
		return parameter{}, fmt.Errorf("name of query parameter %.80q has %w", rawName, err)
	}
	value, err := decode(rawValue)
	if err != nil {
		// The value is not quoted: it may be somebody's session token.
		return parameter{}, fmt.Errorf("value of query parameter %.80q has %w", rawName, err)
	}
	return parameter{name, value}, nil
}

func decode(s string) (string, error) {
	if strings.Contains(s, "+") {
		return "", errors.New("a bare plus; write %20 for a space and %2B for a plus")
	}
	plain, err := url.PathUnescape(s)
	if err != nil {
		return "", errors.New("a malformed percent-escape")
	}
	for i := range len(plain) {
		if plain[i] < ' ' || plain[i] == 0x7f {
			return "", errors.New("a control character")
		}
	}
	return plain, nil
}

// isAmz reports whether name is that of an x-amz-* header.
func isAmz(name string) bool { return len(name) > 6 && strings.EqualFold(name[:6], "x-amz-") }

// refused says what is wrong with an x-amz-* header, or a parameter that stands
// for one, in a request that is signed by version 2: those that belong to another
// signature, or say by that what the body is.
func refused(lower string) error {
	switch lower {
	case "x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-expires", "x-amz-signedheaders", "x-amz-signature",
		"x-amz-region-set", "x-amz-s3session-token", "x-amz-content-sha256":
		return fmt.Errorf("%s has no place in a request that is signed by Signature Version 2", lower)
	}
	for i := range len(lower) {
		if c := lower[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return fmt.Errorf("%.80q is not a header's name", lower)
		}
	}
	return nil
}

// isKey reports whether s has the form of an access key's id. (AWS STS API
// Reference, "Credentials": "^[\w]*$", 16 to 128 characters; other S3 servers
// take shorter ones and a hyphen.)
func isKey(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-') {
			return false
		}
	}
	return s != "" && len(s) <= 128
}

// Format prints who signed, and until when, whatever the verb.
func (s Signature) Format(f fmt.State, _ rune) { io.WriteString(f, s.text()) }

// MarshalText is what Format prints.
func (s Signature) MarshalText() ([]byte, error) { return []byte(s.text()), nil }

func (s Signature) text() string {
	return "signature of " + s.AccessKeyID + " by version 2 until " + s.Expires.UTC().Format(time.RFC3339)
}
