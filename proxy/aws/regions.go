package aws

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"

	"github.com/lambda-remit/remit/proxy"
	"github.com/lambda-remit/remit/proxy/sigv4"
)

// readRegion finds the region that the call goes to, and its partition. Host and
// signature have to agree on it.
//
// A signature of version 4A is for a set of regions. Where the host is one
// region's, or the proxy chooses it, the call goes to that one alone, which has
// to be in the set. Where the host is all regions', it may go to each of the set:
// it is then "eu-west-1,us-east-1", or "*" for a set of all, and a condition on
// aws:RequestedRegion has to hold of every one of them.
func (in *input) readRegion(call *proxy.Call, sig *sigv4.Signature) error {
	p := in.place
	if sig != nil {
		in.regions = sig.Regions
	}
	if p.mrap != "" && sig != nil && !sig.Asymmetric {
		return fmt.Errorf("the call to %.120q is not signed with Signature Version 4A, which Multi-Region Access Points demand", p.host)
	}
	if p.mrap != "" && sig == nil {
		call.Region = "*" // nobody said less
	}
	switch {
	case sig == nil:
	case sig.Asymmetric && p.host != "" && (p.global || p.region == ""):
		call.Region = strings.Join(sig.Regions, ",")
	case sig.Asymmetric:
		if p.host == "" && len(sig.Regions) == 1 && sig.Regions[0] != "*" {
			call.Region = sig.Regions[0]
		}
		if sig.Regions[0] != "*" && !slices.Contains(sig.Regions, call.Region) {
			return fmt.Errorf("the host is in %q and the signature for %.160q", call.Region, strings.Join(sig.Regions, ","))
		}
	case p.global:
		call.Region = sig.Scope.Region
	case sig.Scope.Region != call.Region:
		return fmt.Errorf("the host is in %q and the signature for %.40q", call.Region, sig.Scope.Region)
	}
	in.region, in.partition = call.Region, p.partition
	if call.Region == "*" && in.partition != "" {
		return nil
	}
	for region := range strings.SplitSeq(call.Region, ",") {
		if !isRegion(region) {
			return fmt.Errorf("region %.40q is not a region", region)
		}
		partition := partitionOf(region).name
		if in.partition != "" && partition != in.partition {
			return fmt.Errorf("the host is in partition %q and the signature for region %q", in.partition, region)
		}
		in.partition = partition
	}
	return nil
}

// signAsymmetric signs out as it came: with version 4A, for the same regions.
func (c *Cloud) signAsymmetric(out *http.Request, p *particulars, creds sdk.Credentials) error {
	cr := sigv4.Credentials{AccessKeyID: creds.AccessKeyID, SecretAccessKey: creds.SecretAccessKey, SessionToken: creds.SessionToken}
	r := &http.Request{Method: out.Method, RequestURI: p.target, Host: out.Host, Header: out.Header}
	o := sigv4.Options{S3: p.service.s3, Now: c.now(), Keys: &c.keys}
	if p.signature.Payload == "" && !(p.service.s3 && p.signature.Query) {
		o.Body = p.payload
	}
	if _, err := p.signature.Resign(r, cr, o); err != nil {
		return err
	}
	path, query, _ := strings.Cut(r.RequestURI, "?")
	out.URL = target(out.Host, path, query)
	if p.signature.Chunked() {
		return c.signChunks(out, p, creds)
	}
	return nil
}
