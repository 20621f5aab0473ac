package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"
	"strings"
)

// A service is what models.mjs says of one.
type service struct {
	Source          string
	ID              string
	Version         string
	Protocols       []string
	Target          string
	QueryCompatible bool
	Signing         []string
	DefaultSigning  string
	EndpointPrefix  string
	Operations      []operation
}

// An operation is one of a service's.
type operation struct {
	Name, Method, URI, HostPrefix string
	Members                       []member
}

// A member is one of an operation's input, or of a member of it.
type member struct {
	Name, Kind, Shape string
	Required          bool

	// Where it is bound. (Smithy, "HTTP bindings".)
	HTTPLabel         bool `json:"httpLabel"`
	HTTPQuery         string
	HTTPHeader        string
	HTTPPrefixHeaders string
	HTTPPayload       bool
	HTTPQueryParams   bool
	HostLabel         bool

	JSONName     string `json:"jsonName"`
	XMLName      string `json:"xmlName"`
	XMLFlattened bool   `json:"xmlFlattened"`
	EC2QueryName string `json:"ec2QueryName"`
	Streaming    any
	ARN          any // what an aws.api#arnReference says it names

	Members []member
	Of      *struct {
		Kind    string
		XMLName string
		Members []member
	}
}

// Services there are at least, and operations. Fewer means that a source is not
// whole.
const leastServices, leastOperations = 450, 19800

// goDepth is how deep members of members are listed, as models.mjs does.
const goDepth = 3

// loadModels runs models.mjs, and adds what the modules and the crates say.
func loadModels(clients, models, modules, crates string) ([]service, error) {
	cmd := exec.Command("node", "gen/models.mjs", clients, models)
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, complaints.String())
	}
	var all []service
	lines := bufio.NewScanner(strings.NewReader(string(out)))
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var s service
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			return nil, fmt.Errorf("%.80s…: %w", lines.Text(), err)
		}
		if s.ID == "CloudWatch Events" {
			continue // EventBridge under its old name
		}
		all = append(all, s)
	}
	newer, err := loadModules(modules)
	if err != nil {
		return nil, err
	}
	newest, err := loadCrates(crates)
	if err != nil {
		return nil, err
	}
	newer = append(newer, newest...)
	for i := range newer {
		if all, err = merge(all, &newer[i]); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(all, func(a, b service) int { return strings.Compare(strings.ToLower(a.ID), strings.ToLower(b.ID)) })
	operations := 0
	for i := range all {
		operations += len(all[i].Operations)
	}
	if len(all) < leastServices || operations < leastOperations {
		return nil, fmt.Errorf("%d services with %d operations", len(all), operations)
	}
	return all, nil
}

// merge adds to all what a module or a crate knows besides: a service, its operations, and
// their members. What both know they have to know alike, but for a slash at a
// route's end, which crates leave out, and the version, which they do not have.
func merge(all []service, with *service) ([]service, error) {
	i := slices.IndexFunc(all, func(s service) bool { return strings.EqualFold(s.ID, with.ID) })
	if i < 0 {
		return append(all, *with), nil
	}
	s := &all[i]
	if s.DefaultSigning != with.DefaultSigning || with.Version != "" && s.Version != with.Version {
		return nil, fmt.Errorf("%s signs with %q and is of version %q, but %s with %q and %q", s.Source, s.DefaultSigning, s.Version, with.Source, with.DefaultSigning, with.Version)
	}
	for _, p := range with.Protocols {
		if !slices.Contains(s.Protocols, p) {
			s.Protocols = append(s.Protocols, p)
		}
	}
	for _, op := range with.Operations {
		elementsAs(s, op.Members)
		j := slices.IndexFunc(s.Operations, func(o operation) bool { return o.Name == op.Name })
		if j < 0 {
			s.Operations = append(s.Operations, op)
			continue
		}
		old := &s.Operations[j]
		if s.rest() && (old.Method != op.Method || bare(old.URI) != bare(op.URI)) || old.HostPrefix != op.HostPrefix {
			return nil, fmt.Errorf("%s is %s %s at %q of %s, but %s %s at %q of %s", op.Name, old.Method, old.URI, old.HostPrefix, s.Source, op.Method, op.URI, op.HostPrefix, with.Source)
		}
		for _, m := range op.Members {
			if !slices.ContainsFunc(old.Members, func(o member) bool { return stands(s, &o) == stands(with, &m) }) {
				old.Members = append(old.Members, m)
			}
		}
	}
	slices.SortFunc(s.Operations, func(a, b operation) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// bare is a route without a slash at its path's end.
func bare(uri string) string {
	path, query, _ := strings.Cut(uri, "?")
	return strings.TrimSuffix(path, "/") + "?" + query
}

// elementsAs gives the lists among members, of a source that does not say how
// their elements are called in a form, the name that they have in s.
func elementsAs(s *service, members []member) {
	for i := range members {
		m := &members[i]
		if m.Kind != "list" || m.Of == nil || m.Of.XMLName != "" {
			continue
		}
		for _, op := range s.Operations {
			for _, o := range op.Members {
				if o.Name == m.Name && o.Kind == "list" && o.Of != nil && o.Of.XMLName != "" {
					m.Of.XMLName = o.Of.XMLName
				}
			}
		}
	}
}

// stands is where a member of an input stands, less its case: a module has some
// names with another.
func stands(s *service, m *member) string {
	switch {
	case m.HTTPLabel:
		return "l." + m.Name
	case m.HTTPQuery != "":
		return "q." + m.HTTPQuery
	case m.HTTPHeader != "":
		return "h." + strings.ToLower(m.HTTPHeader)
	case m.HTTPPrefixHeaders != "" || m.HTTPQueryParams || m.HTTPPayload:
		return strings.ToLower(m.Name)
	}
	return "b." + strings.ToLower(wireName(s, m, 0))
}

// protocol is the one that the service's newest clients speak.
func (s *service) protocol() string { return s.Protocols[0] }

func (s *service) rest() bool { return strings.HasPrefix(s.protocol(), "rest-") }
