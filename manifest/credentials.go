package manifest

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// credentialsWayOut is what to write where no credentials are named. There is
// no default: without a role the boundaries that IAM enforces do not stand, and
// nobody should lose them by leaving a line out.
const credentialsWayOut = `write "credentials: {role: ARN}", "credentials: {role: self}", or "credentials: {unminted: true}" to send them under the function's own`

// credentials reads under which credentials granted calls go on.
func (p *parser) credentials(f field) {
	fields, ok := p.mapping(f.value, shape{
		what:  `"credentials"`,
		known: names(credentialFields()),
	})
	if !ok {
		return
	}
	c := &p.m.Credentials
	role, hasRole := fields["role"]
	if hasRole {
		p.role(role)
	}
	unminted, hasUnminted := fields["unminted"]
	if hasUnminted {
		c.Unminted, _ = p.boolean(unminted)
	}
	switch {
	case hasRole && c.Unminted:
		p.errorf(unminted.key, `"role" and "unminted: true" exclude each other: leave one out`)
	case !hasRole && !c.Unminted && !p.torn:
		p.errorf(f.key, "no role to assume: %s", credentialsWayOut)
	}
	if c.Unminted {
		for _, key := range []string{"mint", "duration", "session_tags"} {
			if g, ok := fields[key]; ok {
				p.errorf(g.key, `%q means nothing where "unminted: true" mints no credentials: leave it out`, key)
			}
		}
		p.warnf(unminted.key, "unminted: calls go on under the function's own credentials; neither the role policy nor session policies bound them, and buckets are not pinned to this account")
	}
	if g, ok := fields["mint"]; ok {
		c.Mint = p.mint(g)
	}
	if g, ok := fields["duration"]; ok {
		p.duration(g)
	}
	if g, ok := fields["session_tags"]; ok {
		p.sessionTags(g)
	}
	if g, ok := fields["exposed_role"]; ok {
		p.exposedRole(g)
	}
	if g, ok := fields["foreign"]; ok {
		p.foreign(g)
	}
}

// foreign reads the access keys of others, with their accounts.
func (p *parser) foreign(f field) {
	if f.value.Kind != yaml.MappingNode {
		p.mapping(f.value, shape{what: `"foreign", which has access key ids and their accounts,`})
		return
	}
	keys := make(map[string]string)
	for k, v := range pairs(f.value) {
		id := k.Value
		switch {
		// "^[\w]*$", 16 to 128 characters. (AWS STS API Reference, Credentials.)
		case len(id) < 16 || len(id) > 128 || !made(id, letters+digits+"_"):
			p.errorf(k, "foreign: %q is no access key id", id)
		case strings.HasPrefix(id, "ASIAREMIT"):
			p.errorf(k, "foreign: %q is one of Remit's own, that are made for one sandbox", id)
		}
		account, ok := p.str(v, "foreign: "+strconv.Quote(id))
		if ok && !isAccount(account) {
			p.errorf(v, `foreign: %q is no account: twelve digits, in quotes`, account)
		}
		keys[id] = account
	}
	if len(keys) > 0 {
		p.m.Credentials.Foreign = keys
	}
}

// role reads the role to assume, which bare names are in the account of.
func (p *parser) role(f field) {
	s, ok := p.name(f.value, `"role"`)
	if !ok {
		return
	}
	if s == Self {
		p.m.Credentials.Role = Self
		return
	}
	a, ok := p.assumable(f, s, `neither the ARN of a role nor "self"`)
	if !ok {
		return
	}
	p.m.Credentials.Role = s
	p.m.Account = a.account
	if p.o.Region == "" {
		p.m.Partition = a.partition
	}
}

// exposedRole reads the role that exposed credentials are of.
func (p *parser) exposedRole(f field) {
	p.roleAt = f.key
	s, ok := p.name(f.value, `"exposed_role"`)
	if !ok {
		return
	}
	if _, ok := p.assumable(f, s, "not the ARN of a role"); ok {
		p.m.Credentials.ExposedRole = s
	}
}

