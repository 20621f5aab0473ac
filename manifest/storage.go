package manifest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// What the fields of `object_storage` grant. (Service Authorization Reference,
// "Actions, resources, and condition keys for Amazon S3".)
func readActions() []string   { return []string{"s3:GetObject", "s3:GetObjectAttributes"} }
func deleteActions() []string { return []string{"s3:DeleteObject"} }
func listActions() []string   { return []string{"s3:ListBucket"} }

// versioned is what `versions: true` adds to each.
func versioned(actions []string) []string {
	for _, a := range actions {
		switch a {
		case "s3:GetObject", "s3:DeleteObject":
			actions = append(actions, a+"Version")
		case "s3:PutObjectTagging":
			actions = append(actions, "s3:PutObjectVersionTagging")
		case "s3:PutObjectAcl":
			actions = append(actions, "s3:PutObjectVersionAcl")
		case "s3:GetObjectAttributes":
			actions = append(actions, "s3:GetObjectVersionAttributes")
		case "s3:ListBucket":
			actions = append(actions, "s3:ListBucketVersions")
		}
	}
	return actions
}

// objectStorage reads the kind `object_storage`.
func (p *parser) objectStorage(e *entry) {
	versions := p.truth(e, "versions")
	if versions && !e.has("read", "read_prefix", "delete", "delete_prefix", "list", "list_prefix", "tags", "acl") {
		p.errorf(e.fields["versions"].key, `"versions: true" adds to reading, listing and deleting, and the entry does neither`)
	}
	with := func(actions []string) []string {
		if versions {
			return versioned(actions)
		}
		return actions
	}
	buckets, ok := p.buckets(e)
	pin, fine := p.pinned(e, buckets)
	ok = ok && fine && p.directories(e, buckets)
	// objects calls grant for each field of a verb, with the objects it names.
	objects := func(verb string, grant func(f field, objects []Pattern)) {
		if f, has := e.fields[verb+"_prefix"]; has {
			if prefixes, good := p.prefixes(f); good && ok && p.room(f.key, len(buckets)*len(prefixes)) {
				grant(f, objectsOf(buckets, prefixes, "*"))
			}
		}
		if f, has := e.fields[verb]; has {
			if keys, good := p.objectKeys(f); good && ok && p.room(f.key, len(buckets)*len(keys)) {
				grant(f, objectsOf(buckets, keys, ""))
			}
		}
	}
	if e.has("key") && !e.has("read", "read_prefix", "write", "write_prefix") {
		p.errorf(e.fields["key"].key, `key: objects are decrypted to be read and encrypted to be written, and the entry does neither`)
	}
	var key []*Grant
	if e.has("read", "read_prefix") {
		key = p.keyUse(e, storageOf(buckets), ".read", "kms:Decrypt")
	}
	if ok {
		defer p.sessions(e, buckets)
	}
	objects("read", func(f field, on []Pattern) { p.grant(e, f, with(readActions()), on, pin...).Needs = key })
	p.writing(e, buckets, objects, pin, with)
	objects("delete", func(f field, on []Pattern) { p.grant(e, f, with(deleteActions()), on, pin...) })
	p.list(e, buckets, ok, with(listActions()), pin)
}

// list reads `list_prefix` and `list`.
func (p *parser) list(e *entry, buckets []bucket, ok bool, actions []string, pin []Condition) {
	if f, has := e.fields["list_prefix"]; has {
		if prefixes, good := p.prefixes(f); good && ok && p.room(f.key, len(buckets)) {
			p.grant(e, f, actions, roots(buckets), append(pin[:len(pin):len(pin)], under(prefixes, nil)...)...)
		}
	}
	f, has := e.fields["list"]
	if !has {
		return
	}
	if yes, good := p.boolean(f); !good || !yes {
		return
	}
	var prefixes, keys []string
	good := true
	read, hasPrefix := e.fields["read_prefix"]
	if hasPrefix {
		prefixes, good = p.quietly().prefixes(read)
	}
	exact, hasKeys := e.fields["read"]
	if hasKeys {
		var fine bool
		keys, fine = p.quietly().objectKeys(exact)
		good = good && fine
	}
	switch {
	case !hasPrefix && !hasKeys:
		p.errorf(f.key, `"list: true" lists where the entry may read, and it may read nowhere: write "list_prefix"`)
	case good && ok && p.room(f.key, len(buckets)):
		p.grant(e, f, actions, roots(buckets), append(pin[:len(pin):len(pin)], under(prefixes, keys)...)...)
	}
}

