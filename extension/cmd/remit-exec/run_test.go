package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestAProgramIsAPathOrOneOfPATHs(t *testing.T) {
	dir := t.TempDir()
	python, readable := filepath.Join(dir, "python3"), filepath.Join(dir, "notes")
	for path, mode := range map[string]os.FileMode{python: 0o755, readable: 0o644} {
		if err := os.WriteFile(path, nil, mode); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	for _, tt := range []struct {
		path, name, want string // want: the program, or what the error says
	}{
		{"", python, python},
		{dir, "python3", python},
		{"/nonexistent::" + dir, "python3", python},
		{".:", "python3", "none of the directories"}, // wherever the process stands
		{dir, "notes", "none of the directories"},
		{dir, "python4", "none of the directories"},
		{dir, "./missing", "missing"},
		{"", "", "none of the directories"},
	} {
		got, err := program([]string{"exec", tt.name, "-m", "awslambdaric"}, []string{"PATH=" + tt.path})
		if err != nil {
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%q by %q: %v, want %q", tt.name, tt.path, err, tt.want)
			}
			continue
		}
		if want := []string{tt.want, "-m", "awslambdaric"}; !slices.Equal(got, want) {
			t.Errorf("%q by %q: got %q, want %q", tt.name, tt.path, got, want)
		}
	}
}
