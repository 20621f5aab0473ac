package aws

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
)

// Deny answers in the protocol that the SDK spoke: see [proxy.Cloud].
//
// An event stream is denied as any call: with an answer in place of the stream,
// which is what services do as well until they have begun one.
func (c *Cloud) Deny(w http.ResponseWriter, r *http.Request, call *proxy.Call, denial proxy.Denial) {
	p, _ := call.Particulars.(*particulars)
	if p == nil {
		p = &particulars{protocol: protocolQuery}
	}
	a := answer{
		words:    p.words(call.Service, denial),
		message:  c.Sentence(denial),
		id:       denial.ID,
		resource: denial.Request.Resource,
	}
	h := w.Header()
	h.Set("X-Amzn-Requestid", a.id)
	if a.legacy != "" {
		// A service that once spoke the query protocol alone gives the code that
		// it had there, which SDKs prefer. (Smithy, "AWS query compatible".)
		h.Set("X-Amzn-Query-Error", a.legacy)
	}
	var body []byte
	switch p.protocol {
	case protocolS3:
		h.Set("X-Amz-Request-Id", a.id)
		h.Set("Content-Type", "application/xml")
		body = a.s3()
	case protocolXML:
		h.Set("X-Amz-Request-Id", a.id)
		h.Set("Content-Type", "text/xml")
		body = a.wrapped(call.Service)
	case protocolJSON10:
		h.Set("Content-Type", "application/x-amz-json-1.0")
		h.Set("X-Amzn-Errortype", a.code)
		body = a.json()
	case protocolJSON11:
		h.Set("Content-Type", "application/x-amz-json-1.1")
		h.Set("X-Amzn-Errortype", a.code)
		if body = a.json(); mediaTypeOf(r) == typeCBOR {
			h.Set("Content-Type", typeCBOR)
			body = a.cbor()
		}
	case protocolREST:
		h.Set("Content-Type", "application/json")
		h.Set("X-Amzn-Errortype", a.code)
		body = a.json()
	case protocolGraphQL:
		h.Set("Content-Type", "application/json;charset=UTF-8")
		h.Set("X-Amzn-Errortype", a.code)
		body = a.graphql()
	case protocolCBOR:
		h.Set("Content-Type", "application/cbor")
		h.Set("Smithy-Protocol", "rpc-v2-cbor") // without it, SDKs take it for no answer of a service
		body = a.cbor()
	case protocolEC2:
		h.Set("Content-Type", "text/xml;charset=UTF-8")
		body = a.ec2()
	default:
		h.Set("Content-Type", "text/xml")
		if body = a.wrapped(call.Service); call.Service == "sdb" {
			body = a.ec2()
		}
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(a.status)
	if r.Method != http.MethodHead {
		w.Write(body)
	}
}

// Sentence says of a denial what IAM says, and why, and where to find more.
func (c *Cloud) Sentence(d proxy.Denial) string {
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
