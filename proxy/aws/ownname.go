package aws

import (
	"fmt"
	"strings"

	"github.com/lambda-remit/remit/manifest"
)

// inName marks requests that a service makes in the function's name while it
// serves its call: by forward access sessions. (IAM User Guide, "Forward access
// sessions".)
func inName(all ...manifest.Request) []manifest.Request {
	for i := range all {
		with(&all[i], "aws:ViaAWSService", "true")
	}
	return all
}

// readsObjects returns the requests of a service that reads objects of S3 in the
// function's name, each where a member of the body at one of paths is an
// "S3Object".
func (c *tableCall) readsObjects(paths ...string) ([]manifest.Request, error) {
	var all []manifest.Request
	for _, path := range paths {
		found, err := c.objectsAt(path)
		if err != nil {
			return nil, err
		}
		for _, o := range found {
			var of [3]string
			for i, name := range []string{"Bucket", "Name", "Version"} {
				if of[i], err = textOf(o, name); err != nil {
					return nil, err
				}
			}
			if of[0] == "" && of[1] == "" {
				all = append(all, unknown("s3:GetObject")) // which the service refuses
				continue
			}
			r, err := c.object("s3:GetObject", of[0], of[1])
			if err != nil {
				return nil, err
			}
			if of[2] != "" {
				r.Action = "s3:GetObjectVersion"
				with(&r, "s3:versionid", of[2])
			}
			all = append(all, r)
		}
	}
	return inName(all...), nil
}

// object is a request on an object of S3 by the names that a body has.
func (c *tableCall) object(action, bucket, key string) (manifest.Request, error) {
	if err := s3BucketName(bucket); err != nil {
		return manifest.Request{}, err
	}
	if key == "" {
		return manifest.Request{}, fmt.Errorf("an object of the bucket %.80q without a name", bucket)
	}
	return request(action, s3BucketOf(c.in.partition, bucket).objectARN(key)), nil
}

// writesObjects returns the request of a service that writes to a bucket of S3 in
// the function's name, if the member at the path bucket says which. What the
// objects are called, the service says, behind the prefix that the member at the
// path prefix has.
func (c *tableCall) writesObjects(bucket, prefix string) ([]manifest.Request, error) {
	name, ok, err := c.text(bucket)
	if err != nil || !ok || name == "" {
		return nil, err
	}
	if err := s3BucketName(name); err != nil {
		return nil, err
	}
	before, _, err := c.text(prefix)
	if err != nil {
		return nil, err
	}
	r := unknown("s3:PutObject")
	if !strings.HasSuffix(name, "-s3alias") { // whose ARN is an access point's
		// A star in a prefix would be a run as well: what is before it is enough.
		before = before[:len(before)-len(strings.TrimLeftFunc(before, func(c rune) bool { return c > ' ' && !strings.ContainsRune("*?$", c) && c < 0x7f }))]
		r.Resource, r.Runs = s3BucketOf(c.in.partition, name).objectARN(before+"*"), true
	}
	return inName(r), nil
}

// objectsAt returns the objects at a path of the body, "A.B" or "A.#.B".
func (c *tableCall) objectsAt(path string) ([]tree, error) {
	members, err := c.body()
	if err != nil {
		return nil, err
	}
	here := []tree{members}
	for step := range strings.SplitSeq(path, ".") {
		name, list := strings.CutSuffix(step, "#")
		var next []tree
		for _, o := range here {
			v, err := memberOf(o, name)
			if err != nil {
				return nil, err
			}
			switch {
			case v == nil:
			case list:
				all, err := objects(v, name)
				if err != nil {
					return nil, err
				}
				next = append(next, all...)
			default:
				inner, err := object(treeOf(field{name, v}), name)
				if err != nil {
					return nil, err
				}
				next = append(next, inner)
			}
		}
		here = next
	}
	return here, nil
}

// and is the table's answer and more.
func (c *tableCall) and(more ...func() ([]manifest.Request, error)) ([]manifest.Request, error) {
	all, err := c.tabled()
	for _, f := range more {
		if err != nil {
			return nil, err
		}
		var these []manifest.Request
		these, err = f()
		all = append(all, these...)
	}
	return all, err
}
