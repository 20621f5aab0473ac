package aws

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
	"github.com/lambda-remit/remit/proxy/sigv4"
)

// A presigned2 is a URL that is presigned by Signature Version 2.
type presigned2 struct {
	method, host, target string
	resource             string // as it is signed; empty: target
	header               []string
	body                 string
	expires              time.Duration // zero: a minute
}

// request is u as a client with c presigns it, after the server has read it: at
// u's host, or at the proxy as an endpoint.
func (u presigned2) request(t testing.TB, c sigv4.Credentials) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), u.method, "http://127.0.0.1:9001/", strings.NewReader(u.body))
	if err != nil {
		t.Fatal(err)
	}
	var amz []string
	for i := 0; i+1 < len(u.header); i += 2 {
		r.Header.Set(u.header[i], u.header[i+1])
		if name := strings.ToLower(u.header[i]); strings.HasPrefix(name, "x-amz-") {
			amz = append(amz, name+":"+u.header[i+1]+"\n")
		}
	}
	query := url.Values{}
	if c.SessionToken != "" {
		amz = append(amz, "x-amz-security-token:"+c.SessionToken+"\n")
		query.Set("x-amz-security-token", c.SessionToken)
	}
	slices.Sort(amz)
	if u.expires == 0 {
		u.expires = time.Minute
	}
	expires := fmt.Sprint(time.Now().Add(u.expires).Unix())
	if u.resource == "" {
		u.resource = u.target
	}
	mac := hmac.New(sha1.New, []byte(c.SecretAccessKey))
	mac.Write([]byte(u.method + "\n\n" + r.Header.Get("Content-Type") + "\n" + expires + "\n" + strings.Join(amz, "") + u.resource))
	query.Set("AWSAccessKeyId", c.AccessKeyID)
	query.Set("Signature", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	query.Set("Expires", expires)
	separator := "?"
	if strings.Contains(u.target, "?") {
		separator = "&"
	}
	served(r, u.target+separator+query.Encode())
	if u.host != "" {
		r.Host, r.URL = u.host, &url.URL{Scheme: "https", Host: u.host}
	}
	return r
}

