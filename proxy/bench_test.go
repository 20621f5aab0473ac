package proxy_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
)

// BenchmarkEndpoint measures calls through a Server beside those through a
// plain httputil.ReverseProxy, the floor of DESIGN.md's numbers, and those
// that go directly. Its Cloud decides, and neither verifies nor signs.
func BenchmarkEndpoint(b *testing.B) {
	const large = 64 << 20
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		n := int64(1 << 10)
		if r.URL.Path == "/bucket/large" {
			n = large
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Content-Length", fmt.Sprint(n))
		io.Copy(w, zeros(n))
	}))
	defer service.Close()
	upstream, _ := url.Parse(service.URL)
	transport := func() *http.Transport {
		return &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 100}
	}

	granted := &manifest.Manifest{Grants: []*manifest.Grant{{
		Actions: []string{"s3:GET", "s3:PUT"}, Resources: []manifest.Pattern{"/bucket/*"},
	}}}
	s := &proxy.Server{
		Manifest: func() *manifest.Manifest { return granted },
		Cloud:    &cloud{upstream: upstream, transport: transport()},
		Record:   func(proxy.Record) {},
		TLS:      func(string) (*tls.Config, error) { return nil, fmt.Errorf("not here") },
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(ln) }()
	defer func() { s.Close(); <-served }()
	floor := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite:   func(pr *httputil.ProxyRequest) { pr.SetURL(upstream) },
		Transport: transport(),
	})
	defer floor.Close()

	for _, call := range []struct {
		name, method, path string
		up, down           int64
	}{
		{"GET1K", "GET", "/bucket/small", 0, 1 << 10},
		{"PUT1K", "PUT", "/bucket/small", 1 << 10, 1 << 10},
		{"GET64M", "GET", "/bucket/large", 0, large},
		{"PUT64M", "PUT", "/bucket/small", large, 1 << 10},
	} {
		for _, through := range []struct{ name, url string }{
			{"direct", service.URL}, {"floor", floor.URL}, {"remit", "http://" + ln.Addr().String()},
		} {
			for _, clients := range []int{1, 16} {
				if clients > 1 && call.up+call.down >= large {
					continue
				}
				b.Run(fmt.Sprintf("%s/%s/c=%d", call.name, through.name, clients), func(b *testing.B) {
					client := &http.Client{Transport: transport()}
					defer client.CloseIdleConnections()
					b.SetBytes(call.up + call.down)
					b.ReportAllocs()
					b.SetParallelism(clients)
					one := func() {
						req, _ := http.NewRequest(call.method, through.url+call.path, zeros(call.up))
						req.ContentLength = call.up
						req.Header.Set("Authorization", "sealed")
						resp, err := client.Do(req)
						if err != nil {
							b.Error(err)
							return
						}
						if n, err := io.Copy(io.Discard, resp.Body); n != call.down || err != nil || resp.StatusCode != 200 {
							b.Errorf("got %d and %d bytes: %v", resp.StatusCode, n, err)
						}
						resp.Body.Close()
					}
					if clients == 1 {
						for b.Loop() {
							one()
						}
						return
					}
					b.RunParallel(func(pb *testing.PB) {
						for pb.Next() {
							one()
						}
					})
				})
			}
		}
	}
}
