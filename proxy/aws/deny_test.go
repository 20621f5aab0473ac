package aws

import (
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
	}{{unsigned, proxy.BadSignature, "no valid signature"}, {v2, proxy.BadSignature, "s3v4"}, {foreign, proxy.ForeignCredentials, "AKIAFOREIGN"}} {
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
	for _, tt := range []struct{ service, method string }{{"s3", "GET"}, {"s3", "HEAD"}, {"sns", "POST"}, {"sts", "POST"}, {"secretsmanager", "POST"}, {"dynamodb", "POST"}, {"sqs", "POST"}, {"sqs by query", "POST"}, {"ssm", "POST"}, {"kms", "POST"}, {"lambda", "POST"}, {"cbor", "POST"}, {"unknown", "POST"}} {
		for _, retry := range []bool{false, true} {
			name, _, query := strings.Cut(tt.service, " by query")
			svc, _ := lookup(name)
			p := &particulars{protocol: svc.protocol, service: svc}
			if query {
				p.protocol = protocolQuery
			}
			if tt.service == "cbor" {
				p.protocol = protocolCBOR
			}
			d := proxy.Denial{ID: "d-7f3a91c2", Reason: manifest.NoResource, Request: manifest.Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::media/<&>\"\u2028"}}
			if retry {
				d = proxy.Denial{ID: "d-7f3a91c2", Reason: proxy.Throttled, Retry: true}
			}
			w := httptest.NewRecorder()
			(&Cloud{Function: "generate-thumbnail"}).Deny(w, httptest.NewRequest(tt.method, "/", nil), &proxy.Call{Service: name, Particulars: p}, d)
			resp := w.Result()
			dump, _ := httputil.DumpResponse(resp, true)
			name = fmt.Sprintf("%s %s retry=%v", tt.service, tt.method, retry)
			got := strings.ReplaceAll(string(dump), "\r\n", "\n") + "\n"
			if tt.service == "cbor" {
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
