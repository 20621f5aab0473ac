package audit_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
	"github.com/lambda-remit/remit/proxy/audit"
)

var update = flag.Bool("update", false, "rewrite testdata/lines.txtar")

var grant = &manifest.Grant{ID: "object_storage.read_prefix", Pos: manifest.Position{File: "remit.yaml", Line: 6, Column: 5}}

var at = time.Date(2026, 11, 21, 16, 49, 3, 114_000_000, time.UTC)

// record is a call that was granted and sent.
func record() proxy.Record {
	req := manifest.Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::media-eu/uploads/images/a.png"}
	return proxy.Record{
		Time: at, Took: 1234567 * time.Nanosecond, Trace: "Root=1-5759e988-bd862e3fe1be46a994272793",
		Host:     "media-eu.s3.eu-west-1.amazonaws.com",
		Call:     &proxy.Call{Service: "s3", Operation: "GetObject", Region: "eu-west-1", Requests: []manifest.Request{req}},
		Decision: manifest.Decision{Allowed: true, Grants: [][]*manifest.Grant{{grant}}},
		Sent:     proxy.Sent{Width: manifest.WidthCall, AccessKeyID: "ASIAMINTED0000000000", AWSRequestID: "0ABCDEF123", Mint: 23 * time.Millisecond},
		Status:   200, Out: 1024,
	}
}

// denial is a call that no grant names.
func denial() proxy.Record {
	r := record()
	req := manifest.Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::billing/2026/10.csv"}
	r.ID, r.Sent, r.Status, r.Out = "d-7f3a91c2", proxy.Sent{}, 403, 250
	r.Took = 80 * time.Microsecond
	r.Call.Requests = []manifest.Request{req}
	r.Decision = manifest.Decision{Denied: req, Reason: manifest.NoResource, Nearest: grant}
	return r
}

func log(w *bytes.Buffer, m manifest.Manifest) *audit.Log {
	return &audit.Log{
		W: w, Function: "generate-thumbnail", Version: "7", Sandbox: "b1946ac9",
		Manifest: func() *manifest.Manifest { return &m },
		RequestID: func(trace string, _ time.Time) string {
			if trace == "" {
				return ""
			}
			return "8f507cfc-" + trace[7:15]
		},
	}
}

