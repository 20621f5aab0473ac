package aws

import (
	"cmp"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
	"github.com/lambda-remit/remit/proxy/aws/awstest"
	"github.com/lambda-remit/remit/proxy/credentials"
	"github.com/lambda-remit/remit/proxy/sigv4"
)

const (
	mediaExpress = "media--euw1-az1--x-s3" // read
	workExpress  = "work--euw1-az1--x-s3"  // read and written
)

const expressly = `
credentials: {role: "` + awstest.RoleARN + `"}
permissions:
  object_storage:
    - {bucket: ` + mediaExpress + `, read_prefix: in/}
    - {bucket: ` + workExpress + `, read_prefix: in/, write_prefix: out/}
`

func expressRig(t testing.TB, yaml string) *rig {
	rig := newRig(t, yaml)
	rig.manifest.Upstreams["s3express"] = rig.url
	rig.answer = func(w http.ResponseWriter, n int) {
		if rig.got[n-1].URL.RawQuery == "session" {
			io.WriteString(w, `<?xml version="1.0" encoding="UTF-8"?><CreateSessionResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Credentials>`+realSet+`</Credentials></CreateSessionResult>`)
		}
	}
	return rig
}

// expressSigned is a request to the endpoint, signed as SDKs sign for directory
// buckets: under a session with its token in the header of its own.
func expressSigned(t testing.TB, c sigv4.Credentials, session bool, service, method, target string, header ...string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(method, "http://127.0.0.1:9001"+target, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	r.Header.Set("X-Amz-Content-Sha256", sigv4.Unsigned)
	if session {
		r.Header.Set(expressToken, c.SessionToken)
		c.SessionToken = ""
	}
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	if err := signer.SignHTTP(t.Context(), sdk.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}, r, sigv4.Unsigned, service, "eu-west-1", time.Now()); err != nil {
		t.Fatal(err)
	}
	return served(r, target)
}

// session asks for a session with a bucket, and returns it as it came back.
func (rig *rig) session(t testing.TB, bucket string, header ...string) sigv4.Credentials {
	t.Helper()
	_, body, err := rig.answers(expressSigned(t, sealed, false, "s3express", "GET", "/"+bucket+"?session", header...))
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		ID     string `xml:"Credentials>AccessKeyId"`
		Secret string `xml:"Credentials>SecretAccessKey"`
		Token  string `xml:"Credentials>SessionToken"`
	}
	if err := xml.Unmarshal([]byte(body), &got); err != nil || !strings.HasPrefix(got.ID, credentials.KeyPrefix) {
		t.Fatalf("got %s, %v", body, err)
	}
	if strings.Contains(body, realID) || strings.Contains(body, realSecret) || strings.Contains(body, realToken) {
		t.Errorf("the function holds what AWS honours: %s", body)
	}
	return sigv4.Credentials{AccessKeyID: got.ID, SecretAccessKey: got.Secret, SessionToken: got.Token}
}

func TestASessionIsAsWideAsTheManifestGrants(t *testing.T) {
	for _, tt := range []struct{ bucket, said, sent, policy string }{
		{mediaExpress, "", "ReadOnly", `"s3express:SessionMode":"ReadOnly"`},
		{mediaExpress, "ReadOnly", "ReadOnly", `"s3express:SessionMode":"ReadOnly"`},
		{workExpress, "", "", `"s3express:SessionMode":"ReadWrite"`},
		{workExpress, "ReadOnly", "ReadOnly", `"s3express:SessionMode":"ReadOnly"`},
		{workExpress, "ReadWrite", "ReadWrite", `"s3express:SessionMode":"ReadWrite"`},
	} {
		rig := expressRig(t, expressly)
		var header []string
		if tt.said != "" {
			header = []string{"X-Amz-Create-Session-Mode", tt.said}
		}
		rig.session(t, tt.bucket, header...)
		r := rig.last(t)
		if got := r.Header.Get("X-Amz-Create-Session-Mode"); got != tt.sent {
			t.Errorf("%s, asked for %q: was sent as %q, want %q", tt.bucket, tt.said, got, tt.sent)
		}
		if want := tt.bucket + ".s3express-euw1-az1.eu-west-1.amazonaws.com"; r.Host != want || r.RequestURI != "/?session" {
			t.Errorf("sent to %s%s, want %s/?session", r.Host, r.RequestURI, want)
		}
		asked := rig.sts.Asked()
		if policy := asked[len(asked)-1].Policy; !strings.Contains(policy, tt.policy) || strings.Contains(policy, "s3:") {
			t.Errorf("%s, asked for %q: was minted under %s", tt.bucket, tt.said, policy)
		}
	}
	rig := expressRig(t, expressly)
	if _, _, err := rig.do(expressSigned(t, sealed, false, "s3express", "GET", "/"+mediaExpress+"?session", "X-Amz-Create-Session-Mode", "ReadWrite")); err == nil {
		t.Error("a session to write is granted where nothing may be written")
	}
}

