package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

const (
	maxSize  = 256 << 10 // bytes of a manifest; the longest that make sense have some thousand
	maxDepth = 16        // of nesting; the grammar goes to 6
)

// document reads src as one YAML document and returns its root, or nil if there
// is none to go on with; p.errs says why, unless it is empty.
//
// The library is asked for its tree of nodes and nothing else. Aliases stay
// unexpanded in it, so that nothing can explode, and every meaning is given to
// a node here, where its position is known.
func (p *parser) document(src []byte) *yaml.Node {
	if len(src) > maxSize {
		p.errorAt(1, 1, "the manifest has %d bytes; at most %d are read", len(src), maxSize)
		return nil
	}
	if !p.text(src) {
		return nil
	}
	p.lines = lines(src)
	d := yaml.NewDecoder(bytes.NewReader(src))
	var doc yaml.Node
	switch err := d.Decode(&doc); {
	case err == io.EOF:
		return nil
	case err != nil:
		p.syntax(src, err)
		return nil
	}
	var second yaml.Node
	switch err := d.Decode(&second); {
	case err == io.EOF:
	case err != nil:
		p.syntax(src, err)
	default:
		p.errorAt(max(second.Line, 1), max(second.Column, 1), "a second document: one function has one manifest")
	}
	if len(doc.Content) != 1 {
		return nil
	}
	root := doc.Content[0]
	if root.ShortTag() == "!!null" && root.Value == "" && len(p.errs) == 0 {
		return nil // "---" and no more
	}
	if !p.wellFormed(root, 1) {
		return nil
	}
	return root
}

// text reports whether src is UTF-8 without NUL and other control characters.
// YAML forbids them as well; here their position is known.
func (p *parser) text(src []byte) bool {
	bad, what := -1, ""
	for i := 0; i < len(src) && bad < 0; {
		r, n := utf8.DecodeRune(src[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			bad, what = i, fmt.Sprintf("byte 0x%02x is not UTF-8", src[i])
			if bytes.HasPrefix(src, []byte("\xff\xfe")) || bytes.HasPrefix(src, []byte("\xfe\xff")) {
				what = "this is UTF-16, as PowerShell writes it: save the manifest as UTF-8"
			}
		case r == 0:
			bad, what = i, "a NUL byte: a manifest is text, in UTF-8"
		case r < ' ' && r != '\t' && r != '\n' && r != '\r', r == 0x7f:
			bad, what = i, fmt.Sprintf("control character %U", r)
		}
		i += n
	}
	if bad < 0 {
		return true
	}
	line := bytes.Count(src[:bad], []byte("\n")) + 1
	start := bytes.LastIndexByte(src[:bad], '\n') + 1
	p.errorAt(line, utf8.RuneCount(src[start:bad])+1, "%s", what)
	return false
}

// lines counts the lines of src as YAML does, which ends them at more than \n.
func lines(src []byte) int {
	n := 1
	for _, end := range []string{"\n", "\r", "\u0085", "\u2028", "\u2029"} {
		n += bytes.Count(src, []byte(end))
	}
	return n - bytes.Count(src, []byte("\r\n"))
}

// syntax reports an error of the YAML library, at its position if it tells one,
// and with the way out where the library's words have none.
func (p *parser) syntax(src []byte, err error) {
	line, column, text := 1, 1, strings.TrimPrefix(err.Error(), "yaml: ")
	var load *yaml.LoadError
	if errors.As(err, &load) {
		text = load.Message
		line, column = max(load.Mark.Line, 1), max(load.Mark.Column, 1)
		if begun := load.ContextMark.Line; load.ContextMsg != "" && 0 < begun && begun < line {
			text = fmt.Sprintf("%s that begins in line %d: %s", load.ContextMsg, begun, text)
		} else if load.ContextMsg != "" {
			text = load.ContextMsg + ": " + text
		}
		c := characterAt(src, line, column)
		switch none := load.Message == "found character that cannot start any token"; {
		case none && c == '\t':
			text = "a tab: YAML is indented with spaces"
		case none && (c == '@' || c == '`' || c == '%'):
			text += fmt.Sprintf("; quote what begins with %q", string(c))
		case load.ContextMsg == "while scanning an alias":
			text += `; quote what begins with "*"`
		}
	}
	p.errorAt(line, column, "this is no YAML: %s", text)
}

// characterAt returns the character at a place in src, or zero.
func characterAt(src []byte, line, column int) rune {
	for ; line > 1; line-- {
		_, src, _ = bytes.Cut(src, []byte("\n"))
	}
	src, _, _ = bytes.Cut(src, []byte("\n"))
	if chars := []rune(string(src)); column <= len(chars) {
		return chars[column-1]
	}
	return 0
}

// wellFormed reports whether n is of plain nodes: it has no alias or merge key,
// no tag of its own, no key twice and none that is not a string, and is not
// nested for nesting's sake. What breaks only this is reported here and
// reading goes on, so that all mistakes show; only a tree that cannot be
// trusted to end is given up.
func (p *parser) wellFormed(n *yaml.Node, depth int) bool {
	if depth > maxDepth {
		p.errorf(n, "nested more than %d deep", maxDepth)
		return false
	}
	switch n.Kind {
	case yaml.AliasNode:
		p.errorf(n, "aliases are not read in a manifest, which says what it grants where it grants it: write the value of %q out", "*"+n.Value)
		p.torn = true
		return true
	case yaml.MappingNode:
		p.keys(n)
	}
	if n.Style&yaml.TaggedStyle != 0 {
		p.errorf(n, "tags are not read in a manifest: leave %q out", n.ShortTag())
	}
	for _, c := range n.Content {
		if !p.wellFormed(c, depth+1) {
			return false
		}
	}
	return true
}

// keys reports the keys of a mapping that stand twice or are no strings.
func (p *parser) keys(n *yaml.Node) {
	seen := make(map[string]int)
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		if k.Kind == yaml.ScalarNode && k.ShortTag() == "!!null" && k.Value == "Null" {
			// IAM's operator, as everybody writes it. No key means nothing.
			k.Tag = "!!str"
		}
		switch {
		case k.Kind == yaml.AliasNode:
			// reported as an alias
		case k.ShortTag() == "!!merge":
			p.errorf(k, `merge keys are not read in a manifest: write the fields out in place of "<<"`)
			p.torn = true
		case k.Kind != yaml.ScalarNode || k.ShortTag() != "!!str":
			p.errorf(k, "%s is no key: keys are strings", describe(k))
		case seen[k.Value] > 0:
			p.errorf(k, "key %q stands twice: first in line %d", k.Value, seen[k.Value])
		default:
			seen[k.Value] = k.Line
		}
	}
}

// describe says what n is, for errors about what it should be.
func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "an alias"
	}
	switch n.ShortTag() {
	case "!!null":
		return "nothing"
	case "!!bool":
		return "the truth value " + n.Value
	case "!!int", "!!float":
		return "the number " + n.Value
	case "!!timestamp":
		return "the date " + n.Value
	}
	return fmt.Sprintf("the string %q", n.Value)
}
