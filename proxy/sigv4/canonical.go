package sigv4

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// A form is one way in which clients write the canonical request.
type form struct {
	path        string // as it stands in the canonical request
	signedToken bool   // the session token in the query is signed
}

// forms returns every form that s may be made over, the likeliest first. The
// last ones are rarely reached.
func (s *Signature) forms(path string, s3 bool) []form {
	forms := make([]form, 0, 4)
	if s3 {
		forms = append(forms, form{path, true})
		// Java's SDK sends the second of two slashes in a key encoded, and signs
		// a slash, as S3 does.
		if plain := strings.ReplaceAll(path, "%2F", "/"); plain != path {
			forms = append(forms, form{plain, true})
		}
	} else {
		normal := normalise(path)
		forms = append(forms, form{encodePath(normal), true})
		if path != normal {
			forms = append(forms, form{encodePath(path), true})
		}
	}
	if s.Query && s.Token != "" && !s.Express { // which S3 alone has, and signed
		for _, f := range forms {
			forms = append(forms, form{f.path, false})
		}
	}
	return forms
}

// encodePath encodes a path as it stands, which mostly was encoded once.
func encodePath(path string) string {
	return string(appendEncoded(make([]byte, 0, len(path)+16), path, true))
}

// normalise removes empty and dot segments. (RFC 3986, section 5.2.4; and
// repeated slashes, as botocore and the JavaScript SDK do. Like those, it
// leaves no slash for a dot segment at the end.)
func normalise(path string) string {
	if !strings.Contains(path, "//") && !strings.Contains(path, "/.") {
		return path
	}
	var kept []string
	for segment := range strings.SplitSeq(path, "/") {
		switch segment {
		case "", ".":
		case "..":
			kept = kept[:max(len(kept)-1, 0)]
		default:
			kept = append(kept, segment)
		}
	}
	normal := "/" + strings.Join(kept, "/")
	if len(kept) > 0 && strings.HasSuffix(path, "/") {
		normal += "/"
	}
	return normal
}

// checkHeaders refuses x-amz-* headers that are not signed: see Verify.
func (s *Signature) checkHeaders(h http.Header) error {
	for name := range h {
		if len(name) < 6 || !strings.EqualFold(name[:6], "x-amz-") {
			continue
		}
		// Signed is in order, and as long as a client likes.
		if _, ok := slices.BinarySearchFunc(s.Signed, name, compareLower); ok {
			continue
		}
		switch name = strings.ToLower(name); {
		case name == "x-amz-security-token", name == "x-amz-user-agent":
		case !s.Query && (name == "x-amz-date" || name == "x-amz-content-sha256"):
		default:
			return fmt.Errorf("%w: header %q is not signed; every x-amz-* header has to be", ErrMismatch, name)
		}
	}
	return nil
}

// compareLower compares a name in lower case with one in any.
func compareLower(lower, name string) int {
	for i := range min(len(lower), len(name)) {
		c := name[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if lower[i] != c {
			return cmp.Compare(lower[i], c)
		}
	}
	return cmp.Compare(len(lower), len(name))
}

// appendCanonical appends the canonical request.
func (s *Signature) appendCanonical(b []byte, r *http.Request, f form, rawQuery, payload string) ([]byte, error) {
	b = append(b, r.Method...)
	b = append(b, '\n')
	b = append(b, f.path...)
	b = append(b, '\n')
	b, err := appendQuery(b, rawQuery, s.Query, f.signedToken)
	if err != nil {
		return nil, err
	}
	b = append(b, '\n')
	for _, name := range s.Signed {
		if b, err = appendHeader(b, r, name); err != nil {
			return nil, err
		}
	}
	b = append(b, '\n')
	for i, name := range s.Signed {
		if i > 0 {
			b = append(b, ';')
		}
		b = append(b, name...)
	}
	b = append(b, '\n')
	return append(b, payload...), nil
}

// appendHeader appends one line of canonical headers. net/http's server takes
// Host, Content-Length and Transfer-Encoding out of the header.
func appendHeader(b []byte, r *http.Request, name string) ([]byte, error) {
	b = append(b, name...)
	b = append(b, ':')
	switch name {
	case "host", ":authority":
		return append(append(b, r.Host...), '\n'), nil
	case "content-length":
		if r.ContentLength < 0 {
			return nil, missing(name)
		}
		return append(strconv.AppendInt(b, r.ContentLength, 10), '\n'), nil
	case "transfer-encoding":
		if len(r.TransferEncoding) == 0 {
			return nil, missing(name)
		}
		return append(append(b, strings.Join(r.TransferEncoding, ",")...), '\n'), nil
	}
	var short [64]byte
	values, ok := r.Header[string(appendKey(short[:0], name))]
	if !ok {
		return nil, missing(name)
	}
	for i, v := range values {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendTrimmed(b, v)
	}
	return append(b, '\n'), nil
}

func missing(name string) error {
	return fmt.Errorf("%w: the signed header %q is not in the request", ErrMismatch, name)
}

// appendKey appends name, which is in lower case, in net/http's canonical
// form. http.CanonicalHeaderKey does so too, and allocates.
func appendKey(b []byte, name string) []byte {
	upper := true
	for i := range len(name) {
		c := name[i]
		if upper && 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		b = append(b, c)
		upper = c == '-'
	}
	return b
}

// appendTrimmed appends v without white space around it, and with one space
// for every run of it within, quoted or not.
func appendTrimmed(b []byte, v string) []byte {
	v = strings.Trim(v, " \t")
	if strings.IndexByte(v, '\t') < 0 && !strings.Contains(v, "  ") {
		return append(b, v...) // most values, tokens of a kilobyte among them
	}
	start := len(b)
	space := false
	for i := range len(v) {
		c := v[i]
		if c == ' ' || c == '\t' {
			space = len(b) > start
			continue
		}
		if space {
			b = append(b, ' ')
			space = false
		}
		b = append(b, c)
	}
	return b
}

func (s *Signature) appendStringToSign(b []byte, hash [32]byte) []byte {
	b = append(b, s.algorithm()...)
	b = append(b, '\n')
	b = s.Time.UTC().AppendFormat(b, basic)
	b = append(b, '\n')
	b = s.Scope.append(b)
	b = append(b, '\n')
	return hex.AppendEncode(b, hash[:])
}

func (s *Signature) algorithm() string {
	if s.Asymmetric {
		return asymmetric
	}
	return algorithm
}

// append appends the scope as a string to sign has it.
func (s Scope) append(b []byte) []byte {
	b = append(b, s.Date...)
	b = append(b, '/')
	if s.Region != "" { // version 4A has none
		b = append(b, s.Region...)
		b = append(b, '/')
	}
	b = append(b, s.Service...)
	b = append(b, '/')
	return append(b, terminator...)
}
