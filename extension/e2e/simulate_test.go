package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/lambda-remit/remit/extension/e2e"
	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/manifest/iam"
	"github.com/lambda-remit/remit/proxy/audit"
)

// A question is one to the simulator of IAM: see testdata/simulate.cjs.
type question struct {
	Name     string              `json:"name"`
	Session  string              `json:"session,omitempty"`
	Role     string              `json:"role,omitempty"`
	Action   string              `json:"action"`
	Resource string              `json:"resource"`
	Account  string              `json:"account"`
	Context  map[string][]string `json:"context"`

	allowed bool // what has to be answered
}

// ask puts questions to the simulator, which nobody here wrote, and reports
// answers that are not what they have to be. Those of known are others, for the
// reason that stands there; one that is right by now is reported too.
func ask(t *testing.T, questions []question, known map[string]string) {
	t.Helper()
	if len(questions) == 0 {
		t.Fatal("there is nothing to ask")
	}
	var in, stderr bytes.Buffer
	for _, q := range questions {
		if err := json.NewEncoder(&in).Encode(q); err != nil {
			t.Fatal(err)
		}
	}
	node := exec.CommandContext(t.Context(), "node", filepath.Join(checkout, "extension/e2e/testdata/simulate.cjs"))
	node.Env = append(os.Environ(), "NODE_PATH="+filepath.Join(checkout, ".cache/js/node_modules"))
	node.Stdin, node.Stderr = &in, &stderr
	out, err := node.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	d, wrong := json.NewDecoder(bytes.NewReader(out)), make(map[string]bool)
	for _, q := range questions {
		var answer struct{ Name, Result string }
		if err := d.Decode(&answer); err != nil || answer.Name != q.Name {
			t.Fatalf("%s: got an answer to %q: %v", q.Name, answer.Name, err)
		}
		right := answer.Result == "Allowed" && q.allowed || strings.HasSuffix(answer.Result, "Denied") && !q.allowed
		if right {
			continue
		}
		if wrong[q.Name] = true; known[q.Name] == "" {
			t.Errorf("%s: got %s, want allowed to be %t: %s on %s, %v\n%s%s", q.Name, answer.Result, q.allowed, q.Action, q.Resource, q.Context, q.Session, q.Role)
		}
	}
	for name := range known {
		if !wrong[name] {
			t.Errorf("%s: is right by now", name)
		}
	}
	t.Logf("%d answers", len(questions))
}

// asSeen is r as AWS sees it, whose account and resource are known there.
func asSeen(r manifest.Request, account string, granted []manifest.Pattern) manifest.Request {
	if r.Resource == "*" && r.Partly && len(granted) > 0 {
		r.Resource = strings.ReplaceAll(string(granted[0]), "${aws:PrincipalAccount}", account)
	}
	if name, ok := strings.CutSuffix(r.Resource, "-??????"); ok {
		r.Resource = name + "-AbCdEf"
	}
	if service, _, _ := strings.Cut(r.Action, ":"); service == "kms" {
		r.Resource = strings.Replace(r.Resource, ":key/*", ":key/"+someKey, 1)
	}
	context := map[string][]string{
		"aws:ResourceAccount":  {account},
		"aws:PrincipalAccount": {account},
		// What the corpora's conditions want of them.
		"aws:PrincipalArn":      {"arn:aws:iam::" + account + ":role/calls"},
		"aws:PrincipalTag/user": {"a"},
		"aws:SecureTransport":   {"true"},
		"aws:SourceIp":          {"10.1.2.3"},
	}
	maps.Copy(context, r.Context)
	r.Context = context
	return r
}

// someKey is the id of a key.
const someKey = "1234abcd-12ab-34cd-56ef-1234567890ab"

