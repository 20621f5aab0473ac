package aws

import (
	"net/http"

	"github.com/lambda-remit/remit/proxy"
)

// words are how a service says no.
type words struct {
	status int
	code   string
	legacy string // where it spoke the query protocol once: see [answer.queryError]
}

// words returns how the service of a call says what a denial says.
//
// What is denied has the code that the service itself gives for what IAM refuses,
// which SDKs do not retry. What may pass has one that they do: that of a service
// that throttles, or is not there. (AWS SDKs and Tools Reference Guide, "Retry
// behavior".)
func (p *particulars) words(service string, d proxy.Denial) words {
	switch {
	case d.Reason == proxy.Unreachable:
		return p.unreachable()
	case d.Retry:
		return p.throttled(service)
	}
	return p.denied(service)
}

// denied is what a service says of a call that IAM refuses.
func (p *particulars) denied(service string) words {
	switch p.protocol {
	case protocolEC2:
		// Amazon EC2 API Reference, "Error codes for the Amazon EC2 API".
		return words{status: http.StatusForbidden, code: "UnauthorizedOperation"}
	case protocolJSON10, protocolJSON11, protocolCBOR:
		if p.service.query {
			return words{http.StatusForbidden, "AccessDeniedException", "AccessDenied;Sender"}
		}
		return words{status: http.StatusBadRequest, code: "AccessDeniedException"}
	case protocolREST, protocolGraphQL:
		if service == "iotdata" {
			// AWS IoT API Reference, data plane, Publish.
			return words{status: http.StatusForbidden, code: "ForbiddenException"}
		}
		return words{status: http.StatusForbidden, code: "AccessDeniedException"}
	case protocolQuery:
		switch service {
		case "sns": // Amazon SNS API Reference, "Common errors"
			return words{status: http.StatusForbidden, code: "AuthorizationError"}
		case "sdb": // Amazon SimpleDB Developer Guide, "API error codes"
			return words{status: http.StatusForbidden, code: "AuthorizationFailure"}
		}
	}
	return words{status: http.StatusForbidden, code: "AccessDenied"}
}

// throttled is what a service says of a call that may be tried again soon.
func (p *particulars) throttled(service string) words {
	switch p.protocol {
	case protocolS3:
		return words{status: http.StatusServiceUnavailable, code: "SlowDown"}
	case protocolXML:
		if service == "s3" { // S3 Control
			return words{status: http.StatusServiceUnavailable, code: "SlowDown"}
		}
	case protocolEC2:
		return words{status: http.StatusServiceUnavailable, code: "RequestLimitExceeded"}
	case protocolJSON10, protocolJSON11, protocolCBOR:
		w := words{status: http.StatusBadRequest, code: "ThrottlingException"}
		if p.service.query {
			w.legacy = "RequestThrottled;Sender"
		}
		return w
	case protocolREST, protocolGraphQL:
		return words{status: http.StatusTooManyRequests, code: "TooManyRequestsException"}
	}
	return words{status: http.StatusBadRequest, code: "Throttling"}
}

// unreachable is what a service says that is not there.
func (p *particulars) unreachable() words {
	w := words{status: http.StatusServiceUnavailable, code: "ServiceUnavailable"}
	switch p.protocol {
	case protocolEC2:
		w.code = "Unavailable"
	case protocolJSON10, protocolJSON11, protocolCBOR, protocolREST, protocolGraphQL:
		if w.code = "ServiceUnavailableException"; p.service.query {
			w.legacy = "ServiceUnavailable;Receiver"
		}
	}
	return w
}
