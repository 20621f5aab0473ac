package extension

import (
	"slices"
	"testing"
)

func TestGosOwnDebuggingIsTakenOut(t *testing.T) {
	plain := []string{"A=1", "NO_GODEBUG=1", "GODEBUGGER=1"}
	if got, loud := quiet(plain); loud || !slices.Equal(got, plain) {
		t.Errorf("got %q, %v, want all as it was", got, loud)
	}
	got, loud := quiet([]string{"GODEBUG=http2debug=2", "A=1", "GOTRACEBACK=crash", "GODEBUG="})
	if want := []string{"A=1"}; !loud || !slices.Equal(got, want) {
		t.Errorf("got %q, %v, want %q, true", got, loud, want)
	}
}
