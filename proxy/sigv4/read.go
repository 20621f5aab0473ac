package sigv4

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	algorithm  = "AWS4-HMAC-SHA256"
	asymmetric = "AWS4-ECDSA-P256-SHA256"
	terminator = "aws4_request"
	basic      = "20060102T150405Z" // ISO 8601 basic, the only form X-Amz-Date has
)

// maxExpires is a presigned URL's longest life. (Amazon S3 API Reference,
// "Authenticating Requests: Using Query Parameters", X-Amz-Expires.)
const maxExpires = 604800

// Read finds the signature of r, in its header or its query and in no more
// than one place. A request with two is an error, as is any part that is
// missing, doubled or malformed.
//
// The time is X-Amz-Date; in a header's signature without one it is Date, in
// the form of HTTP or of ISO 8601, as the specification allows.
func Read(r *http.Request) (*Signature, error) {
	_, rawQuery, err := target(r.RequestURI)
	if err != nil {
		return nil, err
	}
	q, err := findAuth(rawQuery)
	if err != nil {
		return nil, err
	}
	authorization := r.Header["Authorization"]
	switch {
	case len(authorization) > 1:
		return nil, errors.New("the request has more than one Authorization header; send one")
	case len(authorization) == 1 && (q.present || q.version2):
		return nil, errors.New("the request is signed in its header and in its query; sign it in one")
	case q.present && q.version2:
		return nil, errors.New("the request is signed twice in its query; sign it once")
	case len(authorization) == 1:
		return readHeader(r, authorization[0], q)
	case q.version2:
		return nil, ErrVersion
	case q.present:
		return readQuery(r, q)
	}
	return nil, ErrUnsigned
}

func readHeader(r *http.Request, value string, q auth) (*Signature, error) {
	scheme, rest, _ := strings.Cut(value, " ")
	switch scheme {
	case algorithm, asymmetric:
	case "AWS":
		return nil, ErrVersion
	default:
		// The value is not quoted: a bearer token may be all of it.
		return nil, fmt.Errorf("%w: the scheme of its Authorization header is not %s", ErrUnsigned, algorithm)
	}

	var credential, signed, signature string
	for part := range strings.SplitSeq(rest, ",") {
		name, v, ok := strings.Cut(strings.Trim(part, " "), "=")
		var field *string
		switch name {
		case "Credential":
			field = &credential
		case "SignedHeaders":
			field = &signed
		case "Signature":
			field = &signature
		}
		if !ok || field == nil {
			return nil, errors.New("the Authorization header has a part that is none of Credential=, SignedHeaders= and Signature=")
		}
		if *field != "" || v == "" {
			return nil, fmt.Errorf("%s in the Authorization header is empty or doubled", name)
		}
		*field = v
	}
	if credential == "" || signed == "" || signature == "" {
		return nil, errors.New("the Authorization header lacks one of Credential, SignedHeaders and Signature")
	}

	when, err := headerTime(r.Header)
	if err != nil {
		return nil, err
	}
	s := &Signature{Time: when, Asymmetric: scheme == asymmetric}
	if err := s.fill(credential, signed, signature); err != nil {
		return nil, err
	}
	regions, err := single(r.Header, "X-Amz-Region-Set")
	if err != nil {
		return nil, err
	}
	if q.regions != "" {
		return nil, errors.New("X-Amz-Region-Set is in the query of a request that is signed in its header")
	}
	if err := s.fillRegions(regions); err != nil {
		return nil, err
	}
	if s.Payload, err = single(r.Header, "X-Amz-Content-Sha256"); err != nil {
		return nil, err
	}
	if q.payload != "" {
		return nil, errors.New("X-Amz-Content-Sha256 is in the query of a request that is signed in its header")
	}
	if err := s.fillToken(r.Header, auth{}); err != nil {
		return nil, err
	}
	if err := s.checkPayload(); err != nil {
		return nil, err
	}
	return s, nil
}

func readQuery(r *http.Request, q auth) (*Signature, error) {
	if q.algorithm != algorithm && q.algorithm != asymmetric {
		return nil, fmt.Errorf("X-Amz-Algorithm %.40q is neither %s nor %s", q.algorithm, algorithm, asymmetric)
	}
	for _, field := range [...]struct{ name, value string }{
		{"X-Amz-Credential", q.credential},
		{"X-Amz-Date", q.date},
		{"X-Amz-Expires", q.expires},
		{"X-Amz-SignedHeaders", q.signed},
		{"X-Amz-Signature", q.signature},
	} {
		if field.value == "" {
			return nil, fmt.Errorf("%s is missing from the query or empty", field.name)
		}
	}
	if len(r.Header["X-Amz-Date"]) > 0 {
		return nil, errors.New("X-Amz-Date is in the query and in a header; send it once")
	}
	when, err := parseBasic(q.date)
	if err != nil {
		return nil, err
	}
	expires, err := parseExpires(q.expires)
	if err != nil {
		return nil, err
	}
	s := &Signature{Time: when, Expires: expires, Query: true, Asymmetric: q.algorithm == asymmetric}
	if err := s.fill(q.credential, q.signed, q.signature); err != nil {
		return nil, err
	}
	regions, err := either(r.Header, "X-Amz-Region-Set", q.regions)
	if err != nil {
		return nil, err
	}
	if err := s.fillRegions(regions); err != nil {
		return nil, err
	}
	if s.Payload, err = either(r.Header, "X-Amz-Content-Sha256", q.payload); err != nil {
		return nil, err
	}
	if err := s.fillToken(r.Header, q); err != nil {
		return nil, err
	}
	if err := s.checkPayload(); err != nil {
		return nil, err
	}
	return s, nil
}

