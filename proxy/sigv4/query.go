package sigv4

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// target splits a request's target into its path and its query, byte for byte.
// It takes the origin form and the absolute form, whose path alone is signed.
func target(uri string) (path, query string, err error) {
	if uri == "" {
		return "", "", errors.New("the request has no RequestURI; Read and Verify take requests from a server")
	}
	if strings.IndexByte(uri, '#') >= 0 {
		// Whoever splits the fragment off reads another path than we do.
		return "", "", errors.New("the request's target has a fragment")
	}
	if uri[0] != '/' {
		scheme, rest, ok := strings.Cut(uri, "://")
		if !ok || !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https") {
			return "", "", fmt.Errorf("target %.80q is neither a path nor an absolute URL", uri)
		}
		end := strings.IndexAny(rest, "/?")
		if end < 0 {
			end = len(rest)
		}
		uri = rest[end:]
	}
	path, query, _ = strings.Cut(uri, "?")
	if path == "" {
		path = "/"
	}
	return path, query, nil
}

// auth is what a query says about its signature, decoded.
type auth struct {
	present  bool // there is some part of a signature
	version2 bool // there is some part of a signature of version 2

	algorithm, credential, date, expires, signed, signature, token, session, payload, regions string
}

// field returns where the value of a parameter goes, and whether its name was
// spelled as AWS spells it; nil if it is no part of a signature.
func (a *auth) field(name string) (value *string, spelled bool) {
	// Longer and shorter names are no part of it, and need no comparing.
	if len(name) < len("X-Amz-Date") || !strings.EqualFold(name[:len("X-Amz-")], "X-Amz-") {
		return nil, false
	}
	for _, f := range [...]struct {
		name  string
		value *string
	}{
		{"X-Amz-Algorithm", &a.algorithm},
		{"X-Amz-Credential", &a.credential},
		{"X-Amz-Date", &a.date},
		{"X-Amz-Expires", &a.expires},
		{"X-Amz-SignedHeaders", &a.signed},
		{"X-Amz-Signature", &a.signature},
		{"X-Amz-Security-Token", &a.token},
		{sessionToken, &a.session},
		{"X-Amz-Region-Set", &a.regions},
	} {
		if strings.EqualFold(name, f.name) {
			return f.value, name == f.name
		}
	}
	return nil, false
}

// findAuth reads the signature's parameters out of a query, and refuses a
// query that is malformed in any part.
func findAuth(rawQuery string) (auth, error) {
	var a auth
	var token error // what is wrong with the session token's name
	seen := map[*string]bool(nil)
	for rawName, rawValue := range pairs(rawQuery) {
		name, err := decode(rawName)
		if err != nil {
			return auth{}, fmt.Errorf("name of query parameter %.80q has %w", rawName, err)
		}
		value, err := decode(rawValue)
		if err != nil {
			// The value is not quoted: it may be somebody's session token.
			return auth{}, fmt.Errorf("value of query parameter %.80q has %w", rawName, err)
		}
		if strings.EqualFold(name, "AWSAccessKeyId") {
			a.version2 = true
			continue
		}
		field, spelled := a.field(name)
		switch {
		case field != nil:
			a.present = a.present || field != &a.token && field != &a.session && field != &a.regions
			if spelled {
				break
			}
			// Nobody knows which of two spellings the service would take.
			err := fmt.Errorf("query parameter %q is not spelled as AWS spells it", name)
			if field != &a.token {
				return auth{}, err
			}
			token = err
		case strings.EqualFold(name, "X-Amz-Content-Sha256"):
			// SDKs write this one like the header it was, in any case; and it
			// alone does not make a signature.
			field = &a.payload
		default:
			continue
		}
		if seen[field] {
			return auth{}, fmt.Errorf("query parameter %s is doubled", name)
		}
		if seen == nil {
			seen = make(map[*string]bool, 8)
		}
		seen[field] = true
		*field = value
	}
	if a.version2 && !a.present {
		return a, nil // its token, which boto3 writes small, is part of it
	}
	a.present = a.present || seen[&a.token] || seen[&a.session]
	return a, token
}

// pairs splits a query at its ampersands and nowhere else. net/url takes a
// semicolon for an error and drops the pair; to AWS it is a character.
func pairs(rawQuery string) func(yield func(name, value string) bool) {
	return func(yield func(name, value string) bool) {
		for rawQuery != "" {
			var pair string
			pair, rawQuery, _ = strings.Cut(rawQuery, "&")
			if pair == "" {
				continue
			}
			name, value, _ := strings.Cut(pair, "=")
			if !yield(name, value) {
				return
			}
		}
	}
}

// decode undoes percent-encoding. A plus is an error: it is a space to some
// that read a query and a plus to others, and every SDK writes %20 or %2B.
func decode(s string) (string, error) {
	if strings.IndexByte(s, '+') >= 0 {
		return "", errors.New("a bare plus; write %20 for a space and %2B for a plus")
	}
	if strings.IndexByte(s, '%') < 0 {
		return s, nil
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '%' {
			if i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2]) {
				return "", errors.New("a malformed percent-escape")
			}
			c = unhex(s[i+1])<<4 | unhex(s[i+2])
			i += 2
		}
		b = append(b, c)
	}
	return string(b), nil
}

// appendQuery appends the canonical query: every pair but the signature,
// decoded, encoded in the one canonical way, and sorted. Without signedToken,
// the session token is left out: services that add it after signing.
func appendQuery(b []byte, rawQuery string, inQuery, signedToken bool) ([]byte, error) {
	if rawQuery == "" {
		return b, nil
	}
	type pair struct{ name, value string }
	var few [16]pair
	all := few[:0]
	for rawName, rawValue := range pairs(rawQuery) {
		name, err := recode(rawName)
		if err != nil {
			return nil, fmt.Errorf("name of query parameter %.80q has %w", rawName, err)
		}
		if inQuery && (name == "X-Amz-Signature" || !signedToken && name == "X-Amz-Security-Token") {
			continue
		}
		value, err := recode(rawValue)
		if err != nil {
			return nil, fmt.Errorf("value of query parameter %.80q has %w", rawName, err)
		}
		all = append(all, pair{name, value})
	}
	slices.SortFunc(all, func(x, y pair) int {
		if c := strings.Compare(x.name, y.name); c != 0 {
			return c
		}
		return strings.Compare(x.value, y.value)
	})
	for i, p := range all {
		if i > 0 {
			b = append(b, '&')
		}
		b = append(b, p.name...)
		b = append(b, '=')
		b = append(b, p.value...)
	}
	return b, nil
}

// recode brings percent-encoding into its canonical form; mostly it is.
func recode(s string) (string, error) {
	canonical := true
	for i := range len(s) {
		if !isUnreserved(s[i]) {
			canonical = false
			break
		}
	}
	if canonical {
		return s, nil
	}
	plain, err := decode(s)
	if err != nil {
		return "", err
	}
	b := make([]byte, 0, len(s)+8)
	return string(appendEncoded(b, plain, false)), nil
}

// appendEncoded appends s, every byte that is not unreserved (RFC 3986,
// section 2.3) as %XX in upper case. A slash stays one if it is kept.
func appendEncoded(b []byte, s string, keepSlash bool) []byte {
	const digits = "0123456789ABCDEF"
	for i := range len(s) {
		c := s[i]
		if isUnreserved(c) || keepSlash && c == '/' {
			b = append(b, c)
		} else {
			b = append(b, '%', digits[c>>4], digits[c&15])
		}
	}
	return b
}

func isUnreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.' || c == '~'
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c <= 'F':
		return c - 'A' + 10
	}
	return c - 'a' + 10
}
