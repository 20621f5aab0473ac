package aws

import (
	"iter"
	"strings"
)

// A tree is an object of a body's. The zero tree is one that is not there, and
// has no members.
type tree struct {
	d    *document
	at   uint32
	made []field // instead of d: what no body has like this
}

// A field is a member that was made.
type field struct {
	name  string
	value any
}

// treeOf makes an object.
func treeOf(fields ...field) tree {
	if fields == nil {
		fields = []field{}
	}
	return tree{made: fields}
}

// is reports whether there is such an object.
func (t tree) is() bool { return t.d != nil || t.made != nil }

func (t tree) len() int {
	if t.d != nil {
		return int(t.d.node(t.at).from)
	}
	return len(t.made)
}

// get returns a member; one that is absent is nil, as null is.
func (t tree) get(name string) any {
	v, _ := t.find(name)
	return v
}

// find returns a member, and whether it is there.
func (t tree) find(name string) (any, bool) {
	if t.d != nil {
		i, ok := t.d.find(t.at, name)
		if !ok {
			return nil, false
		}
		return t.d.value(i), true
	}
	for _, f := range t.made {
		if f.name == name {
			return f.value, true
		}
	}
	return nil, false
}

// all are the members, in the order in which they stand.
func (t tree) all() iter.Seq2[string, any] {
	return func(yield func(string, any) bool) {
		if t.d != nil {
			for i := range t.d.members(t.at) {
				if !yield(t.d.name(i), t.d.value(i)) {
					return
				}
			}
		}
		for _, f := range t.made {
			if !yield(f.name, f.value) {
				return
			}
		}
	}
}

// names are the names of the members.
func (t tree) names() iter.Seq[string] {
	return func(yield func(string) bool) {
		if t.d != nil {
			for i := range t.d.members(t.at) {
				if !yield(t.d.name(i)) {
					return
				}
			}
		}
		for _, f := range t.made {
			if !yield(f.name) {
				return
			}
		}
	}
}

// otherCase returns the name of a member that is spelled like name in another
// case, if there is one.
func (t tree) otherCase(name string) (string, bool) {
	if t.d != nil {
		for i := range t.d.members(t.at) {
			n := t.d.node(i)
			raw := t.d.raw(n)
			if n.spelled() {
				raw = []byte(t.d.spelled(raw))
			}
			if string(raw) != name && strings.EqualFold(string(raw), name) {
				return string(raw), true
			}
		}
		return "", false
	}
	for _, f := range t.made {
		if f.name != name && strings.EqualFold(f.name, name) {
			return f.name, true
		}
	}
	return "", false
}

// A series is a list of a body's. The zero series is one that is not there, and
// is empty.
type series struct {
	d    *document
	at   uint32
	made []any // instead of d
}

func (s series) len() int {
	if s.d != nil {
		return int(s.d.node(s.at).from)
	}
	return len(s.made)
}

// first is the first element of a list that has one.
func (s series) first() any {
	for _, v := range s.all() {
		return v
	}
	return nil
}

// all are the elements, and their places in the list.
func (s series) all() iter.Seq2[int, any] {
	return func(yield func(int, any) bool) {
		if s.d != nil {
			k := 0
			for i := range s.d.members(s.at) {
				if !yield(k, s.d.value(i)) {
					return
				}
				k++
			}
		}
		for k, v := range s.made {
			if !yield(k, v) {
				return
			}
		}
	}
}

// unfolded refuses an object with members that differ only in case: readers who
// do not care for case would take either.
func unfolded(t tree) error {
	if t.d != nil {
		return t.d.distinct(t.at, true)
	}
	if len(t.made) < 2 {
		return nil
	}
	seen := make(map[string]string, len(t.made))
	for _, f := range t.made {
		key := fold(f.name)
		if other, ok := seen[key]; ok {
			return twice(other, f.name)
		}
		seen[key] = f.name
	}
	return nil
}
