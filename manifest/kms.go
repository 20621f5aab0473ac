package manifest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A kmsKey is a key of KMS, or an alias of one.
type kmsKey struct {
	resource Pattern // its ARN; of an alias, all keys that it may stand for
	alias    string  // "alias/name"; empty for a key
	region   string  // empty if it is not known
	named    []string
}

// kmsKeys reads a field that names keys.
func (p *parser) kmsKeys(f field) (keys, aliases []kmsKey, ok bool) {
	names, ok := p.names(f.value, fmt.Sprintf("%q", f.key.Value))
	for _, n := range names {
		if n.string == "" {
			continue
		}
		k, err := p.kmsKey(n.string)
		switch {
		case err != nil:
			p.errorf(n.at, "%s: %q: %v", f.key.Value, n.string, err)
			ok = false
		case k.alias != "" && len(aliases) > 0 && k.resource != aliases[0].resource:
			p.errorf(n.at, "%s: aliases of two regions or accounts do not stand in one list: write two entries", f.key.Value)
			ok = false
		case k.alias != "":
			aliases = append(aliases, k)
		default:
			keys = append(keys, k)
		}
	}
	return keys, aliases, ok
}

// kmsKey returns the key that s is the id or the ARN of, or the alias that it is
// or is the ARN of. (AWS KMS Developer Guide, "Key identifiers (KeyId)".)
func (p *parser) kmsKey(s string) (kmsKey, error) {
	a, isARN := parseARN(s)
	name := s
	k := kmsKey{region: p.m.Region}
	base := p.regional("kms", "")
	if isARN {
		if err := a.check("kms", false); err != nil {
			return k, err
		}
		name, k.region = a.resource, a.region
		a.resource = ""
		base = Literal(a.String())
	} else if !strings.HasPrefix(s, "alias/") {
		name = "key/" + s
	}
	if alias, ok := strings.CutPrefix(name, "alias/"); ok {
		if alias == "" || len(name) > 256 || !made(alias, letters+digits+"/_-") {
			return k, errors.New("an alias is alias/ and letters, digits, /, _ and -")
		}
		k.alias, k.resource = name, base+"key/*"
		k.named = []string{name, string(base) + name}
		return k, nil
	}
	id, ok := strings.CutPrefix(name, "key/")
	if !ok || !isKeyID(id) {
		return k, errors.New("a key is its id (1234abcd-12ab-34cd-56ef-1234567890ab, or mrk-…), its ARN, or an alias (alias/name); wildcards are for \"allow\"")
	}
	k.resource = base + Literal(name)
	k.named = []string{id, string(k.resource)}
	return k, nil
}

// isKeyID checks the form of a key's id: a UUID, or, of a key of several
// regions, "mrk-" and 32 hexadecimal digits.
func isKeyID(s string) bool {
	const hex = digits + "abcdef"
	if id, ok := strings.CutPrefix(s, "mrk-"); ok {
		return len(id) == 32 && made(id, hex)
	}
	return len(s) == 36 && s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-' &&
		made(s, hex+"-") && strings.Count(s, "-") == 4
}

// keyUse reads "key": the keys that what an entry names is encrypted under. It
// grants actions on them to service alone, while that serves a call of the
// function's, and returns those grants, which the entry's own need. Their ids
// end in suffix.
//
// The service asks KMS under the credentials of the call, and KMS tells the
// service's name as kms:ViaService (AWS KMS Developer Guide, "kms:ViaService").
// It names the key by its id, so that an alias is compared with those that the
// key has, and not with one in the request: "kms:ResourceAliases".
func (p *parser) keyUse(e *entry, service, suffix string, actions ...string) []*Grant {
	f, has := e.fields["key"]
	if !has {
		return nil
	}
	keys, aliases, ok := p.kmsKeys(f)
	if !ok || !p.room(f.key, len(keys)+len(aliases)) {
		return nil
	}
	var grants []*Grant
	add := func(suffix string, of []kmsKey, conditions ...Condition) {
		if len(of) == 0 {
			return
		}
		g := &Grant{
			ID:         e.id + ".key" + suffix,
			Actions:    actions,
			Resources:  keyResources(of),
			Conditions: append([]Condition{p.viaService(service, of)}, conditions...),
			Mint:       e.mint,
			Pos:        p.position(f.key),
		}
		p.m.Grants = append(p.m.Grants, g)
		p.owned[g] = true
		grants = append(grants, g)
	}
	add(suffix, keys)
	if len(aliases) > 0 {
		add(suffix+".alias", aliases, Condition{forAny + ":StringEquals", "kms:ResourceAliases", aliasNames(aliases)})
	}
	return grants
}

// viaService is the condition that a service asks, in the region of the keys:
// a service uses keys of its own region alone.
func (p *parser) viaService(service string, keys []kmsKey) Condition {
	c := Condition{Operator: "StringEquals", Key: "kms:ViaService"}
	for _, k := range keys {
		region := k.region
		if region == "" {
			region, c.Operator = "*", "StringLike"
		}
		name := service + "." + region + ".amazonaws.com"
		c.Values = appendNew(c.Values, name)
		if service == "s3express" { // KMS's documentation does not list it beside S3
			c.Values = appendNew(c.Values, "s3."+region+".amazonaws.com")
		}
		if strings.HasPrefix(region, "cn-") {
			c.Values = appendNew(c.Values, name+".cn")
		}
	}
	return c
}

func appendNew(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

// keyResources are the resources of keys, each once.
func keyResources(keys []kmsKey) []Pattern {
	var all []Pattern
	for _, k := range keys {
		if !slices.Contains(all, k.resource) {
			all = append(all, k.resource)
		}
	}
	return all
}

func aliasNames(aliases []kmsKey) []string {
	var all []string
	for _, k := range aliases {
		all = appendNew(all, k.alias)
	}
	return all
}

// kmsKind reads the kind `keys`.
func (p *parser) kmsKind(e *entry) {
	for _, verb := range keyVerbs() {
		f, has := e.fields[verb.field]
		if !has {
			continue
		}
		keys, aliases, ok := p.kmsKeys(f)
		if !ok || !p.room(f.key, len(keys)+len(aliases)) {
			continue
		}
		if len(keys) > 0 {
			p.grant(e, f, verb.actions, keyResources(keys))
		}
		if len(aliases) == 0 {
			continue
		}
		// An alias is no resource: AWS authorizes the key behind it, and says
		// by which alias it was asked for. (AWS KMS Developer Guide, "Use
		// aliases to control access to KMS keys".)
		p.grantAs(e, f, ".alias", verb.actions, keyResources(aliases), Condition{"StringEquals", "kms:RequestAlias", aliasNames(aliases)})
		if verb.field == "decrypt" {
			p.warnf(f.key, "decrypt: an alias grants calls that name it, and Decrypt is mostly called without a key: name the key's id or ARN for those")
		}
	}
}

// keyVerbs are what the fields of `keys` grant. (Service Authorization
// Reference, "AWS Key Management Service".)
func keyVerbs() []struct {
	field   string
	actions []string
} {
	return []struct {
		field   string
		actions []string
	}{
		{"encrypt", []string{"kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyPair", "kms:GenerateDataKeyPairWithoutPlaintext", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo"}},
		{"decrypt", []string{"kms:Decrypt"}},
		{"sign", []string{"kms:Sign", "kms:GetPublicKey"}},
		{"verify", []string{"kms:Verify", "kms:GetPublicKey"}},
		{"mac", []string{"kms:GenerateMac", "kms:VerifyMac"}},
	}
}
