package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// find returns files with each directory among them replaced by the manifests
// below it: the files called remit.yaml, which is what the layer looks for. What
// was installed or is hidden is none of the owner's.
func find(files []string) ([]string, error) {
	var all []string
	for _, file := range files {
		if info, err := os.Stat(file); err != nil || !info.IsDir() {
			all = append(all, file) // reading it says what is wrong
			continue
		}
		before, root := len(all), strings.TrimSuffix(file, "/")+"/" // what a link leads to, too
		err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && name != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules"):
				return fs.SkipDir
			case !d.IsDir() && d.Name() == "remit.yaml":
				all = append(all, name)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		if len(all) == before {
			return nil, fmt.Errorf("%s: there is no remit.yaml in this directory, nor below it", file)
		}
	}
	return all, nil
}
