package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// A corpus is how long reading takes over every request of package aws's corpora
// that is read, each at its best of many times, its signature not verified; and
// how long taking the largest of its tables apart does, which the first call to a
// service waits for.
type corpus struct{ p50, p99, touch time.Duration }

// readCorpus has package aws's own benchmarks measure.
func readCorpus(ctx context.Context, checkout string) (c corpus, err error) {
	cmd := exec.CommandContext(ctx, "go", "test", "./proxy/aws", "-run", "^$", "-bench", "^Benchmark(ReadCorpus|FirstTouch)$")
	cmd.Dir, cmd.Stderr = checkout, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return c, fmt.Errorf("%v: %w\n%s", cmd.Args, err, out)
	}
	for s := bufio.NewScanner(bytes.NewReader(out)); s.Scan(); {
		f := strings.Fields(s.Text())
		for i := 2; i+1 < len(f); i++ {
			n, err := strconv.ParseFloat(f[i], 64)
			if err != nil {
				continue
			}
			switch f[i+1] {
			case "p50-µs":
				c.p50 = time.Duration(n * float64(time.Microsecond))
			case "p99-µs":
				c.p99 = time.Duration(n * float64(time.Microsecond))
			case "ns/op":
				if strings.HasPrefix(f[0], "BenchmarkFirstTouch/") {
					c.touch = max(c.touch, time.Duration(n))
				}
			}
		}
	}
	if c.p50 == 0 || c.p99 == 0 || c.touch == 0 {
		return c, fmt.Errorf("%v: no figures in\n%s", cmd.Args, out)
	}
	return c, nil
}
