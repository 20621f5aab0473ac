package aws

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/manifest/iam"
	"github.com/lambda-remit/remit/proxy"
	"github.com/lambda-remit/remit/proxy/aws/awstest"
	"github.com/lambda-remit/remit/proxy/credentials"
	"github.com/lambda-remit/remit/proxy/sigv4"
)

// The roles that functions assume in these tests: one in their own account, and
// one in another.
const (
	reportsRole = "arn:aws:iam::" + awstest.Account + ":role/teams/reports"
	partnerRole = "arn:aws:iam::210987654321:role/partner"
)

const assuming = thumbnails + `
allow:
  - actions: [sts:AssumeRole]
    resources: ["` + reportsRole + `", "` + partnerRole + `"]
  - actions: [s3:GetObject]
    resources: ["arn:aws:s3:::partner-data/in/*"]
  - actions: [secretsmanager:GetSecretValue]
    resources: ["arn:aws:secretsmanager:eu-west-1:210987654321:secret:theirs-??????"]
`

// assumingRig is a rig whose STS lets the role that calls are made under assume
// the two roles.
func assumingRig(t testing.TB, yaml string) *rig {
	rig := newRig(t, yaml)
	rig.sts.Pin = false // the other role's bucket is whose it is
	rig.sts.Chained = []string{reportsRole, partnerRole}
	u, err := url.Parse(rig.Minter.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	rig.manifest.Upstreams["sts"] = u
	return rig
}

// answers is do, with the body of the answer.
func (rig *rig) answers(r *http.Request) (*http.Response, string, error) {
	call, err := rig.Read(r)
	if err != nil {
		return nil, "", err
	}
	d := rig.manifest.Decide(call.Requests...)
	if !d.Allowed {
		return nil, "", &proxy.Refusal{Reason: d.Reason, Text: fmt.Sprintf("%s on %v", d.Reason, d.Denied)}
	}
	out := r.Clone(r.Context())
	out.URL, out.RequestURI, out.Host = call.Upstream, "", call.Upstream.Host
	resp, _, err := rig.Send(out, call, rig.manifest, d)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp, string(body), err
}

func assumeRole(role string, more ...string) string {
	form := url.Values{"Action": {"AssumeRole"}, "Version": {"2011-06-15"}, "RoleArn": {role}, "RoleSessionName": {"job"}}
	for i := 0; i+1 < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	return form.Encode()
}

// assume has a role assumed under c, as an SDK does it.
func (rig *rig) assume(t testing.TB, c sigv4.Credentials, form string) sigv4.Credentials {
	t.Helper()
	return rig.assumeBy(t, "POST", c, form)
}

func (rig *rig) assumeBy(t testing.TB, method string, c sigv4.Credentials, form string) sigv4.Credentials {
	t.Helper()
	r := signed(t, c, "sts", "POST", "/", form, "", "Content-Type", "application/x-www-form-urlencoded")
	if method == "GET" {
		r = signed(t, c, "sts", "GET", "/?"+strings.ReplaceAll(form, "+", "%20"), "", "")
	}
	resp, body, err := rig.answers(r)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != 200 {
		t.Fatalf("got %d %s", resp.StatusCode, body)
	}
	if int(resp.ContentLength) != len(body) || resp.Header.Get("Content-Length") == "" {
		t.Errorf("the answer says that it has %d bytes, and has %d", resp.ContentLength, len(body))
	}
	var answer struct {
		Result struct {
			Credentials struct {
				AccessKeyID  string `xml:"AccessKeyId"`
				Secret       string `xml:"SecretAccessKey"`
				SessionToken string
				Expiration   time.Time
			}
			AssumedRoleUser struct{ Arn string }
		} `xml:"AssumeRoleResult"`
	}
	if err := xml.Unmarshal([]byte(body), &answer); err != nil {
		t.Fatal(err)
	}
	got := answer.Result.Credentials
	if !strings.HasPrefix(got.AccessKeyID, credentials.KeyPrefix) || time.Until(got.Expiration) < 10*time.Minute || answer.Result.AssumedRoleUser.Arn == "" {
		t.Fatalf("got %s", body)
	}
	rig.mu.Lock()
	defer rig.mu.Unlock()
	for _, real := range rig.minted {
		if strings.Contains(body, real.AccessKeyID) || strings.Contains(body, real.SecretAccessKey) || strings.Contains(body, real.SessionToken) {
			t.Errorf("the function holds what AWS honours: %s", body)
		}
	}
	return sigv4.Credentials{AccessKeyID: got.AccessKeyID, SecretAccessKey: got.Secret, SessionToken: got.SessionToken}
}

func TestARoleComesBackSealedAndItsCallsGoUnderIt(t *testing.T) {
	rig := assumingRig(t, assuming)
	c := rig.assume(t, sealed, assumeRole(partnerRole, "ExternalId", "x"))
	asked := rig.sts.Asked()
	last := asked[len(asked)-1]
	if last.Role != partnerRole || last.Form.Get("ExternalId") != "x" {
		t.Fatalf("STS was asked for %s with %v", last.Role, last.Form)
	}
	if want, err := iam.GrantPolicy(rig.manifest, rig.manifest.Grants...); err != nil || last.Policy != want {
		t.Errorf("its session policy is\n%s\nwant the manifest's\n%s (%v)", last.Policy, want, err)
	}
	_, sent, err := rig.do(signed(t, c, "s3", "GET", "/partner-data/in/a", "", ""))
	if err != nil {
		t.Fatal(err)
	}
	rig.last(t)
	if sent.AccessKeyID != last.Issued.AccessKeyID || sent.Width != "" {
		t.Errorf("sent under %+v, want %s", sent, last.Issued.AccessKeyID)
	}
	if _, _, err := rig.do(signed(t, c, "s3", "GET", "/partner-data/out/a", "", "")); err == nil || !strings.Contains(err.Error(), "denied") {
		t.Errorf("outside of the manifest: got %v", err)
	}
	call, err := rig.Read(signed(t, c, "s3", "GET", "/partner-data/in/a", "", ""))
	if err != nil || call.Principal != partnerRole {
		t.Errorf("the call is %q's, want %s (%v)", call.Principal, partnerRole, err)
	}
}

func TestARoleIsBoundAlsoWhereNothingIsMinted(t *testing.T) {
	rig := assumingRig(t, strings.Replace(assuming, `role: "`+awstest.RoleARN+`"`, "unminted: true", 1))
	rig.sts.Roles = append(rig.sts.Roles, reportsRole)
	c := rig.assume(t, sealed, assumeRole(reportsRole))
	asked := rig.sts.Asked()
	if last := asked[len(asked)-1]; !strings.Contains(last.Policy, "aws:ResourceAccount") {
		t.Errorf("the role was assumed under %q", last.Policy)
	}
	if _, _, err := rig.do(signed(t, c, "s3", "GET", "/media/in/a", "", "")); err != nil {
		t.Error(err)
	}
}

func TestARoleAssumesAnother(t *testing.T) {
	rig := assumingRig(t, assuming)
	first := rig.assume(t, sealed, assumeRole(reportsRole))
	second := rig.assume(t, first, assumeRole(partnerRole))
	asked := rig.sts.Asked()
	if last := asked[len(asked)-1]; last.Role != partnerRole || !strings.Contains(last.Caller, "assumed-role/reports/") {
		t.Errorf("%s assumed %s", last.Caller, last.Role)
	}
	if _, _, err := rig.do(signed(t, second, "s3", "GET", "/partner-data/in/a", "", "")); err != nil {
		t.Error(err)
	}
}

func TestBareNamesAreInTheAccountThatTheCallIsMadeIn(t *testing.T) {
	rig := assumingRig(t, assuming)
	own := rig.assume(t, sealed, assumeRole(reportsRole))
	theirs := rig.assume(t, sealed, assumeRole(partnerRole))
	secret := func(c sigv4.Credentials, name string) *http.Request {
		return signed(t, c, "secretsmanager", "POST", "/", `{"SecretId": "`+name+`"}`, "", "Content-Type", "application/x-amz-json-1.1", "X-Amz-Target", "secretsmanager.GetSecretValue")
	}
	for _, tt := range []struct {
		who     string
		c       sigv4.Credentials
		name    string
		allowed bool
	}{
		{"the function", sealed, "key", true},
		{"the function", sealed, "theirs", false},
		{"a role of its account", own, "key", true},
		{"a role of its account", own, "theirs", false},
		// "key" there is another account's secret, that nobody granted.
		{"a role of another account", theirs, "key", false},
		{"a role of another account", theirs, "theirs", true},
		{"a role of another account", theirs, "arn:aws:secretsmanager:eu-west-1:" + awstest.Account + ":secret:key-AbCdEf", true},
	} {
		if _, _, err := rig.do(secret(tt.c, tt.name)); (err == nil) != tt.allowed {
			t.Errorf("%s reads %s: got %v, want allowed: %v", tt.who, tt.name, err, tt.allowed)
		}
	}
}

func TestWhatOnlyAWSSeesHoldsForARoleThatTheManifestGoesAlongTo(t *testing.T) {
	const theirs = `{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"StringEquals":{"aws:ResourceAccount":"` + awstest.Account + `"}}}`
	long := strings.Repeat("a", 1900)
	for _, tt := range []struct {
		name         string
		bound        bool
		has, hasNone string // of the policy that STS is asked with
		more         []string
	}{
		{"no policy of the caller's", true, "arn:aws:s3:::media/out/*", `"Deny"`, nil},
		{"a policy of the caller's", true, `"Deny"`, "", []string{"Policy", `{"Version":"2012-10-17","Statement":[` + theirs + `]}`}},
		{"one statement of the caller's, in lines", true, `"Statement":[{"Effect":"Allow","Action":"s3:GetObject"`, "", []string{"Policy", "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": " + strings.ReplaceAll(theirs, ",", ",\n    ") + "\n}\n"}},
		{"policies that it names", true, `{"Version":"2012-10-17","Statement":[{"Effect":"Deny"`, "", []string{"PolicyArns.member.1.arn", "arn:aws:iam::aws:policy/ReadOnlyAccess"}},
		// What does not fit is the rest, and then all but the actions.
		{"a long policy", false, `"NotAction"`, `"NotResource"`, []string{"Policy", `{"Version":"2012-10-17","Statement":[` + strings.Replace(theirs, `"*"`, `["*","arn:aws:s3:::`+long[:1300]+`"]`, 1) + `]}`}},
		{"a policy as long as there can be", false, `"Allow"`, `"Deny"`, []string{"Policy", `{"Version":"2012-10-17","Statement":[` + strings.Replace(theirs, `"*"`, `["*","arn:aws:s3:::`+long[:1800]+`"]`, 1) + `]}`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, method := range []string{"POST", "GET"} {
				rig := assumingRig(t, assuming)
				c := rig.assumeBy(t, method, sealed, assumeRole(reportsRole, tt.more...))
				asked := rig.sts.Asked()
				policy := asked[len(asked)-1].Policy
				if !strings.Contains(policy, tt.has) || tt.hasNone != "" && strings.Contains(policy, tt.hasNone) || len(policy) > iam.MaxSession {
					t.Errorf("%s: STS was asked with %d characters: %s", method, len(policy), policy)
				}
				if own := url.Values(asked[len(asked)-1].Form)["Policy"]; len(own) != 1 {
					t.Errorf("%s: STS was asked with %d policies", method, len(own))
				}
				// media is pinned to the function's account, which AWS alone can see.
				_, _, err := rig.do(signed(t, c, "s3", "GET", "/media/in/a", "", ""))
				if (err == nil) != tt.bound {
					t.Errorf("%s: a pinned bucket: got %v, want allowed: %v", method, err, tt.bound)
				}
				if _, _, err := rig.do(signed(t, c, "s3", "GET", "/partner-data/in/a", "", "")); err != nil {
					t.Errorf("%s: a bucket that is not pinned: %v", method, err)
				}
			}
		})
	}
}

func TestWhatIsNoPolicyIsLeftToSTS(t *testing.T) {
	for _, own := range []string{
		`{`, `[]`, `{"Version":"2012-10-17"}`, `{"Version":"2012-10-17","Statement":[]}`, `{"Version":"2012-10-17","Statement":["x"]}`,
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow"}],"Statement":[{"Effect":"Deny"}]}`,
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}],"Extra":1}`,
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Effect":"Deny","Action":"*","Resource":"*"}]}`,
	} {
		if text, ok := joined(own, `{"Effect":"Deny","Action":"*","Resource":"*"}`); ok {
			t.Errorf("%s became %s", own, text)
		}
	}
	older := `{"Statement": {"Effect": "Allow"}}`
	if text, ok := joined(older, `{"Effect":"Deny","Action":"*","Resource":"arn:aws:s3:::b/${*}"}`); ok {
		t.Errorf("an escape stands in a policy of the older language: %s", text)
	}
	if text, ok := joined(older, `{"Effect":"Deny"}`); !ok || text != `{"Statement":[{"Effect":"Allow"},{"Effect":"Deny"}]}` {
		t.Errorf("without one it is %s, %v", text, ok)
	}
}

