// Package layer packs the Lambda layer.
package layer

import (
	"archive/zip"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"time"
)

// Config is what a layer is made of.
type Config struct {
	Extension []byte            // the program remit-lambda
	Exec      []byte            // the program remit-exec
	Preload   []byte            // what Node loads; nil: the layer has none
	Python    map[string][]byte // what Python loads, by name; nil: the layer has none
	Texts     map[string][]byte // by name: LICENSE, NOTICE; they lie beside Exec
}

// A file of the layer; its name is relative to /opt.
type file struct {
	name string
	mode fs.FileMode
	data []byte
}

// files are the layer's files, in the order in which they are packed.
func (c Config) files() []file {
	files := []file{
		// Nobody but root can read them, which closes the running process to
		// its own user from execve on. (ptrace(2): a process that runs what
		// its user cannot read is not dumpable.)
		{"extensions/remit", 0o711, c.Extension},
		{"remit/exec", 0o711, c.Exec},
		// A link would be smaller; whether every tool that unpacks layers
		// keeps one is not known.
		{"bootstrap", 0o711, c.Exec},
	}
	if len(c.Preload) > 0 {
		files = append(files, file{"remit/preload.cjs", 0o644, c.Preload})
	}
	for _, name := range slices.Sorted(maps.Keys(c.Python)) {
		files = append(files, file{"remit/python/" + name, 0o644, c.Python[name]})
	}
	for _, name := range []string{"LICENSE", "NOTICE"} {
		if text, ok := c.Texts[name]; ok {
			files = append(files, file{"remit/" + name, 0o644, text})
		}
	}
	return files
}

// epoch is when every file was last changed: the same programs make the same
// bytes. It is the first time that a zip can say.
var epoch = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// Zip writes the layer, to be attached to functions of the architecture that
// the programs are built for. The same Config makes the same bytes.
func Zip(w io.Writer, c Config) error {
	if len(c.Extension) == 0 || len(c.Exec) == 0 {
		return fmt.Errorf("a layer needs both programs: extension has %d bytes, exec has %d", len(c.Extension), len(c.Exec))
	}
	z := zip.NewWriter(w)
	for _, f := range c.files() {
		h := &zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: epoch}
		h.SetMode(f.mode)
		fw, err := z.CreateHeader(h)
		if err != nil {
			return err
		}
		if _, err := fw.Write(f.data); err != nil {
			return err
		}
	}
	return z.Close()
}
