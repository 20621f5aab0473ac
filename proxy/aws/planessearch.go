package aws

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
)

// readSearch reads a call to a domain of OpenSearch's. (Amazon OpenSearch Service
// Developer Guide, "Identity and Access Management in Amazon OpenSearch Service":
// policies have the method in the action and the path in the resource.)
func readSearch(in *input, call *proxy.Call) error {
	method, err := in.method()
	if err != nil {
		return err
	}
	if method == "OPTIONS" {
		return fmt.Errorf("IAM knows no %s of OpenSearch's", method)
	}
	domain, err := in.behind("es", "", "")
	if err != nil {
		return err
	}
	paths, err := in.paths()
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(in.query, func(p pair) bool { return p.name == "source" || p.name == "method" }); i >= 0 {
		return fmt.Errorf("parameter %q has the body, or the method, in its place", in.query[i].name)
	}
	action := "es:ESHttp" + method[:1] + strings.ToLower(method[1:])
	var all []manifest.Request
	for _, path := range paths {
		all = append(all, request(action, domain+path))
	}
	// Some operations name indexes in their bodies, whatever their path says. They
	// are asked for as if it said none. (As above, "Advanced options and API
	// considerations".)
	for s := range strings.SplitSeq(paths[len(paths)-1], "/") {
		switch s {
		case "_bulk", "_mget", "_msearch", "_msearch_template", "_mtermvectors":
			if wide := request(action, domain+"/"+s); !slices.ContainsFunc(all, func(r manifest.Request) bool { return r.Resource == wide.Resource }) {
				all = append(all, wide)
			}
		}
	}
	in.asked(call, "es", "ESHttp"+method[:1]+strings.ToLower(method[1:]), all...)
	return nil
}

// readCollection reads a call to a collection of OpenSearch Serverless, of which
// IAM knows nothing but who may reach it. (Amazon OpenSearch Service Developer
// Guide, "Data access control for Amazon OpenSearch Serverless" and "Identity and
// Access Management for Amazon OpenSearch Serverless".)
func readCollection(in *input, call *proxy.Call) error {
	if _, err := in.method(); err != nil {
		return err
	}
	collection, err := in.behind("aoss", "collection/"+in.place.resource, "collection/"+in.place.resource)
	if err != nil {
		return err
	}
	if in.path == "/_dashboards" || strings.HasPrefix(in.path, "/_dashboards/") {
		part := strings.SplitN(collection, ":", 6)
		part[5] = "dashboards/default"
		in.asked(call, "aoss", "DashboardsAccessAll", request("aoss:DashboardsAccessAll", strings.Join(part, ":")))
		return nil
	}
	in.asked(call, "aoss", "APIAccessAll", request("aoss:APIAccessAll", collection))
	return nil
}
