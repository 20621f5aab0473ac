package e2e_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lambda-remit/remit/extension/e2e"
	"github.com/lambda-remit/remit/extension/environ"
	"github.com/lambda-remit/remit/extension/sidecar"
)

// TestEveryRoadOfNodeComesToTheProxy runs testdata/ways.cjs with the preload, in
// front of a server that stands for S3 and Kinesis.
func TestEveryRoadOfNodeComesToTheProxy(t *testing.T) {
	noise := make([]byte, 5_000_000)
	source := rand.NewChaCha8([32]byte{2})
	source.Read(noise)
	far := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		key := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
		switch {
		case r.Header.Get("X-Amz-Target") == "Kinesis_20131202.PutRecord":
			w.Header().Set("Content-Type", "application/x-amz-json-1.1")
			io.WriteString(w, `{"SequenceNumber":"21","ShardId":"shardId-000000000000"}`)
		case r.Method == http.MethodPut:
			length := fmt.Sprint(len(body))
			if decoded := r.Header.Get("X-Amz-Decoded-Content-Length"); decoded != "" {
				length = decoded // the body is in chunks
			}
			w.Header().Set("ETag", `"`+length+`"`)
		case key == "ten":
			io.WriteString(w, object)
		case key == "random":
			w.Write(noise)
		case key == "slow":
			select {
			case <-r.Context().Done():
			case <-time.After(5 * time.Second):
			}
		case key == "drip":
			io.WriteString(w, "drop")
			http.NewResponseController(w).Flush()
			<-r.Context().Done()
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(far.Close)
	other := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "other") }))
	t.Cleanup(other.Close)

	// AWS's Parameters and Secrets extension, which wants the real token.
	secrets := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Aws-Parameters-Secrets-Token") != servers.Base.SessionToken {
			http.Error(w, "wrong token", http.StatusUnauthorized)
			return
		}
		io.WriteString(w, `{"Parameter":{"Value":"of `+r.URL.Query().Get("name")+`"}}`)
	}))
	t.Cleanup(secrets.Close)

	s, _ := start(t, manifestOf(t, `
credentials: {unminted: true}
permissions:
  object_storage: [{bucket: media-eu, read_prefix: "", write_prefix: ""}, {bucket: "arn:aws:s3:`+e2e.Region+`:123456789012:accesspoint/mine", read_prefix: ""}]
  stream: {put: "arn:aws:kinesis:`+e2e.Region+`:123456789012:stream/readings"}
  parameters: {read: /app/host}
  api: {call: "GET https://orders.example.com/v1/*", api: abc123/prod, base_path: /v1}
upstreams: {s3: "`+far.URL+`", kinesis: "`+far.URL+`"}
`), func(c *sidecar.Config) {
		c.Parameters = &sidecar.Parameters{Address: "127.0.0.1:0", Behind: secrets.Listener.Addr().String()}
	})
	s.SetAccount(e2e.Account)
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal(err)
	}
	owners := filepath.Join(t.TempDir(), "of the owner.cjs")
	if err := os.WriteFile(owners, []byte("global.owners = 'loaded';\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	made, err := environ.Maker{Handshake: s.Handshake(), Way: environ.Preload, Runtime: environ.Node, Parent: t.TempDir()}.Make([]string{
		"PATH=" + os.Getenv("PATH"), "AWS_REGION=" + e2e.Region, `NODE_OPTIONS=--no-warnings --require "` + owners + `"`,
		"AWS_SECRET_ACCESS_KEY=" + servers.Base.SecretAccessKey,
		"NODE_PATH=" + filepath.Join(checkout, ".cache/js/node_modules"),
		"OTHER=" + other.URL, "OTHER_CA=" + string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: other.Certificate().Raw})),
	})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), node, "testdata/ways.cjs")
	cmd.Env = made.Environ
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s%s", err, out, &stderr)
	}
	sum := sha256.Sum256(noise)
	want := map[string]string{
		"v3 get":                      object,
		"v3 get 5 MB":                 hex.EncodeToString(sum[:]),
		"v3 put a stream":             `"300005"`,
		"v3 denied":                   "AccessDenied true",
		"v3 through an access point":  object,
		"v3 an agent of one's own":    "1 kept",
		"v3 by fetch":                 object,
		"v3 without TLS":              object,
		"v3 aborted":                  "AbortError",
		"v3 timed out":                "TimeoutError",
		"v3 aborted while it streams": "drop",
		"v3 over HTTP/2":              "21",
		"v3 over HTTP/2, denied":      "AccessDeniedException true",

		"v2 get":                   object,
		"v2 an agent of one's own": object,
		"v2 without TLS":           object,
		"v2 timed out":             "TimeoutError",
		"v2 put":                   `"10"`,
		"v2 denied":                "AccessDenied true",
		"v2 presigned, by fetch":   object,

		"unsigned by https":              "403 true",
		"unsigned by http":               "403",
		"unsigned by fetch":              "403",
		"unsigned by fetch, without TLS": "403",
		"unsigned over HTTP/2":           "403",
		"a socket of tls.connect":        "connect,secureConnect true http/1.1 HTTP/1.1 403 Forbidden",
		"keep-alive":                     "false true true",

		"another host": "200 other true true",
		"another port": "LOOKED_UP",
		"MQTT":         "LOOKED_UP",

		"a custom domain":       "403 true",
		"below a custom domain": "LOOKED_UP",

		"a parameter":             "200 of /app/host",
		"a parameter, by fetch":   "200 of /app/host",
		"a parameter that is not": "400 true",

		"a thread":                                object,
		"a thread with arguments of its own":      object,
		"a thread with an environment of its own": object,
		"a thread with both":                      object,
		"a child":                                 object + " ",
		"the owner's preload":                     "loaded",
		"ES modules":                              "403 403 127.0.0.1 " + object,
	}
	got := make(map[string]string)
	for line := range strings.Lines(string(out)) {
		name, outcome, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		got[name] = outcome
		if want[name] != outcome {
			t.Errorf("%s: got %q, want %q", name, outcome, want[name])
		}
	}
	if len(got) != len(want) {
		t.Errorf("got %d outcomes, want %d:\n%s%s", len(got), len(want), out, &stderr)
	}
}

