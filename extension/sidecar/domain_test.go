package sidecar

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/lambda-remit/remit/manifest"
)

// A custom domain that the manifest names is answered for, and what is signed for
// it goes on under other credentials. Its neighbours are nobody's that is known.
func TestACustomDomainIsAnsweredForAndNoneBesideIt(t *testing.T) {
	u := newOrigin(t)
	m, err := manifest.Parse("remit.yaml", []byte("function: test\ncredentials: {unminted: true}\n"+
		"permissions:\n  api: {call: \"GET https://orders.example.com/v1/*\", api: abc123/prod, base_path: /v1}\n"+
		"upstreams: {execute-api: \""+u.URL+"\"}\n"), manifest.Options{Region: "eu-west-1"})
	if err != nil {
		t.Fatal(err)
	}
	s, err := Start(t.Context(), Config{
		Manifest: m, Region: "eu-west-1", Account: "123456789012", Log: io.Discard,
		Base: credentials.NewStaticCredentialsProvider(baseKey, "base-secret", ""),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		s.Close(ctx)
	})
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(s.Handshake().CA))
	transport := &http.Transport{
		Proxy:           http.ProxyURL(&url.URL{Scheme: "http", Host: s.Handshake().Proxy}),
		TLSClientConfig: &tls.Config{RootCAs: roots},
	}
	t.Cleanup(transport.CloseIdleConnections)
	send := func(target string, sign bool) (int, string, error) {
		r, err := http.NewRequest(http.MethodGet, target, nil)
		if err != nil {
			t.Fatal(err)
		}
		if sign {
			empty := sha256.Sum256(nil)
			if err := v4.NewSigner().SignHTTP(t.Context(), sealed(t, s), r, hex.EncodeToString(empty[:]), "execute-api", "eu-west-1", time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		resp, err := transport.RoundTrip(r)
		if err != nil {
			return 0, "", err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		return resp.StatusCode, string(body), err
	}
	if status, body, err := send("https://orders.example.com/v1/a", true); status != 200 || body != "the object" || u.last() != "GET orders.example.com /v1/a by "+baseKey {
		t.Errorf("granted: got %d %q, %v; upstream %q", status, body, err, u.last())
	}
	for _, target := range []string{"https://orders.example.com/v2/a", "https://orders.example.com/"} {
		if status, _, err := send(target, true); status != 403 || err != nil {
			t.Errorf("%s: got %d, %v, want 403", target, status, err)
		}
	}
	if status, _, err := send("https://orders.example.com/v1/a", false); status != 403 || err != nil {
		t.Errorf("unsigned: got %d, %v, want 403", status, err)
	}
	for _, target := range []string{"https://a.orders.example.com/v1/a", "https://example.com/v1/a"} {
		if _, _, err := send(target, true); err == nil || strings.Contains(err.Error(), "certificate") {
			t.Errorf("%s: got %v, want no tunnel", target, err)
		}
	}
	if n := len(u.asked); n != 1 {
		t.Errorf("the upstream was asked %d times, want once", n)
	}
}
