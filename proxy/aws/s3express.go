package aws

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
)

// Directory buckets, S3 Express. Their calls are S3's, signed for "s3express",
// and go to two sorts of hosts: what is done to a bucket itself to a region's,
// what is done to objects to the bucket's own in its zone.
//
// AWS authorizes the latter by one action on the bucket, s3express:CreateSession:
// SDKs ask for a session of five minutes, whose credentials may then read all
// of the bucket, or read and write all of it. What a call under a session does,
// no policy of IAM's says, so that Remit decides it alone. It asks for what S3
// would: s3:GetObject on arn:aws:s3express:…:bucket/NAME--ZONE--x-s3/KEY, an ARN
// that nothing but a manifest and Remit know. (Amazon S3 User Guide, "Authorizing
// Zonal endpoint API operations with CreateSession"; Service Authorization
// Reference, "Actions, resources, and condition keys for Amazon S3 Express".)

// expressToken is the header, or the parameter, that the token of a session with
// a directory bucket stands in.
const expressToken = "X-Amz-S3session-Token"

// The modes of a session.
const (
	readOnly  = "ReadOnly"
	readWrite = "ReadWrite"
)

const sessionMode = "s3express:sessionmode"

// readS3Express reads a call to a directory bucket, or to one's access point.
func readS3Express(in *input, call *proxy.Call) error {
	c := &s3Call{in: in, call: call, express: true}
	p := call.Particulars.(*particulars)
	if err := c.read(); err != nil {
		return err
	}
	zonal := expressZonal(call.Operation)
	switch {
	case !zonal && !expressRegional(call.Operation):
		return fmt.Errorf("operation %s is none of directory buckets'", call.Operation)
	case zonal && in.place.plane == "s3express-control":
		return fmt.Errorf("operation %s is not served at %.120q, but at the bucket's own host", call.Operation, in.place.host)
	case !zonal && in.place.plane == "s3express":
		return fmt.Errorf("operation %s is not served at %.120q, but at the region's host", call.Operation, in.place.host)
	}
	if p.session != nil && p.session.Service == "s3express" {
		if err := c.within(p.session.Resource); err != nil {
			return err
		}
	}
	switch {
	case !zonal:
		if p.signature != nil && p.signature.Express {
			return fmt.Errorf("operation %s is not made under a session", call.Operation)
		}
		c.inExpressWords()
	case call.Operation == "CreateSession":
		if p.signature != nil && p.signature.Express {
			return errors.New("a session is asked for under a session")
		}
		c.inExpressWords()
	default:
		c.sessions(p.signature != nil && p.signature.Express)
	}
	if in.place.host == "" {
		c.expressUpstream(p, zonal)
	}
	return nil
}

// expressZonal reports whether an operation is on what a bucket holds, and so
// one that a session is for. (Amazon S3 User Guide, "Directory buckets",
// "Zonal endpoint API operations".)
func expressZonal(operation string) bool {
	switch operation {
	case "CreateSession", "HeadBucket", "ListObjectsV2", "ListMultipartUploads", "DeleteObjects",
		"GetObject", "HeadObject", "PutObject", "DeleteObject", "CopyObject", "GetObjectAttributes",
		"RenameObject", "CreateMultipartUpload", "UploadPart", "UploadPartCopy", "CompleteMultipartUpload", "AbortMultipartUpload", "ListParts":
		return true
	}
	return false
}

// expressRegional reports whether an operation is on a bucket itself. IAM's
// actions are S3's, of another service. (The same, "Regional endpoint API
// operations".)
func expressRegional(operation string) bool {
	switch operation {
	case "ListDirectoryBuckets", "CreateBucket", "DeleteBucket",
		"GetBucketPolicy", "PutBucketPolicy", "DeleteBucketPolicy",
		"GetBucketEncryption", "PutBucketEncryption", "DeleteBucketEncryption",
		"GetBucketLifecycleConfiguration", "PutBucketLifecycleConfiguration", "DeleteBucketLifecycle",
		"GetBucketInventoryConfiguration", "ListBucketInventoryConfigurations", "PutBucketInventoryConfiguration", "DeleteBucketInventoryConfiguration",
		"GetBucketMetricsConfiguration", "ListBucketMetricsConfigurations", "PutBucketMetricsConfiguration", "DeleteBucketMetricsConfiguration":
		return true
	}
	return false
}

