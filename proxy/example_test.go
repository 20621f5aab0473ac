package proxy_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
)

// A server between a client and a service that takes only minted credentials:
// what the manifest grants goes on, the rest is denied and recorded.
func ExampleServer() {
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s, %s", r.Method, r.URL.Path, r.Header.Get("Authorization"))
	}))
	defer service.Close()
	upstream, _ := url.Parse(service.URL)

	granted := &manifest.Manifest{Grants: []*manifest.Grant{{
		Actions: []string{"s3:GET"}, Resources: []manifest.Pattern{"/reports/*"},
	}}}
	s := &proxy.Server{
		Manifest: func() *manifest.Manifest { return granted },
		Cloud:    &cloud{upstream: upstream, transport: http.DefaultTransport}, // package proxy/aws has the real one
		Record: func(r proxy.Record) {
			if !r.Decision.Allowed {
				fmt.Println("log:", r.Decision.Denied.Action, r.Decision.Denied.Resource, r.Decision.Reason)
			}
		},
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(ln) }()

	for _, path := range []string{"/reports/2026.csv", "/billing/2026.csv"} {
		req, _ := http.NewRequest("GET", "http://"+ln.Addr().String()+path, nil)
		req.Header.Set("Authorization", "sealed")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			fmt.Println(err)
			return
		}
		answer, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		text, _, _ := strings.Cut(string(answer), " d-")
		fmt.Println(resp.StatusCode, text) // without the denial's id, which is random
	}
	s.Shutdown(context.Background())
	fmt.Println(<-served)

	// Output:
	// 200 GET /reports/2026.csv, minted
	// log: s3:GET /billing/2026.csv no-resource
	// 403 no-resource
	// http: Server closed
}
