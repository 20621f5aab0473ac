package aws

import (
	"fmt"
	"mime"
	"net/http"
	"strings"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
)

// errNoAccount is why a call that names something by a bare name cannot be
// read as long as nothing has told the function's account.
var errNoAccount = &proxy.Refusal{Reason: manifest.NoAccount, Text: "the function's account is not known yet"}

// typeCBOR is the media type of JSON 1.1's messages in CBOR, which the SDK for
// Java writes to Kinesis, and which is then answered in. No bytes are both: a
// map of CBOR's begins with none that a text in JSON begins with.
const typeCBOR = "application/x-amz-cbor-1.1"

// mediaTypeOf is the media type of r's body; empty if it says none.
func mediaTypeOf(r *http.Request) string {
	mediaType, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return mediaType
}

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
	inCBOR := ct == typeCBOR && contentType == "application/x-amz-json-1.1"
	if charset := params["charset"]; err != nil || ct != contentType && !inCBOR || charset != "" && !strings.EqualFold(charset, "utf-8") {
		return operation, nil, fmt.Errorf("content-type %.80q is not %q in UTF-8", stated, contentType)
	}
	body, err := in.body()
	if err != nil {
		return operation, nil, err
	}
	if inCBOR {
		members, err = parseCBOR(body)
	} else {
		members, err = parseJSON(body)
	}
	return operation, members, err
}

// member returns a member that has to be a string that says something.
func member(members map[string]any, name string) (string, error) {
	s, ok := members[name].(string)
	if !ok || s == "" {
		return "", fmt.Errorf("member %q is not there, or no string", name)
	}
	return s, nil
}
