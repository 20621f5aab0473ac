package aws

import (
	"fmt"
	"strings"

	"github.com/lambda-remit/remit/manifest"
)

// eventBridge is what the tables do not say of Amazon EventBridge: which bus an
// event goes to, and which of the two kinds of ARN a rule has. (Service
// Authorization Reference, "Amazon EventBridge"; Amazon EventBridge API
// Reference.)
func eventBridge(operation string) reading {
	switch operation {
	case "PutEvents":
		return putEvents
	case "DeleteRule", "DescribeRule", "DisableRule", "EnableRule", "PutRule":
		return func(c *tableCall) ([]manifest.Request, error) { return onRule(c, "b.Name") }
	case "ListTargetsByRule", "PutTargets", "RemoveTargets":
		return func(c *tableCall) ([]manifest.Request, error) { return onRule(c, "b.Rule") }
	}
	return nil
}

// putEvents asks for every bus that an entry names, by name or by ARN, and for
// the default one where an entry names none. (PutEventsRequestEntry,
// "EventBusName".)
func putEvents(c *tableCall) ([]manifest.Request, error) {
	members, err := c.body()
	if err != nil {
		return nil, err
	}
	if endpoint, err := textOf(members, "EndpointId"); err != nil || endpoint != "" {
		if err == nil {
			err = fmt.Errorf("events for the global endpoint %.80q, which are signed for all regions", endpoint)
		}
		return nil, err
	}
	entries, err := objects(members["Entries"], "Entries")
	if err != nil {
		return nil, err
	}
	var all []manifest.Request
	seen := make(map[string]bool)
	for _, entry := range entries {
		bus, err := textOf(entry, "EventBusName")
		if err != nil {
			return nil, err
		}
		arn, err := c.bus(bus)
		if err != nil {
			return nil, err
		}
		if !seen[arn] {
			seen[arn] = true
			all = append(all, request("events:PutEvents", arn))
		}
		req := &all[len(all)-1]
		for i := range all {
			if all[i].Resource == arn {
				req = &all[i]
			}
		}
		for _, key := range []struct{ member, key string }{{"Source", "events:source"}, {"DetailType", "events:detail-type"}} {
			value, err := textOf(entry, key.member)
			if err != nil {
				return nil, err
			}
			if value != "" {
				with(req, key.key, value)
			}
		}
	}
	return all, nil
}

// bus returns the ARN of an event bus: the default one's, if name is empty.
func (c *tableCall) bus(name string) (string, error) {
	if strings.HasPrefix(name, "arn:") {
		return c.stated("events", name)
	}
	if name == "" {
		name = "default"
	}
	return c.fill("events:{r}:{a}:event-bus/{:}", []string{name})
}

// onRule is the table's answer, with the rule's ARN in its bus. A rule on the
// default bus has an ARN without it.
func onRule(c *tableCall, member string) ([]manifest.Request, error) {
	rule, _, err := c.text(member)
	if err != nil {
		return nil, err
	}
	bus, _, err := c.text("b.EventBusName")
	if err != nil {
		return nil, err
	}
	arn := ""
	switch {
	case bus == "" || bus == "default":
		arn, err = c.fill("events:{r}:{a}:rule/{/:}", []string{rule})
	case strings.HasPrefix(bus, "arn:"):
		if bus, err = c.stated("events", bus); err == nil {
			owner, name, _ := strings.Cut(bus, ":event-bus/")
			if name == "default" {
				arn, err = owner+":rule/"+rule, literal(rule)
			} else {
				arn, err = owner+":rule/"+name+"/"+rule, literal(rule)
			}
		}
	default:
		arn, err = c.fill("events:{r}:{a}:rule/{:}/{/:}", []string{bus, rule})
	}
	if err != nil {
		return nil, err
	}
	all, err := c.tabled()
	if err != nil {
		return nil, err
	}
	// The action's own requests are on the rule; roles are passed as the table
	// has it.
	kept := all[:0]
	action := "events:" + c.operation.name
	for _, r := range all {
		if r.Action == action {
			if len(kept) > 0 && kept[0].Action == action {
				continue
			}
			r.Resource, r.Partly = arn, false
		}
		kept = append(kept, r)
	}
	return kept, nil
}