// fill reads what a header and a query write alike. s.Time and s.Asymmetric
// are set.
func (s *Signature) fill(credential, signed, signature string) error {
	if err := s.fillCredential(credential); err != nil {
		return err
	}
	s.Signed = strings.Split(signed, ";")
	if err := checkSigned(s.Signed); err != nil {
		return err
	}
	switch {
	case s.Asymmetric && !isPair(signature):
		return errors.New("the signature is not an ECDSA signature in lower-case hexadecimal digits")
	case !s.Asymmetric && !isHash(signature):
		return errors.New("the signature is not 64 lower-case hexadecimal digits")
	}
	s.Value = signature
	return nil
}

// fillCredential reads AKID/yyyymmdd/region/service/aws4_request, which in
// version 4A is without a region.
func (s *Signature) fillCredential(credential string) error {
	form := "KEY/DATE/REGION/SERVICE/" + terminator
	if s.Asymmetric {
		form = "KEY/DATE/SERVICE/" + terminator
	}
	parts := strings.SplitN(credential, "/", 6)
	if len(parts) != strings.Count(form, "/")+1 {
		return fmt.Errorf("credential %.160q is not %s", credential, form)
	}
	if parts[len(parts)-1] != terminator {
		return fmt.Errorf("credential %.160q does not end in %s", credential, terminator)
	}
	if s.Asymmetric {
		parts = slices.Insert(parts, 2, "")
	}
	// "^[\w]*$", 16 to 128 characters (AWS STS API Reference, "Credentials");
	// other S3 servers take shorter keys and a hyphen.
	if !isWord(parts[0], 128, "-_", true) {
		return fmt.Errorf("access key id %.160q in credential is malformed", parts[0])
	}
	if parts[1] != s.Time.Format("20060102") {
		return fmt.Errorf("date %.16q in scope is not the day of the signature's time", parts[1])
	}
	if !s.Asymmetric && !isWord(parts[2], 64, "-", false) {
		return fmt.Errorf("region %.80q in scope is not a region", parts[2])
	}
	// Signing names have capitals in places: IoTSecuredTunneling.
	if !isWord(parts[3], 64, "-._", true) {
		return fmt.Errorf("service %.80q in scope is not a service", parts[3])
	}
	s.AccessKeyID, s.Scope = parts[0], Scope{parts[1], parts[2], parts[3]}
	return nil
}

// Where the token of a session with a directory bucket stands, and what its
// calls are signed for.
const (
	sessionToken = "X-Amz-S3session-Token"
	express      = "s3express"
)

// fillToken reads the session token: one, in one place, under the name that
// belongs to the service of the scope. Who sends both leaves the choice to the
// service.
func (s *Signature) fillToken(h http.Header, q auth) error {
	token, err := either(h, "X-Amz-Security-Token", q.token)
	if err != nil {
		return err
	}
	session, err := either(h, sessionToken, q.session)
	if err != nil {
		return err
	}
	switch {
	case session == "":
		s.Token = token
		return nil
	case token != "":
		return fmt.Errorf("the request has both X-Amz-Security-Token and %s; send one", sessionToken)
	case s.Scope.Service != express || s.Asymmetric:
		return fmt.Errorf("%s is in a request that is signed for %.40q, not with %s for %q", sessionToken, s.Scope.Service, algorithm, express)
	}
	s.Token, s.Express = session, true
	return nil
}

// fillRegions reads X-Amz-Region-Set, a list of regions between commas, or "*"
// for all. AWS takes patterns too ("us-*"), which no SDK sends of itself; what
// they take in nobody but AWS could say.
func (s *Signature) fillRegions(set string) error {
	switch {
	case !s.Asymmetric && set != "":
		// It would be a set of regions beside a scope that names one.
		return fmt.Errorf("X-Amz-Region-Set is in a request that is not signed with %s", asymmetric)
	case !s.Asymmetric:
		return nil
	case set == "":
		return errors.New("X-Amz-Region-Set is missing")
	}
	for region := range strings.SplitSeq(set, ",") {
		region = strings.Trim(region, " ")
		if !isWord(region, 64, "-", false) && set != "*" {
			return fmt.Errorf(`X-Amz-Region-Set %.160q is neither a list of regions nor "*"`, set)
		}
		if slices.Contains(s.Regions, region) || len(s.Regions) == maxRegions {
			return fmt.Errorf("X-Amz-Region-Set %.160q names a region twice, or more than %d", set, maxRegions)
		}
		s.Regions = append(s.Regions, region)
	}
	return nil
}

