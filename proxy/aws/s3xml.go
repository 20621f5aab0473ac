package aws

import (
	"errors"
	"fmt"
	"strings"
)

// s3Namespace may be declared by an element or left out; S3 takes both.
const s3Namespace = "http://s3.amazonaws.com/doc/2006-03-01/"

// body returns the root element of the call's body, which has to be called
// root, or nil if there is no body: see [parseXML].
func (c *s3Call) body(root string) (*element, error) {
	if v, _ := c.header("X-Amz-Content-Sha256"); strings.HasPrefix(v, "STREAMING-") {
		return nil, fmt.Errorf("operation %s: a body that has to be read comes in chunks (%.60q): send it whole", c.call.Operation, v)
	}
	body, err := c.in.body()
	if err != nil {
		return nil, err
	}
	if len(body) == 0 {
		return nil, nil
	}
	e, err := c.in.readXML(body, s3Namespace)
	if err == nil && e.name != root {
		err = fmt.Errorf("element %.80q, want %q", e.name, root)
	}
	if err != nil {
		return nil, fmt.Errorf("operation %s: body: %w", c.call.Operation, err)
	}
	return e, nil
}

// tags reads a list of <Tag><Key/><Value/></Tag>.
func (e *element) tags() ([]pair, error) {
	if e == nil {
		return nil, nil
	}
	var tags []pair
	for i := range e.children {
		t := &e.children[i]
		if t.name != "Tag" {
			return nil, fmt.Errorf("element %.80q in %q", t.name, e.name)
		}
		key, _, err1 := t.value("Key")
		value, _, err2 := t.value("Value")
		if err := errors.Join(err1, err2); err != nil {
			return nil, err
		}
		tags = append(tags, pair{key, value})
	}
	return tags, once(tags)
}
