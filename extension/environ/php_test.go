package environ

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestALineOfPHPsSettingsIsReadAsPHPReadsIt(t *testing.T) {
	for line, want := range map[string]string{
		"curl.cainfo = /a/b.pem":              "/a/b.pem",
		"curl.cainfo=/a/b.pem\r\n":            "/a/b.pem",
		"  curl.cainfo\t= \"/a b.pem\" ; why": "/a b.pem",
		"curl.cainfo = '/a;b.pem'":            "/a;b.pem",
		"curl.cainfo = /a.pem ; why":          "/a.pem",
		"curl.cainfo =":                       "",
		"curl.cainfo = \"":                    "none",
		"curl.cainfo = \"/a.pem":              "none",
		"; curl.cainfo = /a.pem":              "none",
		"Curl.cainfo = /a.pem":                "none", // names are told apart by case
		"curl.cainfox = /a.pem":               "none",
		"curl.cainfo":                         "none",
		"[curl]":                              "none",
	} {
		got, ok := phpSet(line, "curl.cainfo")
		if !ok {
			got = "none"
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", line, got, want)
		}
	}
}

func TestTheLastOfPHPsSettingsWins(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"php.ini": "curl.cainfo = /main", "a/1.ini": "curl.cainfo = /first\nopenssl.cafile = /streams", "a/2.ini": "curl.cainfo = /second",
		"a/3.txt": "curl.cainfo = /none", "b/0.ini": "memory_limit = 1G", "c/dir.ini/x": "",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ environ, curl, streams string }{
		{"", "", ""},
		{"PHPRC=@", "/main", ""},
		{"PHPRC=@/php.ini", "/main", ""},
		{"PHPRC=@ PHP_INI_SCAN_DIR=:@/b:@/c:@/a", "/second", "/streams"},
		{"PHP_INI_SCAN_DIR=@/nonexistent:", "", ""},
	} {
		environ := strings.Fields(strings.ReplaceAll(c.environ, "@", dir))
		if got := [2]string{phpOwn(environ, "curl.cainfo"), phpOwn(environ, "openssl.cafile")}; got != [2]string{c.curl, c.streams} {
			t.Errorf("%s: got %q", c.environ, got)
		}
	}
}

// FuzzPHPsSettings holds a value to what stands in the line.
func FuzzPHPsSettings(f *testing.F) {
	f.Add("curl.cainfo = \"/a b.pem\" ; why")
	f.Add("curl.cainfo='/a;b.pem'")
	f.Fuzz(func(t *testing.T, line string) {
		if value, ok := phpSet(line, "curl.cainfo"); !strings.Contains(line, value) || !ok && strings.Contains(line, "curl.cainfo = /") && strings.HasPrefix(line, "curl.cainfo") {
			t.Errorf("%q: got %q, %v", line, value, ok)
		}
	})
}