// readSession asks for a session. A call that does not say in which mode gets
// the widest that it may have, so that it asks for the least here, and for more
// where the manifest is known that grants it: see chooseMode. (Amazon S3 API
// Reference, CreateSession, x-amz-create-session-mode.)
func (c *s3Call) readSession() error {
	p := c.call.Particulars.(*particulars)
	mode, said := c.header("X-Amz-Create-Session-Mode")
	switch {
	case said && mode != readOnly && mode != readWrite:
		return fmt.Errorf("operation CreateSession: mode %.40q is neither %s nor %s", mode, readOnly, readWrite)
	case said:
	case p.foreign || p.anonymous || p.signature != nil && p.signature.Query:
		mode = readWrite // nothing can be added to what goes as it came
	default:
		mode, p.least = readOnly, true
	}
	context := append([]string{sessionMode, mode}, c.keys("X-Amz-Server-Side-Encryption", "X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id")...)
	c.ask("s3express:CreateSession", c.resource(), context...)
	return nil
}

// chooseMode decides a session that its call leaves open: to read and write if
// the manifest grants that, and else to read alone, which the call then says. It
// returns the decision for what goes out. What is observed goes as it came.
func (p *particulars) chooseMode(out *http.Request, call *proxy.Call, m *manifest.Manifest, d manifest.Decision) manifest.Decision {
	if m.Mode == manifest.Observe {
		return d
	}
	wide := slices.Clone(call.Requests)
	for i := range wide {
		wide[i].Context = maps.Clone(wide[i].Context)
		wide[i].Context[sessionMode] = []string{readWrite}
	}
	if more := m.Decide(wide...); more.Allowed {
		call.Requests = wide
		return more
	}
	out.Header.Set("X-Amz-Create-Session-Mode", readOnly)
	return d
}

// sessions says of the requests for objects of directory buckets that nobody but
// Remit decides them, and asks for what AWS decides in their place, unless the
// call is made under a session that was asked for already.
func (c *s3Call) sessions(session bool) {
	var ask [][2]string
	for i := range c.call.Requests {
		r := &c.call.Requests[i]
		container, ok := expressContainer(r.Resource)
		if !ok {
			continue
		}
		r.Unbound = true
		mode := readWrite
		switch r.Action {
		case "s3:GetObject", "s3:GetObjectAttributes", "s3:ListBucket", "s3:ListBucketMultipartUploads", "s3:ListMultipartUploadParts":
			mode = readOnly
		}
		if need := [2]string{container, mode}; !session && !slices.Contains(ask, need) {
			ask = append(ask, need)
		}
	}
	common := c.common
	c.common = expressKeys(common)
	for _, need := range ask {
		c.ask("s3express:CreateSession", need[0], sessionMode, need[1])
	}
	c.common = common
}

// expressContainer returns the bucket or access point that resource is or is in,
// if it is of S3 Express.
func expressContainer(resource string) (string, bool) {
	parts := strings.SplitN(resource, ":", 6)
	if len(parts) != 6 || parts[2] != "s3express" {
		return "", false
	}
	kind, rest, _ := strings.Cut(parts[5], "/")
	name, _, _ := strings.Cut(rest, "/")
	return strings.Join(parts[:5], ":") + ":" + kind + "/" + name, true
}

// inExpressWords writes the requests as S3 Express calls S3's actions and keys.
func (c *s3Call) inExpressWords() {
	for i := range c.call.Requests {
		r := &c.call.Requests[i]
		if name, ok := strings.CutPrefix(r.Action, "s3:"); ok {
			r.Action = "s3express:" + name
		}
		for key, values := range maps.Clone(r.Context) {
			if name, ok := strings.CutPrefix(key, "s3:"); ok {
				delete(r.Context, key)
				r.Context["s3express:"+name] = values
			}
		}
	}
}

// expressKeys is inExpressWords of a list of keys and values.
func expressKeys(pairs []string) []string {
	pairs = slices.Clone(pairs)
	for i := 0; i < len(pairs); i += 2 {
		if name, ok := strings.CutPrefix(pairs[i], "s3:"); ok {
			pairs[i] = "s3express:" + name
		}
	}
	return pairs
}

// within refuses a call under a session that is to anything else than what the
// session is with.
func (c *s3Call) within(resource string) error {
	for _, r := range c.call.Requests {
		if container, ok := expressContainer(r.Resource); !ok || container != resource {
			return &proxy.Refusal{Reason: proxy.BadSignature, Text: fmt.Sprintf("the session is with %q, and the call is for %.300q", resource, r.Resource)}
		}
	}
	return nil
}

