package iam

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/lambda-remit/remit/manifest"
)

// asSeen returns r as AWS sees it: the resource in account, the call made by a
// service or not, and what AWS alone knows besides.
func asSeen(r manifest.Request, account, via string, more map[string][]string) attempt {
	a := attempt{action: r.Action, resource: r.Resource, context: map[string][]string{
		"aws:resourceaccount": {account}, "aws:principalaccount": {here}, "aws:securetransport": {"true"},
	}}
	maps.Copy(a.context, more)
	maps.Copy(a.context, r.Context)
	if via != "" {
		a.context["kms:viaservice"] = []string{via}
	}
	return a
}

// granted reports whether m grants r by the tests' own reading, conditions that
// only AWS can evaluate left out.
func granted(m *manifest.Manifest, r manifest.Request) bool {
	a := asSeen(r, here, "", nil)
	deferred := func(key string) bool { return manifest.Deferred(key) && a.context[strings.ToLower(key)] == nil }
	return slices.ContainsFunc(m.Grants, func(g *manifest.Grant) bool {
		now := *g
		now.Conditions = slices.DeleteFunc(slices.Clone(g.Conditions), func(c manifest.Condition) bool {
			if c.Key == "aws:ResourceAccount" || deferred(c.Key) {
				return true
			}
			return a.context[strings.ToLower(c.Key)] != nil && slices.ContainsFunc(c.Values, func(v string) bool {
				return slices.ContainsFunc(variableForm.FindAllString(v, -1), func(v string) bool {
					return len(v) > 4 && v != "${aws:PrincipalAccount}" && deferred(v[2:len(v)-1])
				})
			})
		})
		if r.Partly && len(grantResources(g, here)) > 0 { // any of its resources may be the one
			now.Resources = []manifest.Pattern{"*"}
		}
		return grants(&now, a, m.Account)
	})
}

func describe(m *manifest.Manifest) string {
	var b strings.Builder
	for _, g := range m.Grants {
		fmt.Fprintf(&b, "\n%s %q %q", g.ID, g.Actions, g.Resources)
		for _, c := range g.Conditions {
			fmt.Fprintf(&b, " %s %s %q", c.Operator, c.Key, c.Values)
		}
		for _, n := range g.Needs {
			fmt.Fprintf(&b, " needs %s", n.ID)
		}
	}
	return b.String()
}

// checkSession holds SessionPolicy to its promises for one manifest and some
// requests, and reports whether there was a policy to look at.
func checkSession(t *testing.T, d *die, odd string) bool {
	t.Helper()
	m := d.manifest(odd)
	var reqs []manifest.Request
	for range 1 + d.roll(3) {
		if r := d.request(m, odd); granted(m, r) {
			reqs = append(reqs, r)
		}
	}
	if len(reqs) == 0 {
		return false
	}
	decision := m.Decide(reqs...)
	if !decision.Allowed {
		t.Fatalf("the decider denies what the tests find granted: %+v of %s", decision.Denied, describe(m))
	}
	width := pick(d, manifest.WidthCall, manifest.WidthGrant)
	policy, got, err := SessionPolicy(m, decision, reqs, width)
	if err != nil {
		for _, r := range reqs {
			if !strings.HasPrefix(r.Resource, "arn:") || !utf8.ValidString(odd) || strings.Contains(odd, "\x00") || len(odd) > 100 {
				return false
			}
		}
		// What is left are grants whose conditions no statement holds.
		for _, g := range decision.Used() {
			if len(g.Conditions) > 1 {
				return false
			}
		}
		t.Fatalf("no policy: %v\n%s\n%+v", err, describe(m), reqs)
	}

	if len(policy) > MaxSession || !json.Valid([]byte(policy)) {
		t.Fatalf("%d characters, valid JSON: %v", len(policy), json.Valid([]byte(policy)))
	}
	for _, c := range policy {
		if c < ' ' || c > '~' {
			t.Fatalf("character %q in %s", c, policy)
		}
	}

	shuffled := slices.Concat(reqs, reqs)
	slices.Reverse(shuffled)
	if again, _, _ := SessionPolicy(m, m.Decide(shuffled...), shuffled, width); again != policy {
		t.Fatalf("in another order, and twice: got\n%s\nwant\n%s", again, policy)
	}

	evaluated := func(a attempt) verdict {
		v, err := evaluate(policy, a)
		if err != nil {
			t.Fatalf("%v in %s", err, policy)
		}
		return v
	}
	covers := func(a attempt) bool {
		return slices.ContainsFunc(m.Grants, func(g *manifest.Grant) bool { return grants(g, a, here) })
	}
	for _, r := range reqs {
		for _, account := range []string{here, there} {
			a := asSeen(r, account, "", d.context(true))
			if r.Partly {
				a.resource = d.request(m, odd).Resource // that AWS knows it to be
			}
			if a.resource != "*" && !strings.HasPrefix(a.resource, "arn:") {
				continue // AWS has no such resource, and IAM no way to write a grant of it
			}
			if strings.Contains(describe(m), `\x00`) {
				continue // nor of this
			}
			if covers(a) && evaluated(a) != allowed {
				t.Fatalf("%+v is %s by its own policy\n%s\nof %s", a, evaluated(a), policy, describe(m))
			}
		}
	}
	for _, r := range reqs {
		for _, n := range d.near(m, r, odd) {
			for _, account := range []string{here, there} {
				via := pick(d, "", "s3.eu-west-1.amazonaws.com")
				a := asSeen(n, account, via, d.context(true))
				if n.Resource == "" || evaluated(a) != allowed {
					continue
				}
				if via == "" && !m.Decide(n).Allowed {
					t.Fatalf("%+v is allowed\nby %s\nand denied by the decider, of %s", a, policy, describe(m))
				}
				if !covers(a) {
					t.Fatalf("%+v is allowed\nby %s\nand not by %s", a, policy, describe(m))
				}
				if via == "" && got == manifest.WidthCall && !slices.ContainsFunc(reqs, func(own manifest.Request) bool {
					return strings.EqualFold(own.Action, a.action) && (own.Resource == a.resource || own.Resource == "*")
				}) {
					t.Fatalf("%+v is allowed by %s, which was made for %+v", a, policy, reqs)
				}
			}
		}
	}
	return true
}

