package life

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/lambda-remit/remit/extension/environ"
)

// TestWithoutTheExtensionNoFunctionRuns takes the extension away in every way
// that there is. The wrapper has the role's keys in its environment, as Lambda
// gives them to it; whatever it is that is missing, it starts nothing.
func TestWithoutTheExtensionNoFunctionRuns(t *testing.T) {
	t.Parallel()
	extension := func(opt string) string { return filepath.Join(opt, "extensions/remit") }
	write := func(text string, mode os.FileMode) func(t *testing.T, opt string) {
		return func(t *testing.T, opt string) {
			if err := os.Remove(extension(opt)); err != nil {
				t.Fatal(err)
			}
			program(t, extension(opt), []byte(text), mode)
		}
	}
	for _, c := range []struct {
		name   string
		reason string // in the log
		change func(t *testing.T, opt string)
	}{
		{"extensions are switched off", "the function is not started", func(t *testing.T, opt string) {
			// Any layer can bring this file, and Lambda's emulator then starts none.
			if err := os.WriteFile(filepath.Join(opt, "disable-extensions-jwigqn8j"), nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}},
		{"there are no extensions", "the function is not started", func(t *testing.T, opt string) {
			if err := os.RemoveAll(filepath.Join(opt, "extensions")); err != nil {
				t.Fatal(err)
			}
		}},
		{"the directory is empty", "the function is not started", func(t *testing.T, opt string) {
			if err := os.Remove(extension(opt)); err != nil {
				t.Fatal(err)
			}
		}},
		{"it is a directory", "the function is not started", func(t *testing.T, opt string) {
			if err := os.Remove(extension(opt)); err != nil {
				t.Fatal(err)
			}
			if err := os.Mkdir(extension(opt), 0o755); err != nil {
				t.Fatal(err)
			}
		}},
		{"it has another name", "Extension.", func(t *testing.T, opt string) {
			if err := os.Rename(extension(opt), extension(opt)+"2"); err != nil {
				t.Fatal(err)
			}
		}},
		{"it is not executable", "Extension.LaunchError", func(t *testing.T, opt string) {
			if err := os.Chmod(extension(opt), 0o644); err != nil {
				t.Fatal(err)
			}
		}},
		{"it is of no format", "Extension.LaunchError", write("neither ELF nor a script", 0o755)},
		{"it is of another machine", "Extension.LaunchError", write("\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xff\x7f", 0o755)},
		{"it ends at once", "Extension.Crash", write("#!/bin/sh\nexit 0\n", 0o755)},
		{"it hangs before it registers", "Reset initiated: Timeout", write("#!/bin/sh\nexec sleep 600\n", 0o755)},
		{"another one registers under its name", "the function is not started", write(`#!/var/lang/bin/python
import json, os, urllib.request
api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2020-01-01/extension/"
r = urllib.request.Request(api + "register", b'{"events": []}', {"Lambda-Extension-Name": "remit"})
with urllib.request.urlopen(r) as answer:
    key = answer.headers["Lambda-Extension-Identifier"]
urllib.request.urlopen(urllib.request.Request(api + "event/next", headers={"Lambda-Extension-Identifier": key})).read()
`, 0o755)},
		{"another one answers in its place", "the function is not started", write(`#!/var/lang/bin/python
import json, os, socket, threading, urllib.request
s = socket.socket(socket.AF_UNIX)
s.bind("\0remit:" + os.readlink("/proc/self/ns/pid").strip("pid:[]"))
s.listen()
def serve():
    while True:
        c, _ = s.accept()
        c.sendall(b"remit `+strconv.Itoa(environ.HandshakeVersion)+`\nproxy 127.0.0.1:1\ncredentials_uri http://127.0.0.1:1/\ntoken t\n\n-----BEGIN CERTIFICATE-----")
        c.close()
threading.Thread(target=serve, daemon=True).start()
api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2020-01-01/extension/"
r = urllib.request.Request(api + "register", b'{"events": []}', {"Lambda-Extension-Name": "remit"})
with urllib.request.urlopen(r) as answer:
    key = answer.headers["Lambda-Extension-Identifier"]
urllib.request.urlopen(urllib.request.Request(api + "event/next", headers={"Lambda-Extension-Identifier": key})).read()
`, 0o755)},
		{"the wrapper is not there", "Runtime.ExitError", func(t *testing.T, opt string) {
			if err := os.Remove(filepath.Join(opt, "remit/exec")); err != nil {
				t.Fatal(err)
			}
		}},
		{"the wrapper is not executable", "Runtime.ExitError", func(t *testing.T, opt string) {
			if err := os.Chmod(filepath.Join(opt, "remit/exec"), 0o644); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := attempt{client: clients()[0], remit: true, change: func(opt string) { c.change(t, opt) }}.start(t)
			for range 2 { // the second starts everything anew
				if got := invoke(t, s, lifetime[0]); strings.Contains(got, "invocation") {
					t.Errorf("the function answered: %s", got)
				}
				if strings.Contains(c.reason, "Timeout") {
					break // once is long enough
				}
			}
			if !logged(s, c.reason) {
				t.Errorf("the log does not have %q", c.reason)
			}
			if strings.Contains(s.Log(), "the function is loaded") {
				t.Error("the function was started")
			}
		})
	}
}

// TestAProvidedRuntimeDoesNotRunWithoutTheExtensionEither has the layer's
// bootstrap in the wrapper's place.
func TestAProvidedRuntimeDoesNotRunWithoutTheExtensionEither(t *testing.T) {
	t.Parallel()
	clients := clients()
	s := attempt{client: clients[len(clients)-1], remit: true, change: func(opt string) {
		if err := os.WriteFile(filepath.Join(opt, "disable-extensions-jwigqn8j"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}}.start(t)
	for range 2 {
		if got := invoke(t, s, lifetime[0]); strings.Contains(got, "invocation") {
			t.Errorf("the function answered: %s", got)
		}
	}
	if !logged(s, "the function is not started") || strings.Contains(s.Log(), "the function is loaded") {
		t.Error("the function was started, or the log does not say that it was not")
	}
}

// TestWhoTakesTheExtensionsPlaceStopsTheFunction has a process of an earlier
// runtime wait for the socket by which wrapper and extension find each other.
func TestWhoTakesTheExtensionsPlaceStopsTheFunction(t *testing.T) {
	t.Parallel()
	s := attempt{client: clients()[0], remit: true}.start(t)
	// Between the end of the one extension and the start of the next there is
	// a millisecond or so: some try in vain.
	tries := 0
	for ; !strings.Contains(s.Log(), "the socket is taken"); tries++ {
		if tries == 50 {
			t.Fatal("the socket is not to be had")
		}
		invoke(t, s, `{"do": "squat"}`)
	}
	loaded := strings.Count(s.Log(), "the function is loaded")
	for range 2 {
		if got := invoke(t, s, lifetime[0]); strings.Contains(got, "invocation") {
			t.Errorf("the function answered: %s", got)
		}
	}
	if !logged(s, "Extension.InitError") || strings.Count(s.Log(), "the function is loaded") != loaded {
		t.Error("the function was started again, or the log does not say why not")
	}
}
