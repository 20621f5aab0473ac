package manifest

import (
	"fmt"
	"slices"
	"strings"
)

// What writing objects leaves out by default, and how the fields of
// `object_storage` open it. An object that is written is one like any other: it
// redirects no website, is in the bucket's storage class, and is encrypted as
// the bucket is or under S3's own keys, never under a KMS key that the manifest
// does not name (the account's default one for S3 included: who reads the
// object would need that key too) nor under one that the caller brings. ACLs,
// tags, retention and legal holds need no condition to be left out: writing
// with them asks for actions that only "acl" and "tags" grant.

const (
	redirect    = "s3:x-amz-website-redirect-location"
	class       = "s3:x-amz-storage-class"
	encryption  = "s3:x-amz-server-side-encryption"
	kmsKeyID    = "s3:x-amz-server-side-encryption-aws-kms-key-id"
	customerKey = "s3:x-amz-server-side-encryption-customer-algorithm"
	ifNoneMatch = "s3:if-none-match"
	creation    = "s3:ObjectCreationOperation"
	cannedACL   = "s3:x-amz-acl"
	tagKeys     = "s3:RequestObjectTagKeys"
	tagOf       = "s3:RequestObjectTag/"
)

func missing(key string) Condition { return Condition{"Null", key, []string{"true"}} }

// plainly are the conditions of writing an object that is encrypted as the
// bucket is, or under S3's keys.
func plainly() []Condition {
	return []Condition{
		missing(kmsKeyID),
		missing(customerKey),
		{"StringNotEquals", encryption, []string{"aws:kms", "aws:kms:dsse"}},
	}
}

// underKey are the conditions of writing one that the call encrypts under keys. A
// call that says KMS and names no key means the account's default one, so it
// has to name it. It may be named by its id or its ARN.
func underKey(keys []kmsKey) []Condition {
	c := Condition{Operator: "StringEquals", Key: kmsKeyID}
	for _, k := range keys {
		for _, name := range k.named {
			// An ARN in the function's own account has that as a variable,
			// which StringEquals takes too; in an unknown region it has a
			// star, which StringEquals does not.
			if !strings.Contains(name, ":*:") {
				c.Values = appendNew(c.Values, name)
			}
		}
	}
	return []Condition{missing(customerKey), {"StringEquals", encryption, []string{"aws:kms", "aws:kms:dsse"}}, c}
}

// writing reads "write" and "write_prefix", and what opens and narrows them.
func (p *parser) writing(e *entry, buckets []bucket, objects func(string, func(field, []Pattern)), pin []Condition, with func([]string) []string) {
	opens := []string{"acl", "tags", "storage_class", "create_only"}
	if !e.has("write", "write_prefix") {
		for _, name := range opens {
			if f, has := e.fields[name]; has {
				p.errorf(f.key, "%s: this is of writing, and the entry does not write", name)
			}
		}
		return
	}
	always := slices.Concat(pin, []Condition{missing(redirect), missing(class)})
	if classes, ok := p.choices(e, "storage_class", storageClasses()); ok {
		always[len(always)-1] = Condition{"StringEqualsIfExists", class, classes}
	}
	createOnly := p.truth(e, "create_only")
	needs := p.keyUse(e, storageOf(buckets), ".write", "kms:GenerateDataKey", "kms:Decrypt") // Decrypt for the parts of an upload
	var keys []kmsKey
	if f, has := e.fields["key"]; has {
		ids, aliases, _ := p.kmsKeys(f)
		keys = append(ids, aliases...)
	}
	var written []Pattern
	objects("write", func(f field, on []Pattern) {
		written = append(written, on...)
		put := func(suffix string, actions []string, more ...Condition) {
			p.grantAs(e, f, suffix, actions, on, slices.Concat(always, plainly(), more)...).Needs = needs
			if len(keys) > 0 {
				put := []string{"s3:PutObject"}
				p.grantAs(e, f, suffix+".key", put, on, slices.Concat(always, underKey(keys), more)...).Needs = needs
			}
		}
		rest := []string{"s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"}
		if !createOnly {
			put("", append([]string{"s3:PutObject"}, rest...))
			return
		}
		// The operations that make an object have to say "If-None-Match: *",
		// the only value that S3 takes there; those on the way to one cannot.
		// (Amazon S3 User Guide, "Enforce conditional writes on Amazon S3
		// buckets".)
		put("", []string{"s3:PutObject"}, Condition{"Null", ifNoneMatch, []string{"false"}})
		put(".parts", []string{"s3:PutObject"}, Condition{"Bool", creation, []string{"false"}})
		p.grantAs(e, f, ".uploads", rest, on, pin...)
	})
	if len(written) > 0 {
		p.acl(e, written, pin, with)
		p.tags(e, written, pin, with)
	}
}

// cannedACLs are those of an object. (Amazon S3 User Guide, "Canned ACL".)
func cannedACLs() []string {
	return []string{"private", "public-read", "public-read-write", "aws-exec-read", "authenticated-read", "bucket-owner-read", "bucket-owner-full-control"}
}

// storageClasses are those that an object can be written into. (Amazon S3 API
// Reference, PutObject, "x-amz-storage-class".)
func storageClasses() []string {
	return []string{"STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER", "DEEP_ARCHIVE", "OUTPOSTS", "GLACIER_IR", "SNOW", "EXPRESS_ONEZONE", "FSX_OPENZFS", "FSX_ONTAP"}
}

// choices reads a field that has one or several of list.
func (p *parser) choices(e *entry, key string, list []string) ([]string, bool) {
	f, has := e.fields[key]
	if !has {
		return nil, false
	}
	names, ok := p.names(f.value, fmt.Sprintf("%q", key))
	var all []string
	for _, n := range names {
		if n.string != "" && !slices.Contains(list, n.string) {
			p.errorf(n.at, "%s: %q is none of %s%s", key, n.string, strings.Join(list, ", "), p.didYouMean(n.string, list))
			ok = false
		}
		all = appendNew(all, n.string)
	}
	return all, ok
}

// acl reads "acl": a call may write with one of these canned ACLs, and with no
// other list.
func (p *parser) acl(e *entry, objects []Pattern, pin []Condition, with func([]string) []string) {
	f := e.fields["acl"]
	acls, ok := p.choices(e, "acl", cannedACLs())
	if !ok {
		return
	}
	for _, a := range acls {
		if strings.HasPrefix(a, "public-") || a == "authenticated-read" {
			p.warnf(f.value, "acl: %q opens the objects to everybody", a)
		}
	}
	conditions := slices.Concat(pin, []Condition{{"StringEquals", cannedACL, acls}})
	for _, grant := range []string{"full-control", "read", "read-acp", "write", "write-acp"} {
		conditions = append(conditions, missing("s3:x-amz-grant-"+grant))
	}
	p.grant(e, f, with([]string{"s3:PutObjectAcl"}), objects, conditions...)
}

// tags reads "tags": true for any, or keys, or keys with the values that they
// may have.
func (p *parser) tags(e *entry, objects []Pattern, pin []Condition, with func([]string) []string) {
	f, has := e.fields["tags"]
	if !has {
		return
	}
	conditions, ok := p.tagConditions(e, f, tagKeys, tagOf)
	if ok {
		p.grant(e, f, with([]string{"s3:PutObjectTagging"}), objects, slices.Concat(pin, conditions)...)
	}
}
