package aws

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
	"github.com/lambda-remit/remit/proxy/aws/awstest"
)

// widths is a manifest whose bucket's grants say how wide they are.
func widths(whole, read, write string) string {
	said := func(w string) string {
		if w == "" {
			return ""
		}
		return ", mint: " + w
	}
	return fmt.Sprintf(`
credentials: {role: %q, session_tags: {team: payments, stage: test}, duration: 900%s}
permissions:
  object_storage:
    - {bucket: media, read_prefix: in/%s}
    - {bucket: media, write_prefix: out/%s}
`, awstest.RoleARN, said(whole), said(read), said(write))
}

// TestTheNarrowestGrantSaysHowWide has a copy use two grants.
func TestTheNarrowestGrantSaysHowWide(t *testing.T) {
	const call, grant, adaptive = manifest.WidthCall, manifest.WidthGrant, manifest.WidthAdaptive
	for _, tt := range []struct {
		whole, read, write string
		want               manifest.Width
	}{
		{"", "", "", adaptive},
		{"adaptive", "", "", adaptive},
		{"call", "", "", call},
		{"grant", "", "", grant},
		{"grant", "call", "", call},
		{"grant", "", "call", call},
		{"grant", "adaptive", "", adaptive},
		{"call", "grant", "grant", grant},
		{"call", "grant", "adaptive", adaptive},
		{"", "grant", "call", call},
		{"", "grant", "", adaptive},
	} {
		m, err := manifest.Parse("remit.yaml", []byte(widths(tt.whole, tt.read, tt.write)), manifest.Options{Region: "eu-west-1"})
		if err != nil {
			t.Fatal(err)
		}
		d := m.Decide(manifest.Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::media/in/a"}, manifest.Request{Action: "s3:PutObject", Resource: "arn:aws:s3:::media/out/a"})
		if got := widthOf(m, d); !d.Allowed || got != tt.want {
			t.Errorf("%+v: got %q, want %q", tt, got, tt.want)
		}
	}
	if got := grantWidth(new(manifest.Manifest), &manifest.Grant{Mint: "wider"}); got == grant || got == adaptive {
		t.Errorf("a width that is none: got %q", got)
	}
	odd := &manifest.Manifest{Grants: []*manifest.Grant{{Mint: "wider"}}}
	if got := widthOf(odd, manifest.Decision{Grants: [][]*manifest.Grant{odd.Grants}}); got != call {
		t.Errorf("a width that is none: got %q, want it never widened", got)
	}
}

// TestEveryWidthHasTheTagsAndTheDuration holds that what STS is asked for at
// the grants' width differs in nothing but the policy.
func TestEveryWidthHasTheTagsAndTheDuration(t *testing.T) {
	rig := newRig(t, widths("", "", ""))
	rig.Warm(t.Context(), rig.manifest)
	for i := range 15 {
		if _, _, err := rig.do(signed(t, sealed, "s3", "GET", fmt.Sprintf("/media/in/%d", i), "", "")); err != nil {
			t.Fatal(err)
		}
	}
	asked := rig.sts.Asked()
	if len(asked) < 12 {
		t.Fatalf("STS was asked %d times, want for 2 grants and 10 calls", len(asked))
	}
	for _, a := range asked {
		if !maps.Equal(a.Tags, map[string]string{"team": "payments", "stage": "test"}) || a.Duration != 15*time.Minute || a.Role != awstest.RoleARN || a.Session != "remit-test" {
			t.Errorf("got tags %v for %v, role %s, session %s", a.Tags, a.Duration, a.Role, a.Session)
		}
	}
}

func TestWarmingLeavesOutWhatIsNotWidened(t *testing.T) {
	for _, tt := range []struct {
		name, yaml string
		want       []string // what stands in the policies
	}{
		{"the default", widths("", "", ""), []string{"media/in/*", "media/out/*"}},
		{"never widened", widths("call", "", ""), nil},
		{"one that is", widths("call", "grant", ""), []string{"media/in/*"}},
		{"one that is not", widths("", "", "call"), []string{"media/in/*"}},
		{"unminted", "credentials: {unminted: true}\npermissions: {topic: {publish: done}}\n", nil},
		{"many", "credentials: {role: \"" + awstest.RoleARN + "\"}\npermissions: {topic: [" + strings.Repeat("{publish: t}, {publish: u}, ", 4) +
			"{publish: a}, {publish: b}, {publish: c}, {publish: d}, {publish: e}, {publish: f}, {publish: g}]}\n",
			[]string{":t", ":u", ":a", ":b", ":c", ":d", ":e", ":f"}},
	} {
		rig := newRig(t, tt.yaml)
		rig.Warm(t.Context(), rig.manifest)
		asked := rig.sts.Asked()
		if len(asked) != len(tt.want) {
			t.Errorf("%s: STS was asked %d times, want %d", tt.name, len(asked), len(tt.want))
		}
		for i, a := range asked {
			if i < len(tt.want) && !strings.Contains(a.Policy, tt.want[i]+`"`) {
				t.Errorf("%s: got %s, want %s in it", tt.name, a.Policy, tt.want[i])
			}
		}
	}
	rig := newRig(t, strings.Replace(widths("", "", ""), `"`+awstest.RoleARN+`"`, "self", 1))
	rig.Self = func(context.Context) (string, error) { return "", errors.New("not known") }
	rig.Warm(t.Context(), rig.manifest)
	rig.Warm(t.Context(), nil)
	if n := len(rig.sts.Asked()); n != 0 {
		t.Errorf("without a role's name STS was asked %d times", n)
	}
}

// TestACallThroughTwoGrantsIsWidenedToBothAndNoMore burns the budget first.
func TestACallThroughTwoGrantsIsWidenedToBothAndNoMore(t *testing.T) {
	for _, strict := range []string{"", "call"} {
		rig := newRig(t, widths("", "", strict))
		for i := range 20 {
			rig.do(signed(t, sealed, "s3", "GET", fmt.Sprintf("/media/in/%d", i), "", ""))
		}
		_, sent, err := rig.do(signed(t, sealed, "s3", "PUT", "/media/out/b", "", "", "X-Amz-Copy-Source", "/media/in/a"))
		if err != nil {
			t.Fatal(err)
		}
		asked := rig.sts.Asked()
		last := asked[len(asked)-1].Policy
		want, source := manifest.WidthGrant, `media/in/*"`
		if strict != "" {
			want, source = manifest.WidthCall, `media/in/a"`
		}
		if sent.Width != want || !strings.Contains(last, source) || !strings.Contains(last, "media/out/") {
			t.Errorf("%q: got width %s under %s, want %s", strict, sent.Width, last, want)
		}
		// And where STS throttles, what is strict is not widened.
		if strict == "" {
			continue
		}
		rig.sts.Hook = awstest.Throttle()
		_, sent, err = rig.do(signed(t, sealed, "s3", "PUT", "/media/out/c", "", "", "X-Amz-Copy-Source", "/media/in/a"))
		var refusal *proxy.Refusal
		if !errors.As(err, &refusal) || refusal.Reason != proxy.Throttled || !refusal.Retry || sent.Width != manifest.WidthCall {
			t.Errorf("throttled: got %v, width %s", err, sent.Width)
		}
	}
}