func TestWhatIsObservedAsksForASessionAsItCame(t *testing.T) {
	rig := expressRig(t, "mode: observe"+expressly)
	call, err := rig.Read(expressSigned(t, sealed, false, "s3express", "GET", "/"+mediaExpress+"?session"))
	if err != nil {
		t.Fatal(err)
	}
	out, _ := http.NewRequest("GET", call.Upstream.String(), nil)
	resp, _, err := rig.Send(out, call, rig.manifest, rig.manifest.Decide(call.Requests...))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if got := rig.got[0].Header.Get("X-Amz-Create-Session-Mode"); got != "" {
		t.Errorf("was sent as %q", got)
	}
}

func TestACallUnderASessionGoesUnderTheSession(t *testing.T) {
	rig := expressRig(t, expressly)
	c := rig.session(t, workExpress)
	real := sigv4.Credentials{AccessKeyID: realID, SecretAccessKey: realSecret, SessionToken: realToken}
	minted := len(rig.sts.Asked())
	for _, tt := range []struct{ method, target, want string }{
		{"GET", "/" + workExpress + "/in/a%20b?x-id=GetObject", "/in/a%20b?x-id=GetObject"},
		{"PUT", "/" + workExpress + "/out/a", "/out/a"},
		{"PUT", "/work--euw1-az1--x%2Ds3/out//..//%2E", "/out//..//%2E"},
	} {
		_, sent, err := rig.do(expressSigned(t, c, true, "s3express", tt.method, tt.target))
		if err != nil {
			t.Errorf("%s %s: %v", tt.method, tt.target, err)
			continue
		}
		r := rig.got[len(rig.got)-1]
		s, err := sigv4.Read(r)
		if err == nil {
			err = s.Verify(r, real, sigv4.Options{S3: true})
		}
		if err != nil || !s.Express || s.Scope.Service != "s3express" || r.RequestURI != tt.want {
			t.Errorf("%s %s: sent %s with %q: %v", tt.method, tt.target, r.RequestURI, r.Header, err)
		}
		if sent.AccessKeyID != realID || r.Host != workExpress+".s3express-euw1-az1.eu-west-1.amazonaws.com" {
			t.Errorf("%s %s: sent to %s under %+v", tt.method, tt.target, r.Host, sent)
		}
	}
	if n := len(rig.sts.Asked()); n != minted {
		t.Errorf("credentials were minted %d times for calls under a session", n-minted)
	}
	for _, target := range []string{"/" + workExpress + "/other/a", "/" + workExpress + "/out/a"} {
		if _, _, err := rig.do(expressSigned(t, c, true, "s3express", "GET", target)); err == nil || !strings.Contains(err.Error(), "denied") {
			t.Errorf("GET %s under a session that AWS would read it under: %v", target, err)
		}
	}
}

func TestAPresignedCallUnderASessionIsPresignedAnew(t *testing.T) {
	rig := expressRig(t, expressly)
	c := rig.session(t, workExpress)
	r, _ := http.NewRequest("GET", "http://127.0.0.1:9001/"+workExpress+"/in/a?X-Amz-Expires=300&"+expressToken+"="+strings.NewReplacer("+", "%2B", "/", "%2F", "=", "%3D").Replace(c.SessionToken), nil)
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	u, header, err := signer.PresignHTTP(t.Context(), sdk.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey}, r, sigv4.Unsigned, "s3express", "eu-west-1", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	r.Header = header
	_, target, _ := strings.Cut(u, "127.0.0.1:9001")
	if _, _, err := rig.do(served(r, target)); err != nil {
		t.Fatal(err)
	}
	got := rig.got[len(rig.got)-1]
	s, err := sigv4.Read(got)
	if err == nil {
		err = s.Verify(got, sigv4.Credentials{AccessKeyID: realID, SecretAccessKey: realSecret, SessionToken: realToken}, sigv4.Options{S3: true})
	}
	if err != nil || !s.Express || !s.Query || strings.Contains(got.RequestURI, "Security-Token") || got.Header.Get(expressToken) != "" {
		t.Errorf("sent %s with %q: %v", got.RequestURI, got.Header, err)
	}
}

func TestACallWithoutASessionIsGrantedTheSessionToo(t *testing.T) {
	rig := expressRig(t, expressly)
	if _, _, err := rig.do(expressSigned(t, sealed, false, "s3express", "GET", "/"+mediaExpress+"/in/a")); err != nil {
		t.Fatal(err)
	}
	r := rig.last(t)
	if r.Header.Get("X-Amz-Security-Token") == "" || r.Header.Get(expressToken) != "" {
		t.Errorf("sent with %q", r.Header)
	}
	asked := rig.sts.Asked()
	if policy := asked[len(asked)-1].Policy; !strings.Contains(policy, `"s3express:CreateSession"`) || !strings.Contains(policy, `"s3express:SessionMode":"ReadOnly"`) {
		t.Errorf("minted under %s", policy)
	}
	for _, target := range []string{"/" + mediaExpress + "/out/a", "/" + workExpress + "/out/a"} {
		if _, _, err := rig.do(expressSigned(t, sealed, false, "s3express", "GET", target)); err == nil {
			t.Errorf("GET %s is granted", target)
		}
	}
}

