package sigv4

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Resign signs r with c in the way that it is signed by s, which is of version
// 4A: in the header or in the query, for the same service, regions and payload.
// It replaces the signature that r carries, in r.Header and r.RequestURI, and
// returns the new one. All that s covers is covered anew, but for what belongs
// to one connection: the length and how it is coded.
//
// What is sent has to be r byte for byte: neither path nor query is rewritten,
// and the path is signed as it stands. (Of version 4 any signer will do. Those
// of 4A that AWS publishes for Go sign no payload that is a mode but
// UNSIGNED-PAYLOAD, and the SDK's own is not public.)
func (s *Signature) Resign(r *http.Request, c Credentials, o Options) (*Signature, error) {
	if !s.Asymmetric {
		return nil, errors.New("only signatures of version 4A are made anew")
	}
	key, err := s.key(c, o.Keys)
	if err != nil {
		return nil, fmt.Errorf("%w to sign with", err)
	}
	payload, err := s.payload(o)
	if err != nil {
		return nil, err
	}
	now := o.Now
	if now.IsZero() {
		now = time.Now()
	}
	now = now.UTC().Truncate(time.Second)
	out := &Signature{
		AccessKeyID: c.AccessKeyID, Scope: Scope{Date: now.Format("20060102"), Service: s.Scope.Service}, Time: now, Expires: s.Expires,
		Query: s.Query, Asymmetric: true, Regions: s.Regions, Payload: s.Payload, Token: c.SessionToken,
	}
	path, rawQuery, err := target(r.RequestURI)
	if err != nil {
		return nil, err
	}
	for _, name := range [...]string{"Authorization", "X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Region-Set"} {
		r.Header.Del(name)
	}
	regions := strings.Join(s.Regions, ",")
	if !s.Query {
		r.Header["X-Amz-Date"] = []string{now.Format(basic)}
		r.Header["X-Amz-Region-Set"] = []string{regions}
		if c.SessionToken != "" {
			r.Header["X-Amz-Security-Token"] = []string{c.SessionToken}
		}
	}
	out.Signed = signedAnew(s.Signed, r.Header)
	credential := out.AccessKeyID + "/" + string(out.Scope.append(nil))
	names := strings.Join(out.Signed, ";")
	if s.Query {
		b := withoutSignature(rawQuery)
		for _, p := range [...]struct{ name, value string }{
			{"X-Amz-Algorithm", asymmetric},
			{"X-Amz-Credential", credential},
			{"X-Amz-Date", now.Format(basic)},
			{"X-Amz-Expires", strconv.Itoa(int(s.Expires / time.Second))},
			{"X-Amz-Region-Set", regions},
			{"X-Amz-Security-Token", c.SessionToken},
			{"X-Amz-SignedHeaders", names},
		} {
			if p.value != "" {
				b = appendParameter(b, p.name, p.value)
			}
		}
		rawQuery = string(b)
	}

	form := form{path, true}
	if !o.S3 {
		form.path = encodePath(path)
	}
	buf, err := out.appendCanonical(make([]byte, 0, 3072), r, form, rawQuery, payload)
	if err != nil {
		return nil, err
	}
	var sig [pairSize]byte
	if err := key.sign(out.appendStringToSign(nil, sha256.Sum256(buf)), sig[:]); err != nil {
		return nil, err
	}
	out.Value = string(bytes.TrimRight(sig[:], string(padding)))
	if s.Query {
		rawQuery = string(appendParameter([]byte(rawQuery), "X-Amz-Signature", out.Value))
	} else {
		r.Header["Authorization"] = []string{asymmetric + " Credential=" + credential + ", SignedHeaders=" + names + ", Signature=" + out.Value}
	}
	if s.Query {
		r.RequestURI = path + "?" + rawQuery
	}
	return out, nil
}

// signedAnew returns what is signed of h: the host, every x-amz-* header, and
// what was signed before and does not belong to a connection.
func signedAnew(before []string, h http.Header) []string {
	names := []string{"host"}
	for name := range h {
		lower := strings.ToLower(name)
		switch lower {
		case "content-length", "transfer-encoding", "connection", "expect", "te", "trailer":
			continue
		}
		if _, signed := slices.BinarySearch(before, lower); signed || strings.HasPrefix(lower, "x-amz-") {
			names = append(names, lower)
		}
	}
	slices.Sort(names)
	return names
}

// withoutSignature returns a query less what is of a signature in it.
func withoutSignature(rawQuery string) []byte {
	b := make([]byte, 0, len(rawQuery)+1024)
	var a auth
	for pair := range strings.SplitSeq(rawQuery, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if plain, err := decode(name); err == nil {
			if field, _ := a.field(plain); field != nil {
				continue
			}
		}
		if len(b) > 0 {
			b = append(b, '&')
		}
		b = append(b, pair...)
	}
	return b
}

func appendParameter(b []byte, name, value string) []byte {
	if len(b) > 0 {
		b = append(b, '&')
	}
	b = append(append(b, name...), '=')
	return appendEncoded(b, value, false)
}
