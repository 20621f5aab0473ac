package aws

import (
	"slices"
	"strings"

	"github.com/lambda-remit/remit/manifest"
)

// mediaConvert is what the tables do not say of AWS Elemental MediaConvert: the
// role that a job is passed, the queue that one without is in, and the presets of
// its outputs. (AWS Elemental MediaConvert API Reference, Jobs; Service
// Authorization Reference, "AWS Elemental MediaConvert".)
func mediaConvert(operation string) reading {
	switch operation {
	case "CreateJob", "CreateJobTemplate", "UpdateJobTemplate":
	case "ListTagsForResource", "TagResource", "UntagResource":
		return func(c *tableCall) ([]manifest.Request, error) {
			arn, ok := c.labels["Arn"]
			if !ok {
				var err error
				if arn, _, err = c.text("b.arn"); err != nil {
					return nil, err
				}
			}
			arn, err := c.stated("mediaconvert", arn)
			if err != nil {
				return nil, err
			}
			return c.replaced(func(*manifest.Request) bool { return true }, arn)
		}
	default:
		return nil
	}
	return func(c *tableCall) ([]manifest.Request, error) {
		all, err := c.tabled()
		if err != nil {
			return nil, err
		}
		action := "mediaconvert:" + operation
		all = slices.DeleteFunc(all, func(r manifest.Request) bool { return r.Action == action && r.Partly })
		var more []manifest.Request
		template, _, err := c.text("b.jobTemplate")
		if err != nil {
			return nil, err
		}
		queue, _, err := c.text("b.queue")
		if err != nil {
			return nil, err
		}
		// A template may say another queue.
		if operation == "CreateJob" && queue == "" && template == "" {
			arn, err := c.fill("mediaconvert:{r}:{a}:queues/Default", nil)
			if err != nil {
				return nil, err
			}
			more = append(more, request(action, arn))
		}
		outputs, err := c.objectsAt("settings.outputGroups#.outputs#")
		if err != nil {
			return nil, err
		}
		for _, o := range outputs {
			preset, err := textOf(o, "preset")
			if err != nil {
				return nil, err
			}
			if preset == "" {
				continue
			}
			arn := preset
			if strings.HasPrefix(preset, "arn:") {
				arn, err = c.stated("mediaconvert", preset)
			} else {
				arn, err = c.fill("mediaconvert:{r}:{a}:presets/{/}", []string{preset})
			}
			if err != nil {
				return nil, err
			}
			if !slices.ContainsFunc(more, func(r manifest.Request) bool { return r.Resource == arn }) {
				more = append(more, request(action, arn))
			}
		}
		if len(all)+len(more) == 0 {
			more = append(more, request(action, "*"))
		}
		if err := c.tag(more); err != nil {
			return nil, err
		}
		all = append(all, more...)
		role, _, err := c.text("b.role")
		if err != nil || role == "" {
			return all, err
		}
		arn, err := c.role(role)
		return append(all, request("iam:PassRole", arn, "iam:PassedToService", "mediaconvert.amazonaws.com")), err
	}
}