// wordless reports whether IAM may have no words for a Deny of a: there is no
// contrary of BinaryEquals, nor of a plain operator on several values; a variable
// without a value meets nothing, and one statement does not hold every pair of
// conditions on one key.
func wordless(m *manifest.Manifest, a attempt) bool {
	stems := make(map[string]string)
	for _, g := range m.Grants {
		for _, c := range g.Conditions {
			key := strings.ToLower(c.Key)
			if strings.Contains(c.Operator, "Binary") || !strings.Contains(c.Operator, ":") && len(a.context[key]) > 1 {
				return true
			}
			for _, v := range c.Values {
				if _, known := filled(v, a.context); !known {
					return true
				}
			}
			form := fmt.Sprintf("%s %q", c.Operator, c.Values)
			if have, ok := stems[key]; ok && have != form {
				return true
			}
			stems[key] = form
		}
	}
	return false
}

// checkRolePolicy holds RolePolicy to its promises for one manifest: it allows
// what a grant covers and explicitly denies everything else, KMS by way of a
// service left aside.
func checkRolePolicy(t *testing.T, d *die, odd string) bool {
	t.Helper()
	m := d.manifest(odd)
	text, err := RolePolicy(m)
	if text == nil {
		if err == nil {
			t.Fatal("neither a policy nor an error")
		}
		return false
	}
	if err != nil && !strings.Contains(err.Error(), "characters") {
		t.Fatal(err)
	}
	rules, err := rulesOf(m)
	if err != nil {
		t.Fatal(err)
	}
	left := viaServices(rules)
	short := compact(shorter(bound(rules, left), patternsOf(slices.Concat(rules, left))))
	for _, r := range d.near(m, d.request(m, odd), odd) {
		for _, account := range []string{here, there} {
			a := asSeen(r, account, pick(d, "", "s3.eu-west-1.amazonaws.com"), d.context(true))
			long, err := evaluate(string(text), a)
			if err != nil {
				t.Fatalf("%v in %s", err, text)
			}
			if got, err := evaluate(short, a); got != long || err != nil {
				t.Fatalf("%+v is %s in shorter words, %v, want %s\n%s\nof %s", a, got, err, long, short, describe(m))
			}
			if !utf8.ValidString(a.resource) {
				continue
			}
			want := denied
			if slices.ContainsFunc(m.Grants, func(g *manifest.Grant) bool { return grants(g, a, here) }) {
				want = allowed
			}
			got, err := evaluate(string(text), a)
			if err != nil {
				t.Fatalf("%v in %s", err, text)
			}
			if got == implicit && want == denied && wordless(m, a) {
				continue
			}
			if got == implicit && want == denied && a.action == "kms:Decrypt" && a.context["kms:viaservice"] != nil {
				continue
			}
			if got != want {
				t.Fatalf("%+v is %s, want %s\n%s\nof %s", a, got, want, text, describe(m))
			}
		}
	}
	return true
}

func TestSessionPoliciesAllowTheirCallAndNothingThatIsDenied(t *testing.T) {
	checked := 0
	for seed := range uint64(1000) {
		if checkSession(t, rolls(seed), "x") {
			checked++
		}
	}
	if checked < 400 {
		t.Errorf("only %d manifests had requests to make a policy for", checked)
	}
}

func TestRolePoliciesAllowTheManifestAndDenyTheRest(t *testing.T) {
	checked := 0
	for seed := range uint64(300) {
		if checkRolePolicy(t, rolls(seed), "x") {
			checked++
		}
	}
	if checked < 100 {
		t.Errorf("only %d manifests had a policy", checked)
	}
}

// The fuzzer chooses a manifest and requests by a number, and the odd part of
// their names itself. (By bytes to choose from it would spend its time on
// shortening them.)
func FuzzSessionPolicy(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(seed, "x")
	}
	for _, odd := range []string{"", "*", "?", "${", "${*}", "${aws:PrincipalAccount}", "a\x00b", "\xff", "\u202e", strings.Repeat("日", 400), strings.Repeat("k", 1024), "-s3alias"} {
		f.Add(uint64(1), odd)
	}
	f.Fuzz(func(t *testing.T, seed uint64, odd string) {
		if len(odd) > 1200 {
			return
		}
		checkSession(t, rolls(seed), odd)
		checkRolePolicy(t, rolls(seed), odd)
	})
}
