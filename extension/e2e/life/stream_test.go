package life

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/lambda-remit/remit/extension/lambdatest"
)

// TestStreamedResponsesPassAsTheyAre has the clients that stream do it: to the
// end, and broken off with an error in the trailers, with the Runtime API passed
// on and without Remit. The emulator puts streams together; lambdatest tells how
// they came.
func TestStreamedResponsesPassAsTheyAre(t *testing.T) {
	t.Parallel()
	pieces := []string{"one, ", strings.Repeat("two ", 50_000), "\x00\r\n0\r\n\r\nthree"}
	whole := strings.Join(pieces, "")
	for _, c := range clients() {
		if c.name == "Node" {
			c.handler = "app.stream"
		} else if c.name != "Go" && c.name != "Rust" {
			continue // Python's and Java's clients do not stream
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			// Go's does not call it a stream, and Rust's has the error in the body,
			// where trailers would be.
			streams, tells := c.name != "Go", c.name != "Rust"
			var ended [2]string
			for i, remit := range []bool{false, true} {
				s, _ := c.act(t, remit, func(f *lambdatest.Config) {
					f.Env = append(f.Env, asFunction+"=stream", "REMIT_RUNTIME_API=proxy")
				})
				for _, broken := range []bool{false, true} {
					payload, _ := json.Marshal(map[string]any{"pieces": pieces, "break": broken})
					result, err := s.Invoke(t.Context(), lambdatest.Invocation{Payload: payload})
					if err != nil {
						t.Fatal(err)
					}
					if result.Streamed != streams || result.Error != (broken && tells) || !broken && !strings.HasSuffix(string(result.Payload), whole) {
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
