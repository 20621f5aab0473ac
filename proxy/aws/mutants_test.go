package aws

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy"
)

// A seed is a corpus request that is read, and what it asks for.
type seed struct {
	name string
	raw  string
	call *proxy.Call
}

// seeds are the corpus requests that are read.
var seeds = sync.OnceValues(func() ([]seed, error) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("no corpus in testdata: %v", err)
	}
	cloud := corpusCloud()
	var all []seed
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			return nil, err
		}
		for _, f := range archive.Files {
			r, err := parseRaw(f.Data)
			if err != nil || strings.HasSuffix(f.Name, ".want") {
				continue
			}
			if call, err := cloud.Identify(r); err == nil {
				all = append(all, seed{file + " " + f.Name, string(f.Data), call})
			}
		}
	}
	if len(all) < 500 {
		return nil, fmt.Errorf("%d requests are read, want 500 and more", len(all))
	}
	return all, nil
})

// mutations are the ways in which a request is made another: kind by kind, and
// each at the nth place where it can be done.
var mutations = []struct {
	name string
	gone bool // what it takes away may have been part of a name
	do   func(head, body string, n int) (string, string, bool)
}{
	{"method", true, func(head, body string, n int) (string, string, bool) {
		_, rest, _ := strings.Cut(head, " ")
		all := []string{"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"}
		return all[n%6] + " " + rest, body, n < 6
	}},
	{"path, one segment gone", true, func(head, body string, n int) (string, string, bool) { return segment(head, body, n, "") }},
	{"path, one segment more", true, func(head, body string, n int) (string, string, bool) { return segment(head, body, n, "x/$") }},
	{"path, one segment another", true, func(head, body string, n int) (string, string, bool) { return segment(head, body, n, "other") }},
	{"header gone", true, func(head, body string, n int) (string, string, bool) {
		return onLine(head, body, n, func(string) string { return "" })
	}},
	{"header twice", false, func(head, body string, n int) (string, string, bool) {
		return onLine(head, body, n, func(l string) string { return l + "\n" + l + "x" })
	}},
	{"target, another's", true, func(head, body string, n int) (string, string, bool) {
		targets := []string{"Kinesis_20131202.DeleteStream", "DynamoDB_20120810.DeleteTable", "TrentService.Decrypt", "AWSEvents.PutEvents"}
		return head + "\nX-Amz-Target: " + targets[n%4], body, n < 4
	}},
	{"scope, another's", true, func(head, body string, n int) (string, string, bool) {
		names := []string{"kinesis", "s3", "dynamodb", "iam", "bedrock", "rds", "sagemaker", "nothing"}
		i := strings.Index(head, "Credential=")
		if i < 0 || n >= len(names) {
			return "", "", false
		}
		parts := strings.SplitN(head[i:], "/", 5)
		if len(parts) < 5 {
			return "", "", false
		}
		parts[3] = names[n]
		return head[:i] + strings.Join(parts, "/"), body, true
	}},
	{"host, another's", true, func(head, body string, n int) (string, string, bool) {
		hosts := []string{"kinesis.eu-west-1.amazonaws.com", "s3.eu-west-1.amazonaws.com", "iam.amazonaws.com", "example.com"}
		method, rest, _ := strings.Cut(head, " ")
		if _, after, ok := strings.Cut(rest, "://"); ok {
			_, after, _ = strings.Cut(after, "/")
			rest = "/" + after
		}
		return method + " https://" + hosts[n%4] + rest, body, n < 4
	}},
	{"parameter gone", true, func(head, body string, n int) (string, string, bool) {
		return onParameter(head, body, n, func(string) []string { return nil })
	}},
	{"parameter twice", false, func(head, body string, n int) (string, string, bool) {
		return onParameter(head, body, n, func(p string) []string { return []string{p, p + "x"} })
	}},
	{"parameter in another case", true, func(head, body string, n int) (string, string, bool) {
		return onParameter(head, body, n, func(p string) []string { return []string{recase(p)} })
	}},
	{"member gone", true, func(head, body string, n int) (string, string, bool) {
		return jsonMember(head, body, n, func(name, value string) []string { return nil })
	}},
	{"member twice", false, func(head, body string, n int) (string, string, bool) {
		return jsonMember(head, body, n, func(name, value string) []string { return []string{name, value, name, `"other"`} })
	}},
	{"member in another case", true, func(head, body string, n int) (string, string, bool) {
		return jsonMember(head, body, n, func(name, value string) []string { return []string{recase(name), value} })
	}},
	{"member in another case too", false, func(head, body string, n int) (string, string, bool) {
		return jsonMember(head, body, n, func(name, value string) []string { return []string{name, value, recase(name), `"other"`} })
	}},
}

