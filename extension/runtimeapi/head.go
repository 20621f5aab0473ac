package runtimeapi

import (
	"bytes"
	"iter"
	"strconv"
	"strings"
)

// A head is a message's, with the empty line that ends it.
type head []byte

// start returns the first line.
func (h head) start() string {
	line, _, _ := bytes.Cut(h, crlf)
	return string(line)
}

var crlf = []byte("\r\n")

// fields yields the header's lines. It ends with an empty name where one is
// not written as it ought to be: two readers could take it for different things.
// (RFC 9112, section 5.)
func (h head) fields() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		_, rest, _ := bytes.Cut(h, crlf)
		for {
			var line []byte
			line, rest, _ = bytes.Cut(rest, crlf)
			if len(line) == 0 {
				return
			}
			name, value, ok := bytes.Cut(line, []byte(":"))
			if !ok || len(name) == 0 || bytes.ContainsAny(line, "\r\n\x00") || bytes.ContainsAny(name, " \t") {
				yield("", "")
				return
			}
			if !yield(string(name), string(bytes.Trim(value, " \t"))) {
				return
			}
		}
	}
}

// The Runtime API's version and where what is of interest lies in it.
const (
	nextPath    = "/2018-06-01/runtime/invocation/next"
	restorePath = "/2018-06-01/runtime/restore/next"
	finishPath  = "/2018-06-01/runtime/invocation/" // {id}/response, {id}/error
)

// request reads h as a request's.
func (h head) request() (c call, body framing, ok bool) {
	method, rest, ok := strings.Cut(h.start(), " ")
	target, version, found := strings.Cut(rest, " ")
	// What CONNECT begins is no HTTP.
	if !ok || !found || method == "" || target == "" || method == "CONNECT" || !http1(version) {
		return c, body, false
	}
	c.method = method
	path, _, _ := strings.Cut(target, "?")
	id, finishes := strings.CutPrefix(path, finishPath)
	id, end, _ := strings.Cut(id, "/")
	switch {
	case method == "GET" && path == nextPath:
		c.kind = next
	case method == "GET" && path == restorePath:
		c.kind = restore
	case method == "POST" && finishes && (end == "response" || end == "error"):
		c.kind, c.id = finish, id
	}
	body, ok = h.framing()
	if body.kind == untilClose {
		body = framing{} // a request says how long it is, or has no body
	}
	return c, body, ok
}

// status reads the first line of an answer.
func (h head) status() (int, bool) {
	version, rest, _ := strings.Cut(h.start(), " ")
	digits, _, _ := strings.Cut(rest, " ")
	status, err := strconv.Atoi(digits)
	return status, http1(version) && err == nil && len(digits) == 3 && status >= 100
}

func http1(version string) bool { return version == "HTTP/1.1" || version == "HTTP/1.0" }

// answer says how long the body is of an answer to method.
func (h head) answer(status int, method string) (framing, bool) {
	body, ok := h.framing()
	if method == "HEAD" || status == 204 || status == 304 {
		body = framing{}
	}
	return body, ok
}

// framing says where the body ends. (RFC 9112, section 6.3.) What two readers
// could take differently is not ok.
func (h head) framing() (f framing, ok bool) {
	f = framing{kind: untilClose}
	for name, value := range h.fields() {
		switch {
		case name == "":
			return f, false
		case strings.EqualFold(name, "Transfer-Encoding"):
			if f.kind != untilClose || !strings.EqualFold(value, "chunked") {
				return f, false
			}
			f = framing{kind: chunked}
		case strings.EqualFold(name, "Content-Length"):
			n, err := strconv.ParseUint(value, 10, 62)
			if f.kind != untilClose || err != nil {
				return f, false
			}
			f = framing{kind: counted, left: n}
		}
	}
	return f, true
}

// invocation reads h as the answer that brings an event. A header that is there
// twice says nothing.
func (h head) invocation() (i Invocation, ok bool) {
	var deadline string
	values := map[string]*string{
		"lambda-runtime-aws-request-id":       &i.Request,
		"lambda-runtime-trace-id":             &i.Trace,
		"lambda-runtime-invoked-function-arn": &i.Function,
		"lambda-runtime-aws-tenant-id":        &i.Tenant,
		"lambda-runtime-deadline-ms":          &deadline,
	}
	for name, value := range h.fields() {
		name = strings.ToLower(name)
		if into := values[name]; into != nil {
			if *into != "" {
				return Invocation{}, false
			}
			*into = value
		}
	}
	ms, _ := strconv.ParseInt(deadline, 10, 64)
	i.Deadline = unixMilli(ms)
	return i, i.Request != ""
}