// TestURLsPresignedByVersion2GoOnByVersion4 sends what SDKs presign by default:
// with none of the old signature in it, and nothing else changed.
func TestURLsPresignedByVersion2GoOnByVersion4(t *testing.T) {
	rig := newRig(t, strings.Replace(thumbnails, "read_prefix: in/", `read_prefix: in/, list: true`, 1)+"allow: [{actions: [s3:GetObjectVersion], resources: ['arn:aws:s3:::media/in/*'], when: {StringEquals: {aws:ResourceAccount: '123456789012'}}}]\n")
	for _, tt := range []struct {
		presigned2
		upstream string // where it goes
		rest     string // what is left of the query, in V4's order; empty: none
		operation,
		region string // empty: eu-west-1
	}{
		{presigned2{method: "GET", target: "/media/in/a"}, "s3.eu-west-1.amazonaws.com", "", "GetObject", ""},
		{presigned2{method: "GET", target: "/in/a", host: "media.s3.amazonaws.com", resource: "/media/in/a"}, "media.s3.amazonaws.com", "", "GetObject", ""},
		{presigned2{method: "GET", target: "/in/a", host: "media.s3.eu-west-1.amazonaws.com", resource: "/media/in/a"}, "media.s3.eu-west-1.amazonaws.com", "", "GetObject", ""},
		{presigned2{method: "GET", target: "/in/a", host: "media.s3.us-west-2.amazonaws.com", resource: "/media/in/a"}, "media.s3.us-west-2.amazonaws.com", "", "GetObject", "us-west-2"},
		{presigned2{method: "GET", target: "/in/a", host: "media.s3-accelerate.amazonaws.com", resource: "/media/in/a"}, "media.s3-accelerate.amazonaws.com", "", "GetObject", ""},
		{presigned2{method: "GET", target: "/media/in/a", host: "s3.amazonaws.com"}, "s3.amazonaws.com", "", "GetObject", "us-east-1"},
		{presigned2{method: "GET", target: "/media/in/a", host: "s3.dualstack.eu-west-1.amazonaws.com"}, "s3.dualstack.eu-west-1.amazonaws.com", "", "GetObject", ""},
		{presigned2{method: "GET", target: "/media/in/a%20b%2Bc%25/%C3%BC//x%27y%28z%29%2A~..%2F"}, "s3.eu-west-1.amazonaws.com", "", "GetObject", ""},
		{presigned2{method: "GET", target: "/media/in/a?versionId=null&response-content-disposition=attachment%3B%20filename%3D%22a%20b%26c.txt%22", resource: `/media/in/a?response-content-disposition=attachment; filename="a b&c.txt"&versionId=null`},
			"s3.eu-west-1.amazonaws.com", "response-content-disposition=attachment%3B%20filename%3D%22a%20b%26c.txt%22&versionId=null", "GetObject", ""},
		{presigned2{method: "HEAD", target: "/media/in/a"}, "s3.eu-west-1.amazonaws.com", "", "HeadObject", ""},
		{presigned2{method: "GET", target: "/?list-type=2&prefix=in%2F", host: "media.s3.amazonaws.com", resource: "/media/"}, "media.s3.amazonaws.com", "list-type=2&prefix=in%2F", "ListObjectsV2", ""},
		{presigned2{method: "PUT", target: "/media/out/a", body: "hello", header: []string{"Content-Type", "text/plain", "x-amz-meta-a", "b c"}}, "s3.eu-west-1.amazonaws.com", "", "PutObject", ""},
		{presigned2{method: "PUT", target: "/media/out/a?content-type=text%2Fplain&x-amz-meta-a=b%20c", resource: "/media/out/a", body: "hello", header: []string{"Content-Type", "text/plain", "x-amz-meta-a", "b c"}}, "s3.eu-west-1.amazonaws.com", "content-type=text%2Fplain", "PutObject", ""},
		{presigned2{method: "DELETE", target: "/media/out/a"}, "s3.eu-west-1.amazonaws.com", "", "DeleteObject", ""},
		{presigned2{method: "PUT", target: "/media/out/a?uploadId=u_1&partNumber=2", resource: "/media/out/a?partNumber=2&uploadId=u_1", body: "hello"}, "s3.eu-west-1.amazonaws.com", "partNumber=2&uploadId=u_1", "UploadPart", ""},
		{presigned2{method: "POST", target: "/media/out/a?uploads=", resource: "/media/out/a?uploads"}, "s3.eu-west-1.amazonaws.com", "uploads=", "CreateMultipartUpload", ""},
	} {
		r := tt.request(t, sealed)
		call, err := rig.Read(r)
		if err != nil {
			t.Errorf("%s %s: %v", tt.method, tt.target, errors.Join(err, errors.Unwrap(err)))
			continue
		}
		region := tt.region
		if region == "" {
			region = "eu-west-1"
		}
		if call.Service != "s3" || call.Operation != tt.operation || call.Region != region || call.Upstream.Host != tt.upstream {
			t.Errorf("%s %s: read as %s %s in %s at %s", tt.method, tt.target, call.Service, call.Operation, call.Region, call.Upstream)
		}
		if _, _, err := rig.do(tt.request(t, sealed)); err != nil {
			t.Errorf("%s %s: %v", tt.method, tt.target, err)
			continue
		}
		got := rig.last(t)
		path, query, _ := strings.Cut(got.RequestURI, "?")
		var rest []string
		for p := range strings.SplitSeq(query, "&") {
			if !strings.HasPrefix(p, "X-Amz-") {
				rest = append(rest, p)
			}
		}
		slices.Sort(rest)
		want, _, _ := strings.Cut(tt.target, "?")
		if path != want || strings.Join(rest, "&") != tt.rest || got.Host != tt.upstream || rig.bodies[len(rig.bodies)-1] != tt.body {
			t.Errorf("%s %s: sent %s to %s, want %s?%s", tt.method, tt.target, got.RequestURI, got.Host, want, tt.rest)
		}
		for i := 0; i+1 < len(tt.header); i += 2 {
			if got.Header.Get(tt.header[i]) != tt.header[i+1] {
				t.Errorf("%s %s: %s is %q", tt.method, tt.target, tt.header[i], got.Header[tt.header[i]])
			}
		}
		if s, err := sigv4.Read(got); err != nil || s.Scope.Region != region || s.Expires > time.Minute || s.Expires < 50*time.Second {
			t.Errorf("%s %s: signed %v for %v, %v", tt.method, tt.target, s, s.Expires, err)
		}
	}
}

// A URL may be good for years. The one that goes on is good for a week.
func TestAURLOfTenYearsGoesOnForAWeek(t *testing.T) {
	rig := newRig(t, thumbnails)
	if _, _, err := rig.do(presigned2{method: "GET", target: "/media/in/a", expires: 10 * 365 * 24 * time.Hour}.request(t, sealed)); err != nil {
		t.Fatal(err)
	}
	if s, err := sigv4.Read(rig.last(t)); err != nil || s.Expires != 7*24*time.Hour {
		t.Errorf("got %v, %v", s.Expires, err)
	}
}

