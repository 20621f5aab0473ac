package aws

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A documented call is one of which AWS's documentation says what it asks for.
type documented struct {
	page, service, operation string
	name                     string   // the operation, numbered if it has several
	want                     []string // action and resource, sorted
}

// truths are those of testdata/ratchet/truths.txt, in their order there.
func truths(t *testing.T) []documented {
	t.Helper()
	text, err := os.ReadFile("testdata/ratchet/truths.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all []documented
	seen := make(map[string]int)
	page, open := "", false
	for i, line := range strings.Split(string(text), "\n") {
		switch {
		case strings.HasPrefix(line, "#"):
		case line == "":
			open = false
		case strings.HasPrefix(line, "@ "):
			page = line[2:]
		case open:
			last := &all[len(all)-1]
			last.want = append(last.want, line)
			slices.Sort(last.want)
		default:
			f := strings.SplitN(line, " ", 3)
			if len(f) < 3 || page == "" {
				t.Fatalf("truths.txt:%d: %q is no service, operation and members below a page", i+1, line)
			}
			name := f[1]
			if n := seen[f[0]+" "+f[1]]; n > 0 {
				name = fmt.Sprintf("%s/%d", f[1], n+1)
			}
			seen[f[0]+" "+f[1]]++
			all = append(all, documented{page: page, service: f[0], operation: f[1], name: name})
			open = true
		}
	}
	return all
}

// TestResourcesAreThoseOfAWSsDocumentation compares what calls of botocore's
// are read to ask for with truths.txt. What differs is in known-truths.txt,
// which may only shrink.
func TestResourcesAreThoseOfAWSsDocumentation(t *testing.T) {
	all := truths(t)
	services := make(map[string]bool)
	for _, truth := range all {
		if len(truth.want) == 0 {
			t.Fatalf("truth of %s %s says nothing", truth.service, truth.name)
		}
		services[truth.service] = true
	}
	if len(all) < 300 || len(services) < 60 {
		t.Fatalf("%d truths of %d services, want 300 of 60", len(all), len(services))
	}
	cloud := corpusCloud()
	failures := newRatchet("testdata/ratchet/known-truths.txt")
	right, wrong := 0, 0
	botocore(t, "truths", []string{"walk.py", "truths.txt"}, func(w *walked) {
		n, err := strconv.Atoi(w.Variant)
		if err != nil || n >= len(all) || all[n].service != w.Service || all[n].operation != w.Operation {
			t.Fatalf("%s %s is no truth's %s", w.Service, w.Operation, w.Variant)
		}
		truth := all[n]
		if w.Error != "" {
			t.Fatalf("%s %s: %s", w.Service, truth.name, w.Error)
		}
		var word, sentence string
		call, err := cloud.Identify(w.request(t))
		var got []string
		for _, req := range call.Requests {
			got = append(got, req.Action+" "+req.Resource)
		}
		slices.Sort(got)
		got = slices.Compact(got)
		switch {
		case err != nil:
			word, sentence = "unread", err.Error()
		case !slices.Equal(actionsOf(got), actionsOf(truth.want)):
			word, sentence = "actions", fmt.Sprintf("asks for %q, want %q (%s)", got, truth.want, truth.page)
		case !slices.Equal(got, truth.want):
			word, sentence = "resources", fmt.Sprintf("asks for %q, want %q (%s)", got, truth.want, truth.page)
		}
		if word == "" {
			right++
		} else {
			wrong++
		}
		failures.add(w.Service, truth.name, w.Mode, word, sentence)
	})
	t.Logf("%d of %d calls of %d truths of %d services ask for what the documentation says, %.1f %%",
		right, right+wrong, len(all), len(services), 100*float64(right)/float64(right+wrong))
	failures.compare(t)
}

// actionsOf are the actions of requests, each once.
func actionsOf(requests []string) []string {
	var actions []string
	for _, r := range requests {
		action, _, _ := strings.Cut(r, " ")
		actions = append(actions, action)
	}
	slices.Sort(actions)
	return slices.Compact(actions)
}
