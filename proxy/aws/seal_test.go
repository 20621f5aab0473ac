package aws

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
	"github.com/lambda-remit/remit/proxy/aws/awstest"
	"github.com/lambda-remit/remit/proxy/credentials"
)

// What a service answers with in these tests.
const (
	realID     = "ASIAREALREALREALREAL"
	realSecret = "real/secret+of+the+role+AAAAAAAAAAAAAAAA"
	realToken  = "IQoJb3JpZ2luX2VjREALTOKEN//=="
)

const realSet = "<AccessKeyId>" + realID + "</AccessKeyId><SecretAccessKey>" + realSecret + "</SecretAccessKey><SessionToken>" + realToken + "</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration>"

// assumedAnswer is STS's answer with what stands in its result.
func assumedAnswer(result string) string {
	return `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>` + result + `</AssumeRoleResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></AssumeRoleResponse>`
}

func assumedUser(arn string) string {
	return "<AssumedRoleUser><AssumedRoleId>AROA:job</AssumedRoleId><Arn>" + arn + "</Arn></AssumedRoleUser>"
}

func TestOnlyAnAnswerThatIsUnderstoodIsPassedOn(t *testing.T) {
	const set = "<Credentials>" + realSet + "</Credentials>"
	user := assumedUser("arn:aws:sts::" + awstest.Account + ":assumed-role/reports/job")
	zipped := func(s string) string {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		io.WriteString(w, s)
		w.Close()
		return b.String()
	}
	good := assumedAnswer(set + user)
	for _, tt := range []struct {
		name, body string
		passed     bool
		header     []string
	}{
		{"as STS writes it", good, true, nil},
		{"indented", assumedAnswer("\n  <Credentials>\n    " + strings.ReplaceAll(realSet, "><", ">\n<") + "\n</Credentials>\n" + user), true, nil},
		{"with a declaration", `<?xml version="1.0" encoding="UTF-8"?>` + "\n" + good + "\n", true, nil},
		{"in chunks", good, true, []string{"Flush", "1"}},
		{"with more that is not known", assumedAnswer(set + user + "<PackedPolicySize>6</PackedPolicySize><New><A>b</A></New>"), true, nil},
		{"without a user, as MinIO writes it", assumedAnswer(set + assumedUser("")), true, nil},
		{"identity encoding", good, true, []string{"Content-Encoding", "identity"}},

		{"nothing", "", false, nil},
		{"no XML", `{"Credentials": {}}`, false, nil},
		{"cut short", good[:len(good)-5], false, nil},
		{"no credentials", assumedAnswer(user), false, nil},
		{"two sets", assumedAnswer(set + set + user), false, nil},
		{"a second set elsewhere", assumedAnswer(set + user + "<Other>" + set + "</Other>"), false, nil},
		{"a set in the metadata", strings.Replace(good, "<RequestId>r</RequestId>", set, 1), false, nil},
		{"a second secret in the set", assumedAnswer("<Credentials>" + realSet + "<SecretAccessKey>x</SecretAccessKey></Credentials>" + user), false, nil},
		{"no token", assumedAnswer("<Credentials>" + strings.Replace(realSet, "SessionToken", "Token", 2) + "</Credentials>" + user), false, nil},
		{"an empty secret", assumedAnswer("<Credentials>" + strings.Replace(realSet, realSecret, "", 1) + "</Credentials>" + user), false, nil},
		{"no expiry", assumedAnswer("<Credentials>" + strings.Replace(realSet, "2999-01-01T00:00:00Z", "soon", 1) + "</Credentials>" + user), false, nil},
		{"a secret with an element in it", assumedAnswer("<Credentials>" + strings.Replace(realSet, realSecret, realSecret+"<b/>", 1) + "</Credentials>" + user), false, nil},
		{"the secret told in another place", assumedAnswer(set + user + "<Copy>" + realSecret + "</Copy>"), false, nil},
		{"the token told in a comment", assumedAnswer(set + user + "<!-- " + realToken + " -->"), false, nil},
		{"the token told in an attribute", assumedAnswer(set + user + `<Copy x="` + realToken + `"/>`), false, nil},
		{"the token told in a header", good, false, []string{"X-Amz-Copy", "a " + realToken}},
		{"a document type", `<!DOCTYPE a [<!ENTITY x "y">]>` + good, false, nil},
		{"a marked section", assumedAnswer("<Credentials>" + strings.Replace(realSet, realSecret, "<![CDATA["+realSecret+"]]>", 1) + "</Credentials>" + user), false, nil},
		{"a reference in the secret", assumedAnswer("<Credentials>" + strings.Replace(realSet, realSecret, "a&amp;b", 1) + "</Credentials>" + user), false, nil},
		{"something behind it", good + "<more/>", false, nil},
		{"for another operation", strings.ReplaceAll(good, "AssumeRoleRes", "AssumeRootRes"), false, nil},
		{"for another role", assumedAnswer(set + assumedUser("arn:aws:sts::"+awstest.Account+":assumed-role/admin/job")), false, nil},
		{"for another account", assumedAnswer(set + assumedUser("arn:aws:sts::999999999999:assumed-role/reports/job")), false, nil},
		{"for two", assumedAnswer(set + user + user), false, nil},
		{"zipped", zipped(good), false, []string{"Content-Encoding", "gzip"}},
		{"zipped, and not said", zipped(good), false, nil},
		{"said to be zipped", good, false, []string{"Content-Encoding", "gzip"}},
		{"without end", assumedAnswer(set + user + "<A>" + strings.Repeat("a", maxIssued) + "</A>"), false, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rig := newRig(t, assuming)
			rig.answer = func(w http.ResponseWriter, _ int) {
				for i := 0; i+1 < len(tt.header); i += 2 {
					w.Header().Set(tt.header[i], tt.header[i+1])
				}
				half := len(tt.body) / 2
				io.WriteString(w, tt.body[:half])
				if len(tt.header) > 0 && tt.header[0] == "Flush" {
					w.(http.Flusher).Flush()
				}
				io.WriteString(w, tt.body[half:])
			}
			resp, body, err := rig.answers(signed(t, sealed, "sts", "POST", "/", assumeRole(reportsRole), "", "Content-Type", "application/x-www-form-urlencoded", "Accept-Encoding", "gzip"))
			if got := rig.last(t).Header.Get("Accept-Encoding"); got != "identity" {
				t.Errorf("an answer was asked for in %q", got)
			}
			if !tt.passed {
				var refusal *proxy.Refusal
				if !errors.As(err, &refusal) || refusal.Reason != Unsealed {
					t.Fatalf("got %s, %v", body, err)
				}
				if strings.Contains(refusal.Text, realSecret) || strings.Contains(fmt.Sprint(err), realToken) {
					t.Errorf("the error tells a secret: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(body, realSecret) || strings.Contains(body, realToken) || strings.Contains(body, realID) {
				t.Errorf("got %s", body)
			}
			if int(resp.ContentLength) != len(body) || resp.Header.Get("Content-Length") != fmt.Sprint(len(body)) || len(resp.TransferEncoding) > 0 {
				t.Errorf("got lengths %d and %q, want %d", resp.ContentLength, resp.Header.Get("Content-Length"), len(body))
			}
			if x, want := opened(t, rig.Cloud, body), tt.body; x.Real.SecretAccessKey != realSecret || x.Real.SessionToken != realToken || x.Principal != reportsRole || x.Account != awstest.Account || !x.Bound {
				t.Errorf("%s was sealed as %v of %s", want, x, x.Account)
			} else if got := unsealedText(body, x); got != want {
				t.Errorf("the rest of the answer changed:\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// sealedSet is what stands sealed in an answer of STS's.
type sealedSet struct {
	ID     string `xml:"AssumeRoleResult>Credentials>AccessKeyId"`
	Secret string `xml:"AssumeRoleResult>Credentials>SecretAccessKey"`
	Token  string `xml:"AssumeRoleResult>Credentials>SessionToken"`
}

func opened(t *testing.T, c *Cloud, body string) credentials.Session {
	t.Helper()
	var set sealedSet
	if err := xml.Unmarshal([]byte(body), &set); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	local, x, ok := c.sealer.Open(set.ID, set.Token)
	if !ok || local.SecretAccessKey != set.Secret {
		t.Fatalf("what came back is not sealed: %s", body)
	}
	return x
}

// unsealedText is body with what was sealed in its place again.
func unsealedText(body string, x credentials.Session) string {
	var set sealedSet
	if xml.Unmarshal([]byte(body), &set) != nil {
		return body
	}
	return strings.NewReplacer(set.ID, x.Real.AccessKeyID, set.Secret, x.Real.SecretAccessKey, set.Token, x.Real.SessionToken).Replace(body)
}

func TestAnErrorOfSTSIsPassedOnAsItIs(t *testing.T) {
	const body = `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>`
	rig := newRig(t, assuming)
	rig.answer = func(w http.ResponseWriter, _ int) {
		w.WriteHeader(http.StatusForbidden)
		io.WriteString(w, body)
	}
	resp, got, err := rig.answers(signed(t, sealed, "sts", "POST", "/", assumeRole(reportsRole), "", "Content-Type", "application/x-www-form-urlencoded"))
	if err != nil || resp.StatusCode != http.StatusForbidden || got != body {
		t.Errorf("got %v %s, %v", resp, got, err)
	}
}

func TestObservedRolesAreSealedToo(t *testing.T) {
	rig := newRig(t, "mode: observe\n"+assuming)
	rig.minted[awstest.Base().AccessKeyID] = awstest.Base()
	rig.answer = func(w http.ResponseWriter, _ int) {
		io.WriteString(w, assumedAnswer("<Credentials>"+realSet+"</Credentials>"))
	}
	_, body, err := rig.answers(signed(t, sealed, "sts", "POST", "/", assumeRole(reportsRole), "", "Content-Type", "application/x-www-form-urlencoded"))
	if err != nil {
		t.Fatal(err)
	}
	if x := opened(t, rig.Cloud, body); x.Bound || x.Principal != reportsRole {
		t.Errorf("sealed as %v, bound: %v", x, x.Bound)
	}
	rig.last(t)
	if strings.Contains(rig.bodies[len(rig.bodies)-1], "Policy") {
		t.Error("observing narrows nothing")
	}
}

func TestCredentialsInJSONAreFoundWhereTheyStand(t *testing.T) {
	cognito := issuing("cognito-identity", "GetCredentialsForIdentity")
	sso := issuing("awsssoportal", "GetRoleCredentials")
	const set = `"AccessKeyId":"` + realID + `","SecretKey":"` + realSecret + `" , "SessionToken" : "` + realToken + `"`
	for _, tt := range []struct {
		name  string
		issue issue
		body  string
		ok    bool
	}{
		{"Cognito", cognito, `{"IdentityId":"eu-west-1:x","Credentials":{` + set + `,"Expiration":1.795E9}}`, true},
		{"single sign-on", sso, `{"roleCredentials":{"accessKeyId":"` + realID + `","secretAccessKey":"` + realSecret + `","sessionToken":"` + realToken + `","expiration":1795000000000}}`, true},
		{"twice", cognito, `{"Credentials":{` + set + `,"Expiration":1795000000},"Credentials":{}}`, false},
		{"twice, in another case", cognito, `{"Credentials":{` + set + `,"Expiration":1795000000},"credentials":{}}`, false},
		{"twice, deeper", cognito, `{"Credentials":{` + set + `,"Expiration":1795000000},"a":[{"SecretKey":"x"}]}`, false},
		{"a secret that is a number", cognito, strings.Replace(`{"Credentials":{`+set+`,"Expiration":1795000000}}`, `"`+realSecret+`"`, "12", 1), false},
		{"a secret with an escape", cognito, strings.Replace(`{"Credentials":{`+set+`,"Expiration":1795000000}}`, `real/`, `real\/`, 1), true},
		{"no expiry", cognito, `{"Credentials":{` + set + `}}`, false},
		{"an expiry that is no number", cognito, `{"Credentials":{` + set + `,"Expiration":"NaN"}}`, false},
		{"a list", cognito, `[{"Credentials":{` + set + `,"Expiration":1795000000}}]`, false},
		{"something behind it", cognito, `{"Credentials":{` + set + `,"Expiration":1795000000}}{}`, false},
	} {
		x, spans, err := tt.issue.read([]byte(tt.body))
		if (err == nil) != tt.ok {
			t.Errorf("%s: got %v, want it read: %v", tt.name, err, tt.ok)
		}
		if err != nil {
			continue
		}
		if x.Real.AccessKeyID != realID || x.Real.SecretAccessKey != realSecret || x.Real.SessionToken != realToken || x.Expires.Year() != 2026 {
			t.Errorf("%s: got %v until %s", tt.name, x.Real, x.Expires)
		}
		out := replace([]byte(tt.body), spans, sealed)
		if !json.Valid(out) || bytes.Contains(out, []byte("REAL")) || !bytes.Contains(out, []byte(`"`+sealed.SecretAccessKey+`"`)) {
			t.Errorf("%s: got %s", tt.name, out)
		}
	}
}

// FuzzNoAnswerLeaksCredentials holds that whatever an answer is, it is refused,
// or what a reader of XML or JSON finds in it are the sealed ones.
func FuzzNoAnswerLeaksCredentials(f *testing.F) {
	f.Add(assumedAnswer("<Credentials>"+realSet+"</Credentials>"), true)
	f.Add(assumedAnswer("<Credentials>"+realSet+"</Credentials><Credentials><SecretAccessKey>x</SecretAccessKey></Credentials>"), true)
	f.Add(`<AssumeRoleResponse a="b"><AssumeRoleResult><Credentials><x:AccessKeyId>a</x:AccessKeyId></Credentials></AssumeRoleResult></AssumeRoleResponse>`, true)
	f.Add(`{"Credentials":{"AccessKeyId":"a","SecretKey":"b","SessionToken":"c","Expiration":1795000000}}`, false)
	f.Add(`{"Credentials":{"AccessKeyId":"a","SecretKey":"b","SessionToken":"c","Expiration":1795000000,"d":[{}, "e", null, 1.5]}}`, false)
	f.Fuzz(func(t *testing.T, body string, isXML bool) {
		i := issuing("cognito-identity", "GetCredentialsForIdentity")
		if isXML {
			i = issuing("sts", "AssumeRole")
		}
		x, spans, err := i.read([]byte(body))
		if err != nil {
			return
		}
		out := replace([]byte(body), spans, sealed)
		var id, secret, token string
		if isXML {
			var set sealedSet
			if err := xml.Unmarshal(out, &set); err != nil {
				t.Fatalf("%v in %s", err, out)
			}
			id, secret, token = set.ID, set.Secret, set.Token
		} else {
			var answer struct {
				Credentials struct{ AccessKeyId, SecretKey, SessionToken string }
			}
			if err := json.Unmarshal(out, &answer); err != nil {
				t.Fatalf("%v in %s", err, out)
			}
			id, secret, token = answer.Credentials.AccessKeyId, answer.Credentials.SecretKey, answer.Credentials.SessionToken
		}
		if id != sealed.AccessKeyID || secret != sealed.SecretAccessKey || token != sealed.SessionToken {
			t.Errorf("%q was sealed as %q", body, out)
		}
		if want := len(body) - len(x.Real.AccessKeyID+x.Real.SecretAccessKey+x.Real.SessionToken) + len(id+secret+token); isXML && len(out) != want {
			t.Errorf("%q was sealed as %q: something else is gone", body, out)
		}
	})
}

// TestEveryOperationThatIssuesKeysIsSealedOrRefused holds the list to what was
// found in the outputs of every operation of botocore's models.
func TestEveryOperationThatIssuesKeysIsSealedOrRefused(t *testing.T) {
	found := strings.Fields(`awsssoportal:GetRoleCredentials codepipeline:GetJobDetails codepipeline:GetThirdPartyJobDetails
		codepipeline:PollForJobs cognito-identity:GetCredentialsForIdentity datazone:GetConnection datazone:GetEnvironmentCredentials
		deadline:AssumeFleetRoleForRead deadline:AssumeFleetRoleForWorker deadline:AssumeQueueRoleForRead deadline:AssumeQueueRoleForUser
		deadline:AssumeQueueRoleForWorker eks-auth:AssumeRoleForPodIdentity finspace-api:GetExternalDataViewAccessDetails
		finspace-api:GetProgrammaticAccessCredentials gamelift:CreateBuild gamelift:GetComputeAccess gamelift:RequestUploadCredentials
		iam:CreateAccessKey lakeformation:AssumeDecoratedRoleWithSAML lakeformation:GetTemporaryDataLocationCredentials
		lakeformation:GetTemporaryGluePartitionCredentials lakeformation:GetTemporaryGlueTableCredentials lightsail:CreateBucketAccessKey
		lightsail:GetBucketAccessKeys s3express:CreateSession s3:GetDataAccess signin:CreateOAuth2Token ssm:GetAccessToken sts:AssumeRole
		sts:AssumeRoleWithSAML sts:AssumeRoleWithWebIdentity sts:AssumeRoot sts:GetDelegatedAccessToken sts:GetFederationToken
		sts:GetSessionToken`)
	for _, name := range found {
		service, operation, _ := strings.Cut(name, ":")
		i := issuing(service, operation)
		if i.sealed() == (i.refused != "") {
			t.Errorf("%s is neither sealed nor refused, or both", name)
		}
	}
	m := &manifest.Manifest{}
	p := &particulars{issue: issuing("iam", "CreateAccessKey")}
	if err := p.refusesIssue(m); err == nil || !strings.Contains(err.Error(), "last until") {
		t.Errorf("got %v", err)
	}
	if m.Mode = manifest.Observe; p.refusesIssue(m) != nil {
		t.Error("observing refuses")
	}
}
