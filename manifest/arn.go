package manifest

import (
	"fmt"
	"strings"
)

// An arn is the six parts of an Amazon Resource Name (AWS General Reference,
// "Amazon Resource Names (ARNs)").
type arn struct{ partition, service, region, account, resource string }

// parseARN splits s. It says nothing of what stands in the parts.
func parseARN(s string) (arn, bool) {
	part := strings.SplitN(s, ":", 6)
	if len(part) != 6 || part[0] != "arn" {
		return arn{}, false
	}
	return arn{part[1], part[2], part[3], part[4], part[5]}, true
}

func (a arn) String() string {
	return "arn:" + a.partition + ":" + a.service + ":" + a.region + ":" + a.account + ":" + a.resource
}

// check returns what is wrong with an ARN that a kind was given in place of a
// name: one of service, of one region and account where the service has them.
func (a arn) check(service string, global bool) error {
	switch {
	case !isPartition(a.partition):
		return fmt.Errorf("%q is no partition", a.partition)
	case a.service != service:
		return fmt.Errorf("it is an ARN of %q, not of %q", a.service, service)
	case global && (a.region != "" || a.account != ""):
		return fmt.Errorf("an ARN of this sort has neither region nor account")
	case global:
		return nil
	case !isRegion(a.region):
		return fmt.Errorf("%q is no region", a.region)
	case !isAccount(a.account):
		return fmt.Errorf("%q is no account: twelve digits", a.account)
	}
	return nil
}

// partitionOf returns the partition that a region is in. (AWS General
// Reference, "AWS service endpoints"; the endpoint rules' partitions.)
func partitionOf(region string) string {
	for _, p := range []struct{ prefix, partition string }{
		{"cn-", "aws-cn"},
		{"us-gov-", "aws-us-gov"},
		{"us-isob-", "aws-iso-b"},
		{"us-isof-", "aws-iso-f"},
		{"us-iso-", "aws-iso"},
		{"eu-isoe-", "aws-iso-e"},
		{"eusc-", "aws-eusc"},
	} {
		if strings.HasPrefix(region, p.prefix) {
			return p.partition
		}
	}
	return "aws"
}

// isPartition, isRegion and isAccount check a part of an ARN by its form: new
// partitions and regions are made from time to time.
func isPartition(s string) bool {
	return s == "aws" || strings.HasPrefix(s, "aws-") && made(s, lower+"-") && !strings.HasSuffix(s, "-")
}

// A region is words and a number: "eu-west-1", "eusc-de-east-1".
func isRegion(s string) bool {
	words := strings.Split(s, "-")
	if len(words) < 3 {
		return false
	}
	last := len(words) - 1
	for _, w := range words[:last] {
		if w == "" || !made(w, lower) {
			return false
		}
	}
	return words[last] != "" && made(words[last], digits)
}

func isAccount(s string) bool { return len(s) == 12 && made(s, digits) }

const (
	lower   = "abcdefghijklmnopqrstuvwxyz"
	digits  = "0123456789"
	letters = lower + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// made reports whether s has no other characters than those of set.
func made(s, set string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return !strings.ContainsRune(set, r) })
}
