package aws

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

type nowhere struct{}

func (nowhere) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("")), Request: r}, nil
}

// BenchmarkCall is a call's way through the cloud, its credentials kept and
// nothing sent: read and verified, decided, authorized, signed.
func BenchmarkCall(b *testing.B) {
	for _, tt := range []struct{ name, service, method, target, body string }{
		{"GetObject", "s3", "GET", "/media/in/a.jpg", ""},
		{"PutObject", "s3", "PUT", "/media/out/a.jpg", "hello"},
	} {
		b.Run(tt.name, func(b *testing.B) {
			rig := newRig(b, thumbnails)
			rig.Transport = nowhere{}
			r := signed(b, sealed, tt.service, tt.method, tt.target, tt.body, "")
			b.ReportAllocs()
			for b.Loop() {
				in := *r
				in.Header = r.Header.Clone()
				call, err := rig.Read(&in)
				if err != nil {
					b.Fatal(err)
				}
				d := rig.manifest.Decide(call.Requests...)
				out := in
				out.Header = in.Header.Clone()
				out.URL, out.RequestURI = &url.URL{Scheme: "https", Host: call.Upstream.Host}, ""
				resp, _, err := rig.Send(&out, call, rig.manifest, d)
				if err != nil {
					b.Fatal(err)
				}
				resp.Body.Close()
			}
		})
	}
}
