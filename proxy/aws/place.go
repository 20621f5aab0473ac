package aws

import (
	"slices"
	"strings"
)

// A place is what a host name of AWS's says. Its zero value says nothing.
type place struct {
	host     string   // the name itself, in lower case
	service  string   // as it signs: "s3", "sns"; empty where services that sign otherwise share the host
	services []string // the SDK's names of those that it serves, "sesv2"; none if no endpoint rule knows it
	region   string   // a global host's is the one that its rules sign for; empty where the host leaves it to the scope

	partition string // "aws", "aws-cn", "aws-us-gov"

	fips, dualstack bool
	global          bool // the host names no region
	legacy          bool // no rule produces it any more
	vpce            bool // it is a VPC endpoint's own name

	// plane is which API this is where it is not the service's own: what a
	// customer made ("execute-api", "function-url", "es"), or a part of S3 that is
	// served elsewhere ("s3-control", "s3express").
	plane    string
	resource string // what the host calls that: an API's id, a domain's name

	bucket      string // S3, virtual-hosted: the bucket, or an access point's alias
	accessPoint string // S3: the access point's name
	mrap        string // S3: a multi-region access point's alias, "mfzwi23gnjvgw.mrap"
	account     string // the account that the host names
	endpoint    string // S3: the host less bucket or access point, written anew

	api string // DynamoDB: which of its APIs the host serves
}

// A partition is a part of AWS with accounts, regions and domains of its own.
// (AWS SDKs' partitions.json.)
type partition struct {
	name      string // as ARNs have it
	prefix    string // of its regions
	suffix    string // of its hosts
	dualstack string // of its dualstack hosts
	on        string // of what customers made, if that has one
	global    string // the region of its global services
}

// has reports whether hosts of the partition are under domain.
func (p partition) has(domain string) bool {
	return domain == p.suffix || domain == p.dualstack || p.on != "" && domain == p.on
}

var partitions = []partition{
	{"aws-cn", "cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn", "on.amazonwebservices.com.cn", "cn-northwest-1"},
	{"aws-us-gov", "us-gov-", "amazonaws.com", "api.aws", "on.aws", "us-gov-west-1"},
	{"aws-iso", "us-iso-", "c2s.ic.gov", "api.aws.ic.gov", "", "us-iso-east-1"},
	{"aws-iso-b", "us-isob-", "sc2s.sgov.gov", "api.aws.scloud", "", "us-isob-east-1"},
	{"aws-iso-e", "eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk", "", "eu-isoe-west-1"},
	{"aws-iso-f", "us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov", "", "us-isof-south-1"},
	{"aws-eusc", "eusc-", "amazonaws.eu", "api.amazonwebservices.eu", "", "eusc-de-east-1"},
	{"aws", "", "amazonaws.com", "api.aws", "on.aws", "us-east-1"}, // last: it takes what is left
}

// partitionOf returns the partition that region belongs to.
func partitionOf(region string) partition {
	for _, p := range partitions {
		if strings.HasPrefix(region, p.prefix) {
			return p
		}
	}
	panic("aws: internal error: no partition takes what is left")
}

// partitionBySuffix returns the name of the partition whose hosts end in suffix
// where they name no region.
func partitionBySuffix(suffix string) (name string, ok bool) {
	for _, p := range partitions {
		if p.suffix == suffix || p.dualstack == suffix {
			name, ok = p.name, true
		}
	}
	return name, ok
}

// Domains are the domains that [Claims] claims, with all below them: every
// partition's, and those under which AWS serves what customers made.
func Domains() []string {
	var domains []string
	for _, p := range partitions {
		for _, d := range []string{p.suffix, p.dualstack, p.on} {
			if d != "" && !slices.Contains(domains, d) {
				domains = append(domains, d)
			}
		}
	}
	return domains
}

// Claims reports whether host, in lower case and without a port, is under one
// of AWS's domains. Such a host is answered for, and its calls are read or
// denied: customers control many names there, and what is no service's place may
// still be one by tomorrow. Load balancers, EC2's public names and clusters'
// Kubernetes APIs are not claimed: they are told apart for certain, functions call them as they call any
// other host, and what goes there carries nothing that AWS honours.
func Claims(host string) bool {
	host = strings.TrimSuffix(host, ".")
	if isMachine(host) {
		return false
	}
	for _, d := range Domains() {
		if host == d || strings.HasSuffix(host, "."+d) {
			return true
		}
	}
	return false
}

