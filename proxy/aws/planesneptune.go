package aws

import (
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
)

// neptunePort is where Neptune's clusters are, and nothing else of AWS's that is
// read. (Amazon Neptune User Guide, "Connecting to Amazon Neptune endpoints".)
const neptunePort = 8182

// Ports reports whether calls to host, which [Claims] has, are read on port too,
// which is not its scheme's.
func Ports(host string, port uint16) bool {
	p, ok := placeOf(host)
	return ok && p.plane == "neptune" && port == neptunePort
}

// graph returns the service that reads calls to a cluster of Neptune's: at the
// cluster's host, or, where the proxy is the client's endpoint, at that of the
// only cluster that the manifest names in the region. Operations that SDKs have
// are in ts.
func (in *input) graph(ts []*table) (service, bool) {
	if in.place.host == "" && in.manifest != nil {
		if host, ok := in.manifest.Sole("neptune-db", in.scope.Region); ok {
			in.place, _ = placeOf(host)
		}
	}
	return service{
		name: "neptune-db", protocol: protocolREST, tabled: true,
		read: func(in *input, call *proxy.Call) error { return readNeptune(in, call, ts) },
	}, in.place.plane == "neptune"
}

// readNeptune reads a call to a cluster of Neptune's. What it does, the text of a
// query says, which is searched for what may write or delete. (Amazon Neptune
// User Guide, "Using query actions in Neptune data-access policy statements" and
// "IAM actions for data access in Amazon Neptune".)
func readNeptune(in *input, call *proxy.Call, ts []*table) error {
	if host := in.r.URL.Host; host != "" && !strings.HasSuffix(host, fmt.Sprint(":", neptunePort)) {
		return fmt.Errorf("a cluster of Neptune's is called on port %d, and not by %.200q", neptunePort, host)
	}
	cluster, err := in.behind("neptune-db", "", "")
	if err != nil {
		return err
	}
	// IAM compares a cluster's only database, whose name is no part of a call.
	database := cluster + "/database"
	operation, actions, language, err := in.graphCall()
	if err != nil {
		return err
	}
	var all []manifest.Request
	if operation == "" {
		if err := readTables(in, call, ts); err != nil {
			return err
		}
		for _, r := range call.Requests {
			if r.Partly && r.Resource == "*" && strings.HasPrefix(r.Action, "neptune-db:") {
				r.Resource, r.Partly = database, false
			}
			all = append(all, r)
		}
		operation = call.Operation
	}
	for i, a := range actions {
		r := request("neptune-db:"+a, database)
		with(&r, "neptune-db:querylanguage", language)
		if operation == "ConnectGremlin" && i > 0 && in.bounded() && !in.manifest.Decide(r).Allowed {
			// What it is asked for by and by, nothing here reads: AWS compares each
			// with the session policy of the connection, which has what is granted.
			continue
		}
		all = append(all, r)
	}
	call.WebSocket = operation == "ConnectGremlin"
	in.asked(call, "neptune-db", operation, all...)
	call.Upstream.Host += fmt.Sprint(":", neptunePort)
	return nil
}

