package aws

import (
	"encoding/json"
	"encoding/xml"
	"strings"
	"unicode/utf8"
)

// An answer is what a denial says, before a protocol has written it.
type answer struct {
	words
	message  string
	id       string // stands in the place of AWS's request id
	resource string
}

// s3 is S3's error. (Amazon S3 API Reference, "REST Error Responses".)
func (a answer) s3() []byte {
	return marshal(struct {
		XMLName   xml.Name `xml:"Error"`
		Code      string
		Message   string
		Resource  string `xml:",omitempty"`
		RequestId string
		HostId    string
	}{Code: a.code, Message: a.message, Resource: a.resource, RequestId: a.id, HostId: "remit"})
}

// wrapped is the error of the query protocol and of rest-xml. (Smithy, "AWS
// query protocol" and "AWS restXml protocol", error serialization.)
func (a answer) wrapped(service string) []byte {
	type fault struct{ Type, Code, Message string }
	f := fault{"Sender", a.code, a.message}
	if a.status >= 500 {
		f.Type = "Receiver"
	}
	return marshal(struct {
		XMLName   xml.Name `xml:"ErrorResponse"`
		Xmlns     string   `xml:"xmlns,attr,omitempty"`
		Error     fault
		RequestId string
		HostId    string `xml:",omitempty"`
	}{Xmlns: namespaceOf(service), Error: f, RequestId: a.id, HostId: hostID(service)})
}

// namespaceOf is the namespace of a service's errors, for those that are known
// to look: SDKs do not.
func namespaceOf(service string) string {
	switch service {
	case "cloudfront":
		return "http://cloudfront.amazonaws.com/doc/2020-05-31/"
	case "route53":
		return "https://route53.amazonaws.com/doc/2013-04-01/"
	case "sns":
		return "http://sns.amazonaws.com/doc/2010-03-31/"
	case "sqs":
		return "http://queue.amazonaws.com/doc/2012-11-05/"
	case "sts":
		return "https://sts.amazonaws.com/doc/2011-06-15/"
	}
	return ""
}

// hostID is S3 Control's second id.
func hostID(service string) string {
	if service == "s3" {
		return "remit"
	}
	return ""
}

// ec2 is EC2's error, and SimpleDB's. (Smithy, "AWS EC2 query protocol",
// error serialization; Amazon SimpleDB Developer Guide, "API error codes".)
func (a answer) ec2() []byte {
	type fault struct{ Code, Message string }
	return marshal(struct {
		XMLName   xml.Name `xml:"Response"`
		Errors    []fault  `xml:"Errors>Error"`
		RequestID string
	}{Errors: []fault{{a.code, a.message}}, RequestID: a.id})
}

func marshal(v any) []byte {
	b, err := xml.Marshal(v)
	if err != nil {
		panic("aws: internal error: " + err.Error())
	}
	return append([]byte(xml.Header), b...)
}

// json is the error of the JSON protocols, whose members' case differs by
// service: SDKs read either. (Smithy, "AWS JSON 1.1 protocol", operation error
// serialization.)
func (a answer) json() []byte {
	b, err := json.Marshal(map[string]string{"__type": a.code, "message": a.message, "Message": a.message})
	if err != nil {
		panic("aws: internal error: " + err.Error())
	}
	return b
}

// graphql is the error of a GraphQL request. (GraphQL Specification, October 2021,
// section 7.1; errorType is AppSync's.)
func (a answer) graphql() []byte {
	type fault struct {
		Type    string `json:"errorType"`
		Message string `json:"message"`
	}
	b, err := json.Marshal(map[string][]fault{"errors": {{a.code, a.message}}})
	if err != nil {
		panic("aws: internal error: " + err.Error())
	}
	return b
}

// cbor is the error of rpc-v2-cbor: a map of text strings. (RFC 8949,
// section 3.1; Smithy, "Smithy RPC v2 CBOR protocol".)
func (a answer) cbor() []byte {
	texts := []string{"__type", a.code, "message", a.message, "Message", a.message}
	b := []byte{cborMap<<5 | byte(len(texts)/2)}
	for _, s := range texts {
		s = clip(strings.ToValidUTF8(s, "\uFFFD"), 1<<16-1)
		switch n := len(s); {
		case n < 24:
			b = append(b, cborText<<5|byte(n))
		case n < 1<<8:
			b = append(b, cborText<<5|24, byte(n))
		default:
			b = append(b, cborText<<5|25, byte(n>>8), byte(n))
		}
		b = append(b, s...)
	}
	return b
}

// clip returns the beginning of a text, of at most n bytes and whole characters.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
