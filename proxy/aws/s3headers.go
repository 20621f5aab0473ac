package aws

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// An s3Header is a set of kinds of headers: those that change what a call asks
// for. Each operation takes some kinds. A header of another kind is refused:
// the client believes that it means something, and S3 does not say what.
type s3Header uint16

const (
	s3ACL         s3Header = 1 << iota // access control lists
	s3Tags                             // an object's tags
	s3Locks                            // retention and legal hold
	s3Attributes                       // storage class, website redirect
	s3Encrypts                         // encryption under S3's keys and KMS's
	s3CustomerKey                      // encryption under a key in the request
	s3Copies                           // where a copy comes from, and with what
	s3Bypass                           // around governance-mode retention
	s3Creates                          // what a new bucket is
	s3Renames                          // where an object was before

	s3Writes = s3ACL | s3Tags | s3Locks | s3Attributes | s3Encrypts | s3CustomerKey // a new object's
	s3Plain  = s3Header(0)                                                          // changes nothing
	s3NoSuch = ^s3Header(0)                                                         // is not known
)

// s3HeaderKind says what kind of header "X-Amz-…" is, in canonical spelling. A
// header that is not known is refused, as a parameter is: what S3 reads some
// day must not go past unread. (Amazon S3 API Reference: the request headers
// of all operations; what SDKs send besides.)
func s3HeaderKind(name string) s3Header {
	switch name {
	case "X-Amz-Acl", "X-Amz-Grant-Full-Control", "X-Amz-Grant-Read", "X-Amz-Grant-Read-Acp", "X-Amz-Grant-Write", "X-Amz-Grant-Write-Acp":
		return s3ACL
	case "X-Amz-Tagging":
		return s3Tags
	case "X-Amz-Object-Lock-Mode", "X-Amz-Object-Lock-Retain-Until-Date", "X-Amz-Object-Lock-Legal-Hold",
		"X-Amz-Object-Lock-Event-Hold", "X-Amz-Object-Lock-Event-Hold-Duration-Days", "X-Amz-Object-Lock-Event-Hold-Duration-Years":
		return s3Locks
	case "X-Amz-Storage-Class", "X-Amz-Website-Redirect-Location", "X-Amz-Write-Offset-Bytes":
		return s3Attributes
	case "X-Amz-Server-Side-Encryption", "X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id", "X-Amz-Server-Side-Encryption-Context",
		"X-Amz-Server-Side-Encryption-Bucket-Key-Enabled":
		return s3Encrypts
	case "X-Amz-Server-Side-Encryption-Customer-Algorithm", "X-Amz-Server-Side-Encryption-Customer-Key",
		"X-Amz-Server-Side-Encryption-Customer-Key-Md5":
		return s3CustomerKey
	case "X-Amz-Copy-Source", "X-Amz-Copy-Source-Range", "X-Amz-Copy-Source-If-Match", "X-Amz-Copy-Source-If-None-Match",
		"X-Amz-Copy-Source-If-Modified-Since", "X-Amz-Copy-Source-If-Unmodified-Since",
		"X-Amz-Copy-Source-Server-Side-Encryption-Customer-Algorithm", "X-Amz-Copy-Source-Server-Side-Encryption-Customer-Key",
		"X-Amz-Copy-Source-Server-Side-Encryption-Customer-Key-Md5", "X-Amz-Source-Expected-Bucket-Owner",
		"X-Amz-Metadata-Directive", "X-Amz-Tagging-Directive", "X-Amz-Object-Annotation-Directive":
		return s3Copies
	case "X-Amz-Bypass-Governance-Retention":
		return s3Bypass
	case "X-Amz-Rename-Source", "X-Amz-Rename-Source-If-Match", "X-Amz-Rename-Source-If-None-Match",
		"X-Amz-Rename-Source-If-Modified-Since", "X-Amz-Rename-Source-If-Unmodified-Since", "X-Amz-Client-Token":
		return s3Renames
	case "X-Amz-Bucket-Object-Lock-Enabled", "X-Amz-Object-Ownership", "X-Amz-Bucket-Namespace":
		return s3Creates
	case "X-Amz-Content-Sha256", "X-Amz-Decoded-Content-Length", "X-Amz-Trailer", "X-Amz-Te", "X-Amz-User-Agent",
		"X-Amz-Sdk-Checksum-Algorithm", "X-Amz-Expected-Bucket-Owner", "X-Amz-Request-Payer", "X-Amz-Mfa",
		"X-Amz-If-Match-Initiated-Time", "X-Amz-If-Match-Last-Modified-Time", "X-Amz-If-Match-Size", "X-Amz-Object-If-Match",
		"X-Amz-Mp-Object-Size", "X-Amz-Object-Attributes", "X-Amz-Optional-Object-Attributes", "X-Amz-Max-Parts",
		"X-Amz-Part-Number-Marker", "X-Amz-Skip-Destination-Validation", "X-Amz-Confirm-Remove-Self-Bucket-Access",
		"X-Amz-Transition-Default-Minimum-Object-Size", "X-Amz-Bucket-Object-Lock-Token", "X-Amz-Create-Session-Mode":
		return s3Plain
	}
	if strings.HasPrefix(name, "X-Amz-Meta-") || strings.HasPrefix(name, "X-Amz-Checksum-") {
		return s3Plain
	}
	return s3NoSuch
}

