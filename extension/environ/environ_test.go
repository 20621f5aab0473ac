package environ

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "rewrite the golden sections of testdata")

// authority is the proxy's certificate in these tests; nothing here parses it.
const authority = "-----BEGIN CERTIFICATE-----\nb3Vycw==\n-----END CERTIFICATE-----\n"

func handshake() Handshake {
	return Handshake{
		Version:        HandshakeVersion,
		Proxy:          "127.0.0.1:4000",
		TLS:            "127.0.0.1:4003",
		CredentialsURI: "http://127.0.0.1:4001/credentials",
		Token:          "the-token",
		CA:             authority,
		Domains:        []string{"amazonaws.com", "amazonaws.com.cn", "api.aws"},
	}
}

func TestSealedKeysStandWhereTheRealOnesDid(t *testing.T) {
	h := handshake()
	h.Keys = Keys{"ASIAREMITAAAAAAAAAAA", "sealed-secret", "sealed-token"}
	e, err := Maker{Handshake: h, Parent: t.TempDir(), Bundles: []string{}}.Make([]string{"AWS_ACCESS_KEY_ID=ASIAREAL", "AWS_SECRET_ACCESS_KEY=real", "AWS_SECURITY_TOKEN=real"})
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Join(e.Environ, "\n")
	for _, want := range []string{"AWS_ACCESS_KEY_ID=ASIAREMITAAAAAAAAAAA", "AWS_SECRET_ACCESS_KEY=sealed-secret", "AWS_SESSION_TOKEN=sealed-token"} {
		if strings.Count(all, want) != 1 {
			t.Errorf("no %s in %s", want, all)
		}
	}
	if strings.Contains(all, "ASIAREAL") || strings.Contains(all, "=real") {
		t.Errorf("the real keys are in %s", all)
	}
}

// TestEnvironments holds each archive's "in" against its "out": the variables,
// and after them the files that are named in "show". $TMP is the directory with
// the archive's own files, $DIR the fresh one.
func TestEnvironments(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no testdata (%v)", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			tmp := t.TempDir()
			section := make(map[string]string)
			for _, f := range ar.Files {
				section[f.Name] = string(f.Data)
				if name, ok := strings.CutPrefix(f.Name, "tmp/"); ok {
					name = filepath.Join(tmp, name)
					os.MkdirAll(filepath.Dir(name), 0o700)
					if err := os.WriteFile(name, f.Data, 0o600); err != nil {
						t.Fatal(err)
					}
				}
			}
			m := Maker{
				Handshake: handshake(),
				Way:       Way(strings.TrimSpace(section["way"])),
				Runtime:   Runtime(strings.TrimSpace(section["runtime"])),
				Argv:      strings.Fields(strings.ReplaceAll(section["argv"], "$TMP", tmp)),
				Parent:    t.TempDir(),
				Preload:   "/opt/remit/preload.cjs",
				Python:    "/opt/remit/python",
				Bundles:   []string{filepath.Join(tmp, "none"), filepath.Join(tmp, "system.crt")},
			}
			if p := strings.TrimSpace(section["parameters"]); p != "" {
				m.Handshake.Parameters, m.Handshake.SessionToken = p, "sealed-session-token"
			}
			if _, ok := section["keys"]; ok {
				m.Handshake.Keys = Keys{"ASIAREMITSEALED", "sealed-secret", "sealed-session-token"}
			}
			_, m.Handshake.Egress = section["egress"]
			var in []string
			for line := range strings.Lines(section["in"]) {
				in = append(in, strings.ReplaceAll(strings.TrimSuffix(line, "\n"), "$TMP", tmp))
			}
			e, err := m.Make(in)
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			for _, v := range e.Environ {
				got.WriteString(v + "\n")
			}
			for _, a := range e.Argv {
				got.WriteString("argv: " + a + "\n")
			}
			for _, n := range e.Notes {
				got.WriteString("# " + n + "\n")
			}
			for name := range strings.FieldsSeq(section["show"]) {
				b, err := os.ReadFile(filepath.Join(e.Dir, name))
				if err != nil {
					t.Fatal(err)
				}
				got.WriteString("== " + name + "\n" + string(b))
				if len(b) > 0 && b[len(b)-1] != '\n' {
					got.WriteString("\n")
				}
			}
			out := strings.NewReplacer(e.Dir, "$DIR", tmp, "$TMP").Replace(got.String())
			if out == section["out"] {
				return
			}
			if !*update {
				t.Fatalf("got:\n%s\nwant:\n%s", out, section["out"])
			}
			i := slices.IndexFunc(ar.Files, func(f txtar.File) bool { return f.Name == "out" })
			if i < 0 {
				i = len(ar.Files)
				ar.Files = append(ar.Files, txtar.File{Name: "out"})
			}
			ar.Files[i].Data = []byte(out)
			if err := os.WriteFile(path, txtar.Format(ar), 0o644); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestFilesAreReadableByNobodyElse(t *testing.T) {
	e, err := Maker{Handshake: handshake(), Parent: t.TempDir()}.Make(nil)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(e.Dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("directory: got %v, %v, want 0700", info.Mode(), err)
	}
	entries, err := os.ReadDir(e.Dir)
	if err != nil || len(entries) < 4 {
		t.Fatalf("got %d files, %v", len(entries), err)
	}
	for _, entry := range entries {
		if info, err := entry.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: got %v, %v, want 0600", entry.Name(), info.Mode(), err)
		}
	}
}

