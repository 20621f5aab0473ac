package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/lambda-remit/remit/extension/e2e"
	"github.com/lambda-remit/remit/manifest/iam"
)

// forMoto takes out of a role policy what moto takes for something else:
// TestWhatMotoDoesNotKnow has all of it. What is left are the statements that
// allow, and the denial of every action that is not granted.
func forMoto(t *testing.T, policy []byte) string {
	t.Helper()
	var p struct {
		Version   string
		Statement []map[string]any
	}
	if err := json.Unmarshal(policy, &p); err != nil {
		t.Fatal(err)
	}
	var kept []map[string]any
	for _, s := range p.Statement {
		if s["NotResource"] != nil || s["Effect"] == "Deny" && s["Condition"] != nil {
			continue
		}
		delete(s, "Condition")
		if s["Effect"] == "Allow" {
			kept = append(kept, motoAllows(s)...)
			continue
		}
		kept = append(kept, s)
	}
	p.Statement = kept
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// motoAllows is a statement that allows, one for each service that it is of, with
// the resources that are that service's: of S3 and SQS as they stand, and "*" for
// all others.
func motoAllows(s map[string]any) []map[string]any {
	resources := texts(s["Resource"])
	actions := make(map[string][]string)
	for _, a := range texts(s["Action"]) {
		service, _, _ := strings.Cut(a, ":")
		actions[service] = append(actions[service], a)
	}
	var all []map[string]any
	for service, names := range actions {
		on := []string{"*"}
		if service == "s3" || service == "sqs" {
			on = slices.DeleteFunc(slices.Clone(resources), func(r string) bool { return r != "*" && !strings.HasPrefix(r, "arn:aws:"+service+":") })
		}
		all = append(all, map[string]any{"Effect": "Allow", "Action": names, "Resource": on})
	}
	return all
}

// texts is a member of a policy that is one text or a list of them.
func texts(v any) []string {
	if s, ok := v.(string); ok {
		return []string{s}
	}
	list, _ := v.([]any)
	all := make([]string, len(list))
	for i := range list {
		all[i], _ = list[i].(string)
	}
	return all
}

// authorized has a new user of moto's, under policies, make calls with boto3, past
// Remit, and returns which of them moto authorized.
func authorized(t *testing.T, user string, policies map[string]string, calls []call) map[string]bool {
	t.Helper()
	ctx := context.Background() // the cleanup's too
	keys, err := servers.MakeUser(ctx, user, policies)
	if err != nil {
		t.Fatal(err)
	}
	if err := servers.Authorize(ctx, true); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := servers.Authorize(ctx, false); err != nil {
			t.Error(err)
		}
	}()
	boto := clients()[0]
	may := make(map[string]bool)
	for name, o := range boto.run(t, []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "AWS_DEFAULT_REGION=" + e2e.Region, "AWS_ENDPOINT_URL=" + servers.Moto,
		"AWS_ACCESS_KEY_ID=" + keys.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + keys.SecretAccessKey,
	}, calls) {
		switch o.Error {
		case "AccessDenied", "AccessDeniedException", "403":
		case "", "NoSuchKey", "ResourceNotFoundException":
			may[name] = true
		default:
			t.Errorf("%s: got %s: %s", name, o.Error, o.Message)
		}
	}
	return may
}

func TestMotoGrantsARoleWhatItsManifestGrants(t *testing.T) {
	// One manifest for all services is more than a function has, and its policy
	// more than a role may: it is returned with an error that says so.
	role, err := iam.RolePolicy(manifestOf(t, remit))
	if len(role) == 0 {
		t.Fatal(err)
	}
	all := callsFor(t, client{name: "role"})
	var calls []call
	for _, one := range all {
		if level, ok := motoJudges[one.Name]; ok {
			one.By = level
			calls = append(calls, one)
		}
	}
	if len(calls) != len(motoJudges) {
		t.Fatalf("%d of %d calls are in testdata/calls.jsonl", len(calls), len(motoJudges))
	}
	everything := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	policy := forMoto(t, role)
	alone := authorized(t, "alone", map[string]string{"role": policy}, calls)
	// What else allows adds nothing: the role policy denies explicitly.
	beside := authorized(t, "beside", map[string]string{"role": policy, "all": everything}, calls)
	for _, c := range calls {
		if want := c.Error == ""; alone[c.Name] != want {
			t.Errorf("%s: got authorized %t, want %t", c.Name, alone[c.Name], want)
		}
		if want := c.Error == "" || c.By == "resource"; beside[c.Name] != want {
			t.Errorf("%s, with another policy that allows everything: got authorized %t, want %t", c.Name, beside[c.Name], want)
		}
	}
}

// motoJudges names calls of testdata/calls.jsonl, and by what a denial of them is
// one: by the action, which the role policy denies explicitly, or by the
// resource, which moto does not know to be denied so.
var motoJudges = map[string]string{
	"put under the write prefix":   "",
	"put elsewhere":                "resource",
	"put into another bucket":      "resource",
	"get under the read prefix":    "",
	"get under another prefix":     "resource",
	"get out of another bucket":    "resource",
	"read the bucket's policy":     "action",
	"publish":                      "",
	"make a topic":                 "action",
	"get the secret":               "",
	"change the secret":            "action",
	"list the secrets":             "action",
	"put an item":                  "",
	"get the item":                 "",
	"query an index":               "",
	"scan":                         "action",
	"delete the item":              "action",
	"delete the table":             "action",
	"send":                         "",
	"send to another queue":        "resource",
	"receive from another queue":   "resource",
	"purge the queue":              "action",
	"get a parameter":              "",
	"change a parameter":           "action",
	"encrypt by the alias":         "",
	"switch the key off":           "action",
	"get parameters by their path": "",
}

// TestWhatMotoDoesNotKnow has the reasons for forMoto: what IAM decides
// otherwise. One that moto gets right by now fails, so that forMoto can keep more.
func TestWhatMotoDoesNotKnow(t *testing.T) {
	const all = `{"Effect":"Allow","Action":"*","Resource":"*"},`
	get := call{Name: "get", Service: "s3", Operation: "GetObject", Input: map[string]any{"Bucket": "billing-eu", "Key": "missing"}}
	item := call{Name: "item", Service: "dynamodb", Operation: "GetItem",
		Input: map[string]any{"TableName": "orders", "Key": map[string]any{"id": map[string]any{"S": "x"}}}}
	for i, known := range []struct {
		name, statements string
		call             call
		iam              bool // what IAM says
	}{
		{"a denial of other resources allows", `{"Effect":"Deny","Action":"s3:GetObject","NotResource":"arn:aws:s3:::media-eu/*"},{"Effect":"Deny","Action":"sqs:*","Resource":"*"}`, get, false},
		{"a condition of a denial always holds", all + `{"Effect":"Deny","Action":"s3:GetObject","Resource":"*","Condition":{"StringEquals":{"aws:RequestedRegion":"us-west-2"}}}`, get, true},
		{"a condition always holds", `{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"StringEquals":{"aws:RequestedRegion":"us-west-2"}}}`, get, false},
		{"resources are S3's and SQS's alone", `{"Effect":"Allow","Action":"dynamodb:GetItem","Resource":"arn:aws:dynamodb:eu-west-1:123456789012:table/orders"}`, item, true},
	} {
		t.Run(known.name, func(t *testing.T) {
			policy := `{"Version":"2012-10-17","Statement":[` + known.statements + `]}`
			may := authorized(t, fmt.Sprint("known", i), map[string]string{"p": policy}, []call{known.call})
			if may[known.call.Name] == known.iam {
				t.Error("moto knows this by now")
			}
		})
	}
}
