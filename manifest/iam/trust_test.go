package iam

import (
	"strings"
	"testing"

	"github.com/lambda-remit/remit/manifest"
)

const (
	execution = "arn:aws:iam::123456789012:role/service-role/execution"
	calls     = "arn:aws:iam::123456789012:role/calls"
	theirs    = "arn:aws:iam::123456789012:role/theirs"
	fn        = "arn:aws:lambda:eu-west-1:123456789012:function:checkout"
	otherFn   = "arn:aws:lambda:eu-west-1:123456789012:function:other"
	logGroup  = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/checkout"
)

// from is a request made by the code of a function, or by Lambda itself.
func from(function, action, resource string) attempt {
	a := attempt{action: action, resource: resource, context: map[string][]string{"aws:resourceaccount": {here}}}
	if function != "" {
		a.context["lambda:sourcefunctionarn"] = []string{function}
	}
	return a
}

func judge(t *testing.T, policy []byte, err error, cases map[verdict][]attempt) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	for want, attempts := range cases {
		for _, a := range attempts {
			got, err := evaluate(string(policy), a)
			if err != nil {
				t.Fatal(err)
			}
			if got != want {
				t.Errorf("%+v: got %s, want %s", a, got, want)
			}
		}
	}
}

func TestTheExecutionRoleAssumesOneRoleForOneFunction(t *testing.T) {
	m := &manifest.Manifest{Credentials: manifest.Credentials{Role: calls}}
	policy, err := ExecutionPolicy(m, fn)
	judge(t, policy, err, map[verdict][]attempt{
		allowed: {
			from(fn, "sts:AssumeRole", calls),
			from(fn, "logs:PutLogEvents", logGroup+":log-stream:x"),
			from("", "logs:CreateLogGroup", logGroup),
		},
		denied: {
			from(fn, "sts:AssumeRole", theirs),
			from("", "sts:AssumeRole", theirs),
			from(otherFn, "sts:AssumeRole", calls),
			from("", "sts:AssumeRole", calls), // the keys, taken elsewhere: the trust policy alone would allow it
			from(fn, "s3:GetObject", "arn:aws:s3:::billing/a"),
			from(fn, "sts:TagSession", calls),
		},
		implicit: { // other policies of the role decide
			from("", "sqs:ReceiveMessage", "arn:aws:sqs:eu-west-1:123456789012:queue"),
			from("", "ec2:CreateNetworkInterface", "*"),
			from(fn, "xray:PutTraceSegments", "*"),
			from(fn, "logs:PutLogEvents", "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/other:*"),
		},
	})

	m.Credentials.SessionTags = map[string]string{"team": "payments"}
	policy, err = ExecutionPolicy(m, fn)
	judge(t, policy, err, map[verdict][]attempt{
		allowed: {from(fn, "sts:TagSession", calls)},
		denied:  {from(fn, "sts:TagSession", theirs), from("", "sts:TagSession", calls)},
	})
}

func TestARoleThatAssumesItselfHasOnePolicy(t *testing.T) {
	m := allow("s3:GetObject", "arn:aws:s3:::media/in/*")
	m.Credentials.Role = manifest.Self
	policy, err := SelfPolicy(m, fn, execution, "sqs:ReceiveMessage")
	object := "arn:aws:s3:::media/in/a"
	judge(t, policy, err, map[verdict][]attempt{
		allowed: {
			from(fn, "sts:AssumeRole", execution),
			from("", "s3:GetObject", object), // a session's
			from("", "logs:PutLogEvents", logGroup+":log-stream:x"),
		},
		denied: {
			from("", "sts:AssumeRole", execution),
			from(fn, "sts:AssumeRole", theirs),
			from("", "s3:GetObject", "arn:aws:s3:::media/out/a"),
			from("", "s3:PutObject", object),
			from("", "logs:PutLogEvents", "arn:aws:logs:eu-west-1:123456789012:log-group:theirs:*"),
			from("", "sqs:SendMessage", "arn:aws:sqs:eu-west-1:123456789012:queue"),
		},
		implicit: {
			from("", "sqs:ReceiveMessage", "arn:aws:sqs:eu-west-1:123456789012:queue"),
			from("", "xray:PutTraceSegments", "*"),
		},
	})

	m.Credentials = manifest.Credentials{Unminted: true}
	policy, err = SelfPolicy(m, fn, execution)
	judge(t, policy, err, map[verdict][]attempt{
		allowed: {from(fn, "s3:GetObject", object)},
		denied:  {from(fn, "sts:AssumeRole", execution), from("", "sqs:ReceiveMessage", "*")},
	})
}

