package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// A crate is one of the AWS SDK for Rust, a service each, as far as it says what
// is sent. Its source is generated, and formatted by rustfmt: it is read by its
// forms and its indentation, and what has none of the forms stops the reading.
type crate struct {
	name  string // "aws-sdk-wickr@1.30.0"
	dir   fs.FS
	types map[string]*rustType // by their path less "crate::"
	files map[string]string    // by the same, what the type's file is called
}

// crateProtocols are what Cargo.toml calls the protocols.
var crateProtocols = map[string]string{
	"aws.protocols#awsJson1_0":   "json1.0",
	"aws.protocols#awsJson1_1":   "json1.1",
	"aws.protocols#restJson1":    "rest-json",
	"aws.protocols#awsQuery":     "query",
	"aws.protocols#ec2Query":     "ec2",
	"smithy.protocols#rpcv2Cbor": "cbor",
}

// loadCrates reads the crates that fetch.sh put into dir, in the order of their
// names.
func loadCrates(dir string) ([]service, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var all []service
	for _, e := range entries {
		version, err := os.ReadFile(filepath.Join(dir, e.Name(), ".version"))
		if err != nil {
			return nil, err
		}
		s, err := loadCrate(os.DirFS(filepath.Join(dir, e.Name())), e.Name()+"@"+strings.TrimSpace(string(version)))
		if err != nil {
			return nil, fmt.Errorf("crate %s: %w", e.Name(), err)
		}
		all = append(all, *s)
	}
	return all, nil
}

var (
	crateProtocol = regexp.MustCompile(`(?m)^protocol = "([^"]+)"$`)
	crateShape    = regexp.MustCompile(`ServiceShapeName::new\("([^"]+)"\)`)
	crateSigning  = regexp.MustCompile(`SigningName::from_static\("([^"]+)"\)`)
)

// loadCrate reads one crate.
func loadCrate(dir fs.FS, name string) (*service, error) {
	c := &crate{name: name, dir: dir, types: make(map[string]*rustType)}
	about, err := c.read("Cargo.toml")
	if err != nil {
		return nil, err
	}
	config, err := c.read("src/config.rs")
	if err != nil {
		return nil, err
	}
	rules, err := c.read("src/config/endpoint.rs")
	if err != nil {
		return nil, err
	}
	// Newer crates hold their schemas as data, and name the target once.
	s := &service{Source: name, DefaultSigning: first(crateSigning, config), Target: first(crateShape, config)}
	protocol := crateProtocols[first(crateProtocol, about)]
	if protocol == "" || s.DefaultSigning == "" {
		return nil, fmt.Errorf("it speaks %q and signs with %q", first(crateProtocol, about), s.DefaultSigning)
	}
	s.Protocols, s.Signing = []string{protocol}, []string{s.DefaultSigning}
	s.EndpointPrefix = firstLabel(crateHosts(rules))
	files, err := fs.Glob(dir, "src/operation/*.rs")
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		if err := c.operation(s, strings.TrimSuffix(path.Base(file), ".rs")); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	if s.ID == "" || len(s.Operations) == 0 {
		return nil, fmt.Errorf("it has the id %q and %d operations", s.ID, len(s.Operations))
	}
	slices.SortFunc(s.Operations, func(a, b operation) int { return strings.Compare(a.Name, b.Name) })
	return s, nil
}

func (c *crate) read(file string) (string, error) {
	b, err := fs.ReadFile(c.dir, file)
	return string(b), err
}

// first is what the first group of the first match of a pattern is, or "".
func first(p *regexp.Regexp, text string) string {
	if m := p.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}

var (
	crateURL     = regexp.MustCompile(`(?s)\.url\((\{.*?\bout\s*\}|"[^"]*"[^)]*)\)`)
	crateURLPart = regexp.MustCompile(`out\.push_str\((?:"([^"]*)"|&([a-z_]+)\.([a-z_]+)\(\))\)`)
)

// crateHosts are the hosts of a crate's endpoint rules as [host] writes them.
func crateHosts(rules string) []string {
	if before, tests, ok := strings.Cut(rules, "\nmod test {"); ok {
		_, after, _ := strings.Cut(tests, "\n}\n")
		rules = before + after
	}
	var hosts []string
	for _, m := range crateURL.FindAllStringSubmatch(rules, -1) {
		whole := strings.Trim(strings.TrimSuffix(m[1], ".to_string("), `"`)
		if strings.HasPrefix(m[1], "{") {
			whole = ""
			for _, part := range crateURLPart.FindAllStringSubmatch(m[1], -1) {
				whole += part[1] + map[string]string{"region.as_ref": "Region", "partition_result.dns_suffix": "DnsSuffix", "partition_result.dual_stack_dns_suffix": "DualStackDnsSuffix"}[part[2]+"."+part[3]]
			}
		}
		if h, ok := strings.CutPrefix(whole, "https://"); ok && !slices.Contains(hosts, h) {
			hosts = append(hosts, h)
		}
	}
	return hosts
}

