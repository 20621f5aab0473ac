package extension

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCertificatesAreNotReadFromWhereTheFunctionWrites(t *testing.T) {
	task, tmp := t.TempDir(), t.TempDir()
	inTask, inTmp := filepath.Join(task, "roots.pem"), filepath.Join(tmp, "roots.pem")
	for _, path := range []string{inTask, inTmp} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	link := filepath.Join(task, "link.pem")
	if err := os.Symlink(inTmp, link); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, value string
		heeded      bool
	}{
		{"SSL_CERT_FILE", inTask, true},
		{"SSL_CERT_FILE", task + "/x/../roots.pem", false}, // there is no x
		{"SSL_CERT_FILE", inTmp, false},
		{"SSL_CERT_FILE", link, false},
		{"SSL_CERT_FILE", task + "/../" + filepath.Base(tmp) + "/roots.pem", false},
		{"SSL_CERT_FILE", filepath.Join(task, "missing.pem"), false},
		{"SSL_CERT_FILE", "roots.pem", false},
		{"SSL_CERT_DIR", "/etc", true},
		{"SSL_CERT_DIR", task + ":/etc", true},
		{"SSL_CERT_DIR", "/etc:" + tmp, false},
		{"SSL_CERT_DIR", tmp + ":" + task, false},
	} {
		var unset []string
		notes := distrust(func(name string) string {
			if name == test.name {
				return test.value
			}
			return ""
		}, func(name string) error { unset = append(unset, name); return nil }, task)
		if got := strings.Join(unset, " "); (got == "") != test.heeded || got != "" && got != test.name || len(notes) != len(unset) {
			t.Errorf("%s=%s: got %q unset, with %q", test.name, test.value, got, notes)
		}
	}
}
