package audit_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy/audit"
)

// read returns all that r has.
func read(t testing.TB, r io.Reader) []audit.Entry {
	t.Helper()
	var out []audit.Entry
	for e, err := range audit.Read(r) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, e)
	}
	return out
}

func TestWhatIsWrittenReadsBack(t *testing.T) {
	var b bytes.Buffer
	l := log(&b, manifest.Manifest{Log: manifest.LogAll})
	l.Start(audit.Start{})
	l.Record(record())
	io.WriteString(&b, "[INFO] a line of the function's\n{\"level\":\"info\"}\n{not JSON}\nnull\n{}\n\n")
	io.WriteString(&b, "{\"msg\":\"denied\",\"decision\":\"deny\",\"time\":\"yesterday\"}\n")
	io.WriteString(&b, "{\"msg\":\"denied\",\"decision\":\"allow\",\"time\":\"2026-11-21T16:49:03Z\"}\n")
	io.WriteString(&b, strings.Repeat("x", 3*audit.MaxLine)+"\n")
	l.Record(denial())
	l.Flush()
	got := read(t, &b)
	req := audit.Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::media-eu/uploads/images/a.png"}
	want := []audit.Entry{{
		Time: at, Level: "info", Msg: "allowed", Function: "generate-thumbnail", Version: "7", RequestID: "8f507cfc-5759e988", Sandbox: "b1946ac9",
		Mode: "enforce", Service: "s3", Operation: "GetObject", Region: "eu-west-1", Decision: "allow",
		Requests: []audit.Request{req}, RequestsTotal: 1, Grants: []string{"remit.yaml:6 object_storage.read_prefix"},
		Width: "call", AccessKeyID: "ASIAMINTED0000000000", AWSRequestID: "0ABCDEF123", Status: 200, TookMS: 1.235, MintMS: 23, BytesOut: 1024,
	}, {
		Time: at, Level: "warn", Msg: "denied", ID: "d-7f3a91c2", Function: "generate-thumbnail", Version: "7", RequestID: "8f507cfc-5759e988", Sandbox: "b1946ac9",
		Mode: "enforce", Service: "s3", Operation: "GetObject", Region: "eu-west-1", Decision: "deny", Reason: "no-resource",
		Requests: []audit.Request{{Action: "s3:GetObject", Resource: "arn:aws:s3:::billing/2026/10.csv"}}, RequestsTotal: 1,
		Nearest: "remit.yaml:6 object_storage.read_prefix", Status: 403, TookMS: 0.08, BytesOut: 250,
	}}
	if diff := cmp.Diff(want, got, equal); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestALogThatBreaksOffSaysSo(t *testing.T) {
	broken := errors.New("connection reset")
	var last error
	for _, err := range audit.Read(io.MultiReader(strings.NewReader("a\nb"), iotest.ErrReader(broken))) {
		last = err
	}
	if !errors.Is(last, broken) {
		t.Errorf("got %v, want %v", last, broken)
	}
}

func TestWhoStopsReadingIsLeftAlone(t *testing.T) {
	var b bytes.Buffer
	l := log(&b, manifest.Manifest{})
	l.Record(denial())
	l.Record(denial())
	n := 0
	for range audit.Read(&b) {
		n++
		break
	}
	if n != 1 {
		t.Errorf("got %d entries, want 1", n)
	}
}

// FuzzRead: whatever a log holds, what is read from it and written again is one
// line, reads back as it was written, and then never changes.
func FuzzRead(f *testing.F) {
	lines, err := os.ReadFile("testdata/lines.txtar")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(lines)
	for line := range bytes.Lines(lines) {
		f.Add(slices.Clone(line))
	}
	f.Add([]byte(`{"time":"9999-12-31T23:59:59-10:00","msg":"denied","decision":"deny"}`))
	f.Add([]byte(`{"time":"2026-11-21T16:49:03Z","msg":"denied","decision":"deny","requests":[{"context":{"":null,"a":["\ud800","\u2028"]}}],"took_ms":1e300}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, e := range read(t, bytes.NewReader(text)) {
			once := rewrite(t, e)
			twice := rewrite(t, once)
			if diff := cmp.Diff(once, twice, equal); diff != "" {
				t.Fatalf("(-once +twice)\n%s", diff)
			}
		}
	})
}

// rewrite writes e among lines that are not ours, and reads it back.
func rewrite(t *testing.T, e audit.Entry) audit.Entry {
	t.Helper()
	line := audit.AppendEntry(nil, e)
	checkLine(t, line)
	if len(line) > audit.MaxLine {
		t.Fatalf("got a line of %d bytes, want at most %d", len(line), audit.MaxLine)
	}
	got := read(t, io.MultiReader(strings.NewReader("before\n"), bytes.NewReader(line), strings.NewReader("{\"after\":1}")))
	if len(got) != 1 {
		t.Fatalf("got %d entries of %q, want 1", len(got), line)
	}
	return got[0]
}
