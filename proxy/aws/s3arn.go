package aws

import (
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"
)

// An s3Container is what holds objects: a bucket, or an access point in its
// place. The zero value holds none.
type s3Container struct {
	arn    string // the container's own
	object string // what its objects' ARNs begin with; empty: they have none, but its own
}

func (b s3Container) objectARN(key string) string {
	if b.object == "" {
		return b.arn
	}
	return b.object + key
}

// s3BucketOf returns the bucket called name, which may be an access point's
// alias: the two are one name space, and a request says no more. (An alias
// is no resource that IAM knows; AWS compares with the access point's ARN, so
// that a call by alias is granted on both sides only where a pattern covers
// both. Amazon S3 User Guide, "Access point aliases".)
func s3BucketOf(partition, name string) s3Container {
	arn := "arn:" + partition + ":s3:::" + name
	return s3Container{arn, arn + "/"}
}

func s3AccessPointOf(partition, region, account, name string) s3Container {
	arn := "arn:" + partition + ":s3:" + region + ":" + account + ":accesspoint/" + name
	return s3Container{arn, arn + "/object/"}
}

// s3MultiRegion returns the multi-region access point whose alias a host names.
// Which account's it is the host does not say: the one that the manifest names
// with the alias, or else the function's own. If AWS knows it for another's, the
// session policy names none of it, and the call is denied there. (Amazon S3 User Guide, "Permissions", of
// Multi-Region Access Points: arn:aws:s3::ACCOUNT:accesspoint/ALIAS/object/KEY.)
func (in *input) s3MultiRegion(alias string) (s3Container, error) {
	if !s3MultiRegionAlias(alias) {
		return s3Container{}, fmt.Errorf("%.80q is no alias of a Multi-Region Access Point", alias)
	}
	account := in.account
	if in.manifest != nil && !in.unbound {
		if a, named := in.manifest.Owner("s3", "", "accesspoint/"+alias); named && a != "" {
			account = a
		}
	}
	if account == "" {
		return s3Container{}, fmt.Errorf("the account is not known, which the ARN of %.80q has", alias)
	}
	return s3AccessPointOf(in.partition, "", account, alias), nil
}

// s3MultiRegionAlias reports whether s may be an alias: letters and digits that
// S3 chose, and ".mrap".
func s3MultiRegionAlias(s string) bool {
	name, ok := strings.CutSuffix(s, ".mrap")
	return ok && isLabel(name)
}

// s3Container returns the container that stands in a path for a bucket: a
// bucket, an alias, or the ARN of an access point in the call's region.
func (in *input) s3Container(name string) (s3Container, error) {
	if strings.HasPrefix(name, "arn:") {
		b, rest, err := in.s3ARN(name)
		if err == nil && rest != "" {
			err = fmt.Errorf("%.200q is the ARN of no access point", name)
		}
		if err == nil && !strings.HasPrefix(b.arn, "arn:"+in.partition+":s3:"+in.region+":") {
			err = fmt.Errorf("%.200q is not in the call's region, %q", name, in.region)
		}
		return b, err
	}
	if err := s3BucketName(name); err != nil {
		return s3Container{}, err
	}
	return s3BucketOf(in.partition, name), nil
}

