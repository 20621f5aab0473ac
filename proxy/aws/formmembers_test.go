package aws

import (
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"strings"
	"testing"
)

func TestFormsAreReadAsTheMembersThatTheyAre(t *testing.T) {
	for _, tt := range []struct {
		form string
		want string // as fmt writes it; an error's text behind "error: "
	}{
		{"Action=RunInstances&Version=2016-11-15", "map[Action:RunInstances Version:2016-11-15]"},
		{"Filter.1.Name=state&Filter.1.Value.1=on&Filter.1.Value.2=off&Filter.2.Name=az", "map[Filter:[map[Name:state Value:[on off]] map[Name:az]]]"},
		{"Names.member.1=a&Names.member.2=b", "map[Names:[a b]]"},
		{"Tags.member.1.Key=k&Tags.member.1.Value=v", "map[Tags:[map[Key:k Value:v]]]"},
		{"Attributes.entry.1.key=Policy&Attributes.entry.1.value=x", "map[Attributes:map[entry:[map[key:Policy value:x]]]]"},
		{"Names=", "map[Names:]"},
		{"I.2=b&I.10=c&I.1=a", "map[I:[a b c]]"},
		{"I.0=a&I.7=b", "map[I:[a b]]"},
		{"Structure.member.Name=x", "map[Structure:map[member:map[Name:x]]]"},
		{"Structure.member.1=x&Structure.Other=y", "map[Structure:map[Other:y member:[x]]]"},
		{"I.1=a&I.01=b", "error: parameter \"I.01\" has a number that begins with 0"},
		{"I.1=a&I.1.N=b", "error: parameter \"I.1"},
		{"I=&I.1=b", "error: parameter \"I"},
		{"Filter.1.Name=a&filter.1.Name=b", "error: member \"filter\" stands twice"},
		{"Filter.1.Name=a&Filter.1.name=b", "error: member \"name\" stands twice"},
		{"A..B=x", "error: parameter \"A..B\" has an empty part"},
		{".A=x", "error: parameter \".A\" has an empty part"},
		{"A.=x", "error: parameter \"A.\" has an empty part"},
		{strings.Repeat("a.", 100) + "a=x", "nests deeper"},
	} {
		pairs, err := parseForm(tt.form)
		if err != nil {
			t.Fatal(err)
		}
		params := make(map[string]string)
		for _, p := range pairs {
			params[p.name] = p.value
		}
		m, err := formMembers(params)
		got := fmt.Sprint(plainly(m))
		if err != nil {
			got = "error: " + err.Error()
		}
		if err == nil && got != tt.want || err != nil && !strings.Contains(got, tt.want) {
			t.Errorf("%s: got %s, want %s", tt.form, got, tt.want)
		}
	}
}

func TestFormsOfManyObjectsAreRefused(t *testing.T) {
	params := make(map[string]string, maxPairs)
	for i := range maxPairs {
		params[fmt.Sprintf("p%d.%sb", i, strings.Repeat("a.", 60))] = ""
	}
	if _, err := formMembers(params); err == nil {
		t.Errorf("%d parameters of sixty parts each were read", len(params))
	}
}

// FuzzFormMembers writes the members again, and has each value once.
func FuzzFormMembers(f *testing.F) {
	f.Add("Filter.1.Name=state&Filter.1.Value.1=on&Filter.1.Value.2=off")
	f.Add("Attributes.entry.1.key=Policy&Attributes.entry.1.value=x&Names.member.1=a")
	f.Add("I.2=b&I.10=c&I.1=a&I.01=b")
	f.Fuzz(func(t *testing.T, form string) {
		values, err := url.ParseQuery(form)
		if err != nil {
			return
		}
		params := make(map[string]string)
		for name := range values {
			params[name] = values.Get(name)
		}
		read, err := formMembers(params)
		if err != nil {
			return
		}
		m := plainly(read)
		if got := countTexts(m); got != len(params) {
			t.Fatalf("%q: %d values in %v, want %d", form, got, m, len(params))
		}
		flat := make(map[string]string)
		flatten(flat, "", m)
		again, err := formMembers(flat)
		if err != nil || !reflect.DeepEqual(m, plainly(again)) {
			t.Fatalf("%q: read as %v, written as %v, read as %v (%v)", form, m, flat, again, err)
		}
		if twice, err := formMembers(maps.Clone(params)); err != nil || !reflect.DeepEqual(m, plainly(twice)) {
			t.Fatalf("%q: read as %v and as %v (%v)", form, m, twice, err)
		}
	})
}

func countTexts(v any) (n int) {
	switch v := v.(type) {
	case string:
		n = 1
	case []any:
		for _, v := range v {
			n += countTexts(v)
		}
	case map[string]any:
		for _, v := range v {
			n += countTexts(v)
		}
	}
	return n
}

func flatten(flat map[string]string, prefix string, v any) {
	switch v := v.(type) {
	case string:
		flat[strings.TrimSuffix(prefix, ".")] = v
	case []any:
		for i, v := range v {
			flatten(flat, fmt.Sprintf("%s%d.", prefix, i+1), v)
		}
	case map[string]any:
		for name, v := range v {
			flatten(flat, prefix+name+".", v)
		}
	}
}
