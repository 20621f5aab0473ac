package iam

import (
	"strings"

	"github.com/lambda-remit/remit/manifest"
)

// accessPoint returns a resource as AWS names it when it authorizes a request.
// That is resource itself, unless its bucket is an access point's alias: "you
// can't use access point aliases in IAM policies" (Amazon S3 User Guide,
// "Access point aliases"), so AWS compares the access point's own ARN. An alias
// is "NAME-METADATA-s3alias"; the ARN is
//
//	arn:PARTITION:s3:REGION:ACCOUNT:accesspoint/NAME/object/KEY
//
// None of this has been proved against AWS. An alias tells neither the region,
// which is a "*", nor more of the name than its first 20 characters (an alias
// has at most 63, of which metadata and suffix take 43), so that a name of 20
// ends in a "*". The policy then allows the same key by access points of the
// account that share those characters too, and, since a wildcard crosses
// slashes, keys of them that end in "/object/KEY". Grants that name an access
// point by its ARN are exact.
//
// An alias of Object Lambda ("--ol-s3") is written likewise, as
// arn:PARTITION:s3-object-lambda:…. AWS authorizes those per access point and
// not per object, so that such a call is denied there: it fails closed, where a
// policy for the whole access point would be wider than the grant.
//
// resource is a pattern. One with wildcards in the bucket's name stays as it is.
func accessPoint(resource, account string) string {
	const arn = "arn:"
	rest, ok := strings.CutPrefix(resource, arn)
	if !ok {
		return resource
	}
	partition, rest, ok := strings.Cut(rest, ":s3:::")
	if !ok || strings.Contains(partition, ":") {
		return resource
	}
	bucket, key, isObject := strings.Cut(rest, "/")
	if strings.ContainsAny(bucket, "*?$") {
		return resource
	}
	service := "s3"
	stem, ok := strings.CutSuffix(bucket, "-s3alias")
	if !ok {
		service = "s3-object-lambda"
		stem, ok = strings.CutSuffix(bucket, "--ol-s3")
	}
	metadata := strings.LastIndexByte(stem, '-')
	if !ok || metadata <= 0 {
		return resource
	}
	name := stem[:metadata]
	if len(name) >= 20 {
		name += "*"
	}
	if account == "" {
		account = "*"
	}
	resource = arn + partition + ":" + service + ":*:" + account + ":accesspoint/" + name
	if isObject {
		resource += "/object/" + key
	}
	return resource
}

// owner returns the account that g pins resources to, or else the manifest's:
// the one to look for an access point in.
func owner(g *manifest.Grant, account string) string {
	for _, c := range g.Conditions {
		if strings.EqualFold(c.Key, "aws:ResourceAccount") && c.Operator == "StringEquals" && len(c.Values) == 1 {
			if v := inAccount(c.Values[0], account); isAccount(v) {
				return v
			}
		}
	}
	return account
}