func TestASessionIsGoodForItsBucketAlone(t *testing.T) {
	own, other := expressRig(t, expressly), expressRig(t, expressly)
	media, work := own.session(t, mediaExpress), own.session(t, workExpress)
	old, err := own.sealer.Seal(credentials.Session{
		Real: sigv4.Credentials{AccessKeyID: "ASIAOLD"}, Account: awstest.Account, Service: "s3express",
		Resource: "arn:aws:s3express:eu-west-1:" + awstest.Account + ":bucket/" + mediaExpress, Expires: time.Now().Add(-sigv4.Skew - time.Minute),
	})
	if err != nil {
		t.Fatal(err)
	}
	role, err := own.sealer.Seal(credentials.Session{Real: sigv4.Credentials{AccessKeyID: "ASIAROLE"}, Principal: reportsRole, Account: awstest.Account, Expires: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	mixed := media
	mixed.SessionToken = work.SessionToken
	const in = "/" + mediaExpress + "/in/a"
	for name, tt := range map[string]struct {
		r      *http.Request
		in     *rig
		reason manifest.Reason
	}{
		"another bucket":                          {r: expressSigned(t, work, true, "s3express", "GET", in), reason: proxy.BadSignature},
		"a copy from another bucket":              {r: expressSigned(t, work, true, "s3express", "PUT", "/"+workExpress+"/out/a", "X-Amz-Copy-Source", mediaExpress+"/in/a"), reason: proxy.BadSignature},
		"a copy from a general purpose bucket":    {r: expressSigned(t, work, true, "s3express", "PUT", "/"+workExpress+"/out/a", "X-Amz-Copy-Source", "uploads/in/a"), reason: proxy.BadSignature},
		"another sandbox":                         {r: expressSigned(t, media, true, "s3express", "GET", in), in: other, reason: proxy.ForeignCredentials},
		"expired":                                 {r: expressSigned(t, old, true, "s3express", "GET", in), reason: proxy.BadSignature},
		"another session's token":                 {r: expressSigned(t, mixed, true, "s3express", "GET", in), reason: proxy.ForeignCredentials},
		"a token that was made up":                {r: expressSigned(t, sigv4.Credentials{AccessKeyID: media.AccessKeyID, SecretAccessKey: media.SecretAccessKey, SessionToken: "AAAA"}, true, "s3express", "GET", in), reason: proxy.ForeignCredentials},
		"the function's own token in its place":   {r: expressSigned(t, sealed, true, "s3express", "GET", in), reason: proxy.BadSignature},
		"a role's token in its place":             {r: expressSigned(t, role, true, "s3express", "GET", in), reason: proxy.BadSignature},
		"the session's token in the other header": {r: expressSigned(t, media, false, "s3express", "GET", in), reason: proxy.BadSignature},
		"the scope of S3":                         {r: expressSigned(t, media, true, "s3", "GET", "/media/in/a"), reason: proxy.BadSignature},
		"the scope of S3, and the other header":   {r: expressSigned(t, media, false, "s3", "GET", "/media/in/a"), reason: proxy.BadSignature},
		"another service":                         {r: expressSigned(t, media, false, "sqs", "GET", "/"), reason: proxy.BadSignature},
		"both tokens":                             {r: expressSigned(t, sealed, false, "s3express", "GET", in, expressToken, media.SessionToken), reason: proxy.BadSignature},
		"the region's operations":                 {r: expressSigned(t, work, true, "s3express", "DELETE", "/"+workExpress), reason: ""},
		"a session":                               {r: expressSigned(t, work, true, "s3express", "GET", "/"+workExpress+"?session"), reason: ""},
	} {
		_, err := cmp.Or(tt.in, own).Read(tt.r)
		refusal, _ := errors.AsType[*proxy.Refusal](err)
		if err == nil || tt.reason == "" && refusal != nil || tt.reason != "" && (refusal == nil || refusal.Reason != tt.reason) {
			t.Errorf("%s: got %v, want %s", name, err, cmp.Or(tt.reason, "unread"))
		}
	}
	unsigned := expressSigned(t, work, true, "s3express", "GET", "/"+workExpress+"/in/a")
	unsigned.Header.Set(expressToken, media.SessionToken)
	if _, err := own.Read(unsigned); err == nil {
		t.Error("a token that was not signed is taken")
	}
}

func TestADenialOfADirectoryBucketIsInS3sWords(t *testing.T) {
	rig := expressRig(t, expressly)
	r := expressSigned(t, rig.session(t, workExpress), true, "s3express", "GET", "/"+workExpress+"/x")
	call, err := rig.Read(r)
	if err != nil {
		t.Fatal(err)
	}
	d := rig.manifest.Decide(call.Requests...)
	w := httptest.NewRecorder()
	rig.Deny(w, r, call, proxy.Denial{ID: "d-1", Reason: d.Reason, Request: d.Denied})
	if body := w.Body.String(); w.Code != 403 || !strings.Contains(body, "<Error><Code>AccessDenied</Code>") || !strings.Contains(body, "s3:GetObject on resource: arn:aws:s3express:eu-west-1:"+awstest.Account+":bucket/"+workExpress+"/x") {
		t.Errorf("got %d %s", w.Code, body)
	}
}