// isMachine reports whether host is a load balancer's name, NAME.REGION.elb.SUFFIX
// or NAME.elb.REGION.SUFFIX, or the public one of a machine,
// ec2-192-0-2-1.REGION.compute.SUFFIX or ec2-192-0-2-1.compute-1.SUFFIX, or that of
// a cluster's Kubernetes API, 32 digits.gr7.REGION.eks.SUFFIX, which has
// certificates of the cluster's own. No service's host is of such a form. (Elastic
// Load Balancing User Guide, "DNS name"; Amazon EC2 User Guide, "EC2 instance
// hostnames and domains"; Amazon EKS User Guide, "Cluster API server endpoint".)
// What is said here, the preloads for Node and Python say as well.
func isMachine(host string) bool {
	for _, suffix := range []string{".amazonaws.com", ".amazonaws.com.cn"} {
		before, ok := strings.CutSuffix(host, suffix)
		if !ok {
			continue
		}
		labels := strings.Split(before, ".")
		digits, public := strings.CutPrefix(labels[0], "ec2-")
		public = public && digits != "" && strings.Trim(digits, "0123456789-") == ""
		if len(labels) == 4 && labels[0] == "dualstack" {
			labels = labels[1:]
		}
		switch {
		case len(labels) == 2:
			return public && labels[1] == "compute-1"
		case len(labels) == 4:
			return len(labels[0]) == 32 && strings.Trim(labels[0], "0123456789abcdef") == "" && labels[1] != "" && strings.Trim(labels[1], "abcdefghijklmnopqrstuvwxyz0123456789-") == "" && isRegion(labels[2]) && labels[3] == "eks"
		case len(labels) != 3:
		case labels[1] == "elb": // and not a bucket's name before "s3"
			return isRegion(labels[2])
		case labels[2] == "elb", labels[2] == "compute" && public:
			return isRegion(labels[1])
		}
	}
	return false
}

// placeOf says what host is. It reports false for what neither the services'
// endpoint rules produce nor customerPatterns has: most names under AWS's
// domains are customers' (load balancers, EC2's public names, website buckets,
// databases, services behind private links), and none of those is a place. A
// host of a service that no rule knows, of the form SERVICE.REGION.SUFFIX, is one:
// reading stops there, but observing does not.
func placeOf(host string) (place, bool) {
	before, domain, dualstack, ok := cutDomain(host)
	if !ok || len(host) > 253 {
		return place{}, false
	}
	labels := strings.Split(before, ".")
	for _, l := range labels {
		if !isLabel(l) {
			return place{}, false
		}
	}
	for _, l := range labels {
		if l == "s3" || strings.HasPrefix(l, "s3-") || strings.HasPrefix(l, "s3express-") {
			return s3Place(host, before, domain)
		}
	}
	if p, ok := dynamoPlace(host, before, domain, dualstack); ok {
		return p, true
	}
	p := place{host: host, dualstack: dualstack}
	if labels[len(labels)-1] == "vpce" {
		return vpcPlace(p, labels[:len(labels)-1], domain)
	}
	if p, ok := legacyPlace(p, labels, domain); ok {
		return p, true
	}
	uncell(labels)
	if p, ok := p.match(labels, domain); ok {
		return p, true
	}
	if len(labels) != 2 || !isRegion(labels[1]) || domain == "on.aws" {
		return place{}, false
	}
	p.region, p.partition = labels[1], partitionOf(labels[1]).name
	p.service, p.fips = strings.CutSuffix(labels[0], "-fips")
	return p, isLabel(p.service) && partitionOf(p.region).has(domain)
}

// uncell takes the cell out of a host of Timestream's: "ingest-cell1" serves
// what "ingest" does. No rule produces such a host; DescribeEndpoints answers
// it, and SDKs send to it what follows. (Amazon Timestream Developer Guide, "The
// endpoint discovery pattern".)
func uncell(labels []string) {
	if len(labels) != 3 || labels[1] != "timestream" {
		return
	}
	kind, cell, ok := strings.Cut(labels[0], "-cell")
	if ok && (kind == "ingest" || kind == "query") && cell != "" && strings.Trim(cell, "0123456789") == "" {
		labels[0] = kind
	}
}

