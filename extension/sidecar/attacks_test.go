package sidecar

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "rewrite what testdata/attacks wants")

// TestAttacks sends each of testdata/attacks' requests by each way in, with
// everything in place but AWS. What comes of it stands beside it; and whatever
// that is, nothing comes upstream that is not granted, or other than it was
// read, or under credentials that are good for more: see siege.judge.
func TestAttacks(t *testing.T) {
	files, err := filepath.Glob("testdata/attacks/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no attacks: %v", err)
	}
	s := besiege(t, "")
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			wants := make(map[string]string)
			for _, f := range archive.Files {
				if name, ok := strings.CutSuffix(f.Name, ".want"); ok {
					wants[name] = string(f.Data)
				}
			}
			out := &txtar.Archive{Comment: archive.Comment}
			for _, f := range archive.Files {
				if strings.HasSuffix(f.Name, ".want") {
					continue
				}
				s.t, s.name = t, f.Name
				got := s.byEveryWay(parseShot(t, string(f.Data)))
				if want := wants[f.Name]; got != want && !*update {
					t.Errorf("%s: got\n%swant\n%s", f.Name, got, want)
				}
				out.Files = append(out.Files, f, txtar.File{Name: f.Name + ".want", Data: []byte(got)})
			}
			if *update {
				if err := os.WriteFile(file, txtar.Format(out), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// byEveryWay fires a shot by each of its ways in, and says once what came of
// those that came to the same.
func (s *siege) byEveryWay(shot *shot) string {
	s.t.Helper()
	var results []string
	ways := make(map[string][]string)
	for _, way := range shot.ways {
		result := s.fire(way, shot)
		if way == "tunnel" {
			// TLS that no CONNECT precedes is a tunnel for whoever is in it.
			direct := s.fire("direct", shot)
			if direct != result && !(strings.HasPrefix(result, "no tunnel: ") && strings.HasPrefix(direct, "no tunnel: ")) {
				s.t.Errorf("%s: without a CONNECT it comes to %s, with one to %s", s.name, direct, result)
			}
		}
		if ways[result] == nil {
			results = append(results, result)
		}
		ways[result] = append(ways[result], way)
	}
	var b strings.Builder
	for _, result := range results {
		who := strings.Join(ways[result], ", ")
		if len(ways[result]) == len(allWays) {
			who = "all"
		}
		b.WriteString(who + ": " + result + "\n")
	}
	return b.String()
}