// TestVersion2IsRefusedElsewhere has no other request pass by it, nor one that is
// not as it was signed, and each refusal say what is wrong.
func TestVersion2IsRefusedElsewhere(t *testing.T) {
	rig := newRig(t, thumbnails)
	get := presigned2{method: "GET", target: "/media/in/a"}
	at := func(host, target, resource string) func(*http.Request) *http.Request {
		return func(*http.Request) *http.Request {
			return presigned2{method: "GET", host: host, target: target, resource: resource}.request(t, sealed)
		}
	}
	plus := func(more string) func(*http.Request) *http.Request {
		return func(r *http.Request) *http.Request { r.RequestURI += more; return r }
	}
	for name, tt := range map[string]struct {
		change func(r *http.Request) *http.Request
		reason manifest.Reason
		text   string
	}{
		"as it is":          {plus(""), "", ""},
		"another path":      {func(r *http.Request) *http.Request { r.RequestURI = "/media/in/b" + r.RequestURI[11:]; return r }, proxy.BadSignature, "not valid"},
		"another method":    {func(r *http.Request) *http.Request { r.Method = "HEAD"; return r }, proxy.BadSignature, "not valid"},
		"another bucket":    {at("media.s3.amazonaws.com", "/in/a", "/other/in/a"), proxy.BadSignature, "not valid"},
		"bucket twice":      {at("media.s3.amazonaws.com", "/media/in/a", "/media/in/a"), proxy.BadSignature, "not valid"},
		"a subresource":     {plus("&acl"), proxy.BadSignature, "not valid"},
		"an ACL":            {plus("&x-amz-acl=public-read"), proxy.BadSignature, "not valid"},
		"another header":    {func(r *http.Request) *http.Request { r.Header.Set("x-amz-acl", "private"); return r }, proxy.BadSignature, "not valid"},
		"what is unsigned":  {plus("&retention"), "", ""}, // and is denied for what it asks for
		"what is unknown":   {plus("&some-day"), proxy.Unread, `no parameter "some-day"`},
		"an x-id":           {plus("&x-id=PutObject"), proxy.Unread, "x-id"},
		"version 4 besides": {plus("&X-Amz-Signature=0"), proxy.BadSignature, "no valid signature"},
		"a token of the old bucket kind": {func(r *http.Request) *http.Request {
			r.Header.Set(expressToken, "t")
			return r
		}, proxy.BadSignature, "no valid signature"},
		"a header's signature besides": {func(r *http.Request) *http.Request {
			r.Header.Set("Authorization", "AWS ASIASEALED:x=")
			return r
		}, proxy.BadSignature, "no valid signature"},
		"expired": {func(*http.Request) *http.Request {
			return presigned2{method: "GET", target: "/media/in/a", expires: -time.Second}.request(t, sealed)
		}, proxy.BadSignature, "was good until"},
		"another's token": {func(*http.Request) *http.Request {
			return get.request(t, sigv4.Credentials{AccessKeyID: sealed.AccessKeyID, SecretAccessKey: sealed.SecretAccessKey, SessionToken: "x"})
		}, proxy.BadSignature, "not valid"},
		"no token": {func(*http.Request) *http.Request {
			return get.request(t, sigv4.Credentials{AccessKeyID: sealed.AccessKeyID, SecretAccessKey: sealed.SecretAccessKey})
		}, proxy.BadSignature, "not valid"},
		"another key": {func(*http.Request) *http.Request {
			return get.request(t, sigv4.Credentials{AccessKeyID: "AKIAFOREIGN", SecretAccessKey: "x"})
		}, proxy.ForeignCredentials, "AKIAFOREIGN"},
		"an access point":               {at("thumbs-123456789012.s3-accesspoint.eu-west-1.amazonaws.com", "/in/a", "/in/a"), proxy.BadSignature, "buckets of S3 alone"},
		"a multi-region one":            {at("abc.mrap.accesspoint.s3-global.amazonaws.com", "/in/a", "/in/a"), proxy.BadSignature, "buckets of S3 alone"},
		"a directory bucket":            {at("b--euw1-az1--x-s3.s3express-euw1-az1.eu-west-1.amazonaws.com", "/in/a", "/b--euw1-az1--x-s3/in/a"), proxy.BadSignature, "buckets of S3 alone"},
		"S3 Control":                    {at("123456789012.s3-control.eu-west-1.amazonaws.com", "/v20180820/jobs", ""), proxy.BadSignature, "buckets of S3 alone"},
		"another service":               {at("sqs.eu-west-1.amazonaws.com", "/?Action=ListQueues", "/"), proxy.BadSignature, "buckets of S3 alone"},
		"another's version 2":           {at("sqs.eu-west-1.amazonaws.com", "/?Action=ListQueues&SignatureVersion=2", "/"), proxy.BadSignature, "URLs of S3 alone"},
		"a directory bucket as another": {at("b--euw1-az1--x-s3.s3.amazonaws.com", "/in/a", "/b--euw1-az1--x-s3/in/a"), proxy.Unread, "no host of a service"},
		"a bucket of elsewhere":         {at("media.s3.cn-north-1.amazonaws.com.cn", "/in/a", "/media/in/a"), "", ""},
	} {
		call, err := rig.Read(tt.change(get.request(t, sealed)))
		if tt.reason == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		refusal, _ := errors.AsType[*proxy.Refusal](err)
		if tt.reason == proxy.Unread && refusal == nil && err != nil && strings.Contains(err.Error(), tt.text) {
			continue
		}
		if refusal == nil || refusal.Reason != tt.reason || !strings.Contains(refusal.Text, tt.text) {
			t.Errorf("%s: got %v, want %s with %q", name, err, tt.reason, tt.text)
		}
		if p := call.Particulars.(*particulars); p.verified {
			t.Errorf("%s: is verified", name)
		}
	}
}

