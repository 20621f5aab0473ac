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
// tell, and where there is no such stack yet AWS compares one that ends in a
// star. (Service
// Authorization Reference, "AWS CloudFormation"; AWS CloudFormation API
// Reference, "StackName" and "StackSetName" of each operation.)
func cloudFormation(string) reading {
	return func(c *tableCall) ([]manifest.Request, error) {
		all, err := c.tabled()
		if err != nil {
			return nil, err
		}
		for _, action := range []string{"cloudformation:" + c.operation.name, "cloudformation:TagResource"} {
			if all, err = c.onStacks(all, action); err != nil {
				return nil, err
			}
		}
		return all, nil
	}
}

// onStacks says of requests for an action which stacks they are on.
func (c *tableCall) onStacks(all []manifest.Request, action string) ([]manifest.Request, error) {
	i := slices.IndexFunc(all, func(r manifest.Request) bool { return r.Action == action && r.Partly })
	if i < 0 {
		return all, nil
	}
	named := false // by its stack; what is done to a stack set is done to its targets too
	var more []manifest.Request
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
			id, numbered := "*", false
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
			r.Partly, r.Runs = !numbered, !numbered
		}
		if err != nil {
			return nil, err
		}
		named = named || kind.member == "StackName"
		more = append(more, r)
	}
	if named {
		all = slices.Delete(all, i, i+1)
	}
	return slices.Insert(all, i, more...), nil
}
