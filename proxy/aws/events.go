package aws

import (
	"fmt"
	"slices"
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
	endpoint, err := textOf(members, "EndpointId")
	if err == nil {
		err = c.globalEndpoint(endpoint)
	}
	if err != nil {
		return nil, err
	}
	entries, err := objects(members.get("Entries"), "Entries")
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
		arns, err := c.buses(bus, endpoint)
		if err != nil {
			return nil, err
		}
		for _, arn := range arns {
			if !seen[arn] {
				seen[arn] = true
				req := request("events:PutEvents", arn)
				req.Partly = arn == "*"
				all = append(all, req)
			}
			req := &all[slices.IndexFunc(all, func(r manifest.Request) bool { return r.Resource == arn })]
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
	}
	return all, nil
}

// globalEndpoint holds the call to the global endpoint that its body names, if
// it names one: by host, where the client knows it, and by version of the
// signature. It goes to that endpoint, and from there to a region of the set
// that it is signed for. (Amazon EventBridge API Reference, PutEvents,
// "EndpointId"; AWS SDKs' endpoint rules of EventBridge.)
func (c *tableCall) globalEndpoint(id string) error {
	in := c.in
	if in.place.global && in.place.resource != id || id == "" {
		if in.place.global {
			return fmt.Errorf("the host is the global endpoint %.80q's and EndpointId is %.80q", in.place.resource, id)
		}
		return nil
	}
	switch first, second, ok := strings.Cut(id, "."); {
	case !ok || !isLabel(first) || !isLabel(second):
		return fmt.Errorf("EndpointId %.80q is no global endpoint's", id)
	case in.regions == nil:
		return fmt.Errorf("the events for the global endpoint %.80q are not signed with Signature Version 4A, which it demands", id)
	case in.place.host == "":
		in.place = place{host: id + ".endpoint.events." + partitionOf(in.region).suffix, service: "events", partition: in.partition, global: true, resource: id}
	case !in.place.global:
		return fmt.Errorf("events for the global endpoint %.80q go to its own host, not to %.120q", id, in.place.host)
	}
	in.region = strings.Join(in.regions, ",")
	return nil
}

// buses returns the ARNs of the bus that an entry names. At a global endpoint
// it is the bus of that name in whichever region the endpoint chooses: where
// the signature is for any, AWS alone knows which.
func (c *tableCall) buses(name, endpoint string) ([]string, error) {
	if endpoint == "" {
		arn, err := c.bus(name)
		return []string{arn}, err
	}
	in := c.in
	if strings.HasPrefix(name, "arn:") {
		return nil, fmt.Errorf("EventBusName %.200q is an ARN; a global endpoint takes a name", name)
	}
	if in.region == "*" {
		return []string{"*"}, nil
	}
	all := in.region
	defer func() { in.region = all }()
	var arns []string
	for region := range strings.SplitSeq(all, ",") {
		in.region = region
		arn, err := c.bus(name)
		if err != nil {
			return nil, err
		}
		arns = append(arns, arn)
	}
	return arns, nil
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
	// The service's own actions are on the rule; roles are passed as the table
	// has it.
	kept := all[:0]
	for _, r := range all {
		if strings.HasPrefix(r.Action, "events:") {
			if slices.ContainsFunc(kept, func(k manifest.Request) bool { return k.Action == r.Action }) {
				continue
			}
			r.Resource, r.Partly = arn, false
		}
		kept = append(kept, r)
	}
	return kept, nil
}
