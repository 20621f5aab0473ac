// Package life has AWS's own runtime interface clients live and die on AWS's
// Runtime Interface Emulator, with Remit and without.
package life

import (
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// A transcript is what a function's invocations come to, one line each.
type transcript []string

func (l transcript) String() string { return strings.Join(l, "\n") }

// lifetime is what every function goes through: it starts, is warm, raises,
// crashes, runs out of time, and starts again after each of them.
var lifetime = []string{
	`{"do": "answer", "echo": "cold"}`,
	`{"do": "answer", "echo": {"ünï": [1, null, "a b"]}}`,
	`{"do": "raise"}`,
	`{"do": "answer", "echo": "warm after an error"}`,
	`{"do": "exit"}`,
	`{"do": "answer", "echo": "cold after a crash"}`,
	`{"do": "sleep"}`,
	`{"do": "answer", "echo": "cold after a timeout"}`,
}

func live(t *testing.T, a attempt, events []string) (l transcript) {
	s := a.start(t)
	for _, event := range events {
		l = append(l, plain(invoke(t, s, event)))
	}
	if strings.Contains(s.Log(), secret) {
		t.Error("the log has the execution role's secret")
	}
	return l
}

// varies are the parts of an answer that no two invocations have in common:
// where an error was raised, and the invocation's id.
var varies = regexp.MustCompile(`(?s),\s*"(stackTrace|requestId)":\s*(\[.*?\]|"[^"]*")|"(trace|stack)":\s*\[.*?\],?|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

func plain(answer string) string { return varies.ReplaceAllString(answer, "") }

// TestAFunctionLivesAsWithoutRemit has each client's function go through its
// lifetime three times: without the layer, with it, and with the Runtime API
// passed on. The answers are the same to the byte, but for the one that says
// whether the role's key is there.
func TestAFunctionLivesAsWithoutRemit(t *testing.T) {
	t.Parallel()
	for _, c := range clients() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			want := live(t, attempt{client: c}, lifetime)
			if !strings.HasPrefix(want[0], "200 ") || strings.Count(want.String(), "cold") != 3 {
				t.Fatalf("without Remit:\n%s", want)
			}
			// What is the point of it all.
			sealed := strings.NewReplacer(`"key":true`, `"key":false`, `"key": true`, `"key": false`).Replace(want.String())
			if sealed == want.String() {
				t.Fatalf("without Remit no answer tells of the key:\n%s", want)
			}
			got := live(t, attempt{client: c, remit: true, env: map[string]string{"REMIT_RUNTIME_API": "proxy"}}, lifetime)
			if got.String() != sealed {
				t.Errorf("with the Runtime API passed on: got\n%s\nwant\n%s", got, sealed)
			}
			// Waiting for a timeout takes long, and nothing of it is different.
			most := len(lifetime) - 2
			got = live(t, attempt{client: c, remit: true}, lifetime[:most])
			if got.String() != strings.Join(strings.Split(sealed, "\n")[:most], "\n") {
				t.Errorf("got\n%s\nwant the beginning of\n%s", got, sealed)
			}
		})
	}
}

// TestAFunctionDoesNotOutliveItsExtension kills the extension, and stops it, in
// the middle of an invocation: that one fails, or the next, and then everything
// starts anew.
func TestAFunctionDoesNotOutliveItsExtension(t *testing.T) {
	t.Parallel()
	for _, c := range clients() {
		for _, d := range []struct {
			name   string
			signal syscall.Signal
		}{{"killed", syscall.SIGKILL}, {"stopped", syscall.SIGSTOP}} {
			t.Run(c.name+" "+d.name, func(t *testing.T) {
				t.Parallel()
				s := attempt{client: c, remit: true, env: map[string]string{"REMIT_RUNTIME_API": "proxy"}}.start(t)
				if got := invoke(t, s, lifetime[0]); !strings.HasPrefix(got, "200 ") {
					t.Fatal(got)
				}
				if err := s.Signal("/opt/extensions/remit", d.signal); err != nil {
					t.Fatal(err)
				}
				if got := invoke(t, s, lifetime[0]); strings.Contains(got, "invocation") {
					t.Errorf("the function answered: %s", got)
				}
				if got := invoke(t, s, `{"do": "answer", "echo": "again"}`); !strings.Contains(got, "again") || strings.Contains(got, "true") {
					t.Errorf("everything started anew: got %s", got)
				}
			})
		}
	}
}

// TestAFunctionThatDoesNotStartFailsAsWithoutRemit has the function fail before
// it takes an event.
func TestAFunctionThatDoesNotStartFailsAsWithoutRemit(t *testing.T) {
	t.Parallel()
	for _, c := range clients() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var said [2]string
			for i, remit := range []bool{false, true} {
				s := attempt{client: c, remit: remit, env: map[string]string{"INIT": "raise", "REMIT_RUNTIME_API": "proxy"}}.start(t)
				for range 2 {
					said[i] += plain(invoke(t, s, lifetime[0])) + "\n"
				}
				if !logged(s, "not started on purpose") {
					t.Errorf("remit %v: the log does not say why", remit)
				}
			}
			if said[0] != said[1] {
				t.Errorf("got %s, want %s", said[1], said[0])
			}
		})
	}
}
