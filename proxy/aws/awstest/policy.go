package awstest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A policy is a policy document, read as strictly as STS reads a session
// policy: no unknown element, nothing twice. (IAM User Guide, "Grammar of the
// IAM JSON policy language".)
type policy struct {
	ID         string
	Statements []statement
}

// A statement has its lists as they stood; a nil list was not there.
type statement struct {
	Sid        string
	Effect     string
	Actions    []string
	NotActions []string
	Resources  []string
	NotRes     []string
	Conditions []condition // in the order of the text
}

type condition struct {
	Operator, Key string
	Values        []string
}

var (
	sid      = regexp.MustCompile(`^[A-Za-z0-9]*$`)
	action   = regexp.MustCompile(`^(?:\*|[A-Za-z0-9][A-Za-z0-9-]*:[A-Za-z0-9*?]+)$`)
	arn      = regexp.MustCompile(`^arn:(aws(?:-[a-z]+)*|\*):([a-z0-9*?-]+):([a-z0-9*?-]*):(\d{12}|aws|\*|[\d*?]*|):((?s:.+))$`)
	operator = regexp.MustCompile(`^(?:(?:ForAllValues|ForAnyValue):)?(?:` +
		`String(?:Not)?Equals(?:IgnoreCase)?|String(?:Not)?Like|` +
		`Numeric(?:Not)?Equals|Numeric(?:Less|Greater)Than(?:Equals)?|` +
		`Date(?:Not)?Equals|Date(?:Less|Greater)Than(?:Equals)?|` +
		`Bool|BinaryEquals|(?:Not)?IpAddress|Arn(?:Not)?(?:Equals|Like))(?:IfExists)?$|^Null$`)
	conditionKey = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9-]*:[^\s]+$`)
)

// parsePolicy reads a session policy.
func parsePolicy(text string) (policy, error) {
	var p policy
	top, err := object([]byte(text))
	if err != nil {
		return p, err
	}
	var version string
	for _, m := range top {
		switch m.name {
		case "Version":
			err = one(m.value, &version)
		case "Id":
			err = one(m.value, &p.ID)
		case "Statement":
			err = p.statements(m.value)
		default:
			err = fmt.Errorf("Syntax errors in policy: unknown element %q", m.name)
		}
		if err != nil {
			return p, err
		}
	}
	switch {
	case version != "2012-10-17":
		// AWS takes 2008-10-17 too, in which ${*} is no literal.
		return p, fmt.Errorf("Syntax errors in policy: version %q", version)
	case len(p.Statements) == 0:
		return p, errors.New("Syntax errors in policy: no statement")
	}
	return p, nil
}

func (p *policy) statements(text []byte) error {
	list := []json.RawMessage{text}
	if text[0] == '[' {
		list = nil
		if err := json.Unmarshal(text, &list); err != nil {
			return err
		}
	}
	sids := make(map[string]bool)
	for _, text := range list {
		s, err := parseStatement(text)
		if err != nil {
			return err
		}
		if s.Sid != "" && sids[s.Sid] {
			return fmt.Errorf("Statement IDs (SID) in a single policy must be unique: %q", s.Sid)
		}
		sids[s.Sid] = true
		p.Statements = append(p.Statements, s)
	}
	return nil
}

func parseStatement(text []byte) (statement, error) {
	var s statement
	members, err := object(text)
	if err != nil {
		return s, err
	}
	for _, m := range members {
		switch m.name {
		case "Sid":
			err = one(m.value, &s.Sid)
		case "Effect":
			err = one(m.value, &s.Effect)
		case "Action":
			s.Actions, err = many(m.value)
		case "NotAction":
			s.NotActions, err = many(m.value)
		case "Resource":
			s.Resources, err = many(m.value)
		case "NotResource":
			s.NotRes, err = many(m.value)
		case "Condition":
			s.Conditions, err = conditions(m.value)
		case "Principal", "NotPrincipal":
			err = errors.New("Policy document should not specify a principal.")
		default:
			err = fmt.Errorf("Syntax errors in policy: unknown element %q", m.name)
		}
		if err != nil {
			return s, err
		}
	}
	return s, s.check()
}

func (s statement) check() error {
	switch {
	case s.Effect != "Allow" && s.Effect != "Deny":
		return fmt.Errorf("Syntax errors in policy: effect %q", s.Effect)
	case (s.Actions == nil) == (s.NotActions == nil):
		return errors.New("Policy statement must contain actions.")
	case (s.Resources == nil) == (s.NotRes == nil):
		return errors.New("Policy statement must contain resources.")
	case !sid.MatchString(s.Sid):
		return fmt.Errorf("Statement IDs (SID) must be alpha-numeric: %q", s.Sid)
	}
	for _, a := range slices.Concat(s.Actions, s.NotActions) {
		if !action.MatchString(a) {
			return fmt.Errorf("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.: %q", a)
		}
	}
	for _, r := range slices.Concat(s.Resources, s.NotRes) {
		if err := checkResource(r); err != nil {
			return err
		}
	}
	return nil
}

// checkResource checks the shape of a resource, and the variables in it.
func checkResource(r string) error {
	if r == "*" {
		return nil
	}
	m := arn.FindStringSubmatch(r)
	if m == nil {
		return fmt.Errorf("Resource %s must be in ARN format or \"*\".", r)
	}
	if m[2] == "s3" && !strings.HasPrefix(m[5], "accesspoint/") && m[3]+m[4] != "" {
		return fmt.Errorf("Resource %s: a bucket's ARN has no region and no account", r)
	}
	return variables(r)
}

// variables checks that every "${" begins a variable: one of the three
// literals, or a condition key with or without a default.
func variables(s string) error {
	for {
		_, rest, ok := strings.Cut(s, "${")
		if !ok {
			return nil
		}
		name, after, ok := strings.Cut(rest, "}")
		if !ok || !variable.MatchString(name) {
			return fmt.Errorf("Syntax errors in policy: variable in %q", s)
		}
		s = after
	}
}

var variable = regexp.MustCompile(`^(?:[*?$]|[a-zA-Z0-9-]+:[^{}]+)$`)

func conditions(text []byte) ([]condition, error) {
	operators, err := object(text)
	if err != nil {
		return nil, err
	}
	var out []condition
	for _, o := range operators {
		if !operator.MatchString(o.name) {
			return nil, fmt.Errorf("Invalid Condition type : %s.", o.name)
		}
		keys, err := object(o.value)
		if err != nil {
			return nil, err
		}
		for _, k := range keys {
			if !conditionKey.MatchString(k.name) {
				return nil, fmt.Errorf("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.: %q", k.name)
			}
			values, err := many(k.value)
			if err != nil {
				return nil, err
			}
			for _, v := range values {
				if strings.HasPrefix(o.name, "Null") || strings.HasPrefix(o.name, "Bool") {
					if v != "true" && v != "false" {
						return nil, fmt.Errorf("Invalid value %q for %s", v, o.name)
					}
				} else if err := variables(v); err != nil {
					return nil, err
				}
			}
			out = append(out, condition{o.name, k.name, values})
		}
	}
	return out, nil
}

// pinned reports an Allow on S3 that is bound to no account. A bucket that was
// deleted can be registered again by anybody.
func (p policy) pinned() error {
	for i, s := range p.Statements {
		if s.Effect != "Allow" || !s.onBuckets() {
			continue
		}
		if !slices.ContainsFunc(s.Conditions, condition.pins) {
			return fmt.Errorf("statement %d allows %s whatever account owns it: no aws:ResourceAccount", i+1, strings.Join(s.Resources, ", "))
		}
	}
	return nil
}

// onBuckets reports whether s is about what is in buckets. What has no bucket
// in S3, the list of one's own, is "*" and its account the caller's.
func (s statement) onBuckets() bool {
	if slices.ContainsFunc(s.Resources, isBucket) {
		return true
	}
	return slices.Contains(s.Resources, "*") && slices.ContainsFunc(s.Actions, func(a string) bool {
		return a == "*" || strings.HasPrefix(strings.ToLower(a), "s3:") && !strings.EqualFold(a, "s3:ListAllMyBuckets")
	})
}

// isBucket reports whether r is a bucket or in one. Its ARN has no account; an
// access point's has.
func isBucket(r string) bool {
	m := arn.FindStringSubmatch(r)
	return m != nil && m[2] == "s3" && m[4] == ""
}

// pins reports whether c holds for the resources of named accounts only.
func (c condition) pins() bool {
	return (c.Operator == "StringEquals" || c.Operator == "ForAnyValue:StringEquals") && isResourceAccount(c.Key) &&
		!slices.ContainsFunc(c.Values, func(v string) bool { return !account.MatchString(v) && v != principalAccount })
}

var account = regexp.MustCompile(`^\d{12}$`)

func isResourceAccount(key string) bool {
	return strings.EqualFold(key, "aws:ResourceAccount") || strings.EqualFold(key, "s3:ResourceAccount")
}

// MarshalJSON writes p again: lists as lists, in MinIO's dialect.
func (p policy) MarshalJSON() ([]byte, error) {
	type wire struct {
		Sid         string `json:",omitempty"`
		Effect      string
		Action      []string                       `json:",omitempty"`
		NotAction   []string                       `json:",omitempty"`
		Resource    []string                       `json:",omitempty"`
		NotResource []string                       `json:",omitempty"`
		Condition   map[string]map[string][]string `json:",omitempty"`
	}
	doc := struct {
		Version   string
		Statement []wire
	}{"2012-10-17", []wire{}}
	for _, s := range p.Statements {
		w := wire{Sid: s.Sid, Effect: s.Effect, Action: s.Actions, NotAction: s.NotActions, Resource: s.Resources, NotResource: s.NotRes}
		for _, c := range s.Conditions {
			if w.Condition == nil {
				w.Condition = make(map[string]map[string][]string)
			}
			if w.Condition[c.Operator] == nil {
				w.Condition[c.Operator] = make(map[string][]string)
			}
			w.Condition[c.Operator][c.Key] = c.Values
		}
		doc.Statement = append(doc.Statement, w)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(doc)
	return bytes.TrimSpace(b.Bytes()), err
}

// A member is one name and value of a JSON object.
type member struct {
	name  string
	value json.RawMessage
}

// object reads a JSON object whose names are unique: encoding/json would take
// the last of two, and IAM refuses both.
func object(text []byte) ([]member, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	t, err := d.Token()
	if err != nil {
		return nil, fmt.Errorf("This policy contains invalid Json: %v", err)
	}
	if t != json.Delim('{') {
		return nil, fmt.Errorf("Syntax errors in policy: %.40s is not an object", text)
	}
	var out []member
	seen := make(map[string]bool)
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, fmt.Errorf("This policy contains invalid Json: %v", err)
		}
		name := t.(string)
		if seen[name] {
			return nil, fmt.Errorf("Syntax errors in policy: %q stands twice", name)
		}
		seen[name] = true
		var v json.RawMessage
		if err := d.Decode(&v); err != nil {
			return nil, fmt.Errorf("This policy contains invalid Json: %v", err)
		}
		out = append(out, member{name, v})
	}
	if _, err := d.Token(); err != nil {
		return nil, fmt.Errorf("This policy contains invalid Json: %v", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("This policy contains invalid Json: text after its end")
	}
	return out, nil
}

// one reads a string.
func one(text []byte, to *string) error {
	if err := json.Unmarshal(text, to); err != nil || text[0] != '"' {
		return fmt.Errorf("Syntax errors in policy: %.40s is not a string", text)
	}
	return nil
}

// many reads a string, or a list of at least one. Booleans and numbers are
// taken as their text, as IAM does.
func many(text []byte) ([]string, error) {
	list := []json.RawMessage{text}
	if text[0] == '[' {
		list = nil
		if err := json.Unmarshal(text, &list); err != nil {
			return nil, err
		}
	}
	var out []string
	for _, v := range list {
		var s string
		switch {
		case v[0] == '"':
			if err := json.Unmarshal(v, &s); err != nil {
				return nil, err
			}
		case string(v) == "true" || string(v) == "false":
			s = string(v)
		default:
			if _, err := strconv.ParseFloat(string(v), 64); err != nil {
				return nil, fmt.Errorf("Syntax errors in policy: %.40s is not a string", v)
			}
			s = string(v)
		}
		out = append(out, s)
	}
	if len(out) == 0 {
		return nil, errors.New("Syntax errors in policy: an empty list")
	}
	return out, nil
}
