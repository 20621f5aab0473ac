package manifest_test

import (
	"net/url"
	"slices"
	"strings"
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
		{"StringEquals", "s3:prefix", values{"a"}, values{"a"}, true},
		{"StringEquals", "s3:prefix", values{"a"}, values{"A"}, false},
		{"StringEquals", "s3:prefix", values{"a", "b"}, values{"b"}, true},
		{"StringEquals", "s3:prefix", values{"a"}, nil, false},
		{"StringEquals", "s3:prefix", values{"a"}, values{}, false},
		{"StringEquals", "s3:prefix", values{""}, values{""}, true},
		{"StringEquals", "s3:prefix", values{""}, nil, false},
		{"StringEquals", "s3:prefix", values{"*"}, values{"a"}, false},
		{"StringEquals", "s3:prefix", values{"*"}, values{"*"}, true},
		{"StringEquals", "s3:prefix", values{"a?"}, values{"a?"}, true},
		{"StringEquals", "s3:prefix", values{"${*}"}, values{"*"}, true},
		{"StringEquals", "s3:prefix", values{"${$}{x}"}, values{"${x}"}, true},
		{"StringEquals", "s3:prefix", values{"${aws:PrincipalAccount}"}, values{"123456789012"}, true},
		{"StringEquals", "s3:prefix", values{"${s3:delimiter}"}, values{"${s3:delimiter}"}, false},
		{"StringEquals", "s3:prefix", values{"${"}, values{"${"}, false},
		{"StringEquals", "S3:Prefix", values{"a"}, values{"a"}, true},
		{"StringEquals", "s3:prefix", values{"a"}, values{"a", "b"}, false},
		{"StringEquals", "s3:prefix", values{"a", "b"}, values{"a", "b"}, true},
		{"StringEquals", "s3:prefix", nil, values{"a"}, false},

		{"StringNotEquals", "s3:prefix", values{"a"}, values{"a"}, false},
		{"StringNotEquals", "s3:prefix", values{"a"}, values{"b"}, true},
		{"StringNotEquals", "s3:prefix", values{"a"}, nil, true},
		{"StringNotEquals", "s3:prefix", values{"a", "b"}, values{"b"}, false},
		{"StringNotEquals", "s3:prefix", values{"a", "b"}, values{"c"}, true},
		{"StringNotEquals", "s3:prefix", values{"a"}, values{"b", "a"}, false},
		{"StringNotEquals", "s3:prefix", values{"*"}, values{"a"}, true},
		{"StringNotEquals", "s3:prefix", values{"${s3:delimiter}"}, values{"a"}, false},
		{"StringNotEquals", "s3:prefix", values{"a", "${s3:delimiter}"}, values{"b"}, false},
		{"StringNotEquals", "s3:prefix", nil, nil, false},

		{"StringLike", "s3:prefix", values{"in/*"}, values{"in/a"}, true},
		{"StringLike", "s3:prefix", values{"in/*"}, values{"in/"}, true},
		{"StringLike", "s3:prefix", values{"in/*"}, values{"in"}, false},
		{"StringLike", "s3:prefix", values{"in/*"}, values{"IN/a"}, false},
		{"StringLike", "s3:prefix", values{"in/*"}, nil, false},
		{"StringLike", "s3:prefix", values{"*"}, nil, false},
		{"StringLike", "s3:prefix", values{"a", "b?"}, values{"bb"}, true},
		{"StringLike", "s3:prefix", values{"${*}"}, values{"a"}, false},
		{"StringLike", "s3:prefix", values{"in/*"}, values{"in/a", "out/a"}, false},

		{"Null", "s3:prefix", values{"true"}, nil, true},
		{"Null", "s3:prefix", values{"true"}, values{}, true},
		{"Null", "s3:prefix", values{"true"}, values{""}, false},
		{"Null", "s3:prefix", values{"false"}, nil, false},
		{"Null", "s3:prefix", values{"false"}, values{"a"}, true},
		{"Null", "s3:prefix", values{"TRUE"}, nil, true},
		{"Null", "s3:prefix", values{"yes"}, nil, false},
		{"Null", "s3:prefix", values{"true", "false"}, nil, false},
		{"Null", "s3:prefix", nil, nil, false},

		{"StringLike", "s3:prefix", values{"${s3:prefix}"}, values{"a*"}, true}, // a variable's value is literal
		{"StringLike", "s3:prefix", values{"${s3:delimiter,'in/'}*"}, values{"in/x"}, true},
		{"StringEquals", "s3:prefix", values{"${s3:delimiter, 'in/'}"}, values{"in/"}, true},
		{"StringNotLike", "s3:prefix", values{"in/*"}, values{"out/"}, true},
		{"StringNotLike", "s3:prefix", values{"in/*"}, values{"in/"}, false},
		{"StringNotLike", "s3:prefix", values{"in/*"}, nil, true},
		{"StringEqualsIgnoreCase", "s3:prefix", values{"Straße"}, values{"STRAßE"}, true},
		{"StringEqualsIgnoreCase", "s3:prefix", values{"a*"}, values{"AB"}, false},
		// Letters beyond ASCII that are one in Unicode may not be for AWS.
		{"StringEqualsIgnoreCase", "s3:prefix", values{"k"}, values{"\u212a"}, false},
		{"StringNotEqualsIgnoreCase", "s3:prefix", values{"k"}, values{"\u212a"}, false},
		{"StringNotEqualsIgnoreCase", "s3:prefix", values{"é"}, values{"É"}, false},
		{"StringNotEqualsIgnoreCase", "s3:prefix", values{"k"}, values{"K"}, false},
		{"StringNotEqualsIgnoreCase", "s3:prefix", values{"k"}, values{"kk"}, true},

		{"NumericEquals", "s3:max-keys", values{"10"}, values{"10"}, true},
		{"NumericEquals", "s3:max-keys", values{"10"}, values{"10.0"}, true},
		{"NumericEquals", "s3:max-keys", values{"10"}, values{"010"}, true},
		{"NumericEquals", "s3:max-keys", values{"10", "11"}, values{"11"}, true},
		{"NumericEquals", "s3:max-keys", values{"9007199254740993"}, values{"9007199254740992"}, false},
		{"NumericEquals", "s3:max-keys", values{"10"}, nil, false},
		{"NumericNotEquals", "s3:max-keys", values{"10"}, values{"11"}, true},
		{"NumericNotEquals", "s3:max-keys", values{"10"}, nil, true},
		{"NumericNotEquals", "s3:max-keys", values{"10"}, values{"ten"}, false},
		{"NumericNotEquals", "s3:max-keys", values{"10"}, values{"1e1"}, false},
		{"NumericNotEquals", "s3:max-keys", values{"10"}, values{"0x0b"}, false},
		{"NumericLessThan", "s3:max-keys", values{"10"}, values{"9.5"}, true},
		{"NumericLessThan", "s3:max-keys", values{"10"}, values{"10"}, false},
		{"NumericLessThan", "s3:max-keys", values{"10", "20"}, values{"15"}, true},
		{"NumericLessThan", "s3:max-keys", values{"10"}, values{"-1"}, true},
		{"NumericLessThan", "s3:max-keys", values{"10"}, values{""}, false},
		{"NumericLessThan", "s3:max-keys", values{"10"}, nil, false},
		{"NumericLessThanIfExists", "s3:max-keys", values{"10"}, nil, true},
		{"NumericLessThanIfExists", "s3:max-keys", values{"10"}, values{"10"}, false},
		{"NumericLessThanEquals", "s3:max-keys", values{"10"}, values{"10"}, true},
		{"NumericGreaterThan", "s3:max-keys", values{"10"}, values{"10"}, false},
		{"NumericGreaterThan", "s3:max-keys", values{"10"}, values{"10.01"}, true},
		{"NumericGreaterThanEquals", "s3:max-keys", values{"10"}, values{"10"}, true},

		{"DateLessThan", "aws:CurrentTime", values{"2026-11-21T00:00:00Z"}, values{"2026-11-20T23:59:59Z"}, true},
		{"DateLessThan", "aws:CurrentTime", values{"2026-11-21T00:00:00Z"}, values{"2026-11-21T00:30:00+01:00"}, true},
		{"DateLessThan", "aws:CurrentTime", values{"2026-11-21"}, values{"2026-11-21T00:00:00Z"}, false},
		{"DateLessThanEquals", "aws:CurrentTime", values{"2026-11"}, values{"2026-11-01T00:00:00Z"}, true},
		{"DateGreaterThan", "aws:CurrentTime", values{"2026"}, values{"2026-01-01T00:00:00.001Z"}, true},
		{"DateGreaterThanEquals", "aws:EpochTime", values{"2026-11-21T00:00:00Z"}, values{"1795219200"}, true},
		{"DateEquals", "aws:EpochTime", values{"1795219200"}, values{"2026-11-21T00:00:00Z"}, true},
		{"DateNotEquals", "aws:CurrentTime", values{"2026-11-21"}, values{"tomorrow"}, false},
		{"DateNotEquals", "aws:CurrentTime", values{"2026-11-21"}, values{"2026-11-22"}, true},
		{"DateGreaterThan", "aws:CurrentTime", values{"2026-11-21"}, nil, false},
		{"NumericGreaterThan", "aws:EpochTime", values{"1795219199"}, values{"1795219200"}, true},

		{"Bool", "s3:ObjectCreationOperation", values{"true"}, values{"true"}, true},
		{"Bool", "s3:ObjectCreationOperation", values{"True"}, values{"true"}, true},
		{"Bool", "s3:ObjectCreationOperation", values{"false"}, values{"true"}, false},
		{"Bool", "s3:ObjectCreationOperation", values{"false"}, values{"0"}, false},
		{"Bool", "s3:ObjectCreationOperation", values{"false"}, nil, false},
		{"BoolIfExists", "s3:ObjectCreationOperation", values{"false"}, nil, true},
		{"BinaryEquals", "s3:prefix", values{"YQ=="}, values{"YQ=="}, true},
		{"BinaryEquals", "s3:prefix", values{"YQ=="}, values{"Yg=="}, false},
		{"BinaryEquals", "s3:prefix", values{"YQ=="}, values{"a"}, false},

		{"IpAddress", "sns:Endpoint", values{"10.0.0.0/24"}, values{"10.0.0.7"}, true},
		{"IpAddress", "sns:Endpoint", values{"10.0.0.9/24"}, values{"10.0.0.7"}, true},
		{"IpAddress", "sns:Endpoint", values{"10.0.0.0/24", "10.1.0.0/16"}, values{"10.1.9.9"}, true},
		{"IpAddress", "sns:Endpoint", values{"10.0.0.7"}, values{"10.0.0.7"}, true},
		{"IpAddress", "sns:Endpoint", values{"10.0.0.7"}, values{"::ffff:10.0.0.7"}, true},
		{"IpAddress", "sns:Endpoint", values{"0.0.0.0/0"}, values{"2001:db8::1"}, false},
		{"IpAddress", "sns:Endpoint", values{"2001:db8::/32"}, values{"2001:db8::1"}, true},
		{"IpAddress", "sns:Endpoint", values{"10.0.0.0/24"}, values{"10.0.0.0/25"}, false},
		{"IpAddress", "sns:Endpoint", values{"10.0.0.0/24"}, values{"010.0.0.7"}, false},
		{"IpAddress", "sns:Endpoint", values{"10.0.0.0/24"}, nil, false},
		{"NotIpAddress", "sns:Endpoint", values{"10.0.0.0/24"}, values{"10.0.1.7"}, true},
		{"NotIpAddress", "sns:Endpoint", values{"10.0.0.0/24", "10.0.1.0/24"}, values{"10.0.1.7"}, false},
		{"NotIpAddress", "sns:Endpoint", values{"10.0.0.0/24"}, values{"localhost"}, false},
		{"NotIpAddress", "sns:Endpoint", values{"10.0.0.0/24"}, nil, true},

		{"ArnLike", "aws:SourceArn", values{"arn:aws:s3:::b/*"}, values{"arn:aws:s3:::b/x:y/z"}, true},
		{"ArnEquals", "aws:SourceArn", values{"arn:aws:s3:::b/*"}, values{"arn:aws:s3:::b/x"}, true},
		{"ArnLike", "aws:SourceArn", values{"arn:aws:sns:*:123456789012:*"}, values{"arn:aws:sns:eu-west-1:123456789012:t"}, true},
		// A wildcard ends where its part does.
		{"ArnLike", "aws:SourceArn", values{"arn:aws:sns:*:t"}, values{"arn:aws:sns:eu-west-1:123456789012:t"}, false},
		{"ArnLike", "aws:SourceArn", values{"arn:aws:sns:*:*:t"}, values{"arn:aws:sns:eu-west-1:1:2:t"}, false},
		{"ArnLike", "aws:SourceArn", values{"*"}, values{"arn:aws:s3:::b"}, false},
		{"ArnLike", "aws:SourceArn", values{"arn:aws:iam::${aws:PrincipalAccount}:role/x"}, values{"arn:aws:iam::123456789012:role/x"}, true},
		{"ArnNotLike", "aws:SourceArn", values{"arn:aws:s3:::b/*"}, values{"arn:aws:s3:::c/x"}, true},
		{"ArnNotLike", "aws:SourceArn", values{"arn:aws:s3:::b/*"}, values{"b/x"}, false},
		{"ArnNotEquals", "aws:SourceArn", values{"b"}, values{"arn:aws:s3:::c/x"}, false},
		{"ArnNotEquals", "aws:SourceArn", values{"arn:aws:s3:::b"}, nil, true},

		// Sets: each value of the request has to pass, or any of them.
		{"ForAllValues:StringEquals", "aws:CalledVia", values{"a", "b"}, values{"a", "b", "a"}, true},
		{"ForAllValues:StringEquals", "aws:CalledVia", values{"a", "b"}, values{"a", "c"}, false},
		{"ForAllValues:StringEquals", "aws:CalledVia", values{"a"}, nil, true},
		{"ForAllValues:StringEquals", "aws:CalledVia", values{"a"}, values{}, true},
		{"ForAllValues:StringNotLike", "aws:CalledVia", values{"a*"}, values{"b", "ab"}, false},
		{"ForAllValues:StringEqualsIfExists", "aws:CalledVia", values{"a"}, nil, true},
		{"ForAnyValue:StringEquals", "aws:CalledVia", values{"a"}, values{"b", "a"}, true},
		{"ForAnyValue:StringEquals", "aws:CalledVia", values{"a"}, values{"b"}, false},
		{"ForAnyValue:StringEquals", "aws:CalledVia", values{"a"}, nil, false},
		{"ForAnyValue:StringNotEquals", "aws:CalledVia", values{"a"}, nil, false},
		{"ForAnyValue:StringNotEquals", "aws:CalledVia", values{"a"}, values{"a", "b"}, true},
		{"ForAnyValue:StringEqualsIfExists", "aws:CalledVia", values{"a"}, nil, true},
		{"ForAnyValue:StringEqualsIfExists", "aws:CalledVia", values{"a"}, values{"b"}, false},
		{"ForAnyValue:NumericLessThan", "s3:max-keys", values{"5"}, values{"9", "x", "3"}, true},
		{"ForAllValues:NumericLessThan", "s3:max-keys", values{"5"}, values{"x", "3"}, false},

		{"StringEqualsIfExists", "s3:prefix", values{"a"}, values{"a"}, true},
		{"StringEqualsIfExists", "s3:prefix", values{"a"}, values{"b"}, false},
		{"StringEqualsIfExists", "s3:prefix", values{"a"}, nil, true},
		{"StringNotEqualsIfExists", "s3:prefix", values{"a"}, nil, true},

		// What AWS alone sees holds here, by operators that there are.
		{"StringEquals", "aws:ResourceAccount", values{"${aws:PrincipalAccount}"}, nil, true},
		{"StringNotEquals", "aws:ResourceAccount", values{"1"}, nil, true},
		{"StringLike", "aws:PrincipalTag/team", values{"x*"}, nil, true},
		{"IpAddress", "aws:SourceIp", values{"10.0.0.0/8"}, nil, true},
		{"Null", "aws:ResourceTag/a", values{"false"}, nil, true},
		{"Null", "aws:ResourceTag/a", values{"maybe"}, nil, false},
		{"StringEquals", "aws:ResourceAccount", nil, nil, false},
		{"StringSimilar", "aws:ResourceAccount", values{"a"}, nil, false},
		{"StringEquals", "s3:prefix", values{"${aws:username}"}, values{"a"}, true},
		{"StringNotEquals", "s3:prefix", values{"a", "${aws:PrincipalTag/team}"}, values{"a"}, true},
		{"StringLike", "s3:prefix", values{"${aws:username}/*"}, nil, false},
		{"StringEquals", "s3:prefix", values{"${s3:delimiter}"}, values{"a"}, false},

		// What is known of every call of a function's own.
		{"Bool", "aws:ViaAWSService", values{"false"}, nil, true},
		{"Bool", "aws:ViaAWSService", values{"true"}, nil, false},
		{"Bool", "aws:PrincipalIsAWSService", values{"false"}, nil, true},
		{"Bool", "aws:SecureTransport", values{"true"}, nil, true},
		{"Null", "kms:ViaService", values{"false"}, nil, false},
		{"StringEquals", "kms:ViaService", values{"s3.eu-west-1.amazonaws.com"}, nil, false},
		{"ForAnyValue:StringEquals", "aws:CalledVia", values{"athena.amazonaws.com"}, nil, false},
		{"StringNotEquals", "kms:ViaService", values{"s3.eu-west-1.amazonaws.com"}, nil, true},

		// What there is not does not hold.
		{"stringequals", "s3:prefix", values{"a"}, values{"a"}, false},
		{"NullIfExists", "s3:prefix", values{"true"}, nil, false},
		{"ForAllValues:Null", "s3:prefix", values{"true"}, nil, false},
		{"ForSomeValues:StringEquals", "s3:prefix", values{"a"}, values{"a"}, false},
		{"BinaryNotEquals", "s3:prefix", values{"YQ=="}, values{"Yg=="}, false},
		{"", "s3:prefix", values{"a"}, values{"a"}, false},
	} {
		r := manifest.Request{Action: "svc:Do", Resource: "*"}
		if c.got != nil {
			r.Context = map[string][]string{strings.ToLower(c.key): c.got}
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
		"aws:ResourceAccount":         true,
		"AWS:RESOURCEACCOUNT":         true,
		"aws:PrincipalTag/team":       true,
		"aws:ResourceTag/x/y":         true,
		"aws:SourceVpc":               true,
		"aws:RequestTag/team":         true, // some readers tell it, and then it is evaluated
		"aws:TagKeys":                 true,
		"s3:ExistingObjectTag/a":      true,
		"s3:TlsVersion":               true,
		"lambda:SourceFunctionArn":    true,
		"ec2:InstanceType":            true,
		"":                            false,
		"aws:CalledVia":               false,
		"kms:ViaService":              false,
		"aws:RequestedRegion":         false,
		"AWS:CURRENTTIME":             false,
		"s3:prefix":                   false,
		"s3:x-amz-storage-class":      false,
		"s3:RequestObjectTag/a":       false,
		"kms:EncryptionContext:a":     false,
		"dynamodb:LeadingKeys":        true, // which attribute is the key, the table knows
		"dynamodb:Select":             true,
		"dynamodb:EnclosingOperation": false,
		"kms:EncryptionContextOfOld":  true,
	} {
		if got := manifest.Deferred(key); got != want {
			t.Errorf("%q: got %v, want %v", key, got, want)
		}
	}
}

