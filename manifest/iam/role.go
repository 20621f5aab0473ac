package iam

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lambda-remit/remit/manifest"
)

// What IAM takes, in characters that are not white space: of a managed policy, of
// all inline policies of a role together, and how many managed policies a role
// may have unless its account was given more. (IAM User Guide, "IAM and AWS STS
// quotas".)
const (
	MaxRole    = 6144
	maxInline  = 10240
	maxManaged = 10
)

// A SizeError says that a policy is too large for a managed one. The policy is
// right all the same, and is returned with it: IAM takes up to 10,240
// characters inline, and [RolePolicies] makes several managed policies of it.
type SizeError struct {
	Size int // in characters that are not white space
}

func (e *SizeError) Error() string {
	way := "attach it as an inline policy, which may have 10240, or split it into several"
	if e.Size > maxInline {
		way = "inline policies may have 10240: split it into several managed ones"
	}
	return fmt.Sprintf("the policy has %d characters, and a managed policy at most %d; %s", e.Size, MaxRole, way)
}

// RolePolicy returns the identity policy of the role that m's calls are made
// under: it allows what m grants and explicitly denies the rest, so that no
// resource policy adds to it. It is indented JSON. If the error is a
// [*SizeError], the policy is returned with it.
//
// A request is denied if no grant covers it: if for every grant the action, the
// resource or one of the conditions is another. The statements say so in the
// same words, one for each way in which it can be so:
//
//   - Deny NotAction, all granted actions, on "*".
//   - Deny an action on NotResource, all resources that any grant of it has. An
//     action that several grants name by different patterns is denied by all of
//     them at once. An action without resource types is evaluated as on "*";
//     it has to be granted on "*", which no NotResource leaves over, so no such
//     statement is written for it. Granted on an ARN, it is denied, as IAM
//     would have done in silence.
//   - Deny under a condition's contrary, of every operator and for a missing key
//     as well: StringNotEquals for StringEquals, NumericGreaterThanEqualsIfExists
//     for NumericLessThan, ForAllValues:StringNotEquals and Null for
//     ForAnyValue:StringEqualsIfExists. A request whose resource's account AWS
//     does not tell is denied by the account pin, and the Allow would not have
//     covered it either.
//
// Left to resource policies, and so not denied, are KMS calls that a service
// makes for a call it was granted (kms:ViaService). The keys that AWS manages,
// which secrets, queues and parameters are encrypted under unless one says
// otherwise, are open to a service's callers by their own key policy alone; a
// Deny would lock them. Where IAM has no words, the Allow carries a condition
// and no Deny does: there is no contrary of BinaryEquals, one statement does not
// hold every set of conditions on one key, and what comes of a value that is
// not of its operator's sort, or of several values under an operator without a
// set prefix, AWS does not say.
//
// A manifest that calls under the execution role itself has no such role: see
// [SelfPolicy].
func RolePolicy(m *manifest.Manifest) ([]byte, error) {
	statements, err := roleStatements(m)
	if err != nil {
		return nil, err
	}
	return sized(statements)
}

func roleStatements(m *manifest.Manifest) ([]statement, error) {
	switch {
	case m.Credentials.Unminted:
		return nil, errors.New("credentials are unminted: calls are made under the execution role, and there is no other; write the policy of a role that is its own")
	case m.Credentials.Role == manifest.Self:
		return nil, fmt.Errorf("credentials.role is %q: calls are made under the execution role; write the policy of a role that is its own", manifest.Self)
	}
	rules, err := rulesOf(m)
	if err != nil {
		return nil, err
	}
	left := viaServices(rules)
	return fitting(bound(rules, left), slices.Concat(rules, left)), nil
}