// recase turns the case of the first letter of s.
func recase(s string) string {
	for i, c := range s {
		if unicode.IsUpper(c) {
			return s[:i] + string(unicode.ToLower(c)) + s[i+1:]
		}
		if unicode.IsLower(c) {
			return s[:i] + string(unicode.ToUpper(c)) + s[i+1:]
		}
	}
	return s
}

// segment replaces the nth segment of the path.
func segment(head, body string, n int, by string) (string, string, bool) {
	parts := strings.SplitN(head, " ", 3)
	origin := ""
	if i := strings.Index(parts[1], "://"); i >= 0 {
		at := strings.IndexByte(parts[1][i+3:], '/')
		if at < 0 {
			return "", "", false
		}
		origin, parts[1] = parts[1][:i+3+at], parts[1][i+3+at:]
	}
	path, query, found := strings.Cut(parts[1], "?")
	segments := strings.Split(path, "/")
	if n+1 >= len(segments) {
		return "", "", false
	}
	if by == "" {
		segments = slices.Delete(segments, n+1, n+2)
	} else {
		segments[n+1] = strings.ReplaceAll(by, "$", segments[n+1])
	}
	parts[1] = origin + strings.Join(segments, "/")
	if !strings.Contains(parts[1], "/") {
		parts[1] += "/"
	}
	if found {
		parts[1] += "?" + query
	}
	return strings.Join(parts, " "), body, true
}

// onLine replaces the nth header.
func onLine(head, body string, n int, f func(string) string) (string, string, bool) {
	lines := strings.Split(head, "\n")
	if n+1 >= len(lines) {
		return "", "", false
	}
	if lines[n+1] = f(lines[n+1]); lines[n+1] == "" {
		lines = slices.Delete(lines, n+1, n+2)
	}
	return strings.Join(lines, "\n"), body, true
}

// onParameter replaces the nth parameter of the query, or of a form.
func onParameter(head, body string, n int, f func(string) []string) (string, string, bool) {
	first, rest, _ := strings.Cut(head, "\n")
	parts := strings.SplitN(first, " ", 3)
	path, query, inQuery := strings.Cut(parts[1], "?")
	text := query
	if !inQuery {
		if !strings.Contains(head, "x-www-form-urlencoded") {
			return "", "", false
		}
		text = body
	}
	list := strings.Split(text, "&")
	if n >= len(list) {
		return "", "", false
	}
	list = slices.Concat(list[:n], f(list[n]), list[n+1:])
	if !inQuery {
		return head, strings.Join(list, "&"), true
	}
	parts[1] = path + "?" + strings.Join(list, "&")
	return strings.Join(parts, " ") + "\n" + rest, body, true
}

// jsonMember replaces the nth member of a body's object.
func jsonMember(head, body string, n int, f func(name, value string) []string) (string, string, bool) {
	d := json.NewDecoder(strings.NewReader(body))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return "", "", false
	}
	var out []string
	done := false
	for i := 0; d.More(); i++ {
		name, err := d.Token()
		var value json.RawMessage
		if err != nil || d.Decode(&value) != nil {
			return "", "", false
		}
		pairs := []string{name.(string), string(value)}
		if i == n {
			pairs, done = f(name.(string), string(value)), true
		}
		for j := 0; j < len(pairs); j += 2 {
			quoted, _ := json.Marshal(pairs[j])
			out = append(out, string(quoted)+":"+pairs[j+1])
		}
	}
	return head, "{" + strings.Join(out, ",") + "}", done
}

// always are the actions that every corpus request of an operation asks for
// first: what it asks for besides, its members say.
func always(all []seed) map[string]string {
	actions := make(map[string]string)
	for _, s := range all {
		if s.call.Published {
			continue // which asks for nothing
		}
		key, first := s.call.Service+" "+s.call.Operation, s.call.Requests[0].Action
		if old, ok := actions[key]; ok && old != first {
			first = ""
		}
		actions[key] = first
	}
	return actions
}

// mutantCloud reads mutants: one for all of them, which keeps its tables.
var mutantCloud = sync.OnceValue(corpusCloud)

