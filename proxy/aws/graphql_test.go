package aws

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
)

// FuzzGraphQL holds that what the specification ignores changes nothing, that no
// field is made up, and that what is behind a document's end is not passed over.
func FuzzGraphQL(f *testing.F) {
	archive, err := txtar.ParseFile("testdata/planes-appsync.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range archive.Files {
		_, body, _ := strings.Cut(string(file.Data), "\n\n")
		var request struct{ Query string }
		if json.Unmarshal([]byte(body), &request) == nil {
			f.Add(request.Query)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parseGraphQL(text)
		if err != nil {
			return
		}
		if len(got.fields) == 0 {
			t.Fatal("read no field")
		}
		for _, field := range got.fields {
			if field.name == "" || !strings.Contains(text, field.name) {
				t.Fatalf("read field %q, which does not stand there", field.name)
			}
		}
		again, err := parseGraphQL("# query\n ,\t" + text + "\r\n,# end }")
		if err != nil || !reflect.DeepEqual(got, again) {
			t.Fatalf("between comments: got %+v, %v, want %+v", again, err, got)
		}
		for _, behind := range []string{"\n}", "\n\"", "\n{ }", "\nsecret"} {
			if _, err := parseGraphQL(text + behind); err == nil {
				t.Fatalf("with %q behind it, it is read as well", behind)
			}
		}
		more, err := parseGraphQL(text + "\nmutation zzz { zzzz }")
		if err == nil && (len(more.fields) <= len(got.fields) && !strings.Contains(text, "zzzz")) {
			t.Fatalf("an operation behind it is not counted: %+v", more)
		}
	})
}

func TestManyOperationsOfOneLargeFragmentAreReadInTime(t *testing.T) {
	var text strings.Builder
	text.WriteString("fragment All on Query {")
	for i := range 4000 {
		fmt.Fprintf(&text, " f%d", i)
	}
	text.WriteString(" }")
	for i := range 4000 {
		fmt.Fprintf(&text, " query q%d { ...All }", i)
	}
	begun := time.Now()
	d, err := parseGraphQL(text.String())
	if err != nil || len(d.fields) != 4000 {
		t.Fatalf("got %d fields, %v", len(d.fields), err)
	}
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}
