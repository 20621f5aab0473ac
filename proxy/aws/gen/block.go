package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// basePath is what a service's hosts put before its routes, if not all of its
// routes begin with it: "/v2" of geo-maps. (The endpoint rules of each.)
func basePath(s *service) string {
	switch s.ID {
	case "Geo Maps", "Geo Routes", "Geo Places":
		for _, op := range s.Operations {
			if !strings.HasPrefix(op.URI, "/v2/") {
				return "/v2"
			}
		}
	}
	return ""
}

// signs are names that a service signs with besides its own. (Amazon S3 API
// Reference, S3 Control: with an outpost's id, and of directory buckets.)
var signs = map[string][]string{"s3-control": {"s3-outposts", "s3express"}}

// routes are ways to an operation besides its own. (The customization of the
// AWS SDKs for Amazon CloudSearch: a search that is too long for a query.)
var routes = map[string][]string{"cloudsearch-domain/Search": {"POST", "/2013-01-01/search"}}

// hosts are what a service's hosts begin with where its rules have several
// forms, and elsewhere the operations that are not at these: what their hosts
// begin with. (The endpoint rules of AWS Sign-In: tokens are not under AWS's
// domains, but at REGION.oauth.signin.aws.)
var (
	hosts     = map[string]string{"signin": "signin^"}
	elsewhere = map[string]string{
		"signin/CreateOAuth2Token":                  "{Region}.",
		"signin/CreateOAuth2TokenWithIAM":           "{Region}.oauth.",
		"signin/CreateOAuth2TokenWithTokenExchange": "{Region}.oauth.",
		"signin/IntrospectOAuth2TokenWithIAM":       "{Region}.oauth.",
		"signin/RevokeOAuth2TokenWithIAM":           "{Region}.oauth.",
	}
)

// older are the protocols that older clients speak with services that have
// changed, or clients without CBOR with services that have JSON besides. (AWS
// SDKs' changelogs.)
var older = map[string][]string{
	"cloudwatch":                   {"query"},
	"compute-optimizer-automation": {"json1.0"},
	"interconnect":                 {"json1.0"},
	"sqs":                          {"query"},
}

