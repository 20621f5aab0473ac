package layer

import (
	"os"
	"path/filepath"
)

// Unpack writes the layer's files under dir, as Lambda lays them under /opt.
func Unpack(dir string, c Config) error {
	for _, f := range c.files() {
		path := filepath.Join(dir, f.name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		// A program that runs cannot be written to, but it can be replaced.
		if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
			return err
		}
		if err := os.WriteFile(path, f.data, f.mode); err != nil {
			return err
		}
		// Past the umask.
		if err := os.Chmod(path, f.mode); err != nil {
			return err
		}
	}
	return nil
}
