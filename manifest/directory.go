package manifest

import (
	"errors"
	"strings"
)

// Directory buckets, of S3 Express. To AWS who may use one is a matter of one
// action on all of it, s3express:CreateSession, to read or to read and write.
// Which objects, Remit alone decides: it asks for S3's actions on ARNs that AWS
// does not know, arn:aws:s3express:REGION:ACCOUNT:bucket/NAME--ZONE--x-s3/KEY, and
// `object_storage` grants those by prefix as it does other buckets' objects.

// isDirectoryName reports whether s ends as the names of directory buckets and
// their access points do.
func isDirectoryName(s string) bool {
	return strings.HasSuffix(s, "--x-s3") || strings.HasSuffix(s, "--xa-s3")
}

// directory returns the directory bucket, or its access point, called name: a
// name, or what an ARN has in its last part.
func (p *parser) directory(a arn, isARN bool, name string) (bucket, error) {
	kind := "bucket"
	if isARN {
		if err := a.check("s3express", false); err != nil {
			return bucket{}, err
		}
		var found bool
		if kind, name, found = strings.Cut(a.resource, "/"); !found || kind != "bucket" && kind != "accesspoint" {
			return bucket{}, errors.New(`an ARN of S3 Express ends in "bucket/NAME--ZONE--x-s3" or "accesspoint/NAME--ZONE--xa-s3"`)
		}
	}
	stem, point := strings.CutSuffix(name, "--xa-s3")
	if !point {
		stem = strings.TrimSuffix(name, "--x-s3")
	} else if !isARN {
		kind = "accesspoint"
	}
	base, zone := "", ""
	if i := strings.LastIndex(stem, "--"); i > 0 {
		base, zone = stem[:i], stem[i+2:]
	}
	// (Amazon S3 User Guide, "Directory bucket naming rules".)
	switch {
	case !isDirectoryName(name), point != (kind == "accesspoint"), base == "", !strings.Contains(zone, "-az"),
		len(name) > 63, !made(stem, lower+digits+"-"), strings.HasPrefix(base, "-"):
		return bucket{}, errors.New("a directory bucket's name has small letters, digits and hyphens, its zone's id, and the end --x-s3, an access point's --xa-s3: media--use1-az4--x-s3")
	case isARN && p.m.Account != "" && a.account != p.m.Account:
		return bucket{}, errors.New("a directory bucket of another account cannot be told from one of this: calls to it do not say whose it is")
	}
	root := p.regional("s3express", Literal(kind+"/"+name))
	if isARN {
		root = Literal(a.String())
	}
	b := bucket{root: root, objects: root + "/", express: true}
	if kind == "accesspoint" {
		b.objects = root + "/object/"
	}
	return b, nil
}

// directories reports whether an entry is of buckets of one sort, and refuses
// what directory buckets do not have.
func (p *parser) directories(e *entry, buckets []bucket) bool {
	for _, b := range buckets {
		if b.express != buckets[0].express {
			p.errorf(e.at, "bucket: directory buckets and others do not stand in one list: write two entries")
			return false
		}
	}
	if storageOf(buckets) != "s3express" {
		return true
	}
	ok := true
	for _, name := range []string{"versions", "tags", "acl", "account"} {
		f, has := e.fields[name]
		switch {
		case !has:
		case name == "account":
			p.errorf(f.key, "account: a directory bucket is one of the function's own account: leave it out")
			ok = false
		default:
			p.errorf(f.key, "%s: directory buckets have none: leave it out", name)
			ok = false
		}
	}
	return ok
}

// storageOf returns the service that buckets are of.
func storageOf(buckets []bucket) string {
	if len(buckets) > 0 && buckets[0].express {
		return "s3express"
	}
	return "s3"
}

// sessions grants what AWS has to be asked for before an entry's objects are: to
// read alone, unless the entry writes or deletes.
func (p *parser) sessions(e *entry, buckets []bucket) {
	if storageOf(buckets) != "s3express" {
		return
	}
	at, mode, suffix := field{}, []string{"ReadOnly"}, ".session"
	for _, name := range []string{"read", "read_prefix", "list", "list_prefix", "write", "write_prefix", "delete", "delete_prefix"} {
		f, has := e.fields[name]
		if !has {
			continue
		}
		if at.key == nil {
			at = f
		}
		if strings.HasPrefix(name, "write") || strings.HasPrefix(name, "delete") {
			// A call that leaves the mode open asks for the least.
			mode = []string{"ReadOnly", "ReadWrite"}
		}
	}
	if at.key == nil || !p.room(at.key, len(buckets)) {
		return
	}
	conditions := []Condition{{"StringEquals", "s3express:SessionMode", mode}}
	var needs []*Grant
	if e.has("key") {
		for _, g := range p.m.Grants {
			if strings.HasPrefix(g.ID, e.id+".key.") {
				needs = append(needs, g)
			}
		}
	} else {
		conditions = append(conditions, missing("s3express:x-amz-server-side-encryption-aws-kms-key-id"))
	}
	g := p.grantAs(e, at, suffix, []string{"s3express:CreateSession"}, roots(buckets), conditions...)
	g.Needs = needs
}
