package aws

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// allTables takes every block apart.
func allTables(t testing.TB) []*table {
	t.Helper()
	var all []*table
	rest := tablesText
	for rest != "" {
		// A block ends where the next begins: at a line of a service's, which
		// alone has a protocol in its fifth field.
		end := len(rest)
		for at, first := 0, true; at < len(rest); first = false {
			line, _, _ := strings.Cut(rest[at:], "\n")
			if f := strings.Split(line, "\t"); !first && len(f) == 8 && isProtocol.MatchString(f[4]) {
				end = at
				break
			}
			at += len(line) + 1
		}
		all = append(all, parseTable(rest[:end]))
		rest = rest[end:]
	}
	if len(all) < 400 {
		t.Fatalf("%d tables, want 400 and more", len(all))
	}
	return all
}

var (
	isProtocol   = regexp.MustCompile(`^(json1\.[01]|query|ec2|rest-json|rest-xml|cbor)(,|$)`)
	actionForm   = regexp.MustCompile(`^[a-z0-9-]+:[A-Za-z0-9]+$`)
	groupForm    = regexp.MustCompile(`^(\*|\?(:b\.\S+)?|path|roles:b|role:[bqh]\.\S+|~?[a-z0-9*,-]*=[blqh]\.\S+|\d+(:[blqh]\.[^|]+)?(\|(\d+|\?)(:[blqh]\.[^|]+)?)*)$`)
	templateForm = regexp.MustCompile(`^[a-z0-9*-]+:([a-z0-9*-]+|\{r\})?:([a-z0-9*-]+|\{a\})?:[^{}]*(\{[/:]*\}[^{}]*)*$`)
)

// What the generator writes is what the reader takes apart: every line of every
// table.
func TestEveryTableIsWhole(t *testing.T) {
	operations := 0
	for _, tb := range allTables(t) {
		if tb.id == "" || tb.prefix == "" || len(tb.operations) == 0 {
			t.Errorf("table %q of prefix %q has %d operations", tb.id, tb.prefix, len(tb.operations))
		}
		for _, name := range tb.signing {
			if name != "" && !slices.ContainsFunc(new(tables).of(name), func(o *table) bool { return o.id == tb.id }) {
				t.Errorf("table %q is not found by %q, which it signs with", tb.id, name)
			}
		}
		for _, template := range tb.templates {
			if template != "" && !templateForm.MatchString(template) {
				t.Errorf("table %q has the template %q", tb.id, template)
			}
		}
		for name, op := range tb.operations {
			operations++
			if tb.routes != nil && (op.method == "" || !strings.HasPrefix(op.path, "/")) {
				t.Errorf("%s %s has the route %q %q", tb.id, name, op.method, op.path)
			}
			err := tb.each(op, func(e entry) error {
				if !actionForm.MatchString(e.action) {
					t.Errorf("%s %s has the action %q", tb.id, name, e.action)
				}
				for g := range strings.SplitSeq(e.groups, " ") {
					if !groupForm.MatchString(g) {
						t.Errorf("%s %s has the resources %q", tb.id, name, g)
					}
				}
				return nil
			})
			if err != nil {
				t.Errorf("%s %s: %v", tb.id, name, err)
			}
		}
	}
	if operations < 18000 {
		t.Errorf("%d operations, want 18,000 and more", operations)
	}
}

// The tables are to cost an extension's start nothing, and its binary little.
func TestTheTablesAreSmall(t *testing.T) {
	if n := len(tablesText); n > 1_400_000 {
		t.Errorf("%d bytes of tables, want 1.4 MB at most", n)
	}
}

// BenchmarkReadCorpus reads every corpus request that is read, and reports the
// times that half and all but one in a hundred of them stay under.
func BenchmarkReadCorpus(b *testing.B) {
	all, err := seeds()
	if err != nil {
		b.Fatal(err)
	}
	cloud := corpusCloud()
	best := make([]time.Duration, len(all))
	for b.Loop() {
		for i := range all {
			r, err := parseRaw([]byte(all[i].raw))
			if err != nil {
				b.Fatal(err)
			}
			began := time.Now()
			if _, err := cloud.Identify(r); err != nil {
				b.Fatal(err)
			}
			if took := time.Since(began); best[i] == 0 || took < best[i] {
				best[i] = took
			}
		}
	}
	slices.Sort(best)
	b.ReportMetric(float64(best[len(best)/2].Nanoseconds())/1e3, "p50-µs")
	b.ReportMetric(float64(best[len(best)*99/100].Nanoseconds())/1e3, "p99-µs")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkFirstTouch takes the tables apart of those that sign with a name: EC2
// has the largest, and six services share "bedrock".
func BenchmarkFirstTouch(b *testing.B) {
	for _, name := range []string{"ec2", "bedrock", "sagemaker", "iot", "kinesis"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if len(new(tables).of(name)) == 0 {
					b.Fatal("no table")
				}
			}
		})
	}
}
