package aws

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/manifest/iam"
)

// TestAKeptPolicyIsTheOneThatWouldBeWritten asks for the policies of many calls,
// again and again, by every width and under two manifests: each has to be what
// package iam writes for it.
func TestAKeptPolicyIsTheOneThatWouldBeWritten(t *testing.T) {
	const text = `
credentials: {role: "arn:aws:iam::123456789012:role/calls"}
permissions:
  object_storage: {bucket: media, read_prefix: in/, write_prefix: out/, list_prefix: in/}
  secrets: {read: [key, other]}
allow:
  - actions: ["s3:*"]
    resources: ["arn:aws:s3:::media/in/*"]
    when: {DateLessThan: {"aws:CurrentTime": "2999-01-01T00:00:00Z"}, StringLike: {"s3:x-amz-acl": "*"}}
  - actions: ["sns:Publish"]
    resources: ["*"]
    when: {StringEquals: {"aws:RequestedRegion": [eu-west-1, us-east-1]}}
`
	var manifests []*manifest.Manifest
	for _, account := range []string{"123456789012", "210987654321"} {
		m, err := manifest.Parse("remit.yaml", []byte(text), manifest.Options{Region: "eu-west-1", Account: account})
		if err != nil {
			t.Fatal(err)
		}
		manifests = append(manifests, m)
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	pick := func(from ...string) string { return from[rnd.IntN(len(from))] }
	var p policies
	asked, shared := 0, make(map[string]bool)
	for range 20000 {
		m := manifests[rnd.IntN(2)]
		if rnd.IntN(50) > 0 {
			m = manifests[0]
		}
		var reqs []manifest.Request
		for range 1 + rnd.IntN(2) {
			r := manifest.Request{Context: map[string][]string{
				"aws:requestedregion":     {pick("eu-west-1", "us-east-1")},
				"aws:currenttime":         {fmt.Sprintf("2026-11-21T00:00:%02dZ", rnd.IntN(60))},
				"s3:x-amz-content-sha256": {fmt.Sprint(rnd.Uint32())},
			}}
			switch rnd.IntN(5) {
			case 0:
				r.Action, r.Resource = "s3:GetObject", "arn:aws:s3:::media/in/"+pick("a", "b", "*", "a/b")
				if rnd.IntN(2) == 0 {
					r.Context["s3:x-amz-acl"] = []string{pick("private", "x")}
				}
			case 1:
				r.Action, r.Resource = "s3:PutObject", "arn:aws:s3:::media/out/"+pick("a", "b")
			case 2:
				r.Action, r.Resource = "s3:ListBucket", "arn:aws:s3:::media"
				r.Context["s3:prefix"] = []string{pick("in/", "in/x", "in/y")}
			case 3:
				r.Action, r.Resource = "secretsmanager:GetSecretValue", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:"+pick("key", "other")+"-??????"
				r.Partly = rnd.IntN(2) == 0
			case 4:
				r.Action, r.Resource = "sns:Publish", pick("*", "arn:aws:sns:eu-west-1:123456789012:t")
			}
			reqs = append(reqs, r)
		}
		d := m.Decide(reqs...)
		if !d.Allowed {
			continue
		}
		width := manifest.Width(pick(string(manifest.WidthCall), string(manifest.WidthGrant)))
		got, gotWidth, err := p.session(m, d, reqs, width)
		want, wantWidth, wantErr := iam.SessionPolicy(m, d, reqs, width)
		if got != want || gotWidth != wantWidth || (err == nil) != (wantErr == nil) {
			t.Fatalf("%+v at width %s:\ngot  %s %s %v\nwant %s %s %v", reqs, width, gotWidth, got, err, wantWidth, want, wantErr)
		}
		asked++
		shared[got] = true
	}
	if asked < 5000 || len(shared) > asked/10 {
		t.Errorf("asked for %d policies, %d of them different: this test shows nothing", asked, len(shared))
	}
}

func TestKeptPoliciesAreBounded(t *testing.T) {
	rig := newRig(t, thumbnails)
	for i := range 3 * maxPolicies {
		r := []manifest.Request{{Action: "s3:GetObject", Resource: fmt.Sprintf("arn:aws:s3:::media/in/%d", i)}}
		if _, _, err := rig.policies.session(rig.manifest, rig.manifest.Decide(r...), r, manifest.WidthCall); err != nil {
			t.Fatal(err)
		}
		if n := len(rig.policies.kept); n > maxPolicies {
			t.Fatalf("%d policies are kept, want at most %d", n, maxPolicies)
		}
	}
}