func TestAPolicyInAnotherCaseIsRefused(t *testing.T) {
	rig := assumingRig(t, assuming)
	for _, name := range []string{"policy", "POLICY", "policyarns.member.1.arn", "PolicyARNs.member.1.arn", "PolicyArns"} {
		before := len(rig.sts.Asked())
		_, _, err := rig.answers(signed(t, sealed, "sts", "POST", "/", assumeRole(reportsRole, name, "x"), "", "Content-Type", "application/x-www-form-urlencoded"))
		refusal, ok := errors.AsType[*proxy.Refusal](err)
		if !ok || refusal.Reason != proxy.Unread || len(rig.sts.Asked()) != before {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestWhatSTSFindsTooLargeBesideACallersPolicyGoesWithLess(t *testing.T) {
	rig := assumingRig(t, assuming)
	packed := awstest.Fail(400, "PackedPolicyTooLarge", "Packed policy consumes 101% of allotted space")
	var asked []string
	rig.sts.Hook = func(w http.ResponseWriter, r *http.Request) bool {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		form, _ := url.ParseQuery(string(body))
		if form.Get("RoleSessionName") != "job" {
			return false
		}
		asked = append(asked, form.Get("Policy"))
		return strings.Contains(form.Get("Policy"), "Deny") && packed(w, r)
	}
	own := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}`
	c := rig.assume(t, sealed, assumeRole(reportsRole, "Policy", own))
	if len(asked) < 3 || asked[len(asked)-1] != own {
		t.Errorf("STS was asked with %q", asked)
	}
	if _, _, err := rig.do(signed(t, c, "s3", "GET", "/media/in/a", "", "")); err == nil {
		t.Error("what only AWS sees is taken to hold, and nobody has told AWS of it")
	}
}

func TestARoleWhosePolicySTSFindsTooLargeIsNotAssumedWithout(t *testing.T) {
	rig := assumingRig(t, assuming)
	rig.sts.Pin = false
	packed := awstest.Fail(400, "PackedPolicyTooLarge", "Packed policy consumes 101% of allotted space")
	asked := 0
	rig.sts.Hook = func(w http.ResponseWriter, r *http.Request) bool {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		if !strings.Contains(string(body), "partner") || strings.Contains(string(body), "RoleSessionName=remit-test") {
			return false
		}
		asked++
		return strings.Contains(string(body), "&Policy=") && packed(w, r)
	}
	_, _, err := rig.do(signed(t, sealed, "sts", "POST", "/", assumeRole(partnerRole), "", "Content-Type", "application/x-www-form-urlencoded"))
	var refusal *proxy.Refusal
	if !errors.As(err, &refusal) || refusal.Reason != proxy.PolicyTooLarge || asked != 1 {
		t.Errorf("got %v after STS was asked %d times, want %s after once", err, asked, proxy.PolicyTooLarge)
	}
}

// longer is assuming with so many grants more, of services that have nothing to do
// with each other.
func longer(services ...string) string {
	yaml := assuming
	for _, s := range services {
		yaml += "  - actions: [" + s + "]\n    resources: [\"arn:aws:" + strings.ToLower(s[:strings.Index(s, ":")]) + ":eu-west-1:123456789012:*/a-resource-with-a-long-name\"]\n"
	}
	return yaml
}

func TestAManifestThatIsTooLongForAPolicyAssumesNoRole(t *testing.T) {
	var all []string
	for i := range 24 {
		all = append(all, fmt.Sprintf("sqs:SendMessage\", \"sqs:ReceiveMessage\"]\n    resources: [\"arn:aws:sqs:eu-west-1:123456789012:a-queue-with-a-rather-long-name-that-goes-on-%d", i))
	}
	yaml := assuming
	for _, a := range all {
		yaml += "  - actions: [\"" + a + "\"]\n"
	}
	rig := assumingRig(t, yaml)
	before := len(rig.sts.Asked())
	ask := func(more ...string) error {
		_, _, err := rig.answers(signed(t, sealed, "sts", "POST", "/", assumeRole(partnerRole, more...), "", "Content-Type", "application/x-www-form-urlencoded"))
		return err
	}
	refusal, ok := errors.AsType[*proxy.Refusal](ask())
	if !ok || refusal.Reason != proxy.PolicyTooLarge || !strings.Contains(refusal.Text, "a Policy of its own") {
		t.Errorf("got %v, want %s and the way out", refusal, proxy.PolicyTooLarge)
	}
	if asked := rig.sts.Asked(); len(asked) > before {
		t.Errorf("STS was asked for %+v", asked[len(asked)-1])
	}
	if err := ask("Policy", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}`); err != nil {
		t.Errorf("with a policy of its own: %v", err)
	}
}

func TestALongManifestIsWrittenInFewerStatements(t *testing.T) {
	services := []string{"sns:Publish", "kinesis:PutRecord", "firehose:PutRecord", "events:PutEvents", "states:StartExecution", "lambda:InvokeFunction", "ssm:GetParameter"}
	m := assumingRig(t, longer(services...)).manifest
	text, err := iam.GrantPolicy(m, m.Grants...)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range services {
		if !strings.Contains(text, `"`+s+`"`) {
			t.Errorf("%s is not in %s", s, text)
		}
	}
	if n := strings.Count(text, `"Effect"`); n > 8 {
		t.Errorf("it has %d statements in %d characters", n, len(text))
	}
}

func TestSealedCredentialsAreGoodForNothingElse(t *testing.T) {
	rig, other := assumingRig(t, assuming), assumingRig(t, assuming)
	c := rig.assume(t, sealed, assumeRole(reportsRole))
	d := rig.assume(t, sealed, assumeRole(reportsRole))
	for name, tt := range map[string]struct {
		in     reader
		c      sigv4.Credentials
		later  time.Duration
		reason manifest.Reason
	}{
		"another sandbox":         {other, c, 0, proxy.ForeignCredentials},
		"another set's token":     {rig, sigv4.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: d.SessionToken}, 0, proxy.ForeignCredentials},
		"no token":                {rig, sigv4.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey}, 0, proxy.ForeignCredentials},
		"another secret":          {rig, sigv4.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: d.SecretAccessKey, SessionToken: c.SessionToken}, 0, proxy.BadSignature},
		"a key that looks sealed": {rig, sigv4.Credentials{AccessKeyID: "ASIAREMITAAAAAAAAAAA", SecretAccessKey: "x", SessionToken: c.SessionToken}, 0, proxy.ForeignCredentials},
		"the function's token":    {rig, sigv4.Credentials{AccessKeyID: sealed.AccessKeyID, SecretAccessKey: sealed.SecretAccessKey, SessionToken: c.SessionToken}, 0, proxy.BadSignature},
	} {
		_, err := tt.in.Read(signed(t, tt.c, "s3", "GET", "/partner-data/in/a", "", ""))
		var refusal *proxy.Refusal
		if !errors.As(err, &refusal) || refusal.Reason != tt.reason {
			t.Errorf("%s: got %v, want %s", name, err, tt.reason)
		}
	}
}

func TestCredentialsThatExpiredLongAgoAreRefused(t *testing.T) {
	rig := assumingRig(t, assuming)
	c, err := rig.sealer.Seal(credentials.Session{
		Real: sigv4.Credentials{AccessKeyID: "ASIAOLD"}, Principal: reportsRole, Account: awstest.Account,
		Expires: time.Now().Add(-sigv4.Skew - time.Minute),
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = rig.Read(signed(t, c, "s3", "GET", "/partner-data/in/a", "", ""))
	var refusal *proxy.Refusal
	if !errors.As(err, &refusal) || refusal.Reason != proxy.BadSignature || !strings.Contains(err.Error(), "expired") {
		t.Errorf("got %v", err)
	}
}

type reader interface {
	Read(*http.Request) (*proxy.Call, error)
}
