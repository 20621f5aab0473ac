package layer

import (
	"archive/zip"
	"bytes"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func sample() Config {
	return Config{
		Extension: bytes.Repeat([]byte("extension"), 5000),
		Exec:      bytes.Repeat([]byte("exec"), 5000),
		Preload:   []byte("// for Node\n"),
		Python:    map[string][]byte{"usercustomize.py": []byte("# for Python\n"), "sitecustomize.py": []byte("# too\n")},
		Texts:     map[string][]byte{"NOTICE": []byte("notice\n"), "LICENSE": []byte("license\n"), "README": []byte("not packed")},
	}
}

func TestTheSameProgramsMakeTheSameBytes(t *testing.T) {
	var a, b bytes.Buffer
	if err := Zip(&a, sample()); err != nil {
		t.Fatal(err)
	}
	if err := Zip(&b, sample()); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("two zips of one Config differ")
	}
}

func TestEveryFileHasItsPlaceAndMode(t *testing.T) {
	want := []struct {
		name string
		mode fs.FileMode
	}{
		{"extensions/remit", 0o711},
		{"remit/exec", 0o711},
		{"bootstrap", 0o711},
		{"remit/preload.cjs", 0o644},
		{"remit/python/sitecustomize.py", 0o644},
		{"remit/python/usercustomize.py", 0o644},
		{"remit/LICENSE", 0o644},
		{"remit/NOTICE", 0o644},
	}
	var b bytes.Buffer
	if err := Zip(&b, sample()); err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	// Twice, as over an older layer.
	for range 2 {
		if err := Unpack(dir, sample()); err != nil {
			t.Fatal(err)
		}
	}
	if len(z.File) != len(want) {
		t.Fatalf("got %d files, want %d", len(z.File), len(want))
	}
	for i, f := range z.File {
		if f.Name != want[i].name || f.Mode() != want[i].mode {
			t.Errorf("got %s %v, want %s %v", f.Name, f.Mode(), want[i].name, want[i].mode)
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		packed, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, f.Name)
		unpacked, err := os.ReadFile(path)
		if err != nil && os.Getuid() == 0 {
			t.Fatal(err)
		}
		if err == nil && !bytes.Equal(packed, unpacked) {
			t.Errorf("%s: zip and directory differ", f.Name)
		}
		if info, err := os.Stat(path); err != nil || info.Mode() != f.Mode() {
			t.Errorf("%s unpacked: got %v, %v, want %v", f.Name, info.Mode(), err, f.Mode())
		}
	}
}

func TestALayerWithoutAProgramIsAnError(t *testing.T) {
	for _, c := range []Config{{}, {Extension: []byte("x")}, {Exec: []byte("x")}} {
		var b bytes.Buffer
		if err := Zip(&b, c); err == nil || b.Len() > 0 {
			t.Errorf("got %v and %d bytes, want an error and none", err, b.Len())
		}
	}
}
