package aws

import (
	"net/url"
	"strings"
)

// A place is what a host name of AWS's says. Its zero value says nothing.
type place struct {
	host      string // the name itself, in lower case
	service   string // as it signs: "s3", "sns"
	region    string // "us-east-1" for a global host; empty where the host leaves it to the scope
	partition string // "aws", "aws-cn", "aws-us-gov"

	fips, dualstack bool
	global          bool // the host names no region

	bucket      string // S3, virtual-hosted: the bucket, or an access point's alias
	accessPoint string // S3: the access point's name
	account     string // the account that an access point's host names, or DynamoDB's
	endpoint    string // S3: the host less bucket or access point, written anew

	api string // DynamoDB: which of its APIs the host serves
}

// A partition is a part of AWS with accounts, regions and domains of its own.
// (AWS SDKs' partitions.json.)
type partition struct {
	name      string   // as ARNs have it
	prefixes  []string // of its regions
	suffix    string   // of its hosts
	dualstack string   // of its dualstack hosts
}

var partitions = []partition{
	{"aws-cn", []string{"cn-"}, "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
	{"aws-us-gov", []string{"us-gov-"}, "amazonaws.com", "api.aws"},
	{"aws-iso", []string{"us-iso-"}, "c2s.ic.gov", "api.aws.ic.gov"},
	{"aws-iso-b", []string{"us-isob-"}, "sc2s.sgov.gov", "api.aws.scloud"},
	{"aws-iso-e", []string{"eu-isoe-"}, "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"},
	{"aws-iso-f", []string{"us-isof-"}, "csp.hci.ic.gov", "api.aws.hci.ic.gov"},
	{"aws-eusc", []string{"eusc-"}, "amazonaws.eu", "api.amazonwebservices.eu"},
	{"aws", []string{""}, "amazonaws.com", "api.aws"}, // last: it takes what is left
}

// partitionOf returns the partition that region belongs to.
func partitionOf(region string) partition {
	for _, p := range partitions {
		if strings.HasPrefix(region, p.prefixes[0]) {
			return p
		}
	}
	panic("aws: internal error: no partition takes what is left")
}

// Domains are the domains that [Claims] claims, with all below them: every
// partition's, and those under which AWS serves what customers made.
func Domains() []string {
	domains := []string{"on.aws", "on.amazonwebservices.com.cn"}
	seen := map[string]bool{}
	for _, p := range partitions {
		for _, d := range []string{p.suffix, p.dualstack} {
			if !seen[d] {
				seen[d] = true
				domains = append(domains, d)
			}
		}
	}
	return domains
}

// Claims reports whether host, in lower case and without a port, is under one
// of AWS's domains. Such a host is answered for, and its calls are read or
// denied: customers control many names there, so that none is let past.
func Claims(host string) bool {
	host = strings.TrimSuffix(host, ".")
	for _, d := range Domains() {
		if host == d || strings.HasSuffix(host, "."+d) {
			return true
		}
	}
	return false
}

// placeOf says what host is. It reports false for what the endpoint rules of
// the services that are known by hand do not produce. A host of a service that
// is not known, of the form SERVICE.REGION.SUFFIX, is a place as well: reading
// stops there, but observing does not.
func placeOf(host string) (place, bool) {
	before, domain, dualstack, ok := cutDomain(host)
	if !ok {
		return place{}, false
	}
	labels := strings.Split(before, ".")
	for _, l := range labels {
		if l == "s3" || strings.HasPrefix(l, "s3-") {
			return s3Place(host, before, domain)
		}
	}
	if p, ok := dynamoPlace(host, before, domain, dualstack); ok {
		return p, true
	}
	p := place{host: host, dualstack: dualstack}
	switch len(labels) {
	case 1: // a global host, or one that is older than regions
		switch {
		case labels[0] == "sts" && domain == "amazonaws.com":
			p.service, p.region, p.global = "sts", "us-east-1", true
		case labels[0] == "queue" && domain == "amazonaws.com":
			p.service, p.region = "sqs", "us-east-1"
		default:
			return place{}, false
		}
	case 2:
		if labels[1] == "queue" && !dualstack { // SQS, as older SDKs call it
			labels[0], labels[1] = "sqs", labels[0]
		}
		if !isRegion(labels[1]) {
			return place{}, false
		}
		p.service, p.region = labels[0], labels[1]
		p.service, p.fips = strings.CutSuffix(p.service, "-fips")
	default:
		return place{}, false
	}
	if !isLabel(p.service) {
		return place{}, false
	}
	part := partitionOf(p.region)
	if domain != part.suffix && domain != part.dualstack {
		return place{}, false // a region of another partition: no rule produces it
	}
	p.partition = part.name
	return p, true
}

// cutDomain splits a partition's domain off host: the longest, since
// "amazonaws.com" is none of "sns.cn-north-1.amazonaws.com.cn".
func cutDomain(host string) (before, domain string, dualstack, ok bool) {
	for _, p := range partitions {
		for _, d := range []string{p.suffix, p.dualstack} {
			if b, found := strings.CutSuffix(host, "."+d); found && len(d) > len(domain) {
				before, domain, dualstack, ok = b, d, d == p.dualstack, true
			}
		}
	}
	return before, domain, dualstack, ok
}

// upstream returns where calls of a service in a region go: the host that
// AWS's endpoint rules produce, of the kind that the client asked for.
func upstream(service, region string, p place) *url.URL {
	switch service {
	case "s3":
		return s3Upstream(p, region)
	case "dynamodb":
		return dynamoUpstream(region, p)
	}
	part := partitionOf(region)
	suffix := part.suffix
	if p.dualstack {
		suffix = part.dualstack
	}
	if p.fips {
		service += "-fips"
	}
	host := service + "." + region + "." + suffix
	if p.global {
		host = service + "." + suffix
	}
	return &url.URL{Scheme: "https", Host: host}
}

// isRegion reports whether s has the form of a region: "eu-west-1",
// "us-gov-east-1", "eusc-de-east-1".
func isRegion(s string) bool {
	parts := strings.Split(s, "-")
	if len(parts) < 3 || len(parts) > 5 || len(s) > 32 {
		return false
	}
	for i, part := range parts {
		if part == "" {
			return false
		}
		for _, c := range part {
			if i == len(parts)-1 && (c < '0' || c > '9') {
				return false
			}
			if i < len(parts)-1 && (c < 'a' || c > 'z') {
				return false
			}
		}
	}
	return true
}

// isLabel reports whether s is a label of a host name in lower case. (RFC
// 1123, section 2.1.)
func isLabel(s string) bool {
	if s == "" || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-') {
			return false
		}
	}
	return true
}
