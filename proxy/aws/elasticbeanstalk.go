package aws

import (
	"fmt"
	"strings"

	"github.com/lambda-remit/remit/manifest"
)

// beanstalk is what the tables do not say of AWS Elastic Beanstalk: the role and
// the profile among an environment's options. (AWS Elastic Beanstalk Developer
// Guide, "General options for all environments".)
func beanstalk(operation string) reading {
	switch operation {
	case "CreateConfigurationTemplate", "CreateEnvironment", "UpdateConfigurationTemplate", "UpdateEnvironment":
	default:
		return nil
	}
	return func(c *tableCall) ([]manifest.Request, error) {
		all, err := c.tabled()
		if err != nil {
			return nil, err
		}
		members, err := c.body()
		if err != nil {
			return nil, err
		}
		v, err := memberOf(members, "OptionSettings")
		if err != nil {
			return nil, err
		}
		if v == "" {
			return all, nil
		}
		options, err := objects(v, "OptionSettings")
		if err != nil {
			return nil, fmt.Errorf("operation %s: %w", operation, err)
		}
		for _, option := range options {
			name, err := textOf(option, "OptionName")
			if err != nil {
				return nil, err
			}
			value, err := textOf(option, "Value")
			if err != nil {
				return nil, err
			}
			switch name := fold(strings.TrimSpace(name)); {
			case value == "":
			case name == "iaminstanceprofile":
				all = append(all, c.pass("*"))
			case name == "servicerole", name == "operationsrole":
				role, err := c.role(strings.TrimSpace(value))
				if err != nil {
					return nil, err
				}
				all = append(all, request("iam:PassRole", role, "iam:PassedToService", "elasticbeanstalk.amazonaws.com"))
			}
		}
		return all, nil
	}
}
