package extension_test

import (
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/lambda-remit/remit/extension/lambdatest"
)

// BenchmarkStart measures, with the layer's own programs, how long the
// extension takes from exec until it has registered, and what a whole start
// costs with the wrapper and without Remit. Medians: machines are noisy.
func BenchmarkStart(b *testing.B) {
	for _, remit := range []bool{true, false} {
		name := "with"
		if !remit {
			name = "without"
		}
		b.Run(name, func(b *testing.B) {
			s := newSandbox(b, func(c *lambdatest.Config) {
				if !remit {
					c.Layer = ""
					setEnv(c, "AWS_LAMBDA_EXEC_WRAPPER", "")
				}
			})
			var registered, started []time.Duration
			for b.Loop() {
				began := time.Now()
				if err := s.Start(b.Context()); err != nil {
					b.Fatal(err)
				}
				started = append(started, time.Since(began))
				registered = append(registered, s.Registered("remit"))
				s.Shutdown()
			}
			b.ReportMetric(median(registered), "ms/registered")
			b.ReportMetric(median(started), "ms/start")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkWrapper measures what the wrapper adds to the start of a program that
// does nothing: handshake, environment, files of certificates, confinement.
func BenchmarkWrapper(b *testing.B) {
	s := newSandbox(b, nil)
	if err := s.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	run := func(argv ...string) time.Duration {
		c := exec.Command(argv[0], argv[1:]...)
		c.Env = append([]string{"PATH=/usr/bin:/bin", "AWS_REGION=eu-west-1"}, keys()...)
		began := time.Now()
		if out, err := c.CombinedOutput(); err != nil {
			b.Fatalf("%v: %s", err, out)
		}
		return time.Since(began)
	}
	var wrapped, plain, added []time.Duration
	for b.Loop() {
		w, p := run(filepath.Join(s.layer, "remit/exec"), "/bin/true"), run("/bin/true")
		wrapped, plain, added = append(wrapped, w), append(plain, p), append(added, w-p)
	}
	b.ReportMetric(median(wrapped), "ms/wrapped")
	b.ReportMetric(median(plain), "ms/plain")
	b.ReportMetric(median(added), "ms/added")
	b.ReportMetric(0, "ns/op")
}

func median(d []time.Duration) float64 {
	slices.Sort(d)
	return float64(d[len(d)/2].Microseconds()) / 1000
}
