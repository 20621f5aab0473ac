package aws

import (
	"errors"
	"fmt"
	"strings"
)

// An s3Source is the object that a copy reads.
type s3Source struct {
	container s3Container
	name      string // "bucket/key", decoded: as IAM's s3:x-amz-copy-source has it
	key       string
	version   string // empty: the newest
}

// readCopy asks for the source's read and for all that the write needs.
//
// Tags and annotations are copied unless the call says otherwise, and S3 asks
// for the rights to them where the source has any. That does not show in a
// request: only a directive that says COPY asks for them here, and a silent
// copy of an object with tags is refused by S3 unless the credentials it goes
// under grant more than the call asked. (Amazon S3 User Guide, "Required
// permissions for Amazon S3 API operations", CopyObject; Amazon S3 API
// Reference, CopyObject, x-amz-object-annotation-directive.)
func (c *s3Call) readCopy() error {
	value, _ := c.header("X-Amz-Copy-Source")
	source, err := c.in.s3Source(value)
	if err != nil {
		return fmt.Errorf("copy source: %w", err)
	}
	read := func(plain, version string) {
		resource := source.container.objectARN(source.key)
		if source.version != "" {
			c.ask(version, resource, "s3:versionid", source.version)
		} else {
			c.ask(plain, resource)
		}
	}
	read("s3:GetObject", "s3:GetObjectVersion")
	c.source = source.name
	if err := c.readPut(); err != nil {
		return err
	}
	if v, ok := c.header("X-Amz-Tagging-Directive"); ok && !strings.EqualFold(v, "REPLACE") {
		read("s3:GetObjectTagging", "s3:GetObjectVersionTagging")
		if !c.hasHeader("X-Amz-Tagging") { // which asked for it already
			c.ask("s3:PutObjectTagging", c.resource())
		}
	}
	if v, ok := c.header("X-Amz-Object-Annotation-Directive"); ok && !strings.EqualFold(v, "EXCLUDE") {
		read("s3:GetObjectAnnotation", "s3:GetObjectVersionAnnotation")
		c.ask("s3:PutObjectAnnotation", c.resource())
	}
	return nil
}

// s3Source reads a copy source: [/]bucket/key or ARN/object/key, each
// percent-encoded in part or whole, and ?versionId= behind it. (Amazon S3 API
// Reference, CopyObject, x-amz-copy-source.)
func (in *input) s3Source(value string) (s3Source, error) {
	for i := range len(value) {
		if value[i] < ' ' || value[i] > '~' {
			return s3Source{}, fmt.Errorf("%.200q has characters beyond ASCII: percent-encode them", value)
		}
	}
	encoded, query, hasQuery := strings.Cut(value, "?")
	var s s3Source
	if hasQuery {
		version, ok := strings.CutPrefix(query, "versionId=")
		if !ok || version == "" || !isVersion(version) {
			return s, fmt.Errorf("%.200q: %.80q behind the question mark is no versionId; a question mark in a key is written %%3F", value, query)
		}
		s.version = version
	}
	path, err := s3Unescape("path", encoded)
	if err != nil {
		return s, err
	}
	if strings.Contains(strings.ToLower(path), "?versionid=") {
		return s, fmt.Errorf("%.200q may be read as naming a version, or as a key with a question mark", value)
	}
	path = strings.TrimPrefix(path, "/")
	if strings.HasPrefix(path, "arn:") {
		container, rest, err := in.s3ARN(path)
		if err != nil {
			return s, err
		}
		key, ok := strings.CutPrefix(rest, "object/")
		if !ok || key == "" {
			return s, fmt.Errorf("%.200q names no object of the access point", value)
		}
		s.container, s.key, s.name = container, key, path
		return s, nil
	}
	bucket, key, _ := strings.Cut(path, "/")
	if key == "" {
		return s, errors.New("it names no object")
	}
	if isDirectory(bucket) {
		s.container, err = in.s3Express(bucket)
	} else {
		s.container, err = in.s3Container(bucket)
	}
	s.key, s.name = key, path
	return s, err
}

// isVersion reports whether s can be a version's id. They are opaque; what S3
// gives out is of these characters.
func isVersion(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-') {
			return false
		}
	}
	return true
}
