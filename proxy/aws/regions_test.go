package aws

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/lambda-remit/remit/proxy"
	"github.com/lambda-remit/remit/proxy/aws/awstest"
	"github.com/lambda-remit/remit/proxy/sigv4"
)

const (
	multiRegion     = "arn:aws:s3::" + awstest.Account + ":accesspoint/mfzwi23gnjvgw.mrap"
	multiRegionHost = "mfzwi23gnjvgw.mrap.accesspoint.s3-global.amazonaws.com"
)

const everywhere = `
function: thumbnails
credentials: {role: "` + awstest.RoleARN + `"}
permissions:
  object_storage: {bucket: "` + multiRegion + `", read_prefix: in/, write_prefix: out/, list_prefix: in/}
`

// through is an SDK's transport that hands each request to the rig as the proxy
// would that answers for its host.
type through struct{ rig *rig }

func (t through) RoundTrip(r *http.Request) (*http.Response, error) {
	in := r.Clone(r.Context())
	in.RequestURI = r.URL.RequestURI()
	in.URL = &url.URL{Scheme: "https", Host: r.URL.Host}
	in.Host = r.URL.Host
	if in.Body == nil {
		in.Body = http.NoBody
	}
	resp, _, err := t.rig.do(in)
	if err != nil {
		return nil, err
	}
	resp.Body = http.NoBody
	return resp, nil
}

func (rig *rig) s3(t *testing.T) *s3.Client {
	return s3.New(s3.Options{
		Region:           "eu-west-1",
		Credentials:      credentials.NewStaticCredentialsProvider(sealed.AccessKeyID, sealed.SecretAccessKey, sealed.SessionToken),
		HTTPClient:       &http.Client{Transport: through{rig}},
		RetryMaxAttempts: 1,
	})
}

// TestMultiRegionAccessPointsAreCalledByTheSDK has the Go SDK call one, which
// signs with version 4A for all regions.
func TestMultiRegionAccessPointsAreCalledByTheSDK(t *testing.T) {
	rig := newRig(t, everywhere)
	client := rig.s3(t)
	for name, call := range map[string]struct {
		do      func() error
		method  string
		policy  string // what the session policy has to name
		payload string
	}{
		"get": {func() error {
			_, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: sdk.String(multiRegion), Key: sdk.String("in/a b+ü.jpg")})
			return err
		}, "GET", multiRegion + `/object/in/a b+\u00fc.jpg"`, ""},
		"put": {func() error {
			_, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: sdk.String(multiRegion), Key: sdk.String("out/a"), Body: strings.NewReader("hello"), Metadata: map[string]string{"a": "b  c"}})
			return err
		}, "PUT", multiRegion + "/object/out/a", sigv4.Unsigned},
		"list": {func() error {
			_, err := client.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: sdk.String(multiRegion), Prefix: sdk.String("in/")})
			return err
		}, "GET", multiRegion + `"`, ""},
		"presigned": {func() error {
			signed, err := s3.NewPresignClient(client).PresignGetObject(t.Context(), &s3.GetObjectInput{Bucket: sdk.String(multiRegion), Key: sdk.String("in/a")})
			if err != nil {
				return err
			}
			r, err := http.NewRequest(signed.Method, signed.URL, nil)
			if err != nil {
				return err
			}
			_, err = through{rig}.RoundTrip(r)
			return err
		}, "GET", multiRegion + "/object/in/a", ""},
	} {
		if err := call.do(); err != nil && !strings.Contains(err.Error(), "deserialization failed") {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := rig.last(t)
		s, err := sigv4.Read(got)
		if err != nil {
			t.Fatal(err)
		}
		if !s.Asymmetric || strings.Join(s.Regions, ",") != "*" || got.Host != multiRegionHost || got.Method != call.method {
			t.Errorf("%s: got %s to %s, asymmetric: %v, regions %q", name, got.Method, got.Host, s.Asymmetric, s.Regions)
		}
		if call.payload != "" && s.Payload != call.payload {
			t.Errorf("%s: got payload %q, want %q", name, s.Payload, call.payload)
		}
		asked := rig.sts.Asked()
		if policy := asked[len(asked)-1].Policy; !strings.Contains(policy, call.policy) {
			t.Errorf("%s: the session policy is\n%s\nand names no %s", name, policy, call.policy)
		}
	}
	if got := rig.bodies; !strings.Contains(strings.Join(got, ""), "hello") {
		t.Errorf("the body went lost: %q", got)
	}
}

