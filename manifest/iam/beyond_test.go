package iam

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/lambda-remit/remit/manifest"
)

// allOf is what somebody else allows.
const allOf = `{"Effect":"Allow","Action":"*","Resource":"*"}`

// checkBeyond holds Beyond to its promises for one manifest: beside a policy that
// allows everything, no text denies what a grant covers; and of what was decided,
// one that says that it is whole lets nothing pass that none covers. It reports
// whether there was such a one.
func checkBeyond(t *testing.T, d *die, odd string) (whole bool) {
	t.Helper()
	m := d.manifest(odd)
	texts := Beyond(m)
	for _, r := range d.near(m, d.request(m, odd), odd) {
		for _, account := range []string{here, there} {
			a := asSeen(r, account, pick(d, "", "s3.eu-west-1.amazonaws.com"), d.context(true))
			if !utf8.ValidString(a.resource) {
				continue
			}
			covered := slices.ContainsFunc(m.Grants, func(g *manifest.Grant) bool { return grants(g, a, here) })
			plainly := slices.ContainsFunc(m.Grants, func(g *manifest.Grant) bool {
				return slices.ContainsFunc(g.Conditions, func(c manifest.Condition) bool {
					return !strings.Contains(c.Operator, ":") && len(a.context[strings.ToLower(c.Key)]) > 1
				})
			})
			decided := m.Decide(r).Allowed && a.context["kms:viaservice"] == nil
			for _, rest := range texts {
				whole = whole || rest.Whole
				got := allowed
				if rest.Text != "" {
					var err error
					if got, err = evaluate(`{"Version":"2012-10-17","Statement":[`+allOf+","+rest.Text+"]}", a); err != nil {
						t.Fatalf("%v in %s", err, rest.Text)
					}
				}
				switch {
				case covered && got != allowed:
					t.Fatalf("%+v is %s, and granted\n%s\nof %s", a, got, rest.Text, describe(m))
				case rest.Whole && decided && !covered && got == allowed && !plainly:
					t.Fatalf("%+v is %s, and not granted\n%s\nof %s", a, got, rest.Text, describe(m))
				}
			}
		}
	}
	return whole
}

func TestWhatIsBeyondAManifestIsDeniedWhateverElseIsAllowed(t *testing.T) {
	whole := 0
	for seed := range uint64(500) {
		if checkBeyond(t, rolls(seed), "x") {
			whole++
		}
	}
	if whole < 40 {
		t.Errorf("only %d manifests were denied the whole rest of", whole)
	}
}

func TestBeyondNoGrantIsEverything(t *testing.T) {
	rest := Beyond(new(manifest.Manifest))
	if want := (Rest{`{"Effect":"Deny","Action":"*","Resource":"*"}`, true}); len(rest) != 1 || rest[0] != want {
		t.Errorf("got %+v", rest)
	}
}

func TestWhatIsBeyondFitsBesideAnothersPolicy(t *testing.T) {
	const source = `
credentials: {role: "arn:aws:iam::123456789012:role/calls"}
permissions:
  object_storage: {bucket: media, read_prefix: in/, write_prefix: out/, delete_prefix: out/}
  topic: {publish: done}
  secrets: {read: key}
`
	m, err := manifest.Parse("remit.yaml", []byte(source), manifest.Options{Region: "eu-west-1"})
	if err != nil {
		t.Fatal(err)
	}
	texts := Beyond(m)
	if len(texts) != 3 {
		t.Fatalf("got %d texts", len(texts))
	}
	if !texts[0].Whole || !texts[1].Whole || texts[2].Whole {
		t.Errorf("got %+v", texts)
	}
	if strings.Contains(texts[1].Text, "storage-class") || !strings.Contains(texts[1].Text, "aws:ResourceAccount") || len(texts[1].Text) > 1500 {
		t.Errorf("what the decision saw is %d characters: %s", len(texts[1].Text), texts[1].Text)
	}
	if len(texts[2].Text) > 400 || !strings.Contains(texts[2].Text, `"NotAction"`) {
		t.Errorf("the actions are %s", texts[2].Text)
	}
}

func TestWhereIAMHasNoWordsTheRestIsNotWhole(t *testing.T) {
	for _, tt := range []struct {
		when  string
		whole bool
	}{
		{`{StringEquals: {"aws:ResourceAccount": "123456789012"}}`, true},
		{`{StringEquals: {"aws:PrincipalTag/team": "a"}}`, true},
		{`{StringEquals: {"aws:PrincipalTag/team": "${aws:PrincipalTag/other}"}}`, false},
		{`{BinaryEquals: {"aws:PrincipalTag/team": "YQ=="}}`, false},
		{`{IpAddress: {"aws:SourceIp": "192.0.2.0/24"}}`, false},
		{`{StringLike: {"aws:PrincipalOrgPaths": "o-1/*"}}`, false},
		{`{"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-1/*"}}`, true},
	} {
		source := fmt.Sprintf("credentials: {role: \"arn:aws:iam::%s:role/calls\"}\nallow:\n  - {actions: [\"s3:GetObject\"], resources: [\"arn:aws:s3:::b/*\"], when: %s}\n", here, tt.when)
		m, err := manifest.Parse("remit.yaml", []byte(source), manifest.Options{Region: "eu-west-1"})
		if err != nil {
			t.Fatal(err)
		}
		if rest := Beyond(m)[0]; rest.Whole != tt.whole || rest.Text == "" {
			t.Errorf("%s: whole is %v, want %v: %s", tt.when, rest.Whole, tt.whole, rest.Text)
		}
	}
}

func TestWhatCannotBeWrittenIsNotDenied(t *testing.T) {
	// A bare name is in an account that nobody knows yet.
	m := &manifest.Manifest{Grants: []*manifest.Grant{{ID: "a", Actions: []string{"sqs:SendMessage"}, Resources: []manifest.Pattern{"arn:aws:sqs:eu-west-1:${aws:PrincipalAccount}:q"}}}}
	if rest := Beyond(m); len(rest) > 0 {
		t.Errorf("got %+v", rest)
	}
}
