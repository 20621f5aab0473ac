package aws

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/minio/minio-go/v7"
	miniocreds "github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
	"github.com/lambda-remit/remit/proxy/sigv4"
)

// A chunked is a proxy whose upstream takes objects in signed chunks, as S3
// does, and keeps those that ended.
type chunked struct {
	*rig
	address string // of the proxy
	answer  func(w http.ResponseWriter)

	mu      sync.Mutex
	objects map[string][]byte
	got     []*http.Request
	errs    []error // of uploads that did not end
	records []proxy.Record
}

// newChunked serves a proxy on the loopback. With h2, it speaks HTTP/2 to its
// upstream, over TLS.
func newChunked(t testing.TB, h2 bool) *chunked {
	t.Helper()
	c := &chunked{rig: newRig(t, thumbnails), objects: make(map[string][]byte)}
	upstream := httptest.NewUnstartedServer(http.HandlerFunc(c.take))
	upstream.EnableHTTP2 = h2
	transport := &http.Transport{DisableCompression: true, ExpectContinueTimeout: time.Second, ForceAttemptHTTP2: h2}
	if h2 {
		upstream.StartTLS()
		transport.TLSClientConfig = &tls.Config{RootCAs: upstream.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, ServerName: "example.com"}
	} else {
		upstream.Start()
	}
	t.Cleanup(upstream.Close)
	t.Cleanup(transport.CloseIdleConnections)
	u, err := url.Parse(upstream.URL)
	if err != nil {
		t.Fatal(err)
	}
	c.manifest.Upstreams["s3"], c.Transport = u, transport
	return c.serve(t)
}

func (c *chunked) serve(t testing.TB) *chunked {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c.address = ln.Addr().String()
	m := c.manifest
	s := &proxy.Server{Cloud: c.Cloud, Record: func(r proxy.Record) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.records = append(c.records, r)
	}}
	s.Manifest = func() *manifest.Manifest { return m }
	served := make(chan error, 1)
	go func() { served <- s.Serve(ln) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		<-served
	})
	return c
}

// take is S3's PutObject.
func (c *chunked) take(w http.ResponseWriter, r *http.Request) {
	s, err := sigv4.Read(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	c.rig.mu.Lock()
	m, ok := c.minted[s.AccessKeyID]
	c.rig.mu.Unlock()
	credentials := sigv4.Credentials{AccessKeyID: m.AccessKeyID, SecretAccessKey: m.SecretAccessKey, SessionToken: m.SessionToken}
	body := io.Reader(r.Body)
	if err = s.Verify(r, credentials, sigv4.Options{S3: true}); errors.Is(err, sigv4.ErrChunks) {
		body, err = s.Chunks(r, credentials, sigv4.Options{})
	}
	if err != nil || !ok {
		http.Error(w, fmt.Sprintf("%v, issued: %v", err, ok), http.StatusForbidden)
		return
	}
	var object bytes.Buffer
	_, err = io.Copy(&object, io.LimitReader(body, 1<<20)) // of the largest, only the beginning is kept
	if err == nil {
		_, err = io.Copy(io.Discard, body)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.got = append(c.got, r)
	if err != nil {
		c.errs = append(c.errs, err)
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	c.objects[r.URL.Path] = object.Bytes()
	w.Header().Set("Etag", `"0"`)
	if c.answer != nil {
		c.answer(w)
	}
}

// A stream is a body in chunks while a client signs it, over zeros. It signs
// with the SDK's signer of event streams, whose string to sign is a chunk's
// where an event has no headers.
type stream struct {
	signer *v4.StreamSigner
	at     time.Time
	chunk  []byte
	left   int
	spoil  func(n int, frame []byte) []byte // may change a frame; nil ends the stream before it

	n     int
	buf   []byte
	frame []byte // in buf
	err   error
}

func (s *stream) Read(p []byte) (int, error) {
	for len(s.frame) == 0 && s.err == nil {
		n := min(s.left, len(s.chunk))
		sig, err := s.signer.GetSignature(context.Background(), nil, s.chunk[:n], s.at)
		if err != nil {
			return 0, err
		}
		frame := fmt.Appendf(s.buf[:0], "%x;chunk-signature=%x\r\n", n, sig)
		frame = append(append(frame, s.chunk[:n]...), "\r\n"...)
		if s.left -= n; n == 0 {
			s.err = io.EOF
		}
		if s.n++; s.spoil != nil {
			frame = s.spoil(s.n, frame)
			if frame == nil {
				s.err = io.EOF
			}
		}
		s.buf, s.frame = frame, frame
	}
	n := copy(p, s.frame)
	if s.frame = s.frame[n:]; n == 0 {
		return 0, s.err
	}
	return n, nil
}

// put is a PutObject of size zeros in chunks, signed by the sealed keys.
func (c *chunked) put(t testing.TB, key string, size, chunk int, announced bool, spoil func(n int, frame []byte) []byte) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "PUT", "http://"+c.address+"/media/"+key, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Amz-Content-Sha256", sigv4.StreamingSigned)
	r.Header.Set("X-Amz-Decoded-Content-Length", fmt.Sprint(size))
	r.Header.Set("Content-Encoding", "aws-chunked")
	r.ContentLength = -1
	if announced {
		r.ContentLength = int64(size/chunk)*int64(chunk+len(fmt.Sprintf("%x", chunk))+85) + 86
		if rest := size % chunk; rest > 0 {
			r.ContentLength += int64(rest + len(fmt.Sprintf("%x", rest)) + 85)
		}
	}
	creds := sdk.Credentials{AccessKeyID: sealed.AccessKeyID, SecretAccessKey: sealed.SecretAccessKey, SessionToken: sealed.SessionToken}
	signer, now := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }), time.Now().UTC()
	if err := signer.SignHTTP(t.Context(), creds, r, sigv4.StreamingSigned, "s3", "eu-west-1", now); err != nil {
		t.Fatal(err)
	}
	_, value, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
	seed, err := hex.DecodeString(value)
	if err != nil {
		t.Fatal(err)
	}
	r.Body = io.NopCloser(&stream{signer: v4.NewStreamSigner(creds, "s3", "eu-west-1", seed), at: now, chunk: make([]byte, chunk), left: size, spoil: spoil})
	return r
}

// do sends r, and returns the answer and its body.
func (c *chunked) do(t testing.TB, r *http.Request) (*http.Response, string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

// record is the last one.
func (c *chunked) record(t testing.TB) proxy.Record {
	t.Helper()
	for range 1000 { // it is made after the answer
		c.mu.Lock()
		n := len(c.records)
		if n > 0 {
			defer c.mu.Unlock()
			return c.records[n-1]
		}
		c.mu.Unlock()
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("no record")
	return proxy.Record{}
}

// minioClient is a client that we did not write. Over http it signs chunks.
func (c *chunked) minioClient(t *testing.T, trailers bool) *minio.Client {
	t.Helper()
	client, err := minio.New(c.address, &minio.Options{
		Creds:  miniocreds.NewStaticV4(sealed.AccessKeyID, sealed.SecretAccessKey, sealed.SessionToken),
		Region: "eu-west-1", TrailingHeaders: trailers,
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}