// under is the condition of listing below prefixes, and at exact keys. Listing
// everywhere has none: a call that names no prefix has no "s3:prefix", and no
// comparison of a missing key holds.
func under(prefixes, keys []string) []Condition {
	c := Condition{Operator: "StringLike", Key: "s3:prefix"}
	for _, prefix := range prefixes {
		if prefix == "" {
			return nil
		}
		c.Values = append(c.Values, string(Literal(prefix))+"*")
	}
	if len(prefixes) == 0 {
		c.Operator = "StringEquals"
	}
	for _, key := range keys {
		// StringEquals has no wildcards, but variables it has.
		if c.Operator == "StringLike" || strings.Contains(key, "${") {
			key = string(Literal(key))
		}
		c.Values = append(c.Values, key)
	}
	return []Condition{c}
}

// prefixes returns the prefixes that f names.
func (p *parser) prefixes(f field) ([]string, bool) {
	what := fmt.Sprintf("%q", f.key.Value)
	var prefixes []string
	ok := true
	for _, n := range p.items(f.value, what) {
		s, good := p.str(n, what)
		if !good {
			ok = false
			continue
		}
		switch {
		case len(s) > maxKey:
			p.errorf(n, "%s: a key has at most %d bytes", f.key.Value, maxKey)
			ok = false
		case strings.HasSuffix(s, "*"):
			p.warnf(n, "%s: a prefix is literal text: %q grants keys that have a star there; leave it out to grant all below", f.key.Value, s)
		case strings.HasPrefix(s, "/"):
			p.warnf(n, "%s: %q begins with a slash, as few keys do", f.key.Value, s)
		case s != "" && !strings.HasSuffix(s, "/"):
			p.warnf(n, "%s: %q does not end with a slash: it takes in all keys that begin so, %q too", f.key.Value, s, s+"-x")
		}
		prefixes = append(prefixes, s)
	}
	return prefixes, ok && len(prefixes) > 0
}

// objectKeys returns the exact keys that f names.
func (p *parser) objectKeys(f field) ([]string, bool) {
	names, ok := p.names(f.value, fmt.Sprintf("%q", f.key.Value))
	var keys []string
	for _, n := range names {
		switch s := n.string; {
		case len(s) > maxKey:
			p.errorf(n.at, "%s: a key has at most %d bytes", f.key.Value, maxKey)
			ok = false
		case strings.HasSuffix(s, "/"), strings.HasSuffix(s, "*"):
			p.warnf(n.at, "%s: %q is one exact key; all keys below it are %q", f.key.Value, s, f.key.Value+"_prefix")
		}
		keys = append(keys, n.string)
	}
	return keys, ok
}

// maxKey is the length of the longest key. (Amazon S3 User Guide, "Naming
// Amazon S3 objects".)
const maxKey = 1024

// quietly returns a parser whose reports go nowhere, to read again what has
// been read and reported on.
func (p *parser) quietly() *parser {
	return &parser{o: p.o, m: &Manifest{File: p.m.File}}
}

// A bucket is a bucket or an access point.
type bucket struct {
	root    Pattern // what is listed
	objects Pattern // what stands before a key
	bare    bool    // it was named without an ARN, so it is the account's own
	point   bool    // it is an access point's ARN
	express bool    // it is a directory bucket, or one's access point
}

// pinned returns the condition that keeps bare names in the function's own
// account, or in those that "account" says: bucket names are global, and one
// that was deleted may be anybody's next. Only AWS knows whose a bucket is, so
// it is [Deferred].
func (p *parser) pinned(e *entry, buckets []bucket) ([]Condition, bool) {
	c := Condition{"StringEquals", "aws:ResourceAccount", nil}
	f, has := e.fields["account"]
	if !has {
		if !slices.ContainsFunc(buckets, func(b bucket) bool { return b.bare }) {
			return nil, true
		}
		c.Values = []string{"${" + accountVariable + "}"}
		return []Condition{c}, true
	}
	if p.m.Credentials.Unminted {
		p.errorf(f.key, `account: AWS alone knows whose a bucket is, and "unminted: true" mints no credentials that could tell AWS the condition: leave it out, or name a role`)
		return nil, false
	}
	list, ok := p.names(f.value, `"account"`)
	for _, n := range list {
		if n.string != "" && !isAccount(n.string) {
			p.errorf(n.at, "account: %q is no account: twelve digits, in quotes", n.string)
			ok = false
		}
		c.Values = appendNew(c.Values, n.string)
	}
	if ok && slices.ContainsFunc(buckets, func(b bucket) bool { return b.point }) {
		p.errorf(f.key, "account: an access point's ARN says its account: leave it out")
		return nil, false
	}
	return []Condition{c}, ok
}

func roots(buckets []bucket) []Pattern {
	var all []Pattern
	for _, b := range buckets {
		all = append(all, b.root)
	}
	return all
}