// others are, of each service, an action that no call here asks for.
var others = map[string]string{
	"dynamodb": "dynamodb:DeleteTable", "kms": "kms:ScheduleKeyDeletion", "lambda": "lambda:DeleteFunction", "s3": "s3:PutObjectRetention",
	"secretsmanager": "secretsmanager:DeleteSecret", "sns": "sns:DeleteTopic", "sqs": "sqs:DeleteQueue", "ssm": "ssm:DeleteParameter",
}

// moreOthers are those of services that the sandboxes here do not call, and
// policies are asked about alone.
var moreOthers = map[string]string{
	"appsync": "appsync:DeleteGraphqlApi", "bedrock": "bedrock:GetInferenceProfile", "events": "events:DeleteEventBus",
	"kinesis": "kinesis:DeleteStream", "rds-data": "rds-data:ExecuteSql", "ses": "ses:SendBulkEmail", "states": "states:DeleteStateMachine",
}

// neighbours are requests that differ from r in one thing.
func neighbours(r manifest.Request) (all []manifest.Request) {
	service, _, _ := strings.Cut(r.Action, ":")
	other := others[service]
	if other == "" {
		other = moreOthers[service]
	}
	if other != "" {
		n := r
		n.Action = other
		if other == "s3:PutObjectRetention" && !strings.Contains(r.Resource, "/") {
			n.Action = "s3:DeleteBucket"
		}
		all = append(all, n)
	}
	switch alias := r.Context["kms:requestalias"]; {
	case alias != nil:
		// An alias may stand for any key: the policy holds to its name.
		n := r
		n.Context = maps.Clone(r.Context)
		n.Context["kms:requestalias"] = []string{alias[0] + "x"}
		all = append(all, n)
	case r.Resource != "*":
		n := r
		n.Resource += "x"
		all = append(all, n)
	}
	return all
}

// about returns what to ask about q's policy: what it is for is allowed, and
// what is beside that is not, unless it is granted.
func about(q question, reqs []manifest.Request, granted func(manifest.Request) bool) (all []question) {
	add := func(r manifest.Request, allowed bool) {
		one := q
		one.Name = fmt.Sprintf("%s: %d", q.Name, len(all))
		one.Action, one.Resource, one.Context, one.allowed = r.Action, r.Resource, r.Context, allowed
		all = append(all, one)
	}
	for _, r := range reqs {
		add(r, true)
		for _, n := range neighbours(r) {
			same := func(r manifest.Request) bool { return r.Action == n.Action && r.Resource == n.Resource }
			if !slices.ContainsFunc(reqs, same) && !granted(n) {
				add(n, false)
			}
		}
	}
	return all
}

// judgeCalls asks about every policy that a call was made under, as the decision
// log has the calls and STS the policies.
func judgeCalls(t *testing.T, logs []*bytes.Buffer) {
	t.Helper()
	policies := make(map[string]string)
	for _, a := range servers.Asked() {
		if a.Issued.AccessKeyID != "" {
			policies[a.Issued.AccessKeyID] = a.Policy
		}
	}
	key := manifest.Pattern(names.Replace("arn:aws:kms:" + e2e.Region + ":" + e2e.Account + ":key/{key}"))
	var all []question
	asked := make(map[string]bool)
	for _, log := range logs {
		for e, err := range audit.Read(log) {
			if err != nil {
				t.Fatal(err)
			}
			policy := policies[e.AccessKeyID]
			if policy == "" || e.RequestsTotal > len(e.Requests) {
				continue
			}
			var reqs []manifest.Request
			for _, r := range e.Requests {
				reqs = append(reqs, asSeen(manifest.Request{Action: r.Action, Resource: r.Resource, Context: r.Context, Partly: true}, e2e.Account, []manifest.Pattern{key}))
			}
			name := fmt.Sprint(e.Service, " ", e.Operation, " ", e.ID, " ", policy)
			asked[e.Service] = true
			all = append(all, about(question{Name: name, Session: policy, Account: e2e.Account}, reqs, func(manifest.Request) bool { return false })...)
		}
	}
	for service := range others {
		if !asked[service] {
			t.Errorf("no call to %s was made under a policy that STS knows", service)
		}
	}
	ask(t, all, nil)
}

