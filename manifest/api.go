package manifest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// api reads the kind `api`: calls to what has a host of its own under AWS's
// domains, which anybody can have made. The manifest's Endpoints say whose the
// host is.
func (p *parser) api(e *entry) {
	f, has := e.fields["call"]
	if !has {
		for _, name := range []string{"function", "graphql", "cluster", "api", "base_path", "account"} {
			if f, has := e.fields[name]; has {
				p.errorf(f.key, `%s: this is of calls, and the entry has none: write "call"`, name)
			}
		}
		return
	}
	account, ok := p.apiAccount(e)
	list, good := p.names(f.value, `"call"`)
	ok = ok && good
	var invoke, manage, urls, graphs, collections []Pattern
	search := make(map[string][]Pattern) // by actions, a space between them
	clusters := 0
	for _, n := range list {
		if n.string == "" {
			continue
		}
		if e.has("api") {
			on, fine := p.customCall(e, n, account)
			ok = ok && fine
			invoke = append(invoke, on...)
			continue
		}
		c, err := p.apiCall(n.string)
		if err != nil {
			p.errorf(n.at, "call: %q: %v", n.string, err)
			ok = false
			continue
		}
		if c.resource != "" { // an ARN
			invoke = append(invoke, c.resource)
			continue
		}
		base := Pattern(arn{c.partition, c.service, c.region, account, ""}.String())
		switch c.service {
		case "aoss":
			r := base + "collection/" + Literal(c.id)
			p.endpoint(n.at, c.host, r)
			collections = append(collections, r)
		case "es":
			r := base + "domain/" + Literal(c.id)
			p.endpoint(n.at, c.host, r)
			for _, action := range c.actions {
				search[action] = append(search[action], r+c.paths[0])
			}
		case "lambda", "appsync", "neptune-db":
			field := map[string]string{"lambda": "function", "appsync": "graphql", "neptune-db": "cluster"}[c.service]
			r, fine := p.behindHost(e, n, field, c)
			if ok = ok && fine; !ok {
				continue
			}
			p.endpoint(n.at, c.host, Pattern(strings.Replace(string(r), ":*:", ":"+c.region+":", 1)))
			switch c.service {
			case "lambda":
				urls = append(urls, r)
			case "appsync":
				graphs = append(graphs, r, r+"/*")
			default:
				clusters++
				for _, action := range c.actions {
					search[action] = append(search[action], r+"/*")
				}
			}
		default:
			p.endpoint(n.at, c.host, base+Literal(c.id))
			for _, path := range c.paths {
				if c.manages {
					manage = append(manage, base+Literal(c.id)+"/"+path)
				} else {
					invoke = append(invoke, base+Literal(c.id)+"/"+path)
				}
			}
		}
	}
	if f, has := e.fields["base_path"]; has && !e.has("api") {
		p.errorf(f.key, `base_path: this is of a custom domain, and the entry names none's API: write "api"`)
	}
	p.apiFields(e, len(urls), len(graphs), clusters, list, ok)
	if !ok || !p.room(f.key, len(invoke)+len(manage)+2*len(urls)+len(graphs)+len(collections)+len(search)) {
		return
	}
	if len(invoke) > 0 {
		p.grant(e, f, []string{"execute-api:Invoke"}, unique(invoke))
	}
	if len(manage) > 0 {
		p.grantAs(e, f, ".connections", []string{"execute-api:ManageConnections"}, unique(manage))
	}
	if len(urls) > 0 {
		// Who calls a function by its URL takes both, and the second by the URL
		// alone. (AWS Lambda Developer Guide, "Control access to Lambda function
		// URLs".)
		invoke := p.grantAs(e, f, ".invoke", []string{"lambda:InvokeFunction"}, unique(urls), Condition{"Bool", "lambda:InvokedViaFunctionUrl", []string{"true"}})
		p.owned[invoke] = true
		p.grantAs(e, f, ".url", []string{"lambda:InvokeFunctionUrl"}, unique(urls)).Needs = []*Grant{invoke}
	}
	for _, actions := range slices.Sorted(maps.Keys(search)) {
		list := strings.Fields(actions)
		_, name, _ := strings.Cut(list[0], ":")
		name = strings.TrimSuffix(strings.TrimPrefix(name, "ESHttp"), "DataViaQuery")
		p.grantAs(e, f, "."+strings.ToLower(name), list, unique(search[actions]))
	}
	if len(collections) > 0 {
		p.grantAs(e, f, ".collections", []string{"aoss:APIAccessAll"}, unique(collections))
	}
	if len(graphs) > 0 {
		p.grantAs(e, f, ".graphql", []string{"appsync:GraphQL"}, unique(graphs))
	}
}

