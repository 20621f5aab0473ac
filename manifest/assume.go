package manifest

import (
	"errors"
	"fmt"
	"strings"
)

// assume reads the kind `assume`.
func (p *parser) assume(e *entry) {
	f, has := e.fields["role"]
	t, tagged := e.fields["tags"]
	if !has {
		if tagged {
			p.errorf(t.key, `tags: these are of sessions, and the entry assumes no role: write "role"`)
		}
		return
	}
	roles, ok := p.arns(f, p.roleARN)
	if !ok || !p.room(f.key, len(roles)) {
		return
	}
	p.grant(e, f, []string{"sts:AssumeRole"}, roles)
	if !tagged {
		return
	}
	// Tags need both actions. (IAM User Guide, "Pass session tags in AWS STS".)
	if conditions, ok := p.tagConditions(e, t, "aws:TagKeys", "aws:RequestTag/"); ok {
		if len(conditions) > 0 {
			p.left(t.key, "tags: which tags a session has")
		}
		p.grant(e, t, []string{"sts:TagSession"}, roles, conditions...)
	}
}

// roleARN returns the pattern of a role, of which s is the name, the path and
// name, or the ARN.
func (p *parser) roleARN(s string) (Pattern, error) {
	name := s
	a, isARN := parseARN(s)
	if isARN {
		var ok bool
		switch {
		case !isPartition(a.partition):
			return "", fmt.Errorf("%q is no partition", a.partition)
		case a.service != "iam":
			return "", fmt.Errorf("it is an ARN of %q, not of %q", a.service, "iam")
		case a.region != "":
			return "", errors.New("a role's ARN has no region")
		case !isAccount(a.account):
			return "", fmt.Errorf("%q is no account: twelve digits", a.account)
		}
		if name, ok = strings.CutPrefix(a.resource, "role/"); !ok {
			return "", errors.New("a role's ARN has \"role/\" before its name")
		}
	}
	path, base := "", strings.TrimPrefix(name, "/")
	if i := strings.LastIndexByte(base, '/'); i >= 0 {
		path, base = base[:i+1], base[i+1:]
	}
	// (IAM API Reference, CreateRole, "RoleName" and "Path".)
	if base == "" || len(base) > 64 || !made(base, letters+digits+"_+=,.@-") || len(path) > 512 || strings.ContainsAny(path, "*? ") || strings.Contains("/"+path, "//") {
		return "", errors.New("a role is a name of at most 64 letters, digits and _+=,.@-, with its path if it has one, or its ARN; wildcards are for \"allow\"")
	}
	if isARN {
		return Literal(s), nil
	}
	return Pattern("arn:"+p.m.Partition+":iam::${"+accountVariable+"}:role/") + Literal(path+base), nil
}
