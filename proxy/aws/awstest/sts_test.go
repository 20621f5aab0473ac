package awstest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

const session = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/k","Condition":{"StringEquals":{"aws:ResourceAccount":"123456789012"}}}]}`

// A request is one to STS, before it is signed.
type request struct {
	form   url.Values
	as     sdk.Credentials
	host   string
	region string // of the signature
	scope  string // its service
	at     time.Time
	after  func(*http.Request) // what is changed once it is signed
}

// good is a request that NewSTS grants.
func good() *request {
	return &request{
		form: url.Values{
			"Action": {"AssumeRole"}, "Version": {"2011-06-15"}, "RoleArn": {RoleARN},
			"RoleSessionName": {"thumbnail"}, "Policy": {session},
		},
		as: Base(), host: "sts.eu-west-1.amazonaws.com", region: "eu-west-1", scope: "sts", at: time.Now(),
	}
}

// send signs r and has s answer it.
func (r *request) send(t *testing.T, s http.Handler) *httptest.ResponseRecorder {
	t.Helper()
	body := []byte(r.form.Encode())
	req := httptest.NewRequest("POST", "https://"+r.host+"/", bytes.NewReader(body))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	sum := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(t.Context(), r.as, req, hex.EncodeToString(sum[:]), r.scope, r.region, r.at); err != nil {
		t.Fatal(err)
	}
	if r.after != nil {
		r.after(req)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, req)
	return w
}

// code reads the code of an error, "" of an answer that is none.
func code(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	var e struct {
		XMLName xml.Name
		Type    string `xml:"Error>Type"`
		Code    string `xml:"Error>Code"`
	}
	if err := xml.Unmarshal(w.Body.Bytes(), &e); err != nil {
		t.Fatalf("%v in %s", err, w.Body)
	}
	if e.XMLName.Space != namespace {
		t.Errorf("got namespace %q, want %q", e.XMLName.Space, namespace)
	}
	return e.Code
}

