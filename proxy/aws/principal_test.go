package aws

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
	"github.com/lambda-remit/remit/proxy/aws/awstest"
	"github.com/lambda-remit/remit/proxy/sigv4"
)

const principals = `
function: thumbnails
credentials:
  role: "` + awstest.RoleARN + `"
  foreign: {AKIAIOSFODNN7EXAMPLE: "210987654321"}
permissions:
  object_storage: {bucket: media, read_prefix: ""}
  secrets: {read: key}
allow:
  - {actions: s3:GetObject, resources: "arn:aws:s3:::open-data/*", anonymous: true}
  - {actions: sts:AssumeRoleWithWebIdentity, resources: "` + reportsRole + `", anonymous: true}
  - {actions: "s3:*Object", resources: "arn:aws:s3:::partner-data/*"}
  - {actions: secretsmanager:GetSecretValue, resources: "arn:aws:secretsmanager:eu-west-1:210987654321:secret:theirs-*"}
  - {actions: sts:AssumeRole, resources: "` + partnerRole + `"}
  - {actions: cognito-identity:GetCredentialsForIdentity, resources: "*", anonymous: true}
`

func principalsRig(t *testing.T) *rig {
	rig := newRig(t, principals)
	rig.Foreign = func(id string) (string, bool) {
		account, ok := rig.manifest.Credentials.Foreign[id]
		return account, ok
	}
	return rig
}

var foreign = sigv4.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "a secret that Remit does not know"}

// at is r as the proxy hands it on where the client knows the host.
func at(host string, r *http.Request) *http.Request {
	r.Host, r.URL = host, &url.URL{Scheme: "https", Host: strings.ToLower(host)}
	return r
}

