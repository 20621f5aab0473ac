package aws

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lambda-remit/remit/proxy"
)

// A walked is one line that testdata/ratchet/walk.py writes: what botocore
// would send for an operation, or, with Operations, what a service is.
type walked struct {
	Service, Operation    string // as botocore names them
	Mode, Variant, Region string
	Method, URL           string
	Headers               map[string]string
	Body                  string // base64
	Error                 string // why botocore cannot send it

	SigningName, EndpointPrefix string
	Protocols, Operations       []string
}

// botocore hands over what botocore sends, as a script of testdata/ratchet that
// reads files there writes it. Writing takes a minute or two, so it is kept for
// the next run of the same script and files with the same botocore.
func botocore(t *testing.T, script string, files []string, each func(*walked)) {
	t.Helper()
	const checkout = "../.."
	python := filepath.Join(checkout, ".venv/bin/python")
	if _, err := os.Stat(python); err != nil {
		t.Fatalf("%v; make setup installs it", err)
	}
	pins, err := os.ReadFile(filepath.Join(checkout, ".ci/requirements.txt"))
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`(?m)^botocore==(\S+)`).FindSubmatch(pins)
	if version == nil {
		t.Fatal(".ci/requirements.txt pins no botocore")
	}
	sum := sha256.New()
	for _, file := range append(files, script+".py") {
		text, err := os.ReadFile(filepath.Join("testdata/ratchet", file))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(sum, "%s %d\n", file, len(text))
		sum.Write(text)
	}
	kept := filepath.Join(checkout, ".cache/ratchet", fmt.Sprintf("%s-%s-%s.gz", script, version[1], hex.EncodeToString(sum.Sum(nil))[:16]))
	if err := os.MkdirAll(filepath.Dir(kept), 0o777); err != nil {
		t.Fatal(err)
	}
	lock, err := os.OpenFile(filepath.Join(filepath.Dir(kept), "lock"), os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	// Who comes while another writes waits for it.
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(kept); err != nil {
		// Another botocore would be kept under this one's name.
		if out, err := exec.CommandContext(t.Context(), python, "-c", "import botocore; print(botocore.__version__, end='')").Output(); err != nil || string(out) != string(version[1]) {
			t.Fatalf("botocore %q is installed (%v), and %s is pinned; make setup installs it", out, err, version[1])
		}
		old, _ := filepath.Glob(filepath.Join(filepath.Dir(kept), script+"-*"))
		part := fmt.Sprintf("%s.%d", kept, os.Getpid())
		cmd := exec.CommandContext(t.Context(), python, "-B", "testdata/ratchet/"+script+".py", part)
		if out, err := cmd.CombinedOutput(); err != nil {
			os.Remove(part)
			t.Fatalf("%s.py: %v\n%s", script, err, out)
		}
		if err := os.Rename(part, kept); err != nil {
			t.Fatal(err)
		}
		for _, file := range old { // but for those of other branches, a while ago
			if info, err := os.Stat(file); err == nil && time.Since(info.ModTime()) > 24*time.Hour {
				os.Remove(file)
			}
		}
	}
	f, err := os.Open(kept)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_UN); err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReaderSize(z, 1<<20)
	for {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF && len(line) == 0 {
			return
		}
		var w walked
		if err == nil {
			err = json.Unmarshal(line, &w)
		}
		if err != nil {
			t.Fatalf("%s: %v", kept, err)
		}
		each(&w)
	}
}

// request makes of w what the proxy hands to Read: of a call to its own host,
// one whose host is known, and of one to an endpoint, one whose host is not.
func (w *walked) request(t *testing.T) *http.Request {
	t.Helper()
	u, err := url.Parse(w.URL)
	if err != nil {
		t.Fatalf("%s %s: %v", w.Service, w.Operation, err)
	}
	body, err := base64.StdEncoding.DecodeString(w.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", w.Service, w.Operation, err)
	}
	// The target as it stands, not as net/url would write it.
	_, rest, _ := strings.Cut(w.URL, "://")
	target := "/"
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		target = rest[i:]
	}
	if target[0] == '?' {
		target = "/" + target
	}
	r := &http.Request{
		Method: w.Method, URL: &url.URL{Path: u.Path, RawPath: u.RawPath, RawQuery: u.RawQuery}, RequestURI: target,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Host: u.Host, Header: make(http.Header, len(w.Headers)),
		ContentLength: int64(len(body)), Body: http.NoBody,
	}
	if len(body) > 0 {
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	for name, value := range w.Headers {
		if http.CanonicalHeaderKey(name) != "Content-Length" && http.CanonicalHeaderKey(name) != "Transfer-Encoding" {
			r.Header.Set(name, value)
		}
	}
	if w.Mode == "direct" {
		r.URL.Scheme, r.URL.Host = u.Scheme, strings.ToLower(u.Host)
	}
	return r
}

