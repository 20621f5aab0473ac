package aws

import (
	"fmt"
	"slices"
	"strings"
)

// rolesWithin returns the roles that stand anywhere in the body, by how their
// members are called: those of an action in a rule, or of a source in a list.
// An empty text is none.
func (c *tableCall) rolesWithin() ([]string, error) {
	if !c.table.speaks("rest-xml") {
		members, err := c.body()
		if err != nil {
			return nil, err
		}
		all, err := rolesIn(nil, members)
		slices.Sort(all) // members have no order
		return all, err
	}
	body, err := c.in.body()
	if err != nil || len(body) == 0 {
		return nil, err
	}
	root, err := c.in.readXML(body, "")
	if err != nil {
		return nil, err
	}
	return rolesInXML(nil, root), nil
}

func rolesIn(all []string, v any) (_ []string, err error) {
	switch v := v.(type) {
	case series:
		for _, e := range v.all() {
			if all, err = rolesIn(all, e); err != nil {
				return nil, err
			}
		}
	case tree:
		for name, e := range v.all() {
			switch s, ok := e.(string); {
			case ok && s != "" && isRoleName(name):
				if all = append(all, s); len(all) > maxNamed {
					return nil, errNamed
				}
			case e == nil || ok:
			case isRoleName(name) && !isNested(e):
				return nil, fmt.Errorf("member %.40q is to be a role, and is no text", name)
			default:
				if all, err = rolesIn(all, e); err != nil {
					return nil, err
				}
			}
		}
	}
	return all, nil
}

func isNested(v any) bool {
	switch v.(type) {
	case series, tree:
		return true
	}
	return false
}

func rolesInXML(all []string, e *element) []string {
	if len(e.children) == 0 && e.text != "" && isRoleName(e.name) {
		return append(all, e.text)
	}
	for i := range e.children {
		all = rolesInXML(all, &e.children[i])
	}
	return all
}

// isRoleName reports whether a member called so is a role.
func isRoleName(name string) bool {
	name = fold(strings.NewReplacer("_", "", "-", "").Replace(name))
	return strings.HasSuffix(name, "rolearn") || strings.HasSuffix(name, "servicerole") || strings.HasSuffix(name, "iamrole")
}
