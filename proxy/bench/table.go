package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"
)

// results are all figures of one run.
type results struct {
	machine []string
	notes   []string
	rounds  int
	took    time.Duration
	sizes   []size
	parts   []part
	corpus  corpus
	starts  life
	cold    cold
	memory  []memory
	cells   []*cell

	invocation invocation
}

type size struct {
	name  string
	bytes int
}

// A goal is a figure that is held against what it should be.
type goal struct {
	what, want string
	endpoint   float64 // zero: there is none
	connect    float64 // zero: there is none
	ok         bool
	unit       string
}

// goals are what a run has of the figures that the design asks for: in
// endpoint mode, towards the upstream that answers at once.
func (r *results) goals() []goal {
	var all []goal
	for _, c := range r.cells {
		if c.upstream.name != atOnce {
			continue
		}
		switch {
		case strings.HasSuffix(c.name, "1 KB, 1 connection"):
			at := func(name string) float64 { return c.added(name) / c.added(floor) }
			all = append(all, goal{"latency added to " + c.name + ", p50", "≤ 1.25 × the floor's", at(endpoint), at(connect), at(endpoint) <= 1.25, "×"})
		case strings.Contains(c.name, "1 KB"):
			e := c.ratio(endpoint, rate)
			all = append(all, goal{"calls a second, " + c.name, "≥ 0.8 × the floor's", e, c.ratio(connect, rate), e >= 0.8, "×"})
		case strings.HasSuffix(c.name, "64 MB"):
			e := c.ratio(endpoint, through)
			all = append(all, goal{"throughput, " + c.name, "≥ 0.9 × the floor's", e, c.ratio(connect, through), e >= 0.9, "×"})
		}
	}
	const mb = 1 << 20
	if len(r.memory) == 3 {
		e, c := r.memory[1], r.memory[2]
		all = append(all,
			goal{"memory, idle", "< 20 MB", float64(e.idle) / mb, float64(c.idle) / mb, e.idle < 20*mb, "MB"},
			goal{"memory at most, 64 × 64 MB", "< 30 MB", float64(e.most) / mb, float64(c.most) / mb, e.most < 30*mb, "MB"})
	}
	all = append(all, r.lives()...)
	for _, p := range r.parts {
		if strings.HasPrefix(p.name, "reading") {
			all = append(all, goal{p.name, "≤ 20 µs", micros(p.p50), 0, p.p50 <= 20*time.Microsecond, "µs"})
		}
	}
	if c := r.corpus; c.p50 > 0 {
		all = append(all,
			goal{"reading, over all corpora, p50", "≤ 20 µs", micros(c.p50), 0, c.p50 <= 20*time.Microsecond, "µs"},
			goal{"reading, over all corpora, p99", "≤ 100 µs", micros(c.p99), 0, c.p99 <= 100*time.Microsecond, "µs"},
			goal{"first touch of a service, the largest", "≤ 2 ms", millis(c.touch), 0, c.touch <= 2*time.Millisecond, "ms"})
	}
	if len(r.sizes) > 0 {
		n := r.sizes[0].bytes
		all = append(all, goal{"stripped binary", "≤ 15 MB", float64(n) / mb, 0, n <= 15*mb, "MB"})
	}
	return all
}

// The goals' table stands between these lines, here and in README.md.
const (
	tableBegins = "<!-- go run ./proxy/bench -readme: begin -->"
	tableEnds   = "<!-- end -->"

	resultsFile = "proxy/bench/results.txt"
)

