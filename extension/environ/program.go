package environ

import (
	"fmt"
	"os"
	"path/filepath"
)

// LookUp returns the first program of that name in the directories of path.
// What is not absolute among them is passed over: it would lead wherever the
// process stands.
func LookUp(name, path string) (string, error) {
	for _, dir := range filepath.SplitList(path) {
		if file := filepath.Join(dir, name); filepath.IsAbs(dir) && Executable(file) == nil {
			return file, nil
		}
	}
	return "", fmt.Errorf("program %q is in none of the directories of PATH", name)
}

// Executable reports why the file at path cannot be executed, if so.
func Executable(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o111 == 0 {
		return fmt.Errorf("%s is not an executable file", path)
	}
	return nil
}
