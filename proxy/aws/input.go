package aws

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy/sigv4"
)

// An input is a request being read: what every service's file needs of it,
// taken apart once and checked.
type input struct {
	r     *http.Request
	place place       // what the host says; zero where the proxy is the client's endpoint
	scope sigv4.Scope // of the credential; zero where the request is unsigned (Identify only)

	path  string // of the target, byte for byte as it will be sent
	query []pair // in order, decoded

	presigned bool // by Signature Version 2, which is not in query any more

	room  *room // for its body beside others'; nil: as much as it likes
	spent int64 // on reading it, besides its body
	large bool  // that is much, and it alone may

	region, partition string   // the call's; "*", or several regions between commas, where one signature is for them all
	regions           []string // those that a signature of version 4A is for; nil if it is none
	account           string   // the function's own; empty while it is not known
	unbound           bool     // it goes under what no session policy bounds

	manifest *manifest.Manifest // in force; nil: none is known

	streams  bool    // the body is a stream of signed events, which nobody may hold up
	buffered []byte  // the body, once it was asked for
	hasBody  bool    // it was asked for
	plain    []byte  // the text of a body that is compressed
	hasPlain bool    // it is
	inJSON   *parsed // the body, once it was read so
	inCBOR   *parsed
	inForm   []pair

	found []tableCall // the operations that it may be, if tables know it
}

// A pair is one name and value of a query or a form.
type pair struct{ name, value string }

// maxBody is how much of a body is buffered to read a call by. The largest
// that needs it is BatchWriteItem. (Amazon DynamoDB API Reference,
// BatchWriteItem: "up to 16MB of data over the network".)
const maxBody = 16 << 20

// maxModelBody is how much of a body is buffered that a model is called with:
// none of its own signs what it sends by pieces, so that it has to be held to
// verify who sent it. (Amazon Bedrock API Reference, InvokeModel: 25,000,000
// bytes; Amazon SageMaker AI, "Endpoints and quotas": 25 MB.)
const maxModelBody = 25 << 20

// maxBody is how large the call's body may be.
func (in *input) maxBody() int64 {
	switch cmp.Or(in.scope.Service, in.place.service) {
	case "bedrock", "sagemaker":
		return maxModelBody
	}
	return maxBody
}

// maxNamed is how much of one kind a call may name: keys of a batch, ids in a
// list. The longest such list that AWS takes has 1,000.
const maxNamed = 1 << 12

// maxTags is how many tags a call may have. AWS's services take fifty.
const maxTags = 1 << 8

var errNamed = fmt.Errorf("it names more than %d of one kind", maxNamed)

// smallBody is how large a body may say it is to be given its room at once: most
// are, and a client that then sends nothing keeps little.
const smallBody = 16 << 10

// maxPairs is how many parameters a form may have: a body of 16 MB could have
// five million, which take twenty times its room. The largest known asks for a
// few thousand.
const maxPairs = 1 << 14

// methodHeaders are the headers by which clients that know few methods ask for
// another than they send. AWS's SDK for Android has PATCHed API Gateway so.
var methodHeaders = [...]string{"X-Http-Method-Override", "X-Http-Method", "X-Method-Override"}

// parse takes the target apart. It refuses what two readers could understand
// in two ways: the query that is authorized is the query that is sent.
func (in *input) parse() error {
	target := in.r.RequestURI
	if !strings.HasPrefix(target, "/") {
		path, _, _ := strings.Cut(target, "?")
		return fmt.Errorf("target %.80q does not begin with a slash", path)
	}
	if strings.ContainsFunc(target, func(c rune) bool { return c <= ' ' || c == 0x7f || c == '#' }) {
		path, _, _ := strings.Cut(target, "?")
		return fmt.Errorf("target %.80q has a character that no target has, or its query has", path)
	}
	for name := range in.r.Header {
		// Servers behind CGI and its heirs know no difference between the two,
		// so that one that was neither signed nor read would count.
		// One is called so.
		if strings.Contains(name, "_") && name != "X-Amz-Sso_bearer_token" && strings.HasPrefix(strings.ToLower(strings.ReplaceAll(name, "_", "-")), "x-amz-") {
			return fmt.Errorf("header %.80q is an x-amz- header to some servers; write it with hyphens", name)
		}
	}
	for _, name := range methodHeaders {
		for _, v := range in.r.Header[name] {
			if v != in.r.Method {
				return fmt.Errorf("header %q makes a %.20q of a %.20q to some servers", name, v, in.r.Method)
			}
		}
	}
	path, query, _ := strings.Cut(target, "?")
	in.path = path
	if _, err := url.PathUnescape(path); err != nil {
		return fmt.Errorf("path %.80q: %v", path, err)
	}
	var err error
	in.query, err = parseForm(query)
	return err
}

// shown is the target as errors have it, without what stands in its query.
func (in *input) shown() string {
	if _, _, query := strings.Cut(in.r.RequestURI, "?"); query {
		return in.path + "?…"
	}
	return in.path
}