// unsignedCall is a call that nobody has signed.
func unsignedCall(t *testing.T, method, target, body string, header ...string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(method, "http://127.0.0.1:9001"+target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return served(r, target)
}

func TestAnUnsignedCallGoesOnUnsignedIfItIsGranted(t *testing.T) {
	rig := principalsRig(t)
	for _, tt := range []struct {
		name, host, target string
		reason             manifest.Reason // empty: sent
	}{
		{"granted", "s3.eu-west-1.amazonaws.com", "/open-data/a%20b", ""},
		{"granted, by the bucket's host", "open-data.s3.eu-west-1.amazonaws.com", "/a%20b", ""},
		{"granted to the function alone", "s3.eu-west-1.amazonaws.com", "/partner-data/a", manifest.NoPrincipal},
		{"not granted", "s3.eu-west-1.amazonaws.com", "/other/a", manifest.NoPrincipal},
		{"of no host that is known", "", "/open-data/a", proxy.BadSignature},
	} {
		n := len(rig.got)
		r := unsignedCall(t, "GET", tt.target, "")
		if tt.host != "" {
			r = at(tt.host, r)
		}
		_, _, err := rig.answers(r)
		var refusal *proxy.Refusal
		switch {
		case tt.reason == "" && (err != nil || len(rig.got) != n+1):
			t.Errorf("%s: got %v", tt.name, err)
		case tt.reason == "":
			got := rig.got[n]
			if got.Host != tt.host || got.RequestURI != tt.target || got.Header.Get("Authorization") != "" || got.Header.Get("X-Amz-Security-Token") != "" {
				t.Errorf("%s: sent %s%s with %v", tt.name, got.Host, got.RequestURI, got.Header)
			}
		case !errors.As(err, &refusal) || refusal.Reason != tt.reason || len(rig.got) != n:
			t.Errorf("%s: got %v, want %s", tt.name, err, tt.reason)
		}
	}
	if len(rig.sts.Asked()) > 0 {
		t.Error("credentials were minted for nobody")
	}
}

func TestAnUnsignedCallWithSomebodysTokenIsNotAnonymous(t *testing.T) {
	rig := principalsRig(t)
	for _, header := range []string{"Authorization", "X-Amz-Security-Token", "X-Amz-S3session-Token"} {
		_, err := rig.Read(at("s3.eu-west-1.amazonaws.com", unsignedCall(t, "GET", "/open-data/a", "", header, "Bearer x")))
		var refusal *proxy.Refusal
		if !errors.As(err, &refusal) || refusal.Reason != proxy.BadSignature {
			t.Errorf("%s: got %v", header, err)
		}
	}
}

func TestAWebIdentitysRoleComesBackSealed(t *testing.T) {
	rig := principalsRig(t)
	rig.answer = func(w http.ResponseWriter, n int) {
		io.WriteString(w, strings.ReplaceAll(assumedAnswer("<Credentials>"+realSet+"</Credentials>"+assumedUser("arn:aws:sts::"+awstest.Account+":assumed-role/reports/job")), "AssumeRoleRes", "AssumeRoleWithWebIdentityRes"))
	}
	form := url.Values{"Action": {"AssumeRoleWithWebIdentity"}, "Version": {"2011-06-15"}, "RoleArn": {reportsRole}, "RoleSessionName": {"job"}, "WebIdentityToken": {"a.b.c"}}.Encode()
	for _, host := range []string{"", "sts.eu-west-1.amazonaws.com"} {
		r := unsignedCall(t, "POST", "/", form, "Content-Type", "application/x-www-form-urlencoded")
		if host != "" {
			r = at(host, r)
		}
		_, body, err := rig.answers(r)
		if err != nil {
			t.Fatal(err)
		}
		x := opened(t, rig.Cloud, strings.ReplaceAll(body, "WithWebIdentity", ""))
		if x.Principal != reportsRole || x.Account != awstest.Account || !x.Bound || x.Real.SecretAccessKey != realSecret {
			t.Errorf("sealed as %v, bound: %v", x, x.Bound)
		}
		sent, err := url.ParseQuery(rig.bodies[len(rig.bodies)-1])
		if err != nil || sent.Get("Policy") == "" || sent.Get("WebIdentityToken") != "a.b.c" || rig.got[len(rig.got)-1].Header.Get("Authorization") != "" {
			t.Errorf("sent %v (%v)", sent, err)
		}
		if strings.Contains(sent.Get("Policy"), "open-data") {
			t.Error("the role may do what only nobody was granted")
		}
	}
}

func TestANamedForeignKeysCallGoesOnByteForByte(t *testing.T) {
	rig := principalsRig(t)
	r := at("S3.eu-west-1.amazonaws.com", signed(t, foreign, "s3", "PUT", "/partner-data/a%2Fb?x-id=PutObject", "hello", "", "X-Amz-Meta-A", "b"))
	want := r.Header.Clone()
	_, body, err := rig.answers(r)
	if err != nil {
		t.Fatal(err, body)
	}
	got := rig.got[len(rig.got)-1]
	if got.Host != "S3.eu-west-1.amazonaws.com" || got.RequestURI != "/partner-data/a%2Fb?x-id=PutObject" || rig.bodies[len(rig.bodies)-1] != "hello" {
		t.Errorf("sent %s%s", got.Host, got.RequestURI)
	}
	for name, values := range want {
		if strings.Join(got.Header.Values(name), "\n") != strings.Join(values, "\n") {
			t.Errorf("%s was sent as %q, came as %q", name, got.Header.Values(name), values)
		}
	}
	if len(rig.sts.Asked()) > 0 {
		t.Error("credentials were minted for somebody else's call")
	}
}

func TestAForeignKeyIsGoodForWhatIsGrantedInItsAccount(t *testing.T) {
	rig := principalsRig(t)
	other := sigv4.Credentials{AccessKeyID: "AKIAI44QH8DHBEXAMPLE", SecretAccessKey: "x"}
	secret := func(c sigv4.Credentials, name string) *http.Request {
		return at("secretsmanager.eu-west-1.amazonaws.com", signed(t, c, "secretsmanager", "POST", "/", `{"SecretId": "`+name+`"}`, "", "Content-Type", "application/x-amz-json-1.1", "X-Amz-Target", "secretsmanager.GetSecretValue"))
	}
	host := "s3.eu-west-1.amazonaws.com"
	for _, tt := range []struct {
		name   string
		r      *http.Request
		reason manifest.Reason
	}{
		{"granted", at(host, signed(t, foreign, "s3", "GET", "/partner-data/a", "", "")), ""},
		{"granted in its account", secret(foreign, "theirs"), ""},
		{"granted in the function's account", secret(foreign, "key"), manifest.NoResource},
		{"not granted", at(host, signed(t, foreign, "s3", "GET", "/other/a", "", "")), manifest.NoResource},
		{"a bucket that AWS alone can pin", at(host, signed(t, foreign, "s3", "GET", "/media/a", "", "")), manifest.NoCondition},
		{"granted to nobody alone", at(host, signed(t, foreign, "s3", "GET", "/open-data/a", "", "")), manifest.NoResource},
		{"a key that is not named", at(host, signed(t, other, "s3", "GET", "/partner-data/a", "", "")), proxy.ForeignCredentials},
		{"signed for the proxy", signed(t, foreign, "s3", "GET", "/partner-data/a", "", ""), proxy.ForeignCredentials},
		{"another body than its hash says", func() *http.Request {
			r := secret(foreign, "theirs")
			r.Header.Set("X-Amz-Content-Sha256", strings.Repeat("0", 64))
			return r
		}(), proxy.BadSignature},
	} {
		n := len(rig.got)
		_, _, err := rig.answers(tt.r)
		var refusal *proxy.Refusal
		if tt.reason == "" && (err != nil || len(rig.got) != n+1) || tt.reason != "" && (!errors.As(err, &refusal) || refusal.Reason != tt.reason || len(rig.got) != n) {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.reason)
		}
	}
}

