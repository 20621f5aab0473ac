package aws

import (
	"fmt"
	"slices"
	"strings"
)

// formMembers returns the parameters of a form as the members that they are:
// "Filter.1.Value.2" is the second element of the list that is member Value of
// the first element of the list Filter. Members are string, [series]
// and [tree].
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
func formMembers(params map[string]string) (tree, error) { return readForm(params, nil) }

// readForm is formMembers with spend asked for what it takes.
func readForm(params map[string]string, spend func(int64) error) (tree, error) {
	names := make([]string, 0, len(params))
	for name := range params {
		names = append(names, name)
	}
	slices.SortFunc(names, comparePaths)
	f := formReader{params: params, spend: spend}
	fields, err := f.members(names, 0, 0)
	return treeOf(fields...), err
}

// comparePaths orders names so that those of one object stand together, behind
// what has the name of the object itself.
func comparePaths(a, b string) int {
	for i := range min(len(a), len(b)) {
		switch x, y := a[i], b[i]; {
		case x == y:
		case x == '.':
			return -1
		case y == '.':
			return 1
		default:
			return int(x) - int(y)
		}
	}
	return len(a) - len(b)
}

type formReader struct {
	params  map[string]string
	spend   func(int64) error // asked before so many bytes are taken; nil: nobody
	objects int
}

// members reads the members of the object that names are of, in their order:
// depth parts of each, which are its first at bytes, lead to it.
func (f *formReader) members(names []string, at, depth int) ([]field, error) {
	fields := []field{}
	for len(names) > 0 {
		name := names[0]
		part, _, more := strings.Cut(name[at:], ".")
		switch {
		case part == "" && name != "":
			return nil, fmt.Errorf("parameter %.80q has an empty part", name)
		case depth > maxDepth:
			return nil, fmt.Errorf("parameter %.80q nests deeper than %d", name, maxDepth)
		case isNumber(part) && part[0] == '0' && part != "0":
			return nil, fmt.Errorf("parameter %.80q has a number that begins with 0", name)
		}
		behind := at + len(part)
		if !more {
			if names = names[1:]; len(names) > 0 && strings.HasPrefix(names[0], name+".") {
				return nil, fmt.Errorf("parameter %.80q is text and has members", name)
			}
			fields = append(fields, field{part, f.params[name]})
			continue
		}
		n := 1
		for n < len(names) && strings.HasPrefix(names[n], name[:behind+1]) {
			n++
		}
		if f.objects++; f.objects > 2*maxPairs {
			return nil, fmt.Errorf("more than %d objects", 2*maxPairs)
		}
		if f.spend != nil {
			if err := f.spend(objectBytes); err != nil {
				return nil, err
			}
		}
		inner, err := f.members(names[:n], behind+1, depth+1)
		if err != nil {
			return nil, err
		}
		if list, ok := formList(inner); ok {
			fields = append(fields, field{part, series{made: list}})
		} else {
			fields = append(fields, field{part, treeOf(inner...)})
		}
		names = names[n:]
	}
	return fields, unfolded(treeOf(fields...))
}

// objectBytes is what an object with a member of its own takes.
const objectBytes = 192

// formList returns the list that an object is, and whether it is one.
func formList(fields []field) ([]any, bool) {
	if len(fields) == 1 && fields[0].name == "member" {
		if list, ok := fields[0].value.(series); ok {
			return list.made, true
		}
	}
	for _, f := range fields {
		if !isNumber(f.name) {
			return nil, false
		}
	}
	slices.SortFunc(fields, func(a, b field) int {
		if len(a.name) != len(b.name) {
			return len(a.name) - len(b.name)
		}
		return strings.Compare(a.name, b.name)
	})
	list := make([]any, len(fields))
	for i, f := range fields {
		list[i] = f.value
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
