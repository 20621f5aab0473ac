package aws

import "github.com/lambda-remit/remit/manifest"

// tracing is what the tables do not say of AWS X-Ray: sampling rules by name,
// inside of what they are. A group's ARN has an id that its name does not tell.
// (Service Authorization Reference, "AWS X-Ray"; AWS X-Ray API Reference,
// SamplingRule, SamplingRuleUpdate.)
func tracing(operation string) reading {
	in := ""
	switch operation {
	case "CreateSamplingRule":
		in = "b.SamplingRule."
	case "UpdateSamplingRule":
		in = "b.SamplingRuleUpdate."
	case "DeleteSamplingRule":
		in = "b."
	default:
		return nil
	}
	return func(c *tableCall) ([]manifest.Request, error) {
		action := "xray:" + operation
		var all []manifest.Request
		name, ok, err := c.text(in + "RuleName")
		if err == nil && ok {
			if name, err = c.fill("xray:{r}:{a}:sampling-rule/{/:}", []string{name}); err == nil {
				all = append(all, request(action, name))
			}
		}
		if err != nil {
			return nil, err
		}
		arn, ok, err := c.text(in + "RuleARN")
		if err == nil && ok {
			if arn, err = c.stated("xray", arn); err == nil && arn != name {
				all = append(all, request(action, arn))
			}
		}
		if err != nil {
			return nil, err
		}
		if len(all) == 0 {
			all = append(all, unknown(action))
		}
		return all, c.tag(all)
	}
}
