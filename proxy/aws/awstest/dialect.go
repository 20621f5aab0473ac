package awstest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// A dialect turns a session policy into one that MinIO takes. MinIO refuses
// the whole policy for one word it does not know, so those words have to go;
// what goes is chosen so that the policy becomes narrower, or stays as wide
// for the one account and the one partition that MinIO has. Where neither can
// be had, wider says what is no longer held: a test of that condition proves
// nothing against MinIO. What narrower names is denied there and not on AWS.
//
// "${*}", "${?}" and "${$}" stay as they are. MinIO does not know them and
// denies such keys: narrower.
type dialect struct {
	policy          policy
	wider, narrower []string
}

// newDialect makes the changes that are known to be needed. account is the
// account that MinIO's buckets are taken to be in.
func newDialect(p policy, account string) (*dialect, error) {
	d := new(dialect)
	for _, s := range p.Statements {
		if s.Effect != "Allow" || s.NotActions != nil || s.NotRes != nil {
			// Left out, a Deny would widen the policy; translated, it might.
			return nil, invalid("MalformedPolicyDocument", "only Allow with Action and Resource can be handed to MinIO")
		}
		if !s.onS3() {
			continue // what is not in MinIO is not granted there
		}
		s.Actions = keep(s.Actions, func(a string) string {
			if a == "*" {
				return "s3:*"
			}
			if !strings.HasPrefix(strings.ToLower(a), "s3:") {
				return ""
			}
			return a
		})
		s.Resources = keep(s.Resources, bucketARN)
		s.Conditions = slices.Clone(s.Conditions)
		if len(s.Actions) == 0 || len(s.Resources) == 0 || !s.reaches(account) {
			continue
		}
		s.Conditions = slices.DeleteFunc(s.Conditions, func(c condition) bool { return c.pins() })
		for i, c := range s.Conditions {
			if k, ok := minioKeys[strings.ToLower(c.Key)]; ok {
				s.Conditions[i].Key = k
			}
		}
		d.policy.Statements = append(d.policy.Statements, s)
	}
	return d, nil
}

// minioKeys are the condition keys that MinIO spells in another case than
// IAM's documentation. It compares them with case, IAM without.
var minioKeys = map[string]string{
	"s3:versionid": "s3:versionid",
	"s3:prefix":    "s3:prefix", "s3:delimiter": "s3:delimiter", "s3:max-keys": "s3:max-keys",
}

// bucketARN returns r in MinIO's partition, or "" where r is nothing that
// MinIO has: access points, and other services' resources.
func bucketARN(r string) string {
	if r == "*" {
		return "arn:aws:s3:::*"
	}
	if !isBucket(r) {
		return ""
	}
	m := arn.FindStringSubmatch(r)
	return "arn:aws:s3:::" + m[5]
}

// onS3 reports whether s is about S3, among others.
func (s statement) onS3() bool {
	return slices.ContainsFunc(s.Actions, func(a string) bool {
		return a == "*" || strings.HasPrefix(strings.ToLower(a), "s3:")
	})
}

// reaches reports whether s can hold for a call made to a bucket of account by
// the caller itself. If it cannot, it grants nothing at MinIO.
func (s statement) reaches(account string) bool {
	for _, c := range s.Conditions {
		switch key := strings.ToLower(c.Key); {
		case c.pins():
			if !slices.Contains(c.Values, account) && !slices.Contains(c.Values, principalAccount) {
				return false
			}
		case strings.HasPrefix(key, "aws:calledvia"), key == "kms:viaservice", key == "aws:viaawsservice":
			// Only AWS's services call on behalf of others; nobody calls
			// MinIO that way.
			return false
		}
	}
	return true
}

const principalAccount = "${aws:PrincipalAccount}"

// How MinIO says what it does not know.
var (
	unknownAction   = regexp.MustCompile(`^unsupported action '(.+)'$`)
	unknownKey      = regexp.MustCompile(`^invalid condition key '(.+)'$`)
	unknownValue    = regexp.MustCompile(`^invalid value '.*' for '(.+)' for \S+ condition$`)
	unknownOperator = regexp.MustCompile(`^invalid condition name '(.+)'$`)
	keysOfAction    = regexp.MustCompile(`^unsupported condition keys '\[(.+)\]' used for action '(.+)'$`)
)

