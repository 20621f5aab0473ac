package manifest

import (
	_ "embed"
	"strings"
)

//go:generate go run ./gen $IAM_DATA

// zactions is the list of actions that exist: a line for each service, sorted
// by its prefix, of four fields with tabs between them:
//
//	prefix  services of its resources' ARNs  actions  actions without resources
//
// each but the first with spaces between its words. It stays text until a
// manifest's `allow` asks for a service, since most never do and a sandbox
// should not wait for it to be parsed.
//
//go:embed zactions.txt
var zactions string

// A service is one line of the list.
type service struct{ prefix, owns, on, global string }

// findService returns the service with an IAM prefix.
func findService(prefix string) (service, bool) {
	if prefix == "" || strings.ContainsAny(prefix, "\t\n ") {
		return service{}, false
	}
	line := zactions
	if start := prefix + "\t"; !strings.HasPrefix(line, start) {
		i := strings.Index(line, "\n"+start)
		if i < 0 {
			return service{}, false
		}
		line = line[i+1:]
	}
	line, _, _ = strings.Cut(line, "\n")
	f := strings.Split(line, "\t")
	if len(f) != 4 {
		panic("manifest: internal error: a line of the list of actions has not four fields")
	}
	return service{f[0], f[1], f[2], f[3]}, true
}

// actions are the names of s's actions, without its prefix.
func (s service) actions() []string { return strings.Fields(s.on + " " + s.global) }

// owners are the service parts of the ARNs that s's actions can have.
func (s service) owners() []string { return strings.Fields(s.owns) }

func isService(prefix string) bool { _, ok := findService(prefix); return ok }

// services are the prefixes of all services.
func services() []string {
	var all []string
	for line := range strings.Lines(zactions) {
		prefix, _, _ := strings.Cut(line, "\t")
		all = append(all, prefix)
	}
	return all
}
