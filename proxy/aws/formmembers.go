package aws

import (
	"fmt"
	"slices"
	"strings"
)

// formMembers returns the parameters of a form as the members that they are:
// "Filter.1.Value.2" is the second element of the list that is member Value of
// the first element of the list Filter. Members are string, []any and
// map[string]any.
//
// An object all of whose names are numbers is a list; one with the only name
// "member", which is such a list, is that list too. (Smithy, "AWS query
// protocol" and "AWS EC2 query protocol".) A list without elements is written as
// an empty string. A number may be left out: who numbers elements from 0, or
// leaves some out, means those that there are.
//
// Of objects it takes two for each parameter that there may be: names of many
// parts, each other than all before, would take a hundred times their room.
//
// It refuses names that differ only in case, or in how they write a number, and
// what is both text and object.
func formMembers(params map[string]string) (map[string]any, error) {
	root, objects := make(map[string]any), 0
	for name, value := range params {
		at, rest := root, name
		for depth := 0; ; depth++ {
			part, behind, more := strings.Cut(rest, ".")
			switch {
			case part == "" && name != "":
				return nil, fmt.Errorf("parameter %.80q has an empty part", name)
			case depth > maxDepth:
				return nil, fmt.Errorf("parameter %.80q nests deeper than %d", name, maxDepth)
			case isNumber(part) && part[0] == '0' && part != "0":
				return nil, fmt.Errorf("parameter %.80q has a number that begins with 0", name)
			}
			there, had := at[part]
			if !more {
				if had {
					return nil, fmt.Errorf("parameter %.80q is text and has members", name)
				}
				at[part] = value
				break
			}
			next, ok := there.(map[string]any)
			if had && !ok {
				return nil, fmt.Errorf("parameter %.80q is of what is text", name)
			}
			if !had {
				if objects++; objects > 2*maxPairs {
					return nil, fmt.Errorf("more than %d objects", 2*maxPairs)
				}
				next = make(map[string]any)
				at[part] = next
			}
			at, rest = next, behind
		}
	}
	if err := formLists(root); err != nil {
		return nil, err
	}
	return root, nil
}

// formLists makes lists of the objects in object that are lists.
func formLists(object map[string]any) error {
	if err := unfolded(object); err != nil {
		return err
	}
	for name, v := range object {
		inner, ok := v.(map[string]any)
		if !ok {
			continue
		}
		if err := formLists(inner); err != nil {
			return err
		}
		if list, ok := formList(inner); ok {
			object[name] = list
		}
	}
	return nil
}

// formList returns the list that an object is, and whether it is one.
func formList(object map[string]any) ([]any, bool) {
	if list, ok := object["member"].([]any); ok && len(object) == 1 {
		return list, true
	}
	numbers := make([]string, 0, len(object))
	for name := range object {
		if !isNumber(name) {
			return nil, false
		}
		numbers = append(numbers, name)
	}
	slices.SortFunc(numbers, func(a, b string) int {
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		return strings.Compare(a, b)
	})
	list := make([]any, len(numbers))
	for i, n := range numbers {
		list[i] = object[n]
	}
	return list, true
}

// isNumber reports whether s is of digits alone.
func isNumber(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}
