package aws

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// An s3Element is an element of a body: text or elements, never both.
type s3Element struct {
	name     string
	text     string
	children []s3Element
}

// s3Namespace may be declared by an element or left out; S3 takes both.
const s3Namespace = "http://s3.amazonaws.com/doc/2006-03-01/"

// Bounds of a body that is read: a replication configuration, the largest, has
// 1,000 rules of some thirty elements.
const (
	maxElements     = 1 << 16
	maxElementDepth = 16
)

// body returns the root element of the call's body, which has to be called
// root, or nil if there is no body. It takes the small language that SDKs
// write: no document type, so no entities but XML's own; no comments, CDATA,
// processing instructions or attributes, which one reader may see and another
// not; UTF-8 alone.
func (c *s3Call) body(root string) (*s3Element, error) {
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
	e, err := s3XML(body)
	if err == nil && e.name != root {
		err = fmt.Errorf("element %.80q, want %q", e.name, root)
	}
	if err != nil {
		return nil, fmt.Errorf("operation %s: body: %w", c.call.Operation, err)
	}
	return e, nil
}

func s3XML(body []byte) (*s3Element, error) {
	if bytes.Contains(body, []byte("<![CDATA[")) {
		return nil, errors.New("CDATA is not read")
	}
	d := xml.NewDecoder(bytes.NewReader(body))
	var (
		document s3Element // holds the root
		open     = []*s3Element{&document}
		count    int
	)
	for first := true; ; first = false {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		top := open[len(open)-1]
		switch t := token.(type) {
		case xml.StartElement:
			if count++; count > maxElements || len(open) > maxElementDepth {
				return nil, errors.New("more elements than are read")
			}
			if t.Name.Space != "" && t.Name.Space != s3Namespace {
				return nil, fmt.Errorf("element %.80q is of namespace %.80q", t.Name.Local, t.Name.Space)
			}
			for _, a := range t.Attr {
				if a.Name.Space != "" || a.Name.Local != "xmlns" || a.Value != s3Namespace {
					return nil, fmt.Errorf("element %.80q has the attribute %.80q", t.Name.Local, a.Name.Local)
				}
			}
			if len(t.Attr) > 1 {
				return nil, fmt.Errorf("element %.80q declares its namespace twice", t.Name.Local)
			}
			if len(open) == 1 && len(top.children) > 0 {
				return nil, errors.New("two roots")
			}
			if !blank(top.text) {
				return nil, fmt.Errorf("text beside element %.80q", t.Name.Local)
			}
			top.children = append(top.children, s3Element{name: t.Name.Local})
			open = append(open, &top.children[len(top.children)-1])
		case xml.EndElement:
			if len(top.children) > 0 {
				top.text = ""
			}
			open = open[:len(open)-1]
		case xml.CharData:
			if (len(open) == 1 || len(top.children) > 0) && !blank(string(t)) {
				return nil, errors.New("text between elements")
			}
			top.text += string(t)
		case xml.ProcInst:
			if !first || t.Target != "xml" {
				return nil, fmt.Errorf("processing instruction %.40q", t.Target)
			}
		default:
			return nil, errors.New("a comment or a document type, which are not read")
		}
	}
	if len(document.children) == 0 {
		return nil, errors.New("no element")
	}
	return &document.children[0], nil
}

func blank(s string) bool { return strings.Trim(s, " \t\r\n") == "" }

// child returns the one child called name; nil if there is none. Two are an
// error: of two readers one takes the first and one the last.
func (e *s3Element) child(name string) (*s3Element, error) {
	if e == nil {
		return nil, nil
	}
	var found *s3Element
	for i := range e.children {
		if e.children[i].name == name {
			if found != nil {
				return nil, fmt.Errorf("element %q stands twice in %.80q", name, e.name)
			}
			found = &e.children[i]
		}
	}
	return found, nil
}

// value returns the text at the end of a path of elements, each of which may
// stand once, and whether it is there.
func (e *s3Element) value(path ...string) (string, bool, error) {
	for _, name := range path {
		var err error
		if e, err = e.child(name); e == nil || err != nil {
			return "", false, err
		}
	}
	if len(e.children) > 0 {
		return "", false, fmt.Errorf("element %q has elements in it", e.name)
	}
	return e.text, true, nil
}

// tags reads a list of <Tag><Key/><Value/></Tag>.
func (e *s3Element) tags() ([]pair, error) {
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