func TestSTSRefusesWhatAWSDoes(t *testing.T) {
	form := func(name, value string) func(*request) {
		return func(r *request) { r.form.Set(name, value) }
	}
	after := func(f func(*http.Request)) func(*request) { return func(r *request) { r.after = f } }
	for _, c := range []struct {
		name   string
		change func(*request)
		want   string
	}{
		{"nothing wrong", func(*request) {}, ""},
		{"the global endpoint", func(r *request) { r.host, r.region = "sts.amazonaws.com", "us-east-1" }, ""},
		{"a FIPS endpoint", func(r *request) { r.host, r.region = "sts-fips.us-east-1.amazonaws.com", "us-east-1" }, ""},
		{"China", func(r *request) { r.host, r.region = "sts.cn-north-1.amazonaws.com.cn", "cn-north-1" }, ""},

		{"unsigned", after(func(r *http.Request) { r.Header.Del("Authorization") }), "MissingAuthenticationToken"},
		{"signed twice", after(func(r *http.Request) { r.Header.Add("Authorization", "x") }), "IncompleteSignature"},
		{"another algorithm", after(func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "AWS4-HMAC", "AWS4-ECDSA", 1))
		}), "IncompleteSignature"},
		{"unknown key", func(r *request) { r.as.AccessKeyID = "ASIAUNKNOWN000000000" }, "InvalidClientTokenId"},
		{"wrong secret", func(r *request) { r.as.SecretAccessKey = "x" }, "SignatureDoesNotMatch"},
		{"wrong token", func(r *request) { r.as.SessionToken = "x" }, "InvalidClientTokenId"},
		{"no token", func(r *request) { r.as.SessionToken = "" }, "InvalidClientTokenId"},
		{"a token that is not signed", func(r *request) {
			r.as.SessionToken = ""
			r.after = func(r *http.Request) { r.Header.Set("X-Amz-Security-Token", Base().SessionToken) }
		}, "SignatureDoesNotMatch"},
		{"another body", after(func(r *http.Request) {
			r.Body = io.NopCloser(strings.NewReader("Action=AssumeRole&Version=2011-06-15"))
		}), "SignatureDoesNotMatch"},
		{"another host than was signed", after(func(r *http.Request) { r.Host = "sts.eu-west-2.amazonaws.com" }), "SignatureDoesNotMatch"},
		{"a host that is not STS's", func(r *request) { r.host = "127.0.0.1:9000" }, "SignatureDoesNotMatch"},
		{"a look-alike", func(r *request) { r.host = "sts.eu-west-1.amazonaws.com.example.com" }, "SignatureDoesNotMatch"},
		{"another region", func(r *request) { r.region = "eu-west-2" }, "SignatureDoesNotMatch"},
		{"another service", func(r *request) { r.scope = "s3" }, "SignatureDoesNotMatch"},
		{"old", func(r *request) { r.at = time.Now().Add(-6 * time.Minute) }, "SignatureDoesNotMatch"},
		{"from the future", func(r *request) { r.at = time.Now().Add(6 * time.Minute) }, "SignatureDoesNotMatch"},
		{"no form", after(func(r *http.Request) { r.Header.Set("Content-Type", "application/json") }), "SignatureDoesNotMatch"},

		{"no action", form("Action", ""), "InvalidAction"},
		{"another action", form("Action", "GetFederationToken"), "InvalidAction"},
		{"another version", form("Version", "2010-05-08"), "InvalidAction"},
		{"a parameter twice", func(r *request) { r.form.Add("RoleArn", RoleARN) }, "MalformedQueryString"},
		{"an unknown parameter", form("SessionPolicy", "{}"), "ValidationError"},
		{"no role", form("RoleArn", ""), "ValidationError"},
		{"a role that is none", form("RoleArn", "arn:aws:iam::123456789012:user/somebody"), "ValidationError"},
		{"a role's session", form("RoleArn", CallerARN), "ValidationError"},
		{"an unknown role", form("RoleArn", RoleARN+"2"), "AccessDenied"},
		{"a session of one letter", form("RoleSessionName", "x"), "ValidationError"},
		{"a session of 65", form("RoleSessionName", strings.Repeat("x", 65)), "ValidationError"},
		{"a session with a slash", form("RoleSessionName", "a/b"), "ValidationError"},
		{"a session with an umlaut", form("RoleSessionName", "grün"), "ValidationError"},
		{"too short", form("DurationSeconds", "899"), "ValidationError"},
		{"too long", form("DurationSeconds", "43201"), "ValidationError"},
		{"too long for a role", form("DurationSeconds", "3601"), "ValidationError"},
		{"no number", form("DurationSeconds", "1h"), "MalformedInput"},
		{"15 minutes", form("DurationSeconds", "900"), ""},
		{"no policy", func(r *request) { r.form.Del("Policy") }, "MalformedPolicyDocument"},
		{"an empty policy", form("Policy", ""), "ValidationError"},
		{"2,048 characters", form("Policy", session+strings.Repeat(" ", 2048-len(session))), ""},
		{"2,049 characters", form("Policy", session+strings.Repeat(" ", 2049-len(session))), "ValidationError"},
		{"characters beyond Latin-1", form("Policy", strings.Replace(session, "b/k", "b/日", 1)), "ValidationError"},
		{"characters of Latin-1", form("Policy", strings.Replace(session, "b/k", "b/ü", 1)), ""},
		{"not UTF-8", form("Policy", strings.Replace(session, "b/k", "b/\xff", 1)), "ValidationError"},
		{"a control character", form("Policy", session+"\v"), "ValidationError"},
		{"an unpinned policy", form("Policy", strings.Replace(session, "123456789012", "*", 1)), "MalformedPolicyDocument"},
		{"a tag", func(r *request) {
			r.form.Set("Tags.member.1.Key", "team")
			r.form.Set("Tags.member.1.Value", "payments")
		}, ""},
		{"tags that differ in case", func(r *request) {
			r.form["Tags.member.1.Key"], r.form["Tags.member.1.Value"] = []string{"team"}, []string{"a"}
			r.form["Tags.member.2.Key"], r.form["Tags.member.2.Value"] = []string{"Team"}, []string{"b"}
		}, "InvalidParameterValue"},
		{"a gap in the tags", func(r *request) {
			r.form["Tags.member.2.Key"], r.form["Tags.member.2.Value"] = []string{"team"}, []string{"a"}
		}, "ValidationError"},
		{"AWS's own tag", func(r *request) {
			r.form["Tags.member.1.Key"], r.form["Tags.member.1.Value"] = []string{"aws:x"}, []string{"a"}
		}, "InvalidParameterValue"},
		{"a tag's characters", func(r *request) {
			r.form["Tags.member.1.Key"], r.form["Tags.member.1.Value"] = []string{"team"}, []string{"a;b"}
		}, "ValidationError"},
		{"51 tags", func(r *request) {
			for i := range 51 {
				r.form.Set(fmt.Sprintf("Tags.member.%d.Key", i+1), fmt.Sprint("k", i))
				r.form.Set(fmt.Sprintf("Tags.member.%d.Value", i+1), "v")
			}
		}, "ValidationError"},
	} {
		s, _ := NewSTS(t)
		r := good()
		c.change(r)
		w := r.send(t, s)
		if got := code(t, w); got != c.want {
			t.Errorf("%s: got %d %q, want %q: %s", c.name, w.Code, got, c.want, w.Body)
		}
		if asked := s.Asked(); len(asked) != 1 || asked[0].Error != c.want || (asked[0].Issued.AccessKeyID != "") != (c.want == "") {
			t.Errorf("%s: got record %+v, want error %q", c.name, asked, c.want)
		}
	}
}

