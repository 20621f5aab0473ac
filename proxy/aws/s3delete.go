package aws

import (
	"errors"
	"fmt"
)

// maxDeletes is how many keys one DeleteObjects may name. (Amazon S3 API
// Reference, DeleteObjects.)
const maxDeletes = 1000

// readDeletes asks for the deletion of every object that the body of a
// DeleteObjects names. What stands in it and is not known is refused, since
// here the body alone says which objects go.
func (c *s3Call) readDeletes() error {
	root, err := c.body("Delete")
	if err != nil {
		return err
	}
	if root == nil {
		return errors.New("operation DeleteObjects: the body names no objects")
	}
	if _, _, err := root.value("Quiet"); err != nil {
		return err
	}
	objects := 0
	for i := range root.children {
		switch e := &root.children[i]; e.name {
		case "Quiet":
		case "Object":
			if objects++; objects > maxDeletes {
				return fmt.Errorf("operation DeleteObjects: more than %d objects", maxDeletes)
			}
			if err := c.readDeleted(e); err != nil {
				return fmt.Errorf("operation DeleteObjects: object %d: %w", objects, err)
			}
		default:
			return fmt.Errorf("operation DeleteObjects: element %.80q", e.name)
		}
	}
	if objects == 0 {
		return errors.New("operation DeleteObjects: the body names no objects")
	}
	return nil
}

func (c *s3Call) readDeleted(object *element) error {
	for _, e := range object.children {
		switch e.name {
		case "Key", "VersionId", "ETag", "LastModifiedTime", "Size":
			if _, _, err := object.value(e.name); err != nil { // twice, or not text
				return err
			}
		default:
			return fmt.Errorf("element %.80q", e.name)
		}
	}
	key, _, err := object.value("Key")
	if err != nil {
		return err
	}
	// Of white space alone an XML reader may make nothing.
	if blank(key) {
		return errors.New("it has no key")
	}
	resource := c.container.objectARN(key)
	version, ok, err := object.value("VersionId")
	switch {
	case err != nil:
		return err
	case ok && blank(version):
		return errors.New("its VersionId is empty")
	case ok:
		c.ask(c.operation.version, resource, "s3:versionid", version)
	default:
		c.ask(c.operation.action, resource)
	}
	c.readBypass(resource)
	return nil
}
