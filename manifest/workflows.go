package manifest

import (
	"errors"
	"strings"
)

// workflows reads the kind `workflows`, state machines of Step Functions.
func (p *parser) workflows(e *entry) {
	// What an execution takes in and puts out is encrypted under the state
	// machine's key. (AWS Step Functions Developer Guide, "Data at rest
	// encryption".)
	use := []string{"kms:GenerateDataKey", "kms:Decrypt"}
	if f, has := e.fields["start"]; has {
		p.startWorkflows(e, f, use)
	}
	f, has := e.fields["signal"]
	if !has || !p.truth(e, "signal") {
		return
	}
	// A task's token tells no state machine, and IAM has no resource for these.
	p.grant(e, f, []string{"states:SendTaskSuccess", "states:SendTaskFailure", "states:SendTaskHeartbeat"}, []Pattern{"*"}).Needs = p.keyUse(e, "states", ".signal", use...)
}

// startWorkflows reads "start". Whatever version or alias a call names, AWS
// authorizes it on the state machine, and tells which in a key. (AWS Step
// Functions Developer Guide, "Authorization for versions and aliases in Step
// Functions workflows".)
func (p *parser) startWorkflows(e *entry, f field, use []string) {
	list, ok := p.names(f.value, `"start"`)
	var whole []Pattern
	qualified := make(map[string][]Pattern)
	var order []string
	for _, n := range list {
		machine, qualifier, err := p.workflowARN(n.string)
		if err != nil && n.string != "" {
			p.errorf(n.at, "start: %q: %v", n.string, err)
		}
		ok = ok && err == nil
		if qualifier == "" {
			whole = append(whole, machine)
			continue
		}
		if qualified[qualifier] == nil {
			order = append(order, qualifier)
		}
		qualified[qualifier] = append(qualified[qualifier], machine)
	}
	if !ok || !p.room(f.key, len(list)) {
		return
	}
	start := []string{"states:StartExecution", "states:StartSyncExecution"}
	key := p.keyUse(e, "states", ".start", use...)
	if len(whole) > 0 {
		p.grant(e, f, start, whole).Needs = key
	}
	for _, q := range order {
		p.grantAs(e, f, "."+q, start, qualified[q], Condition{forAny + ":StringEquals", "states:StateMachineQualifier", []string{q}}).Needs = key
	}
}

// workflowARN returns the pattern of a state machine, and the version or alias
// of it, of which s is the name or the ARN.
func (p *parser) workflowARN(s string) (machine Pattern, qualifier string, err error) {
	name, isARN, err := nameIn(s, "states", "stateMachine:", "a state machine's")
	if err != nil {
		return "", "", err
	}
	stem, qualifier, qualified := strings.Cut(name, ":")
	switch {
	// (AWS Step Functions API Reference, CreateStateMachine, "name", of which
	// logging allows no more characters than these; CreateStateMachineAlias.)
	case stem == "" || len(stem) > 80 || !made(stem, letters+digits+"-_."):
		return "", "", errors.New("a state machine is a name of at most 80 letters, digits and -_., or its ARN; wildcards are for \"allow\"")
	case qualified && (qualifier == "" || len(qualifier) > 80 || !made(qualifier, letters+digits+"-_.")):
		return "", "", errors.New("after a state machine's name stands a version's number or an alias; wildcards are for \"allow\"")
	case isARN:
		return Literal(strings.TrimSuffix(s, ":"+qualifier)), qualifier, nil
	}
	return p.regional("states", "stateMachine:"+Literal(stem)), qualifier, nil
}