// parseForm decodes a query or an application/x-www-form-urlencoded body.
// url.ParseQuery drops what it does not understand; this refuses it. Its errors
// quote names and no values: passwords are set by forms, and errors are logged.
func parseForm(s string) ([]pair, error) {
	var pairs []pair
	for part := range strings.SplitSeq(s, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		if strings.Contains(part, ";") {
			name, _, _ := strings.Cut(name, ";")
			return nil, fmt.Errorf("parameter %.80q has a semicolon, which some servers read as an ampersand; write it as %%3B", name)
		}
		if len(pairs) == maxPairs {
			return nil, fmt.Errorf("more than %d parameters", maxPairs)
		}
		n, err1 := url.QueryUnescape(name)
		v, err2 := url.QueryUnescape(value)
		if err1 != nil || err2 != nil {
			return nil, fmt.Errorf("parameter %.80q has a malformed percent-escape", name)
		}
		pairs = append(pairs, pair{n, v})
	}
	return pairs, nil
}

// param returns the value of the query's parameter name, and whether it is
// there. A parameter that stands twice is an error of the caller's to have
// found with [input.once].
func (in *input) param(name string) (string, bool) {
	for _, p := range in.query {
		if p.name == name {
			return p.value, true
		}
	}
	return "", false
}

// once refuses a query that has one parameter twice.
func once(pairs []pair) error {
	seen := make(map[string]bool, len(pairs))
	for _, p := range pairs {
		if seen[p.name] {
			return fmt.Errorf("parameter %.80q stands twice", p.name)
		}
		seen[p.name] = true
	}
	return nil
}

// header returns the value of a header that may stand once.
func (in *input) header(name string) (string, error) {
	switch v := in.r.Header.Values(name); len(v) {
	case 0:
		return "", nil
	case 1:
		return v[0], nil
	default:
		return "", fmt.Errorf("header %q stands twice", name)
	}
}

// body buffers the body, and puts what it read in its place. It is for calls
// whose requests stand in the body: what is read is what is sent, or, where
// SDKs compress it, its text.
func (in *input) body() ([]byte, error) {
	if encodings := in.r.Header.Values("Content-Encoding"); len(encodings) > 0 {
		return in.inflate(encodings)
	}
	return in.raw()
}

// raw buffers the body as it is on the wire.
func (in *input) raw() ([]byte, error) {
	if in.hasBody {
		return in.buffered, nil
	}
	if in.streams {
		return nil, errors.New("the body is a stream of events, and what the call asks for would stand in it")
	}
	most := in.maxBody()
	if in.r.ContentLength > most {
		return nil, fmt.Errorf("body of %d bytes is larger than the %d that are read", in.r.ContentLength, most)
	}
	var body []byte
	if in.r.Body != nil && in.r.Body != http.NoBody {
		var err error
		body, err = in.room.hold(in.r.Context(), io.LimitReader(in.r.Body, most+1), in.r.ContentLength)
		if err != nil {
			return nil, fmt.Errorf("reading the body: %w", err)
		}
		if int64(len(body)) > most {
			return nil, fmt.Errorf("body is larger than the %d bytes that are read", most)
		}
		in.r.Body.Close()
	}
	if len(in.r.Trailer) > 0 {
		return nil, errors.New("trailers after a body that has to be read")
	}
	in.buffered, in.hasBody = body, true
	in.r.ContentLength, in.r.TransferEncoding = int64(len(body)), nil
	in.r.Body = http.NoBody
	if len(body) > 0 {
		in.r.Body = io.NopCloser(bytes.NewReader(body))
	}
	return body, nil
}

// readAll reads what is announced to be of some length, or is not (-1). It takes
// no more room than what came, and a little: of what is large it keeps nothing
// like the second half that [io.ReadAll] leaves empty.
func readAll(r io.Reader, announced int64) ([]byte, error) {
	first := int64(bytes.MinRead)
	if announced > 0 && announced < smallBody {
		first = announced + 1 // to see its end
	}
	b := make([]byte, 0, first)
	for {
		if len(b) == cap(b) {
			more := int64(2 * len(b))
			if more > 1<<20 {
				more = int64(len(b) + len(b)/4)
			}
			if announced >= int64(len(b)) {
				more = min(int64(2*len(b)), announced+1)
			}
			b = append(make([]byte, 0, more), b...)
		}
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if err == io.EOF {
			return b, nil
		}
		if err != nil {
			return b, err
		}
	}
}

// request is one action on one resource, with the keys of its context in
// pairs: name, value, name, value.
func request(action, resource string, context ...string) manifest.Request {
	req := manifest.Request{Action: action, Resource: resource}
	for i := 0; i+1 < len(context); i += 2 {
		if req.Context == nil {
			req.Context = make(map[string][]string)
		}
		key := strings.ToLower(context[i])
		req.Context[key] = append(req.Context[key], context[i+1])
	}
	return req
}
