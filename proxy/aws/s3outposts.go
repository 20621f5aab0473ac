package aws

import (
	"fmt"
	"strings"

	"github.com/lambda-remit/remit/manifest"
)

// outpostControl is what the tables do not say of S3 Control where it is about
// buckets and access points on an outpost: the outpost stands in a header, and the
// actions are those of S3 on Outposts. (Amazon S3 API Reference, "Amazon S3 on
// Outposts", x-amz-outpost-id; Service Authorization Reference, "Amazon S3 on
// Outposts".)
func outpostControl(operation string) reading {
	kind, label := "", ""
	switch {
	case strings.Contains(operation, "MultiRegion"), strings.Contains(operation, "ForObjectLambda"), operation == "CreateBucket":
		return nil
	case strings.Contains(operation, "Bucket"):
		kind, label = "bucket/", "Bucket"
	case strings.Contains(operation, "AccessPoint"):
		kind, label = "accesspoint/", "Name"
	default:
		return nil
	}
	return func(c *tableCall) ([]manifest.Request, error) {
		all, err := c.tabled()
		switch service := c.in.scopeOrHost(); {
		case err != nil:
			return nil, err
		case service != "s3-outposts" && c.in.place.plane == "s3-outposts":
			return nil, fmt.Errorf("the call goes to %.120q and is signed for %.40q", c.in.place.host, service)
		case service != "s3-outposts" && len(c.in.r.Header["X-Amz-Outpost-Id"]) > 0:
			return nil, fmt.Errorf("the call names an outpost and is signed for %.40q", service)
		case service != "s3-outposts":
			return all, nil
		}
		resource, err := c.onOutpost(kind, c.labels[label])
		if err != nil {
			return nil, err
		}
		if operation == "PutBucketReplication" {
			if all, err = c.replicates(all); err != nil {
				return nil, err
			}
		}
		for i := range all {
			r := &all[i]
			if name, ok := strings.CutPrefix(r.Action, "s3:"); ok {
				r.Action = "s3-outposts:" + name
			}
			switch r.Action {
			case "s3-outposts:GetAccessPoint", "s3-outposts:ListAccessPoints", "s3-outposts:ListRegionalBuckets":
				r.Resource, r.Partly = "*", false // they have none
			default:
				if strings.HasPrefix(r.Action, "s3-outposts:") && resource != "" {
					r.Resource, r.Partly = resource, false
				}
			}
		}
		return all, nil
	}
}

// onOutpost returns the ARN of what a call names on an outpost: by its name beside
// the outpost's id, or by the ARN itself.
func (c *tableCall) onOutpost(kind, name string) (string, error) {
	if name == "" {
		return "", nil
	}
	outpost, err := c.in.header("X-Amz-Outpost-Id")
	if err != nil {
		return "", err
	}
	account, err := c.in.header("X-Amz-Account-Id")
	if err != nil {
		return "", err
	}
	if strings.HasPrefix(name, "arn:") {
		part := strings.SplitN(name, ":", 6)
		if len(part) != 6 || part[1] != c.in.partition || part[2] != "s3-outposts" || part[3] != c.in.region || part[4] != account {
			return "", fmt.Errorf("%.200q is no ARN of account %.20q on an outpost in %q", name, account, c.in.region)
		}
		step := strings.SplitN(part[5], "/", 3)
		if len(step) != 3 || step[0] != "outpost" || outpost != "" && step[1] != outpost {
			return "", fmt.Errorf("%.200q is not on outpost %.80q", name, outpost)
		}
		var ok bool
		outpost = step[1]
		if name, ok = strings.CutPrefix(step[2], kind); !ok {
			return "", fmt.Errorf("%.200q is no ARN of a %s", name, strings.TrimSuffix(kind, "/"))
		}
	}
	if !isAccount(account) || !isLabel(outpost) || strings.ContainsAny(name, "/:") || name == "" {
		return "", fmt.Errorf("%.80q of account %.20q on outpost %.80q is none that there can be", name, account, outpost)
	}
	return "arn:" + c.in.partition + ":s3-outposts:" + c.in.region + ":" + account + ":outpost/" + outpost + "/" + kind + name, nil
}

// replicates adds to all the role by which a bucket on an outpost is replicated.
func (c *tableCall) replicates(all []manifest.Request) ([]manifest.Request, error) {
	body, err := c.in.body()
	if err != nil || len(body) == 0 {
		return all, err
	}
	root, err := c.in.readXML(body, "")
	if err != nil {
		return nil, err
	}
	role, ok, err := root.value("Role")
	if err != nil || !ok || role == "" {
		return all, err
	}
	role, err = c.role(strings.TrimSpace(role))
	return append(all, c.pass(role)), err
}
