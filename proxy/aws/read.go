package aws

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
	"github.com/lambda-remit/remit/proxy/credentials"
	"github.com/lambda-remit/remit/proxy/sigv2"
	"github.com/lambda-remit/remit/proxy/sigv4"
)

// particulars are what reading a call leaves for sending or denying it.
type particulars struct {
	protocol  protocol
	target    string            // path and query, byte for byte as they came
	signature *sigv4.Signature  // nil if the call carries none
	second    *sigv2.Signature  // that stands in its query in place of that one; nil: none
	unplaced  string            // the bucket, if neither host nor signature says which region it is in
	sealed    sigv4.Credentials // that verified it
	service   service           // zero if no file knows it
	foreign   bool              // it is signed by keys that Remit did not hand out
	anonymous bool              // nobody has signed it
	host      string            // that the client sent it to, and a foreign signature covers; empty in endpoint mode
	verified  bool              // its signature is by the sealed credentials, and right
	issue     issue             // of the credentials that its answer holds, if it does
	plane     bool              // it goes to what a customer made, at its own host: no upstream of its service stands in for that
	carried   []digest          // ids that it carries, issued by other calls

	account string               // a foreign key's
	bearer  *credentials.Bearer  // that the call was sent with; nil: none
	session *credentials.Session // that it is made under; nil: the function's own credentials
	least   bool                 // the call leaves to AWS how much the session may do that it asks for, and so to the manifest
	bound   bool                 // the role that it assumes gets the manifest for a session policy
	payload string               // what the body is signed as when it goes out
	body    []byte               // if it was buffered
	replay  bool                 // body is all of it: the call can be sent twice
}

// Read verifies r's signature and identifies the call: see [proxy.Cloud].
func (c *Cloud) Read(r *http.Request) (*proxy.Call, error) { return c.read(r, true, true) }

// Identify says what r asks for without verifying who signed it, or when.
// It is what `remit explain` shows; the proxy never sends what only Identify
// has seen.
func (c *Cloud) Identify(r *http.Request) (*proxy.Call, error) { return c.read(r, false, false) }

// IdentifyAsSent is Identify of a request as it left a client: one that nobody
// has signed is nobody's, as it is to Read, and not a call that the function is
// yet to sign.
func (c *Cloud) IdentifyAsSent(r *http.Request) (*proxy.Call, error) { return c.read(r, false, true) }

// read is the way from bytes to requests. What is not understood on it is an
// error, and an error is a denial.
func (c *Cloud) read(r *http.Request, verify, sent bool) (*proxy.Call, error) {
	p := &particulars{protocol: guess(r), target: r.RequestURI}
	call := &proxy.Call{Particulars: p}
	if published, ok := publishes(r, p); ok {
		return published, nil
	}
	in := &input{r: r, room: &c.room}
	if c.Manifest != nil {
		in.manifest = c.Manifest()
	}
	if c.Account != nil {
		in.account = c.Account()
	}
	defer in.leave()
	err := c.identify(in, call, p, verify, sent)
	if !verify || p.verified || p.foreign || p.anonymous {
		// An unread call may be sent too, where the manifest observes.
		err = errors.Join(err, in.settle(p))
	}
	if err != nil && p.anonymous {
		err = in.unsignedUnread(err)
	}
	return call, err
}

