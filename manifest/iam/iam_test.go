package iam

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/lambda-remit/remit/manifest"
)

func allow(action string, resources ...manifest.Pattern) *manifest.Manifest {
	return &manifest.Manifest{Account: here, Grants: []*manifest.Grant{{ID: "allow[0]", Actions: []string{action}, Resources: resources}}}
}

func TestACallTooLargeTakesItsGrantsWidth(t *testing.T) {
	m := allow("s3:DeleteObject", "arn:aws:s3:::media/*")
	for _, reqs := range [][]manifest.Request{
		{{Action: "s3:DeleteObject", Resource: "arn:aws:s3:::media/" + strings.Repeat("日", 340)}}, // six characters each
		keys("arn:aws:s3:::media/", 1000),
	} {
		policy, got, err := SessionPolicy(m, m.Decide(reqs...), reqs, manifest.WidthCall)
		if err != nil || got != manifest.WidthGrant || !strings.Contains(policy, `"arn:aws:s3:::media/*"`) {
			t.Errorf("%d requests: got %q, %v, %v, want the grant's", len(reqs), policy, got, err)
		}
	}
}

func TestACallAndGrantsTooLargeHaveNoPolicy(t *testing.T) {
	var exact []manifest.Pattern
	reqs := keys("arn:aws:s3:::media/"+strings.Repeat("k", 300), 8)
	for _, r := range reqs {
		exact = append(exact, manifest.Literal(r.Resource))
	}
	m := allow("s3:DeleteObject", exact...)
	for _, width := range []manifest.Width{manifest.WidthCall, manifest.WidthGrant} {
		if policy, _, err := SessionPolicy(m, m.Decide(reqs...), reqs, width); !errors.Is(err, ErrTooLarge) || policy != "" {
			t.Errorf("%s: got %q, %v, want ErrTooLarge", width, policy, err)
		}
	}
}

func TestAPolicyOfExactlyTheLimitFits(t *testing.T) {
	m := allow("s3:GetObject", "arn:aws:s3:::media/*")
	frame := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::media/"}]}`
	for over, want := range []manifest.Width{manifest.WidthCall, manifest.WidthGrant} {
		reqs := []manifest.Request{{Action: "s3:GetObject", Resource: "arn:aws:s3:::media/" + strings.Repeat("k", MaxSession-len(frame)+over)}}
		if policy, got, err := SessionPolicy(m, m.Decide(reqs...), reqs, manifest.WidthCall); got != want || err != nil {
			t.Errorf("%d over: got %v with %d characters, %v, want %v", over, got, len(policy), err, want)
		}
	}
}

func keys(prefix string, n int) (reqs []manifest.Request) {
	for i := range n {
		reqs = append(reqs, manifest.Request{Action: "s3:DeleteObject", Resource: fmt.Sprint(prefix, i)})
	}
	return reqs
}

func TestNoPolicyIsWrittenForWhatWasNotAllowed(t *testing.T) {
	m := allow("s3:GetObject", "arn:aws:s3:::media/*")
	reqs := []manifest.Request{{Action: "s3:GetObject", Resource: "arn:aws:s3:::media/a"}}
	allowed := m.Decide(reqs...)
	for name, c := range map[string]struct {
		d    manifest.Decision
		reqs []manifest.Request
		w    manifest.Width
	}{
		"zero decision":         {manifest.Decision{}, reqs, manifest.WidthCall},
		"no requests":           {allowed, nil, manifest.WidthCall},
		"more requests":         {allowed, append(reqs, reqs...), manifest.WidthCall},
		"no grants for one":     {manifest.Decision{Allowed: true, Grants: [][]*manifest.Grant{nil}}, reqs, manifest.WidthCall},
		"a grant that is none":  {manifest.Decision{Allowed: true, Grants: [][]*manifest.Grant{{nil}}}, reqs, manifest.WidthCall},
		"an unknown width":      {allowed, reqs, "adaptive"},
		"another's grant":       {manifest.Decision{Allowed: true, Grants: [][]*manifest.Grant{{{Actions: []string{"*"}, Resources: []manifest.Pattern{"*"}}}}}, reqs, manifest.WidthGrant},
		"an action with a star": {allow("*", "*").Decide(manifest.Request{Action: "s3:*", Resource: "arn:aws:s3:::media/a"}), []manifest.Request{{Action: "s3:*", Resource: "arn:aws:s3:::media/a"}}, manifest.WidthCall},
	} {
		policy, _, err := SessionPolicy(m, c.d, c.reqs, c.w)
		if err == nil || policy != "" {
			t.Errorf("%s: got %q, %v, want an error", name, policy, err)
		}
	}
}