// apiFields reports fields that none of an entry's calls is about.
func (p *parser) apiFields(e *entry, urls, graphs, clusters int, list []named, ok bool) {
	for _, of := range []struct {
		field, what string
		n           int
	}{
		{"function", "a function's URL", urls},
		{"graphql", "a GraphQL API of AppSync", graphs},
		{"cluster", "a cluster of Neptune's", clusters},
	} {
		if f, has := e.fields[of.field]; has && of.n == 0 && ok && len(list) > 0 {
			p.errorf(f.key, "%s: this says what is behind %s, and no call is to one", of.field, of.what)
		}
	}
}

// apiAccount reads "account": whose the APIs are.
func (p *parser) apiAccount(e *entry) (string, bool) {
	f, has := e.fields["account"]
	if !has {
		return "${" + accountVariable + "}", true
	}
	s, ok := p.name(f.value, `"account"`)
	if ok && !isAccount(s) {
		p.errorf(f.value, "account: %q is no account: twelve digits, in quotes", s)
		ok = false
	}
	return s, ok
}

// behindHost reads what a host that does not say so itself is the host of.
func (p *parser) behindHost(e *entry, n named, field string, c apiCall) (Pattern, bool) {
	f, has := e.fields[field]
	if !has {
		what := "a function's URL does not tell the function: name it by \"function\", in an entry of its own"
		switch field {
		case "cluster":
			what = "the host of a cluster of Neptune's does not tell its resource id: name that, or the ARN that policies have, by \"cluster\", in an entry of its own"
		case "graphql":
			what = "the host of a GraphQL API does not tell its id: name that, or the ARN, by \"graphql\", in an entry of its own"
		}
		p.errorf(n.at, "call: %q: %s", n.string, what)
		return "", false
	}
	s, ok := p.name(f.value, `"`+field+`"`)
	if !ok {
		return "", false
	}
	var r Pattern
	var err error
	switch field {
	case "function":
		r, err = p.functionARN(s)
	case "graphql":
		r, err = p.graphqlARN(s)
	default:
		r, err = p.graphClusterARN(s)
	}
	if err == nil {
		// What was named is where its host is.
		if a, _ := parseARN(maskVariables(string(r))); a.region != c.region && a.region != "*" {
			err = fmt.Errorf("it is in %s, and its host in %s", a.region, c.region)
		}
	}
	if err != nil {
		p.errorf(f.value, "%s: %q: %v", field, s, err)
		return "", false
	}
	return r, true
}

// graphqlARN returns the pattern of a GraphQL API, of which s is the id or the ARN.
func (p *parser) graphqlARN(s string) (Pattern, error) {
	id, isARN, err := nameIn(s, "appsync", "apis/", "a GraphQL API's")
	if err != nil {
		return "", err
	}
	if id == "" || len(id) > 64 || !made(id, lower+digits) {
		return "", errors.New("a GraphQL API is its id of small letters and digits, or its ARN; wildcards are for \"allow\"")
	}
	if isARN {
		return Literal(s), nil
	}
	return p.regional("appsync", "apis/"+Literal(id)), nil
}

// endpoint remembers what is behind a host.
func (p *parser) endpoint(at *yaml.Node, host string, r Pattern) {
	if have, twice := p.m.Endpoints[host]; twice && have != r {
		p.errorf(at, "call: %q is the host of %q already", host, string(have))
		return
	}
	if p.m.Endpoints == nil {
		p.m.Endpoints = make(map[string]Pattern)
	}
	p.m.Endpoints[host] = r
}

// An apiCall is what one element of "call" says.
type apiCall struct {
	resource                         Pattern // of an ARN, and then nothing else
	host, service, region, partition string
	id                               string // of API Gateway's
	paths                            []Pattern
	actions                          []string // of OpenSearch's, or lists of Neptune's
	manages                          bool     // it is to connections of a WebSocket API
}

