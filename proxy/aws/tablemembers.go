package aws

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// text returns what stands at a path of the tables, "b.StreamName", of a
// member that is one text or number; absent or null, it is nothing.
func (c *tableCall) text(path string) (string, bool, error) {
	all, err := c.values(path)
	switch {
	case err != nil || len(all) == 0:
		return "", false, err
	case len(all) > 1:
		return "", false, fmt.Errorf("%q stands %d times", path[2:], len(all))
	}
	return all[0], true, nil
}

// values returns all that stands at a path of the tables.
func (c *tableCall) values(path string) ([]string, error) {
	where, name, list := path[0], path[2:], false
	if where != 'b' {
		name, list = strings.CutSuffix(name, ".#")
	}
	var all []string
	switch where {
	case 'l':
		if v, ok := c.labels[name]; ok {
			all = []string{v}
		}
	case 'q':
		for _, p := range c.in.query {
			if p.name == name {
				all = append(all, p.value)
			} else if strings.EqualFold(p.name, name) {
				return nil, fmt.Errorf("parameter %.40q is spelled %q", p.name, name)
			}
		}
	case 'h':
		all = c.in.r.Header.Values(name)
		if list && len(all) == 1 {
			all = strings.Split(all[0], ",")
			for i := range all {
				all[i] = strings.TrimSpace(all[i])
			}
		}
	case 'b':
		members, err := c.body()
		if err != nil {
			return nil, err
		}
		return membersAt(members, name)
	default:
		return nil, fmt.Errorf("the table has the path %q", path)
	}
	if len(all) > 1 && !list {
		return nil, fmt.Errorf("%q stands twice", name)
	}
	return all, nil
}

// membersAt returns the texts at a path below v: "A.B" is member B of A, and
// "A.#" every element of A.
func membersAt(v any, path string) ([]string, error) {
	for path != "" {
		var step string
		step, path, _ = strings.Cut(path, ".")
		if step == "#" {
			return elements(v, path)
		}
		if v == "" && strings.HasPrefix(path, "#") {
			return nil, nil // how a form writes an empty list whose elements have a name
		}
		object, ok := v.(tree)
		if !ok {
			return nil, fmt.Errorf("what member %q is to stand in is no object", step)
		}
		var err error
		if v, err = memberOf(object, step); err != nil || v == nil {
			return nil, err
		}
	}
	s, err := plainText(v)
	if err != nil {
		return nil, err
	}
	return []string{s}, nil
}

// memberOf returns a member of an object. One that stands there in another
// case as well, or instead, is an error: some readers do not care for it.
func memberOf(object tree, name string) (any, error) {
	if other, ok := object.otherCase(name); ok {
		return nil, fmt.Errorf("member %.40q is spelled %q", other, name)
	}
	return object.get(name), nil
}

// textOf returns a member of an object that is text, or "" where it is absent
// or null.
func textOf(object tree, name string) (string, error) {
	v, err := memberOf(object, name)
	if err != nil || v == nil {
		return "", err
	}
	s, ok := v.(string)
	if !ok {
		return "", fmt.Errorf("member %q is no string", name)
	}
	return s, nil
}

func elements(v any, path string) ([]string, error) {
	if s, ok := v.(string); ok && s == "" {
		return nil, nil // how a form writes an empty list
	}
	list, ok := v.(series)
	if !ok {
		return nil, fmt.Errorf("what is to be a list is none")
	}
	var all []string
	for _, e := range list.all() {
		if e == nil {
			continue
		}
		here, err := membersAt(e, path)
		if err != nil {
			return nil, err
		}
		if all = append(all, here...); len(all) > maxNamed {
			return nil, errNamed
		}
	}
	return all, nil
}

// plainText is a member that names something, as text.
func plainText(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case json.Number:
		if s := v.String(); isNumber(s) && len(s) <= 15 && (s[0] != '0' || s == "0") {
			return s, nil
		}
		return "", fmt.Errorf("the number %.40s, which is to name something, can be written in several ways", v)
	case int64:
		return strconv.FormatInt(v, 10), nil
	case uint64:
		return strconv.FormatUint(v, 10), nil
	}
	return "", fmt.Errorf("what is to name something is neither text nor number")
}

// requestTags returns the tags that an operation's request has.
func (c *tableCall) requestTags() (tags []tag, keysOnly bool, err error) {
	kind, path, ok := strings.Cut(c.operation.tags, " ")
	if !ok {
		return nil, false, nil
	}
	switch kind[0] {
	case 'k':
		keys, err := c.values(path + ".#")
		for _, k := range keys {
			tags = append(tags, tag{key: k})
		}
		return tags, true, err
	case 'm', 'l':
		members, err := c.body()
		if err != nil {
			return nil, false, err
		}
		list, within, _ := strings.Cut(path[2:], ".")
		v, err := memberOf(members, list)
		if object, ok := v.(tree); ok && within != "" && err == nil {
			v, err = memberOf(object, within)
		}
		if err != nil || v == nil {
			return nil, false, err
		}
		if kind[0] == 'm' {
			tags, err = tagMap(v)
			return tags, false, err
		}
		if s, ok := v.(string); ok && s == "" {
			return nil, false, nil
		}
		key, value, _ := strings.Cut(kind[1:], ",")
		all, err := objects(v, path[2:])
		for _, o := range all {
			k, err := textOf(o, key)
			if err != nil {
				return nil, false, err
			}
			if k == "" {
				continue // the service refuses it, or takes it for none
			}
			val, err := textOf(o, value) // which may be left out
			if err != nil {
				return nil, false, err
			}
			tags = append(tags, tag{k, val})
		}
		return tags, false, err
	}
	return nil, false, fmt.Errorf("the table has the tags %q", c.operation.tags)
}