// match fills in what the tables say of a host: labels before domain.
func (p place) match(labels []string, domain string) (place, bool) {
	sign, at := "."+domain, partition{}
	for _, part := range partitions { // the last, "aws", is whose amazonaws.com is where no region is
		switch domain {
		case part.suffix:
			sign, at = "@", part
		case part.dualstack:
			sign, at = "^", part
		case part.on:
			at = part
		}
	}
	h, ok := match(labels, domain, sign)
	if !ok {
		return place{}, false
	}
	p.region, p.global = h.region, h.region == ""
	first, second, _ := strings.Cut(h.line, "\t")
	if h.customer { // PLANE SIGNING SERVICES
		p.plane = first
		p.service, first, _ = strings.Cut(second, "\t")
	}
	if first != "" {
		p.services = strings.Split(first, ",")
	}
	switch {
	case h.customer:
	case p.global && second == "!":
		p.region = at.global
	case p.global: // where its line says none, the scope does
		p.region = second
	}
	if !h.customer {
		p.service = signingName(p.services[0])
		for _, id := range p.services[1:] {
			if signingName(id) != p.service {
				p.service = ""
				break
			}
		}
	}
	switch {
	case p.region != "":
		at = partitionOf(p.region)
	case slices.Contains(labels, "us-gov"):
		at = partitionOf("us-gov-west-1")
	}
	p.partition = at.name
	if h.account {
		p.account = labels[0]
	} else {
		p.resource = strings.Join(labels[:h.open], ".")
	}
	for _, l := range labels[h.open:] {
		p.fips = p.fips || l == "fips" || strings.HasSuffix(l, "-fips")
	}
	return p, true
}

// vpcPlace reads the name that a VPC endpoint of a service of AWS's has itself,
// as in "vpce-0a1b-2c3d.sqs.eu-west-1" of "….vpce.amazonaws.com". A customer's
// own service is there by "vpce-svc-…" in place of the name, which no table has.
// (AWS PrivateLink Guide, "Access an AWS service using an interface VPC
// endpoint".)
func vpcPlace(p place, labels []string, domain string) (place, bool) {
	if len(labels) < 3 || !strings.HasPrefix(labels[0], "vpce-") || strings.HasPrefix(labels[0], "vpce-svc-") || !isRegion(labels[len(labels)-1]) {
		return place{}, false
	}
	if len(labels) == 3 && labels[1] == "execute-api" && partitionOf(labels[2]).suffix == domain {
		// Of all private APIs of its VPC: a header tells which. (Amazon API Gateway
		// Developer Guide, "Invoke a private API".)
		p.service, p.plane, p.vpce, p.region = "execute-api", "execute-api", true, labels[2]
		p.partition = partitionOf(p.region).name
		return p, true
	}
	p, ok := p.match(labels[1:], domain)
	p.vpce = true
	return p, ok && p.plane == "" && p.account == "" && p.resource == ""
}

// legacyPlace reads names that SDKs in use still produce and no rule does.
// (botocore's endpoints.json, "sslCommonName"; Amazon SQS Developer Guide,
// "Legacy endpoints".)
func legacyPlace(p place, labels []string, domain string) (place, bool) {
	p.legacy = true
	switch {
	case domain == "amazonaws.com" && len(labels) == 1 && labels[0] == "queue":
		p.region, p.global = "us-east-1", true
	case len(labels) == 2 && labels[1] == "queue" && isRegion(labels[0]) && partitionOf(labels[0]).suffix == domain:
		p.region = labels[0]
	default:
		return place{}, false
	}
	p.service, p.services, p.partition = "sqs", []string{"sqs"}, partitionOf(p.region).name
	return p, true
}

// cutDomain splits a partition's domain off host: the longest, since
// "amazonaws.com" is none of "sns.cn-north-1.amazonaws.com.cn".
func cutDomain(host string) (before, domain string, dualstack, ok bool) {
	for _, p := range partitions {
		for _, d := range []string{p.suffix, p.dualstack, p.on} {
			if len(d) <= len(domain) {
				continue
			}
			if b, found := strings.CutSuffix(host, d); found && strings.HasSuffix(b, ".") {
				before, domain, dualstack, ok = b[:len(b)-1], d, d != p.suffix, true
			}
		}
	}
	return before, domain, dualstack, ok
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