// apiCall reads "GET https://id.execute-api.REGION.amazonaws.com/stage/path",
// the URL of a function or a GraphQL API, or the ARN of a method.
func (p *parser) apiCall(s string) (apiCall, error) {
	if a, isARN := parseARN(s); isARN {
		if err := a.check("execute-api", false); err != nil {
			return apiCall{}, err
		}
		parts := strings.Split(a.resource, "/")
		if len(parts) < 3 || !isAPI(parts[0]) || strings.ContainsAny(parts[1], "*?") {
			return apiCall{}, errors.New(`a method's ARN ends in API/STAGE/METHOD/PATH; wildcards are for "allow"`)
		}
		path, err := apiPath("/" + strings.Join(parts[3:], "/"))
		if err != nil {
			return apiCall{}, err
		}
		method, err := apiMethod(parts[2])
		a.resource = ""
		return apiCall{resource: Literal(a.String()) + Literal(parts[0]+"/"+parts[1]) + "/" + method + path}, err
	}
	method, url, spaced := strings.Cut(s, " ")
	if !spaced {
		method, url = "", s
	}
	if rest, ok := strings.CutPrefix(url, "wss://"); ok {
		return webSocketAPI(rest, spaced)
	}
	rest, ok := strings.CutPrefix(url, "https://")
	if !ok {
		return apiCall{}, errors.New("a call is a method and a URL, such as \"GET https://abc123.execute-api.eu-west-1.amazonaws.com/prod/orders/*\"")
	}
	host, path, slash := strings.Cut(rest, "/")
	if path = "/" + path; !slash {
		path = ""
	}
	if c, is := neptuneCluster(strings.TrimSuffix(host, ":8182")); is {
		return c.reached(method, path)
	}
	c, err := dataPlane(host)
	if err != nil {
		return c, err
	}
	if c.service != "execute-api" && c.service != "es" {
		if spaced || path != "" && path != "/" && path != "/graphql" {
			return c, fmt.Errorf("IAM knows neither method nor path there: write \"https://%s\" alone", host)
		}
		return c, nil
	}
	if !spaced {
		return c, errors.New("a method stands before the URL: GET, or ANY for all")
	}
	if path == "" {
		path = "/"
	}
	verb, err := apiMethod(method)
	if err != nil {
		return c, err
	}
	if c.service == "es" {
		whole, err := apiPath(path)
		c.paths, c.actions = []Pattern{whole}, searchActions(verb)
		if err == nil && c.actions == nil {
			err = fmt.Errorf("IAM knows no %s of OpenSearch's", method)
		}
		return c, err
	}
	c.paths, c.manages, err = apiPaths(verb, path)
	return c, err
}

// webSocketAPI reads what stands behind "wss://": an API's host and its stage. To
// connect is what IAM knows of a WebSocket API. (Amazon API Gateway Developer
// Guide, "Control access to WebSocket APIs with AWS_IAM authorization".)
func webSocketAPI(url string, spaced bool) (apiCall, error) {
	host, path, _ := strings.Cut(url, "/")
	c, err := dataPlane(host)
	if err != nil {
		return c, err
	}
	stage, err := apiPath("/" + strings.TrimSuffix(path, "/"))
	if err != nil {
		return c, err
	}
	if c.service != "execute-api" || spaced || path == "" || strings.ContainsAny(strings.TrimSuffix(path, "/"), "/*") {
		return c, errors.New("a WebSocket API is an API of API Gateway's and a stage of it, alone: \"wss://abc123.execute-api.eu-west-1.amazonaws.com/prod\"")
	}
	c.paths = []Pattern{stage[1:] + "/${$}connect"}
	return c, nil
}

// apiMethod returns the pattern of a method.
func apiMethod(s string) (Pattern, error) {
	methods := []string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}
	switch {
	case s == "ANY", s == "*":
		return "*", nil
	case slices.Contains(methods, s):
		return Pattern(s), nil
	}
	return "", fmt.Errorf("%q is no method: %s, or ANY", s, strings.Join(methods, ", "))
}