// asymmetric is a request signed with version 4A, as the proxy hands it to Read.
func asymmetric(t testing.TB, c sigv4.Credentials, service, regions, method, target, host, body, payload string, header ...string) *http.Request {
	t.Helper()
	r := &http.Request{
		Method: method, RequestURI: target, URL: &url.URL{}, Host: host, Header: http.Header{}, ProtoMajor: 1, ProtoMinor: 1,
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
	if host != "" {
		r.URL = &url.URL{Scheme: "https", Host: host}
	} else {
		r.Host = "127.0.0.1:9001"
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	if service == "s3" {
		r.Header.Set("X-Amz-Content-Sha256", payload)
	}
	s := &sigv4.Signature{Asymmetric: true, Scope: sigv4.Scope{Service: service}, Regions: strings.Split(regions, ","), Payload: payload}
	if _, err := s.Resign(r, c, sigv4.Options{S3: service == "s3", Now: time.Now()}); err != nil {
		t.Fatal(err)
	}
	return r.WithContext(t.Context())
}

func TestCallsGoOnlyToTheRegionsThatTheyAreSignedFor(t *testing.T) {
	rig := newRig(t, strings.Replace(thumbnails, "bucket: media", `bucket: ["arn:aws:s3:::media"]`, 1))
	for _, tt := range []struct {
		name, regions, host, target string
		region, upstream, err       string
	}{
		{"endpoint, one region", "us-east-1", "", "/media/in/a", "us-east-1", "s3.us-east-1.amazonaws.com", ""},
		{"endpoint, all", "*", "", "/media/in/a", "eu-west-1", "s3.eu-west-1.amazonaws.com", ""},
		{"endpoint, several with ours", "us-east-1,eu-west-1", "", "/media/in/a", "eu-west-1", "s3.eu-west-1.amazonaws.com", ""},
		{"endpoint, several without ours", "us-east-1,us-east-2", "", "/media/in/a", "", "", `signature for "us-east-1,us-east-2"`},
		{"a region's host, all", "*", "media.s3.us-east-2.amazonaws.com", "/in/a", "us-east-2", "media.s3.us-east-2.amazonaws.com", ""},
		{"a region's host, its own", "us-east-2", "media.s3.us-east-2.amazonaws.com", "/in/a", "us-east-2", "media.s3.us-east-2.amazonaws.com", ""},
		{"a region's host, another", "us-east-1", "media.s3.us-east-2.amazonaws.com", "/in/a", "", "", `the host is in "us-east-2" and the signature for "us-east-1"`},
		{"no region", "nowhere", "", "/media/in/a", "", "", `region "nowhere" is not a region`},
		{"another partition", "cn-north-1", multiRegionHost, "/in/a", "", "", `the host is in partition "aws" and the signature for region "cn-north-1"`},
		{"two partitions", "eu-west-1,cn-north-1", multiRegionHost, "/in/a", "", "", `the host is in partition "aws" and the signature for region "cn-north-1"`},
		{"several", "eu-west-1,us-east-1", multiRegionHost, "/in/a", "eu-west-1,us-east-1", multiRegionHost, ""},
	} {
		call, err := rig.Read(asymmetric(t, sealed, "s3", tt.regions, "GET", tt.target, tt.host, "", sigv4.Unsigned))
		if tt.err != "" {
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%s: got %v, want %q", tt.name, err, tt.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if call.Region != tt.region || call.Upstream.Host != tt.upstream {
			t.Errorf("%s: got %s at %s, want %s at %s", tt.name, call.Region, call.Upstream.Host, tt.region, tt.upstream)
		}
		if got := strings.Join(call.Requests[0].Context["aws:requestedregion"], ","); got != tt.region {
			t.Errorf("%s: got aws:RequestedRegion %q, want %q", tt.name, got, tt.region)
		}
	}
}

func TestMultiRegionAccessPointsTakeNoOtherSignature(t *testing.T) {
	rig := newRig(t, everywhere)
	for name, change := range map[string]func(*http.Request) *http.Request{
		"version 4": func(*http.Request) *http.Request {
			r := signed(t, sealed, "s3", "GET", "/in/a", "", "")
			r.URL = &url.URL{Scheme: "https", Host: multiRegionHost}
			return r
		},
		"another region set": func(r *http.Request) *http.Request { r.Header.Set("X-Amz-Region-Set", "eu-west-1"); return r },
		"no region set":      func(r *http.Request) *http.Request { r.Header.Del("X-Amz-Region-Set"); return r },
		"another key": func(r *http.Request) *http.Request {
			return asymmetric(t, sigv4.Credentials{AccessKeyID: sealed.AccessKeyID, SecretAccessKey: "x", SessionToken: sealed.SessionToken}, "s3", "*", "GET", "/in/a", multiRegionHost, "", sigv4.Unsigned)
		},
		"another service": func(r *http.Request) *http.Request {
			return asymmetric(t, sealed, "sns", "*", "GET", "/in/a", multiRegionHost, "", sigv4.Unsigned)
		},
		"a header that is not signed": func(r *http.Request) *http.Request { r.Header.Set("X-Amz-Acl", "public-read"); return r },
		"another host": func(r *http.Request) *http.Request {
			r.Host = "another.mrap.accesspoint.s3-global.amazonaws.com"
			return r
		},
	} {
		call, err := rig.Read(change(asymmetric(t, sealed, "s3", "*", "GET", "/in/a", multiRegionHost, "", sigv4.Unsigned)))
		if err == nil {
			t.Errorf("%s: read as %v", name, call.Requests)
		}
		if _, _, err := rig.Send(&http.Request{Header: http.Header{}, URL: &url.URL{}}, call, rig.manifest, rig.manifest.Decide(call.Requests...)); err == nil {
			t.Errorf("%s: it was sent", name)
		}
	}
	if len(rig.got) != 0 {
		t.Errorf("%d requests reached the upstream", len(rig.got))
	}
}

// TestChunksOf4AGoOnUnderOtherSignatures sends what AWS's SDK for Java does
// over http: chunks of version 4A.
func TestChunksOf4AGoOnUnderOtherSignatures(t *testing.T) {
	rig := newRig(t, everywhere)
	for _, spoil := range []bool{false, true} {
		r := asymmetric(t, sealed, "s3", "*", "PUT", "/out/a", multiRegionHost, "", sigv4.StreamingAsymmetric, "X-Amz-Decoded-Content-Length", "5", "Content-Encoding", "aws-chunked")
		seed, err := sigv4.Read(r)
		if err != nil {
			t.Fatal(err)
		}
		body := chunksOf4A(t, sealed, seed, []byte("hello"))
		if spoil {
			body = bytes.Replace(body, []byte("hello"), []byte("jello"), 1)
		}
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		_, _, err = rig.do(r)
		if spoil {
			var refusal *proxy.Refusal
			if !errors.As(err, &refusal) || refusal.Reason != proxy.BadSignature {
				t.Errorf("spoilt: got %v, want %s", err, proxy.BadSignature)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		rig.mu.Lock()
		// A copy: the server looks at its own once more.
		got, sent := rig.got[len(rig.got)-1].Clone(t.Context()), rig.bodies[len(rig.bodies)-1]
		rig.mu.Unlock()
		s, err := sigv4.Read(got)
		if err != nil {
			t.Fatal(err)
		}
		m := rig.minted[s.AccessKeyID]
		c := sigv4.Credentials{AccessKeyID: m.AccessKeyID, SecretAccessKey: m.SecretAccessKey, SessionToken: m.SessionToken}
		if err := s.Verify(got, c, sigv4.Options{S3: true}); !errors.Is(err, sigv4.ErrChunks) {
			t.Fatalf("got %v, want %v", err, sigv4.ErrChunks)
		}
		got.Body = io.NopCloser(strings.NewReader(sent))
		chunks, err := s.Chunks(got, c, sigv4.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if payload, err := io.ReadAll(chunks); string(payload) != "hello" || err != nil {
			t.Errorf("got %q, %v", payload, err)
		}
	}
}

// chunksOf4A is payload in one chunk and the last, as AWS tells it: each
// signature over the one before without padding, and padded.
func chunksOf4A(t testing.TB, c sigv4.Credentials, seed *sigv4.Signature, payload []byte) []byte {
	t.Helper()
	key := keyPairOf(t, c)
	previous := seed.Value
	var body []byte
	for _, chunk := range [][]byte{payload, nil} {
		of, empty := sha256.Sum256(chunk), sha256.Sum256(nil)
		text := fmt.Sprintf("AWS4-ECDSA-P256-SHA256-PAYLOAD\n%s\n%s/s3/aws4_request\n%s\n%x\n%x", seed.Time.Format("20060102T150405Z"), seed.Scope.Date, previous, empty, of)
		hash := sha256.Sum256([]byte(text))
		der, err := ecdsa.SignASN1(rand.Reader, key, hash[:])
		if err != nil {
			t.Fatal(err)
		}
		previous = hex.EncodeToString(der)
		body = fmt.Appendf(body, "%x;chunk-signature=%s\r\n%s\r\n", len(chunk), previous+strings.Repeat("*", 144-len(previous)), chunk)
	}
	return body
}

// keyPairOf derives a key pair with HMAC and big integers alone. (FIPS 186-4,
// B.4.2; its first candidate does but for one in four thousand million.)
func keyPairOf(t testing.TB, c sigv4.Credentials) *ecdsa.PrivateKey {
	t.Helper()
	mac := hmac.New(sha256.New, []byte("AWS4A"+c.SecretAccessKey))
	io.WriteString(mac, "\x00\x00\x00\x01AWS4-ECDSA-P256-SHA256\x00"+c.AccessKeyID+"\x01\x00\x00\x01\x00")
	d := new(big.Int).SetBytes(mac.Sum(nil))
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), d.Add(d, big.NewInt(1)).FillBytes(make([]byte, 32)))
	if err != nil {
		t.Fatal(err)
	}
	return key
}
