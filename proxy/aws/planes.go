package aws

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
)

// A data plane is what a customer made and AWS serves at a host of its own: an
// API, a function's URL, a search domain. Its calls are no operations of an
// SDK's. What they ask for follows from method and path, and from what is behind
// the host, which the host does not say: anybody can have had it made. So only
// what the manifest names is answered for; the calls to all others are another's,
// whatever a grant's wildcards match.

// dataPlane returns how calls to a plane are read, if p is one without
// operations.
func dataPlane(p place) (service, bool) {
	switch p.plane {
	case "appsync":
		return service{name: "appsync", protocol: protocolGraphQL, tabled: true, read: readAppSync}, true
	case "aoss":
		return service{name: "aoss", protocol: protocolREST, tabled: true, read: readCollection}, true
	case "es":
		return service{name: "es", protocol: protocolREST, tabled: true, read: readSearch}, true
	case "custom-domain":
		return service{name: "execute-api", protocol: protocolREST, tabled: true, read: readCustomDomain}, true
	case "execute-api":
		return service{name: "execute-api", protocol: protocolREST, tabled: true, read: readInvoke}, true
	case "function-url":
		return service{name: "lambda", protocol: protocolREST, tabled: true, read: readFunctionURL}, true
	}
	return service{}, false
}

// behind returns the ARN of what is behind the call's host, which the manifest
// names by that; or, where it names the id of one of service's that the host has,
// the ARN of resource, of which that is the beginning.
func (in *input) behind(service, id, resource string) (string, error) {
	m := in.manifest
	if m != nil {
		if arn, named := m.Behind(in.place.host); named && arn == "" {
			return "", errNoAccount
		} else if named {
			return arn, nil
		}
	}
	account, named := "", false
	if m != nil && id != "" {
		account, named = m.Owner(service, in.region, id)
	}
	switch {
	case !named:
		return "", fmt.Errorf("%q is what a customer made, and the manifest does not say whose: name it by api: %s", in.place.host, in.naming())
	case account == "":
		return "", errNoAccount
	}
	return "arn:" + in.partition + ":" + service + ":" + in.region + ":" + account + ":" + resource, nil
}

// naming is an entry of the kind api that names the call's host.
func (in *input) naming() string {
	host := "https://" + in.place.host
	if isWebSocket(in.r.Header) && in.place.plane == "execute-api" {
		return fmt.Sprintf("{call: %.300q}", "wss://"+in.place.host+in.path)
	}
	switch in.place.plane {
	case "appsync":
		return fmt.Sprintf("{call: %q, graphql: ID}", host+"/graphql")
	case "function-url":
		return fmt.Sprintf("{call: %q, function: NAME}", host)
	case "aoss":
		return fmt.Sprintf("{call: %q}", host)
	case "neptune":
		return fmt.Sprintf("{call: %q, cluster: RESOURCE-ID}", fmt.Sprint("READ ", host, ":", neptunePort))
	}
	return fmt.Sprintf("{call: %.300q}", in.r.Method+" "+host+in.path)
}

// asked fills in what a call to a plane asks for, and that it goes to no host but
// its own.
func (in *input) asked(call *proxy.Call, service, operation string, requests ...manifest.Request) {
	call.Service, call.Operation, call.Requests = service, operation, requests
	if p, ok := call.Particulars.(*particulars); ok {
		p.plane = service != "execute-api" && service != "neptune-db" // which are nothing but planes
	}
	call.Upstream = &url.URL{Scheme: "https", Host: in.place.host}
}

// method returns the method of a call to a plane: one that IAM's ARNs have.
func (in *input) method() (string, error) {
	switch m := in.r.Method; m {
	case http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodHead, http.MethodOptions:
		return m, nil
	default:
		return "", fmt.Errorf("method %.20q is none that an API has", m)
	}
}

// paths returns the path as it stands, and, if it is another, decoded: which of
// them the service compares with policies is not documented, so that both are
// asked for. A path that a server may take apart in another way is refused: one
// with empty or dotted segments, with a backslash, or with an encoded character
// that ends a segment, a path, or another encoding.
func (in *input) paths() ([]string, error) {
	odd := func(what string) error { return fmt.Errorf("path %.160q has %s", in.path, what) }
	if strings.Contains(in.path, "//") {
		return nil, odd("an empty segment, which some servers take away")
	}
	decoded, err := url.PathUnescape(in.path)
	if err != nil {
		return nil, err
	}
	if strings.Count(decoded, "/") != strings.Count(in.path, "/") || strings.ContainsAny(decoded, `\%?#`) {
		return nil, odd("a character that some servers read as another's sign")
	}
	if !utf8.ValidString(decoded) || strings.ContainsFunc(decoded, func(c rune) bool { return c < ' ' || c >= 0x7f && c < 0xa0 || c == utf8.RuneError }) {
		return nil, odd("a character that no path has")
	}
	for s := range strings.SplitSeq(decoded, "/") {
		if s, _, _ = strings.Cut(s, ";"); s == "." || s == ".." {
			return nil, odd("a segment of dots, which some servers take away")
		}
	}
	if decoded == in.path {
		return []string{in.path}, nil
	}
	return []string{in.path, decoded}, nil
}