// assumable reads s as the ARN of a role. What it is otherwise stands in not.
func (p *parser) assumable(f field, s, not string) (arn, bool) {
	key := f.key.Value
	a, ok := parseARN(s)
	name, isRole := strings.CutPrefix(a.resource, "role/")
	switch {
	case !ok && !strings.HasPrefix(s, "arn:"):
		p.errorf(f.value, "%s: %q is %s", key, s, not)
		return a, false
	case !ok || a.service != "iam" || a.region != "" || !isPartition(a.partition) || !isRole || !isRoleName(name):
		p.errorf(f.value, "%s: %q is no role's ARN: arn:aws:iam::ACCOUNT:role/NAME", key, s)
		return a, false
	case !isAccount(a.account):
		p.errorf(f.value, "%s: %q is no account: twelve digits", key, a.account)
		return a, false
	}
	if p.o.Region != "" && a.partition != p.m.Partition {
		p.warnf(f.value, "%s: %q is in partition %q, and region %q in %q: it cannot be assumed from there", key, s, a.partition, p.o.Region, p.m.Partition)
	}
	return a, true
}

// isRoleName checks a role's name with its path. (IAM API Reference,
// CreateRole.)
func isRoleName(s string) bool {
	path, name := "", s
	if i := strings.LastIndexByte(s, '/'); i >= 0 {
		path, name = s[:i], s[i+1:]
	}
	return len(path) < 512 && made(path, letters+digits+"/+=,.@_-") &&
		0 < len(name) && len(name) <= 64 && made(name, letters+digits+"+=,.@_-")
}

// mint reads a width. The zero Width is returned for what is none.
func (p *parser) mint(f field) Width {
	s, _ := p.oneOf(f, widths()...)
	return Width(s)
}

// STS gives 900 seconds at least, and an hour at most to a caller that is itself
// a role's session, as every function is. (AWS STS API Reference, AssumeRole,
// "DurationSeconds".)
const minDuration, maxDuration = 900, 3600

// duration reads the life of minted credentials.
func (p *parser) duration(f field) {
	n, err := strconv.Atoi(f.value.Value)
	if f.value.Kind == yaml.AliasNode {
		return // reported already
	}
	if f.value.Kind != yaml.ScalarNode || f.value.ShortTag() != "!!int" || err != nil || n < minDuration || n > maxDuration {
		p.errorf(f.value, "duration is a number of seconds from %d to %d, not %s", minDuration, maxDuration, describe(f.value))
		return
	}
	p.m.Credentials.Duration = time.Duration(n) * time.Second
}

// maxTags is how many session tags STS takes. (IAM User Guide, "Pass session
// tags in AWS STS".)
const maxTags = 50

func (p *parser) sessionTags(f field) {
	if f.value.Kind != yaml.MappingNode {
		p.mapping(f.value, shape{what: `"session_tags"`})
		return
	}
	tags := make(map[string]string)
	first := make(map[string]*yaml.Node) // keys compare without case in STS
	for i := 0; i+1 < len(f.value.Content); i += 2 {
		k, v := f.value.Content[i], f.value.Content[i+1]
		if k.Kind != yaml.ScalarNode || k.ShortTag() != "!!str" {
			continue // reported already
		}
		key := k.Value
		low := strings.ToLower(key)
		switch {
		case key == "" || utf8.RuneCountInString(key) > 128 || !isTagText(key):
			p.errorf(k, "session_tags: %q is no tag key: 1 to 128 letters, digits, spaces and _.:/=+-@", key)
		case strings.HasPrefix(low, "aws:"):
			p.errorf(k, `session_tags: %q: keys that begin with "aws:" are AWS's own`, key)
		case first[low] == nil:
			first[low] = k
		case first[low].Value != key: // the same key twice is reported already
			p.errorf(k, "session_tags: %q differs in case alone from the key in line %d", key, first[low].Line)
		}
		value, ok := p.str(v, "session_tags: "+strconv.Quote(key))
		if ok && (utf8.RuneCountInString(value) > 256 || !isTagText(value)) {
			p.errorf(v, "session_tags: %q is no tag value: at most 256 letters, digits, spaces and _.:/=+-@", value)
		}
		tags[key] = value
	}
	if len(tags) > maxTags {
		p.errorf(f.key, "session_tags: %d tags; STS takes at most %d", len(tags), maxTags)
	}
	if len(tags) > 0 {
		p.m.Credentials.SessionTags = tags
	}
}

// isTagText reports whether s is of the characters that tags are made of:
// [\p{L}\p{Z}\p{N}_.:/=+\-@]*. (AWS STS API Reference, Tag.)
func isTagText(s string) bool {
	for _, r := range s {
		if !unicode.In(r, unicode.L, unicode.Z, unicode.N) && !strings.ContainsRune("_.:/=+-@", r) {
			return false
		}
	}
	return true
}
