package extension

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/lambda-remit/remit/manifest"
)

// maxManifest is how much of a manifest is read.
const maxManifest = 1 << 20

// A source is a manifest, and what is said of it at the start.
type source struct {
	*manifest.Manifest
	sha256 string
	notes  []string
}

// load reads the manifest from where the configuration says. Where there is
// none it returns one that grants nothing, and says why: a function without a
// manifest has no remit. A manifest that is named and cannot be had, or that
// does not parse, is an error.
func (c Config) load() (source, error) {
	if uri := c.Getenv("REMIT_MANIFEST_URI"); uri != "" {
		return source{}, fmt.Errorf("REMIT_MANIFEST_URI %q is not built yet; put remit.yaml into the function's package or the manifest into REMIT_MANIFEST", uri)
	}
	name, src, err := c.find()
	pin := c.Getenv("REMIT_MANIFEST_SHA256")
	var notes []string
	if errors.Is(err, errNone) && pin == "" {
		// REMIT_MODE is heard all the same: to observe is how a function that
		// has no manifest yet comes to one.
		notes = []string{fmt.Sprintf("there is no manifest: neither %s nor REMIT_MANIFEST", name)}
	} else if err != nil {
		return source{}, err
	}
	digest := sha256.Sum256(src)
	sum := hex.EncodeToString(digest[:])
	if pin != "" && !strings.EqualFold(pin, sum) {
		return source{}, fmt.Errorf("%s has SHA-256 %s, REMIT_MANIFEST_SHA256 is %q", name, sum, pin)
	}
	m, err := manifest.Parse(name, src, manifest.Options{
		Getenv: func(name string) (string, bool) {
			v := c.Getenv(name)
			return v, v != ""
		},
		Region:  c.Getenv("AWS_REGION"),
		Lenient: true,
	})
	if err != nil {
		return source{}, err
	}
	if notes != nil {
		sum = ""
	}
	notes = append(notes, endpoints(m, c.Getenv, c.Getenv("AWS_REGION"))...)
	return source{m, sum, notes}, nil
}

// errNone says that there is no manifest in the one place that nobody named.
var errNone = errors.New("there is no manifest")

// find returns the manifest's text and what to call it. With errNone the name
// is where it was looked for.
func (c Config) find() (name string, src []byte, err error) {
	value := c.Getenv("REMIT_MANIFEST")
	switch {
	case value == "":
		name = filepath.Join(c.TaskRoot, "remit.yaml")
		src, err = c.read(name)
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%w at %s", errNone, name)
		}
		return name, src, err
	case strings.HasPrefix(value, "/"):
		src, err = c.read(value)
		if err != nil {
			err = fmt.Errorf("REMIT_MANIFEST: %w", err)
		}
		return value, src, err
	case strings.ContainsAny(value, ":{\n"):
		return "REMIT_MANIFEST", []byte(value), nil
	}
	return "", nil, fmt.Errorf("REMIT_MANIFEST %q is neither an absolute path nor a manifest", value)
}

// read reads the file at path, which has to be under the function's package or
// a layer, symbolic links included: everywhere else the function could have
// written it, and /tmp survives a restart of the sandbox.
func (c Config) read(path string) ([]byte, error) {
	for _, dir := range []string{c.TaskRoot, string(c.Place)} {
		rel, err := filepath.Rel(dir, filepath.Clean(path))
		if err != nil || !filepath.IsLocal(rel) {
			continue
		}
		root, err := os.OpenRoot(dir)
		if err != nil {
			return nil, err
		}
		defer root.Close()
		file, err := root.Open(rel)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		src, err := io.ReadAll(io.LimitReader(file, maxManifest+1))
		if err == nil && len(src) > maxManifest {
			err = fmt.Errorf("%s is larger than %d bytes", path, maxManifest)
		}
		return src, err
	}
	return nil, fmt.Errorf("%s is outside of %s and %s, where the function cannot write", path, c.TaskRoot, c.Place)
}
