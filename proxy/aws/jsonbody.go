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
func (in *input) target(prefix, contentType string) (operation string, members tree, err error) {
	if in.path != "/" {
		return "", tree{}, fmt.Errorf("a JSON call is a POST to \"/\", not a %.20q of %.80q", in.r.Method, in.shown())
	}
	return in.targetAnywhere(prefix, contentType)
}

// targetAnywhere is target for a service that reads the path too.
func (in *input) targetAnywhere(prefix, contentType string) (operation string, members tree, err error) {
	if len(in.unsignedQuery()) > 0 || in.r.Method != http.MethodPost {
		return "", tree{}, fmt.Errorf("a JSON call is a POST without a query, not a %.20q of %.80q", in.r.Method, in.shown())
	}
	target, err := in.header("X-Amz-Target")
	if err != nil {
		return "", tree{}, err
	}
	operation, ok := strings.CutPrefix(target, prefix+".")
	if !ok {
		return "", tree{}, fmt.Errorf("x-amz-target %.80q is not one of %q", target, prefix)
	}
	stated, err := in.header("Content-Type")
	if err != nil {
		return operation, tree{}, err
	}
	// In UTF-7, the text of one member may be members to another reader.
	ct, params, err := mime.ParseMediaType(stated)
	inCBOR := ct == typeCBOR && contentType == "application/x-amz-json-1.1"
	if charset := params["charset"]; err != nil || ct != contentType && !inCBOR || charset != "" && !strings.EqualFold(charset, "utf-8") {
		return operation, tree{}, fmt.Errorf("content-type %.80q is not %q in UTF-8", stated, contentType)
	}
	body, err := in.body()
	if err != nil {
		return operation, tree{}, err
	}
	if inCBOR {
		members, err = in.readCBOR(body)
	} else {
		members, err = in.readJSON(body)
	}
	return operation, members, err
}

// readJSON is parseJSON of the call's body, once.
func (in *input) readJSON(body []byte) (tree, error) {
	if in.inJSON == nil {
		t, err := readJSON(body, in.spend)
		in.inJSON = &parsed{t, err}
	}
	return in.inJSON.members, in.inJSON.err
}

// readCBOR is parseCBOR of the call's body, once.
func (in *input) readCBOR(body []byte) (tree, error) {
	if in.inCBOR == nil {
		t, err := readCBOR(body, in.spend)
		in.inCBOR = &parsed{t, err}
	}
	return in.inCBOR.members, in.inCBOR.err
}

// A parsed is what a body is in one notation.
type parsed struct {
	members tree
	err     error
}

// member returns a member that has to be a string that says something.
func member(members tree, name string) (string, error) {
	s, ok := members.get(name).(string)
	if !ok || s == "" {
		return "", fmt.Errorf("member %q is not there, or no string", name)
	}
	return s, nil
}