func TestARoleThatAForeignKeyAssumesIsSealedAndUnbound(t *testing.T) {
	rig := principalsRig(t)
	rig.answer = func(w http.ResponseWriter, n int) {
		io.WriteString(w, assumedAnswer("<Credentials>"+realSet+"</Credentials>"))
	}
	form := assumeRole(partnerRole)
	_, body, err := rig.answers(at("sts.eu-west-1.amazonaws.com", signed(t, foreign, "sts", "POST", "/", form, "", "Content-Type", "application/x-www-form-urlencoded")))
	if err != nil {
		t.Fatal(err)
	}
	if x := opened(t, rig.Cloud, body); x.Bound || x.Principal != partnerRole || x.Account != "210987654321" {
		t.Errorf("sealed as %v of %s, bound: %v", x, x.Account, x.Bound)
	}
	if got := rig.bodies[len(rig.bodies)-1]; got != form {
		t.Errorf("sent %s, which is not what was signed", got)
	}
}

func TestCognitosCredentialsComeBackSealed(t *testing.T) {
	rig := principalsRig(t)
	rig.manifest.Upstreams["cognito-identity"] = rig.url
	rig.answer = func(w http.ResponseWriter, n int) {
		io.WriteString(w, `{"IdentityId":"eu-west-1:x","Credentials":{"AccessKeyId":"`+realID+`","SecretKey":"`+realSecret+`","SessionToken":"`+realToken+`","Expiration":32472144000}}`)
	}
	for _, host := range []string{"", "cognito-identity.eu-west-1.amazonaws.com"} {
		r := unsignedCall(t, "POST", "/", `{"IdentityId":"eu-west-1:01234567-89ab-cdef-0123-456789abcdef"}`, "Content-Type", "application/x-amz-json-1.1", "X-Amz-Target", "AWSCognitoIdentityService.GetCredentialsForIdentity")
		if host != "" {
			r = at(host, r)
		}
		_, body, err := rig.answers(r)
		if err != nil {
			t.Fatalf("by host %q: %v", host, err)
		}
		var answer struct {
			Credentials struct{ AccessKeyId, SecretKey, SessionToken string }
		}
		if err := json.Unmarshal([]byte(body), &answer); err != nil || strings.Contains(body, "REAL") {
			t.Fatalf("got %s (%v)", body, err)
		}
		got := answer.Credentials
		c, x, ok := rig.sealer.Open(got.AccessKeyId, got.SessionToken)
		if !ok || c.SecretAccessKey != got.SecretKey || x.Real.SecretAccessKey != realSecret || x.Bound || x.Account != "" {
			t.Errorf("sealed as %v of %q, bound: %v", x, x.Account, x.Bound)
		}
		// Whose role it is, nobody knows: a bare name is in no account.
		_, _, err = rig.answers(signed(t, c, "secretsmanager", "POST", "/", `{"SecretId": "key"}`, "", "Content-Type", "application/x-amz-json-1.1", "X-Amz-Target", "secretsmanager.GetSecretValue"))
		var refusal *proxy.Refusal
		if !errors.As(err, &refusal) || refusal.Reason != manifest.NoAccount {
			t.Errorf("a bare name: got %v", err)
		}
		if _, _, err := rig.answers(signed(t, c, "s3", "GET", "/partner-data/a", "", "")); err != nil {
			t.Errorf("a bucket that is not pinned: %v", err)
		}
	}
}

func TestSingleSignOnsAccountStandsInItsCall(t *testing.T) {
	for target, want := range map[string]string{
		"/federation/credentials?role_name=r&account_id=210987654321":             "210987654321",
		"/federation/credentials?account_id=2109":                                 "",
		"/federation/credentials?account_id=210987654321&account_id=123456789012": "",
		"/federation/credentials":                                                 "",
	} {
		if got := (&particulars{target: target}).ssoAccount(); got != want {
			t.Errorf("%s: got %q, want %q", target, got, want)
		}
	}
}
