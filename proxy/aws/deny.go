package aws

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
)

// An answer is what a denial says, before a protocol has written it.
type answer struct {
	status   int
	code     string
	message  string
	id       string // stands in the place of AWS's request id
	resource string
}

// Deny answers in the protocol that the SDK spoke: see [proxy.Cloud].
//
// A denial has the code that the service itself gives for what IAM refuses,
// which SDKs do not retry. One that may pass has a code that they do: S3's
// SlowDown, and Throttling elsewhere. (AWS SDKs and Tools Reference Guide,
// "Retry behavior".)
func (c *Cloud) Deny(w http.ResponseWriter, r *http.Request, call *proxy.Call, denial proxy.Denial) {
	p, _ := call.Particulars.(*particulars)
	if p == nil {
		p = &particulars{protocol: protocolQuery}
	}
	a := answer{
		status:   http.StatusForbidden,
		code:     "AccessDenied",
		message:  c.sentence(denial),
		id:       denial.ID,
		resource: denial.Request.Resource,
	}
	h := w.Header()
	h.Set("X-Amzn-Requestid", a.id)
	var body []byte
	switch p.protocol {
	case protocolS3:
		h.Set("X-Amz-Request-Id", a.id)
		h.Set("Content-Type", "application/xml")
		switch {
		case denial.Reason == proxy.Unreachable:
			a.status, a.code = http.StatusServiceUnavailable, "ServiceUnavailable"
		case denial.Retry:
			a.status, a.code = http.StatusServiceUnavailable, "SlowDown"
		}
		body = a.s3()
	case protocolJSON10, protocolJSON11, protocolCBOR:
		a.status, a.code = http.StatusBadRequest, "AccessDeniedException"
		switch {
		case denial.Reason == proxy.Unreachable:
			a.status, a.code = http.StatusServiceUnavailable, "ServiceUnavailableException"
		case denial.Retry:
			a.code = "ThrottlingException"
		}
		if p.service.query {
			// A service that once spoke the query protocol alone gives the
			// code that it had there, which SDKs prefer. (Smithy, "AWS query
			// compatible".)
			code, fault := "AccessDenied", "Sender"
			switch {
			case denial.Reason == proxy.Unreachable:
				code, fault = "ServiceUnavailable", "Receiver"
			case denial.Retry:
				code = "RequestThrottled"
			}
			h.Set("X-Amzn-Query-Error", code+";"+fault)
			if a.status == http.StatusBadRequest && !denial.Retry {
				a.status = http.StatusForbidden
			}
		}
		h.Set("Content-Type", "application/x-amz-json-1.1")
		if p.protocol == protocolJSON10 {
			h.Set("Content-Type", "application/x-amz-json-1.0")
		}
		if p.protocol == protocolCBOR {
			h.Set("Content-Type", "application/cbor")
			h.Set("Smithy-Protocol", "rpc-v2-cbor")
			body = a.cbor()
		} else {
			h.Set("X-Amzn-Errortype", a.code)
			body = a.json()
		}
	case protocolREST:
		a.code = "AccessDeniedException"
		switch {
		case denial.Reason == proxy.Unreachable:
			a.status, a.code = http.StatusServiceUnavailable, "ServiceUnavailableException"
		case denial.Retry:
			a.status, a.code = http.StatusTooManyRequests, "TooManyRequestsException"
		}
		h.Set("Content-Type", "application/json")
		h.Set("X-Amzn-Errortype", a.code)
		body = a.json()
	default:
		if call.Service == "sns" {
			a.code = "AuthorizationError" // SNS's word for it (Amazon SNS API Reference, "Common errors")
		}
		switch {
		case denial.Reason == proxy.Unreachable:
			a.status, a.code = http.StatusServiceUnavailable, "ServiceUnavailable"
		case denial.Retry:
			a.status, a.code = http.StatusBadRequest, "Throttling"
		}
		h.Set("Content-Type", "text/xml")
		body = a.query(call.Service)
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(a.status)
	if r.Method != http.MethodHead {
		w.Write(body)
	}
}

// sentence says of a denial what IAM says, and why, and where to find more.
func (c *Cloud) sentence(d proxy.Denial) string {
	why := because[d.Reason]
	if d.Text != "" {
		why = d.Text
	}
	if why == "" {
		why = string(d.Reason)
	}
	if d.Request.Action == "" {
		return fmt.Sprintf("The call is not authorized because %s (remit %s)", why, d.ID)
	}
	who := c.Function
	if who == "" {
		who = "This function"
	}
	return fmt.Sprintf("%s is not authorized to perform: %s on resource: %s because %s (remit %s)",
		who, d.Request.Action, d.Request.Resource, why, d.ID)
}

// because says a reason in words that fit after "because".
var because = map[manifest.Reason]string{
	manifest.NoRequest:       "it asks for nothing that can be granted",
	manifest.NoAction:        "no grant allows the action",
	manifest.NoResource:      "no grant allows it on this resource",
	manifest.NoCondition:     "the conditions of the grants that name it do not hold",
	manifest.NoPrincipal:     "nobody has signed it, and no grant is for such a call",
	manifest.NoAccount:       "the account of the manifest's bare names is not known",
	proxy.Unread:             "it could not be read",
	proxy.BadSignature:       "its signature is not one by the credentials that the function was given",
	proxy.ForeignCredentials: "it is signed by keys that neither Remit handed out nor the manifest names",
	proxy.Unminted:           "no credentials could be had for it",
	proxy.Throttled:          "STS throttles the account",
	proxy.PolicyTooLarge:     "no session policy for it is small enough",
	proxy.Unreachable:        "the service could not be reached",
	Unsealed:                 "its answer would hold credentials",
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

// query is the error of the query protocol. (Smithy, "AWS query protocol",
// error serialization.)
func (a answer) query(service string) []byte {
	type fault struct{ Type, Code, Message string }
	f := fault{"Sender", a.code, a.message}
	if a.status >= 500 {
		f.Type = "Receiver"
	}
	xmlns := ""
	switch service {
	case "sns":
		xmlns = "http://sns.amazonaws.com/doc/2010-03-31/"
	case "sqs":
		xmlns = "http://queue.amazonaws.com/doc/2012-11-05/"
	case "sts":
		xmlns = "https://sts.amazonaws.com/doc/2011-06-15/"
	}
	return marshal(struct {
		XMLName   xml.Name `xml:"ErrorResponse"`
		Xmlns     string   `xml:"xmlns,attr,omitempty"`
		Error     fault
		RequestId string
	}{Xmlns: xmlns, Error: f, RequestId: a.id})
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

// cbor is the error of rpc-v2-cbor: a map of two text strings. (RFC 8949,
// section 3.1; Smithy, "Smithy RPC v2 CBOR protocol".)
func (a answer) cbor() []byte {
	b := []byte{0xa2}
	for _, s := range []string{"__type", a.code, "message", a.message} {
		s = strings.ToValidUTF8(s, "\uFFFD")
		switch n := len(s); {
		case n < 24:
			b = append(b, 0x60|byte(n))
		case n < 1<<8:
			b = append(b, 0x78, byte(n))
		default:
			s = s[:min(n, 1<<16-1)]
			b = append(b, 0x79, byte(len(s)>>8), byte(len(s)))
		}
		b = append(b, s...)
	}
	return b
}
