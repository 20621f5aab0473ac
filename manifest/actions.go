package manifest

import (
	_ "embed"
	"strings"
)

//go:generate go run ./gen $IAM_DATA

// zactions is the list of actions and condition keys that exist: a line for each service, sorted
// by its prefix, of five fields with tabs between them:
//
//	prefix  services of its resources' ARNs  actions  actions without resources  condition keys
//
// each but the first with spaces between its words. A condition key of the
// service's own is written without its prefix, as ":LeadingKeys"; "*" stands in
// one for what its user chooses; "=" and the type of its value follow where that
// is not String. The list stays text until a manifest asks for a service, since
// most never do and a sandbox should not wait for it to be parsed.
//
//go:embed zactions.txt
var zactions string

// A service is one line of the list.
type service struct {
	prefix  string
	owners  []string // the service parts of the ARNs that its actions can have
	actions []string // their names, without the prefix
	keys    []string // see zactions
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
	if len(f) != 5 {
		panic("manifest: internal error: a line of the list of actions has not five fields")
	}
	return &service{f[0], strings.Fields(f[1]), append(strings.Fields(f[2]), strings.Fields(f[3])...), strings.Fields(f[4])}
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