func TestTheGrantsWidthIsTheSameForEveryCallThroughThem(t *testing.T) {
	m := &manifest.Manifest{Account: here, Grants: []*manifest.Grant{
		{ID: "a", Actions: []string{"s3:GetObject"}, Resources: []manifest.Pattern{"arn:aws:s3:::media/in/*"}},
		{ID: "b", Actions: []string{"s3:PutObject"}, Resources: []manifest.Pattern{"arn:aws:s3:::media/out/*"}},
	}}
	texts := make(map[string]bool)
	for i := range 5 {
		reqs := []manifest.Request{
			{Action: "s3:GetObject", Resource: fmt.Sprint("arn:aws:s3:::media/in/", i)},
			{Action: "s3:PutObject", Resource: fmt.Sprint("arn:aws:s3:::media/out/", i)},
		}
		if i%2 == 1 {
			reqs[0], reqs[1] = reqs[1], reqs[0]
		}
		policy, _, err := SessionPolicy(m, m.Decide(reqs...), reqs, manifest.WidthGrant)
		if err != nil {
			t.Fatal(err)
		}
		texts[policy] = true
	}
	if len(texts) != 1 {
		t.Errorf("got %d texts, want one: %v", len(texts), texts)
	}
}

func TestSeveralValuesOfAKeyArePinnedTogether(t *testing.T) {
	g := &manifest.Grant{Actions: []string{"s3:PutObject"}, Resources: []manifest.Pattern{"arn:aws:s3:::media/*"}}
	r := manifest.Request{Action: "s3:PutObject", Resource: "arn:aws:s3:::media/a", Context: map[string][]string{"s3:requestobjecttagkeys": {"team", "cost"}}}
	for operator, want := range map[string]string{
		// Each passed, so fewer pass too.
		"ForAllValues:StringLike": `"Condition":{"ForAllValues:StringEquals":{"s3:RequestObjectTagKeys":["cost","team"]}}`,
		// It is not known which one passed.
		"ForAnyValue:StringLike": `"Condition":{"ForAllValues:StringEquals":{"s3:RequestObjectTagKeys":["cost","team"]},"ForAnyValue:StringLike":{"s3:RequestObjectTagKeys":"*t*"}}`,
		"StringLike":             `"Condition":{"ForAllValues:StringEquals":{"s3:RequestObjectTagKeys":["cost","team"]},"StringLike":{"s3:RequestObjectTagKeys":"*t*"}}`,
		// A number is not a string.
		"NumericLessThan": `"Condition":{"NumericLessThan":{"s3:RequestObjectTagKeys":"*t*"}}`,
	} {
		g.Conditions = []manifest.Condition{{Operator: operator, Key: "s3:RequestObjectTagKeys", Values: []string{"*t*"}}}
		m := &manifest.Manifest{Account: here, Grants: []*manifest.Grant{g}}
		policy, got, err := SessionPolicy(m, manifest.Decision{Allowed: true, Grants: [][]*manifest.Grant{{g}}}, []manifest.Request{r}, manifest.WidthCall)
		if err != nil || got != manifest.WidthCall || !strings.Contains(policy, want) {
			t.Errorf("%s: got %s, %v, %v, want %s", operator, policy, got, err, want)
		}
	}
}