// judgeMutant reports what is wrong with how a mutant of s was read: it has to
// ask for the action of the operation it is read as, on what it names, and where
// nothing is gone from it, on all that it named before.
func judgeMutant(s *seed, mutant string, gone bool, actions map[string]string) error {
	r, err := parseRaw([]byte(mutant))
	if err != nil {
		return nil // no HTTP: the proxy refuses it before anything is read
	}
	call, err := mutantCloud().Identify(r)
	if err != nil {
		return nil
	}
	if a := actions[call.Service+" "+call.Operation]; a != "" && !slices.ContainsFunc(call.Requests, func(r manifest.Request) bool { return unversioned(r.Action) == unversioned(a) }) {
		return fmt.Errorf("it is read as %s of %s, and does not ask for %s", call.Operation, call.Service, a)
	}
	text := spoken(mutant)
	for _, r := range call.Requests {
		if r.Resource == "" {
			return fmt.Errorf("it asks for %s on nothing", r.Action)
		}
		if r.Resource == "*" || slices.ContainsFunc(s.call.Requests, func(o manifest.Request) bool { return o.Resource == r.Resource }) {
			continue
		}
		// What a resource is called stands in the request.
		name := r.Resource[strings.LastIndexAny(r.Resource, ":/")+1:]
		if !strings.Contains(text, name) && !strings.HasSuffix(name, "??????") && !slices.Contains(unnamed, name) && !strings.ContainsAny(name, "*$") {
			return fmt.Errorf("it asks for %s on %s, which it does not name", r.Action, r.Resource)
		}
	}
	if gone || call.Service != s.call.Service || call.Operation != s.call.Operation {
		return nil // where a name's cluster or bus is gone, it names another
	}
	// What it names still, it still asks for.
	for _, o := range s.call.Requests {
		if o.Resource == "*" || slices.ContainsFunc(call.Requests, func(r manifest.Request) bool {
			return r.Action == o.Action && (r.Resource == o.Resource || r.Resource == "*")
		}) {
			continue
		}
		if stillNamed(s.raw, mutant, o.Resource) {
			return fmt.Errorf("it names %s still, and does not ask for %s on it", o.Resource, o.Action)
		}
	}
	return nil
}

// spoken is a request with what is percent-encoded in it decoded as well.
func spoken(raw string) string {
	query, _ := url.QueryUnescape(raw)
	path, _ := url.PathUnescape(raw)
	return raw + query + path
}

// unversioned is an action of S3's less what says that it is on a version.
func unversioned(action string) string { return strings.Replace(action, "Version", "", 1) }

// unnamed are what resources are called that a call need not name.
var unnamed = []string{"default", "primary", "catalog", "default-registry", "Default"}

// stillNamed reports whether a mutant has all parts of a resource's name as
// often as what it was made of.
func stillNamed(raw, mutant, resource string) bool {
	parts := strings.SplitN(resource, ":", 6)
	for _, name := range strings.FieldsFunc(parts[len(parts)-1], func(c rune) bool { return c == ':' || c == '/' }) {
		if strings.Count(mutant, name) < strings.Count(raw, name) {
			return false
		}
	}
	return true
}

// mutate makes the nth mutant of a kind.
func mutate(raw string, kind, n int) (string, bool) {
	head, body, _ := strings.Cut(raw, "\n\n")
	body = strings.TrimSuffix(body, "\n")
	head, body, ok := mutations[kind].do(strings.TrimSuffix(head, "\n"), body, n)
	return head + "\n\n" + body + "\n", ok
}

// TestMutantsAskForNoLess makes every mutant of every corpus request that the
// mutations can.
func TestMutantsAskForNoLess(t *testing.T) {
	all, err := seeds()
	if err != nil {
		t.Fatal(err)
	}
	actions := always(all)
	made := 0
	for i := range all {
		for kind := range mutations {
			for n := range 64 {
				mutant, ok := mutate(all[i].raw, kind, n)
				if !ok {
					break
				}
				made++
				if err := judgeMutant(&all[i], mutant, mutations[kind].gone, actions); err != nil {
					t.Errorf("%s, %s %d: %v\n%s", all[i].name, mutations[kind].name, n, err, mutant)
				}
			}
		}
	}
	t.Logf("%d mutants of %d requests", made, len(all))
}

// FuzzMutants does so twice over, and with what the fuzzer makes of the first.
func FuzzMutants(f *testing.F) {
	all, err := seeds()
	if err != nil {
		f.Fatal(err)
	}
	actions := always(all)
	for i := 0; i < len(all); i += 7 {
		f.Add(uint16(i), uint8(i), uint8(0), uint8(i/7), uint8(1))
	}
	f.Fuzz(func(t *testing.T, i uint16, kind1, n1, kind2, n2 uint8) {
		s := &all[int(i)%len(all)]
		first, second := int(kind1)%len(mutations), int(kind2)%len(mutations)
		mutant, ok := mutate(s.raw, first, int(n1)%16)
		if !ok {
			return
		}
		gone := mutations[first].gone
		if again, ok := mutate(mutant, second, int(n2)%16); ok {
			mutant, gone = again, gone || mutations[second].gone
		}
		if bytes.Contains([]byte(mutant), []byte("\x00")) {
			return
		}
		if err := judgeMutant(s, mutant, gone, actions); err != nil {
			t.Errorf("%s, %s %d, %s %d: %v\n%s", s.name, mutations[first].name, int(n1)%16, mutations[second].name, int(n2)%16, err, mutant)
		}
	})
}
