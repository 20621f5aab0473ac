package extension_test

import (
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

func median(d []time.Duration) float64 {
	slices.Sort(d)
	return float64(d[len(d)/2].Microseconds()) / 1000
}