// readHeaders holds the headers to the operation, whether they stand in the
// head or in the query of a presigned URL: S3 reads them in both places, so
// one that stands twice is refused.
func (c *s3Call) readHeaders() error {
	in := c.in
	for name, values := range in.r.Header {
		if !strings.HasPrefix(name, "X-Amz-") {
			continue
		}
		if len(values) != 1 {
			return fmt.Errorf("header %.80q stands %d times", name, len(values))
		}
		if name == "X-Amz-Date" || name == "X-Amz-Security-Token" || name == "X-Amz-Region-Set" || name == expressToken && c.express {
			continue // the signature's
		}
		if err := c.checkHeader("header", name); err != nil {
			return err
		}
	}
	for _, h := range c.hoisted {
		if err := c.checkHeader("parameter", h.name); err != nil {
			return err
		}
		if len(in.r.Header[h.name]) > 0 {
			return fmt.Errorf("%.80q stands in the headers and in the query", h.name)
		}
	}
	// What follows a body is header too: HTTP's trailers, and those in chunks.
	trailers := slices.Collect(maps.Keys(in.r.Trailer))
	if v, ok := c.header("X-Amz-Trailer"); ok {
		trailers = append(trailers, strings.Split(v, ",")...)
	}
	for _, name := range trailers {
		if !strings.HasPrefix(strings.ToLower(strings.TrimSpace(name)), "x-amz-checksum-") {
			return fmt.Errorf("trailer %.80q is no checksum", name)
		}
	}
	for _, name := range []string{"If-Match", "If-None-Match"} {
		if _, err := in.header(name); err != nil {
			return err
		}
	}
	// A key of the caller's own is told by its algorithm, which is all that a
	// condition can ask for. S3 refuses the one without the other as well.
	for _, of := range [...]struct{ algorithm, key, md5 string }{
		{"X-Amz-Server-Side-Encryption-Customer-Algorithm", "X-Amz-Server-Side-Encryption-Customer-Key", "X-Amz-Server-Side-Encryption-Customer-Key-Md5"},
		{"X-Amz-Copy-Source-Server-Side-Encryption-Customer-Algorithm", "X-Amz-Copy-Source-Server-Side-Encryption-Customer-Key", "X-Amz-Copy-Source-Server-Side-Encryption-Customer-Key-Md5"},
	} {
		if !c.hasHeader(of.algorithm) && (c.hasHeader(of.key) || c.hasHeader(of.md5)) {
			return fmt.Errorf("header %q without %q", of.key, of.algorithm)
		}
	}
	if in.scope.Service != "" {
		authType := "REST-HEADER"
		if c.presigned() {
			authType = "REST-QUERY-STRING"
		}
		version := "AWS4-HMAC-SHA256"
		if in.scope.Region == "" {
			version = "AWS4-ECDSA-P256-SHA256" // version 4A
		}
		c.common = append(c.common, "s3:authtype", authType, "s3:signatureversion", version)
		if v, ok := c.header("X-Amz-Content-Sha256"); ok {
			c.common = append(c.common, "s3:x-amz-content-sha256", v)
		}
	}
	return nil
}

func (c *s3Call) checkHeader(what, name string) error {
	switch kind := s3HeaderKind(name); {
	case kind == s3NoSuch:
		return fmt.Errorf("%s %.80q is not known", what, name)
	case kind&^c.operation.headers != 0:
		return fmt.Errorf("operation %s has no %s %.80q", c.operation.name, what, name)
	}
	return nil
}

// header returns the value of an "X-Amz-" header, and whether it is there.
func (c *s3Call) header(name string) (string, bool) {
	if v := c.in.r.Header[name]; len(v) > 0 {
		return v[0], true
	}
	for _, h := range c.hoisted {
		if h.name == name {
			return h.value, true
		}
	}
	return "", false
}

func (c *s3Call) hasHeader(name string) bool {
	_, ok := c.header(name)
	return ok
}

// keys returns the condition keys whose values stand in headers, of the names
// given: "s3:x-amz-acl" for "X-Amz-Acl", and "s3:object-lock-mode" without the
// prefix.
func (c *s3Call) keys(names ...string) []string {
	var context []string
	for _, name := range names {
		var value string
		var ok bool
		if strings.HasPrefix(name, "X-Amz-") {
			value, ok = c.header(name)
		} else {
			value = c.in.r.Header.Get(name)
			ok = value != ""
		}
		if ok {
			key := strings.ToLower(name)
			if lock, is := strings.CutPrefix(key, "x-amz-object-lock-"); is {
				key = "object-lock-" + lock
			}
			context = append(context, "s3:"+key, value)
		}
	}
	return context
}

func (c *s3Call) aclKeys() []string {
	return c.keys("X-Amz-Acl", "X-Amz-Grant-Full-Control", "X-Amz-Grant-Read", "X-Amz-Grant-Read-Acp", "X-Amz-Grant-Write", "X-Amz-Grant-Write-Acp")
}

// tagKeys returns the condition keys of the tags in X-Amz-Tagging, which is
// written as a query is.
func (c *s3Call) tagKeys() ([]string, error) {
	value, ok := c.header("X-Amz-Tagging")
	if !ok {
		return nil, nil
	}
	tags, err := parseForm(value)
	if err == nil {
		err = once(tags)
	}
	if err != nil {
		return nil, fmt.Errorf("%q: %v", "X-Amz-Tagging", err)
	}
	return s3TagKeys(tags), nil
}

func s3TagKeys(tags []pair) []string {
	var context []string
	for _, t := range tags {
		context = append(context, "s3:requestobjecttag/"+t.name, t.value, "s3:requestobjecttagkeys", t.name)
	}
	return context
}
