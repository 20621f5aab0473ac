package environ

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// TestTheWayFollowsTheRuntime holds RuntimeOf to the command lines that Lambda's
// own bootstraps and images run: see testdata/runtimes.txt.
func TestTheWayFollowsTheRuntime(t *testing.T) {
	ar, err := txtar.ParseFile("testdata/runtimes.txt")
	if err != nil {
		t.Fatal(err)
	}
	dir, cases := t.TempDir(), 0
	for _, f := range ar.Files {
		if name, ok := strings.CutPrefix(f.Name, "file/"); ok {
			if err := os.WriteFile(filepath.Join(dir, name), f.Data, 0o700); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, f := range ar.Files {
		if strings.HasPrefix(f.Name, "file/") {
			continue
		}
		for line := range strings.Lines(string(f.Data)) {
			line = strings.TrimSpace(line)
			if line == "" {
				continue
			}
			cases++
			words := strings.Fields(strings.ReplaceAll(line, "$DIR", dir))
			i := slices.IndexFunc(words, func(w string) bool { return !strings.Contains(w, "=") || strings.HasPrefix(w, "-") })
			var want Runtime
			if f.Name != "other" {
				want = Runtime(f.Name)
			}
			if got := RuntimeOf(words[i:], words[:i]); got != want {
				t.Errorf("%s: got %q, want %q", line, got, want)
			}
		}
	}
	if cases < 20 {
		t.Errorf("read %d cases", cases)
	}
	for r, want := range map[Runtime]Way{"": Proxy, Java: Proxy, Node: Preload, Python: Preload} {
		if got := Choose(r); got != want {
			t.Errorf("%q: got %s, want %s", r, got, want)
		}
	}
}

func TestAnUnknownWayIsAnErrorThatNamesAll(t *testing.T) {
	for _, s := range []string{"Proxy", "none", "proxy "} {
		w, err := ParseWay(s)
		if err == nil {
			t.Errorf("REMIT_CAPTURE %q: got %q, want an error", s, w)
			continue
		}
		for _, way := range []string{`"proxy"`, `"preload"`, `"endpoint"`} {
			if !strings.Contains(err.Error(), way) {
				t.Errorf("REMIT_CAPTURE %q: %v does not name %s", s, err, way)
			}
		}
	}
}

func TestNodeOptionsKeepTheOwners(t *testing.T) {
	for _, c := range []struct{ path, old, want string }{
		{"/opt/remit/preload.cjs", "", "--require /opt/remit/preload.cjs"},
		{"/opt/remit/preload.cjs", "  ", "--require /opt/remit/preload.cjs"},
		{"/opt/remit/preload.cjs", `--require "/opt/a b.js" --enable-source-maps`, `--require /opt/remit/preload.cjs --require "/opt/a b.js" --enable-source-maps`},
		{`/tmp/a b/"c\`, "-r x", `--require "/tmp/a b/\"c\\" -r x`},
		{"/opt/remit/preload.cjs", "--require /opt/remit/preload.cjs", "--require /opt/remit/preload.cjs"},
	} {
		if got := nodeOptions(c.path, c.old); got != c.want {
			t.Errorf("%q before %q: got %s, want %s", c.path, c.old, got, c.want)
		}
	}
}