// searchActions returns the actions of a method's calls to a search domain.
// (Amazon OpenSearch Service Developer Guide, "Identity and Access Management".)
func searchActions(method Pattern) (all []string) {
	for _, m := range []Pattern{"Delete", "Get", "Head", "Patch", "Post", "Put"} {
		if method == "*" || strings.EqualFold(string(method), string(m)) {
			all = append(all, "es:ESHttp"+string(m))
		}
	}
	return all
}

// apiPath returns the pattern of a path, which may end in "/*" for all below.
func apiPath(s string) (Pattern, error) {
	stem, below := strings.CutSuffix(s, "/*")
	if !made(stem, letters+digits+"-._~/@:=+,;!()'$&") || strings.Contains(stem, "//") || strings.Contains(stem+"/", "/../") || strings.Contains(stem+"/", "/./") {
		return "", fmt.Errorf("path %q is not one of letters, digits and -._~/@:=+,;!()'$&, which may end in \"/*\" for all below; for others there is \"allow\"", s)
	}
	p := Literal(stem)
	if below {
		p += "/*"
	}
	return p, nil
}

// apiPaths returns how API Gateway's ARNs say a URL's path: as one of the stage
// that it begins with, or whole, of an HTTP API's default stage, which no URL
// names. Only one of both is a method of any API. (Amazon API Gateway Developer
// Guide, "Control access for invoking an API" and "Stages for HTTP APIs".)
func apiPaths(method Pattern, path string) (all []Pattern, manages bool, err error) {
	whole, err := apiPath(path)
	if err != nil {
		return nil, false, err
	}
	if path == "/*" {
		return []Pattern{"*/" + method + "/*"}, false, nil
	}
	fallback := "${$}default/" + method + whole
	stage, rest, more := strings.Cut(path[1:], "/")
	switch {
	case stage == "":
		return []Pattern{fallback}, false, nil
	case strings.HasPrefix(rest, "@connections/"):
		tail, err := apiPath("/" + rest)
		return []Pattern{Literal(stage) + "/" + method + tail}, true, err
	case !more:
		return []Pattern{Literal(stage) + "/" + method + "/", fallback}, false, nil
	}
	tail, err := apiPath("/" + rest)
	return []Pattern{Literal(stage) + "/" + method + tail, fallback}, false, err
}

// dataPlane says what a host of a customer's under AWS's domains is the host of.
func dataPlane(host string) (apiCall, error) {
	none := fmt.Errorf("%q is no host of API Gateway's, of a function's URL, of AppSync's, of OpenSearch's or of Neptune's; others are no matter of IAM", host)
	label := strings.Split(host, ".")
	if len(label) < 4 || strings.ToLower(host) != host || !made(host, lower+digits+".-") {
		return apiCall{}, none
	}
	c := apiCall{host: host, region: label[2], partition: partitionOf(label[2])}
	if label[2] == "es" || label[2] == "aoss" {
		c.region, c.partition = label[1], partitionOf(label[1])
	}
	if !isRegion(c.region) {
		return apiCall{}, none
	}
	id, suffix := label[0], strings.Join(label[3:], ".")
	general := slices.Contains([]string{"amazonaws.com", "amazonaws.com.cn", "api.aws", "api.amazonwebservices.com.cn"}, suffix)
	switch {
	case label[1] == "execute-api" && general:
		c.service = "execute-api"
		// A private API's host may say the VPC endpoint as well.
		c.id, _, _ = strings.Cut(id, "-vpce-")
	case label[1] == "lambda-url" && suffix == "on.aws":
		c.service, c.id = "lambda", id
	case label[1] == "appsync-api" && general:
		c.service, c.id = "appsync", id
	case label[2] == "aoss" && general:
		c.service, c.id = "aoss", id
	case label[2] == "es" && general, label[1] == "aos" && suffix == "on.aws":
		// search-NAME-ID, or vpc-NAME-ID.
		kind, rest, _ := strings.Cut(id, "-")
		i := strings.LastIndexByte(rest, '-')
		if kind != "search" && kind != "vpc" || i < 1 || i == len(rest)-1 {
			return apiCall{}, none
		}
		c.service, c.id = "es", rest[:i]
		return c, nil
	default:
		return apiCall{}, none
	}
	if !isAPI(c.id) {
		return apiCall{}, none
	}
	return c, nil
}

func isAPI(s string) bool { return s != "" && len(s) <= 64 && made(s, lower+digits) }
