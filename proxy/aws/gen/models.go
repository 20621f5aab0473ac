package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os/exec"
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
const leastServices, leastOperations = 410, 18500

// loadModels runs models.mjs.
func loadModels(clients, models string) ([]service, error) {
	cmd := exec.Command("node", "gen/models.mjs", clients, models)
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, complaints.String())
	}
	var all []service
	operations := 0
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
		operations += len(s.Operations)
		all = append(all, s)
	}
	if len(all) < leastServices || operations < leastOperations {
		return nil, fmt.Errorf("%d services with %d operations", len(all), operations)
	}
	return all, nil
}

// protocol is the one that the service's newest clients speak.
func (s *service) protocol() string { return s.Protocols[0] }

func (s *service) rest() bool { return strings.HasPrefix(s.protocol(), "rest-") }
