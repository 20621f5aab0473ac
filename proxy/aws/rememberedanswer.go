package aws

import (
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
)

// learn has the ids in a granted call's answer remembered as the answer is
// passed on. Nothing is held back for it, and nothing of the answer is changed.
func (c *Cloud) learn(resp *http.Response, call *proxy.Call, p *particulars, m *manifest.Manifest, d manifest.Decision) {
	from := originOf(call.Service, call.Operation)
	switch {
	case from.kind == "":
		return
	case !d.Allowed || m.Mode == manifest.Observe:
		return // where all passes, that it passed says nothing
	case resp.StatusCode < 200 || resp.StatusCode > 299:
		return
	case resp.Uncompressed || !isIdentity(resp.Header.Values("Content-Encoding")):
		return
	}
	l := &lesson{cloud: c, call: call, manifest: m, from: from, carried: p.carried}
	if from.header != "" {
		if ids := resp.Header.Values(from.header); len(ids) == 1 {
			l.ids = append(l.ids, ids[0])
		}
		if len(from.paths) == 0 {
			l.end()
			return
		}
	}
	resp.Body = &overheard{ReadCloser: resp.Body, lesson: l}
}

func isIdentity(encodings []string) bool {
	return len(encodings) == 0 || len(encodings) == 1 && strings.EqualFold(encodings[0], "identity")
}

// An overheard body is passed on, and listened to.
type overheard struct {
	io.ReadCloser
	lesson *lesson
}

func (o *overheard) Read(p []byte) (int, error) {
	n, err := o.ReadCloser.Read(p)
	if l := o.lesson; l != nil {
		// Before its reader has the last byte, who may carry an id at once.
		if done, whole := l.hear(p[:n]); done {
			if o.lesson = nil; whole {
				l.end()
			}
		}
	}
	return n, err
}

// maxIDs is how many ids are remembered of one answer. The longest lists of
// them have fifty.
const maxIDs = 64

// A lesson is what one answer tells.
type lesson struct {
	cloud    *Cloud
	call     *proxy.Call
	manifest *manifest.Manifest
	from     origin
	carried  []digest // the ids of the call itself
	scan     scanner
	ids      []string
	arn      string
}

// hear scans the next piece of the answer.
func (l *lesson) hear(b []byte) (done, whole bool) {
	if l.scan == nil {
		if len(b) == 0 {
			return false, false
		}
		paths := l.from.paths
		if l.from.arn != "" {
			paths = append(slices.Clone(paths), l.from.arn)
		}
		l.scan = newScanner(b[0], paths, l.found)
	}
	return l.scan.feed(b)
}

// newScanner returns a scanner of what begins so. No answer is two things: a map
// of CBOR's begins with none that an object of JSON's begins with.
func newScanner(first byte, paths []string, found func(path int, text string)) scanner {
	if isCBOR(first) {
		return &cborScanner{finding: find(paths, found)}
	}
	return &jsonScanner{finding: find(paths, found)}
}

func isCBOR(first byte) bool { return first>>5 == cborMap }

// found is told of a text at one of the paths.
func (l *lesson) found(path int, text string) {
	if path == len(l.from.paths) {
		l.arn = text
		return
	}
	if len(l.ids) < maxIDs {
		l.ids = append(l.ids, text)
	}
}

// end remembers the ids of an answer that was read to its end.
func (l *lesson) end() {
	resources := l.resources()
	if resources == "" {
		return
	}
	m, now := &l.cloud.remembered, l.cloud.now()
	until := now.Add(l.from.lasts)
	if l.from.own {
		for _, id := range l.carried {
			m.put(id, resources, now, until)
		}
	}
	for _, id := range l.ids {
		ok := id != ""
		if ok && l.from.binary {
			id, ok = unbase64(id)
		}
		if ok {
			m.put(m.digest(l.call, l.from.kind, id), resources, now, until)
		}
	}
}

// resources are what the ids are of: what the call named, and was granted.
func (l *lesson) resources() string {
	action := l.from.actionOf(l.call)
	var all []string
	for _, r := range l.call.Requests {
		if r.Action != action {
			continue
		}
		if l.from.arn != "" {
			if !isOne(r, l.arn) {
				return ""
			}
			// The call was granted what may be this one; it has to be so itself.
			r.Resource, r.Partly = l.arn, false
			if !l.manifest.Decide(r).Allowed {
				return ""
			}
		}
		if r.Resource == "*" || r.Partly || strings.Contains(r.Resource, "\n") {
			return ""
		}
		if !slices.Contains(all, r.Resource) {
			all = append(all, r.Resource)
		}
	}
	joined := strings.Join(all, "\n")
	if len(joined) > maxResources {
		return ""
	}
	return strings.Clone(joined) // which may be part of a large body
}

// isOne reports whether arn may be what r is about. What r does not tell of it,
// the answer does: a whole ARN of the same service, or the characters behind an
// ARN's beginning.
func isOne(r manifest.Request, arn string) bool {
	parts := strings.SplitN(arn, ":", 6)
	service, _, _ := strings.Cut(r.Action, ":")
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != service || !isAccount(parts[4]) || !isName(parts[5], "/:_.-") {
		return false
	}
	if r.Resource == "*" {
		return r.Partly
	}
	if !r.Partly {
		return r.Resource == arn
	}
	stem := strings.TrimRight(r.Resource, "?")
	return strings.HasPrefix(arn, stem) && len(arn) == len(r.Resource)
}
