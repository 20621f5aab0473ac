package manifest_test

import (
	"slices"
	"testing"

	"github.com/lambda-remit/remit/manifest"
)

// one is a manifest of one grant, under condition c.
func one(c manifest.Condition) *manifest.Manifest {
	return &manifest.Manifest{
		Account: "123456789012",
		Grants: []*manifest.Grant{{
			ID:         "one",
			Actions:    []string{"svc:Do"},
			Resources:  []manifest.Pattern{"*"},
			Conditions: []manifest.Condition{c},
		}},
	}
}

func TestConditionsHoldAsInIAM(t *testing.T) {
	type values = []string
	for _, c := range []struct {
		operator string
		key      string
		values   values
		got      values // nil: the key is missing
		want     bool
	}{
		{"StringEquals", "k", values{"a"}, values{"a"}, true},
		{"StringEquals", "k", values{"a"}, values{"A"}, false},
		{"StringEquals", "k", values{"a", "b"}, values{"b"}, true},
		{"StringEquals", "k", values{"a"}, nil, false},
		{"StringEquals", "k", values{"a"}, values{}, false},
		{"StringEquals", "k", values{""}, values{""}, true},
		{"StringEquals", "k", values{""}, nil, false},
		{"StringEquals", "k", values{"*"}, values{"a"}, false},
		{"StringEquals", "k", values{"*"}, values{"*"}, true},
		{"StringEquals", "k", values{"a?"}, values{"a?"}, true},
		{"StringEquals", "k", values{"${*}"}, values{"*"}, true},
		{"StringEquals", "k", values{"${$}{x}"}, values{"${x}"}, true},
		{"StringEquals", "k", values{"${aws:PrincipalAccount}"}, values{"123456789012"}, true},
		{"StringEquals", "k", values{"${aws:username}"}, values{"${aws:username}"}, false},
		{"StringEquals", "k", values{"${"}, values{"${"}, false},
		{"StringEquals", "K", values{"a"}, values{"a"}, true},
		{"StringEquals", "k", values{"a"}, values{"a", "b"}, false},
		{"StringEquals", "k", values{"a", "b"}, values{"a", "b"}, true},
		{"StringEquals", "k", nil, values{"a"}, false},

		{"StringNotEquals", "k", values{"a"}, values{"a"}, false},
		{"StringNotEquals", "k", values{"a"}, values{"b"}, true},
		{"StringNotEquals", "k", values{"a"}, nil, true},
		{"StringNotEquals", "k", values{"a", "b"}, values{"b"}, false},
		{"StringNotEquals", "k", values{"a", "b"}, values{"c"}, true},
		{"StringNotEquals", "k", values{"a"}, values{"b", "a"}, false},
		{"StringNotEquals", "k", values{"*"}, values{"a"}, true},
		{"StringNotEquals", "k", values{"${aws:username}"}, values{"a"}, false},
		{"StringNotEquals", "k", values{"a", "${aws:username}"}, values{"b"}, false},
		{"StringNotEquals", "k", nil, nil, false},

		{"StringLike", "k", values{"in/*"}, values{"in/a"}, true},
		{"StringLike", "k", values{"in/*"}, values{"in/"}, true},
		{"StringLike", "k", values{"in/*"}, values{"in"}, false},
		{"StringLike", "k", values{"in/*"}, values{"IN/a"}, false},
		{"StringLike", "k", values{"in/*"}, nil, false},
		{"StringLike", "k", values{"*"}, nil, false},
		{"StringLike", "k", values{"a", "b?"}, values{"bb"}, true},
		{"StringLike", "k", values{"${*}"}, values{"a"}, false},
		{"StringLike", "k", values{"in/*"}, values{"in/a", "out/a"}, false},

		{"Null", "k", values{"true"}, nil, true},
		{"Null", "k", values{"true"}, values{}, true},
		{"Null", "k", values{"true"}, values{""}, false},
		{"Null", "k", values{"false"}, nil, false},
		{"Null", "k", values{"false"}, values{"a"}, true},
		{"Null", "k", values{"TRUE"}, nil, true},
		{"Null", "k", values{"yes"}, nil, false},
		{"Null", "k", values{"true", "false"}, nil, false},
		{"Null", "k", nil, nil, false},

		// Deferred keys hold, by operators that there are.
		{"StringEquals", "aws:ResourceAccount", values{"${aws:PrincipalAccount}"}, nil, true},
		{"StringNotEquals", "aws:ResourceAccount", values{"1"}, nil, true},
		{"StringLike", "aws:PrincipalTag/team", values{"x*"}, nil, true},
		{"Null", "kms:ViaService", values{"false"}, nil, true},
		{"StringEquals", "aws:ResourceAccount", nil, nil, false},
		{"StringSimilar", "aws:ResourceAccount", values{"a"}, nil, false},

		// What is not known does not hold.
		{"stringequals", "k", values{"a"}, values{"a"}, false},
		{"StringEqualsIfExists", "k", values{"a"}, values{"a"}, false},
		{"ForAllValues:StringEquals", "k", values{"a"}, nil, false},
		{"NumericEquals", "k", values{"1"}, values{"1"}, false},
		{"", "k", values{"a"}, values{"a"}, false},
	} {
		r := manifest.Request{Action: "svc:Do", Resource: "*"}
		if c.got != nil {
			r.Context = map[string][]string{"k": c.got}
		}
		m := one(manifest.Condition{Operator: c.operator, Key: c.key, Values: c.values})
		d := m.Decide(r)
		if d.Allowed != c.want {
			t.Errorf("%s %s %q of %q: got %v, want %v", c.operator, c.key, c.values, c.got, d.Allowed, c.want)
		}
		if !d.Allowed && d.Reason != manifest.NoCondition {
			t.Errorf("%s %s %q of %q: got reason %q", c.operator, c.key, c.values, c.got, d.Reason)
		}
	}
}

