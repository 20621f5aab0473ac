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
type service struct {
	prefix  string
	owners  []string // the service parts of the ARNs that its actions can have
	actions []string // their names, without the prefix
}

// service returns the service with an IAM prefix, or nil if there is none. A
// manifest names few services and may name each often.
func (p *parser) service(prefix string) *service {
	s, ok := p.services[prefix]
	if !ok {
		if p.services == nil {
			p.services = make(map[string]*service)
		}
		s = findService(prefix)
		p.services[prefix] = s
	}
	return s
}

func findService(prefix string) *service {
	if prefix == "" || strings.ContainsAny(prefix, "\t\n ") {
		return nil
	}
	line := zactions
	if start := prefix + "\t"; !strings.HasPrefix(line, start) {
		i := strings.Index(line, "\n"+start)
		if i < 0 {
			return nil
		}
		line = line[i+1:]
	}
	line, _, _ = strings.Cut(line, "\n")
	f := strings.Split(line, "\t")
	if len(f) != 4 {
		panic("manifest: internal error: a line of the list of actions has not four fields")
	}
	return &service{f[0], strings.Fields(f[1]), append(strings.Fields(f[2]), strings.Fields(f[3])...)}
}

// services are the prefixes of all services.
func services() []string {
	var all []string
	for line := range strings.Lines(zactions) {
		prefix, _, _ := strings.Cut(line, "\t")
		all = append(all, prefix)
	}
	return all
}
