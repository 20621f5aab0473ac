package e2e

import "os"

// A T is what Lacks needs of a test.
type T interface {
	Helper()
	Skipf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Lacks ends a test for which this machine lacks something: it is skipped, and
// says what for, but where CI is set. There everything has to be.
func Lacks(t T, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}