var (
	crateMetadata = regexp.MustCompile(`Metadata::new\(\s*"([^"]+)",\s*"([^"]+)",?\s*\)`)
	crateMethod   = regexp.MustCompile(`builder\.method\("([A-Z]+)"\)\.uri\(uri\)`)
	crateTarget   = regexp.MustCompile(`from_static\("x-amz-target"\),\s*"([^"]+)"`)
	cratePrefix   = regexp.MustCompile(`EndpointPrefix::new\((?:"([^"]+)"|format!\(\s*"([^"]+)")`)
	crateBySchema = regexp.MustCompile(`\.serialize_request\(\s*&input,\s*\w+::INPUT_SCHEMA,`)
	crateURI      = regexp.MustCompile(`::std::write!\(\s*output,\s*"([^"]*)"`)
	crateLabel    = regexp.MustCompile(`\b(\w+) = (?:&?)(r#)?(\w+)(?:,|\s*\))`)
	crateQuery    = regexp.MustCompile(`_input\.([\w#]+)|\.push_kv\(\s*"([^"]+)",\s*(?:"([^"]*)")?|\.push_kv\(&|\.push_v\("([^"]+)"\)|\.push_`)
	crateHeader   = regexp.MustCompile(`\binput\.([\w#]+)|builder\.header\("([^"]+)"|builder\.header\(`)
	cratePayload  = regexp.MustCompile(`\binput\.([\w#]+)`)
)

// operation reads the file of one operation, and what it names.
func (c *crate) operation(s *service, file string) error {
	text, err := c.read("src/operation/" + file + ".rs")
	if err != nil {
		return err
	}
	m := crateMetadata.FindStringSubmatch(text)
	if m == nil || s.ID != "" && s.ID != m[2] {
		return fmt.Errorf("it is of the service %q, not %q", m, s.ID)
	}
	s.ID = m[2]
	op := operation{Name: m[1]}
	if p := cratePrefix.FindStringSubmatch(text); p != nil {
		op.HostPrefix = p[1] + p[2]
	} else if strings.Contains(text, "EndpointPrefix::new") {
		return errors.New("it puts before its host what cannot be read")
	}
	_, text, _ = strings.Cut(text, "fn serialize_input(") // another one signs beforehand
	text, _, _ = strings.Cut(text, "\n    }\n")
	in, err := c.typeIn("operation::"+file+"::", "src/operation/"+file+"/_"+file+"_input.rs")
	if err != nil {
		return err
	}
	bound := make(map[string]member)
	if err := c.route(s, &op, text, in, bound); err != nil {
		return err
	}
	if s.rest() {
		if err := c.headers(file, bound); err != nil {
			return err
		}
	}
	_, body, _ := strings.Cut(text, "\n        let body =")
	for _, m := range cratePayload.FindAllStringSubmatch(body, -1) {
		if old, ok := bound[m[1]]; ok && !old.HTTPPayload {
			return fmt.Errorf("the payload %q stands elsewhere too", m[1])
		}
		bound[m[1]] = member{HTTPPayload: true, Name: camel(m[1])}
	}
	keys, err := c.keys(in, "src/protocol_serde/shape_"+file+"_input.rs")
	if err != nil {
		return err
	}
	for _, f := range in.fields {
		m, ok := bound[f.name]
		key, inBody := keys[f.name]
		if ok == inBody {
			return fmt.Errorf("%q is sent nowhere, or twice", f.name)
		}
		if inBody {
			m.Name = key
		}
		m.Required = in.required[f.name]
		if err := c.fill(&m, f.typ, 0); err != nil {
			return err
		}
		op.Members = append(op.Members, m)
	}
	s.Operations = append(s.Operations, op)
	return nil
}

