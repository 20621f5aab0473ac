package manifest

import (
	"fmt"
	"strings"
)

// secrets reads the kind `secrets`.
func (p *parser) secrets(e *entry) {
	f, ok := e.fields["read"]
	if !ok {
		return
	}
	names, ok := p.names(f.value, `"read"`)
	var secrets []Pattern
	for _, n := range names {
		s, warning, err := p.secretARN(n.string)
		if err != nil && n.string != "" {
			p.errorf(n.at, "read: %q: %v", n.string, err)
		}
		if warning != "" {
			p.warnf(n.at, "%s", warning)
		}
		ok = ok && err == nil
		secrets = append(secrets, s)
	}
	if ok && p.room(f.key, len(secrets)) {
		g := p.grant(e, f, []string{"secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"}, secrets)
		g.Needs = p.keyUse(e, "secretsmanager", "", "kms:Decrypt")
	}
}

// suffix is a hyphen and the six characters that Secrets Manager appends to a
// secret's name in its ARN, so that a secret made anew under an old name is not
// granted by the old ARN. (AWS Secrets Manager User Guide, "What's in a
// Secrets Manager secret?")
const suffix = "-??????"

// secretARN returns the pattern of a secret, of which s is the name, the ARN,
// or the ARN without the suffix.
func (p *parser) secretARN(s string) (secret Pattern, warning string, err error) {
	name := s
	a, isARN := parseARN(s)
	if isARN {
		if err := a.check("secretsmanager", false); err != nil {
			return "", "", err
		}
		var ok bool
		if name, ok = strings.CutPrefix(a.resource, "secret:"); !ok {
			return "", "", fmt.Errorf("a secret's ARN has \"secret:\" before its name")
		}
	}
	// (AWS Secrets Manager API Reference, CreateSecret, "Name"; an ARN has
	// seven characters more.)
	if name == "" || len(name) > 512+len(suffix) || !made(name, letters+digits+"/_+=.@-") {
		return "", "", fmt.Errorf("a secret is a name of letters, digits and /_+=.@-, or its ARN; wildcards are for \"allow\"")
	}
	switch cut := len(name) - len(suffix); {
	case !isARN:
		return p.regional("secretsmanager", "secret:"+Literal(name)+suffix), "", nil
	case cut > 0 && name[cut] == '-' && made(name[cut+1:], letters+digits):
		// Whether the last word of "…:secret:my-secret" is one cannot be
		// told from the ARN; AWS warns of such names. The narrower reading
		// it is.
		if made(name[cut+1:], lower) {
			warning = fmt.Sprintf("%q is read as the whole ARN of a secret named %q; if the secret is named %q, write that name", s, name[:cut], name)
		}
		return Literal(s), warning, nil
	}
	return Literal(s) + suffix, "", nil
}
