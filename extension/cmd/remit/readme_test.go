package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// block is a fenced block of a README.
var block = regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$")

// TestWhatTheREADMEsTellToTypeWorks types every remit of theirs that can be
// typed as it stands, and holds what it writes to what they show.
func TestWhatTheREADMEsTellToTypeWorks(t *testing.T) {
	top, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(top, "examples", "*", "README.md"))
	if err != nil || len(files) < 5 {
		t.Fatalf("found %d READMEs of examples (%v): the pattern is wrong", len(files), err)
	}
	typed := 0
	for _, file := range append(files, filepath.Join(top, "README.md")) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		at := top
		for _, b := range block.FindAllStringSubmatch(string(text), -1) {
			// The manifest that a README shows is the one that its commands name.
			if b[1] == "yaml" && at == top && strings.HasPrefix(b[2], "function:") {
				at = t.TempDir()
				if err := os.WriteFile(filepath.Join(at, "remit.yaml"), []byte(b[2]), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if b[1] != "console" {
				continue
			}
			t.Chdir(at)
			for command := range strings.SplitSeq("\n"+strings.ReplaceAll(b[2], "\\\n", " "), "\n$ ") {
				line, want, _ := strings.Cut(command, "\n")
				line, to, _ := strings.Cut(line, " > ")
				args := strings.Fields(line)
				if len(args) == 0 || args[0] != "remit" {
					continue
				}
				var out, fail bytes.Buffer
				code := run(t.Context(), args[1:], &tui{strings.NewReader(""), &out, &fail})
				typed++
				switch {
				case strings.TrimSpace(want) != "":
					if out.String() != strings.TrimSuffix(want, "\n")+"\n" {
						t.Errorf("%s: %s: got\n%s%swant\n%s", file, line, &out, &fail, want)
					}
				case code != 0:
					t.Errorf("%s: %s: got exit code %d\n%s%s", file, line, code, &out, &fail)
				case to != "" && out.Len() == 0:
					t.Errorf("%s: %s: wrote nothing into %s", file, line, to)
				}
			}
		}
	}
	if typed < 7 {
		t.Errorf("typed %d commands: the READMEs are read wrongly", typed)
	}
}
