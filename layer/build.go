package layer

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// An Arch is one of Lambda's architectures.
type Arch struct {
	Name string // as Lambda calls it
	Go   string // as Go does
}

// Archs are the architectures that Lambda has.
var Archs = []Arch{{"x86_64", "amd64"}, {"arm64", "arm64"}}

// Build compiles the layer's programs out of the module at dir. Nothing of the
// machine goes into them: the same sources and Go release make the same bytes
// anywhere.
func Build(ctx context.Context, dir string, arch Arch) (c Config, err error) {
	tmp, err := os.MkdirTemp("", "remit-layer-")
	if err != nil {
		return c, err
	}
	defer os.RemoveAll(tmp)
	for _, p := range []struct {
		name string
		to   *[]byte
	}{
		{"remit-lambda", &c.Extension},
		{"remit-exec", &c.Exec},
	} {
		out := filepath.Join(tmp, p.name)
		cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid=", "-o", out, "./extension/cmd/"+p.name)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+arch.Go, "CGO_ENABLED=0", "GOFLAGS=", "GOAMD64=v1", "GOARM64=v8.0")
		cmd.Stderr = os.Stderr
		if err := cmd.Run(); err != nil {
			return c, fmt.Errorf("%s for %s: %w", p.name, arch.Name, err)
		}
		if *p.to, err = os.ReadFile(out); err != nil {
			return c, err
		}
	}
	if c.Preload, err = os.ReadFile(filepath.Join(dir, "extension/environ/preload.cjs")); err != nil {
		return c, err
	}
	c.Python = make(map[string][]byte)
	for _, name := range []string{"sitecustomize.py", "usercustomize.py"} {
		if c.Python[name], err = os.ReadFile(filepath.Join(dir, "extension/environ/python", name)); err != nil {
			return c, err
		}
	}
	for _, name := range []string{"LICENSE", "NOTICE"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			return c, err
		}
		if c.Texts == nil {
			c.Texts = make(map[string][]byte)
		}
		c.Texts[name] = text
	}
	return c, nil
}
