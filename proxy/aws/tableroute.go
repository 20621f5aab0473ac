package aws

import (
	"fmt"
	"mime"
	"slices"
	"strings"
)

// route finds the operations of REST services that method, path, query and
// headers name.
func (in *input) route(ts []*table) ([]tableCall, error) {
	var found []tableCall
	var rivals []*tableOperation // that a literal query tells from others of their path
	best := ""
	for _, t := range ts {
		path := in.path
		if rest, ok := strings.CutPrefix(path, t.base); ok && t.base != "" && strings.HasPrefix(rest, "/") {
			path = rest
		}
		if t.id == "iot-data-plane" {
			path = topicPath(path)
		}
		segments, err := pathSegments(path)
		if err != nil {
			return nil, err
		}
		if climbs(segments) && t.id != "iot-data-plane" {
			return nil, fmt.Errorf("path %.120q has a segment that some servers take away", in.path)
		}
		var room [16]byte
		t.routes.find(segments, room[:0], func(op *tableOperation, how string) {
			if op.method != in.r.Method {
				return
			}
			if op.query != "" {
				rivals = append(rivals, op)
			}
			if !in.has(op) {
				return
			}
			rank := fmt.Sprintf("%-24s %02d %02d", how, count(op.query, "&"), count(op.needs, ","))
			if rank < best {
				return
			}
			if rank > best {
				best, found = rank, found[:0]
			}
			found = append(found, tableCall{in: in, table: t, operation: op, labels: op.labels(segments), parse: in.restBody})
		})
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%.20s of %.120q is no operation of %q that is known", in.r.Method, in.path, in.scopeOrHost())
	}
	return found, in.undisputed(found, rivals)
}

// undisputed refuses a query by which a server could take the call for another
// operation than those that were found: one that has what tells the operations
// of a path apart twice, in another case, or with a value that is none of theirs.
func (in *input) undisputed(found []tableCall, rivals []*tableOperation) error {
	for _, op := range rivals {
		for part := range strings.SplitSeq(op.query, "&") {
			name, want, valued := strings.Cut(part, "=")
			if name == "x-id" {
				continue
			}
			times := 0
			for _, p := range in.query {
				if fold(p.name) != fold(name) {
					continue
				}
				if times++; times > 1 || p.name != name {
					return fmt.Errorf("parameter %.40q stands twice, or in another case: it says which operation this is", p.name)
				}
				if valued && p.value != want && slices.ContainsFunc(found, func(c tableCall) bool {
					return !slices.Contains(strings.Split(c.operation.query, "&"), name+"="+p.value)
				}) {
					return fmt.Errorf("parameter %.40q has the value %.40q, which is no operation's", p.name, p.value)
				}
				if !valued && slices.ContainsFunc(found, func(c tableCall) bool { return !slices.Contains(strings.Split(c.operation.query, "&"), name) }) {
					return fmt.Errorf("parameter %.40q is of operation %q, and the rest of the call is not", p.name, op.name)
				}
			}
		}
	}
	return nil
}

func count(list, sep string) int {
	if list == "" {
		return 0
	}
	return strings.Count(list, sep) + 1
}

// has reports whether the call has what tells op from others of its path: its
// literal query, and its required members.
func (in *input) has(op *tableOperation) bool {
	if op.query != "" {
		for part := range strings.SplitSeq(op.query, "&") {
			name, want, valued := strings.Cut(part, "=")
			if name == "x-id" {
				continue // it names the operation for logs, and not all SDKs send it
			}
			if got, ok := in.param(name); !ok || valued && got != want {
				return false
			}
		}
	}
	if op.needs != "" {
		for need := range strings.SplitSeq(op.needs, ",") {
			if name, ok := strings.CutPrefix(need, "b."); ok {
				if members, err := in.restBody(); err != nil || members.get(name) == nil {
					return false
				}
			} else if name, ok := strings.CutPrefix(need, "q."); ok {
				if _, ok := in.param(name); !ok {
					return false
				}
			} else if len(in.r.Header.Values(strings.TrimPrefix(need, "h."))) == 0 {
				return false
			}
		}
	}
	return true
}

// restBody reads the members that stand in the body of a rest-json call.
func (in *input) restBody() (tree, error) {
	contentType, err := in.header("Content-Type")
	if err != nil {
		return tree{}, err
	}
	body, err := in.body()
	if err != nil || len(body) == 0 {
		return tree{}, err
	}
	if contentType != "" {
		ct, params, err := mime.ParseMediaType(contentType)
		if cs := params["charset"]; err != nil || ct != "application/json" && !strings.HasPrefix(ct, "application/x-amz-json-1.") || cs != "" && !strings.EqualFold(cs, "utf-8") {
			return tree{}, fmt.Errorf("content-type %.80q is not JSON in UTF-8", contentType)
		}
	}
	return in.readJSON(body)
}

// cutLast is strings.Cut at the last sep.
func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
