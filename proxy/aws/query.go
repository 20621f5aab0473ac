package aws

import (
	"bytes"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"
)

// form returns the parameters of a call in the query protocol: of a POST's
// body, or of a GET's query. A call with parameters in both places is refused,
// since who reads the other place reads another call. (Smithy, "AWS query
// protocol".)
func (in *input) form(version string) (operation string, params map[string]string, err error) {
	if in.path != "/" {
		return "", nil, fmt.Errorf("path %.80q of a query call is not \"/\"", in.path)
	}
	return in.formAnywhere(version)
}

// formAnywhere is form for a service that reads the path too.
func (in *input) formAnywhere(version string) (operation string, params map[string]string, err error) {
	if len(in.r.Header.Values("X-Amz-Target")) > 0 {
		return "", nil, errors.New("a query call with an X-Amz-Target header")
	}
	pairs := in.unsignedQuery()
	switch in.r.Method {
	case http.MethodGet:
		if body, err := in.body(); err != nil || len(body) > 0 {
			return "", nil, errors.Join(errors.New("a GET with a body"), err)
		}
	case http.MethodPost:
		if len(pairs) > 0 {
			return "", nil, fmt.Errorf("parameter %.40q in the query of a POST", pairs[0].name)
		}
		contentType, err := in.header("Content-Type")
		if err != nil {
			return "", nil, err
		}
		mediaType, params, err := mime.ParseMediaType(contentType)
		if cs := params["charset"]; err != nil || mediaType != "application/x-www-form-urlencoded" || cs != "" && !strings.EqualFold(cs, "utf-8") {
			return "", nil, fmt.Errorf("content-type %.80q of a query call is not a form in UTF-8", contentType)
		}
		if pairs, err = in.bodyForm(); err != nil {
			return "", nil, err
		}
	default:
		return "", nil, fmt.Errorf("method %.20q of a query call", in.r.Method)
	}
	params, folded := make(map[string]string, len(pairs)), make(map[string]bool, len(pairs))
	for _, p := range pairs {
		if !utf8.ValidString(p.name) || !utf8.ValidString(p.value) {
			return "", nil, fmt.Errorf("parameter %.40q is not UTF-8", p.name)
		}
		if isCredential(p.name) {
			return "", nil, fmt.Errorf("parameter %.40q beside a signature that stands elsewhere", p.name)
		}
		if name := fold(p.name); folded[name] {
			return "", nil, fmt.Errorf("parameter %.40q stands twice", p.name)
		} else {
			folded[name] = true
		}
		params[p.name] = p.value
	}
	if got := params["Version"]; got != version {
		return "", nil, fmt.Errorf("version %.40q of the API is not %q", got, version)
	}
	return params["Action"], params, nil
}

// pairBytes is what a parameter takes besides its text: among pairs, in the maps
// that are made of them, and in the list that they are sorted in.
const pairBytes = 256

// bodyForm reads the body as a form, once.
func (in *input) bodyForm() ([]pair, error) {
	if in.inForm != nil {
		return in.inForm, nil
	}
	body, err := in.body()
	if err != nil {
		return nil, err
	}
	// Its text is made of it twice: as it is, and without escapes.
	if err := in.spend(int64(2*len(body) + pairBytes*min(bytes.Count(body, []byte("&")), maxPairs))); err != nil {
		return nil, err
	}
	in.inForm, err = parseForm(string(body))
	return in.inForm, err
}

// unsignedQuery is the query without the parameters of a signature.
func (in *input) unsignedQuery() []pair {
	var rest []pair
	for _, p := range in.query {
		if !isSigning(p.name) {
			rest = append(rest, p)
		}
	}
	return rest
}

// isSigning reports whether name is a parameter of a signature in a query.
// (AWS General Reference, "Authentication methods: query string parameters".)
func isSigning(name string) bool {
	switch name {
	case "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Signature", "X-Amz-Security-Token", expressToken, "X-Amz-Region-Set":
		return true
	}
	return false
}

// isCredential reports whether name is a parameter that once signed a form, or
// names who did: a call carries one signature, and that one was read. (AWS
// General Reference, "Signature Version 2 signing process"; "Authentication
// methods: query string parameters".)
func isCredential(name string) bool {
	switch name = fold(name); name {
	case "awsaccesskeyid", "signature", "signaturemethod", "signatureversion", "securitytoken":
		return true
	case "x-amz-content-sha256", "x-amz-user-agent":
		return false // what presigning moves out of the headers
	}
	return strings.HasPrefix(name, "x-amz-")
}

// fold returns name as readers compare names who do not care for case, in all
// of Unicode: "ſ" is an S to them, and the Kelvin sign a K.
func fold(name string) string {
	if isASCII(name) {
		return strings.ToLower(name) // which is name itself where it has nothing to lower
	}
	return strings.ToLower(strings.ToUpper(name))
}

func isASCII[T string | []byte](s T) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// checkARN returns s if it is an ARN of service in the call's partition. It is
// taken as it stands: what is authorized is what is sent.
func (in *input) checkARN(service, s string) (string, error) {
	parts := strings.SplitN(s, ":", 6)
	if len(parts) < 6 || parts[0] != "arn" || parts[1] != in.partition || parts[2] != service || parts[5] == "" {
		return "", fmt.Errorf("%.120q is no ARN of %s in partition %s", s, service, in.partition)
	}
	if strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c == 0x7f || c == utf8.RuneError }) {
		return "", fmt.Errorf("ARN %.120q has a character that none has", s)
	}
	return s, nil
}

// arn makes an ARN in the function's own account and the call's region.
func (in *input) arn(service, resource string) (string, error) {
	if in.account == "" {
		return "", errNoAccount
	}
	return "arn:" + in.partition + ":" + service + ":" + in.region + ":" + in.account + ":" + resource, nil
}