// judge compares what was read of w with what botocore meant. It returns one
// word for what is wrong, if anything is, and a sentence.
func (w *walked) judge(call *proxy.Call, err error, signingName string) (word, sentence string) {
	switch {
	case w.Error != "":
		return "unsendable", w.Error
	case err != nil && strings.Contains(err.Error(), "is no host of"):
		return "host", err.Error()
	case err != nil && strings.HasPrefix(err.Error(), "service ") && strings.Contains(err.Error(), "is not read"):
		return "service-unread", err.Error()
	case err != nil && call.Operation == "":
		return "operation-unread", err.Error()
	}
	if want := prefix(w.Service, w.scope(signingName)); call.Service != want {
		return "wrong-service", fmt.Sprintf("read as a call to %q, want %q", call.Service, want)
	}
	operations := strings.FieldsFunc(call.Operation, func(c rune) bool { return c != '_' && c < '0' || c > 'z' })
	if !slices.Contains(operations, w.Operation) && !slices.Contains(operations, newer(w.Service, w.Operation)) {
		return "wrong-operation", fmt.Sprintf("read as %q", call.Operation)
	}
	if err != nil {
		return "refused", err.Error()
	}
	return "", ""
}

// newer is the name of the operation that botocore sends the same request for.
func newer(service, operation string) string {
	switch {
	case service == "s3" && strings.HasSuffix(operation, "BucketLifecycle"), service == "s3" && strings.HasSuffix(operation, "BucketNotification"):
		return operation + "Configuration" // deprecated, and with the same action
	}
	return ""
}

// scope is the service that w is signed for; signingName where it is not signed.
func (w *walked) scope(signingName string) string {
	if _, credential, ok := strings.Cut(w.Headers["Authorization"], "Credential="); ok {
		if parts := strings.SplitN(credential, "/", 5); len(parts) == 5 {
			return parts[3]
		}
	}
	return signingName
}

// TestEveryOperationOfBotocoreIsRead identifies what botocore, which the tables
// were not made from, sends for each of its operations. What is not read, or
// read as something else, is in testdata/ratchet/known.txt: the list may only
// shrink. With -v, a line for each service says how it fares.
func TestEveryOperationOfBotocoreIsRead(t *testing.T) {
	cloud := corpusCloud()
	failures := newRatchet("testdata/ratchet/known.txt")
	signingName := make(map[string]string)
	type tally struct{ calls, read int }
	tallies := make(map[[2]string]*tally)
	botocore(t, "walk", []string{"values.py"}, func(w *walked) {
		if w.Operations != nil {
			signingName[w.Service] = w.SigningName
			return
		}
		mode, _, _ := strings.Cut(w.Mode, "-")
		sum := tallies[[2]string{w.Service, mode}]
		if sum == nil {
			sum = new(tally)
			tallies[[2]string{w.Service, mode}] = sum
		}
		sum.calls++
		var call *proxy.Call
		var err error
		if w.Error == "" {
			call, err = cloud.Identify(w.request(t))
		}
		word, sentence := w.judge(call, err, signingName[w.Service])
		failures.add(w.Service, w.Operation, w.Mode, word, sentence)
		if word == "" {
			sum.read++
		}
	})
	if len(signingName) < 400 {
		t.Fatalf("botocore has %d services, want 400 and more", len(signingName))
	}
	total := make(map[string]*tally)
	for key, sum := range tallies {
		if total[key[1]] == nil {
			total[key[1]] = new(tally)
		}
		total[key[1]].calls += sum.calls
		total[key[1]].read += sum.read
		if testing.Verbose() && sum.read < sum.calls {
			t.Logf("%-40s %-9s %5d of %5d", key[0], key[1], sum.read, sum.calls)
		}
	}
	for mode, sum := range total {
		t.Logf("%s: %d of %d requests are read, %.2f %%", mode, sum.read, sum.calls, 100*float64(sum.read)/float64(sum.calls))
	}
	failures.compare(t)
}