func (c *Cloud) identify(in *input, call *proxy.Call, p *particulars, verify, sent bool) error {
	r := in.r
	if err := in.parse(); err != nil {
		return err
	}

	// The host, where the client knows it, and the scope of the credential
	// say which service this is; where both speak they have to agree.
	sig, sigErr := sigv4.Read(r)
	if errors.Is(sigErr, sigv4.ErrVersion) {
		sig, sigErr = p.readVersion2(r, c.now())
	}
	if sigErr == nil {
		p.signature, in.scope = sig, sig.Scope
		in.streams = sig.Payload == sigv4.StreamingEvents || unsaid(r, sig)
		call.Service, call.Region = sig.Scope.Service, sig.Scope.Region
	}
	if errors.Is(sigErr, sigv4.ErrUnsigned) && isAnonymous(r.Header) {
		if r.URL.Host == "" {
			call.Service = in.unscoped()
		}
		p.anonymous = sent && (r.URL.Host != "" || call.Service != "")
	}
	if errors.Is(sigErr, sigv4.ErrUnsigned) && verify {
		if b, ok := c.bearer(r.Header); ok {
			p.bearer, call.Service = &b, b.Service
		}
	}
	if r.URL.Host != "" {
		p.host = r.Host
		var ok bool
		name, port, _ := strings.Cut(r.URL.Host, ":")
		if in.place, ok = placeOf(name); !ok {
			in.place, ok = in.customPlace(name)
		}
		if !ok || port != "" && port != "443" && (port != strconv.Itoa(neptunePort) || in.place.plane != "neptune") {
			return fmt.Errorf("%.120q is no host of a service that this version reads", r.URL.Host)
		}
		if errors.Is(sigErr, sigv4.ErrUnsigned) && p.bearer == nil && in.place.authorizes(r.Header) {
			p.anonymous = sent
		}
		call.Service = in.place.service
		if in.place.region != "" {
			call.Region = in.place.region
		}
		if in.place.resource == "" {
			// What is behind a customer's name is another's for all that is
			// known before the call is read: while observing too, nothing is
			// signed for it.
			call.Upstream = upstream(in.place.service, call.Region, in.place)
		}
	}
	if p.second != nil {
		if err := in.asVersion4(p, cmp.Or(c.buckets.of(in.place.bucket), c.Region)); err != nil {
			return err
		}
		call.Region = cmp.Or(call.Region, in.scope.Region)
	}
	svc, known := c.service(in, call.Service)
	if known {
		p.service, p.protocol = svc, svc.protocol
		if svc.query && !svc.tabled && len(r.Header.Values("X-Amz-Target")) == 0 {
			p.protocol = protocolQuery
		}
	}
	if verify {
		if err := c.verify(in, call, p, sigErr); err != nil {
			return err
		}
	}
	if sent {
		in.principal(call, p)
	}
	switch {
	case call.Service == "" && in.scope.Service == "":
		return errors.New("neither host nor signature says which service this call is to")
	case sig != nil && call.Service != "" && sig.Scope.Service != call.Service && (sig.Scope.Service != svc.name || !svc.tabled):
		return fmt.Errorf("the call goes to %q and is signed for %.40q", call.Service, sig.Scope.Service)
	case in.place.plane != "" && !known: // another API than the one that signs so
		return fmt.Errorf("%.120q is no host of a service that this version reads", in.place.host)
	case !known:
		return fmt.Errorf("service %.40q is not read by this version", cmp.Or(call.Service, in.scope.Service))
	case call.Region == "" && c.Region != "":
		call.Region = c.Region
	}
	if err := in.readRegion(call, sig); err != nil {
		return err
	}
	if err := in.ofOneAccount(); err != nil {
		return err
	}
	if call.Upstream == nil && !svc.tabled {
		call.Upstream = upstream(call.Service, call.Region, in.place)
	}
	if err := svc.read(in, call); err != nil {
		return err
	}
	if err := in.inflated(call.Operation); err != nil {
		return err
	}
	if len(call.Requests) == 0 {
		return fmt.Errorf("operation %q asks for nothing that can be granted", call.Operation)
	}
	if err := in.keep(call.Requests); err != nil {
		return err
	}
	p.carried = c.recall(in, call)
	p.issue = in.issues(call)
	p.mark(call)
	c.circumstances(call)
	return nil
}

// circumstances adds to each request what is known of every call: where it
// goes and when. (IAM User Guide, "AWS global condition context keys".)
func (c *Cloud) circumstances(call *proxy.Call) {
	now := c.now().UTC()
	at := c.clock.Load()
	if at == nil || at.second != now.Unix() {
		at = &second{now.Unix(), []string{now.Format(time.RFC3339)}, []string{strconv.FormatInt(now.Unix(), 10)}}
		c.clock.Store(at)
	}
	region := strings.Split(call.Region, ",")
	for i := range call.Requests {
		r := &call.Requests[i]
		if r.Context == nil {
			r.Context = make(map[string][]string, 3)
		}
		r.Context["aws:requestedregion"], r.Context["aws:currenttime"], r.Context["aws:epochtime"] = region, at.date, at.epoch
	}
}

