package aws

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
)

// errNoAccount is why a call that names something by a bare name cannot be
// read as long as nothing has told the function's account.
var errNoAccount = &proxy.Refusal{Reason: manifest.NoAccount, Text: "the function's account is not known yet"}

// maxDepth is how deep a JSON body may nest. AWS's own parsers stop far below
// Go's 10,000.
const maxDepth = 64

// maxValues is how many values a JSON body may have: as many as the largest
// batch of DynamoDB's has whose items have a vector of 4,096 numbers each, and
// no more, since ten bytes of body may become hundreds of bytes of memory.
const maxValues = 1 << 18

// target returns the operation of a call in one of the JSON protocols, and
// its input. (Smithy, "AWS JSON 1.1 protocol".)
func (in *input) target(prefix, contentType string) (operation string, members map[string]any, err error) {
	if in.path != "/" {
		return "", nil, fmt.Errorf("a JSON call is a POST to \"/\", not a %.20q of %.80q", in.r.Method, in.r.RequestURI)
	}
	return in.targetAnywhere(prefix, contentType)
}

// targetAnywhere is target for a service that reads the path too.
func (in *input) targetAnywhere(prefix, contentType string) (operation string, members map[string]any, err error) {
	if len(in.unsignedQuery()) > 0 || in.r.Method != http.MethodPost {
		return "", nil, fmt.Errorf("a JSON call is a POST without a query, not a %.20q of %.80q", in.r.Method, in.r.RequestURI)
	}
	target, err := in.header("X-Amz-Target")
	if err != nil {
		return "", nil, err
	}
	operation, ok := strings.CutPrefix(target, prefix+".")
	if !ok {
		return "", nil, fmt.Errorf("x-amz-target %.80q is not one of %q", target, prefix)
	}
	stated, err := in.header("Content-Type")
	if err != nil {
		return operation, nil, err
	}
	// In UTF-7, the text of one member may be members to another reader.
	ct, params, err := mime.ParseMediaType(stated)
	if charset := params["charset"]; err != nil || ct != contentType || charset != "" && !strings.EqualFold(charset, "utf-8") {
		return operation, nil, fmt.Errorf("content-type %.80q is not %q in UTF-8", stated, contentType)
	}
	body, err := in.body()
	if err != nil {
		return operation, nil, err
	}
	members, err = parseJSON(body)
	return operation, members, err
}

// parseJSON reads an object. It refuses what two readers could understand in
// two ways: members that stand twice, those of the object itself also if they
// differ only in case, text that is not UTF-8, and anything after the object.
// What is deeper may be the caller's own names, of which "id" and "ID" are two:
// who reads an operation's members there asks [unfolded].
func parseJSON(body []byte) (map[string]any, error) {
	if !utf8.Valid(body) {
		return nil, errors.New("the body is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	left := maxValues
	v, err := jsonValue(d, 0, &left)
	if err != nil {
		return nil, fmt.Errorf("the body is not JSON that can be read: %w", err)
	}
	if d.More() || len(bytes.TrimLeft(body[d.InputOffset():], " \t\r\n")) > 0 {
		return nil, errors.New("the body goes on after its JSON")
	}
	object, ok := v.(map[string]any)
	if !ok {
		return nil, errors.New("the body is no JSON object")
	}
	return object, nil
}

func jsonValue(d *json.Decoder, depth int, left *int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("it nests deeper than %d", maxDepth)
	}
	if *left--; *left < 0 {
		return nil, fmt.Errorf("it has more than %d values", maxValues)
	}
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		object := make(map[string]any)
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return nil, err
			}
			s := name.(string) // the decoder takes nothing else here
			if _, twice := object[s]; twice {
				return nil, fmt.Errorf("member %.40q stands twice", s)
			}
			if object[s], err = jsonValue(d, depth+1, left); err != nil {
				return nil, err
			}
		}
		if _, err = d.Token(); err == nil && depth == 0 {
			err = unfolded(object)
		}
		return object, err
	case json.Delim('['):
		list := []any{}
		for d.More() {
			v, err := jsonValue(d, depth+1, left)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err = d.Token()
		return list, err
	}
	return token, nil
}

// unfolded refuses an object with members that differ only in case: readers who
// do not care for case would take either.
func unfolded(object map[string]any) error {
	seen := make(map[string]bool, len(object))
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if f := fold(name); seen[f] {
			return fmt.Errorf("member %.40q stands twice", name)
		} else {
			seen[f] = true
		}
	}
	return nil
}

// member returns a member that has to be a string that says something.
func member(members map[string]any, name string) (string, error) {
	s, ok := members[name].(string)
	if !ok || s == "" {
		return "", fmt.Errorf("member %q is not there, or no string", name)
	}
	return s, nil
}
