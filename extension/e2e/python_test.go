package e2e_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/lambda-remit/remit/extension/e2e"
	"github.com/lambda-remit/remit/extension/environ"
)

// TestEveryWayOfPythonComesToTheProxy has Python's libraries for HTTP call S3 as
// the function finds them, most of them without heeding a proxy variable or
// with certifi's certificates alone: what is granted is answered, and the rest
// denied by Remit.
func TestEveryWayOfPythonComesToTheProxy(t *testing.T) {
	python := filepath.Join(checkout, ".venv/bin/python")
	aio := filepath.Join(checkout, ".cache/aio")
	if _, err := os.Stat(aio); err != nil {
		e2e.Lacks(t, "aiohttp and its kin are not installed; make setup does that")
	}
	s, _ := start(t, manifestOf(t, remit+servers.Upstreams()))
	for _, tt := range []struct {
		name, path, which string
		ways              int
	}{
		{"today", "", "all", 12},
		{"of 2022", filepath.Join(checkout, ".cache/boto2022"), "all", 12}, // urllib3 1.26
		{"asyncio", aio, "asyncio", 13},
		{"uvloop", aio, "uvloop", 11},
	} {
		t.Run(tt.name, func(t *testing.T) {
			env := []string{"PATH=" + os.Getenv("PATH"), "AWS_REGION=" + e2e.Region, "AWS_SECRET_ACCESS_KEY=" + servers.Base.SecretAccessKey}
			if tt.path != "" {
				env = append(env, "PYTHONPATH="+tt.path)
			}
			made, err := environ.Maker{Handshake: s.Handshake(), Way: environ.Preload, Runtime: environ.Python, Parent: t.TempDir()}.Make(env)
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), python, "testdata/ways.py", tt.which)
			cmd.Env = made.Environ
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			if err != nil || stderr.Len() > 0 {
				t.Errorf("%v\n%s", err, &stderr)
			}
			ways := 0
			for i, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
				name, got, _ := strings.Cut(line, " ")
				want := "200 0123456789"
				switch {
				case name == "child":
					want = "403"
				case i%2 == 1:
					want = "403 True"
				default:
					ways++
				}
				if got != want {
					t.Errorf("%s: got %q, want %q", name, got, want)
				}
			}
			if ways != tt.ways {
				t.Errorf("%d ways answered, want %d", ways, tt.ways)
			}
		})
	}
}

// TestPythonStartsAsWithoutUs runs each archive's "script.py" behind what Python
// loads for us. $DIR is the directory with the archive's own files; "path" is the
// owner's PYTHONPATH, "before" what somebody has put before it since.
func TestPythonStartsAsWithoutUs(t *testing.T) {
	// Not the one of the virtual environment: that has no usercustomize.
	base, err := exec.CommandContext(t.Context(), filepath.Join(checkout, ".venv/bin/python"), "-c", "import sys; print(sys._base_executable)").Output()
	if err != nil {
		t.Fatal(err)
	}
	python := strings.TrimSpace(string(base))
	s, _ := start(t, manifestOf(t, "credentials: {unminted: true}\npermissions: {}\n"))
	paths, err := filepath.Glob("testdata/python/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no testdata (%v)", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			dir, section := t.TempDir(), make(map[string]string)
			for _, f := range ar.Files {
				section[f.Name] = strings.ReplaceAll(string(f.Data), "$DIR", dir)
				if strings.HasSuffix(f.Name, ".py") {
					os.MkdirAll(filepath.Join(dir, filepath.Dir(f.Name)), 0o700)
					if err := os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o600); err != nil {
						t.Fatal(err)
					}
				}
			}
			env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir}
			if own := strings.TrimSpace(section["path"]); own != "" {
				env = append(env, "PYTHONPATH="+own)
			}
			h := s.Handshake()
			h.Hosts = []string{"orders.example.com"}
			made, err := environ.Maker{Handshake: h, Way: environ.Preload, Runtime: environ.Python, Parent: dir}.Make(env)
			if err != nil {
				t.Fatal(err)
			}
			first := ""
			if before := strings.TrimSpace(section["before"]); before != "" {
				first = before + ":"
			}
			for i, entry := range made.Environ {
				if rest, ok := strings.CutPrefix(entry, "PYTHONPATH="); ok {
					made.Environ[i] = "PYTHONPATH=" + first + rest
				}
			}
			for line := range strings.Lines(section["env"]) {
				made.Environ = append(made.Environ, strings.TrimSpace(line)) // the last one counts
			}
			host, port, _ := strings.Cut(h.TLS, ":")
			script := "import _socket\nours = " + fmt.Sprintf("%q", made.Dir+"/python") + "\ndef led(host, port=443, *args):\n    try: return _socket.getaddrinfo(host, port, *args)[0][4] == (\"" + host + "\", " + port + ")\n    except (OSError, TypeError, UnicodeError): return False\n"
			cmd := exec.CommandContext(t.Context(), python, "-c", script+section["script.py"])
			cmd.Env, cmd.Dir = made.Environ, dir
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Errorf("%v", err)
			}
			got := strings.NewReplacer(dir, "$DIR", port, "PORT").Replace(string(out))
			if got == section["out"] {
				return
			}
			if !*update {
				t.Fatalf("got:\n%s\nwant:\n%s", got, section["out"])
			}
			ar.Files[len(ar.Files)-1].Data = []byte(got)
			if err := os.WriteFile(path, txtar.Format(ar), 0o644); err != nil {
				t.Fatal(err)
			}
		})
	}
	if left, _ := filepath.Glob("testdata/python/__pycache__"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestAPythonFunctionIsLedAndKeepsItsLayers has a function on the emulator call
// S3 by libraries that know no proxy, with a module of a layer's.
func TestAPythonFunctionIsLedAndKeepsItsLayers(t *testing.T) {
	s := emulateAs(t, names.Replace(remit+servers.Upstreams()), func(f *e2e.Function) {
		f.Runtime, f.Engine = []string{"/var/lang/bin/python", "/var/task/bootstrap.py"}, "AWS_Lambda_python3.11"
		if err := os.Mkdir(filepath.Join(f.Layer, "python"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(f.Layer, "python/ofalayer.py"), []byte("name = 'of a layer'\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		for name, from := range map[string]string{"app.py": "ledapp.py", "bootstrap.py": "bootstrap.py", "ways.py": "ways.py"} {
			b, err := os.ReadFile(filepath.Join("testdata", from))
			if err == nil {
				err = os.WriteFile(filepath.Join(f.Task, name), b, 0o644)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	})
	want := `200 ["of a layer", "/var/runtime"` + strings.Repeat(`, "200 `+object+`", "403 True"`, 4) + "]"
	for range 2 {
		if got := invoke(t, s, "{}"); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