// TestAFormThatUploadsIsRefusedWithTheWayOut sends what generate_presigned_post
// makes: as to AWS, and as to an endpoint.
func TestAFormThatUploadsIsRefusedWithTheWayOut(t *testing.T) {
	rig := newRig(t, thumbnails)
	rig.manifest.Mode = manifest.Observe // in which it is refused as well
	for _, host := range []string{"", "media.s3.amazonaws.com", "media.s3.eu-west-1.amazonaws.com"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1:9001/", strings.NewReader("--b\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nin/a\r\n--b--"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", `multipart/form-data; boundary="b"`)
		served(r, "/")
		if host != "" {
			r.Host, r.URL = host, &url.URL{Scheme: "https", Host: host}
		}
		call, err := rig.Read(r)
		refusal, ok := errors.AsType[*proxy.Refusal](err)
		if !ok || refusal.Reason != proxy.BadSignature || !strings.Contains(refusal.Text, "PutObject") {
			t.Errorf("%q: got %v", host, err)
		}
		if p := call.Particulars.(*particulars); p.protocol != protocolS3 {
			t.Errorf("%q: refused in the words of %v", host, p.protocol)
		}
	}
}

// A foreign key's signature is nobody's to verify. Observing, its call goes on as
// it came; a manifest that names the key grants none that is signed by version 2.
func TestForeignKeysAndVersion2(t *testing.T) {
	const host = "media.s3.eu-west-1.amazonaws.com"
	foreign := sigv4.Credentials{AccessKeyID: "AKIAFOREIGN", SecretAccessKey: "x"}
	rig := newRig(t, thumbnails)
	rig.Foreign = func(id string) (string, bool) { return "123456789012", id == foreign.AccessKeyID }
	r := presigned2{method: "GET", host: host, target: "/in/a", resource: "/media/in/a"}.request(t, foreign)
	call, err := rig.Read(r)
	if refusal, ok := errors.AsType[*proxy.Refusal](err); !ok || refusal.Reason != proxy.ForeignCredentials || !strings.Contains(refusal.Text, "version 4") {
		t.Errorf("got %v", err)
	}
	rig.manifest.Mode = manifest.Observe
	out := r.Clone(r.Context())
	out.RequestURI = ""
	resp, _, err := rig.Send(out, call, rig.manifest, manifest.Decision{Reason: proxy.ForeignCredentials})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if got := rig.got[len(rig.got)-1]; got.RequestURI != r.RequestURI || got.Host != host {
		t.Errorf("observing: sent %s to %s, want %s", got.RequestURI, got.Host, r.RequestURI)
	}
}