// RolePolicies returns the policy of [RolePolicy] in as many documents as it
// takes for each to be a managed policy. The role is to have all of them: what
// denies comes first, so that a role that has only the first ones may do less
// than the manifest grants, or nothing, as long as it has nothing else.
func RolePolicies(m *manifest.Manifest) ([][]byte, error) {
	statements, err := roleStatements(m)
	if err != nil {
		return nil, err
	}
	if text, err := sized(statements); err == nil {
		return [][]byte{text}, nil
	}
	slices.SortStableFunc(statements, func(s, t statement) int {
		switch {
		case s.deny == t.deny:
			return 0
		case s.deny:
			return -1
		}
		return 1
	})
	var all [][]byte
	for len(statements) > 0 {
		n := 1
		text, err := sized(statements[:n])
		if err != nil {
			return nil, fmt.Errorf("one statement alone is too large for a managed policy: %w; write fewer, wider grants", err)
		}
		for ; n < len(statements); n++ {
			more, err := sized(statements[:n+1])
			if err != nil {
				break
			}
			text = more
		}
		all, statements = append(all, text), statements[n:]
	}
	if len(all) > maxManaged {
		return nil, fmt.Errorf("the policy takes %d managed policies, and a role has at most %d: write fewer, wider grants, or split the function", len(all), maxManaged)
	}
	return all, nil
}

// sized returns the policy of statements, and an error if it is too large.
func sized(statements []statement) ([]byte, error) {
	text := indented(statements)
	size := len(text)
	for _, c := range text {
		if c == ' ' || c == '\n' { // within a string there is no line's end, and a space counts as none
			size--
		}
	}
	if size > MaxRole {
		return text, &SizeError{Size: size}
	}
	return text, nil
}

// A rule is a grant as a role policy reads it.
type rule struct {
	actions    []string
	resources  []string
	conditions conditions
}

// rulesOf returns m's grants as rules.
func rulesOf(m *manifest.Manifest) ([]rule, error) {
	account := accountOf(m.Account)
	var rules []rule
	for _, g := range m.Grants {
		if g.Anonymous {
			continue // no role makes such calls
		}
		if account == "" && usesAccount(g) {
			return nil, fmt.Errorf("%s is in the function's own account, which is not known: write credentials.role as an ARN, or name the account", g)
		}
		r := rule{actions: g.Actions, resources: grantResources(g, account)}
		for _, a := range r.actions {
			if !isAction(a, true) {
				return nil, fmt.Errorf("%s: %q cannot be written as an action", g, a)
			}
		}
		if len(r.resources) != len(g.Resources) || len(r.resources) == 0 {
			return nil, fmt.Errorf("%s: %q cannot all be written as resources: each is an ARN or \"*\", and no variable but %s has a value here", g, g.Resources, accountVariable)
		}
		var ok bool
		if r.conditions, ok = grantConditions(g, account); !ok {
			return nil, fmt.Errorf("%s: its conditions cannot stand in one statement; write them as one with all values", g)
		}
		rules = append(rules, r)
	}
	return rules, nil
}

// usesAccount reports whether g means an account that the manifest does not say.
func usesAccount(g *manifest.Grant) bool {
	const variable = "${aws:principalaccount}"
	for _, p := range g.Resources {
		if strings.Contains(strings.ToLower(string(p)), variable) {
			return true
		}
	}
	for _, c := range g.Conditions {
		for _, v := range c.Values {
			if strings.Contains(strings.ToLower(v), variable) {
				return true
			}
		}
	}
	return false
}

// viaServices returns what is neither allowed nor denied: the use of a KMS key
// by a service that rules grant something of. What it can be used for is
// bounded by those grants.
func viaServices(rules []rule) []rule {
	var via []string
	for _, r := range rules {
		for _, a := range r.actions {
			service, _, _ := strings.Cut(strings.ToLower(a), ":")
			if service != "kms" {
				// "s3.eu-west-1.amazonaws.com": KMS alone says it, and so its
				// beginning is enough.
				via = append(via, service+".*")
			}
		}
	}
	if len(via) == 0 {
		return nil
	}
	cs, _ := conditions(nil).with(condition{"StringLike", "kms:ViaService", via})
	return []rule{{
		actions:    []string{"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext"},
		resources:  []string{"*"},
		conditions: cs,
	}}
}

// bound returns statements that allow rules and explicitly deny whatever neither
// rules nor left cover.
func bound(rules, left []rule) []statement {
	a := make(access)
	for _, r := range rules {
		for _, action := range r.actions {
			for _, resource := range r.resources {
				a.add(pair{action, resource}, r.conditions)
			}
		}
	}
	denied, _ := denials(slices.Concat(rules, left))
	return append(a.statements(false), denied...)
}
