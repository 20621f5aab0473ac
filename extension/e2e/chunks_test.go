package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/lambda-remit/remit/extension/environ"
)

// minioClient is minio-go by the endpoint, which is http: so it signs chunks.
// It gets its credentials as any SDK does.
func minioClient(t *testing.T, h environ.Handshake, transport http.RoundTripper) *minio.Client {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", h.CredentialsURI, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", h.Token)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var sealed struct{ AccessKeyId, SecretAccessKey, Token string }
	if err := json.NewDecoder(resp.Body).Decode(&sealed); err != nil || sealed.AccessKeyId == "" {
		t.Fatalf("no credentials: %s, %v", resp.Status, err)
	}
	client, err := minio.New(h.Proxy, &minio.Options{
		Creds:  credentials.NewStaticV4(sealed.AccessKeyId, sealed.SecretAccessKey, sealed.Token),
		Region: "eu-west-1", TrailingHeaders: true, Transport: transport, MaxRetries: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// A signedChunks is a transport that counts requests by payload mode, and may
// flip a byte of a body on its way.
type signedChunks struct {
	flip int64 // the byte; 0: none

	mu    sync.Mutex // parts go up at once
	modes map[string]int
}

func (s *signedChunks) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	s.modes[r.Header.Get("X-Amz-Content-Sha256")]++
	s.mu.Unlock()
	if s.flip > 0 && r.Body != nil {
		r = r.Clone(r.Context())
		r.Body = &flipped{ReadCloser: r.Body, at: s.flip}
	}
	return http.DefaultTransport.RoundTrip(r)
}

type flipped struct {
	io.ReadCloser
	at int64
}

func (f *flipped) Read(p []byte) (int, error) {
	n, err := f.ReadCloser.Read(p)
	if 0 <= f.at && f.at < int64(n) {
		p[f.at] ^= 1
	}
	f.at -= int64(n)
	return n, err
}

func TestSignedChunksReachMinIO(t *testing.T) {
	s, _ := start(t, manifestOf(t, remit+servers.Upstreams()))
	wire := &signedChunks{modes: make(map[string]int)}
	client := minioClient(t, s.Handshake(), wire)
	noise := make([]byte, 20_000_000)
	rand.NewChaCha8([32]byte{2}).Read(noise)
	for _, test := range []struct {
		name     string
		size     int
		checksum minio.ChecksumType
		partSize uint64
	}{
		{"nothing", 0, minio.ChecksumNone, 0},
		{"one byte", 1, minio.ChecksumNone, 0},
		{"one chunk", 64 << 10, minio.ChecksumNone, 0},
		{"three megabytes", 3_000_000, minio.ChecksumNone, 0},
		{"three megabytes and a trailer", 3_000_000, minio.ChecksumCRC32C, 0},
		{"a trailer of SHA-256", 100_000, minio.ChecksumSHA256, 0},
		{"in parts", 20_000_000, minio.ChecksumNone, 5 << 20},
	} {
		key := "out/minio-go/" + strings.ReplaceAll(test.name, " ", "-")
		info, err := client.PutObject(t.Context(), "media-eu", key, bytes.NewReader(noise[:test.size]), int64(test.size),
			minio.PutObjectOptions{Checksum: test.checksum, PartSize: test.partSize, DisableMultipart: test.partSize == 0})
		if err != nil || info.Size != int64(test.size) {
			t.Errorf("%s: %+v, %v", test.name, info, err)
			continue
		}
		if got, err := servers.Get(t.Context(), "media-eu", key); !bytes.Equal(got, noise[:test.size]) || err != nil {
			t.Errorf("%s: MinIO has %d bytes, want %d: %v", test.name, len(got), test.size, err)
		}
	}
	for _, mode := range []string{"STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"} {
		if wire.modes[mode] == 0 {
			t.Errorf("nothing was sent as %s: %v", mode, wire.modes)
		}
	}

	_, err := client.PutObject(t.Context(), "media-eu", "in/minio-go", bytes.NewReader(noise[:100_000]), 100_000, minio.PutObjectOptions{})
	if got := minio.ToErrorResponse(err); got.Code != "AccessDenied" || !strings.Contains(got.Message, "(remit d-") {
		t.Errorf("not granted: got %v, want AccessDenied from Remit", err)
	}
}

func TestAByteChangedOnTheWayMakesNoObject(t *testing.T) {
	s, _ := start(t, manifestOf(t, remit+servers.Upstreams()))
	for _, at := range []int64{30, 1000, 200_000, 299_000, 300_400} {
		client := minioClient(t, s.Handshake(), &signedChunks{flip: at, modes: make(map[string]int)})
		key := fmt.Sprintf("out/minio-go/changed-%d", at)
		_, err := client.PutObject(t.Context(), "media-eu", key, bytes.NewReader(make([]byte, 300_000)), 300_000, minio.PutObjectOptions{DisableMultipart: true})
		if got := minio.ToErrorResponse(err); got.Code != "AccessDenied" || !strings.Contains(got.Message, "the body is not the one that was signed") {
			t.Errorf("byte %d: got %v, want AccessDenied from Remit", at, err)
		}
		if got, err := servers.Get(t.Context(), "media-eu", key); err == nil {
			t.Errorf("byte %d: MinIO has an object of %d bytes", at, len(got))
		}
	}
}