// dial returns an SDK client of the STS at an address, for the host that the
// SDK itself would speak to.
func dial(address string, as sdk.Credentials) *sts.Client {
	return sts.New(sts.Options{
		Region:      "eu-west-1",
		Credentials: credentials.NewStaticCredentialsProvider(as.AccessKeyID, as.SecretAccessKey, as.SessionToken),
		HTTPClient: &http.Client{Transport: redirected(func(r *http.Request) {
			r.Host, r.URL.Scheme, r.URL.Host = r.URL.Host, "http", strings.TrimPrefix(address, "http://")
		})},
	})
}

type redirected func(*http.Request)

func (f redirected) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	f(r)
	return http.DefaultTransport.RoundTrip(r)
}

func TestAnSDKIsIssuedCredentialsItCanUse(t *testing.T) {
	s, server := NewSTS(t)
	out, err := dial(server.URL, Base()).AssumeRole(t.Context(), &sts.AssumeRoleInput{
		RoleArn: sdk.String(RoleARN), RoleSessionName: sdk.String("thumbnail"), Policy: sdk.String(session),
	})
	if err != nil {
		t.Fatal(err)
	}
	want := "arn:aws:sts::123456789012:assumed-role/thumbnail-calls/thumbnail"
	if got := sdk.ToString(out.AssumedRoleUser.Arn); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if left := time.Until(sdk.ToTime(out.Credentials.Expiration)); left < 59*time.Minute || left > time.Hour {
		t.Errorf("got %v to live, want an hour", left)
	}
	//lint:ignore SA1019 older SDKs know no other member
	if packed := sdk.ToInt32(out.PackedPolicySize); packed == 0 {
		t.Error("got no packed size")
	}
	minted := sdk.Credentials{
		AccessKeyID:     sdk.ToString(out.Credentials.AccessKeyId),
		SecretAccessKey: sdk.ToString(out.Credentials.SecretAccessKey),
		SessionToken:    sdk.ToString(out.Credentials.SessionToken),
	}
	who, err := dial(server.URL, minted).GetCallerIdentity(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if sdk.ToString(who.Arn) != want || sdk.ToString(who.Account) != Account || sdk.ToString(who.UserId) != "AROATESTROLEAAAAAAAAA:thumbnail" {
		t.Errorf("got %q %q %q", *who.Arn, *who.Account, *who.UserId)
	}
	_, err = dial(server.URL, minted).AssumeRole(t.Context(), &sts.AssumeRoleInput{
		RoleArn: sdk.String(RoleARN), RoleSessionName: sdk.String("thumbnail"), Policy: sdk.String(session),
	})
	if err == nil || !strings.Contains(err.Error(), "AccessDenied") {
		t.Errorf("a minted session assumed a role: got %v, want AccessDenied", err)
	}
	if got := len(s.Asked()); got != 3 {
		t.Errorf("got %d requests on record, want 3", got)
	}
}

func TestPackedSizeHasALimitOfItsOwn(t *testing.T) {
	s, _ := NewSTS(t)
	s.MaxPacked = len(session)
	r := good()
	if got := code(t, r.send(t, s)); got != "" {
		t.Errorf("got %q, want none", got)
	}
	r.form["Tags.member.1.Key"], r.form["Tags.member.1.Value"] = []string{"team"}, []string{"a"}
	if got := code(t, r.send(t, s)); got != "PackedPolicyTooLarge" {
		t.Errorf("got %q, want PackedPolicyTooLarge: tags count", got)
	}
}

func TestExpiredCallersAreTold(t *testing.T) {
	s, _ := NewSTS(t)
	s.Now = func() time.Time { return time.Now().Add(7 * time.Hour) }
	r := good()
	r.at = s.Now()
	if got := code(t, r.send(t, s)); got != "ExpiredToken" {
		t.Errorf("got %q, want ExpiredToken", got)
	}
}

// issuer is a server behind a Front: an STS that issues for its root alone,
// and whose hook complains as MinIO does.
func issuer(t *testing.T, complaints ...string) (*STS, string) {
	s, server := NewSTS(t)
	s.Callers = []Caller{{ARN: "arn:aws:iam::123456789012:root", Credentials: sdk.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}}}
	s.Pin, s.AnyHost = false, true
	s.Hook = func(w http.ResponseWriter, r *http.Request) bool {
		if len(complaints) == 0 {
			return false
		}
		said := Fail(400, "InvalidParameterValue", complaints[0])(w, r)
		complaints = complaints[1:]
		return said
	}
	return s, server.URL
}

