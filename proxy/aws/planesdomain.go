package aws

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
)

// customPlace says what a host is that is no AWS's: a custom domain that the
// manifest names. What is under AWS's domains is none, whatever a manifest says.
func (in *input) customPlace(host string) (place, bool) {
	if in.manifest == nil || Claims(host) {
		return place{}, false
	}
	stage, _, named := in.manifest.Domain(host)
	if !named {
		return place{}, false
	}
	p := place{host: host, service: "execute-api", plane: "custom-domain", resource: host}
	if stage == "" { // the account is not known yet, and what is asked for is refused
		return p, true
	}
	part := strings.SplitN(stage, ":", 6)
	p.partition, p.region = part[1], part[3]
	return p, true
}

// readCustomDomain reads a call to an API by a custom domain. Policies have the
// API's own id and its stage, and the path behind what the domain maps to it.
// (Amazon API Gateway Developer Guide, "Control access for invoking an API" and
// "Use API mappings to connect API stages to a custom domain name".)
func readCustomDomain(in *input, call *proxy.Call) error {
	stage, base, named := "", "", false
	if in.manifest != nil {
		stage, base, named = in.manifest.Domain(in.place.host)
	}
	switch {
	case !named:
		return fmt.Errorf("%.200q is no custom domain that the manifest names", in.place.host)
	case stage == "":
		return errNoAccount
	case isWebSocket(in.r.Header):
		return fmt.Errorf("%.200q is a custom domain, whose WebSockets are not read", in.place.host)
	case len(in.r.Header[http.CanonicalHeaderKey("X-Apigw-Api-Id")]) > 0:
		return fmt.Errorf("the call is to the API of %.200q and names one besides", in.place.host)
	}
	method, err := in.method()
	if err != nil {
		return err
	}
	paths, err := in.paths()
	if err != nil {
		return err
	}
	var all []manifest.Request
	for _, path := range paths {
		rest, ok := strings.CutPrefix(path, base)
		if !ok || rest != "" && rest[0] != '/' {
			return fmt.Errorf("path %.160q is not below %q, which is all that the manifest says of %.200q", path, base, in.place.host)
		}
		if strings.HasPrefix(rest, "/@connections/") {
			return fmt.Errorf("connections are managed at the API's own host, not at %.200q", in.place.host)
		}
		if rest == "" {
			rest = "/"
		}
		all = append(all, request("execute-api:Invoke", stage+"/"+method+rest))
	}
	in.asked(call, "execute-api", "Invoke", all...)
	return nil
}
