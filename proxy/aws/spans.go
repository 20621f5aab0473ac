package aws

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// A span is one value of a document: the names that lead to it, what it says,
// and the bytes that say it. A list's elements have no name of their own.
type span struct {
	path       []string
	text       string
	start, end int  // of a string of JSON, its quotes among them
	quoted     bool // it is a string of JSON
}

func (s span) name() string { return s.path[len(s.path)-1] }

// xmlSpans returns the elements of doc that have no others in them. It refuses
// what a reader could find more in than another: document types, processing
// instructions, comments, CDATA, text beside elements, and anything after the
// root.
func xmlSpans(doc []byte) ([]span, error) {
	if !utf8.Valid(doc) {
		return nil, errors.New("the answer is not UTF-8")
	}
	if bytes.Contains(doc, []byte("<![")) {
		return nil, errors.New("the answer has a marked section")
	}
	d := xml.NewDecoder(bytes.NewReader(doc))
	var spans []span
	var path []string
	leaf, begun, root := false, 0, false // of the innermost element: it has no others, and begins there
	var text strings.Builder
	for {
		before := int(d.InputOffset())
		t, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		switch t := t.(type) {
		case xml.StartElement:
			if strings.TrimSpace(text.String()) != "" || len(path) == 0 && root || len(path) == maxDepth {
				return nil, fmt.Errorf("element %.40q of the answer stands where none should", t.Name.Local)
			}
			root, leaf, begun = true, true, int(d.InputOffset())
			path = append(path, t.Name.Local)
			text.Reset()
		case xml.EndElement:
			if leaf {
				spans = append(spans, span{path: slices.Clone(path), text: text.String(), start: begun, end: before})
			} else if strings.TrimSpace(text.String()) != "" {
				return nil, fmt.Errorf("element %.40q of the answer has text and elements", t.Name.Local)
			}
			leaf, path = false, path[:len(path)-1]
			text.Reset()
		case xml.CharData:
			if len(path) == 0 && len(bytes.TrimSpace(t)) > 0 {
				return nil, errors.New("the answer has text outside its root")
			}
			text.Write(t)
		case xml.ProcInst:
			if t.Target != "xml" || before != 0 {
				return nil, errors.New("the answer has a processing instruction")
			}
		default:
			return nil, errors.New("the answer has a comment or a document type")
		}
	}
	if !root || len(path) > 0 {
		return nil, io.ErrUnexpectedEOF
	}
	return spans, nil
}

// jsonSpans returns the values of doc that are no objects and no lists. It
// refuses members that stand twice, in any case, and what is no one object.
func jsonSpans(doc []byte) ([]span, error) {
	if !utf8.Valid(doc) {
		return nil, errors.New("the answer is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.Join(errors.New("the answer is no object"), err)
	}
	var spans []span
	if err := spansOfObject(d, doc, nil, &spans); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("the answer goes on after its object")
	}
	return spans, nil
}

// spansOfObject reads the members of an object that has begun, and its end.
func spansOfObject(d *json.Decoder, doc []byte, path []string, spans *[]span) error {
	seen := make(map[string]bool)
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return err
		}
		name, _ := t.(string)
		if seen[fold(name)] {
			return fmt.Errorf("member %.40q of the answer stands twice", name)
		}
		seen[fold(name)] = true
		if err := spansOfValue(d, doc, append(path[:len(path):len(path)], name), spans); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

func spansOfValue(d *json.Decoder, doc []byte, path []string, spans *[]span) error {
	if len(path) > maxDepth {
		return errors.New("the answer is nested too deep")
	}
	before := int(d.InputOffset())
	t, err := d.Token()
	if err != nil {
		return err
	}
	end := int(d.InputOffset())
	switch t := t.(type) {
	case json.Delim:
		if t == '{' {
			return spansOfObject(d, doc, path, spans)
		}
		for d.More() {
			if err := spansOfValue(d, doc, append(path[:len(path):len(path)], ""), spans); err != nil {
				return err
			}
		}
		_, err := d.Token()
		return err
	case string:
		*spans = append(*spans, span{path: path, text: t, start: before + bytes.IndexByte(doc[before:end], '"'), end: end, quoted: true})
	case json.Number:
		*spans = append(*spans, span{path: path, text: t.String(), start: end - len(t), end: end})
	}
	return nil // true, false and null say nothing
}
