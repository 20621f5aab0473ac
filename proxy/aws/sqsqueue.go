package aws

import (
	"fmt"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/lambda-remit/remit/proxy"
)

// sqs reads a call's protocol: JSON where there is an X-Amz-Target, and the
// query protocol otherwise.
func (in *input) sqs() (sqsCall, error) {
	if len(in.r.Header.Values("X-Amz-Target")) == 0 {
		op, params, err := in.formAnywhere("2012-11-05")
		fields := make([]field, 0, len(params))
		for name, value := range params {
			fields = append(fields, field{name, value})
		}
		members := treeOf(fields...)
		return sqsCall{op, func(name string) (string, error) { return text(members, name) }, func() ([]tag, error) { return formTags(params) }}, err
	}
	op, members, err := in.targetAnywhere("AmazonSQS", "application/x-amz-json-1.0")
	return sqsCall{op, func(name string) (string, error) { return text(members, name) }, func() ([]tag, error) {
		switch op {
		case "CreateQueue":
			return tagMap(members.get("tags"))
		case "UntagQueue":
			return tagKeys(members.get("TagKeys"))
		}
		return tagMap(members.get("Tags"))
	}}, err
}

// formTags reads tags as the query protocol has them: Tag.1.Key and
// Tag.1.Value, or TagKey.1. SQS takes them in any order, and with gaps.
func formTags(params map[string]string) ([]tag, error) {
	var tags []tag
	for _, name := range slices.Sorted(maps.Keys(params)) {
		value := params[name]
		first, rest, _ := strings.Cut(name, ".")
		switch {
		case strings.EqualFold(first, "TagKey"), strings.EqualFold(first, "TagKeys"):
			tags = append(tags, tag{key: value})
		case strings.EqualFold(first, "Tag"), strings.EqualFold(first, "Tags"):
			n, part, _ := strings.Cut(rest, ".")
			if _, err := strconv.ParseUint(n, 10, 16); err != nil || first != "Tag" || part != "Key" && part != "Value" {
				return nil, fmt.Errorf("parameter %.40q is no part of a tag", name)
			}
			if part == "Key" {
				tags = append(tags, tag{value, params["Tag."+n+".Value"]})
			}
		}
	}
	slices.SortFunc(tags, func(a, b tag) int { return strings.Compare(a.key, b.key) })
	return tags, nil
}

// A queueURL is what the URL of a queue says. A part that it leaves out is
// empty.
type queueURL struct{ region, account, name string }

func (q queueURL) arn(in *input) (string, error) {
	if q.account == "" {
		return in.arn("sqs", q.name)
	}
	return "arn:" + in.partition + ":sqs:" + in.region + ":" + q.account + ":" + q.name, nil
}

// queueURL reads the URL of a queue: https://HOST/ACCOUNT/NAME, where the host
// is one of SQS's, its legacy ones (REGION.queue.amazonaws.com,
// queue.amazonaws.com) and those of VPC endpoints included, or this machine
// itself, which is what a local endpoint puts there; its path alone; or a
// queue's name alone, which is in the function's own account. A host that is
// neither says what nobody here knows.
func (in *input) queueURL(s string) (queueURL, error) {
	bad := fmt.Errorf("%.200q is no URL of a queue", s)
	q := queueURL{region: in.region}
	path := s
	switch scheme, rest, found := strings.Cut(s, "://"); {
	case found && (scheme == "https" || scheme == "http"):
		host, p, _ := strings.Cut(rest, "/")
		region, ok := queueHost(host)
		if !ok {
			return q, bad
		}
		if region != "" {
			q.region = region
		}
		if partitionOf(q.region).name != in.partition {
			return q, fmt.Errorf("the queue of %.200q is in another partition than the call, which is in %q", s, in.region)
		}
		path = "/" + p
	case isQueueName(s):
		q.name = s
		return q, nil
	}
	account, name, ok := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if !ok || path[0] != '/' || !isAccount(account) || !isQueueName(name) {
		return q, bad
	}
	q.account, q.name = account, name
	return q, nil
}

// queueHost returns the region of a host in a queue's URL, which is empty for
// this machine's. It reports false for a host that is neither SQS's nor ours.
func queueHost(host string) (region string, ok bool) {
	u, err := url.Parse("https://" + host)
	if err != nil || u.Host != host || u.User != nil {
		return "", false
	}
	name := strings.ToLower(u.Hostname())
	if addr, err := netip.ParseAddr(name); err == nil {
		return "", addr.IsLoopback()
	}
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return "", true
	}
	if _, port, err := net.SplitHostPort(host); err == nil && port != "443" && port != "80" {
		return "", false
	}
	p, ok := placeOf(name)
	return p.region, ok && p.service == "sqs"
}

// follow lets the call go to the region that the queue's URL names.
//
// SQS itself goes by the region that it is asked in, and by the path of the
// URL; it does not look for the queue where the URL's host says: asked for a
// queue of another region it answers QueueDoesNotExist, or works on the queue
// of that account and name which it has itself. So that what is authorized is
// what is worked on, a call whose URL names another region is signed for that
// region and sent there.
func (in *input) follow(call *proxy.Call, q queueURL) *input {
	if q.region == in.region {
		return in
	}
	other := *in
	other.region = q.region
	call.Region = q.region
	call.Upstream = upstream("sqs", q.region, in.place)
	return &other
}
