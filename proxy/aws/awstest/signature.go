package awstest

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
)

// A Signature is one in a header, of Signature Version 4, that was found right.
type Signature struct {
	AccessKeyID, Region, Service string
	Credentials                  sdk.Credentials // that made it
	Value                        []byte
	Payload                      string // x-amz-content-sha256: what the signature says of the body
}

// CheckSignature holds r, with its whole body, to its signature: keys returns
// the credentials of an access key. The body of a stream of events is signed
// piece by piece; body is nil for one.
//
// Every header that is signed may be any header: SDKs differ in what they sign,
// and AWS's own signer for Go, which [STS] signs with again, leaves out some
// that others have in. (IAM User Guide, "Create a signed AWS API request".)
func CheckSignature(r *http.Request, body []byte, keys func(id string) (sdk.Credentials, bool)) (Signature, error) {
	var s Signature
	rest, ok := strings.CutPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ")
	if !ok {
		return s, fmt.Errorf("Authorization %q is not Signature Version 4", r.Header.Get("Authorization"))
	}
	part := make(map[string]string)
	for p := range strings.SplitSeq(rest, ",") {
		k, v, _ := strings.Cut(strings.TrimSpace(p), "=")
		part[k] = v
	}
	scope := strings.Split(part["Credential"], "/")
	signed := strings.Split(part["SignedHeaders"], ";")
	if len(scope) != 5 || scope[4] != "aws4_request" || !slices.IsSorted(signed) || !slices.Contains(signed, "host") && !(r.ProtoMajor == 2 && slices.Contains(signed, ":authority")) {
		return s, fmt.Errorf("Authorization %q is incomplete", rest)
	}
	s.AccessKeyID, s.Region, s.Service = scope[0], scope[2], scope[3]
	if s.Credentials, ok = keys(s.AccessKeyID); !ok {
		return s, fmt.Errorf("nobody was given the access key %s", s.AccessKeyID)
	}
	if token := r.Header.Get("X-Amz-Security-Token"); token != s.Credentials.SessionToken {
		return s, fmt.Errorf("the session token is not that of %s", s.AccessKeyID)
	}
	date := r.Header.Get("X-Amz-Date")
	t, err := time.Parse("20060102T150405Z", date)
	if err != nil || !strings.HasPrefix(date, scope[1]) || time.Since(t).Abs() > 5*time.Minute {
		return s, fmt.Errorf("X-Amz-Date %q is not now", date)
	}
	for name := range r.Header {
		if lower := strings.ToLower(name); strings.HasPrefix(lower, "x-amz-") && lower != "x-amz-security-token" && !slices.Contains(signed, lower) {
			return s, fmt.Errorf("%s is not signed", lower)
		}
	}
	sum := sha256.Sum256(body)
	s.Payload = hex.EncodeToString(sum[:])
	switch given := r.Header.Get("X-Amz-Content-Sha256"); {
	case given == "" || given == s.Payload:
	case strings.HasPrefix(given, "STREAMING-"), given == "UNSIGNED-PAYLOAD":
		s.Payload = given
	default:
		return s, fmt.Errorf("x-amz-content-sha256 %s is not the body's, %s", given, s.Payload)
	}

	var b strings.Builder
	path, query, _ := strings.Cut(r.RequestURI, "?")
	if path == "" {
		path = "/"
	}
	if s.Service == "s3" || s.Service == "s3express" {
		// S3 decodes and encodes once, whatever a client has encoded: Java's SDK
		// sends %2F for the second of two slashes, and signs a slash.
		if path, err = url.PathUnescape(path); err != nil {
			return s, err
		}
	}
	path = encode(path, true)
	fmt.Fprintf(&b, "%s\n%s\n%s\n", r.Method, path, canonicalQuery(query))
	for _, name := range signed {
		fmt.Fprintf(&b, "%s:%s\n", name, headerValue(r, name))
	}
	fmt.Fprintf(&b, "\n%s\n%s", part["SignedHeaders"], s.Payload)
	sum = sha256.Sum256([]byte(b.String()))
	text := "AWS4-HMAC-SHA256\n" + date + "\n" + strings.Join(scope[1:], "/") + "\n" + hex.EncodeToString(sum[:])
	key := []byte("AWS4" + s.Credentials.SecretAccessKey)
	for _, step := range append(scope[1:], text) {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(step))
		key = h.Sum(nil)
	}
	if s.Value, err = hex.DecodeString(part["Signature"]); err != nil || !bytes.Equal(s.Value, key) {
		return s, fmt.Errorf("the signature is %s, not %x; the canonical request is\n%s", part["Signature"], key, b.String())
	}
	return s, nil
}

// headerValue is what is signed of a header.
func headerValue(r *http.Request, name string) string {
	switch name {
	case "host", ":authority": // JavaScript's SDK signs HTTP/2's own name for it
		return r.Host
	case "content-length":
		return fmt.Sprint(r.ContentLength)
	case "transfer-encoding":
		return strings.Join(r.TransferEncoding, ",")
	}
	var values []string
	for _, v := range r.Header.Values(name) {
		values = append(values, strings.Join(strings.FieldsFunc(v, func(c rune) bool { return c == ' ' }), " "))
	}
	return strings.Join(values, ",")
}

// canonicalQuery decodes a query and encodes it as it is signed.
func canonicalQuery(raw string) string {
	if raw == "" {
		return ""
	}
	var pairs []string
	for pair := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(pair, "=")
		for _, of := range []*string{&name, &value} {
			if decoded, err := url.PathUnescape(*of); err == nil { // + is no space here
				*of = decoded
			}
		}
		pairs = append(pairs, encode(name, false)+"="+encode(value, false))
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}

// encode is SigV4's UriEncode.
func encode(s string, slash bool) string {
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-._~", c) >= 0, slash && c == '/':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