func TestTransportIsSecureUnlessTheUpstreamIsNot(t *testing.T) {
	m := one(manifest.Condition{Operator: "Bool", Key: "aws:SecureTransport", Values: []string{"true"}})
	r := manifest.Request{Action: "svc:Do", Resource: "*"}
	for address, want := range map[string]bool{"http://127.0.0.1:9000": false, "https://127.0.0.1:9000": true} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		m.Upstreams = map[string]*url.URL{"svc": u}
		if got := m.Decide(r).Allowed; got != want {
			t.Errorf("%s: got %v, want %v", address, got, want)
		}
	}
}

// A resource that a call does not tell is compared by AWS, with the session
// policy. Where there is none, only what covers all that it may be grants it.
func TestWhatACallDoesNotTellIsGrantedWhereAWSCompares(t *testing.T) {
	const key = "arn:aws:kms:eu-west-1:123456789012:key/"
	m := &manifest.Manifest{Account: "123456789012", Grants: []*manifest.Grant{
		{ID: "exact", Actions: []string{"kms:Decrypt"}, Resources: []manifest.Pattern{key + "1"}},
		{ID: "alias", Actions: []string{"kms:Decrypt"}, Resources: []manifest.Pattern{key + "*"},
			Conditions: []manifest.Condition{{Operator: "StringEquals", Key: "kms:RequestAlias", Values: []string{"alias/a"}}}},
		{ID: "both", Actions: []string{"kms:Encrypt"}, Resources: []manifest.Pattern{key + "1"},
			Conditions: []manifest.Condition{{Operator: "StringEquals", Key: "kms:RequestAlias", Values: []string{"alias/a"}}}},
		{ID: "all", Actions: []string{"kms:Sign"}, Resources: []manifest.Pattern{"*"}},
	}}
	unminted := *m
	unminted.Credentials.Unminted = true
	alias := func(name string) map[string][]string { return map[string][]string{"kms:requestalias": {name}} }
	for _, c := range []struct {
		r                manifest.Request
		minted, unminted string
	}{
		{manifest.Request{Action: "kms:Decrypt", Resource: "*", Partly: true}, "exact", ""},
		{manifest.Request{Action: "kms:Decrypt", Resource: "*"}, "", ""},
		{manifest.Request{Action: "kms:Decrypt", Resource: "*", Partly: true, Context: alias("alias/a")}, "exact alias", ""},
		{manifest.Request{Action: "kms:Decrypt", Resource: "*", Partly: true, Context: alias("alias/b")}, "exact", ""},
		{manifest.Request{Action: "kms:Decrypt", Resource: key + "?", Partly: true}, "exact", ""},
		{manifest.Request{Action: "kms:Decrypt", Resource: key + "?", Partly: true, Context: alias("alias/a")}, "exact alias", "alias"},
		{manifest.Request{Action: "kms:Encrypt", Resource: "*", Partly: true, Context: alias("alias/a")}, "both", ""},
		{manifest.Request{Action: "kms:Decrypt", Resource: key + "1"}, "exact", "exact"},
		{manifest.Request{Action: "kms:Sign", Resource: "*", Partly: true}, "all", "all"},
		{manifest.Request{Action: "kms:Verify", Resource: "*", Partly: true}, "", ""},
	} {
		for m, want := range map[*manifest.Manifest]string{m: c.minted, &unminted: c.unminted} {
			var got []string
			for _, g := range m.Decide(c.r).Used() {
				got = append(got, g.ID)
			}
			if strings.Join(got, " ") != want {
				t.Errorf("%+v, unminted %v: got %v, want %q", c.r, m.Credentials.Unminted, got, want)
			}
		}
	}
}

