package aws

import (
	"bytes"
	"cmp"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
	"github.com/lambda-remit/remit/proxy/sigv2"
	"github.com/lambda-remit/remit/proxy/sigv4"
)

// What S3's SDKs presign by Signature Version 2 is read as if it was presigned by
// version 4, and goes on so: the query without the old signature, and a new one
// under the credentials of the call. Three things version 2 does not say.
//
// The region: where the host does not either, and boto3's is mostly
// "BUCKET.s3.amazonaws.com", the bucket is taken for one of the function's own,
// until S3 says which it is in. The call is then decided as one to that region, and
// sent once more.
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
	if in.place.global && in.place.bucket != "" {
		host = "" // without a bucket in it, it is Northern Virginia's
	}
	if host == "" {
		p.unplaced = in.place.bucket
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

// moves reports whether resp says that the call's bucket is in another region than
// it was signed for, and the call is one to that region from then on, and granted
// by the same grants. (botocore's S3RegionRedirector: S3 answers what is signed
// for a region that is not the bucket's with 400, its code and, but to a HEAD, a
// Region in the body, and mostly x-amz-bucket-region in the head.)
func (c *Cloud) moves(resp *http.Response, call *proxy.Call, p *particulars, m *manifest.Manifest, d manifest.Decision) bool {
	if resp.StatusCode != http.StatusBadRequest {
		return false
	}
	region := resp.Header.Get("X-Amz-Bucket-Region")
	if body := peek(resp); len(body) > 0 {
		if code := errorCode(body); code != "AuthorizationQueryParametersError" && code != "AuthorizationHeaderMalformed" {
			return false
		}
		_, after, _ := bytes.Cut(body, []byte("<Region>"))
		said, _, _ := bytes.Cut(after, []byte("<"))
		region = cmp.Or(region, string(said))
	}
	if !isRegion(region) || region == call.Region || partitionOf(region).name != partitionOf(call.Region).name {
		return false
	}
	c.buckets.learn(p.unplaced, region)
	if !p.replay {
		return false // the next is signed for it
	}
	requests := slices.Clone(call.Requests)
	for i := range requests {
		requests[i].Context = maps.Clone(requests[i].Context)
		requests[i].Context["aws:requestedregion"] = []string{region}
	}
	if there := m.Decide(requests...); m.Mode != manifest.Observe && (!there.Allowed || !slices.Equal(there.Used(), d.Used())) {
		return false
	}
	call.Region, call.Requests = region, requests
	return true
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

// whereabouts are the regions of buckets that were found not to be in the
// function's own. The zero value knows of none.
type whereabouts struct {
	mu     sync.Mutex // guards what follows
	region map[string]string
}

// maxWhereabouts is more buckets than a function calls.
const maxWhereabouts = 256

func (w *whereabouts) of(bucket string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.region[bucket]
}

func (w *whereabouts) learn(bucket, region string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.region == nil || len(w.region) == maxWhereabouts {
		w.region = make(map[string]string)
	}
	w.region[bucket] = region
}
