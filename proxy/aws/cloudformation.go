package aws

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/lambda-remit/remit/manifest"
)

// cloudFormation is what the tables do not say of AWS CloudFormation: stacks and
// stack sets, by name and by ARN. An ARN ends in an id that the name does not
// tell, and where there is no such stack AWS compares one without: which it is,
// is left to AWS, and the name is held to what is granted besides. (Service
// Authorization Reference, "AWS CloudFormation"; AWS CloudFormation API
// Reference, "StackName" and "StackSetName" of each operation.)
func cloudFormation(string) reading {
	return func(c *tableCall) ([]manifest.Request, error) {
		all, err := c.tabled()
		if err != nil {
			return nil, err
		}
		action := "cloudformation:" + c.operation.name
		i := slices.IndexFunc(all, func(r manifest.Request) bool { return r.Action == action && r.Partly })
		if i < 0 {
			return all, nil
		}
		for _, kind := range []struct{ member, head, between string }{{"StackName", "stack/", "/"}, {"StackSetName", "stackset/", ":"}} {
			name, ok, err := c.text("b." + kind.member)
			if err != nil {
				return nil, err
			}
			if !ok || name == "" {
				continue
			}
			r := all[i]
			r.Context = maps.Clone(r.Context)
			if strings.HasPrefix(name, "arn:") {
				r.Resource, err = c.stated("cloudformation", name)
				r.Partly = false
			} else {
				id, numbered := strings.Repeat("?", 36), false
				name, rest, _ := strings.Cut(name, ":")
				if numbered = kind.between == ":" && rest != ""; numbered {
					id = rest
				}
				if !isName(name, "-") || strings.Contains(id, "/") || rest != "" && !numbered {
					return nil, fmt.Errorf("%s %.160q is no name", kind.member, name)
				}
				if numbered {
					err = literal(id)
				}
				if err == nil {
					r.Resource, err = c.fill("cloudformation:{r}:{a}:"+kind.head+"{/:}", []string{name})
				}
				r.Resource += kind.between + id
				r.Partly = !numbered
			}
			if err != nil {
				return nil, err
			}
			if !r.Partly && kind.member == "StackName" {
				all[i] = r
			} else {
				all = slices.Insert(all, i, r)
				i++
			}
		}
		return all, nil
	}
}