// maxRegions is more than there are.
const maxRegions = 64

// checkSigned wants names in lower case and in ascending order, each once, and
// the host among them: a signature without it would be good for any service.
// Over HTTP/2 some SDKs (JavaScript v3) sign :authority in its place.
func checkSigned(names []string) error {
	host := false
	for i, name := range names {
		if name == "host" || name == ":authority" {
			host = true
		} else if !isName(name) {
			return fmt.Errorf("signed header %.80q is not a header's name in lower case", name)
		}
		if i > 0 && names[i-1] >= name {
			return fmt.Errorf("signed header %.80q is doubled or out of order", name)
		}
	}
	if !host {
		return errors.New("the host is not among the signed headers")
	}
	return nil
}

func (s *Signature) checkPayload() error {
	asymmetricBody := false
	switch s.Payload {
	case "", Unsigned, StreamingUnsigned:
		return nil
	case StreamingAsymmetric, StreamingAsymmetricTrailer:
		asymmetricBody = true
	case StreamingSigned, StreamingSignedTrailer, StreamingEvents:
	default:
		if !isHash(s.Payload) {
			return fmt.Errorf("x-amz-content-sha256 %.80q is neither a hash nor a payload mode", s.Payload)
		}
		return nil
	}
	if asymmetricBody != s.Asymmetric {
		// The body's signatures follow from the request's, and are of its kind.
		return fmt.Errorf("x-amz-content-sha256 %q is of another version of the signature than the request's", s.Payload)
	}
	return nil
}

func headerTime(h http.Header) (time.Time, error) {
	date, err := single(h, "X-Amz-Date")
	if err != nil {
		return time.Time{}, err
	}
	if date != "" {
		return parseBasic(date)
	}
	if date, err = single(h, "Date"); err != nil {
		return time.Time{}, err
	}
	if date == "" {
		return time.Time{}, errors.New("the request has no X-Amz-Date header")
	}
	if t, err := http.ParseTime(date); err == nil {
		return t.UTC(), nil
	}
	return parseBasic(date)
}

func parseBasic(date string) (time.Time, error) {
	t, err := time.Parse(basic, date)
	// Parse takes fractions of a second that the layout does not have.
	if err != nil || len(date) != len(basic) {
		return time.Time{}, fmt.Errorf("date %.40q is not of the form yyyymmddThhmmssZ", date)
	}
	return t, nil
}

func parseExpires(s string) (time.Duration, error) {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil || n < 1 || n > maxExpires || s[0] == '0' {
		return 0, fmt.Errorf("X-Amz-Expires %.40q is not a number of seconds from 1 to %d", s, maxExpires)
	}
	return time.Duration(n) * time.Second, nil
}

// single returns the one value of a header, or "" if there is none. name is in
// net/http's canonical form.
func single(h http.Header, name string) (string, error) {
	switch v := h[name]; len(v) {
	case 0:
		return "", nil
	case 1:
		if v[0] == "" {
			return "", fmt.Errorf("header %s is empty", name)
		}
		return v[0], nil
	}
	return "", fmt.Errorf("header %s is doubled", name)
}

// either returns what stands in the query or in the header, not in both.
func either(h http.Header, name, inQuery string) (string, error) {
	inHeader, err := single(h, name)
	if err != nil {
		return "", err
	}
	if inHeader != "" && inQuery != "" {
		return "", fmt.Errorf("%s is in the query and in a header; send it once", name)
	}
	return inHeader + inQuery, nil
}

// isWord reports whether s is 1 to most of a-z, 0-9, extra and, if upper, A-Z.
func isWord(s string, most int, extra string, upper bool) bool {
	if s == "" || len(s) > most {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || upper && 'A' <= c && c <= 'Z' || strings.IndexByte(extra, c) >= 0) {
			return false
		}
	}
	return true
}

// isName reports whether s is a token (RFC 9110, section 5.6.2) in lower case.
func isName(s string) bool { return isWord(s, 256, "!#$%&'*+-.^_`|~", false) }

// isHash reports whether s is a SHA-256 sum in lower-case hexadecimal.
func isHash[T string | []byte](s T) bool {
	if len(s) != 64 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !('0' <= c && c <= '9' || 'a' <= c && c <= 'f') {
			return false
		}
	}
	return true
}