func TestLinesAreAsTheyAlwaysWere(t *testing.T) {
	tunnel := proxy.Record{Time: at, Host: "169.254.169.254:80", ID: "d-00000001", Decision: manifest.Decision{Reason: proxy.Forbidden}, Status: 403}
	observed := denial()
	observed.ID, observed.Observed, observed.Status = "", true, 200
	throttled := record()
	throttled.ID, throttled.Status = "d-00000002", 503
	throttled.Decision = manifest.Decision{Reason: proxy.Throttled}
	throttled.Err = &proxy.Refusal{Reason: proxy.Throttled, Retry: true, Text: "slow down", Err: errors.New("STS throttled the request")}
	context := denial()
	context.Call.Requests[0].Context = map[string][]string{"s3:x-amz-acl": {"public-read"}, "s3:prefix": {"a\nb", "ünï"}}
	unread := proxy.Record{Time: at, Host: "example.s3-website.amazonaws.com", ID: "d-00000003", Call: new(proxy.Call), Decision: manifest.Decision{Reason: proxy.Unread}, Status: 403, Err: errors.New("no service is known by this host")}
	forged := denial()
	forged.Call.Requests[0].Resource = "arn:aws:s3:::b/\"}\n{\"level\":\"info\",\"msg\":\"allowed\"}\r\u2028\u2029\u0085\x1b[2J\x7f\u202e\xff\U000e0001ü日"
	forged.Decision.Denied = forged.Call.Requests[0]

	all := manifest.Manifest{Log: manifest.LogAll}
	lines := []struct {
		name string
		m    manifest.Manifest
		r    proxy.Record
	}{
		{"allowed", all, record()},
		{"denied", manifest.Manifest{}, denial()},
		{"would-deny", manifest.Manifest{Mode: manifest.Observe}, observed},
		{"throttled", manifest.Manifest{}, throttled},
		{"context", manifest.Manifest{Function: "checkout"}, context},
		{"unread", manifest.Manifest{}, unread},
		{"tunnel-denied", manifest.Manifest{}, tunnel},
		{"tunnel-allowed", all, proxy.Record{Time: at, Host: "api.example.com:443", Status: 200, In: 5, Out: 7}},
		{"forged", manifest.Manifest{}, forged},
	}
	golden := &txtar.Archive{Comment: []byte("The decision log's lines. Names and order never change; rewrite with -update\nonly to add.\n")}
	for _, c := range lines {
		var b bytes.Buffer
		log(&b, c.m).Record(c.r)
		golden.Files = append(golden.Files, txtar.File{Name: c.name, Data: b.Bytes()})
	}
	const file = "testdata/lines.txtar"
	if *update {
		if err := os.WriteFile(file, txtar.Format(golden), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(want.Files) != len(golden.Files) {
		t.Fatalf("got %d lines, want %d", len(golden.Files), len(want.Files))
	}
	for i, f := range golden.Files {
		if diff := cmp.Diff(string(want.Files[i].Data), string(f.Data)); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", f.Name, diff)
		}
	}
}

func TestWhatIsLoggedFollowsTheManifest(t *testing.T) {
	for _, c := range []struct {
		name           string
		m              manifest.Manifest
		allowed, wants int
	}{
		{"enforce says nothing of allowed calls", manifest.Manifest{}, 250, 0},
		{"observe says everything", manifest.Manifest{Mode: manifest.Observe}, 250, 250},
		{"denials", manifest.Manifest{Mode: manifest.Observe, Log: manifest.LogDenials}, 250, 0},
		{"sampled: the 1st, 101st and 201st", manifest.Manifest{Log: manifest.LogSampled}, 250, 3},
		{"all", manifest.Manifest{Log: manifest.LogAll}, 250, 250},
	} {
		var b bytes.Buffer
		l := log(&b, c.m)
		for range c.allowed {
			l.Record(record())
		}
		if got := strings.Count(b.String(), "\n"); got != c.wants {
			t.Errorf("%s: got %d lines, want %d", c.name, got, c.wants)
		}
		b.Reset()
		l.Record(denial())
		if got := strings.Count(b.String(), "\n"); got != 1 {
			t.Errorf("%s: got %d lines for a denial, want 1", c.name, got)
		}
	}
}

func TestACallThatNobodyDecidedIsLoggedAsDenied(t *testing.T) {
	var b bytes.Buffer
	log(&b, manifest.Manifest{}).Record(proxy.Record{Time: at, Call: new(proxy.Call)})
	if !strings.Contains(b.String(), `"msg":"denied"`) {
		t.Errorf("got %q, want a denial", b.String())
	}
}

func TestMetricsSumToAllCallsWhateverIsLogged(t *testing.T) {
	type metrics struct {
		Calls, Denials, Mints int
		MintTime              []float64
		AWS                   struct {
			Timestamp         int64
			CloudWatchMetrics []struct {
				Namespace  string
				Dimensions [][]string
				Metrics    []struct{ Name, Unit string }
			}
		} `json:"_aws"`
	}
	for _, level := range []manifest.LogLevel{manifest.LogDenials, manifest.LogSampled, manifest.LogAll} {
		var b bytes.Buffer
		l := log(&b, manifest.Manifest{Log: level})
		l.Flush() // of nothing: no line
		for range 30 {
			for range 9 {
				r := record()
				r.Sent.Mint = 0
				l.Record(r)
			}
			l.Record(record())
			l.Record(denial())
		}
		l.Record(record())
		l.Flush()
		l.Flush()
		var sum metrics
		for line := range strings.Lines(b.String()) {
			var m metrics
			if err := json.Unmarshal([]byte(line), &m); err != nil {
				t.Fatal(err)
			}
			sum.Calls += m.Calls
			sum.Denials += m.Denials
			sum.Mints += m.Mints
			sum.MintTime = append(sum.MintTime, m.MintTime...)
			d := m.AWS.CloudWatchMetrics[0]
			if d.Namespace != "Remit" || len(d.Dimensions) != 1 || d.Dimensions[0][0] != "function" || m.AWS.Timestamp == 0 {
				t.Fatalf("got directive %+v", m.AWS)
			}
			var members map[string]any
			json.Unmarshal([]byte(line), &members)
			for _, metric := range d.Metrics {
				if _, ok := members[metric.Name]; !ok {
					t.Errorf("metric %s is defined and has no value in %s", metric.Name, line)
				}
			}
		}
		if sum.Calls != 331 || sum.Denials != 30 || sum.Mints != 31 || len(sum.MintTime) != 31 {
			t.Errorf("%s: got %d calls, %d denials, %d mints, %d mint times, want 331, 30, 31, 31", level, sum.Calls, sum.Denials, sum.Mints, len(sum.MintTime))
		}
	}
}

// hostile is a string of what is longest when it is written.
func hostile(n int) string { return strings.Repeat("\x00\u2028\"\xff\U000e0001", n) }

func TestALineIsNeverLongerThanCloudWatchTakes(t *testing.T) {
	r := denial()
	r.ID, r.Trace, r.Host = hostile(1e4), hostile(1e4), hostile(1e4)
	r.Sent = proxy.Sent{Width: manifest.Width(hostile(1e4)), AccessKeyID: hostile(1e4), AWSRequestID: hostile(1e4), Mint: time.Second}
	r.Err = errors.New(hostile(1e5))
	r.Decision.Reason = manifest.Reason(hostile(1e4))
	g := &manifest.Grant{ID: hostile(1e4)}
	r.Decision.Nearest = g
	r.Call = &proxy.Call{Service: hostile(1e4), Operation: hostile(1e4), Region: hostile(1e4)}
	context := make(map[string][]string)
	for i := range 100 {
		for range 100 {
			k := fmt.Sprint(i) + hostile(50)
			context[k] = append(context[k], hostile(100))
		}
	}
	for range 1000 {
		r.Call.Requests = append(r.Call.Requests, manifest.Request{Action: hostile(1e3), Resource: hostile(1e3), Context: context})
	}
	r.Decision.Denied = r.Call.Requests[999]
	var b bytes.Buffer
	l := log(&b, manifest.Manifest{Function: hostile(1e4)})
	l.RequestID = func(s string, _ time.Time) string { return s }
	l.Version, l.Sandbox = hostile(1e4), hostile(1e4)
	for range 200 {
		allowed := record()
		allowed.Sent.Mint = 123456789 * time.Microsecond
		l.Record(allowed)
	}
	l.Record(r)
	line := b.Bytes()
	if len(line) > audit.MaxLine || len(line) < 10_000 {
		t.Errorf("got a line of %d bytes, want at most %d", len(line), audit.MaxLine)
	}
	checkLine(t, line)
	if !strings.Contains(b.String(), `"requests_total":1000`) || !strings.Contains(b.String(), `"requests":[{`) {
		t.Error("got no requests or no total")
	}

	b.Reset()
	l.Start(audit.Start{SHA256: hostile(1e4), Warnings: []string{hostile(1e5), hostile(1e5)}, Decision: audit.Boundary{Why: hostile(1e5)}})
	if b.Len() > audit.MaxLine {
		t.Errorf("got a start of %d bytes, want at most %d", b.Len(), audit.MaxLine)
	}
	checkLine(t, b.Bytes())
}

// checkLine fails t unless line is one line of JSON in which everything prints.
func checkLine(t *testing.T, line []byte) {
	t.Helper()
	if !json.Valid(line) || !utf8.Valid(line) || bytes.IndexByte(line, '\n') != len(line)-1 {
		t.Errorf("got %.200q, want one line of JSON", line)
	}
	for i, r := range strings.TrimSuffix(string(line), "\n") {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == '\u2028' || r == '\u2029' || r == '\u202e' {
			t.Fatalf("got %U at byte %d, want it escaped", r, i)
		}
	}
}

func TestTheDeniedRequestStandsInFrontOfAHundred(t *testing.T) {
	r := denial()
	r.Call.Requests = nil
	for i := range 1000 {
		r.Call.Requests = append(r.Call.Requests, manifest.Request{Action: "s3:DeleteObject", Resource: fmt.Sprintf("arn:aws:s3:::b/%d", i)})
	}
	r.Decision.Denied = r.Call.Requests[500]
	var b bytes.Buffer
	log(&b, manifest.Manifest{}).Record(r)
	for e := range audit.Read(&b) {
		if len(e.Requests) != 100 || e.RequestsTotal != 1000 || e.Requests[0].Resource != "arn:aws:s3:::b/500" || e.Requests[1].Resource != "arn:aws:s3:::b/0" {
			t.Errorf("got %d of %d requests, %q first", len(e.Requests), e.RequestsTotal, e.Requests[0].Resource)
		}
	}
}

// brokenWriter fails, and counts the lines it was given.
type brokenWriter struct{ writes [][]byte }

func (w *brokenWriter) Write(p []byte) (int, error) {
	w.writes = append(w.writes, bytes.Clone(p))
	return 0, errors.New("no space left on device")
}

func TestManyCallsAtOnceAreOneWriteEach(t *testing.T) {
	w := new(brokenWriter) // and failing, it stops none
	l := &audit.Log{W: w, Function: "f", Manifest: func() *manifest.Manifest { return &manifest.Manifest{Log: manifest.LogAll} }}
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			for j := range 20 {
				r := denial()
				r.ID = fmt.Sprintf("d-%d-%d", i, j)
				l.Record(r)
			}
		})
	}
	wg.Wait()
	if len(w.writes) != 1000 {
		t.Errorf("got %d writes, want 1000", len(w.writes))
	}
	for _, line := range w.writes {
		checkLine(t, line)
	}
}

