package aws

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// A ratchet is a checked-in list of what is known to fail. It may only shrink:
// a failure that is not on it fails the test, and so does a line whose failure
// is gone. A line is
//
//	service operation mode word [why]
//
// where operation or mode is "*" if all of them fail by that one word. The why
// is written by hand, and kept.
type ratchet struct {
	path     string
	outcomes map[outcome]string // a failure's word, or "" of what passes
	sentence map[outcome]string
}

// An outcome is what was tried: an operation of a service in a mode.
type outcome struct{ service, operation, mode string }

func newRatchet(path string) *ratchet {
	return &ratchet{path, make(map[outcome]string), make(map[outcome]string)}
}

// add notes how a call fared. Of several calls of one operation in one mode
// the first that failed counts.
func (r *ratchet) add(service, operation, mode, word, sentence string) {
	o := outcome{service, operation, mode}
	if old, ok := r.outcomes[o]; !ok || old == "" {
		r.outcomes[o], r.sentence[o] = word, sentence
	}
}

// lines are the failures, as few as say it.
func (r *ratchet) lines() map[outcome]string {
	// What fails in one way for all of a service, or for an operation in every
	// mode, is one line.
	lines := make(map[outcome]string)
	all := make(map[outcome]map[string]int)
	wide := func(o outcome) []outcome {
		return []outcome{{o.service, "*", "*"}, {o.service, "*", o.mode}, {o.service, o.operation, "*"}}
	}
	for o, word := range r.outcomes {
		for _, w := range wide(o) {
			if all[w] == nil {
				all[w] = make(map[string]int)
			}
			all[w][word]++
		}
	}
	for o, word := range r.outcomes {
		if word == "" {
			continue
		}
		as := o
		for _, w := range wide(o) {
			if n := len(all[w]); n == 1 && all[w][word] > 1 {
				as = w
				break
			}
		}
		lines[as] = word
	}
	return lines
}

// compare holds what failed against the list; with -update it writes the list.
func (r *ratchet) compare(t *testing.T) {
	t.Helper()
	remark, known, why := r.read(t)
	lines := r.lines()
	if *update {
		r.write(t, remark, lines, known, why)
		return
	}
	bad := 0
	for _, o := range sorted(lines) {
		if known[o] == lines[o] {
			continue
		}
		if bad++; bad <= 40 {
			t.Errorf("%s %s %s %s: %s", o.service, o.operation, o.mode, lines[o], r.example(o))
		}
	}
	for _, o := range sorted(known) {
		if _, ok := lines[o]; ok {
			continue
		}
		if bad++; bad <= 60 {
			t.Errorf("%s: %q no longer fails so: remove it (-update does)", r.path, strings.Join([]string{o.service, o.operation, o.mode, known[o]}, " "))
		}
	}
	if bad > 0 {
		t.Errorf("%d failures and lines of %s do not agree", bad, r.path)
	}
}

// example is the sentence of one failure that line stands for.
func (r *ratchet) example(line outcome) string {
	var all []string
	for o, s := range r.sentence {
		if o.service == line.service && (line.operation == "*" || o.operation == line.operation) && (line.mode == "*" || o.mode == line.mode) && r.outcomes[o] != "" {
			all = append(all, o.operation+": "+s)
		}
	}
	return slices.Min(append(all, "~")) // any, but the same one each time
}

func (r *ratchet) read(t *testing.T) (remark []string, known, why map[outcome]string) {
	t.Helper()
	known, why = make(map[outcome]string), make(map[outcome]string)
	f, err := os.Open(r.path)
	if err != nil {
		if *update {
			return nil, known, why
		}
		t.Fatal(err)
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		line := s.Text()
		if strings.HasPrefix(line, "#") || line == "" {
			remark = append(remark, line)
			continue
		}
		f := strings.SplitN(line, " ", 5)
		if len(f) < 4 {
			t.Fatalf("%s: %q has not the four words of a failure", r.path, line)
		}
		o := outcome{f[0], f[1], f[2]}
		if known[o] != "" {
			t.Fatalf("%s: %v stands twice", r.path, o)
		}
		known[o] = f[3]
		if len(f) == 5 {
			why[o] = f[4]
		}
	}
	return remark, known, why
}

func (r *ratchet) write(t *testing.T, remark []string, lines, known, why map[outcome]string) {
	t.Helper()
	var b strings.Builder
	for _, line := range remark {
		fmt.Fprintln(&b, line)
	}
	for _, o := range sorted(lines) {
		fmt.Fprintf(&b, "%s %s %s %s", o.service, o.operation, o.mode, lines[o])
		if why[o] != "" && known[o] == lines[o] {
			fmt.Fprintf(&b, " %s", why[o])
		}
		b.WriteString("\n")
	}
	if err := os.WriteFile(r.path, []byte(b.String()), 0o666); err != nil {
		t.Fatal(err)
	}
}

func sorted(lines map[outcome]string) []outcome {
	all := make([]outcome, 0, len(lines))
	for o := range lines {
		all = append(all, o)
	}
	slices.SortFunc(all, func(a, b outcome) int {
		return strings.Compare(a.service+" "+a.operation+" "+a.mode, b.service+" "+b.operation+" "+b.mode)
	})
	return all
}
