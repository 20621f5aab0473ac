package aws

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	diff "github.com/google/go-cmp/cmp"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
)

// A deniedCall is one that SDKs make, and that is denied.
type deniedCall struct {
	Service   string         `json:"service"` // as boto3 calls it
	Operation string         `json:"operation"`
	Input     map[string]any `json:"input"`
	Endpoint  string         `json:"endpoint"`
	Head      bool           `json:"head"` // its answer has no body
}

// A deniedOutcome is what an SDK says came of one.
type deniedOutcome struct {
	Code, Message, Type string
	Skipped             bool // the SDK's client is not installed
}

// denials are what a call is denied for: for good, so that it may be tried again,
// and since the service is not there.
var denials = []struct {
	name   string
	denial proxy.Denial
	tries  int // of two that the SDK has
}{
	{"denied", proxy.Denial{ID: "d-7f3a91c2", Reason: manifest.NoResource, Request: manifest.Request{Action: "service:Action", Resource: "arn:aws:service:::a/<&>é"}}, 1},
	{"throttled", proxy.Denial{ID: "d-7f3a91c2", Reason: proxy.Throttled, Retry: true}, 2},
	{"unreachable", proxy.Denial{ID: "d-7f3a91c2", Reason: proxy.Unreachable}, 2},
}

// A denier reads every call and denies it, for the reason that stands at the
// beginning of the path, or in a header: /INDEX/REASON/SDK/…
type denier struct {
	t     *testing.T
	calls []deniedCall
	cloud Cloud

	mu    sync.Mutex
	tries map[string]int // by the path's beginning
	zips  map[string]int // compressed bodies, by SDK
	ran   sync.Map       // SDKs
}

func (d *denier) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var i, reason int
	var sdk string
	path := strings.ReplaceAll(cmp.Or(r.Header.Get("X-Denial"), r.URL.Path), "/", " ")
	if _, err := fmt.Sscanf(path, "%d %d %s", &i, &reason, &sdk); err != nil {
		http.Error(w, r.URL.Path+": "+err.Error(), http.StatusNotFound)
		return
	}
	d.mu.Lock()
	d.tries[fmt.Sprint(i, reason, sdk)]++
	if r.Header.Get("Content-Encoding") == "gzip" {
		d.zips[sdk]++
	}
	d.mu.Unlock()
	// As the proxy hands out what comes to it as to an endpoint.
	in := r.Clone(r.Context())
	in.RequestURI = "/" + strings.TrimPrefix(strings.TrimPrefix(r.URL.RequestURI(), fmt.Sprintf("/%d/%d/%s", i, reason, sdk)), "/")
	in.URL = &url.URL{}
	call, err := d.cloud.Identify(in)
	if err != nil {
		d.t.Errorf("%s %s of %s: %v", d.calls[i].Service, d.calls[i].Operation, sdk, err)
	} else if call.Operation != d.calls[i].Operation {
		d.t.Errorf("%s %s of %s: read as %s", d.calls[i].Service, d.calls[i].Operation, sdk, call.Operation)
	}
	d.cloud.Deny(w, r, call, denials[reason].denial)
}