// ofService refuses a session's credentials where they are of no use, and others
// where a session's belong: which of two services a key is for, nobody else would
// look at.
func (p *particulars) ofService() error {
	express := p.session != nil && p.session.Service == "s3express"
	switch {
	case express && !p.signature.Express:
		return &proxy.Refusal{Reason: proxy.BadSignature, Text: "the credentials are of a session with a directory bucket, whose calls are signed for \"s3express\" and carry its token in " + expressToken}
	case !express && p.signature.Express:
		return &proxy.Refusal{Reason: proxy.BadSignature, Text: "the credentials are of no session with a directory bucket, and stand in " + expressToken}
	}
	return nil
}

// s3Express returns the directory bucket called name, or the access point of
// one. A call does not say whose it is. It is taken for the function's own, as a
// multi-region access point is: what is minted for the call is good for no other.
func (in *input) s3Express(name string) (s3Container, error) {
	switch {
	case !isDirectory(name):
		return s3Container{}, fmt.Errorf("%.300q is no directory bucket's name, NAME--ZONE--x-s3, and the call is signed for \"s3express\"", name)
	case in.account == "":
		return s3Container{}, fmt.Errorf("the account is not known, which the ARN of %.80q has", name)
	}
	kind, objects := "bucket/", "/"
	if strings.HasSuffix(name, "--xa-s3") {
		kind, objects = "accesspoint/", "/object/"
	}
	arn := "arn:" + in.partition + ":s3express:" + in.region + ":" + in.account + ":" + kind + name
	return s3Container{arn, arn + objects}, nil
}

// isDirectory reports whether name may be a directory bucket's or its access
// point's. (Amazon S3 User Guide, "Directory bucket naming rules".)
func isDirectory(name string) bool {
	zone, _ := expressZone(name)
	return len(name) <= 63 && isLabel(name) && s3Directory(name, zone) && s3Zone(zone)
}

// expressZone returns the zone in a directory bucket's name.
func expressZone(name string) (string, bool) {
	rest, ok := strings.CutSuffix(name, "--x-s3")
	if !ok {
		rest, ok = strings.CutSuffix(name, "--xa-s3")
	}
	_, zone, found := cutLast(rest, "--")
	return zone, ok && found
}

// slash returns how many slashes stand before the key of an object that are not
// part of it. The SDK for JavaScript ends the bucket's name with one where its
// endpoint is an IP address, and begins the key with another. Which client it is
// says a header that anybody may write; since the path is written anew from what
// is read here, the worst of that is another key, which is decided as such.
func (c *s3Call) slash(after string) int {
	agent := c.in.r.Header.Get("X-Amz-User-Agent") + " " + c.in.r.Header.Get("User-Agent")
	if c.in.place.host != "" || !strings.HasPrefix(after, "/") || !strings.Contains(agent, "aws-sdk-js/") {
		return 0
	}
	c.slashes = "/"
	return 1
}

// expressUpstream is where a call goes that came to the proxy as to an endpoint:
// to the region's host as it is, or to the bucket's own, which the path then does
// not name.
func (c *s3Call) expressUpstream(p *particulars, zonal bool) {
	suffix := "." + c.in.region + "." + partitionOf(c.in.region).suffix
	if !zonal {
		c.call.Upstream = &url.URL{Scheme: "https", Host: "s3express-control" + suffix}
		return
	}
	segment, _, _ := strings.Cut(c.in.path[1:], "/")
	zone, _ := expressZone(c.name)
	c.call.Upstream = &url.URL{Scheme: "https", Host: c.name + ".s3express-" + zone + suffix}
	if p.target = strings.TrimPrefix(p.target, "/"+segment+c.slashes); !strings.HasPrefix(p.target, "/") {
		p.target = "/" + p.target
	}
}

// readExpressControl reads a call to S3 Control about access points and tags of
// directory buckets.
func readExpressControl(in *input, call *proxy.Call, ts []*table) error {
	if err := readTables(in, call, ts); err != nil {
		return err
	}
	for i := range call.Requests {
		r := &call.Requests[i]
		if name, ok := strings.CutPrefix(r.Action, "s3:"); ok {
			r.Action = "s3express:" + name
		}
		parts := strings.SplitN(r.Resource, ":", 6)
		if len(parts) == 6 && parts[2] == "s3" {
			parts[2] = "s3express"
			r.Resource = strings.Join(parts, ":")
		}
	}
	call.Service = "s3express"
	if in.place.host == "" {
		account := in.r.Header.Get("X-Amz-Account-Id")
		if !isAccount(account) {
			return fmt.Errorf("%.40q in X-Amz-Account-Id is no account", account)
		}
		call.Upstream = &url.URL{Scheme: "https", Host: account + ".s3express-control." + in.region + "." + partitionOf(in.region).suffix}
	}
	return nil
}
