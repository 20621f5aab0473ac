package aws

import (
	"slices"
	"strings"
	"testing"

	"github.com/lambda-remit/remit/manifest"
)

// launching is a manifest by which instances are launched from a template, and
// what it says of credentials and of roles.
func launching(t *testing.T, credentials, more string) *manifest.Manifest {
	t.Helper()
	m, err := manifest.Parse("remit.yaml", []byte("credentials: {"+credentials+"}\nallow:\n  - actions: [ec2:RunInstances, ec2:CreateFleet, autoscaling:CreateAutoScalingGroup]\n    resources: [\"*\"]\n"+more),
		manifest.Options{Region: "eu-west-1", Account: "123456789012"})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestATemplatesRoleIsPassedWhereNobodyElseWouldSeeToIt(t *testing.T) {
	const minted, unminted = `role: "arn:aws:iam::123456789012:role/calls"`, "unminted: true"
	const pass = "  - actions: [iam:PassRole]\n    resources: [\"arn:aws:iam::123456789012:role/web\"]\n"
	forms := map[string]string{
		"ec2 an instance":                   "Action=RunInstances&Version=2016-11-15&MinCount=1&MaxCount=1&LaunchTemplate.LaunchTemplateId=lt-0123456789abcdef0",
		"ec2 a fleet":                       "Action=CreateFleet&Version=2016-11-15&LaunchTemplateConfigs.1.LaunchTemplateSpecification.LaunchTemplateName=web",
		"autoscaling a group":               "Action=CreateAutoScalingGroup&Version=2011-01-01&AutoScalingGroupName=web&MinSize=1&MaxSize=1&LaunchTemplate.LaunchTemplateName=web",
		"autoscaling a group of two prices": "Action=CreateAutoScalingGroup&Version=2011-01-01&AutoScalingGroupName=web&MinSize=1&MaxSize=1&MixedInstancesPolicy.LaunchTemplate.LaunchTemplateSpecification.LaunchTemplateName=web",
	}
	for _, tt := range []struct {
		what, credentials, more string
		asked                   bool
	}{
		{"minted, and none is granted: the session policy has none", minted, "", false},
		{"minted, and one is granted: the session policy has it", minted, pass, true},
		{"unminted, whether one is granted or not", unminted, "", true},
		{"unminted", unminted, pass, true},
	} {
		m := launching(t, tt.credentials, tt.more)
		cloud := &Cloud{Region: "eu-west-1", Account: func() string { return "123456789012" }, Manifest: func() *manifest.Manifest { return m }}
		for name, form := range forms {
			service, _, _ := strings.Cut(name, " ")
			call, err := cloud.Identify(signed(t, sealed, service, "POST", "/", form, "", "Content-Type", "application/x-www-form-urlencoded"))
			if err != nil {
				t.Errorf("%s: %s: %v", tt.what, name, err)
				continue
			}
			asked := slices.ContainsFunc(call.Requests, func(r manifest.Request) bool { return r.Action == "iam:PassRole" && r.Partly })
			if asked != tt.asked {
				t.Errorf("%s: %s asks for a role: %v, want %v", tt.what, name, asked, tt.asked)
			}
		}
	}
}

func TestNoTemplateNoRole(t *testing.T) {
	m := launching(t, "unminted: true", "")
	cloud := &Cloud{Region: "eu-west-1", Account: func() string { return "123456789012" }, Manifest: func() *manifest.Manifest { return m }}
	call, err := cloud.Identify(signed(t, sealed, "ec2", "POST", "/", "Action=RunInstances&Version=2016-11-15&MinCount=1&MaxCount=1&ImageId=ami-0123456789abcdef0", "", "Content-Type", "application/x-www-form-urlencoded"))
	if err != nil || slices.ContainsFunc(call.Requests, func(r manifest.Request) bool { return r.Action == "iam:PassRole" }) {
		t.Errorf("got %v, %v", call.Requests, err)
	}
}