// TestSDKsUnderstandDenials has SDKs make the calls of testdata/deny/calls.json.
// What is denied is raised as the service's own error, with the sentence that
// says why, and is not tried again; what may pass is. The errors' names stand in
// testdata/deny/sdk.golden.
func TestSDKsUnderstandDenials(t *testing.T) {
	text, err := os.ReadFile("testdata/deny/calls.json")
	if err != nil {
		t.Fatal(err)
	}
	d := &denier{t: t, cloud: Cloud{Function: "generate-thumbnail", Account: func() string { return "123456789012" }}, tries: make(map[string]int), zips: make(map[string]int)}
	if err := json.Unmarshal(text, &d.calls); err != nil || len(d.calls) == 0 {
		t.Fatalf("no calls: %v", err)
	}
	d.calls = append(d.calls, largeCall())
	server := httptest.NewUnstartedServer(d)
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetHTTP1(true)
	server.Config.Protocols.SetUnencryptedHTTP2(true) // event streams of JavaScript's
	server.Start()
	defer server.Close()

	lines := make(map[string]string) // of the golden file
	var mu sync.Mutex
	t.Run("sdks", func(t *testing.T) {
		for sdk, run := range denySDKs(t) {
			t.Run(sdk, func(t *testing.T) {
				t.Parallel()
				var calls []deniedCall
				for i, c := range d.calls {
					for reason := range denials {
						c.Endpoint = fmt.Sprintf("%s/%d/%d/%s", server.URL, i, reason, sdk)
						calls = append(calls, c)
					}
				}
				d.ran.Store(sdk, true)
				outcomes := run(t, calls)
				if len(outcomes) != len(calls) {
					t.Fatalf("got %d outcomes, want %d", len(outcomes), len(calls))
				}
				skipped := 0
				for n, got := range outcomes {
					if got.Skipped {
						skipped++
						continue
					}
					i, reason := n/len(denials), n%len(denials)
					c, want := d.calls[i], denials[reason]
					name := fmt.Sprintf("%s %s %s %s", c.Service, c.Operation, want.name, sdk)
					d.mu.Lock()
					tries := d.tries[fmt.Sprint(i, reason, sdk)]
					d.mu.Unlock()
					if tries != want.tries {
						t.Errorf("%s: sent %d times, want %d: %+v", name, tries, want.tries, got)
					}
					if sentence := d.cloud.Sentence(want.denial); !c.Head && !strings.Contains(got.Message, sentence) {
						t.Errorf("%s: says %q, want %q", name, got.Message, sentence)
					}
					mu.Lock()
					lines[name] = fmt.Sprintf("%s: %s (%s)", name, got.Code, got.Type)
					mu.Unlock()
				}
				if skipped == len(outcomes) {
					t.Error("made no call")
				}
			})
		}
	})

	for _, sdk := range []string{"boto3", "js"} {
		if d.zips[sdk] == 0 {
			t.Errorf("%s compressed no body", sdk)
		}
	}

	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(lines)) {
		fmt.Fprintln(&b, lines[name])
	}
	const golden = "testdata/deny/sdk.golden"
	if *update {
		if _, ran := d.ran.Load("java"); !ran {
			t.Fatal("writing the golden file takes Java")
		}
		if err := os.WriteFile(golden, []byte(b.String()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if _, ran := d.ran.Load("java"); !ran {
		// The rest is held to its lines all the same.
		want = regexp.MustCompile(`(?m)^\S+ \S+ \S+ java: .*\n`).ReplaceAll(want, nil)
	}
	if d := diff.Diff(string(want), b.String()); d != "" {
		t.Errorf("%s: want less, got more:\n%s", golden, d)
	}
}

// largeCall is one whose body SDKs compress, which they do from 10 KB on.
func largeCall() deniedCall {
	var data []any
	for i := range 200 {
		dimension := map[string]any{"Name": "order", "Value": fmt.Sprintf("o-%d", i*i)}
		data = append(data, map[string]any{"MetricName": "paid", "Value": i, "Unit": "Count", "Dimensions": []any{dimension}})
	}
	return deniedCall{Service: "cloudwatch", Operation: "PutMetricData", Input: map[string]any{"Namespace": "orders", "MetricData": data}}
}

// denySDKs returns who makes the calls.
func denySDKs(t *testing.T) map[string]func(*testing.T, []deniedCall) []deniedOutcome {
	checkout, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	program := func(argv ...string) func(*testing.T, []deniedCall) []deniedOutcome {
		return func(t *testing.T, calls []deniedCall) []deniedOutcome {
			return denyProgram(t, checkout, argv, calls)
		}
	}
	all := map[string]func(*testing.T, []deniedCall) []deniedOutcome{
		"boto3": program(filepath.Join(checkout, ".venv/bin/python"), "testdata/deny/boto.py"),
		"js":    program("node", "testdata/deny/sdk.cjs"),
		"go":    denyGo,
	}
	if jars := filepath.Join(checkout, ".cache/java"); hasJava(jars) {
		all["java"] = program("java", "-cp", filepath.Join(jars, "*"), "testdata/deny/Deny.java")
	} else {
		t.Log("the SDK for Java is left out: there is no Java with Maven here; make setup says so")
	}
	return all
}

// hasJava reports whether Java is here, and its SDK was installed.
func hasJava(jars string) bool {
	_, err := exec.LookPath("java")
	files, _ := filepath.Glob(filepath.Join(jars, "*.jar"))
	return err == nil && len(files) > 0
}

// denyProgram runs a program that reads calls and writes what came of them.
func denyProgram(t *testing.T, checkout string, argv []string, calls []deniedCall) []deniedOutcome {
	in, err := json.Marshal(calls)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
	cmd.Stdin = bytes.NewReader(in)
	cmd.Stderr = new(bytes.Buffer)
	// Nothing of this machine's own configuration.
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "AWS_EC2_METADATA_DISABLED=true",
		"AWS_REGION=eu-west-1", "AWS_DEFAULT_REGION=eu-west-1", "AWS_ACCESS_KEY_ID=ASIAREMIT", "AWS_SECRET_ACCESS_KEY=x", "AWS_SESSION_TOKEN=x",
		"NODE_PATH=" + filepath.Join(checkout, ".cache/js/node_modules"), "NODE_NO_WARNINGS=1",
	}
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v; make setup installs what it needs\n%s", err, cmd.Stderr)
	}
	var outcomes []deniedOutcome
	if err := json.Unmarshal(out, &outcomes); err != nil {
		t.Fatalf("%v in %.400s", err, out)
	}
	return outcomes
}