func TestAStartNamesTheBoundariesThatStand(t *testing.T) {
	stands := audit.Boundary{Stands: true}
	start := audit.Start{RolePolicy: stands, SessionPolicy: stands, Decision: stands, SealedCredentials: stands, HardenedProcess: stands, SHA256: "abc"}
	upstream, _ := url.Parse("http://user:hidden@127.0.0.1:9000")
	for _, c := range []struct {
		name string
		m    manifest.Manifest
		s    audit.Start
		want []string
	}{
		{"all", manifest.Manifest{File: "remit.yaml", Grants: []*manifest.Grant{grant}}, start, []string{
			`"level":"info","msg":"started"`, `"mode":"enforce","manifest":"remit.yaml","sha256":"abc","grants_total":1`,
			`"boundaries":{"role_policy":true,"session_policy":true,"decision":true,"sealed_credentials":true,"hardened_process":true}}`,
		}},
		{"one that nobody looked at", manifest.Manifest{Grants: []*manifest.Grant{grant}}, audit.Start{
			RolePolicy: audit.Boundary{Stands: true, Why: "a name"}, SessionPolicy: stands, Decision: stands, SealedCredentials: stands, HardenedProcess: stands,
		}, []string{`"level":"info"`, `"role_policy":true`, `"unchecked":{"role_policy":"a name"}}`}},
		{"none is said to stand", manifest.Manifest{Grants: []*manifest.Grant{grant}}, audit.Start{
			HardenedProcess: audit.Boundary{Why: "no prctl"}, Measures: []audit.Measure{{Name: "no_new_privs", Holds: true}, {Name: "others_closed"}},
		}, []string{
			`"level":"warn"`, `"hardening":{"no_new_privs":true,"others_closed":false}`, `"hardened_process":false}`, `"sealed_credentials":"not said"`, `"hardened_process":"no prctl"`,
		}},
		{"observe, unminted, upstreams and nothing granted", manifest.Manifest{
			Mode: manifest.Observe, Credentials: manifest.Credentials{Unminted: true}, Upstreams: map[string]*url.URL{"s3": upstream},
			Warnings: []*manifest.Error{{Pos: manifest.Position{File: "remit.yaml", Line: 3, Column: 1}, Text: `action "s3:GetObjct" does not exist`}},
		}, start, []string{
			`"level":"warn"`, `"role_policy":false,"session_policy":false,"decision":false,"sealed_credentials":true`,
			`"decision":"the manifest observes: nothing is denied"`, `mode observe: calls`, `nothing is granted`,
			`upstream: s3 is at http://user:xxxxx@127.0.0.1:9000`, `remit.yaml:3:1: action \"s3:GetObjct\" does not exist`,
		}},
	} {
		var b bytes.Buffer
		log(&b, c.m).Start(c.s)
		checkLine(t, b.Bytes())
		for _, want := range c.want {
			if !strings.Contains(b.String(), want) {
				t.Errorf("%s: got %s want %s in it", c.name, b.String(), want)
			}
		}
		if strings.Contains(b.String(), "hidden") {
			t.Errorf("%s: got a password in %s", c.name, b.String())
		}
	}
}

