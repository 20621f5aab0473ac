package aws

import (
	"fmt"
	"strings"

	"github.com/lambda-remit/remit/manifest"
)

// pipeline is what the tables do not say of AWS Data Pipeline: the role and the
// profile among the fields of a definition's objects. One that is made of the
// pipeline's parameters is only known there. (AWS Data Pipeline Developer Guide,
// "IAM roles for AWS Data Pipeline" and "Expressions and functions".)
func pipeline(operation string) reading {
	if operation != "PutPipelineDefinition" {
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
		v, err := memberOf(members, "pipelineObjects")
		if err != nil {
			return nil, err
		}
		parts, err := objects(v, "pipelineObjects")
		if err != nil {
			return nil, err
		}
		for _, part := range parts {
			v, err := memberOf(part, "fields")
			if err != nil {
				return nil, err
			}
			fields, err := objects(v, "fields")
			if err != nil {
				return nil, err
			}
			for _, field := range fields {
				key, err := textOf(field, "key")
				if err != nil {
					return nil, err
				}
				key = fold(strings.TrimSpace(key))
				if key != "role" && key != "resourcerole" {
					continue
				}
				value, err := textOf(field, "stringValue")
				if err != nil {
					return nil, fmt.Errorf("field %q: %w", key, err)
				}
				switch value = strings.TrimSpace(value); {
				case value == "":
				case key == "resourcerole":
					all = append(all, c.pass("*"))
				case strings.Contains(value, "#{"):
					all = append(all, unknown("iam:PassRole"))
				default:
					role, err := c.role(value)
					if err != nil {
						return nil, err
					}
					all = append(all, c.pass(role))
				}
			}
		}
		return all, nil
	}
}