func TestOnlyOneRoleIsTrusted(t *testing.T) {
	for _, arn := range []string{
		"", "*", "arn:aws:iam::123456789012:root", "arn:aws:iam::123456789012:role/", "arn:aws:iam::123456789012:role/*",
		"arn:aws:iam::*:role/calls", "arn:aws:iam::123456789012:user/calls", "arn:aws:sts::123456789012:assumed-role/calls/x",
		"arn:aws:iam::123456789012:role/a:b", "123456789012", "arn:*:iam::123456789012:role/calls", "arn:aws:iam:x:123456789012:role/calls",
		"arn:aws:iam::123456789012:role/${aws:username}", "arn::iam::123456789012:role/calls",
	} {
		if text, err := TrustPolicy(arn, false); err == nil || !strings.Contains(err.Error(), "role") {
			t.Errorf("%q: got %s, %v, want an error", arn, text, err)
		}
		if _, err := SelfTrustPolicy(arn, false); err == nil {
			t.Errorf("%q: trusted by itself", arn)
		}
	}
	for _, arn := range []string{execution, calls, "arn:aws-cn:iam::123456789012:role/a+b=c,d.e@f-g_h"} {
		if _, err := TrustPolicy(arn, true); err != nil {
			t.Error(err)
		}
	}
}

func TestAFunctionIsNamedWithoutVersion(t *testing.T) {
	m := &manifest.Manifest{Credentials: manifest.Credentials{Role: calls}}
	for _, arn := range []string{"", "*", "checkout", fn + ":1", fn + ":$LATEST", fn + "*", "arn:aws:lambda:*:123456789012:function:checkout", "arn:aws:lambda:eu-west-1:1:function:checkout"} {
		if text, err := ExecutionPolicy(m, arn); err == nil {
			t.Errorf("%q: got %s, want an error", arn, text)
		}
	}
}

func TestPoliciesOfTwoRolesAreNotMixedUp(t *testing.T) {
	self := &manifest.Manifest{Credentials: manifest.Credentials{Role: manifest.Self}}
	two := &manifest.Manifest{Credentials: manifest.Credentials{Role: calls}}
	if _, err := RolePolicy(self); err == nil {
		t.Error("a role policy for credentials.role self")
	}
	if _, err := ExecutionPolicy(self, fn); err == nil {
		t.Error("an execution policy for credentials.role self")
	}
	if _, err := SelfPolicy(two, fn, execution); err == nil {
		t.Error("a policy of one role for two")
	}
	if _, err := SelfPolicy(two, fn, calls); err != nil {
		t.Errorf("a role that names itself by its ARN: %v", err)
	}
}

func TestTheExecutionRoleAssumesTheExposedRoleToo(t *testing.T) {
	const exposed = "arn:aws:iam::123456789012:role/links"
	m := &manifest.Manifest{Credentials: manifest.Credentials{Role: calls, ExposedRole: exposed}}
	policy, err := ExecutionPolicy(m, fn)
	cases := map[verdict][]attempt{
		allowed: {from(fn, "sts:AssumeRole", calls), from(fn, "sts:AssumeRole", exposed)},
		denied:  {from(fn, "sts:AssumeRole", theirs), from("", "sts:AssumeRole", exposed)},
	}
	judge(t, policy, err, cases)

	m = allow("s3:GetObject", "arn:aws:s3:::media/in/*")
	m.Credentials = manifest.Credentials{Unminted: true, ExposedRole: exposed}
	policy, err = SelfPolicy(m, fn, execution)
	judge(t, policy, err, map[verdict][]attempt{
		allowed: {from(fn, "sts:AssumeRole", exposed)},
		denied:  {from(fn, "sts:AssumeRole", execution), from("", "sts:AssumeRole", exposed)},
	})
	m.Credentials.ExposedRole = "links"
	if _, err := SelfPolicy(m, fn, execution); err == nil || !strings.Contains(err.Error(), "exposed_role") {
		t.Errorf("got %v", err)
	}
}
