package aws

import (
	"net/url"
	"strings"
)

// s3Place reads what stands before the domain of an S3 host, as in
// "bucket.s3.dualstack.eu-west-1" of "bucket.s3.dualstack.eu-west-1.amazonaws.com".
// It reports false for what S3's endpoint rules do not produce, and for website
// endpoints, which are a customer's content. S3 Control, Outposts, directory
// buckets and Object Lambda are planes of their own. (Amazon S3 User Guide,
// "Making requests", "Virtual hosting of buckets", "Access points", "AWS
// PrivateLink for Amazon S3", "Making requests through a Multi-Region Access
// Point".)
//
// A bucket's name may have dots, so names are read from their right end.
func s3Place(host, before, domain string) (place, bool) {
	p := place{host: host, service: "s3", services: []string{"s3"}}
	labels := strings.Split(before, ".")
	for _, l := range labels {
		if !isLabel(l) {
			return place{}, false
		}
	}
	pop := func(label string) bool {
		if n := len(labels); n > 0 && labels[n-1] == label {
			labels = labels[:n-1]
			return true
		}
		return false
	}
	last := func() string {
		if len(labels) == 0 {
			return ""
		}
		return labels[len(labels)-1]
	}

	switch {
	case pop("s3-external-1"): // Northern Virginia by an old name
		p.region, p.endpoint = "us-east-1", "s3-external-1"
	case pop("s3"):
		p.region, p.endpoint, p.global = "us-east-1", "s3", true
	case pop("s3-global"): // ALIAS.mrap.accesspoint.s3-global: all regions'
		if len(labels) != 3 || labels[1] != "mrap" || labels[2] != "accesspoint" {
			return place{}, false
		}
		part, ok := partitionBySuffix(domain)
		p.mrap, p.global, p.partition, p.endpoint = labels[0]+".mrap", true, part, "accesspoint.s3-global."+domain
		return p, ok
	case pop("s3-accelerate"): // every region's: the scope says which
		p.endpoint = "s3-accelerate"
	case len(labels) > 1 && last() == "dualstack" && labels[len(labels)-2] == "s3-accelerate":
		labels = labels[:len(labels)-2]
		p.endpoint, p.dualstack = "s3-accelerate.dualstack", true
	case strings.HasPrefix(last(), "s3-") && s3Dashed(last()[len("s3-"):]):
		p.region = last()[len("s3-"):]
		p.endpoint = "s3." + p.region
		pop(last())
	default:
		return s3Regional(p, labels, domain)
	}
	accelerated := strings.HasPrefix(p.endpoint, "s3-accelerate")
	if domain != "amazonaws.com" && !accelerated {
		return place{}, false // these names are of the partition "aws" alone
	}
	var ok bool
	if p.partition, ok = partitionBySuffix(domain); !ok {
		return place{}, false
	}
	if p.region != "" {
		p.partition = partitionOf(p.region).name
	}
	p.endpoint += "." + domain
	p.bucket = strings.Join(labels, ".")
	if accelerated && (p.bucket == "" || strings.Contains(p.bucket, ".")) {
		return place{}, false // acceleration is a bucket's, and its name has no dots
	}
	return p, p.bucket == "" || s3Hosted(p.bucket)
}

// s3Regional reads the hosts that name their region in a label of its own.
func s3Regional(p place, labels []string, domain string) (place, bool) {
	vpce := ""
	n := len(labels)
	if n > 1 && labels[n-1] == "vpce" {
		labels, n, vpce = labels[:n-1], n-1, ".vpce"
	}
	if n < 2 || !isRegion(labels[n-1]) {
		return place{}, false
	}
	p.region = labels[n-1]
	part := partitionOf(p.region)
	if domain != part.suffix && !(domain == part.dualstack && strings.HasPrefix(labels[n-2], "s3-outposts")) {
		return place{}, false
	}
	p.partition, p.vpce = part.name, vpce != ""
	labels, n = labels[:n-1], n-1

	dualstack := ""
	if labels[n-1] == "dualstack" && n > 1 {
		labels, n, dualstack = labels[:n-1], n-1, "dualstack."
	}
	kind := labels[n-1]
	labels, n = labels[:n-1], n-1
	p.dualstack, p.fips = dualstack != "" || domain == part.dualstack, strings.HasSuffix(kind, "-fips") || strings.HasPrefix(kind, "s3express-fips-")
	p.endpoint = kind + "." + dualstack + p.region + vpce + "." + domain

	if vpce != "" {
		// bucket.vpce-ID.s3.REGION.vpce, or accesspoint.vpce-ID…; a
		// control.vpce-ID… is S3 Control's.
		if kind != "s3" || dualstack != "" || n < 2 || !strings.HasPrefix(labels[n-1], "vpce-") || strings.HasPrefix(labels[n-1], "vpce-svc-") {
			return place{}, false
		}
		p.endpoint = labels[n-2] + "." + labels[n-1] + "." + p.endpoint
		switch labels[n-2] {
		case "bucket":
		case "accesspoint":
			kind = "s3-accesspoint"
		case "control":
			kind = "s3-control"
		default:
			return place{}, false
		}
		labels, n = labels[:n-2], n-2
	}

	switch kind {
	case "s3", "s3-fips":
		p.bucket = strings.Join(labels, ".")
		return p, p.bucket == "" || s3Hosted(p.bucket)
	case "s3-accesspoint", "s3-accesspoint-fips":
		if n != 1 || len(labels[0]) < 14 {
			return place{}, false
		}
		cut := len(labels[0]) - 13
		p.accessPoint, p.account = labels[0][:cut], labels[0][cut+1:]
		return p, labels[0][cut] == '-' && s3AccessPointName(p.accessPoint) && isAccount(p.account)
	}
	return s3Plane(p, kind, labels)
}

// s3Dashed reports whether region has a host "s3-REGION.amazonaws.com": those
// that S3 had before it wrote a dot there. (Amazon S3 User Guide, "Backward
// compatibility: legacy endpoints".) Any other name of that form, as
// "s3-website-eu-west-1", is no region's.
func s3Dashed(region string) bool {
	switch region {
	case "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "eu-central-1", "eu-west-1", "eu-west-2", "eu-west-3",
		"ap-northeast-1", "ap-northeast-2", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "sa-east-1", "us-gov-west-1":
		return true
	}
	return false
}

// s3Name returns the host of a part of S3 in a region, of p's kind.
func s3Name(name, region string, p place) string {
	if p.fips {
		name += "-fips"
	}
	if p.dualstack {
		name += ".dualstack"
	}
	return name + "." + region + "." + partitionOf(region).suffix
}

// s3Upstream returns where calls go that were made to p, or in region where
// the proxy is the client's endpoint: the host is written anew, in the style
// that the client chose, since path and style belong together.
func s3Upstream(p place, region string) *url.URL {
	host := p.endpoint
	switch {
	case host == "":
		host = s3Name("s3", region, p)
	case p.mrap != "":
		host = p.mrap + "." + host
	case p.accessPoint != "":
		host = p.accessPoint + "-" + p.account + "." + host
	case p.bucket != "":
		host = p.bucket + "." + host
	}
	return &url.URL{Scheme: "https", Host: host}
}
