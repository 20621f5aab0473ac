package iam

import (
	"slices"
	"strings"

	"github.com/lambda-remit/remit/manifest"
)

// A Rest is what a manifest does not grant, as denials to stand in a session policy
// beside what somebody else allows: of the two, IAM lets pass what both let pass.
type Rest struct {
	Text string // statements with commas between them, in ASCII, for version 2012-10-17

	// Whole says that nothing of what AWS alone sees of a call that was decided is
	// left out: what [manifest.Manifest.Decide] takes to hold is held to.
	Whole bool
}

// Beyond returns what m does not grant, in texts that deny less and less: all that
// it does not grant; the same, but for conditions on what stands in a call, where
// the decision alone sees to them; and the actions that no grant has. KMS is left
// alone where a service that m grants something of makes the call, as in
// [RolePolicy]. There is none where a grant of m cannot be written at all, since what
// it allows could not be left out.
//
// A text is not Whole where IAM has no words for a condition's contrary: where a
// value has a variable, which may have none there; of an operator on what can be of
// another sort than it, an address, a number or a date; of a key with several values
// under an operator without a set prefix.
func Beyond(m *manifest.Manifest) []Rest {
	rules, err := rulesOf(m)
	if err != nil {
		return nil
	}
	if len(rules) == 0 {
		return []Rest{{list([]statement{{deny: true, actions: []string{"*"}, resources: []string{"*"}}}), true}}
	}
	rules = slices.Concat(rules, viaServices(rules))
	all, denied := restOf(rules)
	out := []Rest{all}
	if fewer, _ := restOf(unseen(rules)); len(fewer.Text) < len(all.Text) && (fewer.Whole || !all.Whole) {
		out = append(out, fewer)
	}
	for _, s := range denied {
		if s.notAction && len(s.conditions) == 0 && len(denied) > 1 {
			return append(out, Rest{Text: list([]statement{s})})
		}
	}
	return out
}

func restOf(rules []rule) (Rest, []statement) {
	denied, whole := denials(rules)
	for _, r := range rules {
		whole = whole && !slices.ContainsFunc(r.conditions, doubtful)
	}
	text := list(denied)
	if short := list(shorter(denied, patternsOf(rules))); len(short) < len(text) {
		text = short
	}
	return Rest{text, whole}, denied
}

// unseen returns rules without the conditions that the decision has evaluated by the
// time that AWS looks, of those whose actions no other rule has under other
// conditions: what one rule was decided by, another could let pass.
func unseen(rules []rule) []rule {
	out := slices.Clone(rules)
	for i, r := range rules {
		shared := slices.ContainsFunc(rules, func(o rule) bool {
			return !slices.EqualFunc(o.conditions, r.conditions, condition.equal) && slices.ContainsFunc(o.actions, func(a string) bool {
				return slices.ContainsFunc(r.actions, func(b string) bool { return parseAction(a).overlaps(parseAction(b)) })
			})
		})
		if !shared {
			out[i].conditions = slices.DeleteFunc(slices.Clone(r.conditions), func(c condition) bool {
				return !manifest.Deferred(c.key) && !slices.ContainsFunc(c.values, hasVariable(""))
			})
		}
	}
	return out
}

// list is compact of statements alone.
func list(statements []statement) string {
	_, text, _ := strings.Cut(compact(statements), `"Statement":[`)
	return strings.TrimSuffix(text, "]}")
}

// doubtful reports whether a request may meet neither c nor its contrary.
func doubtful(c condition) bool {
	o := split(c.operator)
	switch {
	case !manifest.Deferred(c.key) && !slices.ContainsFunc(c.values, hasVariable("")):
		return false // which was decided
	case o.name == "Null":
		return false
	case !strings.HasPrefix(o.name, "String") && o.name != "Bool", slices.ContainsFunc(c.values, hasVariable("")):
		return true
	}
	switch key := strings.ToLower(c.key); key {
	case "aws:calledvia", "aws:principalservicenameslist", "aws:tagkeys":
		return o.set == ""
	default:
		return o.set == "" && strings.HasSuffix(key, "orgpaths")
	}
}
