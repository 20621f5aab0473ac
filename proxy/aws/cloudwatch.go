package aws

import "github.com/lambda-remit/remit/manifest"

// cloudWatch is what the tables do not say of Amazon CloudWatch: the namespace
// of metrics that are put, which conditions compare, insight rules by name, and
// how far alarms are described. (Service Authorization Reference, "Amazon
// CloudWatch"; Amazon CloudWatch User Guide, "Using condition keys to limit
// access to CloudWatch namespaces".)
func cloudWatch(operation string) reading {
	switch operation {
	case "DeleteInsightRules", "DisableInsightRules", "EnableInsightRules":
		return insightRules
	case "DescribeAlarms":
		// What of composite alarms is answered depends on all that the caller may
		// describe, so that no less than that is to go along. (Amazon CloudWatch
		// API Reference, DescribeAlarms.)
		return func(c *tableCall) ([]manifest.Request, error) {
			all, err := c.tabled()
			if err == nil && !all[len(all)-1].Partly {
				all = append(all, unknown("cloudwatch:DescribeAlarms"))
			}
			return all, err
		}
	case "PutMetricData":
		return func(c *tableCall) ([]manifest.Request, error) {
			all, err := c.tabled()
			if err != nil {
				return nil, err
			}
			namespace, ok, err := c.text("b.Namespace")
			for i := range all {
				if ok {
					with(&all[i], "cloudwatch:namespace", namespace)
				}
			}
			return all, err
		}
	}
	return nil
}

// insightRules asks for each rule of a list of names.
func insightRules(c *tableCall) ([]manifest.Request, error) {
	names, err := c.values("b.RuleNames.#")
	if err != nil {
		return nil, err
	}
	var all []manifest.Request
	for _, name := range names {
		arn, err := c.fill("cloudwatch:{r}:{a}:insight-rule/{}", []string{name})
		if err != nil {
			return nil, err
		}
		all = append(all, request("cloudwatch:"+c.operation.name, arn))
	}
	return all, nil
}