func TestAnAccountThatIsNoNumberIsNotWritten(t *testing.T) {
	m := allow("sns:Publish", "arn:aws:sns:eu-west-1:${aws:PrincipalAccount}:topic", "arn:aws:sns:eu-west-1:*:topic")
	m.Account = "*"
	reqs := []manifest.Request{{Action: "sns:Publish", Resource: "arn:aws:sns:eu-west-1:*:topic"}}
	policy, _, err := SessionPolicy(m, m.Decide(reqs...), reqs, manifest.WidthGrant)
	if err != nil || strings.Count(policy, "arn:") != 1 {
		t.Errorf("got %s, %v, want the pattern without the account alone", policy, err)
	}
}

func TestTheRolePolicyNeedsTheAccountOfBareNames(t *testing.T) {
	m := allow("sns:Publish", "arn:aws:sns:eu-west-1:${aws:PrincipalAccount}:topic")
	m.Account = ""
	_, err := RolePolicy(m)
	if err == nil || !strings.Contains(err.Error(), "credentials.role") {
		t.Errorf("got %v, want an error that names the way out", err)
	}
}

func TestARolePolicyTooLargeIsReturnedWithItsSize(t *testing.T) {
	m := &manifest.Manifest{Account: here}
	for i := range 60 {
		m.Grants = append(m.Grants, &manifest.Grant{Actions: []string{fmt.Sprint("s3:Action", i)}, Resources: []manifest.Pattern{manifest.Pattern(fmt.Sprint("arn:aws:s3:::bucket-", i, "/*"))}})
	}
	text, err := RolePolicy(m)
	var size *SizeError
	if !errors.As(err, &size) || size.Size <= MaxRole || len(text) < size.Size {
		t.Fatalf("got %d bytes and %v, want a *SizeError", len(text), err)
	}
	if want := len(strings.NewReplacer(" ", "", "\n", "").Replace(string(text))); size.Size != want {
		t.Errorf("got a size of %d, want %d", size.Size, want)
	}
}

func TestARolePolicyTooLargeIsSeveral(t *testing.T) {
	m := &manifest.Manifest{Account: here}
	for i := range 100 {
		m.Grants = append(m.Grants, &manifest.Grant{Actions: []string{fmt.Sprint("s3:Action", i)}, Resources: []manifest.Pattern{manifest.Pattern(fmt.Sprint("arn:aws:s3:::bucket-", i, "/*"))}})
	}
	type document struct{ Statement []json.RawMessage }
	var whole, parts document
	text, _ := RolePolicy(m)
	if err := json.Unmarshal(text, &whole); err != nil {
		t.Fatal(err)
	}
	all, err := RolePolicies(m)
	if err != nil || len(all) < 2 {
		t.Fatalf("got %d policies, %v", len(all), err)
	}
	allows := false
	for i, text := range all {
		var one document
		if err := json.Unmarshal(text, &one); err != nil {
			t.Fatal(err)
		}
		if n := len(strings.NewReplacer(" ", "", "\n", "").Replace(string(text))); n > MaxRole {
			t.Errorf("policy %d has %d characters", i, n)
		}
		for _, s := range one.Statement {
			if allow := strings.Contains(string(s), `"Effect": "Allow"`); allows && !allow {
				t.Errorf("policy %d denies after what allows", i)
			} else {
				allows = allow
			}
		}
		parts.Statement = append(parts.Statement, one.Statement...)
	}
	text1 := func(d document) (all []string) {
		for _, s := range d.Statement {
			all = append(all, string(s))
		}
		slices.Sort(all)
		return all
	}
	if !slices.Equal(text1(whole), text1(parts)) {
		t.Error("the parts together are not the whole")
	}
	if one, err := RolePolicies(allow("s3:GetObject", "arn:aws:s3:::media/*")); len(one) != 1 || err != nil {
		t.Errorf("got %d policies, %v, want one", len(one), err)
	}
	for i := range m.Grants[:60] {
		m.Grants[i].Resources = []manifest.Pattern{manifest.Pattern(fmt.Sprint("arn:aws:s3:::bucket/", strings.Repeat("k", 600), i))}
	}
	m.Grants = m.Grants[:60]
	if _, err := RolePolicies(m); err == nil {
		t.Error("got no error for more policies than a role has")
	}
}

