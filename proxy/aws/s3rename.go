package aws

import (
	"errors"
	"fmt"
	"strings"
)

// readRename asks for what moving an object within its bucket comes to: to write
// it anew, to read what was there, and to delete that. AWS asks for a session
// that may write, and for nothing more. (Amazon S3 API Reference, RenameObject.)
//
// The source is a key of the same bucket, percent-encoded. Whether a slash, or
// the bucket's name, in front of it is of the key, the page does not say: both
// are asked for.
func (c *s3Call) readRename() error {
	value, ok := c.header("X-Amz-Rename-Source")
	if !ok || value == "" {
		return errors.New("operation RenameObject: no x-amz-rename-source")
	}
	key, err := s3Unescape("rename source", value)
	if err != nil {
		return err
	}
	if strings.ContainsAny(value, "?#") {
		return fmt.Errorf("rename source %.200q has a character that is not percent-encoded", value)
	}
	keys := []string{key}
	if rest, ok := strings.CutPrefix(key, "/"); ok {
		keys = append(keys, rest)
	}
	_, bucket, _ := strings.Cut(c.container.arn, "/")
	for _, k := range keys {
		if rest, ok := strings.CutPrefix(k, bucket+"/"); ok {
			keys = append(keys, rest)
		}
	}
	c.ask("s3:PutObject", c.resource())
	for _, k := range keys {
		if k == "" {
			return fmt.Errorf("rename source %.200q names no key", value)
		}
		c.ask("s3:GetObject", c.container.objectARN(k))
		c.ask("s3:DeleteObject", c.container.objectARN(k))
	}
	return nil
}
