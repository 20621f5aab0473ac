package main

import (
	"slices"
	"strings"
)

// tagEntry returns the entry of the action that an operation demands besides its
// own where it puts tags on what it makes. The reference lists it with the
// operation, and tells by the keys of both actions that tags are looked at.
// (Service Authorization Reference, "API operations" of each service; IAM User
// Guide, "Controlling access during AWS requests".) own are the resources of the
// operation's own action.
func tagEntry(ref reference, p *pool, s *service, op *operation, actions []string, own string) (string, error) {
	tags := tagsOf(s, op)
	if s.ID == "EC2" || tags == "" || tags[0] == 'k' || len(actions) == 0 || !tagsWhatItMakes(op.Name) { // EC2's file does
		return "", nil
	}
	main, pg, ok := ref.find(actions[0])
	if !ok || !main.seesTags() || strings.Contains(main.AccessLevel, "Tagging") {
		return "", nil
	}
	var tag action
	made := "" // the type of what is made, as the operation's name says it
	for _, a := range sortedActions(pg) {
		if !strings.Contains(a.AccessLevel, "Tagging") || !a.seesTags() || !putsTags(a.Name) {
			continue
		}
		noun := ""
		for _, t := range a.ResourceTypes {
			if n := plain(t.Name); strings.Contains(plain(op.Name), n) && len(n) > len(plain(noun)) {
				noun = t.Name
			}
		}
		// Of several, the one for what is made; of those, the one that is named
		// after it, and the one for all.
		switch {
		case tag.Name == "", len(noun) > len(made), len(noun) == len(made) && (noun != "" && strings.Contains(plain(a.Name), plain(noun)) || a.Name == "TagResource" && !strings.Contains(plain(tag.Name), plain(noun))):
			tag, made = a, noun
		}
	}
	if tag.Name == "" {
		return "", nil
	}
	groups := "?"
	switch _, known := also[key(s.ID)+"/"+op.Name]; {
	case len(tag.ResourceTypes) == 0:
		groups = "*"
	case known: // which of them is made is not said
	case made != "":
		one := tag
		one.ResourceTypes = slices.DeleteFunc(slices.Clone(tag.ResourceTypes), func(t resourceType) bool { return t.Name != made })
		res, err := resourcesFor(p, s, op, one, pg)
		if err != nil {
			return "", err
		}
		if isOwn(own, res) {
			groups = res
		}
	case !strings.ContainsAny(own, " ?*=") && !starts(op.Name):
		groups = own // it has one, by its name
	}
	// As short as can be: there are more than a thousand.
	e := "#" + strings.TrimSuffix(tag.Name, "TagResource")
	if groups != "?" {
		e += " " + groups
	}
	return e, nil
}

// isOwn reports whether all of groups are of the operation's own action, and by
// name: what a request states the ARN of was there before.
func isOwn(own, groups string) bool {
	if strings.ContainsAny(groups, "?*=") {
		return false
	}
	for g := range strings.FieldsSeq(groups) {
		if !slices.Contains(strings.FieldsFunc(own, func(r rune) bool { return r == ' ' || r == '|' }), g) {
			return false
		}
	}
	return groups != ""
}

// tagsWhatItMakes reports whether an operation of this name makes something: the
// tags of others are on something that is there, and what they demand besides is
// not the reference's to tell.
func tagsWhatItMakes(name string) bool {
	for _, verb := range []string{
		"Add", "Associate", "Change", "Check", "Delete", "Describe", "Disassociate", "Get", "List", "Lookup", "Modify", "Query", "Remove", "Search", "Set", "Simulate", "Tag", "Test", "Untag", "Validate",
	} {
		if strings.HasPrefix(name, verb) {
			return false
		}
	}
	return !strings.HasPrefix(name, "Update") || name == "UpdateStack" || name == "UpdateStackSet" // whose tags are their resources'
}

// starts reports whether what an operation makes is a run of what it names.
func starts(name string) bool {
	for _, verb := range []string{"Invoke", "Request", "Run", "Send", "Start", "Submit"} {
		if strings.HasPrefix(name, verb) {
			return true
		}
	}
	return false
}

// putsTags reports whether an action of the level "Tagging" puts tags on what
// has been made just now.
func putsTags(name string) bool {
	for _, verb := range []string{"Tag", "AddTags", "CreateTags", "CreateOrUpdateTags"} {
		if strings.HasPrefix(name, verb) {
			switch name {
			case "AddTagsToOnPremisesInstances", "TagGetWebIdentityToken", "TagLogGroup", "TagMultiRegionResource", "TagSession":
				return false // of what is not made so, or the older of two
			}
			return true
		}
	}
	return false
}

// seesTags reports whether conditions of a policy on the action can be on the
// tags of the request.
func (a action) seesTags() bool {
	sees := func(keys []string) bool {
		return slices.ContainsFunc(keys, func(k string) bool {
			return strings.HasPrefix(k, "aws:RequestTag/") || k == "aws:TagKeys"
		})
	}
	return sees(a.ConditionKeys) || slices.ContainsFunc(a.ResourceTypes, func(t resourceType) bool { return sees(t.ConditionKeys) })
}

func sortedActions(pg *page) []action {
	var all []action
	for _, a := range pg.Actions {
		all = append(all, a)
	}
	slices.SortFunc(all, func(a, b action) int { return strings.Compare(a.Name, b.Name) })
	return all
}
