package aws

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// FuzzRead holds the reader to what independent readers of the same bytes see:
// net/url's form and encoding/json. A call that they understand otherwise than
// it must have been refused.
func FuzzRead(f *testing.F) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		f.Fatalf("no corpus to begin from: %v", err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, x := range archive.Files {
			if !strings.HasSuffix(x.Name, ".want") {
				f.Add(x.Data)
			}
		}
	}
	areRegions := func(s string) bool {
		for region := range strings.SplitSeq(s, ",") {
			if !isRegion(region) && s != "*" {
				return false
			}
		}
		return true
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := parseRaw(raw)
		if err != nil {
			return
		}
		call, err := corpusCloud().Identify(r)
		if call == nil {
			t.Fatal("no call")
		}
		if err != nil {
			return
		}
		if call.Published {
			// It asks for nothing, and so takes nothing along.
			if len(call.Requests) != 0 || call.Upstream == nil || call.Upstream.Host != r.URL.Host || !Claims(call.Upstream.Hostname()) ||
				r.Method != http.MethodGet && r.Method != http.MethodHead || strings.Contains(r.RequestURI, "?") || r.ContentLength != 0 || r.Header.Get("Authorization") != "" {
				t.Fatalf("published: %+v", call)
			}
			return
		}
		if len(call.Requests) == 0 || call.Upstream == nil || call.Operation == "" || !areRegions(call.Region) {
			t.Fatalf("read half: %+v", call)
		}
		port, _ := strconv.ParseUint(call.Upstream.Port(), 10, 16)
		if host := call.Upstream.Hostname(); !Claims(host) && corpusManifest.Domains[host].Stage == "" || call.Upstream.Scheme != "https" || call.Upstream.Port() != "" && !Ports(host, uint16(port)) {
			t.Fatalf("goes to %v, which is not AWS's", call.Upstream)
		}
		body := call.Particulars.(*particulars).body
		switch call.Service {
		case "sns", "sts":
			text := string(body)
			if r.Method == http.MethodGet {
				_, text, _ = strings.Cut(r.RequestURI, "?")
			}
			form, err := url.ParseQuery(text)
			if err != nil {
				t.Fatalf("read a form that net/url does not: %v", err)
			}
			if got := form["Action"]; len(got) != 1 || got[0] != call.Operation {
				t.Fatalf("read %s, net/url reads %q", call.Operation, got)
			}
			if arn := form.Get("TopicArn"); arn != "" && call.Operation == "Publish" && call.Requests[0].Resource != arn {
				t.Fatalf("read topic %s, net/url reads %s", call.Requests[0].Resource, arn)
			}
		case "dynamodb":
			fuzzDynamo(t, call, body)
		case "sqs", "ssm", "kms", "lambda":
			independently(t, r, call, body)
		case "secretsmanager":
			var in struct{ SecretId string }
			if err := json.NewDecoder(bytes.NewReader(body)).Decode(&in); err != nil {
				t.Fatalf("read JSON that encoding/json does not: %v", err)
			}
			if call.Operation == "GetSecretValue" && !strings.HasPrefix(call.Requests[0].Resource, in.SecretId) && !strings.HasSuffix(call.Requests[0].Resource, ":secret:"+in.SecretId+"-??????") {
				t.Fatalf("read secret %s, encoding/json reads %q", call.Requests[0].Resource, in.SecretId)
			}
		}
	})
}
