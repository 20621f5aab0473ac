package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Sign signs r, which is about to be sent, in its header: it sets
// Authorization, X-Amz-Date and X-Amz-Security-Token, whatever stood there.
// target is the path and query as they will be sent, the host is r.Host, and
// payload what X-Amz-Content-Sha256 says or would say. Of o, S3, Now and Keys
// count. The scope's date is the signature's.
//
// It signs what aws-sdk-go-v2's signer signs, every header but those that
// change on the way, and makes the same signature of it; but a tab within a
// value is signed as a space, as botocore does. It exists because that
// one is made for a client's calls, and costs a proxy more than all else that
// it does with a call.
func Sign(r *http.Request, target string, c Credentials, scope Scope, payload string, o Options) error {
	if c.AccessKeyID == "" || c.SecretAccessKey == "" {
		return fmt.Errorf("there are no credentials to sign with")
	}
	if payload == "" {
		return fmt.Errorf("%w: the request does not say its hash", ErrPayload)
	}
	now := o.Now
	if now.IsZero() {
		now = time.Now()
	}
	when := now.UTC().Format(basic)
	scope.Date = when[:8]
	delete(r.Header, "Authorization")
	delete(r.Header, "X-Amz-Security-Token")
	r.Header["X-Amz-Date"] = []string{when}
	if c.SessionToken != "" {
		r.Header["X-Amz-Security-Token"] = []string{c.SessionToken}
	}

	key, kept := o.Keys.get(c.SecretAccessKey, scope)
	if !kept {
		key = signingKey(c.SecretAccessKey, scope)
		o.Keys.put(c.SecretAccessKey, scope, key)
	}
	buffer := o.Keys.buffer()
	defer o.Keys.release(buffer)
	b := *buffer

	path, rawQuery, _ := strings.Cut(target, "?")
	b = append(b, r.Method...)
	b = append(b, '\n')
	if o.S3 {
		b = append(b, path...)
	} else {
		b = appendEncoded(b, path, true)
	}
	b = append(b, '\n')
	b, err := appendQuery(b, rawQuery, false, true)
	if err != nil {
		return err
	}
	b = append(b, '\n')
	var room [32]string
	names := signedNames(room[:0], r)
	for _, name := range names {
		b = appendSigned(b, r, name)
	}
	b = append(b, '\n')
	from := len(b)
	for i, name := range names {
		if i > 0 {
			b = append(b, ';')
		}
		b = appendLower(b, name)
	}
	signed := string(b[from:])
	b = append(b, '\n')
	b = append(b, payload...)

	s := Signature{Time: now, Scope: scope}
	hash := sha256.Sum256(b)
	b = s.appendStringToSign(b[:0], hash)
	mac := hmac.New(sha256.New, key[:])
	mac.Write(b)
	var sum [sha256.Size]byte
	mac.Sum(sum[:0])

	b = append(b[:0], algorithm+" Credential="...)
	b = append(b, c.AccessKeyID...)
	b = append(b, '/')
	b = scope.append(b)
	b = append(b, ", SignedHeaders="...)
	b = append(b, signed...)
	b = append(b, ", Signature="...)
	b = hex.AppendEncode(b, sum[:])
	r.Header["Authorization"] = []string{string(b)}
	*buffer = b
	return nil
}

// signedNames appends the names of what is signed of r, in their order.
func signedNames(names []string, r *http.Request) []string {
	names = append(names, "host")
	if r.ContentLength > 0 {
		names = append(names, "content-length")
	}
	for name := range r.Header {
		switch name {
		case "Authorization", "User-Agent", "X-Amzn-Trace-Id", "Expect", "Transfer-Encoding", "Content-Length", "Host":
		default:
			names = append(names, name)
		}
	}
	slices.SortFunc(names, compareFold)
	return names
}

// compareFold compares names as if they were in lower case.
func compareFold(x, y string) int {
	for i := range min(len(x), len(y)) {
		if a, b := lowered(x[i]), lowered(y[i]); a != b {
			return int(a) - int(b)
		}
	}
	return len(x) - len(y)
}

func lowered(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

func appendLower(b []byte, name string) []byte {
	for i := range len(name) {
		b = append(b, lowered(name[i]))
	}
	return b
}

// appendSigned appends one line of canonical headers, of a request that is
// about to be sent.
func appendSigned(b []byte, r *http.Request, name string) []byte {
	b = append(appendLower(b, name), ':')
	switch name {
	case "host":
		b = append(b, r.Host...)
	case "content-length":
		b = strconv.AppendInt(b, r.ContentLength, 10)
	default:
		for i, v := range r.Header[name] {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendTrimmed(b, v)
		}
	}
	return append(b, '\n')
}
