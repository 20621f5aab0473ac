package aws

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/lambda-remit/remit/proxy"
)

// An s3Call is a call to Amazon S3 while it is read. How one is read: the
// bucket from the host or the path, the key from the rest; then the operation
// from method, level and subresource ([s3Route]); then what the parameters,
// headers and, for a few operations, the body ask for besides.
type s3Call struct {
	in   *input
	call *proxy.Call

	express   bool        // it is signed for "s3express"
	name      string      // of a directory bucket
	slashes   string      // behind it, that are not of the key
	container s3Container // zero at the level of the service
	key       string      // decoded once, never normalised; empty above the level of objects
	level     s3Level

	subresource string
	params      []pair // that are neither subresource nor signature nor header
	hoisted     []pair // headers that a presigned URL carries in its query, by canonical name

	operation *s3Operation
	source    string   // what a copy reads, "bucket/key"
	common    []string // names and values of the keys that every request of the call has
}

// readS3 reads a call to Amazon S3.
func readS3(in *input, call *proxy.Call) error {
	call.Upstream = s3Upstream(in.place, in.region)
	c := &s3Call{in: in, call: call}
	if err := c.read(); err != nil {
		return err
	}
	c.sessions(false) // of a copy from a directory bucket
	return nil
}

func (c *s3Call) read() error {
	in, call := c.in, c.call
	if err := c.readPath(); err != nil {
		return err
	}
	if err := c.readQuery(); err != nil {
		return err
	}
	if err := c.route(); err != nil {
		return err
	}
	call.Operation = c.operation.name
	if c.operation.unread != "" && !(c.express && c.operation.express) {
		return fmt.Errorf("operation %s: %s not read by this version", call.Operation, c.operation.unread)
	}
	if err := c.readHeaders(); err != nil {
		return err
	}
	if id, ok := in.param("x-id"); ok && id != call.Operation {
		return fmt.Errorf("the call is a %s and calls itself %.60q by x-id", call.Operation, id)
	}
	if c.operation.read != nil {
		return c.operation.read(c)
	}
	return c.readPlain()
}

// readPath finds bucket and key. Nothing is normalised: to S3 a key is a
// string, and "..", "//" and a slash at the end are part of it.
func (c *s3Call) readPath() error {
	in := c.in
	rest := in.path[1:]
	switch p := in.place; {
	case p.mrap != "":
		var err error
		if c.container, err = in.s3MultiRegion(p.mrap); err != nil {
			return err
		}
	case p.plane == "s3-outposts" || p.plane == "s3-object-lambda":
		var err error
		if c.container, err = in.s3PointElsewhere(); err != nil {
			return err
		}
	case p.accessPoint != "":
		c.container = s3AccessPointOf(in.partition, in.region, p.account, p.accessPoint)
	case c.express && p.bucket != "":
		var err error
		if c.container, err = in.s3Express(p.bucket); err != nil {
			return err
		}
	case c.express && p.plane == "s3express":
		return fmt.Errorf("%.120q names no bucket", p.host)
	case p.bucket != "":
		if err := s3BucketName(p.bucket); err != nil {
			return err
		}
		c.container = s3BucketOf(in.partition, p.bucket)
	case rest == "":
		c.level = s3Service
		return nil
	default:
		first, after, _ := strings.Cut(rest, "/")
		name, err := s3Unescape("bucket", first)
		if err != nil {
			return err
		}
		if c.express {
			c.name = name
			c.container, err = in.s3Express(name)
			after = after[c.slash(after):]
		} else {
			c.container, err = in.s3Container(name)
		}
		if err != nil {
			return err
		}
		rest = after
	}
	var err error
	c.level = s3Bucket
	if rest != "" {
		c.level = s3Object
		c.key, err = s3Unescape("key", rest)
	}
	return err
}

