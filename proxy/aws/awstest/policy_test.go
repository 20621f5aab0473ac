package awstest

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "rewrite the answers in testdata")

// corpus runs answer on every policy of a file and compares the outcome with
// the file of the same name that has the extension want.
func corpus(t *testing.T, file, want string, answer func(policy, says string) string) {
	t.Helper()
	a, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	texts := make(map[string]string)
	for _, f := range a.Files {
		texts[f.Name] = string(f.Data)
	}
	out := &txtar.Archive{Comment: a.Comment}
	n := 0
	for _, f := range a.Files {
		name, ok := strings.CutSuffix(f.Name, ".policy")
		if !ok {
			if strings.HasSuffix(f.Name, ".says") {
				out.Files = append(out.Files, f)
				out.Files[len(out.Files)-2], out.Files[len(out.Files)-1] = out.Files[len(out.Files)-1], out.Files[len(out.Files)-2]
			}
			continue
		}
		n++
		got := answer(strings.TrimSpace(string(f.Data)), texts[name+".says"]) + "\n"
		if diff := cmp.Diff(texts[name+want], got); diff != "" && !*update {
			t.Errorf("%s: (-want +got)\n%s", name, diff)
		}
		out.Files = append(out.Files, f, txtar.File{Name: name + want, Data: []byte(got)})
	}
	if n == 0 {
		t.Fatalf("%s has no policies", file)
	}
	if *update {
		if err := os.WriteFile(file, txtar.Format(out), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPoliciesAreReadAsIAMDoes(t *testing.T) {
	corpus(t, "testdata/policies.txtar", ".answer", func(text, _ string) string {
		p, err := parsePolicy(text)
		if err == nil {
			err = p.pinned()
		}
		if err != nil {
			return err.Error()
		}
		return "ok"
	})
}

func TestMinIOGetsWhatItUnderstands(t *testing.T) {
	corpus(t, "testdata/minio.txtar", ".minio", func(text, says string) string {
		p, err := parsePolicy(text)
		if err != nil {
			return err.Error()
		}
		d, err := newDialect(p, Account)
		if err != nil {
			return err.Error()
		}
		for complaint := range strings.Lines(says) {
			if !d.without(strings.TrimSpace(complaint)) {
				return "nothing to take out"
			}
		}
		got, err := d.policy.MarshalJSON()
		if err != nil {
			return err.Error()
		}
		out := string(got)
		for _, w := range d.wider {
			out += "\nwider: " + w
		}
		for _, n := range d.narrower {
			out += "\nnarrower: " + n
		}
		return out
	})
}

// FuzzPolicy: a policy that is accepted is JSON for encoding/json too, and
// means the same when it is written and read again.
func FuzzPolicy(f *testing.F) {
	for _, file := range []string{"testdata/policies.txtar", "testdata/minio.txtar"} {
		a, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range a.Files {
			f.Add(string(file.Data))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parsePolicy(text)
		if err != nil {
			return
		}
		if !json.Valid([]byte(text)) {
			t.Fatalf("accepted %q, which is no JSON", text)
		}
		once, err := p.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		q, err := parsePolicy(string(once))
		if err != nil {
			t.Fatalf("%s: %v", once, err)
		}
		twice, err := q.MarshalJSON()
		if err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("got %s, %v, want %s", twice, err, once)
		}
		if (p.pinned() == nil) != (q.pinned() == nil) {
			t.Fatalf("%s: pinned %v, rewritten %v", text, p.pinned(), q.pinned())
		}
		if d, err := newDialect(p, Account); err == nil {
			for _, s := range d.policy.Statements {
				for _, r := range s.Resources {
					if !strings.HasPrefix(r, "arn:aws:s3:::") {
						t.Fatalf("handed %q to MinIO", r)
					}
				}
			}
		}
	})
}

func ExampleError() {
	err := denied("AccessDenied", "User: %s is not authorized to perform: sts:AssumeRole", CallerARN)
	fmt.Println(err.Status, err)
	// Output: 403 AccessDenied: User: arn:aws:sts::123456789012:assumed-role/thumbnail-exec/generate-thumbnail is not authorized to perform: sts:AssumeRole
}
