package sidecar

import (
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
)

// FuzzAttacks alters the requests of testdata/attacks and signs what comes of
// it. Whatever it is, nothing goes upstream that is not granted, or other than
// it was read, or under credentials that are good for more: see siege.judge.
func FuzzAttacks(f *testing.F) {
	files, err := filepath.Glob("testdata/attacks/*.txtar")
	if err != nil || len(files) == 0 {
		f.Fatalf("no attacks: %v", err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, shot := range archive.Files {
			if !strings.HasSuffix(shot.Name, ".want") {
				f.Add(string(shot.Data))
			}
		}
	}
	s := besiege(f, "")
	s.ends = time.Second
	f.Fuzz(func(t *testing.T, text string) {
		shot, err := readShot(text)
		if err != nil {
			return
		}
		s.t, s.name = t, strconv.Quote(text)
		method, rest, _ := strings.Cut(shot.head[0], " ")
		// What is for other hosts is forwarded to them, untouched.
		if method == "CONNECT" || !strings.HasPrefix(rest, "/") || strings.Contains(text, "age=") {
			return
		}
		began := time.Now()
		s.fire("endpoint", shot)
		took := time.Since(began)
		if took > 4*time.Second {
			t.Errorf("%q took %v", text, took)
		}
		// What lacked bytes ended by its client's end, and may be heard of only
		// now: it is judged here, and is not the next one's.
		for i := 0; took > s.ends/2 && i < 20; i++ {
			time.Sleep(25 * time.Millisecond)
			late, _ := s.taken()
			for _, c := range late {
				if c.granted != nil {
					t.Errorf("%q: sent %s %s: %v", text, c.method, c.target, c.granted)
				}
			}
		}
	})
}