func objectsOf(buckets []bucket, keys []string, tail Pattern) []Pattern {
	var all []Pattern
	for _, b := range buckets {
		for _, k := range keys {
			all = append(all, b.objects+Literal(k)+tail)
		}
	}
	return all
}

// buckets reads `bucket`, or REMIT_BUCKET where there is none.
func (p *parser) buckets(e *entry) ([]bucket, bool) {
	f, has := e.fields["bucket"]
	if !has {
		s, set := p.getenv("REMIT_BUCKET")
		if !set || s == "" {
			p.errorf(e.at, `%s names no bucket: write "bucket", or set REMIT_BUCKET`, e.id)
			return nil, false
		}
		b, err := p.bucket(s)
		if err != nil {
			p.errorf(e.at, "REMIT_BUCKET: %q: %v", s, err)
		}
		return []bucket{b}, err == nil
	}
	names, ok := p.names(f.value, `"bucket"`)
	var buckets []bucket
	for _, n := range names {
		b, err := p.bucket(n.string)
		if err != nil && n.string != "" {
			p.errorf(n.at, "bucket: %q: %v", n.string, err)
		}
		ok = ok && err == nil
		buckets = append(buckets, b)
	}
	for i := range buckets {
		// One grant has one set of conditions, and only names are pinned.
		if ok && buckets[i].bare != buckets[0].bare {
			p.errorf(names[i].at, "bucket: names, which are pinned to this account, and ARNs, which are not, do not stand in one list: write two entries")
			return nil, false
		}
	}
	return buckets, ok
}

// bucket returns the bucket that s is the name of, or the ARN, or the access
// point that it is the ARN or the alias of.
func (p *parser) bucket(s string) (bucket, error) {
	a, isARN := parseARN(s)
	if name := a.resource; !isARN && isDirectoryName(s) || a.service == "s3express" {
		if !isARN {
			name = s
		}
		return p.directory(a, isARN, name)
	}
	if !isARN {
		if err := isBucket(s); err != nil {
			return bucket{}, err
		}
		root := Literal(arn{p.m.Partition, "s3", "", "", s}.String())
		return bucket{root: root, objects: root + "/", bare: true}, nil
	}
	switch a.service {
	case "s3-object-lambda", "s3-outposts", "s3tables", "s3vectors":
		return bucket{}, fmt.Errorf("%s is not built yet in this version", a.service)
	}
	if name, ok := strings.CutPrefix(a.resource, "accesspoint/"); ok {
		if a.region == "" {
			return p.multiRegion(a, name)
		}
		if err := a.check("s3", false); err != nil {
			return bucket{}, err
		}
		if len(name) < 3 || len(name) > 50 || !made(name, lower+digits+"-") {
			return bucket{}, errors.New("an access point's name has 3 to 50 small letters, digits and -")
		}
		return bucket{root: Literal(s), objects: Literal(s) + "/object/", point: true}, nil
	}
	if err := a.check("s3", true); err != nil {
		return bucket{}, err
	}
	if err := isBucket(a.resource); err != nil {
		return bucket{}, err
	}
	return bucket{root: Literal(s), objects: Literal(s) + "/"}, nil
}

// multiRegion returns the multi-region access point that a is the ARN of. A call
// to one does not say whose it is: the account is the one that stands here beside
// the alias, which is unique. (Amazon S3 User Guide, "Permissions", of Multi-Region Access Points.)
func (p *parser) multiRegion(a arn, name string) (bucket, error) {
	alias, ok := strings.CutSuffix(name, ".mrap")
	if err := (arn{partition: a.partition, service: a.service}).check("s3", true); err != nil {
		return bucket{}, err
	}
	switch {
	case !ok || alias == "" || !made(alias, lower+digits+"-"):
		return bucket{}, errors.New(`a multi-region access point's ARN ends in its alias, "accesspoint/mfzwi23gnjvgw.mrap", not in its name`)
	case !isAccount(a.account):
		return bucket{}, errors.New("a multi-region access point's ARN names its account")
	}
	root := Literal(a.String())
	return bucket{root: root, objects: root + "/object/", point: true}, nil
}

// isBucket checks a bucket's name, by the rules of old where those of today
// are narrower. (Amazon S3 User Guide, "General purpose bucket naming rules".)
func isBucket(s string) error {
	switch {
	case strings.HasSuffix(s, "--ol-s3"):
		return errors.New(`the access point of an Object Lambda is granted by "allow", with s3-object-lambda's actions on its ARN`)
	case strings.ContainsAny(s, "*?"):
		return errors.New(`a bucket is named: wildcards are for "allow"`)
	case len(s) < 3 || len(s) > 255 || !made(s, letters+digits+".-_"):
		return errors.New("a bucket's name has 3 to 63 small letters, digits, dots and hyphens; or write its ARN")
	}
	return nil
}
