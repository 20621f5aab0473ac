package aws

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/minio/minio-go/v7"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
	"github.com/lambda-remit/remit/proxy/sigv4"
)

func TestChunksThatMinioGoSignsArriveUnderMintedCredentials(t *testing.T) {
	c := newChunked(t, false)
	for _, size := range []int{0, 1, 64 << 10, 64<<10 + 1, 1_000_000} {
		for _, trailer := range []bool{false, true} {
			key, payload := fmt.Sprintf("out/%d-%v", size, trailer), bytes.Repeat([]byte("remit "), size/6+1)[:size]
			options, mode := minio.PutObjectOptions{DisableMultipart: true}, sigv4.StreamingSigned
			if trailer && size > 0 { // of nothing, it sends no checksum
				options.Checksum, mode = minio.ChecksumCRC32C, sigv4.StreamingSignedTrailer
			}
			if _, err := c.minioClient(t, trailer).PutObject(t.Context(), "media", key, bytes.NewReader(payload), int64(size), options); err != nil {
				t.Errorf("%s: %v", key, err)
				continue
			}
			c.mu.Lock()
			if got := c.objects["/media/"+key]; !bytes.Equal(got, payload) {
				t.Errorf("%s: %d bytes arrived, want %d", key, len(got), size)
			}
			r := c.got[len(c.got)-1]
			if got := r.Header.Get("X-Amz-Content-Sha256"); got != mode {
				t.Errorf("%s: arrived as %s, want %s", key, got, mode)
			}
			if got, want := r.Header.Get("X-Amz-Decoded-Content-Length"), fmt.Sprint(size); got != want {
				t.Errorf("%s: decoded length %s, want %s", key, got, want)
			}
			if got := r.Header.Get("X-Amz-Trailer"); (got != "") != (mode == sigv4.StreamingSignedTrailer) {
				t.Errorf("%s: trailer %q", key, got)
			}
			c.mu.Unlock()
		}
	}
	_, err := c.minioClient(t, true).PutObject(t.Context(), "media", "in/no", strings.NewReader("hello"), 5, minio.PutObjectOptions{})
	if got := minio.ToErrorResponse(err); got.Code != "AccessDenied" || !strings.Contains(got.Message, "s3:PutObject") {
		t.Errorf("got %v, want AccessDenied", err)
	}
}

func TestABadChunkBreaksTheUploadAndIsDenied(t *testing.T) {
	for _, h2 := range []bool{false, true} {
		c := newChunked(t, h2)
		for _, announced := range []bool{false, true} {
			for _, test := range []struct {
				name  string
				spoil func(n int, frame []byte) []byte
				err   string
			}{
				{"a byte of the third", func(n int, frame []byte) []byte {
					if n == 3 {
						frame[1000] ^= 1
					}
					return frame
				}, "chunk 3: the signature does not match"},
				{"the signature of the last", func(n int, frame []byte) []byte {
					if n == 6 {
						frame[20] ^= 1
					}
					return frame
				}, "chunk 6: the signature does not match"},
				{"an end before the end", func(n int, frame []byte) []byte {
					if n == 4 && !announced {
						return nil // as announced, it is the client that breaks off
					}
					if n == 4 {
						copy(frame, "0;")
					}
					return frame
				}, "chunk 4: it"},
				{"framing", func(n int, frame []byte) []byte {
					if n == 2 {
						frame[4] = ','
					}
					return frame
				}, "chunk 2: its size is not followed by its signature alone"},
			} {
				name := fmt.Sprintf("%s, HTTP/2: %v, announced: %v", test.name, h2, announced)
				c.mu.Lock()
				c.errs, c.records = nil, nil
				c.mu.Unlock()
				resp, body := c.do(t, c.put(t, "out/a", 320_000, 64<<10, announced, test.spoil))
				var denied struct {
					XMLName       xml.Name `xml:"Error"`
					Code, Message string
				}
				if err := xml.Unmarshal([]byte(body), &denied); err != nil || resp.StatusCode != 403 || denied.Code != "AccessDenied" || !strings.Contains(denied.Message, "the body is not the one that was signed") {
					t.Errorf("%s: got %s %s: %v", name, resp.Status, body, err)
				}
				r := c.record(t)
				if r.Decision.Allowed || r.Decision.Reason != proxy.BadSignature || r.Err == nil || !strings.Contains(r.Err.Error(), test.err) || r.Status != 403 {
					t.Errorf("%s: recorded %v, %v, want %s and %q", name, r.Decision.Reason, r.Err, proxy.BadSignature, test.err)
				}
				for range 1000 { // the upstream reads on its own
					c.mu.Lock()
					n := len(c.errs)
					c.mu.Unlock()
					if n > 0 {
						break
					}
					time.Sleep(10 * time.Millisecond)
				}
				c.mu.Lock()
				if len(c.errs) != 1 || len(c.objects) != 0 {
					t.Errorf("%s: %d uploads broke and %d ended, want the one to break", name, len(c.errs), len(c.objects))
				} else if err := c.errs[0]; errors.Is(err, sigv4.ErrPayload) {
					t.Errorf("%s: the upstream saw the body end, and then %v", name, err)
				}
				c.mu.Unlock()
			}
		}
		resp, body := c.do(t, c.put(t, "out/a", 320_000, 64<<10, true, nil))
		if resp.StatusCode != 200 || len(c.objects["/media/out/a"]) != 320_000 {
			t.Errorf("and a good one: %s %s", resp.Status, body)
		}
	}
}

