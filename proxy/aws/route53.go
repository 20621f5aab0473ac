package aws

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lambda-remit/remit/manifest"
)

// hostedZones is what the tables do not say of Amazon Route 53: what tags are on, and
// what of the changes to a zone's records conditions compare. (Service
// Authorization Reference, "Amazon Route 53"; Amazon Route 53 Developer Guide,
// "Using IAM policy conditions for fine-grained access control".)
func hostedZones(operation string) reading {
	switch operation {
	case "ChangeResourceRecordSets":
		return changeRecords
	case "ChangeTagsForResource", "ListTagsForResource":
		return func(c *tableCall) ([]manifest.Request, error) {
			kind, id := c.labels["ResourceType"], c.labels["ResourceId"]
			if kind != "healthcheck" && kind != "hostedzone" {
				return nil, fmt.Errorf("resource type %.80q of Route 53 is not known", kind)
			}
			arn, err := c.fill("route53:::"+kind+"/{/:}", []string{id})
			return []manifest.Request{request("route53:"+operation, arn)}, err
		}
	}
	return func(c *tableCall) ([]manifest.Request, error) { return c.onZone() }
}

// onZone is the table's answer. SDKs take the prefix from an id that has it
// ("/hostedzone/Z1"); what else may do so with one that comes is not known.
func (c *tableCall) onZone() ([]manifest.Request, error) {
	for name, v := range c.labels {
		if strings.Contains(v, "/") {
			return nil, fmt.Errorf("%s %.80q has a slash, which no id has", name, v)
		}
	}
	return c.tabled()
}

// changeRecords is the table's answer, with what the changes are in its context.
func changeRecords(c *tableCall) ([]manifest.Request, error) {
	all, err := c.onZone()
	if err != nil {
		return nil, err
	}
	body, err := c.in.body()
	if err != nil || len(body) == 0 {
		return all, err
	}
	root, err := c.in.readXML(body, "https://route53.amazonaws.com/doc/2013-04-01/")
	if err != nil {
		return nil, fmt.Errorf("the changes cannot be read: %v", err)
	}
	names, types, actions, err := recordChanges(root)
	for i := range all {
		with(&all[i], "route53:ChangeResourceRecordSetsNormalizedRecordNames", names...)
		with(&all[i], "route53:ChangeResourceRecordSetsRecordTypes", types...)
		with(&all[i], "route53:ChangeResourceRecordSetsActions", actions...)
	}
	return all, err
}

// recordChanges returns the names, types and actions of all changes, each once.
// The names are none where one of them is written so that its normal form is
// Route 53's to say.
func recordChanges(root *element) (names, types, actions []string, err error) {
	batch, err := root.child("ChangeBatch")
	if err != nil {
		return nil, nil, nil, err
	}
	changes, err := batch.child("Changes")
	if err != nil || changes == nil {
		return nil, nil, nil, err
	}
	add := func(to *[]string, s string) {
		if !slices.Contains(*to, s) {
			*to = append(*to, s)
		}
	}
	known := true
	for i := range changes.children {
		change := &changes.children[i]
		if change.name != "Change" {
			return nil, nil, nil, fmt.Errorf("element %.40q among the changes", change.name)
		}
		var values [3]string
		for i, path := range [][]string{{"Action"}, {"ResourceRecordSet", "Type"}, {"ResourceRecordSet", "Name"}} {
			v, ok, err := change.value(path...)
			if err != nil {
				return nil, nil, nil, err
			}
			if !ok {
				return nil, nil, nil, fmt.Errorf("a change without %q", strings.Join(path, "/"))
			}
			values[i] = v
		}
		add(&actions, values[0])
		add(&types, values[1])
		name, ok := normalRecord(values[2])
		known = known && ok
		add(&names, name)
	}
	if !known {
		names = nil
	}
	return names, types, actions, nil
}

// normalRecord returns a record's name as conditions compare it: in lower case,
// without the dot at its end, what is not a letter, digit, "-", "_" or dot as a
// backslash and three octal digits. Names that have such, or bytes beyond ASCII,
// are not written here.
func normalRecord(s string) (string, bool) {
	var b strings.Builder
	s = strings.TrimSuffix(s, ".")
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'A' && c <= 'Z':
			b.WriteByte(c + 'a' - 'A')
		case c >= 'a' && c <= 'z' || isDigit(c) || c == '-' || c == '_' || c == '.':
			b.WriteByte(c)
		case c == '\\' || c >= 0x7f || c <= ' ':
			return "", false
		default:
			fmt.Fprintf(&b, "\\%03o", c)
		}
	}
	return b.String(), s != "" && !strings.HasSuffix(s, ".")
}