// A second is written once for all calls in it.
type second struct {
	second      int64
	date, epoch []string
}

// verify checks the signature, and what it says of the body.
func (c *Cloud) verify(in *input, call *proxy.Call, p *particulars, sigErr error) error {
	if p.anonymous {
		return nil // there is none: only a grant for such calls allows it
	}
	if p.bearer != nil {
		return in.readBearer(call, p)
	}
	if sigErr != nil {
		_, versioned := in.param("SignatureVersion")
		if _, second := in.param("AWSAccessKeyId"); !versioned && p.service.name == "" && (second || errors.Is(sigErr, sigv4.ErrVersion)) {
			p.protocol = protocolS3 // which alone is signed so without saying it
		}
		if errors.Is(sigErr, sigv4.ErrVersion) {
			return unreadVersion2(in, sigErr)
		}
		if in.isForm() {
			p.protocol = protocolS3
			return &proxy.Refusal{Reason: proxy.BadSignature, Text: signedForm, Err: sigErr}
		}
		return &proxy.Refusal{Reason: proxy.BadSignature, Text: noSignature, Err: sigErr}
	}
	if p.second != nil {
		if err := in.onlyBuckets(); err != nil {
			return err
		}
	}
	sealed, ok := c.Sealed(p.signature.AccessKeyID)
	if !ok {
		var x credentials.Session
		if sealed, x, ok = c.sealer.Open(p.signature.AccessKeyID, p.signature.Token); ok {
			p.session = &x
		}
	}
	if !ok {
		p.foreign = true
		if c.Foreign != nil {
			if p.account, ok = c.Foreign(p.signature.AccessKeyID); ok {
				return p.asItCame()
			}
		}
		return &proxy.Refusal{Reason: proxy.ForeignCredentials, Text: fmt.Sprintf("access key %.32q was not handed out by Remit", p.signature.AccessKeyID)}
	}
	if err := p.ofService(); err != nil {
		return err
	}
	o := sigv4.Options{S3: p.service.s3, Now: c.now(), Keys: &c.keys}
	if err := in.payload(p, &o); err != nil {
		return err
	}
	var err error
	if p.second != nil {
		err = in.verifyVersion2(p, sealed, c.now())
	} else {
		err = p.signature.Verify(in.r, sealed, o)
	}
	if err == nil && in.streams && p.signature.Payload == "" {
		// From here on it is what all others are, and goes out as one.
		p.signature.Payload = sigv4.StreamingEvents
		err = sigv4.ErrChunks
	}
	if errors.Is(err, sigv4.ErrChunks) {
		// The body follows as it is sent: see signChunks. What the head says
		// of it is held to be right before anything is minted for it.
		if in.streams {
			_, err = p.signature.Events(in.r, sealed, o)
		} else {
			_, err = p.signature.Chunks(in.r, sealed, o)
		}
	}
	switch {
	case errors.Is(err, sigv4.ErrExpired):
		return &proxy.Refusal{Reason: proxy.BadSignature, Text: err.Error() + "; does the process set its own clock?", Err: err}
	case err != nil:
		return &proxy.Refusal{Reason: proxy.BadSignature, Text: "the signature is not valid", Err: err}
	}
	// Whether they have expired, AWS says best, in its own words; those of long
	// ago are not worth asking with.
	if x := p.session; x != nil && c.now().After(x.Expires.Add(sigv4.Skew)) {
		return &proxy.Refusal{Reason: proxy.BadSignature, Text: fmt.Sprintf("the credentials of %.160q expired at %s", x.Principal, x.Expires.UTC().Format(time.RFC3339))}
	}
	p.verified, p.sealed = true, sealed
	return nil
}

