package aws

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// A node is a place in the tree of a REST service's paths, one level a
// segment.
type node struct {
	literal map[string]*node
	label   *node // one segment, whatever it is
	greedy  *node // one segment and more
	here    []*tableOperation
}

// add puts an operation where its path leads.
func (n *node) add(op *tableOperation) {
	for s := range strings.SplitSeq(strings.Trim(op.path, "/"), "/") {
		switch {
		case strings.HasPrefix(s, "{") && strings.HasSuffix(s, "+}"):
			if n.greedy == nil {
				n.greedy = new(node)
			}
			n = n.greedy
		case strings.HasPrefix(s, "{"):
			if n.label == nil {
				n.label = new(node)
			}
			n = n.label
		default:
			next := n.literal[s]
			if next == nil {
				if n.literal == nil {
					n.literal = make(map[string]*node)
				}
				next = new(node)
				n.literal[s] = next
			}
			n = next
		}
	}
	n.here = append(n.here, op)
}

// find calls f with every operation whose path segments are, less its literal
// query, and with how the path matched: a literal is more than a label, and a
// label more than a greedy one.
func (n *node) find(segments []string, how []byte, f func(op *tableOperation, how string)) {
	if len(segments) == 0 {
		for _, op := range n.here {
			f(op, string(how))
		}
		return
	}
	if next := n.literal[segments[0]]; next != nil {
		next.find(segments[1:], append(how, '2'), f)
	}
	if n.label != nil && segments[0] != "" {
		n.label.find(segments[1:], append(how, '1'), f)
	}
	if n.greedy != nil {
		for i := 1; i <= len(segments); i++ {
			n.greedy.find(segments[i:], append(how, '0'), f)
		}
	}
}

// labels returns what the labels of an operation's path are in segments.
func (op *tableOperation) labels(segments []string) map[string]string {
	pattern := strings.Split(strings.Trim(op.path, "/"), "/")
	values := make(map[string]string)
	for i, p := range pattern {
		name, ok := strings.CutPrefix(p, "{")
		if !ok {
			continue
		}
		name = strings.TrimSuffix(name, "}")
		if g, greedy := strings.CutSuffix(name, "+"); greedy {
			// What is behind it in the pattern is behind it in the path.
			end := len(segments) - (len(pattern) - i - 1)
			values[g] = strings.Join(segments[i:end], "/")
			segments = append(slices.Clone(segments[:i+1]), segments[end:]...)
			continue
		}
		values[name] = segments[i]
	}
	return values
}

// pathSegments takes a path apart and decodes each segment. One slash at the
// end says nothing. What servers read in several ways is refused: an empty or
// dotted segment, which some take away; a parameter of
// a segment, behind a semicolon (RFC 3986, section 3.3); and an escaped character
// that needs none, by which a literal is a label to who matches before decoding.
// No SDK writes those.
func pathSegments(path string) (segments []string, err error) {
	for raw := range strings.SplitSeq(strings.TrimSuffix(strings.TrimPrefix(path, "/"), "/"), "/") {
		s, err := url.PathUnescape(raw)
		switch {
		case err != nil:
			return nil, err
		case strings.Contains(raw, ";"):
			return nil, fmt.Errorf("path %.120q has a semicolon, behind which some servers do not read on; write it as %%3B", path)
		case s == "." || s == "..":
			return nil, fmt.Errorf("path %.120q has a segment that some servers take away", path)
		case needless(raw):
			return nil, fmt.Errorf("path %.120q escapes a character that needs no escape", path)
		}
		segments = append(segments, s)
	}
	if len(segments) > 1 && slices.Contains(segments, "") {
		return nil, fmt.Errorf("path %.120q has a segment that some servers take away", path)
	}
	return segments, nil
}

// climbs reports whether a segment has dots between slashes that it escapes: who
// decodes before normalizing reads another path. A topic may be called so.
func climbs(segments []string) bool {
	return slices.ContainsFunc(segments, func(s string) bool {
		return slices.Contains(strings.Split(s, "/"), "..")
	})
}

// needless reports whether an unreserved character is escaped in s. (RFC 3986,
// section 2.3; older SDKs escape "~" all the same.)
func needless(s string) bool {
	for {
		_, after, ok := strings.Cut(s, "%")
		if !ok || len(after) < 2 {
			return false
		}
		if c, err := strconv.ParseUint(after[:2], 16, 8); err == nil && isName(string(rune(c)), "-._") {
			return true
		}
		s = after[2:]
	}
}
