package examples

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lambda-remit/remit/extension/e2e"
	"github.com/lambda-remit/remit/proxy/audit"
)

// node is an example in JavaScript, on AWS's runtime interface client.
func node(t *testing.T, dir string, env map[string]string) example {
	t.Helper()
	for _, tool := range []string{"cmake", "c++"} {
		if _, err := exec.LookPath(tool); err != nil {
			e2e.Lacks(t, "there is no %s here to build the client for Node with; make setup says so", tool)
		}
	}
	program, err := exec.LookPath("node")
	if err == nil {
		program, err = filepath.EvalSymlinks(program)
	}
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{"AWS_LAMBDA_EXEC_WRAPPER": "/opt/remit/exec"}
	maps.Copy(all, env)
	return example{dir: dir, files: []string{"index.mjs"}, f: e2e.Function{
		Handler: "index.handler", Env: all, Engine: "AWS_Lambda_nodejs20.x",
		Runtime: []string{program, "/var/task/node_modules/aws-lambda-ric/index.mjs"},
		Modules: filepath.Join(checkout, ".cache/js/node_modules"), // as Lambda's runtime has the SDK
	}, pack: func(t *testing.T, task string) {
		for _, name := range []string{"aws-lambda-ric", "@aws"} {
			if err := os.CopyFS(filepath.Join(task, "node_modules", name), os.DirFS(filepath.Join(checkout, ".cache/ric/node_modules", name))); err != nil {
				t.Fatal(err)
			}
		}
	}}
}

func TestPlaceOrder(t *testing.T) {
	x := node(t, "checkout/place-order", nil)
	s := x.start(t)
	var placed struct {
		ID    string
		Total int
	}
	x.answer(t, s, &placed)
	item, err := servers.Item(t.Context(), "orders", placed.ID)
	if err != nil || placed.Total != 1900 || text(item["email"]) != `{"S":"customer@example.com"}` {
		t.Errorf("placed %+v; the table has %v, %v", placed, item, err)
	}
	again := placed
	x.answer(t, s, &again)
	if again != placed {
		t.Errorf("the same cart again: got %+v, want %+v", again, placed)
	}
}

func TestSendReceipt(t *testing.T) {
	x := node(t, "checkout/send-receipt", nil)
	s := x.start(t)
	var sent []struct{ Key, Message string }
	x.answer(t, s, &sent)
	if len(sent) != 1 || sent[0].Message == "" {
		t.Fatalf("sent %+v", sent)
	}
	receipt, err := servers.Get(t.Context(), "receipts-eu", sent[0].Key)
	if err != nil || !strings.Contains(string(receipt), "19.00") {
		t.Errorf("the receipt is %q, %v", receipt, err)
	}
	if got := audited(t, s); got != "s3:PutObject ses:SendEmail" {
		t.Errorf("it asked for %s", got)
	}
}

func TestNotify(t *testing.T) {
	const topic = "arn:aws:sns:" + e2e.Region + ":" + e2e.Account + ":"
	x := node(t, "checkout/notify", map[string]string{"TOPIC_ARN": topic + "order-notifications"})
	var told struct{ Published int }
	x.answer(t, x.start(t), &told)
	got, err := servers.Published(t.Context(), topic+"order-notifications")
	if err != nil || told.Published != 1 || len(got) != 1 || !strings.Contains(got[0], `"cents":1900`) {
		t.Errorf("published %d: %q, %v", told.Published, got, err)
	}
	x.f.Env["TOPIC_ARN"] = topic + "remit-denials"
	failed(t, x.start(t), x.read(t, "event.json"))
}

