package e2e_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lambda-remit/remit/extension/e2e"
	"github.com/lambda-remit/remit/extension/environ"
)

// remit is the manifest that testdata/calls.jsonl is written for.
const remit = `
function: e2e
credentials: {role: ` + e2e.Role + `, mint: call}
permissions:
  object_storage:
    bucket: media-eu
    read_prefix: [in/, out/]
    list: true
    write_prefix: out/
    delete_prefix: out/
  table:
    name: orders
    index: by-customer
    read: true
    write: true
  queue:
    publish: results
    send: jobs
    receive: jobs
  secrets:
    read: signing-key
  parameters:
    read: /app/host
    path: /app/flags
  keys:
    encrypt: alias/app
    decrypt: {key}
  functions:
    invoke: resize
log: all
`

// callsFor reads testdata/calls.jsonl for one client: what it writes is its
// own.
func callsFor(t *testing.T, c client) (calls []call) {
	t.Helper()
	text, err := os.ReadFile("testdata/calls.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(names.Replace(strings.ReplaceAll(string(text), "{client}", c.name))) {
		var one call
		d := json.NewDecoder(strings.NewReader(line))
		d.DisallowUnknownFields()
		if err := d.Decode(&one); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		calls = append(calls, one)
	}
	if len(calls) == 0 {
		t.Fatal("testdata/calls.jsonl has no calls")
	}
	return calls
}

func TestEveryClientIsGrantedAndDeniedInItsOwnWords(t *testing.T) {
	servers.Asked()
	var logs []*bytes.Buffer
	for _, c := range clients() {
		t.Run(c.name, func(t *testing.T) {
			calls := callsFor(t, c)
			s, log := start(t, manifestOf(t, remit+servers.Upstreams()))
			logs = append(logs, log)
			outcomes := c.make(t, s.Handshake(), calls)
			for _, want := range calls {
				t.Run(want.Name, func(t *testing.T) { c.check(t, want, outcomes[want.Name]) })
			}
		})
	}
	t.Run("under policies that the simulator agrees with", func(t *testing.T) { judgeCalls(t, logs) })
}

func TestAHundredMegabytesGoUpAndComeBackInParts(t *testing.T) {
	noise := make([]byte, 100_000_000)
	source := rand.NewChaCha8([32]byte{1})
	source.Read(noise)
	for _, c := range clients() {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "noise")
			if err := os.WriteFile(path, noise, 0o600); err != nil {
				t.Fatal(err)
			}
			s, _ := start(t, manifestOf(t, remit+servers.Upstreams()))
			outcomes := c.make(t, s.Handshake(), []call{
				{Name: "granted", Operation: "Transfer", Input: map[string]any{"Bucket": "media-eu", "Key": "out/" + c.name + "/large", "Path": path}},
				{Name: "denied", Operation: "Transfer", Input: map[string]any{"Bucket": "media-eu", "Key": "in/" + c.name + "/large", "Path": path}},
			})
			c.check(t, call{Want: map[string]any{"Same": true}}, outcomes["granted"])
			// boto3 wraps what its uploads raise; what it wraps is said in the message.
			if got := outcomes["denied"]; got.Error == "" || !strings.Contains(got.Message, "(remit d-") ||
				!strings.Contains(got.Error+got.Message, "AccessDenied") {
				t.Errorf("got %q: %s, want AccessDenied from Remit", got.Error, got.Message)
			}
		})
	}
}

// TestJavaScriptSendsToAQueuesOwnHost is a known failure of the endpoint:
// JavaScript's SQS calls a queue's URL, unless its client says
// useQueueUrlAsEndpoint: false, as testdata/sdk.cjs has it. AWS_ENDPOINT_URL does
// not lead it to Remit; the preload does.
func TestJavaScriptSendsToAQueuesOwnHost(t *testing.T) {
	for _, c := range clients() {
		if !strings.HasPrefix(c.name, "js-") {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			url := "https://sqs." + e2e.Region + ".amazonaws.com/" + e2e.Account
			if c.way == environ.Endpoint {
				c.around, url = "sqs", "http://127.0.0.1:1/"+e2e.Account
			}
			c.env = append(c.env, "USE_QUEUE_URL=true")
			s, _ := start(t, manifestOf(t, remit+servers.Upstreams()))
			calls := []call{
				{Name: "granted", Service: "sqs", Operation: "SendMessage", Input: map[string]any{"QueueUrl": url + "/jobs", "MessageBody": "x"}},
				{Name: "denied", Service: "sqs", Operation: "SendMessage", Input: map[string]any{"QueueUrl": url + "/payments", "MessageBody": "x"}, Error: "AccessDenied"},
			}
			outcomes := c.make(t, s.Handshake(), calls)
			for _, want := range calls {
				c.check(t, want, outcomes[want.Name])
			}
		})
	}
}