// block writes what the tables say of one service, and returns what of it the
// reference does not know.
func block(ref reference, s *service) (text string, unknown []string, err error) {
	id := key(s.ID)
	prefix := prefixOf(s)
	protocols := slices.Clone(s.Protocols)
	for _, o := range older[id] {
		if !slices.Contains(protocols, o) {
			protocols = append(protocols, o)
		}
	}
	if s.rest() && len(protocols) > 1 {
		return "", nil, fmt.Errorf("it speaks %v", protocols)
	}
	signing := slices.Clone(s.Signing)
	if len(signing) == 0 && s.DefaultSigning != "" {
		signing = []string{s.DefaultSigning}
	}
	signing = append(signing, signs[id]...)
	slices.Sort(signing)
	var p pool
	var ops strings.Builder
	needs := collisions(s)
	for i := range s.Operations {
		op := &s.Operations[i]
		actions, known := actionsOf(ref, s, op)
		if !known {
			unknown = append(unknown, id+"/"+op.Name)
		}
		var entries []string
		for _, a := range actions {
			a, where := strings.CutPrefix(a, "+")
			res, err := resourcesOf(ref, &p, s, op, a)
			if err != nil {
				return "", nil, fmt.Errorf("operation %q: %w", op.Name, err)
			}
			short := a
			if name, ok := strings.CutPrefix(a, prefix+":"); ok {
				short = name
				if name == op.Name {
					short = ""
				}
			}
			if where {
				short = "+" + short
			}
			entries = append(entries, short+" "+res)
		}
		_, own, _ := strings.Cut(entries[0], " ")
		e, err := tagEntry(ref, &p, s, op, actions, own)
		if err != nil {
			return "", nil, fmt.Errorf("operation %q: %w", op.Name, err)
		}
		if e != "" {
			entries = append(entries, e)
		}
		if e := passRole(ref, s, op, actions); e != "" {
			entries = append(entries, e)
		}
		method, uri := op.Method, op.URI
		if !s.rest() {
			method, uri = "", ""
		} else if method == "" || !strings.HasPrefix(uri, "/") {
			return "", nil, fmt.Errorf("operation %q has the route %q %q", op.Name, method, uri)
		}
		before := op.HostPrefix
		if e, ok := elsewhere[id+"/"+op.Name]; ok {
			before = e
		}
		fields := []string{op.Name, method, uri, before, needs[op.Name], strings.Join(entries, ";"), tagsOf(s, op), accountOf(s, op)}
		for _, f := range fields {
			if strings.ContainsAny(f, "\t\n") {
				return "", nil, fmt.Errorf("operation %q has a tab or a line in %q", op.Name, f)
			}
		}
		ops.WriteString(strings.TrimRight(strings.Join(fields, "\t"), "\t") + "\n")
		if r, ok := routes[id+"/"+op.Name]; ok {
			fields[1], fields[2] = r[0], r[1]
			ops.WriteString(strings.TrimRight(strings.Join(fields, "\t"), "\t") + "\n")
		}
	}
	host := s.EndpointPrefix
	if h, ok := hosts[id]; ok {
		host = h
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", strings.Join([]string{id, prefix, strings.Join(signing, ","), host, strings.Join(protocols, ","), s.Target, s.Version, basePath(s)}, "\t"))
	fmt.Fprintf(&b, "%s\n", strings.Join(p.list, "\t"))
	b.WriteString(ops.String())
	return b.String(), unknown, nil
}

var label = regexp.MustCompile(`\{[^}+]*(\+?)\}`)

// needed are members of the body that tell an operation from another of the same
// route: of another service that signs with the same name, or a newer one.
var needed = map[string]string{
	"bedrock-agent-runtime/InvokeInlineAgent": "b.foundationModel,b.instruction",          // bedrock-agent's PrepareAgent
	"lex-model-building-service/StartImport":  "b.mergeStrategy,b.payload,b.resourceType", // lex-models-v2's ListImports
	"signin/CreateOAuth2Token":                "b.clientId,b.grantType",                   // tokens by other ways are told by their query
}

// collisions returns, for routes of one shape, the required members of each
// that tell it from the others: names of the query, and of headers.
func collisions(s *service) map[string]string {
	if !s.rest() {
		return nil
	}
	same := make(map[string][]*operation)
	for i := range s.Operations {
		op := &s.Operations[i]
		path, _, _ := strings.Cut(op.URI, "?")
		k := op.Method + " " + label.ReplaceAllString(path, "{$1}")
		same[k] = append(same[k], op)
	}
	needs := make(map[string]string)
	for _, ops := range same {
		if len(ops) < 2 {
			continue
		}
		for _, op := range ops {
			var names []string
			for _, m := range op.Members {
				switch {
				case m.Required && m.HTTPQuery != "":
					names = append(names, "q."+m.HTTPQuery)
				case m.Required && m.HTTPHeader != "":
					names = append(names, "h."+m.HTTPHeader)
				}
			}
			slices.Sort(names)
			needs[op.Name] = strings.Join(names, ",")
		}
	}
	for k, n := range needed {
		if name, ok := strings.CutPrefix(k, key(s.ID)+"/"); ok {
			needs[name] = n
		}
	}
	return needs
}

// tagsOf says where an operation's request tags stand: a map, a list of
// objects with a key and a value, or a list of keys.
func tagsOf(s *service, op *operation) string {
	if s.protocol() == "rest-xml" || strings.HasPrefix(op.Name, "List") || strings.HasPrefix(op.Name, "Describe") || strings.HasPrefix(op.Name, "Get") || strings.HasPrefix(op.Name, "Search") {
		return ""
	}
	for i := range op.Members {
		m := &op.Members[i]
		if m.HTTPLabel || m.HTTPHeader != "" || m.HTTPPayload {
			continue
		}
		path := "b." + wireName(s, m, 0)
		if m.HTTPQuery != "" {
			path = "q." + m.HTTPQuery
		}
		switch plain(m.Name) {
		case "tags", "taglist", "resourcetags", "tagstoadd":
			switch {
			case m.Kind == "map" && m.HTTPQuery == "":
				return "m " + path
			case m.Kind == "list" && m.Of != nil && m.Of.Kind == "struct":
				k, v := "", ""
				for j := range m.Of.Members {
					e := &m.Of.Members[j]
					switch plain(e.Name) {
					case "key", "tagkey":
						k = wireName(s, e, 1)
					case "value", "tagvalue":
						v = wireName(s, e, 1)
					}
				}
				if k != "" && v != "" {
					return "l" + k + "," + v + " " + strings.TrimSuffix(listPath(s, path, m), ".#")
				}
			}
		case "tagkeys", "tagkeylist", "tagstoremove":
			if m.Kind == "list" {
				return "k " + strings.TrimSuffix(listPath(s, path, m), ".#")
			}
		}
	}
	return ""
}

// roleMember is how a member is called whose value is the role that a service
// is to act as.
func roleMember(name string) bool {
	name = plain(name)
	switch name {
	case "role", "rolearn", "servicerole", "servicerolearn", "iamrolearn", "executionrolearn", "executionrole", "taskrolearn", "jobrole", "jobrolearn", "accessrolearn", "dataaccessrolearn", "loggingrolearn", "instanceprofilearn":
		return true
	}
	return strings.HasSuffix(name, "rolearn") || strings.HasSuffix(name, "servicerole")
}

// isRole reports whether a member of the plain name name is a role, whatever
// operation it stands in.
func isRole(name string) bool {
	return strings.HasSuffix(name, "rolearn") || strings.HasSuffix(name, "servicerole") || strings.HasSuffix(name, "iamrole")
}

// deepRole reports whether a role stands where [places] does not look: deep in
// a body, in a list of objects, or in XML. Package aws looks for it by its name.
func deepRole(s *service, members []member, level int) bool {
	for i := range members {
		m := &members[i]
		switch {
		case m.HTTPLabel || m.HTTPQuery != "" || m.HTTPHeader != "" || m.Kind == "stream" || m.Streaming != nil:
		case m.Kind == "string" && isRole(plain(m.Name)) && (level > 1 || s.protocol() == "rest-xml"):
			return true
		case m.Kind == "list" && m.Of != nil && deepRole(s, m.Of.Members, 9), deepRole(s, m.Members, level+1):
			return true
		}
	}
	return false
}

// passRole returns the entry of iam:PassRole, where an operation hands a role
// to its service. (IAM User Guide, "Grant a user permissions to pass a role to
// an AWS service".)
func passRole(ref reference, s *service, op *operation, actions []string) string {
	switch prefixOf(s) {
	case "auditmanager", "iam", "sts", "sso", "organizations", "ram", "access-analyzer", "kms", "cognito-identity", "rolesanywhere":
		return ""
	}
	for _, verb := range []string{"List", "Get", "Describe", "Delete", "Search", "Disassociate", "Remove", "Untag", "Tag", "Lookup", "Simulate"} {
		if strings.HasPrefix(op.Name, verb) {
			return ""
		}
	}
	stated := false
	for _, a := range actions {
		if x, _, ok := ref.find(a); ok && (x.passes()) {
			stated = true
		}
	}
	var groups []string
	for _, pl := range places(s, op) {
		switch {
		case pl.level > 1 || strings.HasPrefix(pl.path, "l."):
		case !pl.list && roleMember(pl.name) && (stated || isRole(pl.name)), pl.list && strings.HasSuffix(pl.name, "iamroles") && !strings.HasPrefix(pl.name, "remove"):
			groups = append(groups, "role:"+pl.path)
		case !pl.list && pl.name == "iamrole", !pl.list && pl.name == "domainiamrolename":
			groups = append(groups, "role:"+pl.path)
		}
	}
	if deepRole(s, op.Members, 0) {
		groups = append(groups, "roles:b")
	}
	// What role an instance profile has, the request does not say. (IAM User
	// Guide, "Use an IAM role to grant permissions to applications running on
	// Amazon EC2 instances".)
	for _, m := range op.Members {
		switch p := "b." + wireName(s, &m, 0); {
		case s.ID == "EC2": // its file does
		case plain(m.Name) == "iaminstanceprofile" && m.Kind == "string", plain(m.Name) == "instanceprofilename" && s.rest():
			groups = append(groups, "?:"+p)
		}
	}
	if len(groups) == 0 {
		return ""
	}
	return "+iam:PassRole " + strings.Join(groups, " ")
}