func TestSweepLeavesNothingOfTheDeadAndAllOfTheLiving(t *testing.T) {
	parent := t.TempDir()
	all := func(way Way, r Runtime) string {
		var in []string
		for _, v := range trust {
			in = append(in, v.name+"=/nonexistent")
		}
		e, err := Maker{Handshake: handshake(), Way: way, Runtime: r, Parent: parent}.Make(in)
		if err != nil {
			t.Fatal(err)
		}
		return e.Dir
	}
	rename := func(dir string, pid int) string {
		to := filepath.Join(parent, fmt.Sprintf("%s%d-1", prefix(), pid))
		if err := os.Rename(dir, to); err != nil {
			t.Fatal(err)
		}
		return to
	}
	own := all(Proxy, "")
	dead := rename(all(Proxy, PHP), 1<<30)
	deadEndpoint := rename(all(Endpoint, ""), 1<<30+1)
	deadPython := rename(all(Preload, Python), 1<<30+2)
	alive := rename(all(Proxy, ""), os.Getppid())
	foreign := filepath.Join(parent, prefix()+"1073741825-theirs")
	// A name of the dead that leads to what is somebody's.
	elsewhere := t.TempDir()
	if err := os.WriteFile(filepath.Join(elsewhere, "token"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(elsewhere, filepath.Join(parent, prefix()+"1073741826-2")); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{foreign, filepath.Join(parent, ".remit-1-1073741825-1"), filepath.Join(parent, ".remit-x"), filepath.Join(parent, "other")} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	Sweep(parent)
	for dir, want := range map[string]bool{
		own: true, dead: false, deadEndpoint: false, deadPython: false, alive: true, filepath.Join(elsewhere, "token"): true,
		filepath.Join(foreign, "file"): true, filepath.Join(parent, ".remit-1-1073741825-1/file"): true, filepath.Join(parent, ".remit-x/file"): true, filepath.Join(parent, "other/file"): true,
	} {
		if _, err := os.Stat(dir); (err == nil) != want {
			t.Errorf("%s: got %v, want it there: %v", dir, err, want)
		}
	}
	if left, _ := os.ReadDir(alive); len(left) < 5 {
		t.Errorf("of the living, %d files are left", len(left))
	}
}

// The system's roots are copied unread, but for the question whether there are
// any.
func TestTheSystemsRootsAreCopiedAsTheyStand(t *testing.T) {
	const root = "-----BEGIN CERTIFICATE-----\ncm9vdA==\n-----END CERTIFICATE-----"
	for name, c := range map[string]struct {
		text string
		some bool
	}{
		"roots":                        {root + "\n", true},
		"no end of the last line":      {root, true},
		"words in front":               {strings.Repeat("# of somebody's\n", 1000) + root + "\n", true},
		"a line across two reads":      {strings.Repeat("#", 4096-10) + root + "\n", true},
		"a line across the third":      {strings.Repeat("#", 3*4096-60) + "\n" + root + "\n", true},
		"nothing":                      {"", false},
		"words alone":                  {strings.Repeat("# of somebody's\n", 1000), false},
		"a certificate that is broken": {"-----BEGIN CERTIFI" + "CAT-----", false},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, "roots.pem")
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		e, err := Maker{Handshake: handshake(), Parent: dir, Bundles: []string{path}}.Make(nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(e.Dir, "system.pem"))
		if err != nil {
			t.Fatal(err)
		}
		want := handshake().CA
		if c.some {
			want = strings.TrimSuffix(c.text, "\n") + "\n" + want
		}
		if string(got) != want {
			t.Errorf("%s: got %d bytes that end in %.200q, want %d", name, len(got), got[max(0, len(got)-200):], len(want))
		}
		if file, ok := lookup(e.Environ, "SSL_CERT_FILE"); ok != c.some {
			t.Errorf("%s: SSL_CERT_FILE is %q, want one: %v", name, file, c.some)
		}
	}
}

func TestTwoEnvironmentsShareNoDirectory(t *testing.T) {
	m := Maker{Handshake: handshake(), Parent: t.TempDir()}
	a, err := m.Make(nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := m.Make(nil)
	if err != nil {
		t.Fatal(err)
	}
	if a.Dir == b.Dir {
		t.Errorf("both have %s", a.Dir)
	}
}

func TestAHandshakeThatLeadsElsewhereIsRefused(t *testing.T) {
	for name, spoil := range map[string]func(*Handshake){
		"another version":       func(h *Handshake) { h.Version++ },
		"proxy elsewhere":       func(h *Handshake) { h.Proxy = "203.0.113.7:4000" },
		"proxy by name":         func(h *Handshake) { h.Proxy = "localhost:4000" },
		"no proxy":              func(h *Handshake) { h.Proxy = "" },
		"TLS elsewhere":         func(h *Handshake) { h.TLS = "203.0.113.7:4000" },
		"TLS without a port":    func(h *Handshake) { h.TLS = "127.0.0.1" },
		"credentials elsewhere": func(h *Handshake) { h.CredentialsURI = "http://203.0.113.7/credentials" },
		"credentials userinfo":  func(h *Handshake) { h.CredentialsURI = "http://127.0.0.1:4001@203.0.113.7/" },
		"no token":              func(h *Handshake) { h.Token = "" },
		"token with a newline":  func(h *Handshake) { h.Token = "a\nb" },
		"parameters elsewhere":  func(h *Handshake) { h.Parameters, h.SessionToken = "203.0.113.7:2773", "x" },
		"parameters, no token":  func(h *Handshake) { h.Parameters = "127.0.0.1:2773" },
		"no certificate":        func(h *Handshake) { h.CA = "" },
	} {
		h := handshake()
		spoil(&h)
		parent := t.TempDir()
		if e, err := (Maker{Handshake: h, Parent: parent}).Make([]string{"A=b"}); err == nil {
			t.Errorf("%s: got %v, want an error", name, e.Environ)
		}
		if left, _ := os.ReadDir(parent); len(left) > 0 {
			t.Errorf("%s: files are left behind", name)
		}
	}
}

// FuzzEnviron holds Make to what it is for: whatever the environment was, no
// secret of it is in the new one, and each variable that leads to credentials
// is there once, with our value.
func FuzzEnviron(f *testing.F) {
	f.Add("AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\x01COPY=x wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "endpoint")
	f.Add("AWS_PROFILE=prod\x01AWS_PROFILE=dev\x01=\x01x\x01NO_PROXY=*", "proxy")
	f.Add("AWS_REGION=eu-west-1\ncredential_process = evil\x01no_proxy=.amazonaws.com, a,,[::1]:80", "proxy")
	f.Add("NODE_OPTIONS=\"--require a b\"\x01NODE_OPTIONS=x\x01HTTPS_PROXY=http://p:1", "preload")
	f.Add("AWS_BEARER_TOKEN_BEDROCK=bedrock-api-key-0123456789abcdef\x01AWS_ENDPOINT_URL_S3=http://x", "")
	parent := f.TempDir()
	f.Fuzz(func(t *testing.T, in, way string) {
		old := strings.Split(in, "\x01")
		m := Maker{Handshake: handshake(), Way: Way(way), Parent: parent, Bundles: []string{"/nonexistent"}}
		for _, v := range trust {
			// No reading of whatever file the fuzzer may name.
			if _, ok := lookup(old, v.name); ok {
				t.Skip("it names a bundle of certificates")
			}
		}
		e, err := m.Make(old)
		if err != nil {
			return
		}
		defer os.RemoveAll(e.Dir)
		for _, entry := range old {
			name, value, ok := strings.Cut(entry, "=")
			if !ok || len(value) < secretLength || !slices.Contains(secrets, name) {
				continue
			}
			for _, entry := range e.Environ {
				if strings.Contains(entry, value) {
					t.Fatalf("%q holds the value of %s", entry, name)
				}
			}
		}
		for _, entry := range e.Environ {
			name, value, ok := strings.Cut(entry, "=")
			if !ok || name == "" || strings.ContainsRune(entry, 0) {
				t.Fatalf("%q is no variable", entry)
			}
			if seals(name) && !strings.HasPrefix(value, e.Dir) && !ours(value) {
				t.Fatalf("%q is not ours", entry)
			}
			if m.Way == "" {
				m.Way = Proxy
			}
			if seals(name) || strings.EqualFold(name, "no_proxy") && m.Way == Proxy || name == "NODE_OPTIONS" && m.Way != Endpoint {
				n := 0
				for _, other := range e.Environ {
					if strings.HasPrefix(other, name+"=") {
						n++
					}
				}
				if n != 1 {
					t.Fatalf("%s stands there %d times", name, n)
				}
			}
		}
		config, err := os.ReadFile(filepath.Join(e.Dir, "config"))
		if err != nil || strings.Count(string(config), "\n") > 2 {
			t.Fatalf("config file: got %q, %v", config, err)
		}
	})
}

func ours(value string) bool {
	h := handshake()
	return slices.Contains([]string{h.Token, h.CredentialsURI, "http://" + h.Proxy, "true"}, value)
}

func TestABearerTokenIsReplacedByTheSealedOne(t *testing.T) {
	const real = "ABSKQmVkcm9ja0FQSUtleS10aGUtcmVhbC1vbmU="
	h := handshake()
	h.Bearer = map[string]string{"AWS_BEARER_TOKEN_BEDROCK": "ABSKsealed", "AWS_BEARER_TOKEN_OTHER": "sealed-too"}
	e, err := Maker{Handshake: h, Parent: t.TempDir()}.Make([]string{"AWS_BEARER_TOKEN_BEDROCK=" + real, "COPY=" + real})
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := lookup(e.Environ, "AWS_BEARER_TOKEN_BEDROCK"); got != "ABSKsealed" {
		t.Errorf("got %q", got)
	}
	if _, ok := lookup(e.Environ, "AWS_BEARER_TOKEN_OTHER"); ok {
		t.Error("a token stands there that nobody had")
	}
	if strings.Contains(strings.Join(e.Environ, "\n"), real) {
		t.Error("the real token is in the environment")
	}
	if got := Bearers([]string{"AWS_BEARER_TOKEN_BEDROCK=" + real, "AWS_BEARER_TOKEN=x", "AWS_BEARER_TOKEN_EMPTY=", "X=y"}); len(got) != 1 || got["AWS_BEARER_TOKEN_BEDROCK"] != real {
		t.Errorf("got %d tokens", len(got))
	}
	for name, token := range map[string]string{"PATH": "x", "AWS_BEARER_TOKEN_BEDROCK": "a b", "AWS_BEARER_TOKEN_A=B": "x", "AWS_BEARER_TOKEN_EMPTY": ""} {
		h.Bearer = map[string]string{name: token}
		if h.check() == nil {
			t.Errorf("a handshake sets %q to %q", name, token)
		}
	}
}

// A function may empty /tmp between its invocations, and has to find its
// certificates afterwards.
func TestWhoEmptiesTmpLeavesOurFiles(t *testing.T) {
	parent := t.TempDir()
	e, err := Maker{Handshake: handshake(), Parent: parent}.Make(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(parent, "theirs"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	clean := exec.Command("sh", "-c", "rm -rf "+parent+"/*")
	if out, err := clean.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if _, err := os.Stat(filepath.Join(parent, "theirs")); err == nil {
		t.Fatal("nothing was removed")
	}
	if _, err := os.Stat(filepath.Join(e.Dir, "token")); err != nil {
		t.Error(err)
	}
}
