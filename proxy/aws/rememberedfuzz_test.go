package aws

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
	"github.com/lambda-remit/remit/proxy/aws/awstest"
)

// FuzzNothingIsRememberedThatWasNotGranted has calls answered with anything, and
// others carry anything: what these are then read to be about was granted to one
// of those, or is not known.
func FuzzNothingIsRememberedThatWasNotGranted(f *testing.F) {
	const (
		keys = "arn:aws:kms:eu-west-1:123456789012:key/"
		key  = keys + "1234abcd-12ab-34cd-56ef-1234567890ab"
	)
	m, err := manifest.Parse("remit.yaml", []byte(`
function: f
credentials: {role: "`+awstest.RoleARN+`"}
allow:
  - actions: "kinesis:*"
    resources: ["arn:aws:kinesis:eu-west-1:123456789012:stream/a", "arn:aws:kinesis:eu-west-1:123456789012:stream/b"]
  - actions: kms:Encrypt
    resources: "`+keys+`*"
  - actions: kms:Decrypt
    resources: "`+keys+`1*"
`), manifest.Options{Region: "eu-west-1", Account: awstest.Account})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(`{"ShardIterator": "AAAA", "NextShardIterator": "BBBB"}`, "AAAA")
	f.Add(`{"CiphertextBlob": "QUFBQQ==", "KeyId": "`+key+`"}`, "AAAA")
	f.Add(`{"CiphertextBlob": "QUFBQQ==", "KeyId": "`+strings.Replace(key, "1234abcd", "9234abcd", 1)+`"}`, "AAAA")
	f.Add(`{"CiphertextBlob": "QUFBQQ==", "KeyId": "`+strings.Replace(key, "123456789012", "999999999999", 1)+`"}`, "AAAA")
	f.Fuzz(func(t *testing.T, answer, id string) {
		c := &Cloud{Region: "eu-west-1"}
		// What calls ask for that are granted, and what none of them is about.
		for _, call := range []*proxy.Call{
			{Service: "kinesis", Operation: "GetShardIterator", Requests: []manifest.Request{request("kinesis:GetShardIterator", "arn:aws:kinesis:eu-west-1:123456789012:stream/a")}},
			{Service: "kinesis", Operation: "GetRecords", Requests: []manifest.Request{request("kinesis:GetRecords", "arn:aws:kinesis:eu-west-1:123456789012:stream/b")}},
			{Service: "kinesis", Operation: "GetRecords", Requests: []manifest.Request{unknown("kinesis:GetRecords")}},
			{Service: "kms", Operation: "Encrypt", Requests: []manifest.Request{{Action: "kms:Encrypt", Resource: keys + anyKey, Partly: true}}},
			{Service: "kms", Operation: "Decrypt", Requests: []manifest.Request{unknown("kms:Decrypt")}},
		} {
			call.Region = "eu-west-1"
			d := m.Decide(call.Requests...)
			if !d.Allowed {
				t.Fatalf("%s is not granted", call.Operation)
			}
			p := new(particulars)
			if call.Operation == "Decrypt" {
				p.carried = []digest{c.remembered.digest(call, "ciphertext", id)}
			}
			resp := &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(answer))}
			c.learn(resp, call, p, m, d)
			if got, err := io.ReadAll(resp.Body); err != nil || string(got) != answer {
				t.Fatalf("the answer %q came as %q, %v", answer, got, err)
			}
		}
		type carrying struct{ service, operation, member, id string }
		coded := base64.StdEncoding.EncodeToString([]byte(id))
		calls := []carrying{{"kinesis", "GetRecords", "ShardIterator", id}, {"kms", "Decrypt", "CiphertextBlob", coded}, {"kms", "ReEncrypt", "CiphertextBlob", coded}}
		members, _ := parseJSON([]byte(answer))
		for _, v := range members.all() { // what the answer itself has
			if s, ok := v.(string); ok {
				calls = append(calls, carrying{"kinesis", "GetRecords", "ShardIterator", s}, carrying{"kms", "Decrypt", "CiphertextBlob", s})
			}
		}
		for _, tt := range calls {
			body, err := json.Marshal(map[string]string{tt.member: tt.id})
			if err != nil {
				t.Fatal(err)
			}
			action := tt.service + ":" + tt.operation
			if tt.operation == "ReEncrypt" {
				action = "kms:ReEncryptFrom"
			}
			in := &input{r: &http.Request{Method: "POST", Header: http.Header{"X-Amz-Target": {"A.B"}, "Content-Type": {"application/x-amz-json-1.1"}}, Body: io.NopCloser(strings.NewReader(string(body)))}}
			call := &proxy.Call{Service: tt.service, Operation: tt.operation, Region: "eu-west-1", Requests: []manifest.Request{unknown(action)}}
			c.recall(in, call)
			for _, r := range call.Requests {
				switch {
				case r.Action != action:
					t.Fatalf("%s asks for %s", tt.operation, r.Action)
				case r.Resource == "*" && r.Partly:
				case r.Partly:
					t.Fatalf("%s is partly on %s", r.Action, r.Resource)
				case tt.service == "kinesis":
					if !slices.Contains([]string{"arn:aws:kinesis:eu-west-1:123456789012:stream/a", "arn:aws:kinesis:eu-west-1:123456789012:stream/b"}, r.Resource) {
						t.Fatalf("%s is on %s", r.Action, r.Resource)
					}
				default:
					if !m.Decide(request("kms:Encrypt", r.Resource)).Allowed {
						t.Fatalf("%s is on %s", r.Action, r.Resource)
					}
				}
			}
		}
	})
}