func TestInvoiceIngest(t *testing.T) {
	for _, tool := range []string{"javac", "mvn"} {
		if _, err := exec.LookPath(tool); err != nil {
			e2e.Lacks(t, "there is no Java with Maven here; make setup says so")
		}
	}
	jars := []string{filepath.Join(checkout, ".cache/java"), filepath.Join(checkout, ".cache/java-ric")}
	x := example{dir: "invoice-ingest", f: e2e.Function{
		Handler: "invoices.Ingest::handleRequest", Env: map[string]string{"AWS_LAMBDA_EXEC_WRAPPER": "/opt/remit/exec"}, Engine: "AWS_Lambda_java17",
		Runtime: []string{"/usr/bin/java", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-cp", "/var/task:/var/task/lib/*", "com.amazonaws.services.lambda.runtime.api.client.AWSLambda"},
	}, pack: func(t *testing.T, task string) {
		for _, dir := range jars {
			files, err := filepath.Glob(filepath.Join(dir, "*.jar"))
			if err != nil || len(files) == 0 {
				t.Fatalf("%s has no jars: run `make setup` first", dir)
			}
			for _, file := range files {
				b, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				write(t, filepath.Join(task, "lib", filepath.Base(file)), string(b))
			}
		}
		command(t, filepath.Join(checkout, "examples/invoice-ingest"), nil, "javac", "-cp", filepath.Join(task, "lib", "*"), "-d", task, "src/main/java/invoices/Ingest.java")
	}}
	s := x.start(t)
	var booked []string
	x.answer(t, s, &booked)
	item, err := servers.Item(t.Context(), "invoices", "acme/2026-11")
	if err != nil || len(booked) != 1 || text(item["cents"]) != `{"N":"120050"}` {
		t.Errorf("booked %q; the table has %v, %v", booked, item, err)
	}
	if moved, err := servers.Get(t.Context(), "invoices-eu", "booked/acme%202026-11.csv"); err != nil || !strings.HasPrefix(string(moved), "acme;") {
		t.Errorf("the file was not moved: %q, %v", moved, err)
	}
	failed(t, s, strings.NewReplacer("incoming/", "booked/").Replace(x.read(t, "event.json")))
}

// provided is an example in Go, packaged so that the layer's bootstrap starts it.
func provided(dir, handler string, env map[string]string) example {
	return example{dir: dir, f: e2e.Function{Handler: handler, Provided: true, Env: env}, pack: func(t *testing.T, task string) {
		command(t, checkout, []string{"CGO_ENABLED=0"}, "go", "build", "-tags", "lambda.norpc", "-o", filepath.Join(task, handler), "./examples/"+dir)
	}}
}

func TestStreamTransform(t *testing.T) {
	x := provided("stream-transform", "transform", nil)
	var answer struct{ BatchItemFailures []any }
	x.answer(t, x.start(t), &answer)
	got, err := servers.Records(t.Context(), "clicks-clean")
	got = slices.DeleteFunc(got, func(r string) bool { return r == "hello" }) // what a new stream here begins with
	want := []string{`{"address":"192.0.2.0/24","page":"/mugs"}`, `{"address":"2001:db8:1::/48","page":"/cart"}`}
	if err != nil || len(answer.BatchItemFailures) > 0 || strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("passed on %q, want %q; %v; failures %v", got, want, err, answer.BatchItemFailures)
	}
}

func TestDenialDigest(t *testing.T) {
	const topic = "arn:aws:sns:" + e2e.Region + ":" + e2e.Account + ":remit-denials"
	x := provided("denial-digest", "digest", map[string]string{"TOPIC_ARN": topic})
	n := 0
	x.answer(t, x.start(t), &n)
	got, err := servers.Published(t.Context(), topic)
	if err != nil || n != 2 || len(got) == 0 {
		t.Fatalf("%d denials, published %q, %v", n, got, err)
	}
	for _, want := range []string{
		"generate-thumbnail\n     42 × s3:GetObject on arn:aws:s3:::billing-eu/2026/10.csv: denied, no-resource (d-7f3a91c2)\n",
		"nearest: remit.yaml:11 object_storage.read_prefix\n",
		"      1 × a call on attacker.example:443: denied, no-egress (d-0b1c2d3e)\n",
	} {
		if !strings.Contains(got[len(got)-1], want) {
			t.Errorf("the digest lacks %q:\n%s", want, got[len(got)-1])
		}
	}
}

// TestContainerImage starts what the Dockerfile's image would, by its entry point
// and command.
func TestContainerImage(t *testing.T) {
	x := example{dir: "container-image", files: []string{"app.py"}}
	said := map[string][]string{}
	for line := range strings.Lines(x.read(t, "Dockerfile")) {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		if word == "ENTRYPOINT" || word == "CMD" {
			var argv []string
			if err := json.Unmarshal([]byte(rest), &argv); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			said[word] = argv
		}
	}
	if len(said["ENTRYPOINT"]) < 2 || said["ENTRYPOINT"][0] != "/opt/remit/exec" || len(said["CMD"]) != 1 {
		t.Fatalf("the Dockerfile starts %q with %q", said["ENTRYPOINT"], said["CMD"])
	}
	x.f = e2e.Function{Handler: said["CMD"][0], Runtime: said["ENTRYPOINT"]}
	s := x.start(t)
	var wrote struct{ Key string }
	x.answer(t, s, &wrote)
	report, err := servers.Get(t.Context(), "reports-eu", wrote.Key)
	if err != nil || string(report) != "Report of\n2026-11\n" {
		t.Errorf("%s is %q, %v", wrote.Key, report, err)
	}
	failed(t, s, `{"month": "2026-11", "heading": "/payments/signing-key"}`)
}

// audited returns the actions that the log of decisions has, in their order.
func audited(t *testing.T, s *e2e.Sandbox) string {
	t.Helper()
	var actions []string
	for begun := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		actions = nil
		for e, err := range audit.Read(strings.NewReader(s.Log())) {
			if err != nil {
				t.Fatal(err)
			}
			actions = append(actions, e.Requests[0].Action)
		}
		if len(actions) >= 2 || time.Since(begun) > 30*time.Second {
			return strings.Join(actions, " ")
		}
	}
}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}
