package aws

import (
	"fmt"
	"strings"
)

// optional returns a member that is a string that says something, and whether it
// is there: null is as if it were not.
func optional(members tree, name string) (string, bool, error) {
	if members.get(name) == nil {
		return "", false, nil
	}
	s, err := member(members, name)
	return s, err == nil, err
}

// object reads a member that is an object; absent, it is empty.
func object(members tree, name string) (tree, error) {
	switch v := members.get(name).(type) {
	case nil:
		return tree{}, nil
	case tree:
		return v, nil
	}
	return tree{}, fmt.Errorf("member %q is no object", name)
}

// objects reads a list of objects; absent, it is empty.
func objects(v any, name string) ([]tree, error) {
	list, ok := v.(series)
	if !ok && v != nil {
		return nil, fmt.Errorf("member %q is no list", name)
	}
	if list.len() > maxNamed {
		return nil, errNamed
	}
	all := make([]tree, list.len())
	for i, v := range list.all() {
		if all[i], ok = v.(tree); !ok {
			return nil, fmt.Errorf("member %q has what is no object", name)
		}
	}
	return all, nil
}

// texts reads a list of strings that say something; absent, it is empty.
func texts(v any, name string) ([]string, error) {
	list, ok := v.(series)
	if !ok && v != nil {
		return nil, fmt.Errorf("member %q is no list", name)
	}
	if list.len() > maxNamed {
		return nil, errNamed
	}
	all := make([]string, list.len())
	for i, v := range list.all() {
		if all[i], ok = v.(string); !ok || all[i] == "" {
			return nil, fmt.Errorf("member %q has what is no string", name)
		}
	}
	return all, nil
}

// isName reports whether s is not empty and of ASCII letters, digits and more.
func isName(s, more string) bool {
	for i := range len(s) {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(more, c) >= 0) {
			return false
		}
	}
	return s != ""
}
