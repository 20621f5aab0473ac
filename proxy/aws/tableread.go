package aws

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
)

// A tableCall is a call of one operation that the tables know.
type tableCall struct {
	in        *input
	table     *table
	operation *tableOperation
	labels    map[string]string
	owner     string // the account whose resources it is about, if it says so

	members tree // of the body, once it was asked for
	parse   func() (tree, error)
}

// readTables reads a call to one of the services that ts are of.
func readTables(in *input, call *proxy.Call, ts []*table) error {
	found, err := in.operations(ts)
	if err != nil {
		return err
	}
	if found, err = in.narrow(found); err != nil {
		return err
	}
	in.found = found
	for i := range found {
		c := &found[i]
		if i == 0 {
			call.Operation, call.Service = c.operation.name, c.table.prefix
			if c.table.prefix == "s3" {
				call.Service = in.scopeOrHost() // S3 on Outposts and S3 Express are read by S3 Control's table
			}
		} else if c.operation.name != call.Operation {
			call.Operation += "|" + c.operation.name
		}
		if in.isRPC() {
			if _, err := c.body(); err != nil {
				return err
			}
		}
		requests, err := c.requests()
		if err != nil {
			return err
		}
		// Where two operations cannot be told apart, both are asked for.
		for _, r := range requests {
			if !slices.ContainsFunc(call.Requests, func(o manifest.Request) bool { return i > 0 && same(&o, &r) }) {
				call.Requests = append(call.Requests, r)
			}
		}
	}
	call.Region = in.region // of events for a global endpoint, their body tells
	if call.Upstream == nil {
		var region string
		// A global service's calls are signed for its own region, whatever the
		// client's was.
		if call.Upstream, region = tableUpstream(in, &found[0]); isRegion(region) {
			call.Region = region
		}
	}
	if call.Upstream == nil {
		return fmt.Errorf("the host of %s names what the call does not: name the host", call.Operation)
	}
	return nil
}

// narrow leaves out of several services' operations those that the call cannot
// be, since what it says is not what they take. It goes to the host of one that
// is left, which knows nothing of the others; of two services that may both be
// meant, the newer's.
func (in *input) narrow(found []tableCall) ([]tableCall, error) {
	if len(found) < 2 {
		return found, nil
	}
	slices.SortStableFunc(found, func(a, b tableCall) int { return strings.Compare(b.table.version, a.table.version) })
	var kept, left []tableCall
	var refused error
	for i := range found {
		if _, err := found[i].requests(); err != nil {
			refused = err
			left = append(left, found[i])
		} else {
			kept = append(kept, found[i])
		}
	}
	for i := range left {
		out, _ := tableUpstream(in, &left[i])
		for j := range kept {
			if u, _ := tableUpstream(in, &kept[j]); out == nil || u == nil || out.Host == u.Host {
				return nil, refused
			}
		}
	}
	if len(kept) == 0 {
		return nil, refused
	}
	return kept, nil
}

// isRPC reports whether all of a call stands in its body but for its operation's
// name. Such a body is read also where nothing in it is asked for: to a service
// that goes by its Content-Type, a form is another call.
func (in *input) isRPC() bool {
	return len(in.r.Header.Values("X-Amz-Target")) > 0 || len(in.r.Header.Values("Smithy-Protocol")) > 0
}

// operations finds the operations that the call may be: one, or several that
// nothing tells apart.
func (in *input) operations(ts []*table) ([]tableCall, error) {
	switch {
	case len(in.r.Header.Values("X-Amz-Target")) > 0:
		if len(in.r.Header.Values("Smithy-Protocol")) > 0 {
			return nil, errors.New("x-amz-target and smithy-protocol in one call")
		}
		return in.jsonOperation(ts)
	case len(in.r.Header.Values("Smithy-Protocol")) > 0:
		return in.cborOperation(ts)
	}
	var rest, form []*table
	for _, t := range ts {
		switch {
		case t.routes != nil:
			rest = append(rest, t)
		case t.speaks("query") || t.speaks("ec2"):
			form = append(form, t)
		}
	}
	// A form is no body that a REST service knows.
	contentType, _, _ := mime.ParseMediaType(in.r.Header.Get("Content-Type"))
	_, action := in.param("Action")
	if len(form) > 0 && in.path == "/" && (contentType == "application/x-www-form-urlencoded" || action || len(rest) == 0) {
		return in.formOperation(form)
	}
	if len(rest) == 0 {
		return nil, fmt.Errorf("a call to %q without an x-amz-target", in.scopeOrHost())
	}
	return in.route(rest)
}

func (in *input) scopeOrHost() string {
	if in.scope.Service != "" {
		return in.scope.Service
	}
	return in.place.service
}

// jsonOperation finds the operation that X-Amz-Target names.
func (in *input) jsonOperation(ts []*table) ([]tableCall, error) {
	stated, err := in.header("X-Amz-Target")
	if err != nil {
		return nil, err
	}
	prefix, name, _ := cutLast(stated, ".")
	var found []tableCall
	for _, t := range ts {
		op := t.operations[name]
		if op == nil || !t.isTarget(prefix) || !t.speaks("json1.0") && !t.speaks("json1.1") {
			continue
		}
		contentType := "application/x-amz-json-1.1"
		if t.speaks("json1.0") {
			contentType = "application/x-amz-json-1.0"
		}
		found = append(found, tableCall{in: in, table: t, operation: op, parse: func() (tree, error) {
			_, members, err := in.target(prefix, contentType)
			return members, err
		}})
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("x-amz-target %.120q is of no operation of %q that is known", stated, in.scopeOrHost())
	}
	if in.path != "/" || in.r.Method != http.MethodPost || len(in.unsignedQuery()) > 0 {
		return nil, fmt.Errorf("a JSON call is a POST to \"/\" without a query, not a %.20q of %.80q", in.r.Method, in.shown())
	}
	return found, nil
}