// graphCall reads what runs queries, and what asks for or ends those that run:
// paths that clients of databases know, only some of which are operations of an
// SDK's. Of another path it returns no operation.
func (in *input) graphCall() (operation string, actions []string, language string, err error) {
	path := strings.TrimSuffix(in.path, "/")
	first, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	var writes, deletes []string // words
	switch first {
	case "gremlin":
		language, writes, deletes = "Gremlin", gremlinWrites, gremlinDeletes
	case "openCypher", "opencypher":
		language, writes, deletes = "OpenCypher", cypherWrites, cypherDeletes
	case "sparql":
		language, writes, deletes = "Sparql", sparqlWrites, sparqlDeletes
	default:
		return "", nil, "", nil
	}
	switch rest {
	case "", "explain", "profile":
		operation = "Execute" + language + "Query"
		if rest != "" {
			operation = "Execute" + language + strings.ToUpper(rest[:1]) + rest[1:] + "Query"
		}
	case "status":
		if in.r.Method == http.MethodDelete {
			return "", nil, "", nil
		}
		operation = "List" + language + "Queries"
	default:
		return "", nil, "", nil
	}
	if in.r.Method != http.MethodGet && in.r.Method != http.MethodPost {
		return "", nil, "", fmt.Errorf("%.20s of %.80q is nothing that Neptune has", in.r.Method, in.path)
	}
	body, err := in.body()
	if err != nil {
		return "", nil, "", err
	}
	_, query, _ := strings.Cut(in.r.RequestURI, "?")
	texts := []string{query, string(body)}
	if rest == "status" {
		actions = []string{"GetQueryStatus"}
		w := wordsIn(texts)
		w.opaque = w.opaque || in.isRecoded()
		if w.any([]string{"CANCELQUERY", "CANCEL"}) {
			actions = append(actions, "CancelQuery")
		}
		return operation, actions, language, nil
	}
	actions = []string{"ReadDataViaQuery"}
	if isWebSocket(in.r.Header) {
		if in.path != "/gremlin" {
			return "", nil, "", fmt.Errorf("path %.80q has no WebSockets", in.path)
		}
		return "ConnectGremlin", append(actions, "WriteDataViaQuery", "DeleteDataViaQuery"), language, nil
	}
	if language == "Sparql" && in.isSPARQLQuery(body) {
		return operation, actions, language, nil
	}
	w := wordsIn(texts)
	w.opaque = w.opaque || in.isRecoded()
	if w.any(writes) {
		actions = append(actions, "WriteDataViaQuery")
	}
	if w.any(deletes) {
		actions = append(actions, "DeleteDataViaQuery")
	}
	return operation, actions, language, nil
}

// What in a text may write, or delete: whatever stands in a query's strings,
// names and comments counts too. What replaces a value deletes the one before.
// (TinkerPop 3.7, "Reference documentation"; openCypher 9, "Clauses"; SPARQL 1.1
// Update. Neptune's own procedures and services may do anything.)
var (
	gremlinWrites  = []string{"ADDV", "ADDE", "PROPERTY", "MERGEV", "MERGEE", "IO", "CALL"}
	gremlinDeletes = []string{"DROP", "SINGLE", "ONMATCH", "IO", "CALL"}
	cypherWrites   = []string{"CREATE", "MERGE", "SET", "FOREACH", "LOAD", "MUTATE"}
	cypherDeletes  = []string{"DELETE", "DETACH", "REMOVE", "SET", "DROP", "FOREACH", "LOAD", "MUTATE"}
	sparqlWrites   = []string{"INSERT", "LOAD", "CREATE", "ADD", "MOVE", "COPY"}
	sparqlDeletes  = []string{"DELETE", "CLEAR", "DROP", "MOVE", "COPY"}
)

// isSPARQLQuery reports whether a call of SPARQL's can be no update: its body is a
// query as a whole, or a form, and its query has no parameter of an update's.
// (SPARQL 1.1 Protocol, sections 2.1 and 2.2.)
func (in *input) isSPARQLQuery(body []byte) bool {
	updates := func(p pair) bool { return strings.Contains(strings.ToLower(p.name), "update") }
	if slices.ContainsFunc(in.query, updates) || in.isRecoded() {
		return false
	}
	ct, _ := in.header("Content-Type")
	ct, parameters, _ := mime.ParseMediaType(ct)
	delete(parameters, "charset")
	switch {
	case len(body) == 0:
		return true
	case len(parameters) > 0:
		return false // of what it says, a server may take more than the type
	case ct == "application/sparql-query":
		return true
	case ct == "application/x-www-form-urlencoded":
		form, err := parseForm(string(body))
		return err == nil && slices.ContainsFunc(form, func(p pair) bool { return p.name == "query" }) && !slices.ContainsFunc(form, updates)
	}
	return false
}

// isRecoded reports whether a server may read other letters in the body than those
// of ASCII that stand there: its Content-Type has another encoding, or is no one
// type.
func (in *input) isRecoded() bool {
	ct, err := in.header("Content-Type")
	if err != nil || ct == "" {
		return err != nil
	}
	_, parameters, err := mime.ParseMediaType(ct)
	switch strings.ToLower(parameters["charset"]) {
	case "", "utf-8", "utf8", "us-ascii", "iso-8859-1":
		return err != nil
	}
	return true
}
