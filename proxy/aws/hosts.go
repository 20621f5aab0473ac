package aws

import (
	"strings"
)

// line returns what follows name and a tab in a table of sorted lines. The
// tables are searched as they stand in the binary: nothing of them is parsed,
// and nothing kept.
func line(table, name string) (rest string, ok bool) {
	for lo, hi := 0, len(table); lo < hi; {
		mid := lo + (hi-lo)/2
		start := strings.LastIndexByte(table[:mid], '\n') + 1
		end := start + strings.IndexByte(table[start:], '\n')
		this, after, _ := strings.Cut(table[start:end], "\t")
		switch c := compareNames(this, name); {
		case c == 0:
			return after, true
		case c < 0:
			lo = end + 1
		default:
			hi = start
		}
	}
	return "", false
}

// compareNames orders names as the lines that they begin are ordered: as if a
// tab followed, which is less than all that names are made of.
func compareNames(a, b string) int {
	n := min(len(a), len(b))
	if c := strings.Compare(a[:n], b[:n]); c != 0 {
		return c
	}
	return len(a) - len(b)
}

// A hit is the line of a pattern that a host has.
type hit struct {
	line     string // what follows the pattern
	customer bool   // the table is customerPatterns
	region   string // that the host names
	open     int    // how many of its labels name a customer's account or resource
	account  bool   // it is an account
}

// match finds the pattern of a host: the labels before domain, for which sign
// stands. What leaves less open goes first.
func match(labels []string, domain, sign string) (h hit, ok bool) {
	at := -1 // the region
	for i := len(labels) - 1; i >= 0 && at < 0; i-- {
		if isRegion(labels[i]) {
			at, h.region = i, labels[i]
		}
	}
	if at >= 0 && !partitionOf(h.region).has(domain) {
		return hit{}, false // a region of another partition: no rule produces it
	}
	work := make([]string, len(labels))
	for h.open = 0; h.open <= 2 && h.open < len(labels) && (at < 0 || h.open <= at); h.open++ {
		copy(work, labels)
		if h.open == 1 && isAccount(labels[0]) {
			work[0] = "#"
			if h.line, h.customer, ok = search(work, at, domain, sign); ok {
				h.account = true
				return h, true
			}
		}
		for i := range h.open {
			work[i] = "?"
		}
		if h.line, h.customer, ok = search(work, at, domain, sign); ok {
			return h, true
		}
	}
	return hit{}, false
}

// search looks up labels, of which the one at a region may be left open.
func search(labels []string, at int, domain, sign string) (found string, customer, ok bool) {
	try := func(pattern string) bool {
		if found, ok = line(hostPatterns, pattern); !ok && labels[0] == "?" { // what a customer made is open
			found, customer = line(customerPatterns, pattern)
			ok = customer
		}
		return ok
	}
	joined := strings.Join(labels, ".")
	if try(joined+sign) || sign != "."+domain && try(joined+"."+domain) {
		return found, customer, true
	}
	if at < 0 {
		return "", false, false
	}
	if at == len(labels)-1 && sign != "."+domain { // a name that has all four hosts
		name := strings.Join(labels[:at], ".")
		if try(name) || strings.HasSuffix(name, "-fips") && try(strings.TrimSuffix(name, "-fips")) {
			return found, customer, true
		}
	}
	region := labels[at]
	defer func() { labels[at] = region }()
	labels[at] = "*"
	if try(strings.Join(labels, ".") + sign) {
		return found, customer, true
	}
	if region == partitionOf(region).global {
		labels[at] = "!"
		if try(strings.Join(labels, ".") + sign) {
			return found, customer, true
		}
	}
	return "", false, false
}

// customerPatterns has a line for each kind of host that serves what a customer
// made and takes IAM's signatures: the pattern (see hostPatterns), the plane,
// the name that its calls are signed with, and the SDK's services, if any, whose
// calls go there. (The services' developer guides; no rule set has them.)
const customerPatterns = `?.*.aoss@	aoss	aoss
?.*.aoss^	aoss	aoss
?.*.es@	es	es
?.*.es^	es	es
?.*.osis@	osis	osis
?.?.*.neptune@	neptune	neptune-db	neptunedata
?.aos.*.on.aws	es	es
?.appsync-api.*@	appsync	appsync
?.appsync-api.*^	appsync	appsync
?.credentials.iot.*@	iot-credentials	iot
?.data.mediastore.*@	mediastore	mediastore	mediastore-data
?.execute-api-fips.*@	execute-api	execute-api	apigatewaymanagementapi
?.execute-api.*@	execute-api	execute-api	apigatewaymanagementapi
?.execute-api.*^	execute-api	execute-api	apigatewaymanagementapi
?.gateway.bedrock-agentcore.*@	agentcore	bedrock-agentcore
?.iot.*@	iot	iotdata	iot-data-plane
?.jobs.iot.*@	iot	iot-jobs-data	iot-jobs-data-plane
?.kinesisvideo.*@	kinesisvideo	kinesisvideo	kinesis-video-archived-media,kinesis-video-media,kinesis-video-signaling,kinesis-video-webrtc-storage
?.lambda-url.*.on.amazonwebservices.com.cn	function-url	lambda
?.lambda-url.*.on.aws	function-url	lambda
?.mediaconvert.*@	mediaconvert	mediaconvert	mediaconvert
?.route53-recovery-cluster.*@	route53-recovery-cluster	route53-recovery-cluster	route53-recovery-cluster
`
