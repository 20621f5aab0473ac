package aws

import (
	"fmt"
	"strings"

	"github.com/lambda-remit/remit/manifest"
)

// batch is what the tables do not say of AWS Batch: that a job definition goes by
// name, by name and revision, and by ARN, and which roles a definition has deep
// inside. (AWS Batch API Reference, SubmitJob, DeregisterJobDefinition; AWS Batch
// User Guide, "Supported resource-level permissions for AWS Batch API actions".)
func batch(operation string) reading {
	switch operation {
	case "DeregisterJobDefinition":
		return func(c *tableCall) ([]manifest.Request, error) { return c.jobDefinition() }
	case "RegisterJobDefinition":
		return func(c *tableCall) ([]manifest.Request, error) {
			all, err := passingAll(c)
			for i := range all {
				// Some are for Batch, some for the containers: AWS knows.
				delete(all[i].Context, "iam:passedtoservice")
			}
			return all, err
		}
	case "SubmitJob":
		return submitJob
	}
	return nil
}

func submitJob(c *tableCall) ([]manifest.Request, error) {
	all, err := c.jobDefinition()
	if err != nil {
		return nil, err
	}
	for _, named := range []struct{ path, template string }{
		{"b.jobQueue", "batch:{r}:{a}:job-queue/{/:}"},
		{"b.consumableResourcePropertiesOverride.consumableResourceList.#.consumableResource", "batch:{r}:{a}:consumable-resource/{/:}"},
	} {
		values, err := c.values(named.path)
		if err != nil {
			return nil, err
		}
		for _, v := range values {
			if strings.HasPrefix(v, "arn:") {
				v, err = c.stated("batch", v)
			} else {
				v, err = c.fill(named.template, []string{v})
			}
			if err != nil {
				return nil, err
			}
			all = append(all, request("batch:SubmitJob", v))
		}
		if len(values) == 0 && named.path == "b.jobQueue" {
			all = append(all, unknown("batch:SubmitJob"))
		}
	}
	return all, c.tag(all)
}

// jobDefinition asks for the call's job definition. Without a revision it is the
// latest, whose number AWS knows.
func (c *tableCall) jobDefinition() ([]manifest.Request, error) {
	action := "batch:" + c.operation.name
	s, ok, err := c.text("b.jobDefinition")
	if err != nil || !ok {
		return []manifest.Request{unknown(action)}, err
	}
	arn := s
	if strings.HasPrefix(s, "arn:") {
		arn, err = c.stated("batch", s)
	} else {
		name, revision, numbered := strings.Cut(s, ":")
		if !isName(name, "_-") || numbered && !isNumber(revision) {
			return nil, fmt.Errorf("%.160q is no name of a job definition", s)
		}
		arn, err = c.fill("batch:{r}:{a}:job-definition/{/}", []string{s})
	}
	if err != nil {
		return nil, err
	}
	all := []manifest.Request{request(action, arn)}
	if strings.Count(arn, ":") < 6 {
		all = append(all, unknown(action))
	}
	return all, nil
}
