package manifest

import (
	"errors"
	"fmt"
	"strings"
)

// parameters reads the kind `parameters`.
func (p *parser) parameters(e *entry) {
	if !e.has("read", "path") {
		return
	}
	key := p.keyUse(e, "ssm", "", "kms:Decrypt")
	get := []string{"ssm:GetParameter", "ssm:GetParameters"}
	if f, ok := e.fields["read"]; ok {
		if list, ok := p.arns(f, p.parameterARN); ok && p.room(f.key, len(list)) {
			p.grant(e, f, get, list).Needs = key
		}
	}
	f, ok := e.fields["path"]
	if !ok {
		return
	}
	paths, ok := p.arns(f, p.pathARN)
	var all []Pattern
	for _, path := range paths {
		// The path itself is what GetParametersByPath is authorized on.
		if path != "" && !strings.HasSuffix(string(path), "/") {
			all = append(all, path)
			path += "/"
		}
		all = append(all, path+"*")
	}
	if ok && p.room(f.key, len(all)) {
		p.grant(e, f, append(get, "ssm:GetParametersByPath"), all).Needs = key
	}
}

// pathARN is parameterARN for a path, which ends before the last slash.
func (p *parser) pathARN(s string) (Pattern, error) {
	switch {
	case s == "/":
		return p.regional("ssm", "parameter/"), nil
	case !strings.HasPrefix(s, "/") && !strings.HasPrefix(s, "arn:"):
		return "", errors.New("a path begins with a slash")
	}
	return p.parameterARN(strings.TrimSuffix(s, "/"))
}

// parameterARN returns the pattern of a parameter, of which s is the name or
// the ARN. A name in a hierarchy begins with a slash, which is that of the
// ARN. (AWS Systems Manager User Guide, "About requirements and constraints for
// parameter names".)
func (p *parser) parameterARN(s string) (Pattern, error) {
	name := s
	a, isARN := parseARN(s)
	if isARN {
		// AWS's own parameters are in no account.
		if a.account == "" && strings.HasPrefix(a.resource, "parameter/aws/") {
			a.account = "000000000000"
		}
		if err := a.check("ssm", false); err != nil {
			return "", err
		}
		var ok bool
		if name, ok = strings.CutPrefix(a.resource, "parameter/"); !ok {
			return "", errors.New("a parameter's ARN has \"parameter/\" before its name")
		}
	}
	name = strings.TrimPrefix(name, "/")
	switch {
	case strings.Contains(name, ":"):
		return "", errors.New("a parameter is granted with all its versions and labels: leave the colon out and what follows it")
	case name == "" || len(name) > 1011 || !made(name, letters+digits+"_.-/") || strings.Contains(name, "//") || strings.HasSuffix(name, "/"):
		return "", fmt.Errorf("a parameter is a name of letters, digits and _.-/, or its ARN; wildcards are for \"allow\"")
	case isARN:
		return Literal(s), nil
	case strings.HasPrefix(name, "aws/"):
		// Public ones are in no account, and nobody else may make such names.
		region := p.m.Region
		if region == "" {
			region = "*"
		}
		return Pattern(arn{p.m.Partition, "ssm", region, "*", "parameter/" + name}.String()), nil
	}
	return p.regional("ssm", "parameter/"+Literal(name)), nil
}