func TestActionsAreWrittenInWords(t *testing.T) {
	patterns := []string{"s3:AbortMultipartUpload", "s3:GetObject", "s3:ListBucket", "s3:ListMultipartUploadParts", "s3:PutObject", "sqs:SendMessage", "sns:Publish", "sns:*"}
	for _, c := range []struct{ actions, want string }{
		{"s3:AbortMultipartUpload s3:ListMultipartUploadParts s3:PutObject", "s3:Abort* s3:ListMultipart* s3:Put*"},
		{"s3:AbortMultipartUpload s3:GetObject s3:ListBucket s3:ListMultipartUploadParts s3:PutObject", "s3:*"},
		{"s3:ListBucket", "s3:ListBucket"},
		{"sqs:SendMessage", "sqs:Send*"},
		{"sns:Publish", "sns:Publish"},
		{"sns:*", "sns:*"},
	} {
		if got := strings.Join(inWords(strings.Fields(c.actions), patterns), " "); got != c.want {
			t.Errorf("%s: got %s, want %s", c.actions, got, c.want)
		}
	}
}

func TestEveryOfManyActionsIsBound(t *testing.T) {
	m := &manifest.Manifest{Account: here}
	resource := func(i int) string { return fmt.Sprint("arn:aws:s3:::bucket-", i, "/a") }
	for i := range 400 {
		m.Grants = append(m.Grants, &manifest.Grant{Actions: []string{fmt.Sprint("s3:Action", i)}, Resources: []manifest.Pattern{manifest.Pattern(resource(i))}})
	}
	text, _ := RolePolicy(m)
	for _, i := range []int{0, 7, 299, 399} {
		action := fmt.Sprint("s3:Action", i)
		for r, want := range map[string]verdict{resource(i): allowed, resource((i + 1) % 400): denied} {
			if got, err := evaluate(string(text), attempt{action: action, resource: r}); got != want || err != nil {
				t.Errorf("%s on %s: got %s, %v, want %s", action, r, got, err, want)
			}
		}
	}
}

// Every operator has a contrary, but for BinaryEquals, and those that always
// hold: of whatever a key's values are, and of its absence, one of the two holds
// and the other does not.
func TestAConditionAndItsContraryNeverAgree(t *testing.T) {
	for _, sort := range sorts {
		var values []string
		for _, v := range sort.values {
			if !strings.HasPrefix(v, "${aws") && !strings.HasPrefix(v, "${s3") {
				values = append(values, v)
			}
		}
		contexts := []map[string][]string{nil}
		for i, v := range values {
			if strings.Contains(v, "/24") || strings.Contains(v, "/32") || sort.operators[0] == "ArnEquals" && strings.ContainsAny(v, "*") {
				continue
			}
			contexts = append(contexts, map[string][]string{"k": {v}})
			if other := values[(i+1)%len(values)]; !strings.Contains(other, "/") {
				contexts = append(contexts, map[string][]string{"k": {v, other}})
			}
		}
		for _, name := range sort.operators {
			for _, set := range []string{"", "ForAllValues:", "ForAnyValue:"} {
				for _, end := range []string{"", "IfExists"} {
					for i := range values {
						checkContrary(t, set+name+end, values[i:i+1], contexts)
						checkContrary(t, set+name+end, values[:i+1], contexts)
					}
				}
			}
		}
	}
	checkContrary(t, "Null", []string{"true"}, []map[string][]string{nil, {"k": {"a"}}, {"k": {"a", "b"}}})
	checkContrary(t, "Null", []string{"false"}, []map[string][]string{nil, {"k": {"a"}}, {"k": {"a", "b"}}})
	for _, operator := range []string{"Stringlike", "BinaryEquals", "ForSome:StringLike", "Null", "StringLess", "String"} {
		if contrary, ok := negate(condition{operator, "k", []string{"1", "2"}}); ok {
			t.Errorf("%s: got %v, want none", operator, contrary)
		}
	}
}

