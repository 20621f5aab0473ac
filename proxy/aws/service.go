package aws

import (
	"github.com/lambda-remit/remit/proxy"
)

// A service is what is known by hand of one AWS service.
type service struct {
	name     string // the name it signs with
	protocol protocol
	s3       bool // its signatures are S3's: the path as it stands
	query    bool // where no X-Amz-Target stands, it speaks the query protocol

	// read fills in what the call is: its operation, its requests, and its
	// upstream. What it does not understand is an error.
	read func(in *input, call *proxy.Call) error
}

// A protocol is how a service speaks, and so how it denies.
type protocol string

const (
	protocolQuery  protocol = "query" // form in, XML out
	protocolJSON10 protocol = "json1.0"
	protocolJSON11 protocol = "json1.1"
	protocolCBOR   protocol = "rpc-v2-cbor"
	protocolREST   protocol = "rest-json"
	protocolS3     protocol = "s3"       // rest-xml with S3's own error element
	protocolXML    protocol = "rest-xml" // of all others
	protocolEC2    protocol = "ec2"      // form in, XML out, in EC2's own dialect
)

// lookup returns the service that signs with name.
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
