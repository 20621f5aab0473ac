package manifest

import (
	"errors"
	"strings"
)

// eventBus reads the kind `event_bus`.
func (p *parser) eventBus(e *entry) {
	f, ok := e.fields["put"]
	if !ok {
		return
	}
	if list, ok := p.arns(f, p.busARN); ok && p.room(f.key, len(list)) {
		// (Amazon EventBridge User Guide, "Encrypting EventBridge event buses
		// with AWS KMS keys".)
		p.grant(e, f, []string{"events:PutEvents"}, list).Needs = p.keyUse(e, "events", "", "kms:GenerateDataKey", "kms:Decrypt")
	}
}

// busARN returns the pattern of an event bus, of which s is the name or the ARN.
// A call that names none is to the one named "default".
func (p *parser) busARN(s string) (Pattern, error) {
	name, isARN, err := nameIn(s, "events", "event-bus/", "an event bus's")
	if err != nil {
		return "", err
	}
	// A partner's bus has slashes in its name. (Amazon EventBridge API
	// Reference, CreateEventBus, "Name".)
	if name == "" || len(name) > 256 || !made(name, letters+digits+"/.-_") {
		return "", errors.New("an event bus is a name of at most 256 letters, digits and /.-_, or its ARN; wildcards are for \"allow\"")
	}
	if isARN {
		return Literal(s), nil
	}
	return p.regional("events", "event-bus/"+Literal(name)), nil
}

// nameIn returns what follows before in the resource of an ARN of service, and s
// itself if that is no ARN. of is for errors: "an event bus's".
func nameIn(s, service, before, of string) (name string, isARN bool, err error) {
	a, isARN := parseARN(s)
	if !isARN {
		return s, false, nil
	}
	if err := a.check(service, false); err != nil {
		return "", true, err
	}
	name, ok := strings.CutPrefix(a.resource, before)
	if !ok {
		return "", true, errors.New(of + " ARN has \"" + before + "\" before its name")
	}
	return name, true, nil
}