// payload says in o what the signature has to cover. A body that is neither
// hashed nor streamed in a mode that is known is refused.
func (in *input) payload(p *particulars, o *sigv4.Options) error {
	stated := p.signature.Payload
	switch {
	case in.streams && (p.service.name == "" || p.service.s3):
		return &proxy.Refusal{Reason: proxy.Unread, Text: "the call is an event stream, and its service takes none that is known"}
	case in.streams:
		// Whatever the service, its events are framed alike, and verified as
		// they are sent. The Go SDK does not say what its body is.
		if ct, err := in.header("Content-Type"); err != nil || ct != eventStream && ct != "" {
			return &proxy.Refusal{Reason: proxy.Unread, Text: fmt.Sprintf("content-type %.80q of a stream of events is not %q", ct, eventStream)}
		}
		if stated == "" {
			o.Body = emptyHash
		}
		return nil
	case p.signature.Chunked() && !p.service.s3:
		return &proxy.Refusal{Reason: proxy.Unread, Text: fmt.Sprintf("payload mode %q is for S3 alone", stated)}
	case p.service.s3 && (stated != "" || p.signature.Query):
		return nil // streamed: S3 itself compares a hash with the body
	case p.service.s3:
		return &proxy.Refusal{Reason: proxy.BadSignature, Text: "the call has no x-amz-content-sha256 header, which S3 demands"}
	case p.service.name == "" && stated != "":
		return nil // unread: it goes on, if it does, only because the manifest observes
	case stated == sigv4.Unsigned || stated == sigv4.StreamingUnsigned:
		return &proxy.Refusal{Reason: proxy.Unread, Text: fmt.Sprintf("payload mode %q is for S3 alone", stated)}
	}
	body, err := in.raw()
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	o.Body = hex.EncodeToString(sum[:])
	return nil
}

// unsaid reports whether r's body is a stream of signed events though its header
// does not say so: the Rust SDK signs what precedes one as if there was nothing
// behind it. A body that has a length is none.
func unsaid(r *http.Request, sig *sigv4.Signature) bool {
	ct := r.Header["Content-Type"]
	return sig.Payload == "" && !sig.Query && r.ContentLength < 0 && len(ct) == 1 && ct[0] == eventStream
}

// emptyHash is the SHA-256 of nothing.
const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// eventStream is what a stream of events says it is.
const eventStream = "application/vnd.amazon.eventstream"

// settle says what the body is signed as when it goes out, and checks one that
// was read against the hash that was signed: what was authorized is what is sent.
func (in *input) settle(p *particulars) error {
	if in.hasBody {
		p.body, p.replay = in.buffered, true
		sum := sha256.Sum256(in.buffered)
		p.payload = hex.EncodeToString(sum[:])
	} else if in.r.ContentLength == 0 {
		p.replay = true
	}
	if p.signature == nil {
		return nil
	}
	stated := p.signature.Payload
	if in.hasBody && len(stated) == 64 && stated != p.payload {
		return &proxy.Refusal{Reason: proxy.BadSignature, Text: "the body is not the one that was signed"}
	}
	if stated != "" {
		p.payload = stated
	} else if p.signature.Query && p.service.s3 {
		p.payload = sigv4.Unsigned
	}
	return nil
}

// guess says how to deny a call whose service is not known: as its body or its
// headers look.
func guess(r *http.Request) protocol {
	ct := r.Header.Get("Content-Type")
	switch {
	case strings.HasPrefix(ct, "application/x-amz-json-1.0"):
		return protocolJSON10
	case strings.HasPrefix(ct, "application/x-amz-json"), r.Header.Get("X-Amz-Target") != "", strings.HasPrefix(ct, "application/json"):
		return protocolJSON11
	case strings.HasPrefix(ct, "application/cbor"), r.Header.Get("Smithy-Protocol") != "":
		return protocolCBOR
	case r.Header.Get("X-Amz-Content-Sha256") != "" && ct == "":
		return protocolS3
	}
	return protocolQuery
}

func (c *Cloud) now() time.Time {
	if c.Now != nil {
		return c.Now()
	}
	return time.Now()
}

// Unsealed is the reason of a call that is granted and would be answered with
// credentials that AWS honours, which the function is not to hold.
const Unsealed manifest.Reason = "unsealed"
