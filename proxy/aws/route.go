package aws

import (
	"net/url"
	"slices"
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
// end says nothing; an empty or dotted segment, which some servers take away,
// is refused by the caller.
func pathSegments(path string) (segments []string, ok bool) {
	for s := range strings.SplitSeq(strings.TrimSuffix(strings.TrimPrefix(path, "/"), "/"), "/") {
		s, err := url.PathUnescape(s)
		if err != nil || s == "." || s == ".." {
			return nil, false
		}
		segments = append(segments, s)
	}
	if len(segments) > 1 && slices.Contains(segments, "") {
		return nil, false
	}
	return segments, true
}
