package aws

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
)

// Objects are served by other services too, as S3 serves them: by access points on
// an outpost, and by Object Lambda's, behind which is a function. Their calls are
// S3's, signed with another name and at hosts of their own; IAM's actions are S3's
// by that name. (Amazon S3 User Guide, "Setting up IAM with S3 on Outposts" and
// "Configuring IAM policies for Object Lambda access points"; Service
// Authorization Reference.)

// s3Elsewhere returns the service that serves objects at the call's host, if it
// is not S3 itself. Without a host there is what answers for an object alone: an
// access point's ARN is put into a host by SDKs.
func (in *input) s3Elsewhere() (service, bool) {
	name := in.place.plane
	if in.place.host == "" {
		name = in.scope.Service
	}
	svc := service{name: name, protocol: protocolS3, s3: true, tabled: true, read: readS3Elsewhere}
	switch {
	case name == "s3-object-lambda" && (in.place.accessPoint != "" || in.path == objectResponse):
		return svc, true
	case name == "s3-outposts" && (in.place.accessPoint != "" || in.place.bucket != ""):
		return svc, true
	}
	return service{}, false
}

func readS3Elsewhere(in *input, call *proxy.Call) error {
	if in.path == objectResponse && in.place.accessPoint == "" {
		return in.readObjectResponse(call)
	}
	call.Upstream = &url.URL{Scheme: "https", Host: in.place.host}
	c := &s3Call{in: in, call: call}
	if err := c.read(); err != nil {
		return err
	}
	service := in.place.plane
	call.Service = service
	for i := range call.Requests {
		r := &call.Requests[i]
		name, ok := strings.CutPrefix(r.Action, "s3:")
		if !ok || !strings.HasPrefix(r.Resource, "arn:"+in.partition+":"+service+":") || !servedElsewhere(service, name) {
			return fmt.Errorf("operation %s is none that %s has", call.Operation, service)
		}
		r.Action = service + ":" + name
		for key, values := range maps.Clone(r.Context) {
			if name, ok := strings.CutPrefix(key, "s3:"); ok {
				delete(r.Context, key)
				r.Context[service+":"+name] = values
			}
		}
	}
	return nil
}

// servedElsewhere reports whether a service has one of S3's actions.
func servedElsewhere(service, action string) bool {
	switch action {
	case "AbortMultipartUpload", "DeleteObject", "DeleteObjectTagging", "DeleteObjectVersion", "DeleteObjectVersionTagging",
		"GetObject", "GetObjectTagging", "GetObjectVersion", "GetObjectVersionTagging",
		"ListBucket", "ListBucketMultipartUploads", "ListBucketVersions", "ListMultipartUploadParts",
		"PutObject", "PutObjectAcl", "PutObjectTagging", "PutObjectVersionTagging":
		return true
	case "GetObjectAcl", "GetObjectLegalHold", "GetObjectRetention", "GetObjectVersionAcl",
		"PutObjectLegalHold", "PutObjectRetention", "PutObjectVersionAcl", "RestoreObject":
		return service == "s3-object-lambda"
	}
	return false
}

// s3PointElsewhere returns the access point that a host names of a service that
// serves objects as S3 does. An alias on an outpost does not tell which.
func (in *input) s3PointElsewhere() (s3Container, error) {
	p := in.place
	if p.accessPoint == "" {
		return s3Container{}, fmt.Errorf("%.120q names an access point by an alias, which policies do not: name it by its ARN", p.host)
	}
	arn := "arn:" + in.partition + ":" + p.plane + ":" + in.region + ":" + p.account + ":"
	if p.plane == "s3-object-lambda" {
		// IAM has no objects there: who may use an access point may use all of it.
		return s3Container{arn: arn + "accesspoint/" + p.accessPoint}, nil
	}
	arn += "outpost/" + p.resource + "/accesspoint/" + p.accessPoint
	return s3Container{arn, arn + "/object/"}, nil
}

// s3OutpostARN takes the ARN of an access point on an outpost apart, less what
// stands before its resource, and returns what follows its name. Who copies names
// the source by one, on the outpost of the call.
func (in *input) s3OutpostARN(region, account, resource string) (s3Container, string, bool) {
	part := strings.SplitN(resource, "/", 5)
	if len(part) < 4 || part[0] != "outpost" || part[2] != "accesspoint" || in.place.plane != "s3-outposts" ||
		region != in.region || part[1] != in.place.resource || !isAccount(account) || !s3AccessPointName(part[3]) {
		return s3Container{}, "", false
	}
	arn := "arn:" + in.partition + ":s3-outposts:" + region + ":" + account + ":" + strings.Join(part[:4], "/")
	rest := ""
	if len(part) == 5 {
		rest = part[4]
	}
	return s3Container{arn, arn + "/object/"}, rest, true
}

// objectResponse is where a function answers that transforms an object.
const objectResponse = "/WriteGetObjectResponse"

// readObjectResponse reads what a function behind an access point of Object
// Lambda's answers. Which access point it was, the route does not tell. (Amazon S3
// API Reference, WriteGetObjectResponse.)
func (in *input) readObjectResponse(call *proxy.Call) error {
	call.Operation = "WriteGetObjectResponse"
	route, err := in.header("X-Amz-Request-Route")
	if err != nil {
		return err
	}
	token, err := in.header("X-Amz-Request-Token")
	switch {
	case err != nil:
		return err
	case in.r.Method != http.MethodPost:
		return fmt.Errorf("operation %s is a POST, not a %.20q", call.Operation, in.r.Method)
	case !isLabel(route) || token == "":
		return fmt.Errorf("operation %s needs a route and a token, and its route is %.80q", call.Operation, route)
	case isPointLabel(route):
		return fmt.Errorf("route %.80q is what an access point's host begins with", route)
	case in.place.host != "" && in.place.resource != route:
		return fmt.Errorf("the call goes to route %.80q and names %.80q", in.place.resource, route)
	}
	for _, p := range in.query {
		if p.name != "x-id" && !isSigning(p.name) {
			return fmt.Errorf("operation %s has no parameter %.80q", call.Operation, p.name)
		}
	}
	for name, values := range in.r.Header {
		switch {
		case !strings.HasPrefix(name, "X-Amz-"), name == "X-Amz-Date", name == "X-Amz-Security-Token",
			name == "X-Amz-Request-Route", name == "X-Amz-Request-Token", strings.HasPrefix(name, "X-Amz-Fwd-"):
		case s3HeaderKind(name) != s3Plain && !strings.HasPrefix(name, "X-Amz-Server-Side-Encryption"):
			return fmt.Errorf("header %.80q is not known", name)
		}
		if strings.HasPrefix(name, "X-Amz-") && len(values) != 1 {
			return fmt.Errorf("header %.80q stands %d times", name, len(values))
		}
	}
	host := in.place.host
	if host == "" {
		host = route + "." + s3Name("s3-object-lambda", in.region, in.place)
	}
	call.Service, call.Upstream = "s3-object-lambda", &url.URL{Scheme: "https", Host: host}
	call.Requests = []manifest.Request{unknown("s3-object-lambda:WriteGetObjectResponse")}
	return nil
}

// isPointLabel reports whether a label before Object Lambda's own is an access
// point's: NAME-ACCOUNT.
func isPointLabel(label string) bool {
	name, _, ok := cutAccount(label)
	return ok && s3AccessPointName(name)
}