func TestWhatIsLeftToAWSDoesNotHoldWhereNoPolicyCarriesIt(t *testing.T) {
	type values = []string
	for _, c := range []struct {
		operator, key string
		values        values
		unbound       bool // what the decision is for a call that no policy bounds
	}{
		{"StringEquals", "aws:ResourceAccount", values{"123456789012"}, false},
		{"StringNotEquals", "aws:ResourceAccount", values{"210987654321"}, false},
		{"StringEqualsIfExists", "aws:PrincipalTag/team", values{"a"}, false},
		{"Null", "aws:PrincipalTag/team", values{"false"}, false},
		{"Null", "aws:PrincipalTag/team", values{"true"}, false},
		{"ForAllValues:StringEquals", "aws:TagKeys", values{"a"}, false},
		{"StringEquals", "s3:prefix", values{"a", "${aws:PrincipalTag/team}"}, false},
		{"StringEquals", "s3:prefix", values{"a", "${aws:PrincipalAccount}"}, true},
		{"StringEquals", "s3:prefix", values{"a"}, true},
		{"StringNotEquals", "s3:delimiter", values{"a"}, true},
	} {
		m := one(manifest.Condition{Operator: c.operator, Key: c.key, Values: c.values})
		r := manifest.Request{Action: "svc:Do", Resource: "arn:aws:svc:::x", Context: map[string][]string{"s3:prefix": {"a"}}}
		if d := m.Decide(r); !d.Allowed {
			t.Errorf("%s %s %q: a call that a policy bounds is denied: %s", c.operator, c.key, c.values, d.Reason)
		}
		r.Unbound = true
		if d := m.Decide(r); d.Allowed != c.unbound || !d.Allowed && d.Reason != manifest.NoCondition {
			t.Errorf("%s %s %q: got %v %s, want %v", c.operator, c.key, c.values, d.Allowed, d.Reason, c.unbound)
		}
	}
	m := one(manifest.Condition{Operator: "Null", Key: "s3:prefix", Values: values{"true"}})
	m.Grants[0].Conditions, m.Grants[0].Resources = nil, []manifest.Pattern{"arn:aws:svc:::x-AbCdEf"}
	r := manifest.Request{Action: "svc:Do", Resource: "arn:aws:svc:::x-??????", Partly: true}
	if d := m.Decide(r); !d.Allowed {
		t.Errorf("got %s", d.Reason)
	}
	if r.Unbound = true; m.Decide(r).Allowed {
		t.Error("what the call does not tell is taken for what is granted, and nobody compares it")
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
