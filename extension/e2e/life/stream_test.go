package life

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lambda-remit/remit/extension/e2e"
	"github.com/lambda-remit/remit/extension/lambdatest"
	"github.com/lambda-remit/remit/layer"
)

// TestStreamedResponsesPassAsTheyAre has the clients that stream do it: to the
// end, and broken off with an error in the trailers, with the Runtime API passed
// on and without Remit. The emulator puts streams together; lambdatest tells how
// they came.
func TestStreamedResponsesPassAsTheyAre(t *testing.T) {
	checkout, err := e2e.Checkout()
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	pieces := []string{"one, ", strings.Repeat("two ", 50_000), "\x00\r\n0\r\n\r\nthree"}
	whole := strings.Join(pieces, "")
	for _, c := range clients() {
		var runtime []string
		handler := "function"
		switch c.name {
		case "Node":
			runtime, handler = []string{node(), filepath.Join(checkout, ".cache/ric/node_modules/aws-lambda-ric/index.mjs"), "app.stream"}, "app.stream"
		case "Go":
			runtime = []string{self}
		default:
			continue // Python's and Java's clients do not stream, and Rust's by another crate
		}
		t.Run(c.name, func(t *testing.T) {
			var ended [2]string
			for i, remit := range []bool{false, true} {
				dir := t.TempDir()
				task, opt := filepath.Join(dir, "task"), ""
				if err := os.Mkdir(task, 0o755); err != nil {
					t.Fatal(err)
				}
				if c.name == "Node" {
					c.into(t, checkout, task)
				}
				var log strings.Builder
				config := lambdatest.Config{TaskRoot: task, Runtime: runtime, Handler: handler, Engine: c.engine, Timeout: 20 * time.Second, InitTime: 30 * time.Second,
					Env:  []string{asFunction + "=stream"},
					Keys: []string{"AWS_ACCESS_KEY_ID=ASIALIFELIFELIFELIFE", "AWS_SECRET_ACCESS_KEY=" + secret, "AWS_SESSION_TOKEN=life-session-token-0123456789"}}
				if remit {
					programs, err := programs()
					if err != nil {
						t.Fatal(err)
					}
					opt = filepath.Join(dir, "opt")
					if err := layer.Unpack(opt, programs); err != nil {
						t.Fatal(err)
					}
					config.Layer = opt
					config.Env = append(config.Env, "AWS_LAMBDA_EXEC_WRAPPER="+filepath.Join(opt, "remit/exec"), "REMIT_MANIFEST="+grantsNothing, "REMIT_RUNTIME_API=proxy")
				}
				config.Log = &log
				s, err := lambdatest.New(config)
				if err != nil {
					t.Fatal(err)
				}
				defer func() {
					s.Close()
					if t.Failed() {
						t.Logf("remit %v: the log:\n%s", remit, log.String())
					}
				}()
				for _, broken := range []bool{false, true} {
					payload, _ := json.Marshal(map[string]any{"pieces": pieces, "break": broken})
					result, err := s.Invoke(t.Context(), lambdatest.Invocation{Payload: payload})
					if err != nil {
						t.Fatal(err)
					}
					if result.Streamed != (c.name == "Node") || result.Error != broken || !broken && !strings.HasSuffix(string(result.Payload), whole) {
						t.Errorf("remit %v, broken off %v: got %d bytes, streamed %v, error %v", remit, broken, len(result.Payload), result.Streamed, result.Error)
					}
					ended[i] += fmt.Sprintln(result.Trailer.Get("Lambda-Runtime-Function-Error-Type"), len(result.Payload))
				}
			}
			if ended[0] != ended[1] {
				t.Errorf("got %s, want %s", ended[1], ended[0])
			}
		})
	}
}
