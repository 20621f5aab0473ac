package aws

import (
	"strings"

	"github.com/lambda-remit/remit/manifest"
)

// autoScaling is what the tables do not say of Amazon EC2 Auto Scaling: roles in
// templates, and its groups by name, whose ARNs have an id before it. Policies are written with a star in its
// place. (Amazon EC2 Auto Scaling User Guide, "Identity-based policy examples".)
func autoScaling(string) reading {
	return func(c *tableCall) ([]manifest.Request, error) {
		all, err := c.tabled()
		if err != nil {
			return nil, err
		}
		switch c.operation.name {
		case "CreateAutoScalingGroup", "StartInstanceRefresh", "UpdateAutoScalingGroup":
			// What an instance has that the group is made like, is taken too.
			all, err = c.launched(all, "LaunchTemplate", "MixedInstancesPolicy", "InstanceId",
				"DesiredConfiguration.LaunchTemplate", "DesiredConfiguration.MixedInstancesPolicy")
			if err != nil {
				return nil, err
			}
		}
		name, ok, err := c.text("b.AutoScalingGroupName")
		if err != nil || !ok || name == "" {
			return all, err
		}
		for i := range all {
			if r := &all[i]; r.Partly && r.Resource == "*" && strings.HasPrefix(r.Action, "autoscaling:") {
				if r.Resource, err = c.fill("autoscaling:{r}:{a}:autoScalingGroup:{}:autoScalingGroupName/{/:}", []string{"-", name}); err != nil {
					return nil, err
				}
				r.Resource = strings.Replace(r.Resource, ":autoScalingGroup:-:", ":autoScalingGroup:*:", 1)
				r.Runs = true
			}
		}
		return all, nil
	}
}
