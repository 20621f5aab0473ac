package manifest

import (
	"errors"
	"strings"
)

// email reads the kind `email`.
func (p *parser) email(e *entry) {
	f, has := e.fields["send_from"]
	if !has {
		for _, name := range []string{"configuration_set", "template"} {
			if f, has := e.fields[name]; has {
				p.errorf(f.key, `%s: this is of sending, and the entry sends from nowhere: write "send_from"`, name)
			}
		}
		return
	}
	list, ok := p.names(f.value, `"send_from"`)
	from := Condition{Operator: "StringEquals", Key: "ses:FromAddress"}
	var on []Pattern
	add := func(r Pattern) {
		for _, have := range on {
			if have == r {
				return
			}
		}
		on = append(on, r)
	}
	for _, n := range list {
		identities, domain, err := p.sender(n.string)
		switch {
		case err != nil:
			if n.string != "" {
				p.errorf(n.at, "send_from: %q: %v", n.string, err)
			}
			ok = false
			continue
		case domain != "":
			from.Operator = "StringLike"
			from.Values = appendNew(from.Values, "*@"+domain)
		default:
			from.Values = appendNew(from.Values, string(Literal(address(n.string))))
		}
		for _, r := range identities {
			add(r)
		}
	}
	actions := []string{"ses:SendEmail", "ses:SendRawEmail"}
	for _, more := range []struct{ field, before, what string }{
		{"configuration_set", "configuration-set/", "a configuration set"},
		{"template", "template/", "a template"},
	} {
		g, has := e.fields[more.field]
		if !has {
			continue
		}
		named, good := p.arns(g, func(s string) (Pattern, error) { return p.sesARN(s, more.before, more.what) })
		ok = ok && good
		for _, r := range named {
			add(r)
		}
		if more.field == "template" {
			actions = append(actions, "ses:SendTemplatedEmail", "ses:SendBulkTemplatedEmail")
		}
	}
	p.left(f.key, "send_from: whom an email is from")
	if ok && p.room(f.key, len(on)) {
		// A configuration set and a template are resources of the same call
		// as the identity. (Service Authorization Reference, "Amazon Simple
		// Email Service v2", SendEmail.)
		p.grant(e, f, actions, on, from)
	}
}

// address is the sender that s is, or that the identity is whose ARN s is.
func address(s string) string {
	if a, isARN := parseARN(s); isARN {
		s = strings.TrimPrefix(a.resource, "identity/")
	}
	return s
}

// sender returns the identities that may be used to send from s, an address or a
// domain or the ARN of either; and the domain, if s is one. Which identity is
// used SES knows alone: an address that is verified itself, or its domain, or
// one that this is below. (Amazon SES Developer Guide, "Verified identities in
// Amazon SES".)
func (p *parser) sender(s string) (identities []Pattern, domain string, err error) {
	name, isARN, err := nameIn(s, "ses", "identity/", "an identity's")
	if err != nil {
		return nil, "", err
	}
	local, host, isAddress := strings.Cut(name, "@")
	if !isAddress {
		local, host = "", name
	}
	labels := strings.Split(host, ".")
	// Mail to and from names of other alphabets takes Punycode there. (Amazon
	// SES API Reference v2, SendEmail, "FromEmailAddress".)
	bad := len(labels) < 2 || len(name) > 320 || !made(host, letters+digits+"-.") || isAddress && (local == "" || strings.ContainsAny(local, "*?@ <>\"\\"))
	for _, l := range labels {
		bad = bad || l == "" || len(l) > 63
	}
	if bad {
		return nil, "", errors.New("a sender is an address (orders@example.com), a domain (example.com), or the ARN of an identity; wildcards are for \"allow\"")
	}
	if !isAddress {
		domain = host
	}
	if isARN {
		return []Pattern{Literal(s)}, domain, nil
	}
	identity := func(name Pattern) Pattern { return p.regional("ses", "identity/"+name) }
	if isAddress {
		identities = append(identities, identity(Literal(name)))
	} else {
		identities = append(identities, identity("*@"+Literal(host)))
	}
	for i := range len(labels) - 1 {
		identities = append(identities, identity(Literal(strings.Join(labels[i:], "."))))
	}
	return identities, domain, nil
}

// sesARN returns the pattern of what stands after before in ARNs of SES, of which
// s is the name or the ARN.
func (p *parser) sesARN(s, before, what string) (Pattern, error) {
	name, isARN, err := nameIn(s, "ses", before, what+"'s")
	if err != nil {
		return "", err
	}
	if name == "" || len(name) > 64 || !made(name, letters+digits+"-_") {
		return "", errors.New(what + " is a name of at most 64 letters, digits, - and _, or its ARN; wildcards are for \"allow\"")
	}
	if isARN {
		return Literal(s), nil
	}
	return p.regional("ses", Pattern(before)+Literal(name)), nil
}
