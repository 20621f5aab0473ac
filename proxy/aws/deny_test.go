package aws

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
	"github.com/lambda-remit/remit/proxy/sigv4"
)

func TestForeignAndMissingSignaturesSaySo(t *testing.T) {
	rig := newRig(t, thumbnails)
	unsigned := served(httptest.NewRequest("GET", "/media/in/a", nil), "/media/in/a")
	v2 := served(httptest.NewRequest("GET", "/x", nil), "/media/in/a?AWSAccessKeyId=ASIASEALED&Signature=x&Expires=1900000000")
	foreign := signed(t, sigv4.Credentials{AccessKeyID: "AKIAFOREIGN", SecretAccessKey: "x"}, "s3", "GET", "/media/in/a", "", "")
	for _, tt := range []struct {
		r      *http.Request
		reason manifest.Reason
		text   string
	}{{unsigned, proxy.BadSignature, "no valid signature"}, {v2, proxy.BadSignature, "not valid"}, {foreign, proxy.ForeignCredentials, "AKIAFOREIGN"}} {
		_, err := rig.Read(tt.r)
		var refusal *proxy.Refusal
		if !errors.As(err, &refusal) || refusal.Reason != tt.reason || !strings.Contains(refusal.Text, tt.text) {
			t.Errorf("got %v, want %s with %q", err, tt.reason, tt.text)
		}
	}
}

// TestDenialsAreInTheServicesWords compares denials with testdata/deny.golden.
func TestDenialsAreInTheServicesWords(t *testing.T) {
	const file = "testdata/deny.golden"
	archive, err := txtar.ParseFile(file)
	if err != nil && !*update {
		t.Fatal(err)
	}
	want := make(map[string]string)
	if archive != nil {
		for _, f := range archive.Files {
			want[f.Name] = string(f.Data)
		}
	}
	out := &txtar.Archive{Comment: []byte("How each protocol says no: a denial, and one that may be tried again.\n\n")}
	for _, tt := range []struct {
		service, method string
		protocol        protocol // empty: what is known of it by hand
		query           bool
	}{
		{service: "s3", method: "GET"},
		{service: "s3", method: "HEAD"},
		{service: "sns", method: "POST"},
		{service: "sts", method: "POST"},
		{service: "secretsmanager", method: "POST"},
		{service: "dynamodb", method: "POST"},
		{service: "sqs", method: "POST"},
		{service: "sqs", method: "POST", protocol: protocolQuery, query: true},
		{service: "ssm", method: "POST"},
		{service: "kms", method: "POST"},
		{service: "lambda", method: "POST"},
		{service: "arc-region-switch", method: "POST", protocol: protocolCBOR},
		{service: "monitoring", method: "POST", protocol: protocolCBOR, query: true},
		{service: "monitoring", method: "POST", protocol: protocolQuery, query: true},
		{service: "ec2", method: "POST", protocol: protocolEC2},
		{service: "sdb", method: "POST", protocol: protocolQuery},
		{service: "route53", method: "GET", protocol: protocolXML},
		{service: "cloudfront", method: "GET", protocol: protocolXML},
		{service: "s3", method: "GET", protocol: protocolXML},
		{service: "iotdata", method: "POST", protocol: protocolREST},
		{service: "appsync", method: "POST", protocol: protocolGraphQL},
		{service: "unknown", method: "POST", protocol: protocolQuery},
	} {
		for _, retry := range []bool{false, true} {
			svc, _ := lookup(tt.service)
			svc.query = svc.query || tt.query
			p := &particulars{protocol: cmp.Or(tt.protocol, svc.protocol), service: svc}
			d := proxy.Denial{ID: "d-7f3a91c2", Reason: manifest.NoResource, Request: manifest.Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::media/<&>\"\u2028"}}
			if retry {
				d = proxy.Denial{ID: "d-7f3a91c2", Reason: proxy.Throttled, Retry: true}
			}
			w := httptest.NewRecorder()
			(&Cloud{Function: "generate-thumbnail"}).Deny(w, httptest.NewRequest(tt.method, "/", nil), &proxy.Call{Service: tt.service, Particulars: p}, d)
			resp := w.Result()
			resp.Request = &http.Request{Method: tt.method}
			dump, err := httputil.DumpResponse(resp, true)
			if err != nil {
				t.Fatal(err)
			}
			name := fmt.Sprintf("%s %s by %s retry=%v", tt.service, tt.method, p.protocol, retry)
			got := strings.ReplaceAll(string(dump), "\r\n", "\n") + "\n"
			if tt.protocol == protocolCBOR {
				got = fmt.Sprintf("%q\n", got)
			}
			out.Files = append(out.Files, txtar.File{Name: name, Data: []byte(got)})
			if !*update && got != want[name] {
				t.Errorf("%s: got\n%s\nwant\n%s", name, got, want[name])
			}
		}
	}
	if *update {
		if err := os.WriteFile(file, txtar.Format(out), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}