// route reads how an operation is called in its path, its query, or its target.
func (c *crate) route(s *service, op *operation, text string, in *rustType, bound map[string]member) error {
	_, base, _ := strings.Cut(text, "fn uri_base(")
	base, query, _ := strings.Cut(base, "\n            }\n")
	op.Method, op.URI = first(crateMethod, text), first(crateURI, base)
	target := ""
	switch protocol := s.Protocols[0]; {
	case crateBySchema.MatchString(text):
		target = s.Target
	case protocol == "json1.0", protocol == "json1.1":
		target = strings.TrimSuffix(first(crateTarget, text), "."+op.Name)
	case protocol == "cbor":
		path, _ := strings.CutSuffix(op.URI, "/operation/"+op.Name)
		target = strings.TrimPrefix(path, "/service/")
	}
	if (target == "") != (s.rest() || s.Protocols[0] == "query" || s.Protocols[0] == "ec2") || s.Target != "" && s.Target != target || strings.ContainsAny(target, "/") {
		return fmt.Errorf("the target %q of a service of target %q", target, s.Target)
	}
	if s.Target = target; !s.rest() {
		op.Method, op.URI = "", ""
		return nil // what it binds besides, only its model's traits for other protocols say
	}
	if op.Method == "" || !strings.HasPrefix(op.URI, "/") {
		return fmt.Errorf("the route %q %q", op.Method, op.URI)
	}
	if _, format, ok := strings.Cut(base, "::std::write!("); ok {
		_, format, _ = strings.Cut(format, op.URI+`"`)
		format, _, _ = strings.Cut(format, ".expect(")
		for _, m := range crateLabel.FindAllStringSubmatch(format, -1) {
			field := in.field(m[3])
			if field == "" {
				return fmt.Errorf("the label %q is of %q, which is no member", m[1], m[3])
			}
			bound[field] = member{HTTPLabel: true, Name: m[1]}
			if regexp.MustCompile(`let ` + m[3] + ` = [^;]*EncodingStrategy::Greedy`).MatchString(base) {
				op.URI = strings.ReplaceAll(op.URI, "{"+m[1]+"}", "{"+m[1]+"+}")
			}
		}
	}
	for _, l := range label.FindAllString(op.URI, -1) {
		if name := strings.Trim(l, "{+}"); !slices.ContainsFunc(in.fields, func(f rustField) bool { return bound[f.name].HTTPLabel && bound[f.name].Name == name }) {
			return fmt.Errorf("the label %q of %q is no member", l, op.URI)
		}
	}
	_, query, ok := strings.Cut(query, "fn uri_query(")
	if !ok {
		return nil
	}
	query, _, _ = strings.Cut(query, "\n            }\n")
	field, sep := "", "?"
	for _, m := range crateQuery.FindAllStringSubmatch(query, -1) {
		switch {
		case m[1] != "":
			field = m[1]
		case m[4] != "" || m[2] != "" && m[3] != "":
			op.URI += sep + m[4] + m[2]
			if m[2] != "" {
				op.URI += "=" + m[3]
			}
			sep = "&"
		case m[2] != "" && field != "" && (bound[field].HTTPQuery == "" || bound[field].HTTPQuery == m[2]):
			bound[field] = member{HTTPQuery: m[2], Name: camel(field)}
		case m[0] == ".push_kv(&" && field != "":
			bound[field] = member{HTTPQueryParams: true, Name: camel(field)}
		default:
			return fmt.Errorf("a query has %q of %q", m[0], field)
		}
	}
	return nil
}

// headers reads what of an operation's input stands in headers.
func (c *crate) headers(file string, bound map[string]member) error {
	text, err := c.read("src/protocol_serde/shape_" + file + ".rs")
	if err != nil {
		return err
	}
	_, text, ok := strings.Cut(text, "\npub fn ser_"+file+"_headers(")
	if !ok {
		return nil
	}
	text, _, _ = strings.Cut(text, "\n}\n")
	field := ""
	for _, m := range crateHeader.FindAllStringSubmatch(text, -1) {
		switch {
		case m[1] != "":
			field = m[1]
		case m[2] != "" && field != "":
			bound[field] = member{HTTPHeader: m[2], Name: camel(field)}
		default:
			return fmt.Errorf("a header of %q is written by %q", field, m[0])
		}
	}
	return nil
}

// camel is a field's name as Smithy's members are called: "roleArn".
func camel(field string) string {
	parts := strings.Split(strings.TrimPrefix(field, "r#"), "_")
	for i, p := range parts {
		if i > 0 && p != "" {
			parts[i] = strings.ToUpper(p[:1]) + p[1:]
		}
	}
	return strings.Join(parts, "")
}