// without takes what MinIO complains of out of the policy, and reports whether
// there was something to take out.
func (d *dialect) without(complaint string) bool {
	if m := unknownAction.FindStringSubmatch(complaint); m != nil {
		return d.withoutAction(m[1])
	}
	if m := keysOfAction.FindStringSubmatch(complaint); m != nil {
		return d.withoutKeys(m[2], strings.Fields(m[1]))
	}
	for _, re := range []*regexp.Regexp{unknownKey, unknownValue, unknownOperator} {
		if m := re.FindStringSubmatch(complaint); m != nil {
			return d.withoutCondition(func(_ statement, c condition) bool { return c.Key == m[1] || c.Operator == m[1] })
		}
	}
	return false
}

// withoutAction takes an action away: narrower.
func (d *dialect) withoutAction(action string) bool {
	found := false
	for i, s := range d.policy.Statements {
		if slices.Contains(s.Actions, action) {
			found = true
			d.policy.Statements[i].Actions = except(s.Actions, action)
		}
	}
	d.policy.Statements = slices.DeleteFunc(d.policy.Statements, func(s statement) bool { return len(s.Actions) == 0 })
	if found {
		d.narrower = append(d.narrower, action+", which MinIO does not know")
	}
	return found
}

// withoutKeys takes an action out of the statements that have a condition on
// keys that it never has. Most operators fail for an absent key, so that the
// statement never granted the action; for those that hold, it is granted by a
// statement of its own without the condition.
func (d *dialect) withoutKeys(action string, keys []string) bool {
	found := false
	var own []statement
	for i, s := range d.policy.Statements {
		on := func(c condition) bool { return slices.Contains(keys, c.Key) }
		if !slices.Contains(s.Actions, action) || !slices.ContainsFunc(s.Conditions, on) {
			continue
		}
		found = true
		alone := s
		alone.Sid, alone.Actions, alone.Conditions = "", []string{action}, nil
		var wider, narrower []string
		for _, c := range s.Conditions {
			switch {
			case !on(c):
				alone.Conditions = append(alone.Conditions, c)
			case c.holdsAbsent():
				wider = append(wider, fmt.Sprintf("%s on %s", c, action))
			default:
				narrower = append(narrower, fmt.Sprintf("%s, which has no %s", action, c.Key))
			}
		}
		if narrower == nil {
			own = append(own, alone)
			d.wider = append(d.wider, wider...)
		}
		d.narrower = append(d.narrower, narrower...)
		d.policy.Statements[i].Actions = except(s.Actions, action)
	}
	d.policy.Statements = append(d.policy.Statements, own...)
	d.policy.Statements = slices.DeleteFunc(d.policy.Statements, func(s statement) bool { return len(s.Actions) == 0 })
	return found
}

// holdsAbsent reports whether c holds where its key is absent.
func (c condition) holdsAbsent() bool {
	if c.Operator == "Null" {
		return slices.Equal(c.Values, []string{"true"})
	}
	return strings.Contains(c.Operator, "Not") || strings.HasSuffix(c.Operator, "IfExists") || strings.HasPrefix(c.Operator, "ForAllValues:")
}

func (c condition) String() string { return fmt.Sprintf("%s %s %q", c.Operator, c.Key, c.Values) }

// withoutCondition takes conditions away: wider, and said so.
func (d *dialect) withoutCondition(which func(statement, condition) bool) bool {
	found := false
	for i, s := range d.policy.Statements {
		d.policy.Statements[i].Conditions = slices.DeleteFunc(s.Conditions, func(c condition) bool {
			if !which(s, c) {
				return false
			}
			d.wider = append(d.wider, fmt.Sprintf("%s on %s", c, strings.Join(s.Actions, ", ")))
			found = true
			return true
		})
	}
	return found
}

// except returns actions without one.
func except(actions []string, action string) []string {
	return keep(actions, func(a string) string {
		if a == action {
			return ""
		}
		return a
	})
}

// keep maps a list, leaving out what becomes empty, and what stands twice:
// MinIO takes no list with duplicates.
func keep(list []string, f func(string) string) []string {
	var out []string
	for _, v := range list {
		if v = f(v); v != "" && !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}
