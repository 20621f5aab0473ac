package awstest

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// The grammar of AssumeRole's parameters. (AWS STS API Reference, AssumeRole;
// IAM User Guide, "IAM and AWS STS quotas".)
var (
	roleARN     = regexp.MustCompile(`^arn:aws(?:-[a-z]+)*:iam::\d{12}:role/(?:[\x21-\x7e]+/)*[\w+=,.@-]{1,64}$`)
	sessionName = regexp.MustCompile(`^[\w+=,.@-]*$`)
	policyText  = regexp.MustCompile(`^[\t\n\r\x{20}-\x{ff}]*$`)
	tagText     = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)
)

const (
	maxPolicy = 2048
	maxTags   = 50
)

// known are the parameters of AssumeRole that this STS understands. AWS has
// more, and ignores what it does not know; a test should not.
var known = regexp.MustCompile(`^(?:Action|Version|RoleArn|RoleSessionName|Policy|DurationSeconds|ExternalId|SourceIdentity|PolicyArns\.member\.\d+\.arn|Tags\.member\.\d+\.(?:Key|Value))$`)

// read checks the parameters of an AssumeRole and reads them.
func (a *Asked) read(caller Caller) error {
	for name := range a.Form {
		if !known.MatchString(name) {
			return invalid("ValidationError", "parameter %q is not AssumeRole's", name)
		}
	}
	a.Role, a.Session, a.Policy = a.Form.Get("RoleArn"), a.Form.Get("RoleSessionName"), a.Form.Get("Policy")
	switch {
	case len(a.Role) < 20:
		return constraint(a.Role, "roleArn", "Member must have length greater than or equal to 20")
	case !roleARN.MatchString(a.Role):
		return invalid("ValidationError", "%s is invalid", a.Role)
	case len(a.Session) < 2:
		return constraint(a.Session, "roleSessionName", "Member must have length greater than or equal to 2")
	case len(a.Session) > 64:
		return constraint(a.Session, "roleSessionName", "Member must have length less than or equal to 64")
	case !sessionName.MatchString(a.Session):
		return constraint(a.Session, "roleSessionName", `Member must satisfy regular expression pattern: [\w+=,.@-]*`)
	case utf8.RuneCountInString(a.Policy) > maxPolicy:
		return constraint(a.Policy, "policy", fmt.Sprintf("Member must have length less than or equal to %d", maxPolicy))
	case !utf8.ValidString(a.Policy) || !policyText.MatchString(a.Policy):
		return constraint(a.Policy, "policy", `Member must satisfy regular expression pattern: [\u0009\u000A\u000D\u0020-\u00FF]+`)
	case a.Form.Has("Policy") && a.Policy == "":
		return constraint(a.Policy, "policy", "Member must have length greater than or equal to 1")
	}

	seconds := 3600
	if v := a.Form.Get("DurationSeconds"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil {
			return invalid("MalformedInput", "DurationSeconds %q is not a number", v)
		}
		seconds = n
	}
	switch {
	case seconds < 900:
		return constraint(strconv.Itoa(seconds), "durationSeconds", "Member must have value greater than or equal to 900")
	case seconds > 43200:
		return constraint(strconv.Itoa(seconds), "durationSeconds", "Member must have value less than or equal to 43200")
	case seconds > 3600 && caller.Chained():
		return invalid("ValidationError", "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining")
	}
	a.Duration = time.Duration(seconds) * time.Second
	return a.readTags()
}

// readTags checks session tags: counted from 1 without a gap, keys unique
// without regard to case.
func (a *Asked) readTags() error {
	count := 0
	for name := range a.Form {
		if strings.HasPrefix(name, "Tags.") && strings.HasSuffix(name, ".Key") {
			count++
		}
	}
	if count > maxTags {
		return constraint("tags", "tags", fmt.Sprintf("Member must have length less than or equal to %d", maxTags))
	}
	a.Tags = make(map[string]string)
	seen := make(map[string]bool)
	for i := 1; i <= count; i++ {
		member := fmt.Sprintf("Tags.member.%d.", i)
		k, v := a.Form.Get(member+"Key"), a.Form.Get(member+"Value")
		switch {
		case !a.Form.Has(member+"Key") || !a.Form.Has(member+"Value"):
			return invalid("ValidationError", "tag %d has no key or no value", i)
		case k == "" || utf8.RuneCountInString(k) > 128 || !tagText.MatchString(k):
			return constraint(k, fmt.Sprintf("tags.%d.member.key", i), `Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]+`)
		case utf8.RuneCountInString(v) > 256 || !tagText.MatchString(v):
			return constraint(v, fmt.Sprintf("tags.%d.member.value", i), `Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]*`)
		case strings.HasPrefix(strings.ToLower(k), "aws:"):
			return invalid("InvalidParameterValue", "Tag keys beginning with 'aws:' are reserved: %s", k)
		case seen[strings.ToLower(k)]:
			return invalid("InvalidParameterValue", "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		}
		seen[strings.ToLower(k)] = true
		a.Tags[k] = v
	}
	return nil
}

func constraint(value, name, must string) *Error {
	return invalid("ValidationError", "1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: %s", value, name, must)
}
