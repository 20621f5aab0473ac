package aws

import (
	"cmp"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/lambda-remit/remit/proxy"
	"github.com/lambda-remit/remit/proxy/sigv2"
	"github.com/lambda-remit/remit/proxy/sigv4"
)

// What S3's SDKs presign by Signature Version 2 is read as if it was presigned by
// version 4, and goes on so: the query without the old signature, and a new one
// under the credentials of the call. Three things version 2 does not say.
//
// The region: where the host does not either, and boto3's is mostly
// "BUCKET.s3.amazonaws.com", the bucket is taken for one of the function's own.
//
// The service: it is S3, and a bucket. Nothing of S3's that is younger than
// version 4 knows version 2: access points, directory buckets, Outposts. And what
// other services had by that name is another algorithm.
//
// The time at which it was made: it has one until which it is good, which may be
// years from now. What goes on is good for as long as that, and seven days at most.

// readVersion2 reads the signature of r, which is by version 2.
func (p *particulars) readVersion2(r *http.Request, now time.Time) (*sigv4.Signature, error) {
	s, err := sigv2.Read(r)
	if err != nil {
		if errors.Is(err, sigv2.ErrUnread) {
			return nil, errors.Join(sigv4.ErrVersion, err)
		}
		return nil, err
	}
	p.second = s
	return &sigv4.Signature{
		AccessKeyID: s.AccessKeyID,
		Scope:       sigv4.Scope{Service: "s3"},
		Expires:     min(max(s.Expires.Sub(now), time.Second), 7*24*time.Hour),
		Query:       true,
		Token:       s.Token,
	}, nil
}

// asVersion4 completes what readVersion2 read by what the host says, and takes
// the signature out of the query that is read.
func (in *input) asVersion4(p *particulars, region string) error {
	host := in.place.region
	if in.place.global {
		host = ""
	}
	p.signature.Scope.Region = cmp.Or(host, region, in.place.region)
	in.scope, in.presigned = p.signature.Scope, true
	var err error
	in.query, err = parseForm(p.second.Rest)
	return err
}

// verifyVersion2 verifies the signature, and has the call go on without it.
func (in *input) verifyVersion2(p *particulars, sealed sigv4.Credentials, now time.Time) error {
	if err := p.second.Verify(in.r, sealed, in.place.bucket, now); err != nil {
		return err
	}
	p.target = in.path
	if p.second.Rest != "" {
		p.target += "?" + p.second.Rest
	}
	return nil
}

// onlyBuckets refuses version 2 where S3 does not know it.
func (in *input) onlyBuckets() error {
	p := in.place
	if p.host == "" || p.service == "s3" && p.plane == "" && p.mrap == "" && p.accessPoint == "" {
		return nil
	}
	return &proxy.Refusal{Reason: proxy.BadSignature, Text: "the URL is presigned with Signature Version 2, which is read for the buckets of S3 alone: " + s3SignV4}
}

// unreadVersion2 is why a call is denied that is signed by version 2 as no URL of
// S3's is.
func unreadVersion2(in *input, err error) error {
	text := "the call is signed with Signature Version 2, which is read in the URLs of S3 alone: sign it with version 4"
	if strings.HasPrefix(in.r.Header.Get("Authorization"), "AWS ") {
		text = "the call is signed with Signature Version 2 in its header, which is not accepted: " + s3SignV4
	}
	return &proxy.Refusal{Reason: proxy.BadSignature, Text: text, Err: err}
}