// TestTheSimulatorAgreesWithPolicies asks about every session policy of
// manifest/iam's own corpora, and the role policies of their grants.
func TestTheSimulatorAgreesWithPolicies(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(checkout, "manifest/iam/testdata/session/*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no corpora: %v", err)
	}
	var all []question
	for _, file := range files {
		ar, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		m := &manifest.Manifest{File: "remit.yaml"}
		for n, f := range ar.Files {
			switch kind, _, _ := strings.Cut(f.Name, " "); kind {
			case "account":
				m.Account = strings.TrimSpace(string(f.Data))
			case "grants":
				m.Grants = nil
				for _, g := range jsonLines[manifest.Grant](t, f) {
					m.Grants = append(m.Grants, &g)
				}
			case "manifest":
				if m, err = manifest.Parse("remit.yaml", f.Data, manifest.Options{Region: e2e.Region, Account: m.Account}); err != nil {
					t.Fatal(err)
				}
			case "requests":
				all = append(all, aboutCorpus(fmt.Sprint(filepath.Base(file), " ", n, " ", f.Name), m, jsonLines[manifest.Request](t, f))...)
			}
		}
	}
	ask(t, all, disputed)
}

// disputed are questions about the corpora that the simulator answers otherwise,
// and why.
var disputed = map[string]string{
	"conditions.txtar 2 requests, call: 0":                                                            literalDollar,
	"operators.txtar 7 requests sets, call: 0":                                                        literalDollar,
	"literal.txtar 10 requests other characters: above U+00FF, outside the plane, controls, grant: 0": literalLine,
	"literal.txtar 10 requests other characters: above U+00FF, outside the plane, controls, role: 0":  literalLine,
}

const (
	literalDollar = "it takes ${$} under StringEquals for itself; IAM has it wherever there may be a variable (IAM User Guide, Policy variables)"
	literalLine   = "its * matches no end of a line"
)

func aboutCorpus(name string, m *manifest.Manifest, reqs []manifest.Request) (all []question) {
	d := m.Decide(reqs...)
	if !d.Allowed {
		return nil
	}
	account := m.Account
	if account == "" {
		account = e2e.Account
	}
	var seen []manifest.Request
	for i, r := range reqs {
		if strings.Contains(r.Resource, "-s3alias") {
			return nil // what AWS authorizes is the access point, and an alias does not tell all of its ARN
		}
		if strings.Contains(r.Resource, ".mrap/") {
			return nil // the simulator has no resource type for multi-region access points
		}
		if strings.HasPrefix(r.Action, "s3:") && strings.Contains(r.Resource, ":s3express:") {
			continue // decided here alone: AWS asks for the session
		}
		seen = append(seen, asSeen(r, account, d.Grants[i][0].Resources))
	}
	granted := func(r manifest.Request) bool { return m.Decide(r).Allowed }
	if role, err := iam.RolePolicy(m); err == nil {
		all = append(all, about(question{Name: name + ", role", Role: string(role), Account: account}, seen, granted)...)
	}
	for _, width := range []manifest.Width{manifest.WidthCall, manifest.WidthGrant} {
		policy, got, err := iam.SessionPolicy(m, d, reqs, width)
		if err != nil || got != width {
			continue
		}
		beside := granted
		if width == manifest.WidthCall {
			beside = func(manifest.Request) bool { return false }
		}
		all = append(all, about(question{Name: name + ", " + string(width), Session: policy, Account: account}, seen, beside)...)
	}
	return all
}

// jsonLines reads one value of JSON a line.
func jsonLines[T any](t *testing.T, f txtar.File) (all []T) {
	t.Helper()
	for line := range strings.Lines(strings.TrimSpace(string(f.Data))) {
		var v T
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		all = append(all, v)
	}
	return all
}
