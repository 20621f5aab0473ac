package matrix_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// presigned reads testdata/presigned.yaml.
func presigned(t *testing.T) []testcase {
	t.Helper()
	src, err := os.ReadFile("testdata/presigned.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var raw []struct {
		Name, Operation, How, Style, Denied string
		Input                               map[string]any
		Send                                struct {
			Headers map[string]string
			Body    string
		}
		Change          []string
		Seconds, Status int
		Shown           *bool
	}
	if err := yaml.Unmarshal(src, &raw); err != nil || len(raw) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	var all []testcase
	for _, r := range raw {
		if r.Status == 0 {
			r.Status = 200
		}
		if r.Seconds == 0 {
			r.Seconds = 300
		}
		if r.Send.Headers == nil {
			r.Send.Headers = make(map[string]string)
		}
		r.Input["$send"] = map[string]any{"headers": r.Send.Headers, "body": r.Send.Body}
		r.Input["$how"] = map[string]any{"style": r.Style, "change": r.Change, "seconds": r.Seconds, "shown": r.Shown == nil || *r.Shown}
		all = append(all, testcase{Name: r.Name, Service: "s3", Operation: r.Operation, How: r.How, Input: r.Input, Status: r.Status, Denied: r.Denied})
	}
	return all
}

// TestWhatIsPresignedByVersion2IsFetchedAsWithoutRemit has the SDKs whose default it
// is presign more than the matrix does, and fetch it themselves. MinIO reads version
// 2 as well; what has only a status to be compared is an error, in other words, or an
// answer with times in it.
func TestWhatIsPresignedByVersion2IsFetchedAsWithoutRemit(t *testing.T) {
	all := presigned(t)
	programs := map[string]string{"boto3": "presigned.py", "boto3-2022": "presigned.py", "js2": "presigned2.cjs"}
	for _, c := range clients(t) {
		program, ok := programs[c.name]
		if !ok {
			continue
		}
		delete(programs, c.name)
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.argv = []string{c.argv[0], filepath.Join(checkout, "extension/e2e/matrix/testdata/clients", program)}
			var granted []testcase
			for _, one := range all {
				if one.Denied == "" {
					granted = append(granted, one)
				}
			}
			without := c.play(t, c.argv, c.direct(t), granted)
			with := c.by(t, c.ways[0], all)
			for _, one := range all {
				t.Run(one.Name, func(t *testing.T) {
					a, b := without[one.Name], with[one.Name]
					if one.Denied == "" && (a.Status != one.Status || b.Status != one.Status) {
						t.Errorf("%d %s %s without Remit and %d %s %s with it, want %d", a.Status, a.Error, a.Message, b.Status, b.Error, b.Message, one.Status)
					} else if one.Denied == "" && one.Status == 403 {
						if !strings.Contains(b.Message, "not valid") && !strings.Contains(b.Message, "was good until") {
							t.Errorf("refused with %q", b.Message)
						}
					} else if wrong := verdict(one, a, b); wrong != "" {
						t.Error(wrong)
					}
				})
			}
		})
	}
	if len(programs) > 0 {
		t.Errorf("there are no clients for %v", programs)
	}
}