func checkContrary(t *testing.T, operator string, values []string, contexts []map[string][]string) {
	t.Helper()
	c := manifest.Condition{Operator: operator, Key: "k", Values: values}.Simple()
	contrary, ok := negate(condition{operator, "k", c.Values})
	always := true
	for _, context := range contexts {
		if !strings.Contains(operator, ":") && len(context["k"]) > 1 && operator != "Null" {
			continue // what a plain operator makes of several values, AWS does not say
		}
		positive, err := holds(operator, "k", values, context)
		if err != nil {
			t.Fatal(err)
		}
		always = always && positive
		negative := ok
		for _, n := range contrary {
			one, err := holds(n.operator, n.key, n.values, context)
			if err != nil {
				t.Fatal(err)
			}
			negative = negative && one
		}
		if ok && positive == negative {
			t.Errorf("%s %q and %v are both %v of %v", operator, values, contrary, positive, context)
		}
	}
	if !ok && !always && !strings.Contains(operator, "Binary") {
		t.Errorf("%s %q has no contrary", operator, values)
	}
}

func TestASecretByItsNameIsNoOtherSecret(t *testing.T) {
	const arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:"
	name := manifest.Request{Action: "secretsmanager:GetSecretValue", Resource: arn + "key*-??????", Partly: true}
	for pattern, want := range map[manifest.Pattern]map[string]verdict{
		arn + "key${*}-??????": {"key*-AbCdEf": allowed, "key*-ZZZZZZ": allowed, "keyx-AbCdEf": implicit, "key*-AbCdEfG": implicit, "key*-x-AbCdEf": implicit},
		arn + "key*":           {"key*-AbCdEf": allowed, "keyx-AbCdEf": implicit, "key": implicit},
		arn + "key${*}-AbCdEf": {"key*-AbCdEf": allowed, "key*-ZZZZZZ": implicit, "keyx-AbCdEf": implicit},
		// A question mark that is granted as such is no unknown character.
		arn + "key${*}-?????${?}": {},
	} {
		m := allow("secretsmanager:GetSecretValue", pattern)
		policy, got, err := SessionPolicy(m, m.Decide(name), []manifest.Request{name}, manifest.WidthCall)
		if len(want) == 0 {
			if err == nil {
				t.Errorf("%s: got %s, want no policy", pattern, policy)
			}
			continue
		}
		if err != nil || got != manifest.WidthCall {
			t.Fatalf("%s: got %v, %v", pattern, got, err)
		}
		for secret, want := range want {
			if v, err := evaluate(policy, attempt{action: name.Action, resource: arn + secret}); v != want || err != nil {
				t.Errorf("%s: %s is %s, %v, want %s", pattern, secret, v, err, want)
			}
		}
	}
}

func TestPatternsCoverAndOverlap(t *testing.T) {
	for _, c := range []struct {
		a, b             string
		covers, overlaps bool
	}{
		{"s3:*", "s3:get*", true, true},
		{"s3:get*", "s3:*", false, true},
		{"s3:get*", "s3:*object", false, true},
		{"s3:get*", "s3:put*", false, false},
		{"s3:???object", "s3:getobject", true, true},
		{"s3:???object", "s3:*object", false, true},
		{"*", "", true, true},
		{"?", "", false, false},
		{"", "", true, true},
		{"a*b", "a*c*b", true, true},
		{"a*c*b", "a*b", false, true},
		{"*a", "*b", false, false},
		{"a*", "*b", false, true},
	} {
		a, b := parseAction(c.a), parseAction(c.b)
		if got := a.covers(b); got != c.covers {
			t.Errorf("%q covers %q: got %v", c.a, c.b, got)
		}
		if a.overlaps(b) != c.overlaps || b.overlaps(a) != c.overlaps {
			t.Errorf("%q overlaps %q: got %v and %v", c.a, c.b, a.overlaps(b), b.overlaps(a))
		}
	}
}