// String is the results as text; a part of it, between two markers, is
// Markdown, and stands in README.md too.
func (r *results) String() string {
	var b strings.Builder
	b.WriteString("Remit beside no proxy (direct), a plain httputil.ReverseProxy (floor) and nginx.\n")
	fmt.Fprintf(&b, "Medians of %d interleaved rounds; the whole took %s.\n\n", r.rounds, r.took.Round(time.Second))
	for _, line := range append(r.machine, r.notes...) {
		b.WriteString(line + "\n")
	}
	b.WriteString("\n" + tableBegins + "\n")
	b.WriteString("| | | endpoint | CONNECT | |\n|---|---|---|---|---|\n")
	for _, g := range r.goals() {
		verdict, connect, endpoint := "reached", "–", "–"
		if g.endpoint != 0 {
			endpoint = fmt.Sprintf("%.2f %s", g.endpoint, g.unit)
		}
		if !g.ok {
			verdict = "**missed**"
		}
		if g.connect != 0 {
			connect = fmt.Sprintf("%.2f %s", g.connect, g.unit)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", g.what, g.want, endpoint, connect, verdict)
	}
	b.WriteString(tableEnds + "\n")

	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	last := ""
	for _, c := range r.cells {
		if c.upstream.name != last {
			last = c.upstream.name
			fmt.Fprintf(&b, "\nUpstream: %s\n\n", last)
			fmt.Fprintln(w, "call\ttarget\tp50 ms\tp99 ms\tadded µs\t× floor's\tcalls/s\t× floor's\tMB/s\t× floor's\t")
		}
		c.print(w)
		if i := len(r.cells) - 1; c == r.cells[i] || r.cells[indexOf(r.cells, c)+1].upstream != c.upstream {
			w.Flush()
		}
	}
	r.printRest(&b)
	return b.String()
}

func indexOf(all []*cell, c *cell) int {
	for i := range all {
		if all[i] == c {
			return i
		}
	}
	return -1
}

// print prints c, a line for each target.
func (c *cell) print(w *tabwriter.Writer) {
	for i, t := range c.upstream.targets {
		name := c.name
		if i > 0 {
			name = ""
		}
		of := func(f func(figures) float64) float64 {
			return c.of(func(r map[string]figures) float64 { return f(r[t.name]) })
		}
		p50 := of(func(f figures) float64 { return millis(f.p50) })
		p99 := of(func(f figures) float64 { return millis(f.p99) })
		added, times := "–", "–"
		if t.name != direct {
			added = fmt.Sprintf("%.0f", c.added(t.name)*1e6)
			times = fmt.Sprintf("%.2f", c.added(t.name)/c.added(floor))
		}
		calls, ratio, mb, mbRatio := fmt.Sprintf("%.0f", of(rate)), fmt.Sprintf("%.2f", c.ratio(t.name, rate)), "–", "–"
		if c.conns == 1 && !strings.Contains(c.name, "KB") {
			mb, mbRatio = fmt.Sprintf("%.0f", of(through)/(1<<20)), fmt.Sprintf("%.2f", c.ratio(t.name, through))
		}
		fmt.Fprintf(w, "%s\t%s\t%.3f\t%.3f\t%s\t%s\t%s\t%s\t%s\t%s\t\n", name, t.name, p50, p99, added, times, calls, ratio, mb, mbRatio)
	}
}

// printRest prints what is not measured in rounds.
func (r *results) printRest(b *strings.Builder) {
	w := tabwriter.NewWriter(b, 0, 0, 2, ' ', tabwriter.AlignRight)
	if len(r.memory) > 0 {
		fmt.Fprintf(b, "\nMemory resident, MB\n\n")
		fmt.Fprintln(w, "\tidle\tat most, 64 bodies of 64 MB at once\t")
		for _, m := range r.memory {
			fmt.Fprintf(w, "%s\t%.1f\t%.1f\t\n", m.name, float64(m.idle)/(1<<20), float64(m.most)/(1<<20))
		}
		w.Flush()
	}
	if r.starts.registered > 0 {
		fmt.Fprintf(b, "\nStart, ms\n\n")
		fmt.Fprintf(w, "the extension, from exec until it had registered\t%.1f\t\n", millis(r.starts.registered))
		fmt.Fprintf(w, "a sandbox, until the function waits for its first event\t%.1f\t\n", millis(r.starts.with))
		fmt.Fprintf(w, "the same without Remit\t%.1f\t\n", millis(r.starts.without))
		fmt.Fprintf(w, "a function in Python, until its first call by boto3 is answered\t%.1f\t\n", millis(r.cold.with))
		fmt.Fprintf(w, "the same without Remit\t%.1f\t\n", millis(r.cold.without))
		fmt.Fprintf(w, "an invocation of a function that does nothing\t%.2f\t\n", millis(r.invocation.direct))
		fmt.Fprintf(w, "the same with the Runtime API passed on\t%.2f\t\n", millis(r.invocation.passed))
		w.Flush()
	}
	if len(r.parts) > 0 {
		fmt.Fprintf(b, "\nThe parts of a call, in one process\n\n")
		fmt.Fprintln(w, "\tµs\tallocations\t")
		for _, p := range r.parts {
			fmt.Fprintf(w, "%s\t%.1f\t%.0f\t\n", p.name, micros(p.p50), p.allocs)
		}
		w.Flush()
	}
	if len(r.sizes) > 0 {
		fmt.Fprintf(b, "\nSizes, MB\n\n")
		for _, s := range r.sizes {
			fmt.Fprintf(w, "%s\t%.2f\t\n", s.name, float64(s.bytes)/(1<<20))
		}
		w.Flush()
	}
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// machine describes this machine, without naming it.
func machine(checkout string) []string {
	model := runtime.GOARCH
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if _, rest, ok := strings.Cut(string(info), "model name"); ok {
			line, _, _ := strings.Cut(rest, "\n")
			model = strings.Trim(line, "\t: ")
		}
	}
	lines := []string{
		fmt.Sprintf("%d × %s, %s/%s, %s", runtime.NumCPU(), model, runtime.GOOS, runtime.GOARCH, runtime.Version()),
		"client, proxy and upstream share the cores",
		"towards MinIO, direct, floor and nginx carry its root key; Remit's calls carry minted credentials, whose session policy MinIO checks",
	}
	if load, err := os.ReadFile("/proc/loadavg"); err == nil {
		lines = append(lines, "load average at the start: "+strings.Join(strings.Fields(string(load))[:2], ", "))
	}
	cmd := exec.Command("git", "describe", "--always", "--dirty")
	cmd.Dir = checkout
	if commit, err := cmd.Output(); err == nil {
		lines = append(lines, "revision "+strings.TrimSpace(string(commit)))
	}
	return lines
}

// withTable returns page with the table of results between its markers.
func withTable(page, results string) (string, error) {
	table, err := between(results)
	if err != nil {
		return "", fmt.Errorf("%s: %w", resultsFile, err)
	}
	old, err := between(page)
	if err != nil {
		return "", fmt.Errorf("README.md: %w", err)
	}
	return strings.Replace(page, old, table, 1), nil
}

// between returns the table in text, its markers included.
func between(text string) (string, error) {
	begins := strings.Index(text, tableBegins)
	if begins < 0 {
		return "", fmt.Errorf("there is no line %q", tableBegins)
	}
	length := strings.Index(text[begins:], tableEnds)
	if length < 0 {
		return "", fmt.Errorf("there is no line %q behind the table", tableEnds)
	}
	return text[begins : begins+length+len(tableEnds)], nil
}
