package manifest

import (
	"errors"
	"strings"
)

// functions reads the kind `functions`.
func (p *parser) functions(e *entry) {
	f, ok := e.fields["invoke"]
	if !ok {
		return
	}
	if list, ok := p.arns(f, p.functionARN); ok && p.room(f.key, len(list)) {
		p.grant(e, f, []string{"lambda:InvokeFunction"}, list)
	}
}

// functionARN returns the pattern of a function, or of one version or alias of
// it, of which s is the name or the ARN. The bare function is what a call
// without a qualifier invokes; a version or an alias is another resource.
// (AWS Lambda Developer Guide, "Resources and conditions for Lambda actions".)
func (p *parser) functionARN(s string) (Pattern, error) {
	name := s
	a, isARN := parseARN(s)
	if isARN {
		if err := a.check("lambda", false); err != nil {
			return "", err
		}
		var ok bool
		if name, ok = strings.CutPrefix(a.resource, "function:"); !ok {
			return "", errors.New("a function's ARN has \"function:\" before its name")
		}
	}
	name, qualifier, qualified := strings.Cut(name, ":")
	switch {
	case name == "" || len(name) > 64 || !made(name, letters+digits+"-_"):
		return "", errors.New("a function is a name of at most 64 letters, digits, - and _, or its ARN; wildcards are for \"allow\"")
	case qualified && qualifier != "$LATEST" && (qualifier == "" || len(qualifier) > 128 || !made(qualifier, letters+digits+"-_")):
		return "", errors.New("after a function's name stands a version's number, an alias or $LATEST; wildcards are for \"allow\"")
	case isARN:
		return Literal(s), nil
	}
	return p.regional("lambda", "function:"+Literal(s)), nil
}