// s3ARN takes an access point's ARN apart, and returns what follows its name.
func (in *input) s3ARN(arn string) (b s3Container, rest string, err error) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 {
		return b, "", fmt.Errorf("%.200q is no ARN", arn)
	}
	partition, service, region, account := parts[1], parts[2], parts[3], parts[4]
	name, isPoint := strings.CutPrefix(parts[5], "accesspoint/")
	switch {
	case service == "s3-outposts":
		b, rest, ok := in.s3OutpostARN(region, account, parts[5])
		if !ok || partition != in.partition {
			return b, "", fmt.Errorf("%.200q is the ARN of no access point on an outpost that the call goes to", arn)
		}
		return b, rest, nil
	case service == "s3-object-lambda":
		return b, "", fmt.Errorf("%.200q: Object Lambda's access points stand in no path and are copied from by no call", arn)
	case service != "s3" || !isPoint:
		return b, "", fmt.Errorf("%.200q is the ARN of no access point, the only ARNs that S3 takes for a bucket", arn)
	case partition != in.partition:
		return b, "", fmt.Errorf("%.200q is in another partition than the call, which is in %q", arn, in.partition)
	}
	name, rest, _ = strings.Cut(name, "/")
	if region == "" {
		if !isAccount(account) || !s3MultiRegionAlias(name) {
			return b, "", fmt.Errorf("%.200q is no access point's ARN", arn)
		}
		return s3AccessPointOf(partition, "", account, name), rest, nil
	}
	if !isRegion(region) || partitionOf(region).name != partition || !isAccount(account) || !s3AccessPointName(name) {
		return b, "", fmt.Errorf("%.200q is no access point's ARN", arn)
	}
	return s3AccessPointOf(partition, region, account, name), rest, nil
}

// s3BucketName refuses what is no bucket's name, and the names of what is no
// general purpose bucket. Buckets that were made in us-east-1 before March
// 2018 may have up to 255 characters with upper case and underscores; they
// are still there, and only a path can name them. (Amazon S3 User Guide,
// "General purpose bucket naming rules".)
func s3BucketName(name string) error {
	if len(name) < 3 || len(name) > 255 {
		return fmt.Errorf("bucket %.300q has %d characters, and a bucket's name has 3 to 255", name, len(name))
	}
	for i := range len(name) {
		c := name[i]
		alnum := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !alnum && (i == 0 || c != '.' && c != '-' && c != '_') {
			return fmt.Errorf("bucket %.300q has a character that no bucket's name has there: %q", name, c)
		}
	}
	for _, s := range []struct{ suffix, what string }{
		{"--x-s3", `directory buckets in calls that are signed for "s3" are`},
		{"--xa-s3", `access points of directory buckets in calls that are signed for "s3" are`},
		{"--ol-s3", "S3 Object Lambda is"},
		{"--op-s3", "S3 on Outposts is"},
		{"--table-s3", "table buckets are"},
		{".mrap", "Multi-Region Access Points by path are"},
	} {
		// A DNS name does not care for case, nor may a suffix.
		if len(name) > len(s.suffix) && strings.EqualFold(name[len(name)-len(s.suffix):], s.suffix) {
			return fmt.Errorf("bucket %.300q: %s not read by this version", name, s.what)
		}
	}
	return nil
}

// s3Hosted reports whether name can stand in a host: today's rules, with dots.
func s3Hosted(name string) bool {
	if s3BucketName(name) != nil || len(name) > 63 {
		return false
	}
	for l := range strings.SplitSeq(name, ".") {
		if !isLabel(l) {
			return false
		}
	}
	return true
}

// s3AccessPointName reports whether name is one. (Amazon S3 User Guide,
// "Access points naming rules".)
func s3AccessPointName(name string) bool {
	return len(name) >= 3 && len(name) <= 50 && isLabel(name)
}

// s3Unescape decodes what stands percent-encoded in a path or a copy source,
// once. S3 reads a plus sign there as a space where the RFC reads a plus; no
// SDK sends one, and what two can read in two ways is refused.
func s3Unescape(what, s string) (string, error) {
	if strings.Contains(s, "+") {
		return "", fmt.Errorf("%s %.200q has a plus sign, which S3 may read as a space: write %%2B or %%20", what, s)
	}
	t, err := url.PathUnescape(s)
	switch {
	case err != nil:
		return "", fmt.Errorf("%s %.200q: %v", what, s, err)
	case !utf8.ValidString(t):
		return "", fmt.Errorf("%s %.200q is not UTF-8", what, s)
	case strings.Contains(t, "\x00"):
		return "", fmt.Errorf("%s %.200q has a zero byte", what, s)
	}
	return t, nil
}