func TestAnUploadInChunksIsSentOnce(t *testing.T) {
	c := newChunked(t, false)
	c.answer = func(w http.ResponseWriter) {
		w.WriteHeader(http.StatusForbidden)
		io.WriteString(w, "<Error><Code>ExpiredToken</Code></Error>")
	}
	resp, body := c.do(t, c.put(t, "out/a", 1000, 64<<10, true, nil))
	if resp.StatusCode != 503 || !strings.Contains(body, "SlowDown") || len(c.got) != 1 {
		t.Errorf("got %s %s after %d were sent, want the client to try again after the one", resp.Status, body, len(c.got))
	}
}

// TestMemoryIsFlatWhenAHundredMegabytesPassInChunks counts what both ends
// allocate, too.
func TestMemoryIsFlatWhenAHundredMegabytesPassInChunks(t *testing.T) {
	c := newChunked(t, false)
	c.do(t, c.put(t, "out/warm", 1<<20, 128<<10, true, nil))
	upload := c.put(t, "out/large", 100_000_000, 128<<10, true, nil)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	resp, body := c.do(t, upload)
	runtime.ReadMemStats(&after)
	if resp.StatusCode != 200 {
		t.Fatalf("got %s %s", resp.Status, body)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 16<<20 {
		t.Errorf("%d bytes were allocated, want less than 16 MB", took)
	}
}

func TestChunksAreRefusedWhereTheyAreNotVerified(t *testing.T) {
	rig := newRig(t, thumbnails)
	length := []string{"X-Amz-Decoded-Content-Length", "1"}
	with := func(header ...string) []string { return append(length[:2:2], header...) }
	for _, test := range []struct {
		name, service, method, target, payload string
		header                                 []string
		reason                                 manifest.Reason
		text                                   string
	}{
		{"events", "s3", "PUT", "/media/out/a", sigv4.StreamingEvents, length, proxy.Unread, "event stream"},
		{"4A", "s3", "PUT", "/media/out/a", "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD", length, proxy.BadSignature, "another version of the signature"},
		{"4A with a trailer", "s3", "PUT", "/media/out/a", "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER", length, proxy.BadSignature, "another version of the signature"},
		{"another service", "sns", "POST", "/", sigv4.StreamingSigned, with("X-Amz-Content-Sha256", sigv4.StreamingSigned), proxy.Unread, "is for S3 alone"},
		{"no length", "s3", "PUT", "/media/out/a", sigv4.StreamingSigned, nil, proxy.BadSignature, "X-Amz-Decoded-Content-Length"},
		{"no trailer", "s3", "PUT", "/media/out/a", sigv4.StreamingSignedTrailer, length, proxy.BadSignature, "needs an X-Amz-Trailer"},
		{"a trailer in the other mode", "s3", "PUT", "/media/out/a", sigv4.StreamingSigned, with("X-Amz-Trailer", "x-amz-checksum-crc32"), proxy.BadSignature, "announces a trailer"},
		{"a trailer that is no checksum", "s3", "PUT", "/media/out/a", sigv4.StreamingSignedTrailer, with("X-Amz-Trailer", "x-amz-acl"), "", "is no checksum"},
		{"a body that is read", "s3", "POST", "/media?delete=", sigv4.StreamingSigned, length, "", "has to be read"},
	} {
		_, err := rig.Read(signed(t, sealed, test.service, test.method, test.target, "x", test.payload, test.header...))
		var refusal *proxy.Refusal
		if errors.As(err, &refusal); err == nil || !strings.Contains(err.Error(), test.text) || test.reason != "" && (refusal == nil || refusal.Reason != test.reason) {
			t.Errorf("%s: got %v, want %s with %q", test.name, err, test.reason, test.text)
		}
	}
}

// TestSignatureVersion2IsRefusedInS3sWords denies URLs that are signed by it with
// other keys, and all that is signed by it in a header.
func TestSignatureVersion2IsRefusedInS3sWords(t *testing.T) {
	rig := newRig(t, thumbnails)
	for _, host := range []string{"", "https://media.s3.eu-west-1.amazonaws.com"} {
		for _, request := range []string{
			"GET /in/a?AWSAccessKeyId=ASIASEALED&Signature=x%3D&Expires=1900000000&x-amz-security-token=t HTTP/1.1\r\nHost: h\r\n\r\n",
			"GET /in/a HTTP/1.1\r\nHost: h\r\nDate: Sat, 21 Nov 2026 16:49:03 GMT\r\nAuthorization: AWS ASIASEALED:x=\r\n\r\n",
		} {
			r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(request)))
			if err != nil {
				t.Fatal(err)
			}
			if r.URL, err = url.Parse(host); err != nil {
				t.Fatal(err)
			}
			call, err := rig.Read(r)
			var refusal *proxy.Refusal
			if !errors.As(err, &refusal) || refusal.Reason != proxy.BadSignature {
				t.Errorf("%s%.20s: got %v, want %s", host, request, err, proxy.BadSignature)
				continue
			}
			w := httptest.NewRecorder()
			rig.Deny(w, r, call, proxy.Denial{ID: "d-7f3a91c2", Reason: refusal.Reason, Text: refusal.Text})
			var denied struct {
				XMLName                  xml.Name `xml:"Error"`
				Code, Message, RequestId string
			}
			if err := xml.Unmarshal(w.Body.Bytes(), &denied); err != nil || w.Code != 403 || denied.Code != "AccessDenied" || denied.RequestId != "d-7f3a91c2" {
				t.Errorf("%s%.20s: got %d %s: %v", host, request, w.Code, w.Body, err)
			}
			for _, way := range []string{`Config(signature_version="s3v4")`, "default.s3.signature_version s3v4"} {
				if strings.Contains(request, "Authorization: AWS") && !strings.Contains(denied.Message, way) {
					t.Errorf("%s%.20s: message %q does not say %q", host, request, denied.Message, way)
				}
			}
		}
	}
	// Other services' version 2 says that it is, and is denied in their words.
	r := served(httptest.NewRequest("GET", "/", nil), "/?Action=ListTopics&SignatureVersion=2&AWSAccessKeyId=ASIASEALED&Signature=x")
	call, err := rig.Read(r)
	if p := call.Particulars.(*particulars); err == nil || p.protocol != protocolQuery {
		t.Errorf("a query of version 2: got %v in protocol %s", err, p.protocol)
	}
}

// BenchmarkUpload puts 16 MB in chunks: directly, to an upstream that knows the
// sealed keys, and through the proxy. What the two ends hash and sign is the
// same in both.
func BenchmarkUpload(b *testing.B) {
	const size, chunk = 16 << 20, 128 << 10
	through := newChunked(b, false)
	through.minted[sealed.AccessKeyID] = sdk.Credentials{AccessKeyID: sealed.AccessKeyID, SecretAccessKey: sealed.SecretAccessKey, SessionToken: sealed.SessionToken}
	direct := &chunked{address: through.manifest.Upstreams["s3"].Host}
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for _, way := range []struct {
		name string
		*chunked
	}{{"direct", direct}, {"remit", through}} {
		b.Run(way.name, func(b *testing.B) {
			b.SetBytes(size)
			for b.Loop() {
				resp, err := client.Do(way.put(b, "out/a", size, chunk, true, nil))
				if err != nil {
					b.Fatal(err)
				}
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
				if resp.StatusCode != 200 {
					b.Fatal(resp.Status)
				}
			}
		})
	}
}