// TestABucketInAnotherRegionIsFound has S3 say, as it does, that a call was signed
// for the wrong region: it goes on signed for the right one, if it is granted there.
func TestABucketInAnotherRegionIsFound(t *testing.T) {
	const wrong = `<Error><Code>AuthorizationQueryParametersError</Code><Message>the region 'eu-west-1' is wrong; expecting 'us-west-2'</Message><Region>us-west-2</Region></Error>`
	at := func(method, target, body string) presigned2 {
		return presigned2{method: method, host: "media.s3.amazonaws.com", target: target, resource: "/media" + target, body: body}
	}
	for name, tt := range map[string]struct {
		manifest string // more of it
		presigned2
		answer  string   // what comes of the first; a region alone: of a HEAD
		regions []string // that were signed for, call by call, of two
		status  int      // of the first call
	}{
		"a GET":                      {"", at("GET", "/in/a", ""), wrong, []string{"eu-west-1", "us-west-2", "us-west-2"}, 200},
		"a HEAD":                     {"", at("HEAD", "/in/a", ""), "us-west-2", []string{"eu-west-1", "us-west-2", "us-west-2"}, 200},
		"a body, which is gone":      {"", at("PUT", "/out/a", "hello"), wrong, []string{"eu-west-1", "us-west-2"}, 400},
		"another error":              {"", at("GET", "/in/a", ""), strings.Replace(wrong, "AuthorizationQueryParametersError", "InvalidArgument", 1), []string{"eu-west-1", "eu-west-1"}, 400},
		"what is no region":          {"", at("GET", "/in/a", ""), strings.Replace(wrong, "<Region>us-west-2", "<Region>evil.example/", 1), []string{"eu-west-1", "eu-west-1"}, 400},
		"a region of elsewhere":      {"", at("GET", "/in/a", ""), strings.Replace(wrong, "<Region>us-west-2", "<Region>cn-north-1", 1), []string{"eu-west-1", "eu-west-1"}, 400},
		"a host that says its own":   {"", presigned2{method: "GET", host: "media.s3.eu-west-1.amazonaws.com", target: "/in/a", resource: "/media/in/a"}, wrong, []string{"eu-west-1", "eu-west-1"}, 400},
		"a region that is not meant": {", when: {StringEquals: {aws:RequestedRegion: eu-west-1}}", at("GET", "/in/a", ""), wrong, []string{"eu-west-1"}, 400},
	} {
		rig := newRig(t, strings.Replace(thumbnails, "delete_prefix: out/}", "delete_prefix: out/"+tt.manifest+"}", 1))
		rig.answer = func(w http.ResponseWriter, n int) {
			if n > 1 {
				return
			}
			if tt.method == "HEAD" {
				w.Header().Set("X-Amz-Bucket-Region", tt.answer)
			}
			w.WriteHeader(http.StatusBadRequest)
			if tt.method != "HEAD" {
				fmt.Fprint(w, tt.answer)
			}
		}
		resp, sent, err := rig.do(tt.request(t, sealed))
		if err != nil || resp.StatusCode != tt.status || sent.Width != manifest.WidthCall {
			t.Errorf("%s: got %v, %v", name, resp, err)
		}
		again, _, err := rig.do(tt.request(t, sealed))
		if denied := len(tt.regions) == 1; (err != nil) != denied || !denied && again.StatusCode != 200 {
			t.Errorf("%s: the second time: %v", name, err)
		}
		var regions []string
		for _, r := range rig.got {
			s, err := sigv4.Read(r)
			if err != nil {
				t.Fatal(err)
			}
			regions = append(regions, s.Scope.Region)
		}
		if !slices.Equal(regions, tt.regions) {
			t.Errorf("%s: signed for %v, want %v", name, regions, tt.regions)
		}
	}
}

// What is presigned has some of its headers moved into the query. It keeps them if
// it has to be signed twice.
func TestAPresignedCallThatIsSentTwiceKeepsItsHeaders(t *testing.T) {
	rig := newRig(t, thumbnails)
	rig.answer = func(w http.ResponseWriter, n int) {
		if n == 1 {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, "<Error><Code>InvalidAccessKeyId</Code></Error>")
		}
	}
	r := presigned2{method: "GET", target: "/media/in/a", header: []string{"x-amz-expected-bucket-owner", "123456789012"}}.request(t, sealed)
	if _, _, err := rig.do(r); err != nil {
		t.Fatal(err)
	}
	if len(rig.got) != 2 {
		t.Fatalf("sent %d times", len(rig.got))
	}
	for _, got := range rig.got {
		if got.URL.Query().Get("x-amz-expected-bucket-owner")+got.Header.Get("X-Amz-Expected-Bucket-Owner") != "123456789012" {
			t.Errorf("sent %s with %q", got.RequestURI, got.Header)
		}
	}
}