func TestAFrontAsksTheServerThatHonoursThePolicy(t *testing.T) {
	minio, minioURL := issuer(t, "invalid condition key 's3:x-amz-acl'")
	moto, motoURL := issuer(t)
	front := &Front{MinIO: minioURL, User: "test", Password: "test", Moto: motoURL}
	s, _ := NewSTS(t)
	s.Issue = front.Issue

	r := good()
	r.form.Set("Policy", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::b/k","Condition":{"StringEquals":{"aws:ResourceAccount":"123456789012"},"Null":{"s3:x-amz-acl":"true"}}},{"Effect":"Allow","Action":"sns:Publish","Resource":"*"}]}`)
	r.form.Set("DurationSeconds", "900")
	if got := code(t, r.send(t, s)); got != "" {
		t.Fatal(got)
	}
	asked := minio.Asked()
	want := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:PutObject"],"Resource":["arn:aws:s3:::b/k"]}]}`
	if len(asked) != 1 || asked[0].Policy != want || asked[0].Duration != 15*time.Minute {
		t.Fatalf("MinIO got %+v, want %s", asked, want)
	}
	got := s.Asked()[0].Issued
	if got.Backend != "minio" || got.Policy != want || len(got.Wider) != 1 || got.AccessKeyID != asked[0].Issued.AccessKeyID {
		t.Errorf("got %+v, want MinIO's credentials and what they do not hold to", got)
	}

	r.form.Set("Policy", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sns:Publish","Resource":"*"}]}`)
	if got := code(t, r.send(t, s)); got != "" {
		t.Fatal(got)
	}
	if got := s.Asked()[1].Issued; got.Backend != "moto" || got.AccessKeyID != moto.Asked()[0].Issued.AccessKeyID {
		t.Errorf("got %+v, want moto's credentials", got)
	}
}

func TestAFrontPassesOnWhatItsServersRefuse(t *testing.T) {
	_, stubborn := issuer(t, "unsupported action 's3:PutObject'")
	for _, c := range []struct {
		name  string
		front Front
		want  string
	}{
		{"no server", Front{}, "NotImplemented"},
		{"nothing listens", Front{MinIO: "http://127.0.0.1:1", User: "test", Password: "test"}, "InternalFailure"},
		{"a complaint about nothing", Front{MinIO: stubborn, User: "test", Password: "test"}, "MalformedPolicyDocument"},
	} {
		s, _ := NewSTS(t)
		s.Issue = c.front.Issue
		if got := code(t, good().send(t, s)); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestHooksAnswerInSTSsPlace(t *testing.T) {
	s, server := NewSTS(t)
	for _, c := range []struct {
		name string
		hook func(http.ResponseWriter, *http.Request) bool
		want string
	}{
		{"throttle", Throttle(), "Throttling"},
		{"fail", Fail(403, "RegionDisabledException", "off"), "RegionDisabledException"},
		{"say", Say(200, "text/html", "<html>"), "deserialization failed"},
	} {
		s.Hook = c.hook
		_, err := dial(server.URL, Base()).GetCallerIdentity(t.Context(), nil, func(o *sts.Options) { o.RetryMaxAttempts = 1 })
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
	s.Hook = Slow(time.Hour)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := dial(server.URL, Base()).GetCallerIdentity(ctx, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("slow: got %v, want the deadline", err)
	}
	if got := len(s.Asked()); got != 0 {
		t.Errorf("got %d requests on record, want none: they were hooked", got)
	}
}

func TestEachIsToldOfEveryRequest(t *testing.T) {
	s, _ := NewSTS(t)
	told := make(map[string]int)
	s.Each = func(a Asked) { told[a.Action+a.Error]++ }
	good().send(t, s)
	r := good()
	r.form.Set("RoleArn", RoleARN+"2")
	r.send(t, s)
	if want := map[string]int{"AssumeRole": 1, "AssumeRoleAccessDenied": 1}; !maps.Equal(told, want) {
		t.Errorf("got %v, want %v", told, want)
	}
}
