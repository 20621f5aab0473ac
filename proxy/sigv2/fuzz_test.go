package sigv2

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// A plan is a request before it is presigned, in parts.
type plan struct {
	method, bucket, key     string
	name, value             string // a parameter
	sub, subvalue           string // another
	media, meta, expires    string
	hosted, moved, tokenToo bool // by the bucket's host; with its headers in the query; under a session
}

// sign returns what p signs by the guide's rules, written from the plan and not
// from a request.
func (p plan) sign() string {
	text := p.method + "\n\n" + p.media + "\n" + p.expires + "\n"
	if p.meta != "" {
		text += "x-amz-meta-a:" + p.meta + "\n"
	}
	if p.tokenToo {
		text += "x-amz-security-token:" + sessionToken + "\n"
	}
	text += "/" + p.bucket + (&url.URL{Path: "/" + p.key}).EscapedPath()
	var signed []string
	for _, q := range [][2]string{{p.name, p.value}, {p.sub, p.subvalue}} {
		if !slices.Contains(strings.Fields("acl partNumber tagging uploadId uploads versionId response-content-type response-content-disposition"), q[0]) {
			continue
		}
		if q[1] != "" {
			q[0] += "=" + q[1]
		}
		signed = append(signed, q[0])
	}
	if len(signed) == 2 && strings.Compare(signed[0], signed[1]) > 0 {
		slices.Reverse(signed)
	}
	if len(signed) > 0 {
		text += "?" + strings.Join(signed, "&")
	}
	mac := hmac.New(sha1.New, []byte(keys.SecretAccessKey))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// request is p as it is sent with a signature.
func (p plan) request(signature string) (r *http.Request, bucket string) {
	escape := func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
	r = &http.Request{Method: p.method, Header: make(http.Header)}
	query := "Expires=" + escape(p.expires) + "&" + escape(p.name) + "=" + escape(p.value) + "&AWSAccessKeyId=" + keys.AccessKeyID
	query += "&" + escape(p.sub)
	if p.subvalue != "" {
		query += "=" + escape(p.subvalue)
	}
	if p.media != "" {
		r.Header["Content-Type"] = []string{p.media}
	}
	switch {
	case p.meta == "":
	case p.moved:
		query += "&x-amz-meta-a=" + escape(p.meta)
	default:
		r.Header["X-Amz-Meta-A"] = []string{p.meta}
	}
	if p.tokenToo {
		query += "&x-amz-security-token=" + escape(sessionToken)
	}
	path := (&url.URL{Path: "/" + p.key}).EscapedPath()
	if p.hosted {
		bucket = p.bucket
	} else {
		path = "/" + p.bucket + path
	}
	r.RequestURI = path + "?" + query + "&Signature=" + escape(signature)
	return r, bucket
}

// sane reports whether p is a plan that an SDK could have.
func (p plan) sane() bool {
	for _, s := range []string{p.name, p.value, p.sub, p.subvalue, p.media, p.meta, p.key, p.method} {
		if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) || strings.TrimSpace(s) != s {
			return false
		}
	}
	for _, name := range []string{p.name, p.sub} {
		fold := strings.ToLower(strings.ToUpper(name))
		if strings.HasPrefix(fold, "x-amz-") || slices.Contains([]string{"", "awsaccesskeyid", "signature", "expires", "signatureversion", "signaturemethod", "securitytoken"}, fold) {
			return false
		}
		if isSigned(name) && !slices.Contains(strings.Fields("acl partNumber tagging uploadId uploads versionId response-content-type response-content-disposition"), name) {
			return false
		}
	}
	n := len(p.expires)
	return p.name != p.sub && p.method != "" && n > 0 && n <= 10 && strings.Trim(p.expires, "0123456789") == "" && p.expires[0] != '0' &&
		len(p.bucket) > 2 && strings.Trim(p.bucket, "abcdefghijklmnopqrstuvwxyz0123456789-.") == ""
}

