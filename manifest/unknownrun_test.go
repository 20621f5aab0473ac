package manifest

import "testing"

// A run that a call does not tell stands as "*" in a request's resource. Without
// minting only what covers all of it grants the request; with it, what may be it.
func TestAnUnknownRunIsGrantedByWhatMayBeIt(t *testing.T) {
	const group = "arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:*:autoScalingGroupName/web"
	for _, c := range []struct {
		resource         string
		unminted, minted bool
	}{
		{"*", true, true},
		{group, true, true},
		{"arn:aws:autoscaling:*:*:autoScalingGroup:*:autoScalingGroupName/web", true, true},
		{"arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:*:autoScalingGroupName/w*", true, true},
		{"arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:930d940e-891e-4781-a11a-7b0acd480f03:autoScalingGroupName/web", false, true},
		{"arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:?:autoScalingGroupName/web", false, true},
		{"arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:a*:autoScalingGroupName/web", false, true},
		{"arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:${*}:autoScalingGroupName/web", false, true},
		{"arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:*:autoScalingGroupName/api", false, false},
		{"arn:aws:autoscaling:eu-west-1:210987654321:autoScalingGroup:*:autoScalingGroupName/web", false, false},
	} {
		for _, unminted := range []bool{true, false} {
			m := &Manifest{Credentials: Credentials{Unminted: unminted}, Grants: []*Grant{{Actions: []string{"autoscaling:SetDesiredCapacity"}, Resources: []Pattern{Pattern(c.resource)}}}}
			want := c.minted
			if unminted {
				want = c.unminted
			}
			d := m.Decide(Request{Action: "autoscaling:SetDesiredCapacity", Resource: group, Partly: true, Runs: true})
			if d.Allowed != want {
				t.Errorf("unminted %v: %q grants %q: got %v, want %v", unminted, c.resource, group, d.Allowed, want)
			}
		}
	}
}