// cborOperation finds the operation that the path names. (Smithy, "Smithy RPC
// v2 CBOR protocol".)
func (in *input) cborOperation(ts []*table) ([]tableCall, error) {
	protocol, err := in.header("Smithy-Protocol")
	if err != nil {
		return nil, err
	}
	parts := strings.Split(in.path, "/")
	if protocol != "rpc-v2-cbor" || in.r.Method != http.MethodPost || len(in.unsignedQuery()) > 0 || len(parts) != 5 || parts[0] != "" || parts[1] != "service" || parts[3] != "operation" {
		return nil, fmt.Errorf("a CBOR call is a POST to /service/NAME/operation/NAME without a query, not a %.20q of %.120q by %.40q", in.r.Method, in.shown(), protocol)
	}
	for _, t := range ts {
		op := t.operations[parts[4]]
		// SDKs of one language speak JSON with a service, and of another CBOR, under
		// the same names.
		if op == nil || !t.isTarget(parts[2]) {
			continue
		}
		return []tableCall{{in: in, table: t, operation: op, parse: func() (tree, error) {
			if ct, err := in.header("Content-Type"); err != nil || ct != "application/cbor" && ct != "" {
				return tree{}, errors.Join(fmt.Errorf("content-type %.80q of a CBOR call is not \"application/cbor\"", ct), err)
			}
			body, err := in.body()
			if err != nil || len(body) == 0 {
				return tree{}, err
			}
			return in.readCBOR(body)
		}}}, nil
	}
	return nil, fmt.Errorf("path %.120q is of no operation of %q that is known", in.path, in.scopeOrHost())
}

// formOperation finds the operation that Action and Version name.
func (in *input) formOperation(ts []*table) ([]tableCall, error) {
	name, params, err := in.formOf()
	if err != nil {
		return nil, err
	}
	version := params["Version"]
	var members tree
	var found []tableCall
	for _, t := range ts {
		op := t.operations[name]
		if op == nil || t.version != version {
			continue
		}
		found = append(found, tableCall{in: in, table: t, operation: op, parse: func() (tree, error) {
			if !members.is() && !t.speaks("ec2") {
				err = numbered(params)
			}
			if !members.is() && err == nil {
				members, err = readForm(params, in.spend)
			}
			return members, err
		}})
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("action %.80q of version %.40q is no operation of %q that is known", name, version, in.scopeOrHost())
	}
	return found, nil
}

// numbered refuses a form that numbers the elements of a list as EC2 does, to a
// service where they have a name before their number, which would see none.
// (Smithy, "AWS query protocol", collections.)
func numbered(params map[string]string) error {
	for name := range params {
		_, after, _ := strings.Cut(name, ".")
		if number, _, _ := strings.Cut(after, "."); isNumber(number) {
			return fmt.Errorf("parameter %.80q has a number where a list of this service has \"member\"", name)
		}
	}
	return nil
}

// formOf is form of whatever version.
func (in *input) formOf() (operation string, params map[string]string, err error) {
	pairs := in.unsignedQuery()
	version := ""
	if in.r.Method == http.MethodPost {
		var err error
		if pairs, err = in.bodyForm(); err != nil {
			return "", nil, err
		}
	}
	for _, p := range pairs {
		if p.name == "Version" {
			version = p.value
		}
	}
	return in.form(version) // which refuses a Version that stands twice
}

// body returns the members of the body.
func (c *tableCall) body() (tree, error) {
	if !c.members.is() {
		members, err := c.parse()
		if err != nil {
			return tree{}, err
		}
		if !members.is() {
			members = treeOf()
		}
		c.members = members
	}
	return c.members, nil
}

// tableUpstream is where a call goes, and the region that it is signed for there:
// to the host that it names, or where it names none, to the one that serves its
// operation, which may name what the call does.
func tableUpstream(in *input, c *tableCall) (u *url.URL, region string) {
	p := in.place
	if p.host == "" {
		if _, after, found := strings.Cut(c.operation.hostPrefix, "{"); found {
			name, _, _ := strings.Cut(after, "}")
			for _, path := range []string{"l." + name, "h." + name} {
				if v, ok, err := c.text(path); ok && err == nil {
					p.resource = v
				}
			}
		}
		switch c.table.id {
		case "s3-control":
			p.account = in.r.Header.Get("X-Amz-Account-Id")
		case "cloudfront-keyvaluestore":
			if part := strings.Split(c.labels["KvsARN"], ":"); len(part) > 4 && isAccount(part[4]) {
				p.account = part[4]
			}
		}
	}
	if u, region := upstreamFor(c.table.id, c.operation.name, in.region, p); u != nil {
		return u, region
	}
	// No rule knows the service: a host of the common form.
	if strings.Contains(c.operation.hostPrefix, "{") || signingName(c.table.id) != "" || c.table.host == "-" {
		return nil, ""
	}
	host := c.table.host
	if host == "" {
		host = c.table.signing[0]
	}
	domain := partitionOf(in.region).suffix
	if c.table.dualstack {
		domain = partitionOf(in.region).dualstack
	}
	return &url.URL{Scheme: "https", Host: c.operation.hostPrefix + host + "." + in.region + "." + domain}, in.region
}