// TestNodeIsHeldToTheManifestsEgress leads a tunnel to an owner's proxy, which
// stands for the world: no name here resolves.
func TestNodeIsHeldToTheManifestsEgress(t *testing.T) {
	other := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "other "+r.Host) }))
	t.Cleanup(other.Close)
	world := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		far, err := net.Dial("tcp", other.Listener.Addr().String())
		if err != nil {
			t.Error(err)
			return
		}
		near, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		io.WriteString(near, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { io.Copy(far, near); far.Close() }()
		io.Copy(near, far)
		near.Close()
	}))
	t.Cleanup(world.Close)
	onward, err := sidecar.ParseOnward(func(name string) string { return map[string]string{"HTTPS_PROXY": world.URL}[name] })
	if err != nil {
		t.Fatal(err)
	}
	s, _ := start(t, manifestOf(t, "credentials: {unminted: true}\negress: [\"api.partner.example:443\"]\n"), func(c *sidecar.Config) { c.Onward = onward })
	made, err := environ.Maker{Handshake: s.Handshake(), Way: environ.Preload, Runtime: environ.Node, Parent: t.TempDir()}.Make([]string{
		"PATH=" + os.Getenv("PATH"), "AWS_REGION=" + e2e.Region,
		"CA=" + string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: other.Certificate().Raw})),
	})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", "-e", `
const get = (module, url, options) => new Promise((resolve) => module.get(url, options, (a) => {
  let s = ''; a.on('data', (b) => s += b).on('end', () => resolve(a.statusCode + ' ' + s.trim().replace(/ \(remit.*/, '')));
}).on('error', (e) => resolve('error')));
const http = require('http'), https = require('https');
const tls = { ca: process.env.CA, servername: 'example.com', headers: { host: 'h' } };
(async () => {
  console.log(await get(https, 'https://api.partner.example/', tls));
  console.log(await get(https, 'https://api.evil.example/', tls));
  console.log(await get(https, 'https://api.partner.example:8443/', tls));
  console.log(await get(http, 'http://api.evil.example/', {}));
  const local = http.createServer((_, a) => a.end('local')).listen(0, '127.0.0.1', async () => {
    console.log(await get(http, 'http://localhost:' + local.address().port, { family: 4 }));
    process.exit();
  });
})();`)
	cmd.Env = made.Environ
	out, err := cmd.CombinedOutput()
	want := "200 other h\nerror\nerror\n403 the manifest's egress does not name api.evil.example:80\n200 local\n"
	if err != nil || string(out) != want {
		t.Errorf("got %v\n%s\nwant\n%s", err, out, want)
	}
}
