package aws

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// plain are statements that are so simple that an expression reads them: verb,
// table and index are its groups.
var plain = []*regexp.Regexp{
	regexp.MustCompile(`^(?i:(select)) \* (?i:from) "([\w.-]+)"(?:\."([\w.-]+)")?(?: (?i:where) "\w+" ?= ?(?:\?|'[a-z0-9 ]*'|[0-9]+))?$`),
	regexp.MustCompile(`^(?i:(insert) into) "([\w.-]+)"() (?i:value) \{'\w+': ?(?:\?|'[a-z0-9 ]*'|[0-9]+)\}$`),
	regexp.MustCompile(`^(?i:(update)) "([\w.-]+)"() (?i:set) "\w+" ?= ?(?:\?|[0-9]+) (?i:where) "\w+" ?= ?(?:\?|[0-9]+)$`),
	regexp.MustCompile(`^(?i:(delete) from) "([\w.-]+)"() (?i:where) "\w+" ?= ?(?:\?|[0-9]+)$`),
}

var (
	quoted = regexp.MustCompile(`'(?:[^']|'')*'|"(?:[^"]|"")*"`)
	naming = regexp.MustCompile(`(?i)(?:^|[^\w$])(?:from|into|update|join|table)(?:$|[^\w$])`)
	named  = regexp.MustCompile(`^\s*(?:"((?:[^"]|"")*)"|([A-Za-z_$][\w$]*))(?:\s*\.\s*"((?:[^"]|"")*)")?`)
)

// FuzzPartiQL holds the parser to two independent readers: one of statements
// that are very simple, which it has to read in the same way, and one that looks
// outside of quotes for words that a table follows, of which a statement that is
// read has one, before the table that was read.
func FuzzPartiQL(f *testing.F) {
	files, err := filepath.Glob("testdata/dynamodb*.txtar")
	if err != nil || len(files) == 0 {
		f.Fatalf("no corpus to begin from: %v", err)
	}
	seeds := 0
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, x := range archive.Files {
			_, body, _ := strings.Cut(string(x.Data), "\n\n")
			var in struct{ Statement string }
			if json.Unmarshal([]byte(body), &in) == nil && in.Statement != "" {
				f.Add(in.Statement)
				seeds++
			}
		}
	}
	if seeds == 0 {
		f.Fatal("no statement in the corpus to begin from")
	}
	for _, s := range []string{
		`SELECT * FROM "a"."b" WHERE "c"=?`, `insert into "a" value {'b': 1}`, `UPDATE "a" SET "b"=1 WHERE "c"=2`, `DELETE FROM "a" WHERE "b"=1`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parsePartiQL(text)
		for _, p := range plain {
			if m := p.FindStringSubmatch(text); m != nil {
				if err != nil || !strings.EqualFold(s.verb, m[1]) || s.table != m[2] || s.index != m[3] {
					t.Fatalf("%q: got %+v, %v, want %q", text, s, err, m[1:])
				}
			}
		}
		if err != nil {
			return
		}
		blank := quoted.ReplaceAllStringFunc(text, func(q string) string { return strings.Repeat(".", len(q)) })
		at := naming.FindAllStringIndex(blank, -1)
		if len(at) != 1 {
			t.Fatalf("%q: read as %+v, with %d words that a table follows", text, s, len(at))
		}
		word := strings.TrimRight(text[at[0][0]:at[0][1]], "\" \t\r\n") // without what is behind it
		m := named.FindStringSubmatch(text[at[0][0]+len(word):])
		if m == nil {
			t.Fatalf("%q: read as %+v, with no table behind %q", text, s, word)
		}
		table, index := strings.ReplaceAll(m[1], `""`, `"`)+m[2], strings.ReplaceAll(m[3], `""`, `"`)
		if s.table != table || s.index != index {
			t.Fatalf("%q: read as %+v, want table %q and index %q", text, s, table, index)
		}
		blank = strings.TrimSuffix(strings.TrimRight(blank, " \t\r\n"), ";")
		if strings.ContainsAny(blank, "`;") || strings.Contains(blank, "--") || strings.Contains(blank, "/*") {
			t.Fatalf("%q: read as %+v, with more than one statement or a comment", text, s)
		}
	})
}