// FuzzVerify presigns one request and sends another with its signature. The first
// verifies. The other does if and only if it would be signed alike.
func FuzzVerify(f *testing.F) {
	add := func(p, q plan) {
		f.Add(p.method, p.bucket, p.key, p.name, p.value, p.sub, p.subvalue, p.media, p.meta, p.expires, q.method, q.bucket, q.key, q.name, q.value, q.sub, q.subvalue, q.media, q.meta, q.expires, byte(0x5a))
	}
	get := plan{method: "GET", bucket: "media-eu", key: "in/a b.txt", name: "versionId", value: "null", sub: "tagging", expires: "1795280643"}
	put := plan{method: "PUT", bucket: "media-eu", key: "a//ü'%", name: "x-id", value: "PutObject", sub: "acl", media: "text/plain", meta: "b  c", expires: "9999999999"}
	add(get, put)
	for _, change := range []func(*plan){
		func(p *plan) {},
		func(p *plan) { p.method = "HEAD" },
		func(p *plan) { p.bucket += "x" },
		func(p *plan) { p.key += "/" },
		func(p *plan) { p.name = "response-content-type" },
		func(p *plan) { p.value += "&versionId=x" },
		func(p *plan) { p.sub = "restore2" },
		func(p *plan) { p.subvalue = "x" },
		func(p *plan) { p.media = "text/html" },
		func(p *plan) { p.meta = "b c" },
		func(p *plan) { p.expires = "1795280644" },
		func(p *plan) { p.name, p.value, p.sub, p.subvalue = p.sub, p.subvalue, p.name, p.value },
	} {
		for _, p := range []plan{get, put} {
			q := p
			change(&q)
			add(p, q)
		}
	}
	f.Fuzz(func(t *testing.T, method, bucket, key, name, value, sub, subvalue, media, meta, expires, method2, bucket2, key2, name2, value2, sub2, subvalue2, media2, meta2, expires2 string, mode byte) {
		p := plan{method, bucket, key, name, value, sub, subvalue, media, meta, expires, mode&1 != 0, mode&2 != 0, mode&4 != 0}
		q := plan{method2, bucket2, key2, name2, value2, sub2, subvalue2, media2, meta2, expires2, mode&8 != 0, mode&16 != 0, mode&4 != 0}
		if !p.sane() || !q.sane() {
			t.Skip("no request that an SDK makes")
		}
		signature := p.sign()
		check := func(p plan, want bool) {
			r, bucket := p.request(signature)
			s, err := Read(r)
			if err != nil {
				t.Fatalf("%s: %v", r.RequestURI, err)
			}
			c := keys
			if p.tokenToo {
				c.SessionToken = sessionToken
			}
			err = s.Verify(r, c, bucket, s.Expires)
			if (err == nil) != want {
				t.Fatalf("%s %s %q: got %v, want verified to be %t", r.Method, r.RequestURI, r.Header, err, want)
			}
			for _, part := range []string{"Signature=", "AWSAccessKeyId=", "Expires=", "x-amz-security-token="} {
				if strings.Contains("&"+s.Rest, "&"+part) {
					t.Fatalf("%s: %q is left", r.RequestURI, s.Rest)
				}
			}
			if again, err := Read(&http.Request{RequestURI: "/?" + s.Rest, Header: r.Header}); err == nil {
				t.Fatalf("%s: what is left is signed: %v", r.RequestURI, again)
			}
		}
		check(p, true)
		check(q, q.sign() == signature)
	})
}

// others are parameters of other signatures.
var others = strings.Fields(`x-amz-algorithm x-amz-credential x-amz-date x-amz-expires x-amz-signedheaders x-amz-signature
	x-amz-region-set x-amz-s3session-token x-amz-content-sha256 signatureversion signaturemethod securitytoken`)

// FuzzRead reads whatever stands in a request. What it takes has each part once,
// and goes by net/url's reading of it.
func FuzzRead(f *testing.F) {
	for _, name := range []string{"signed.txtar", "refused.txtar"} {
		a := corpus(f, name)
		for i := 0; i < len(a.Files); i += 2 {
			v := serve(f, string(a.Files[i].Data))
			f.Add(v.r.RequestURI, v.r.Header.Get("X-Amz-Meta-A"), v.r.Header.Get("Authorization"))
		}
	}
	f.Fuzz(func(t *testing.T, target, meta, authorization string) {
		r := &http.Request{Method: "GET", RequestURI: target, Header: http.Header{"X-Amz-Meta-A": {meta}}}
		if authorization != "" {
			r.Header["Authorization"] = []string{authorization}
		}
		s, err := Read(r)
		if err != nil {
			return
		}
		if authorization != "" {
			t.Fatalf("%q is read beside %q", target, authorization)
		}
		_, query, _ := strings.Cut(target, "?")
		if strings.Contains(query, ";") {
			return // an error to net/url
		}
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatalf("%q: %v", target, err)
		}
		rest, err := url.ParseQuery(s.Rest)
		if err != nil {
			t.Fatalf("%q: left is %q: %v", target, s.Rest, err)
		}
		for name, all := range values {
			_, left := rest[name]
			fold := strings.ToLower(name)
			switch {
			case len(all) != 1:
				t.Fatalf("%q has %q %d times", target, name, len(all))
			case slices.Contains(others, fold):
				t.Fatalf("%q is read with %q", target, name)
			case name == "AWSAccessKeyId" && (all[0] != s.AccessKeyID || left), name == "Signature" && (all[0] != s.Value || left), name == "Expires" && left, fold == "x-amz-security-token" && left:
				t.Fatalf("%q: %q is read as %v, and left is %q", target, name, s, s.Rest)
			}
		}
	})
}
