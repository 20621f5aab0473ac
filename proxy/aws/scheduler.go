package aws

import "github.com/lambda-remit/remit/manifest"

// scheduler is what the tables do not say of Amazon EventBridge Scheduler: that a
// schedule which names no group is in the one called "default". (EventBridge
// Scheduler API Reference, "GroupName" of each operation.)
func scheduler(operation string) reading {
	group := ""
	switch operation {
	case "CreateSchedule", "UpdateSchedule":
		group = "b.GroupName"
	case "DeleteSchedule", "GetSchedule":
		group = "q.groupName"
	default:
		return nil
	}
	return func(c *tableCall) ([]manifest.Request, error) {
		name, _, err := c.text(group)
		if err != nil {
			return nil, err
		}
		if name == "" {
			name = "default"
		}
		arn, err := c.fill("scheduler:{r}:{a}:schedule/{/:}/{/:}", []string{name, c.labels["Name"]})
		if err != nil {
			return nil, err
		}
		all, err := c.tabled()
		for i := range all {
			if r := &all[i]; r.Action == "scheduler:"+operation {
				r.Resource, r.Partly = arn, false
			}
		}
		return all, err
	}
}
