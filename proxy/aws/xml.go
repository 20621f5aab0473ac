package aws

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// An element is one of a body in XML: text or elements, never both.
type element struct {
	name     string
	text     string
	children []element
}

// Bounds of a body that is read: S3's replication configuration, the largest,
// has 1,000 rules of some thirty elements.
const (
	maxElements     = 1 << 16
	maxElementDepth = 16
)

// parseXML returns the root element of a body. It takes the small language that
// SDKs write: no document type, so no entities but XML's own; no comments, CDATA,
// processing instructions or attributes, which one reader may see and another
// not; UTF-8 alone. All elements are of one namespace, the root's, or of none.
func parseXML(body []byte) (*element, error) { return parseXMLOf(body, "", nil) }

// elementBytes is what an element takes, and its tokens until it is read.
const elementBytes = 256

// readXML is parseXMLOf the call's body.
func (in *input) readXML(body []byte, namespace string) (*element, error) {
	return parseXMLOf(body, namespace, in.spend)
}

// parseXMLOf is parseXML for a body whose elements are of a namespace that is
// known, or of none, with spend asked for what it takes.
func parseXMLOf(body []byte, namespace string, spend func(int64) error) (*element, error) {
	if !utf8.Valid(body) {
		return nil, errors.New("it is not UTF-8")
	}
	if bytes.Contains(body, []byte("<![CDATA[")) {
		return nil, errors.New("CDATA is not read")
	}
	referring := bytes.Contains(body, []byte("&#"))
	d := xml.NewDecoder(bytes.NewReader(body))
	var (
		document element // holds the root
		open     = []*element{&document}
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
			if spend != nil {
				if err := spend(elementBytes); err != nil {
					return nil, err
				}
			}
			if count == 1 && namespace == "" && len(t.Attr) > 0 { // without, it is a prefix
				namespace = t.Name.Space
			}
			if t.Name.Space != "" && t.Name.Space != namespace {
				return nil, fmt.Errorf("element %.80q is of namespace %.80q", t.Name.Local, t.Name.Space)
			}
			for _, a := range t.Attr {
				if t.Name.Local == "Grantee" && isSchemaType(a) {
					continue
				}
				if a.Name.Space != "" || a.Name.Local != "xmlns" || a.Value != namespace {
					return nil, fmt.Errorf("element %.80q has the attribute %.80q", t.Name.Local, a.Name.Local)
				}
			}
			if len(t.Attr) > 1 && t.Name.Local != "Grantee" {
				return nil, fmt.Errorf("element %.80q declares its namespace twice", t.Name.Local)
			}
			if len(open) == 1 && len(top.children) > 0 {
				return nil, errors.New("two roots")
			}
			if !blank(top.text) {
				return nil, fmt.Errorf("text beside element %.80q", t.Name.Local)
			}
			top.children = append(top.children, element{name: t.Name.Local})
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
			// encoding/xml takes &#xD800; for U+FFFD; others refuse it.
			if referring && bytes.ContainsRune(t, utf8.RuneError) {
				return nil, errors.New("a reference to what is no character, or may be")
			}
			if len(top.children) == 0 {
				top.text += string(t)
			}
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

// isSchemaType reports whether a is one of the two attributes that S3's Grantee
// has, and nothing else of AWS's: its type, which its elements say as well.
// (Amazon S3 API Reference, Grantee.)
func isSchemaType(a xml.Attr) bool {
	const schema = "http://www.w3.org/2001/XMLSchema-instance"
	return a.Name.Space == "xmlns" && a.Value == schema || a.Name.Space == schema && a.Name.Local == "type"
}

func blank(s string) bool { return strings.Trim(s, " \t\r\n") == "" }

// child returns the one child called name; nil if there is none. Two are an
// error: of two readers one takes the first and one the last.
func (e *element) child(name string) (*element, error) {
	if e == nil {
		return nil, nil
	}
	var found *element
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
func (e *element) value(path ...string) (string, bool, error) {
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
