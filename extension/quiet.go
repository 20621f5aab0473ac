package extension

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

// quieten starts this program anew, in the same process, where a variable of
// the function's configuration would have Go's own libraries write what passes
// into the log: GODEBUG=http2debug=2 dumps headers and the beginnings of
// bodies, STS's answers among them, and GOTRACEBACK=crash a core. They are read
// before main begins, so that to unset them is too late. Whoever sets them
// means a function in Go; it still gets them.
func quieten() error {
	environ, loud := quiet(os.Environ())
	if !loud {
		return nil
	}
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	return fmt.Errorf("starting again without GODEBUG: %w", syscall.Exec(exe, os.Args, environ))
}

// quiet returns environ without what quieten removes, and whether it was there.
func quiet(environ []string) (kept []string, loud bool) {
	for _, entry := range environ {
		switch name, _, _ := strings.Cut(entry, "="); name {
		case "GODEBUG", "GOTRACEBACK":
			loud = true
		default:
			kept = append(kept, entry)
		}
	}
	return kept, loud
}
