package sigv4

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// An upload is a body to be sent in chunks. What signs it here shares no code
// with the package: the SDK's signer of event streams, whose string to sign is
// a chunk's where an event has no headers, and for trailers the specification
// step by step.
type upload struct {
	payload     []byte
	sizes       []int    // of the chunks; the last goes on to the end
	trailer     []string // lines
	separator   string   // between the trailer's lines; empty: CRLF
	upper       bool     // sizes are in capitals, as .NET's are
	credentials Credentials
}

func (u upload) mode() string {
	if len(u.trailer) > 0 {
		return StreamingSignedTrailer
	}
	return StreamingSigned
}

// frames are the upload's chunks as they go over the wire, the last with all
// that follows it.
func (u upload) frames(t testing.TB, seed string, at time.Time) [][]byte {
	t.Helper()
	raw, err := hex.DecodeString(seed)
	if err != nil {
		t.Fatal(err)
	}
	signer := v4.NewStreamSigner(aws.Credentials{AccessKeyID: u.credentials.AccessKeyID, SecretAccessKey: u.credentials.SecretAccessKey}, "s3", "eu-west-1", raw)
	previous := seed
	frame := func(data []byte) []byte {
		sig, err := signer.GetSignature(context.Background(), nil, data, at)
		if err != nil {
			t.Fatal(err)
		}
		previous = hex.EncodeToString(sig)
		size := fmt.Sprintf("%x", len(data))
		if u.upper {
			size = strings.ToUpper(size)
		}
		return append([]byte(size+";chunk-signature="+previous+"\r\n"), data...)
	}
	var all [][]byte
	rest := u.payload
	for i := 0; len(rest) > 0; i++ {
		n := len(rest)
		if i < len(u.sizes) {
			n = min(u.sizes[i], n)
		} else if len(u.sizes) > 0 {
			n = min(u.sizes[len(u.sizes)-1], n)
		}
		all = append(all, append(frame(rest[:n]), "\r\n"...))
		rest = rest[n:]
	}
	last := frame(nil)
	if len(u.trailer) > 0 {
		separator := u.separator
		if separator == "" {
			separator = "\r\n"
		}
		var canonical string
		for _, line := range u.trailer {
			last = append(last, line+separator...)
			canonical += line + "\n"
		}
		last = append(last, "x-amz-trailer-signature:"+trailerSignature(u.credentials.SecretAccessKey, at, previous, canonical)+"\r\n"...)
	}
	return append(all, append(last, "\r\n"...))
}

// trailerSignature signs a trailer, step by step.
func trailerSignature(secret string, at time.Time, previous, canonical string) string {
	sum := func(key, data string) string {
		mac := hmac.New(sha256.New, []byte(key))
		io.WriteString(mac, data)
		return string(mac.Sum(nil))
	}
	day := at.Format("20060102")
	key := sum(sum(sum(sum("AWS4"+secret, day), "eu-west-1"), "s3"), "aws4_request")
	return hex.EncodeToString([]byte(sum(key, "AWS4-HMAC-SHA256-TRAILER\n"+at.Format("20060102T150405Z")+"\n"+day+"/eu-west-1/s3/aws4_request\n"+previous+"\n"+hash([]byte(canonical)))))
}

// request is the request that the upload goes with, verified, and its seed.
func (u upload) request(t testing.TB) (*http.Request, *Signature) {
	t.Helper()
	c := call{
		method: "PUT", target: "/b/k", host: "s3.eu-west-1.amazonaws.com", payload: u.mode(), s3: true, credentials: u.credentials,
		header: http.Header{"X-Amz-Decoded-Content-Length": {fmt.Sprint(len(u.payload))}},
	}
	if len(u.trailer) > 0 {
		var names []string
		for _, line := range u.trailer {
			name, _, _ := strings.Cut(line, ":")
			names = append(names, name)
		}
		c.header["X-Amz-Trailer"] = []string{strings.Join(names, ", ")}
	}
	r, s := c.signature(t)
	if err := s.Verify(r, c.credentials, Options{S3: true, Now: signedAt}); !errors.Is(err, ErrChunks) {
		t.Fatalf("got %v, want %v", err, ErrChunks)
	}
	return r, s
}

// chunks reads body as the upload's.
func (u upload) chunks(t testing.TB, body io.Reader, o Options) *ChunkReader {
	t.Helper()
	r, s := u.request(t)
	r.Body = io.NopCloser(body)
	c, err := s.Chunks(r, u.credentials, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (u upload) wire(t testing.TB) []byte {
	t.Helper()
	_, s := u.request(t)
	return bytes.Join(u.frames(t, s.Value, signedAt), nil)
}

// somePayload is noise that is the same in every run.
func somePayload(n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{7}).Read(b)
	return b
}

// uploads are what clients send, and what else they may.
func uploads() map[string]upload {
	crc := []string{"x-amz-checksum-crc32:NhCmhg=="}
	all := map[string]upload{
		"nothing":                      {},
		"nothing, trailer":             {trailer: crc},
		"one byte":                     {payload: somePayload(1)},
		"one chunk":                    {payload: somePayload(70_000)},
		"minio-go":                     {payload: somePayload(300_000), sizes: []int{64 << 10}},
		"minio-go, trailer":            {payload: somePayload(300_000), sizes: []int{64 << 10}, trailer: crc, separator: "\n\r\n"},
		"Java":                         {payload: somePayload(300_000), sizes: []int{128 << 10}},
		"Java, trailer":                {payload: somePayload(300_000), sizes: []int{128 << 10}, trailer: crc},
		".NET":                         {payload: somePayload(300_000), sizes: []int{80 << 10}, upper: true, trailer: crc},
		"as large as the first buffer": {payload: somePayload(2*small + 1), sizes: []int{small - 89, small - 88, small}},
		"large":                        {payload: somePayload(3<<20 + 1), sizes: []int{3 << 20, 1}},
		"the largest":                  {payload: somePayload(MaxChunk)},
		"tiny":                         {payload: somePayload(100), sizes: []int{1}},
		"small and large by turns":     {payload: somePayload(900_000), sizes: []int{1, 400_000, 16, 300_000, 17}},
		"two trailers":                 {payload: somePayload(10), trailer: []string{"x-amz-checksum-crc32:a", "x-amz-checksum-crc32c:b"}},
		"names that sort by their end": {payload: somePayload(10), trailer: []string{"x-amz-a:1", "x-amz-a-b:2"}},
	}
	for name, u := range all {
		u.credentials = someCredentials()
		all[name] = u
	}
	return all
}

// someSeed is the signature of a request on its way out.
func someSeed() (*Signature, Credentials) {
	return &Signature{
		Scope: Scope{"20261122", "eu-west-1", "s3"}, Time: time.Date(2026, 11, 22, 0, 0, 1, 0, time.UTC), Value: hash([]byte("seed")),
	}, Credentials{"ASIAMINTED", "another secret", "another token"}
}
