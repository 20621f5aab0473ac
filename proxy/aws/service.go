package aws

import (
	"slices"
	"strings"

	"github.com/lambda-remit/remit/proxy"
)

// A service is what is known of one AWS service: by hand, or by table.
type service struct {
	name     string // the name it signs with
	protocol protocol
	s3       bool // its signatures are S3's: the path as it stands
	query    bool // it spoke the query protocol once, and has its error codes; read by hand, it speaks it still
	tabled   bool // it is read by table, and goes where its operation is served

	// read fills in what the call is: its operation, its requests, and its
	// upstream. What it does not understand is an error.
	read func(in *input, call *proxy.Call) error
}

// A protocol is how a service speaks, and so how it denies.
type protocol string

const (
	protocolQuery   protocol = "query" // form in, XML out
	protocolJSON10  protocol = "json1.0"
	protocolJSON11  protocol = "json1.1"
	protocolCBOR    protocol = "rpc-v2-cbor"
	protocolREST    protocol = "rest-json"
	protocolGraphQL protocol = "graphql"  // JSON, its errors in a list
	protocolS3      protocol = "s3"       // rest-xml with S3's own error element
	protocolXML     protocol = "rest-xml" // of all others
	protocolEC2     protocol = "ec2"      // form in, XML out, in EC2's own dialect
)

// lookup returns the service that signs with name and is read by hand.
func lookup(name string) (service, bool) {
	switch name {
	case "dynamodb":
		return service{name: "dynamodb", protocol: protocolJSON10, read: readDynamoDB}, true
	case "kms":
		return service{name: "kms", protocol: protocolJSON11, read: readKMS}, true
	case "lambda":
		return service{name: "lambda", protocol: protocolREST, read: readLambda}, true
	case "s3":
		return service{name: "s3", protocol: protocolS3, s3: true, read: readS3}, true
	case "s3express":
		return service{name: "s3express", protocol: protocolS3, s3: true, read: readS3Express}, true
	case "sns":
		return service{name: "sns", protocol: protocolQuery, read: readSNS}, true
	case "secretsmanager":
		return service{name: "secretsmanager", protocol: protocolJSON11, read: readSecrets}, true
	case "sqs":
		return service{name: "sqs", protocol: protocolJSON10, query: true, read: readSQS}, true
	case "ssm":
		return service{name: "ssm", protocol: protocolJSON11, read: readSSM}, true
	case "sts":
		return service{name: "sts", protocol: protocolQuery, read: readSTS}, true
	}
	return service{}, false
}

// service returns the service that a call is to: host is the name that those
// at its host sign with, or its scope's.
func (c *Cloud) service(in *input, host string) (service, bool) {
	if svc, ok := dataPlane(in.place); ok {
		return svc, true
	}
	if svc, ok := in.s3Elsewhere(); ok {
		return svc, true
	}
	if !in.isControl() {
		switch in.place.plane {
		case "":
			if svc, ok := lookup(host); ok && !(host == "lambda" && in.besideLambda()) {
				return svc, true
			}
		case "s3express", "s3express-control":
			return lookup("s3express")
		}
	}
	name := in.scope.Service
	if name == "" {
		name = host
	}
	if name == "s3express" { // whose access points S3 Control serves
		ts := in.serving(c.tables.of("s3"))
		if len(ts) == 0 || !in.isControl() {
			return service{}, false
		}
		return service{
			name: name, protocol: in.speaks(ts), tabled: true,
			read: func(in *input, call *proxy.Call) error { return readExpressControl(in, call, ts) },
		}, true
	}
	if name == "neptune-db" {
		if svc, ok := in.graph(c.tables.of(name)); ok {
			return svc, true
		}
	}
	ts := in.serving(c.tables.of(name))
	if len(ts) == 0 {
		return service{}, false
	}
	return service{
		name: name, protocol: in.speaks(ts), tabled: true,
		query: slices.ContainsFunc(ts, func(t *table) bool { return t.speaks("query") && t.target != "" }),
		read:  func(in *input, call *proxy.Call) error { return readTables(in, call, ts) },
	}, true
}

// isControl reports whether a call that is signed as S3's are is to S3 Control,
// though no host says so: all of its operations name an account in a header,
// and have a version in their paths.
func (in *input) isControl() bool {
	express := in.place.plane == "s3express-control" || in.place.host == "" && in.scope.Service == "s3express"
	return (express || in.scope.Service == "s3" && in.place.host == "") && strings.HasPrefix(in.path, "/v20180820/") && len(in.r.Header.Values("X-Amz-Account-Id")) > 0
}

// serving returns those of ts that the call's host may be of. S3 itself is
// read by hand.
func (in *input) serving(ts []*table) []*table {
	var all []*table
	for _, t := range ts {
		switch {
		case t.id == "s3":
		case in.place.host == "", len(in.place.services) > 0 && slices.Contains(in.place.services, t.id):
			all = append(all, t)
		case len(in.place.services) == 0 && in.place.plane == "" && (in.place.service == t.host || slices.ContainsFunc(t.signing, func(name string) bool {
			return in.place.service == name || strings.HasPrefix(in.place.service, name+"-")
		})):
			all = append(all, t) // a host of the common form, which no rule has
		}
	}
	return all
}

// speaks is the protocol of a call, to deny it in.
func (in *input) speaks(ts []*table) protocol {
	p := guess(in.r)
	for _, t := range ts {
		switch p {
		case protocolCBOR:
			if t.target != "" {
				return p
			}
		case protocolJSON10, protocolJSON11:
			if len(in.r.Header.Values("X-Amz-Target")) > 0 && (t.speaks("json1.0") || t.speaks("json1.1")) {
				return p
			}
		case protocolQuery:
			if t.speaks("query") {
				return p
			}
		}
	}
	return ts[0].denies()
}
