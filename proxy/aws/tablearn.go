package aws

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lambda-remit/remit/manifest"
)

// requests are what the call asks for: what its service's file says of the
// operation, if it has one, and what the table says otherwise.
func (c *tableCall) requests() ([]manifest.Request, error) {
	if read := byHand(c.table.id, c.operation.name); read != nil {
		return read(c)
	}
	return c.tabled()
}

// tabled are the requests as the table has them.
func (c *tableCall) tabled() ([]manifest.Request, error) { return c.tabledBut("") }

// tabledBut are those for other actions than one.
func (c *tableCall) tabledBut(action string) ([]manifest.Request, error) {
	owned, err := c.owned()
	if err != nil {
		return nil, err
	}
	tags, _, err := c.requestTags()
	if err != nil {
		return nil, err
	}
	var all []manifest.Request
	err = c.table.each(c.operation, func(e entry) error {
		if e.action == action || e.whereTags && len(tags) == 0 {
			return nil
		}
		if !owned && !e.wherePart { // a role is its caller's own, whatever account the rest is of
			all = append(all, unknown(e.action))
			return nil
		}
		resources, partly, err := c.resources(e.groups)
		if err != nil {
			return err
		}
		for _, r := range resources {
			req := request(e.action, r)
			if r == "*" && e.groups != "*" {
				req = unknown(e.action)
			}
			if e.action == "iam:PassRole" {
				req = c.pass(r)
			}
			all = append(all, req)
		}
		if partly && !e.wherePart {
			all = append(all, unknown(e.action))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if all, err = c.passes(all); err != nil {
		return nil, err
	}
	return all, c.tag(all)
}

// tag adds the tags of the request to the context of all, but for the roles that
// are passed.
func (c *tableCall) tag(all []manifest.Request) error {
	tags, keysOnly, err := c.requestTags()
	if err != nil {
		return err
	}
	if len(tags) > maxTags || len(all)*len(tags) > 1<<16 {
		return fmt.Errorf("%d tags on %d resources are more than any call has", len(tags), len(all))
	}
	for i := range all {
		if len(tags) == 0 || all[i].Action == "iam:PassRole" {
			continue
		}
		if keysOnly {
			withTagKeys(&all[i], tags)
		} else {
			withTags(&all[i], tags)
		}
	}
	return nil
}

// owned finds whose account the call is about, where a member says it, and
// reports whether that is known.
func (c *tableCall) owned() (bool, error) {
	if c.operation.account == "" {
		return true, nil
	}
	owner, _, err := c.text(c.operation.account)
	if err != nil || owner == "" || owner == "-" { // Glacier's word for the caller's own
		return true, err
	}
	c.owner = owner
	return isAccount(owner), nil
}

// resources returns what groups of the table name in this call, and whether
// there is something that they do not.
func (c *tableCall) resources(groups string) (all []string, partly bool, err error) {
	for group := range strings.SplitSeq(groups, " ") {
		switch group {
		case "*":
			return []string{"*"}, false, nil
		case "?":
			partly = true
			continue
		}
		for alt := range strings.SplitSeq(group, "|") {
			arns, err := c.resource(alt)
			if err != nil {
				return nil, false, err
			}
			for _, a := range arns {
				if !slices.Contains(all, a) {
					all = append(all, a)
				}
			}
			if len(arns) > 0 {
				break
			}
		}
	}
	return all, partly || len(all) == 0, nil
}

// resource returns the ARNs that one alternative names: none if a member that
// it needs is not there.
func (c *tableCall) resource(alt string) ([]string, error) {
	if owners, path, ok := strings.Cut(alt, "="); ok {
		owners, loose := strings.CutPrefix(owners, "~")
		if owners == "" {
			owners = c.table.prefix
		}
		values, err := c.values(path)
		var arns []string
		for _, v := range values {
			if loose && !strings.HasPrefix(v, "arn:") {
				continue // an id of the service's own, which says nothing
			}
			if v, err = c.stated(owners, v); err != nil {
				break
			}
			arns = append(arns, v)
		}
		return arns, err
	}
	number, paths, _ := strings.Cut(alt, ":")
	if number == "path" {
		// The second version of the API stands in the path, and not in ARNs.
		// One slash more at its end would be another ARN, of the same thing.
		arn := "arn:" + c.in.partition + ":apigateway:" + c.in.region + "::" + strings.TrimPrefix(strings.TrimSuffix(c.in.path, "/"), "/v2")
		return []string{arn}, literal(arn)
	}
	if number == "?" {
		if values, err := c.values(paths); err != nil || len(values) == 0 {
			return nil, err
		}
		return []string{"*"}, nil
	}
	if number == "roles" {
		values, err := c.rolesWithin()
		for i := range values {
			if err == nil {
				values[i], err = c.role(values[i])
			}
		}
		return values, err
	}
	if number == "role" {
		values, err := c.values(paths)
		if err != nil || len(values) == 1 && values[0] == "" {
			return nil, err // an empty text takes a role away
		}
		for i := range values {
			if values[i], err = c.role(values[i]); err != nil {
				break
			}
		}
		return values, err
	}
	n := 0
	for i := range len(number) {
		n = n*10 + int(number[i]-'0')
	}
	if n < 0 || n >= len(c.table.templates) {
		return nil, fmt.Errorf("the table has no template %q", number)
	}
	template := c.table.templates[n]
	if paths == "" {
		arn, err := c.fill(template, nil)
		return []string{arn}, err
	}
	sets := [][]string{nil} // of variables' values: several where one is a list
	for path := range strings.SplitSeq(paths, ",") {
		values, err := c.values(path)
		if err != nil || len(values) == 0 {
			return nil, err
		}
		if len(sets)*len(values) > maxNamed {
			return nil, errNamed
		}
		var longer [][]string
		for _, set := range sets {
			for _, v := range values {
				longer = append(longer, append(slices.Clip(set), v))
			}
		}
		sets = longer
	}
	var arns []string
	for _, set := range sets {
		if slices.ContainsFunc(set[:len(set)-1], func(v string) bool { return strings.HasPrefix(v, "arn:") }) {
			continue // of what the resource is in: what it is itself, AWS says
		}
		var arn string
		var err error
		if last := set[len(set)-1]; strings.HasPrefix(last, "arn:") {
			// Where a name is asked for, the ARN is taken too.
			service, _, _ := strings.Cut(template, ":")
			arn, err = c.stated(service, last)
		} else {
			arn, err = c.fill(template, set)
		}
		if err != nil {
			return nil, err
		}
		arns = append(arns, arn)
	}
	return arns, nil
}

// stated returns s if it is an ARN of one of the services owners. It may be
// another account's; what another region's would do here is nobody's to guess.
func (c *tableCall) stated(owners, s string) (string, error) {
	parts := strings.SplitN(s, ":", 6)
	switch {
	case len(parts) < 6 || parts[0] != "arn" || parts[5] == "":
		return "", fmt.Errorf("%.160q is no ARN", s)
	case parts[1] != c.in.partition:
		return "", fmt.Errorf("%.160q is not in partition %q", s, c.in.partition)
	case owners != "*" && !slices.Contains(strings.Split(owners, ","), parts[2]):
		return "", fmt.Errorf("%.160q is no ARN of %s", s, strings.ReplaceAll(owners, ",", " or "))
	case parts[3] != "" && parts[3] != c.in.region && !worldwide(c.table.prefix):
		return "", fmt.Errorf("%.160q is in another region than the call, which is in %q", s, c.in.region)
	case parts[4] != "" && !isAccount(parts[4]) && !isName(parts[4], "-"):
		return "", fmt.Errorf("%.160q has no account's number", s)
	}
	return s, literal(s)
}

// worldwide reports whether a service answers in one region for all of them, so
// that ARNs of any region are its own. (AWS General Reference, "Service
// endpoints and quotas".)
func worldwide(prefix string) bool {
	switch prefix {
	case "account", "artifact", "bcm-data-exports", "bcm-pricing-calculator", "budgets", "ce", "cloudfront", "cur", "globalaccelerator",
		"health", "iam", "networkmanager", "organizations", "partnercentral", "route53", "savingsplans", "shield", "trustedadvisor", "waf":
		return true
	}
	return false
}

// literal refuses text that would be a pattern, or no part of an ARN: what is
// authorized is what is sent.
func literal(s string) error {
	if strings.ContainsAny(s, "*?") || strings.Contains(s, "${") {
		return fmt.Errorf("%.160q has a wildcard, which names nothing", s)
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == 0xfffd }) {
		return fmt.Errorf("%.160q has a character that no name has", s)
	}
	return nil
}

// fill writes an ARN from a template and its variables' values.
func (c *tableCall) fill(template string, values []string) (string, error) {
	var b strings.Builder
	b.Grow(len(template) + 64)
	b.WriteString("arn:")
	b.WriteString(c.in.partition)
	b.WriteByte(':')
	for {
		before, rest, ok := strings.Cut(template, "{")
		b.WriteString(before)
		if !ok {
			break
		}
		forbidden, after, _ := strings.Cut(rest, "}")
		template = after
		switch forbidden {
		case "r":
			b.WriteString(c.in.region)
			continue
		case "a":
			account := cmp.Or(c.owner, c.in.account)
			if account == "" {
				return "", errNoAccount
			}
			b.WriteString(account)
			continue
		}
		if len(values) == 0 {
			return "", errors.New("the table has too few members for a template")
		}
		v := values[0]
		values = values[1:]
		if v == "" || strings.ContainsAny(v, forbidden) {
			return "", fmt.Errorf("%.160q is no name that stands in an ARN", v)
		}
		if err := literal(v); err != nil {
			return "", err
		}
		b.WriteString(v)
	}
	return b.String(), nil
}

// role returns the ARN of a role that is named by it or by its name.
func (c *tableCall) role(s string) (string, error) {
	if strings.HasPrefix(s, "arn:") {
		arn, err := c.stated("iam", s)
		if err == nil && !strings.HasPrefix(strings.SplitN(s, ":", 6)[5], "role/") {
			err = fmt.Errorf("%.160q is no ARN of a role", s)
		}
		return arn, err
	}
	if !isName(s, "+=,.@_-/") {
		return "", fmt.Errorf("%.160q is no name of a role", s)
	}
	if c.in.account == "" {
		return "", errNoAccount
	}
	return "arn:" + c.in.partition + ":iam::" + c.in.account + ":role/" + strings.TrimPrefix(s, "/"), nil
}

// passedTo is the service that a role is passed to by calls of a service, as
// iam:PassedToService has it, where it is but one. (AWS General Reference, "AWS
// service principals".)
func passedTo(prefix string) string {
	switch prefix {
	case "ecs":
		return "ecs-tasks.amazonaws.com"
	case "lex":
		return "lexv2.amazonaws.com"
	case "appconfig", "autoscaling", "batch", "bedrock", "cloudformation", "codebuild", "codepipeline", "codedeploy", "comprehend",
		"config", "datasync", "dms", "events", "firehose", "fis", "forecast", "glue", "imagebuilder", "iot", "kafkaconnect",
		"kendra", "lambda", "mediaconvert", "omics", "personalize", "pipes", "quicksight", "redshift", "rekognition",
		"sagemaker", "scheduler", "states", "textract", "transcribe", "transfer", "translate":
		return prefix + ".amazonaws.com"
	}
	return ""
}