// readQuery sorts the query. Every parameter has to be known: one that S3 will
// take for a subresource some day must not be read as a plain GetObject today.
func (c *s3Call) readQuery() error {
	in := c.in
	if err := once(in.query); err != nil {
		return err
	}
	if strings.HasPrefix(in.r.Header.Get("Authorization"), "AWS ") {
		return errors.New("the call is signed with Signature Version 2 in its header, which is not read: " + s3SignV4)
	}
	if _, query, _ := strings.Cut(in.r.RequestURI, "?"); strings.Contains(query, "+") {
		return errors.New("the query has a plus sign, which some read as a space: write %2B or %20")
	}
	for _, p := range in.query {
		switch {
		case p.name == "x-id" || isSigning(p.name):
		case p.name == "AWSAccessKeyId" || p.name == "Signature":
			return errors.New("the URL carries a part of Signature Version 2, and none that can be read: " + s3SignV4)
		case c.presigned() && isLeftover(p.name, in.r.Method):
		case len(p.name) > 6 && strings.EqualFold(p.name[:6], "x-amz-"):
			name := http.CanonicalHeaderKey(p.name)
			for _, h := range c.hoisted {
				if h.name == name {
					return fmt.Errorf("parameter %.80q stands twice", p.name)
				}
			}
			c.hoisted = append(c.hoisted, pair{name, p.value})
		case isSubresource(p.name):
			if c.subresource != "" {
				return fmt.Errorf("the query names two subresources, %q and %q", c.subresource, p.name)
			}
			if takesValue(p.name) != (p.value != "") {
				return fmt.Errorf("subresource %q has the value %.80q", p.name, p.value)
			}
			c.subresource = p.name
		default:
			c.params = append(c.params, p)
		}
	}
	return nil
}

// presigned reports whether the call is signed in its query.
func (c *s3Call) presigned() bool {
	_, ok := c.in.param("X-Amz-Signature")
	return ok || c.in.presigned
}

// isLeftover reports whether name is that of a header which SDKs write into the
// query of the URLs that they presign, and S3 looks for in the head alone. None of
// them changes what a call asks for; a write's conditions could, to a manifest that
// has one on them. (botocore's HmacV1QueryAuth; the JavaScript SDK's v2
// signers/presign.js, which with Signature Version 2 writes all headers.)
func isLeftover(name, method string) bool {
	switch http.CanonicalHeaderKey(name) {
	case "Content-Type", "Content-Md5", "Content-Length", "Content-Disposition", "Content-Encoding", "Content-Language", "Cache-Control", "Range":
		return true
	case "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since":
		return method == http.MethodGet || method == http.MethodHead
	}
	return false
}

// s3SignV4 is the way out where an SDK signs with Signature Version 2, which is
// not read but in some URLs.
const s3SignV4 = `in boto3, create the client with Config(signature_version="s3v4"); for the AWS CLI, run aws configure set default.s3.signature_version s3v4`

// param returns a plain parameter's value.
func (c *s3Call) param(name string) (string, bool) {
	for _, p := range c.params {
		if p.name == name {
			return p.value, true
		}
	}
	return "", false
}

// resource is what the call's path names: "*" for the service, whose actions
// have no resource.
func (c *s3Call) resource() string {
	switch c.level {
	case s3Service:
		return "*"
	case s3Bucket:
		return c.container.arn
	}
	return c.container.objectARN(c.key)
}

// ask adds a request to the call, with the keys that every request has and
// those in context.
func (c *s3Call) ask(action, resource string, context ...string) {
	all := c.common
	if len(context) > 0 {
		all = append(all[:len(all):len(all)], context...)
	}
	c.call.Requests = append(c.call.Requests, request(action, resource, all...))
}

// readPlain asks for the operation's action on what the path names: for the
// action on a version of it, where one is named and IAM has such an action.
func (c *s3Call) readPlain() error {
	action, context := c.action(c.operation.action, c.operation.version)
	c.ask(action, c.resource(), context...)
	return nil
}

// action chooses between an action and its form for versions.
func (c *s3Call) action(plain, version string) (string, []string) {
	if id, ok := c.param("versionId"); ok && version != "" {
		return version, []string{"s3:versionid", id}
	}
	return plain, nil
}

// readList asks for a list of objects or their versions.
func (c *s3Call) readList() error {
	c.ask(c.operation.action, c.resource(), c.paramKeys("prefix", "delimiter", "max-keys")...)
	return nil
}

// paramKeys returns the condition keys whose values stand in parameters. A
// parameter that is there and empty is a key that is there and empty.
func (c *s3Call) paramKeys(names ...string) []string {
	var context []string
	for _, name := range names {
		if v, ok := c.param(name); ok {
			context = append(context, "s3:"+name, v)
		}
	}
	return context
}