func TestALogWithoutAnythingWorks(t *testing.T) {
	stdout := os.Stdout
	defer func() { os.Stdout = stdout }()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	os.Stdout = w
	l := new(audit.Log)
	l.Record(denial())
	l.Record(proxy.Record{})
	l.Flush()
	w.Close()
	n := 0
	for e, err := range audit.Read(r) {
		if err != nil || e.Msg != audit.Denied || e.ID != "d-7f3a91c2" {
			t.Errorf("got %+v, %v, want the denial", e, err)
		}
		n++
	}
	if n != 1 {
		t.Errorf("got %d lines, want 1", n)
	}
}

func ExampleLog() {
	l := &audit.Log{Manifest: func() *manifest.Manifest { return new(manifest.Manifest) }}
	req := manifest.Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::billing/2026/10.csv"}
	l.Record(proxy.Record{
		Time: time.Date(2026, 11, 21, 16, 49, 3, 114e6, time.UTC), Took: 80 * time.Microsecond, ID: "d-7f3a91c2",
		Call:     &proxy.Call{Service: "s3", Operation: "GetObject", Region: "eu-west-1", Requests: []manifest.Request{req}},
		Decision: manifest.Decision{Reason: manifest.NoResource, Denied: req, Nearest: grant}, Status: 403, Out: 250,
	})
	// Output:
	// {"time":"2026-11-21T16:49:03.114Z","level":"warn","msg":"denied","id":"d-7f3a91c2","mode":"enforce","service":"s3","operation":"GetObject","region":"eu-west-1","decision":"deny","reason":"no-resource","requests":[{"action":"s3:GetObject","resource":"arn:aws:s3:::billing/2026/10.csv"}],"requests_total":1,"nearest":"remit.yaml:6 object_storage.read_prefix","status":403,"took_ms":0.08,"bytes_in":0,"bytes_out":250}
}

func ExampleRead() {
	log := strings.NewReader(`START RequestId: 8f507cfc Version: 7
{"time":"2026-11-21T16:49:03.114Z","level":"warn","msg":"denied","id":"d-7f3a91c2","decision":"deny","reason":"no-resource","requests":[{"action":"s3:GetObject","resource":"arn:aws:s3:::billing/2026/10.csv"}]}
thumbnail written
`)
	for e, err := range audit.Read(log) {
		if err != nil {
			fmt.Println(err)
			break
		}
		fmt.Println(e.ID, e.Reason, e.Requests[0].Resource)
	}
	// Output: d-7f3a91c2 no-resource arn:aws:s3:::billing/2026/10.csv
}

var equal = cmp.Options{cmpopts.EquateEmpty()}