func TestDeferredKeysAreThoseThatOnlyAWSSees(t *testing.T) {
	for key, want := range map[string]bool{
		"aws:ResourceAccount":      true,
		"AWS:RESOURCEACCOUNT":      true,
		"aws:PrincipalTag/team":    true,
		"aws:ResourceTag/x/y":      true,
		"aws:CalledVia":            true,
		"kms:ViaService":           true,
		"aws:SourceVpc":            true,
		"s3:ExistingObjectTag/a":   true,
		"":                         false,
		"aws:PrincipalTag":         false,
		"aws:RequestTag/team":      false,
		"aws:TagKeys":              false,
		"aws:RequestedRegion":      false,
		"s3:prefix":                false,
		"s3:x-amz-storage-class":   false,
		"aws:ResourceAccount/team": false,
	} {
		if got := manifest.Deferred(key); got != want {
			t.Errorf("%q: got %v, want %v", key, got, want)
		}
	}
}

func TestNothingAsksForNothing(t *testing.T) {
	for _, m := range []*manifest.Manifest{nil, {}, one(manifest.Condition{Operator: "Null", Key: "k", Values: []string{"true"}})} {
		if d := m.Decide(); d.Allowed || d.Reason != manifest.NoRequest {
			t.Errorf("got %+v", d)
		}
	}
	if (manifest.Decision{}).Allowed || (manifest.Decision{}).Used() != nil {
		t.Error("the zero decision allows")
	}
	var m manifest.Manifest
	if d := m.Decide(manifest.Request{Action: "s3:GetObject", Resource: "*"}); d.Allowed || d.Reason != manifest.NoAction || d.Nearest != nil {
		t.Errorf("the zero manifest: got %+v", d)
	}
	if d := (*manifest.Manifest)(nil).Decide(manifest.Request{Action: "s3:GetObject", Resource: "*"}); d.Allowed || d.Reason == "" {
		t.Errorf("no manifest: got %+v", d)
	}
}

func TestADenialNamesTheFirstRequestDenied(t *testing.T) {
	m := one(manifest.Condition{Operator: "Null", Key: "k", Values: []string{"true"}})
	good := manifest.Request{Action: "svc:Do", Resource: "a"}
	bad := manifest.Request{Action: "svc:Undo", Resource: "b"}
	d := m.Decide(good, bad, manifest.Request{Action: "svc:Redo", Resource: "c"})
	if d.Denied.Action != bad.Action || d.Denied.Resource != bad.Resource || d.Grants != nil {
		t.Errorf("got %+v", d)
	}
}

func TestUsedHasEachGrantOnce(t *testing.T) {
	a, b, c := &manifest.Grant{ID: "a"}, &manifest.Grant{ID: "b"}, &manifest.Grant{ID: "c"}
	d := manifest.Decision{Allowed: true, Grants: [][]*manifest.Grant{{b}, {a, b}, {c, a}}}
	if got := d.Used(); !slices.Equal(got, []*manifest.Grant{b, a, c}) {
		t.Errorf("got %v", got)
	}
}

func TestActionsCompareWithoutCase(t *testing.T) {
	for _, c := range []struct {
		pattern, action string
		want            bool
	}{
		{"s3:GetObject", "s3:getobject", true},
		{"S3:GETOBJECT", "s3:GetObject", true},
		{"s3:Get*", "s3:getObjectTagging", true},
		{"s3:?etObject", "s3:GetObject", true},
		{"*", "s3:GetObject", true},
		{"s3:Get*", "s3:PutObject", false},
		{"s3:GetObject", "s3:GetObjectVersion", false},
		{"s3:GetObject", "s3-object-lambda:GetObject", false},
		{"s3:${x}", "s3:${x}", true}, // actions have no variables
		{"s3:${*}", "s3:${abc}", true},
		{"k:S", "k:\u017f", false}, // only ASCII is folded: U+017F is an s to Unicode
		{"\u212a:s", "k:s", false}, // and U+212A a k
		{"*", "", false},
		{"", "", false},
	} {
		m := &manifest.Manifest{Grants: []*manifest.Grant{{Actions: []string{c.pattern}, Resources: []manifest.Pattern{"*"}}}}
		if got := m.Decide(manifest.Request{Action: c.action, Resource: "*"}).Allowed; got != c.want {
			t.Errorf("%q names %q: got %v, want %v", c.pattern, c.action, got, c.want)
		}
	}
}

func BenchmarkDecide(b *testing.B) {
	m, err := manifest.Parse("remit.yaml", []byte(mission), manifest.Options{Region: "eu-west-1", Account: "123456789012"})
	if err != nil {
		b.Fatal(err)
	}
	r := manifest.Request{Action: "s3:PutObject", Resource: "arn:aws:s3:::media-eu/derived/thumbnails/2026/11/21/cat.png"}
	b.ReportAllocs()
	for b.Loop() {
		if !m.Decide(r).Allowed {
			b.Fatal("denied")
		}
	}
}
