package aws

import (
	"bufio"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
)

var update = flag.Bool("update", false, "write what was read into testdata")

// TestCorpus reads the requests of testdata/*.txtar and compares what each
// asks for with what stands below it. A request is a file, its answer the file
// of the same name with ".want" behind it. The host of the first line's target,
// if any, is the one that the client knows: without one the request came to
// the proxy as to an endpoint. In the corpus lines end in LF, and a request's
// body is what is left of the file less its last LF.
func TestCorpus(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no corpus in testdata: %v", err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if len(archive.Files)%2 != 0 || len(archive.Files) == 0 {
			t.Fatalf("%s: %d files, want pairs", file, len(archive.Files))
		}
		for i := 0; i < len(archive.Files); i += 2 {
			request, want := archive.Files[i], &archive.Files[i+1]
			if want.Name != request.Name+".want" {
				t.Fatalf("%s: %q follows %q", file, want.Name, request.Name)
			}
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar")+"/"+request.Name, func(t *testing.T) {
				got := identify(t, request.Data)
				if *update {
					want.Data = []byte(got)
				} else if got != string(want.Data) {
					t.Errorf("%s\ngot:\n%swant:\n%s", request.Data, got, want.Data)
				}
			})
		}
		if *update {
			if err := os.WriteFile(file, txtar.Format(archive), 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// corpusCloud is who reads the corpora. What customers made is what the manifest
// in testdata/planes says.
func corpusCloud() *Cloud {
	return &Cloud{Region: "eu-west-1", Account: func() string { return "123456789012" }, Manifest: func() *manifest.Manifest { return corpusManifest }}
}

var corpusManifest = func() *manifest.Manifest {
	const file = "testdata/planes/remit.yaml"
	source, err := os.ReadFile(file)
	if err != nil {
		panic(err)
	}
	m, err := manifest.Parse(file, source, manifest.Options{Region: "eu-west-1", Account: "123456789012"})
	if err != nil {
		panic(err)
	}
	return m
}()

// identify returns what a raw request asks for, as the corpora write it.
func identify(t *testing.T, raw []byte) string {
	t.Helper()
	r, err := parseRaw(raw)
	if err != nil {
		t.Fatal(err)
	}
	call, err := corpusCloud().Identify(r)
	return describe(call, err)
}

// parseRaw makes of a corpus request what the proxy hands to Read.
func parseRaw(raw []byte) (*http.Request, error) {
	head, body, _ := strings.Cut(string(raw), "\n\n")
	body = strings.TrimSuffix(body, "\n")
	head = strings.ReplaceAll(strings.TrimSuffix(head, "\n"), "\n", "\r\n")
	if !strings.Contains(strings.ToLower(head), "\r\ncontent-length:") && !strings.Contains(strings.ToLower(head), "\r\ntransfer-encoding:") && body != "" {
		head += fmt.Sprintf("\r\nContent-Length: %d", len(body))
	}
	if !strings.Contains(strings.ToLower(head), "\r\nhost:") {
		head += "\r\nHost: 127.0.0.1:9001"
	}
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(head + "\r\n\r\n" + body)))
	if err != nil {
		return nil, fmt.Errorf("%v in\n%s", err, raw)
	}
	if host := r.URL.Host; host != "" { // absolute form: the client knows the host
		_, after, _ := strings.Cut(r.RequestURI, "://")
		r.RequestURI = strings.TrimPrefix(after, host)
		r.Host = host
	} else {
		r.URL = &url.URL{Path: r.URL.Path, RawQuery: r.URL.RawQuery}
	}
	return r, nil
}

func describe(call *proxy.Call, err error) string {
	var b strings.Builder
	if err != nil {
		fmt.Fprintf(&b, "error: %v\n", err)
		return b.String()
	}
	fmt.Fprintf(&b, "%s %s %s %s", call.Service, call.Operation, call.Region, call.Upstream)
	if call.WebSocket {
		b.WriteString(" websocket")
	}
	if call.Published {
		b.WriteString(" published")
	}
	b.WriteString("\n")
	for _, req := range call.Requests {
		fmt.Fprintf(&b, "%s %s", req.Action, req.Resource)
		if req.Partly {
			b.WriteString(" (partly)")
		}
		keys := make([]string, 0, len(req.Context))
		for k := range req.Context {
			switch k {
			case "aws:requestedregion", "aws:currenttime", "aws:epochtime": // every call has them
			default:
				keys = append(keys, k)
			}
		}
		slices.Sort(keys)
		for _, k := range keys {
			fmt.Fprintf(&b, " %s=%q", k, req.Context[k])
		}
		b.WriteString("\n")
	}
	return b.String()
}
