package aws

import (
	"fmt"
	"strings"
)

// s3Plane reads the hosts of the parts of S3 that have hosts of their own: kind
// is the label before the region (and before "dualstack"), labels what stands
// before that. (AWS SDKs' endpoint rules of s3 and s3-control; Amazon S3 User
// Guide, "Networking for directory buckets", "S3 on Outposts", "Object Lambda".)
func s3Plane(p place, kind string, labels []string) (place, bool) {
	switch {
	case kind == "s3-control" || kind == "s3-control-fips":
		p.plane, p.services = "s3-control", []string{"s3-control"}
		switch len(labels) {
		case 0:
			return p, true
		case 1:
			p.account = labels[0]
			return p, isAccount(p.account)
		}
	case kind == "s3express-control" || kind == "s3express-control-fips":
		p.plane, p.service, p.services = "s3express-control", "s3express", []string{"s3", "s3-control"}
		switch len(labels) {
		case 0:
			return p, true
		case 1: // a bucket, or for S3 Control an account
			if isAccount(labels[0]) {
				p.account = labels[0]
				return p, true
			}
			p.bucket = labels[0]
			return p, s3Directory(p.bucket, "")
		}
	case strings.HasPrefix(kind, "s3express-"):
		p.plane, p.service = "s3express", "s3express"
		if len(labels) > 1 {
			return place{}, false
		}
		zone := strings.TrimPrefix(strings.TrimPrefix(kind, "s3express-"), "fips-")
		if !s3Zone(zone) {
			return place{}, false
		}
		if len(labels) == 1 {
			p.bucket = labels[0]
			return p, s3Directory(p.bucket, zone)
		}
		return p, true
	case kind == "s3-object-lambda" || kind == "s3-object-lambda-fips":
		p.plane, p.service = "s3-object-lambda", "s3-object-lambda"
		switch len(labels) {
		case 0:
			return p, true
		case 1: // NAME-ACCOUNT, or where WriteGetObjectResponse answers to
			p.resource = labels[0]
			if name, account, ok := cutAccount(labels[0]); ok && s3AccessPointName(name) {
				p.accessPoint, p.account, p.resource = name, account, ""
			}
			return p, true
		}
	case kind == "s3-outposts" || kind == "s3-outposts-fips":
		p.plane, p.service = "s3-outposts", "s3-outposts"
		switch len(labels) {
		case 0: // of the outposts themselves, and of S3 Control for their buckets
			p.services = []string{"s3-control", "s3outposts"}
			return p, true
		case 2:
			p.resource = labels[1]
			if name, account, ok := cutAccount(labels[0]); ok && s3AccessPointName(name) && strings.HasPrefix(labels[1], "op-") {
				p.accessPoint, p.account = name, account
				return p, true
			}
			p.bucket = labels[0] // by alias
			return p, strings.HasSuffix(p.bucket, "--op-s3") && (labels[1] == "ec2" || strings.HasPrefix(labels[1], "op-"))
		}
	}
	return place{}, false
}

// ofOneAccount refuses a call to S3 Control at the host of one account that names
// another: SDKs make both of one parameter. (Amazon S3 API Reference, "AWS
// account-level operations", x-amz-account-id.)
func (in *input) ofOneAccount() error {
	if in.place.account == "" || in.place.plane != "s3-control" && in.place.plane != "s3express-control" {
		return nil
	}
	account, err := in.header("X-Amz-Account-Id")
	if err == nil && account != "" && account != in.place.account {
		err = fmt.Errorf("the call goes to the host of account %q and names %.20q", in.place.account, account)
	}
	return err
}

// cutAccount splits NAME-ACCOUNT.
func cutAccount(label string) (name, account string, ok bool) {
	cut := len(label) - 13
	if cut < 1 || label[cut] != '-' || !isAccount(label[cut+1:]) {
		return "", "", false
	}
	return label[:cut], label[cut+1:], true
}

// s3Zone reports whether s has the form of a zone's id: "use1-az4", "usw2-lax1-az1".
func s3Zone(s string) bool {
	i := strings.LastIndex(s, "-az")
	return i > 0 && isLabel(s) && strings.Trim(s[i+len("-az"):], "0123456789") == "" && len(s) > i+len("-az")
}

// s3Directory reports whether name is a directory bucket's, or such a one's
// access point's, in a zone if that is given: NAME--ZONE--x-s3.
func s3Directory(name, zone string) bool {
	rest, ok := strings.CutSuffix(name, "--x-s3")
	if !ok {
		rest, ok = strings.CutSuffix(name, "--xa-s3")
	}
	i := strings.LastIndex(rest, "--")
	return ok && i > 0 && (zone == "" || rest[i+2:] == zone)
}
