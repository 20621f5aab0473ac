package mint

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"unicode"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
)

// errBaseExpired is an ErrRefused that newer base credentials would help.
var errBaseExpired = fmt.Errorf("%w: the base credentials have expired", ErrRefused)

// explain makes one of the package's errors of the SDK's. It keeps STS's own
// code, words and request id; it does not wrap the SDK's error, which can hold
// parts of an answer.
func (m *Minter) explain(err error) error {
	var status int
	var id string
	if r := (*awshttp.ResponseError)(nil); errors.As(err, &r) {
		status, id = r.HTTPStatusCode(), r.ServiceRequestID()
	}
	var api smithy.APIError
	switch {
	case status == 0 || errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w: %s", ErrUnreachable, m.unreached(err))
	case !errors.As(err, &api) || api.ErrorCode() == "UnknownError":
		// A captive portal, a proxy in between, an answer cut short.
		kind := ErrUnreachable
		if status == http.StatusTooManyRequests {
			kind = ErrThrottled
		}
		return fmt.Errorf("%w: %q came back, and not in STS's form", kind, fmt.Sprintf("%d %s", status, http.StatusText(status)))
	}
	words := plain(api.ErrorCode()) + ": " + plain(api.ErrorMessage())
	if id != "" {
		words += " (STS request " + plain(id) + ")"
	}
	kind := ErrRefused
	switch {
	case throttled(err) || status == http.StatusTooManyRequests:
		kind = ErrThrottled
	case tooLarge(api):
		kind = ErrTooLarge
	case status >= 500:
		kind = ErrUnreachable
	case strings.HasPrefix(api.ErrorCode(), "ExpiredToken"):
		kind = errBaseExpired
	}
	return fmt.Errorf("%w: %s", kind, words)
}

// unreached says why there was no answer, and what helps.
func (m *Minter) unreached(err error) string {
	var op *net.OpError
	var dns *net.DNSError
	dialled := errors.As(err, &dns) || errors.As(err, &op) && op.Op == "dial"
	why := err
	var cause *url.Error
	if dns != nil {
		why = dns
	} else if op != nil {
		why = op
	} else if errors.As(err, &cause) {
		why = cause.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		// What a security group or a missing route looks like.
		why, dialled = fmt.Errorf("no answer within %v", askTime), true
	}
	switch {
	case !dialled:
		return plain(why.Error())
	case m.Endpoint != "":
		return fmt.Sprintf("%s; the manifest has STS's upstream at %q", plain(why.Error()), m.Endpoint)
	}
	return fmt.Sprintf("%s; a function in a VPC without a NAT gateway needs the interface endpoint com.amazonaws.%s.sts", plain(why.Error()), m.Region)
}

// throttled reports whether err is STS asking for patience. STS says
// "Throttling"; others stand in for it and say it differently.
func throttled(err error) bool {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return false
	}
	switch strings.TrimSuffix(api.ErrorCode(), "Exception") {
	case "Throttling", "Throttled", "RequestThrottled", "RequestLimitExceeded", "LimitExceeded",
		"TooManyRequests", "SlowDown", "BandwidthLimitExceeded", "PriorRequestNotComplete":
		return true
	}
	return false
}

// tooLarge reports whether err says that a shorter policy would do. The wire
// says PackedPolicyTooLarge, though the SDKs' type adds "Exception"; text
// beyond 2,048 characters is a ValidationError.
func tooLarge(err smithy.APIError) bool {
	switch strings.TrimSuffix(err.ErrorCode(), "Exception") {
	case "PackedPolicyTooLarge", "PolicyTooLarge":
		return true
	case "ValidationError", "Validation", "MalformedPolicyDocument", "InvalidParameterValue":
		text := strings.ToLower(err.ErrorMessage())
		if !strings.Contains(text, "policy") {
			return false
		}
		for _, words := range []string{"length less than or equal to", "too large", "too long", "exceed"} {
			if strings.Contains(text, words) {
				return true
			}
		}
	}
	return false
}

// plain makes text from elsewhere fit for a log: one line, of bounded length.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
	const most = 1000
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
