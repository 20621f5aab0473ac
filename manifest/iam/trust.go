package iam

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lambda-remit/remit/manifest"
)

// TrustPolicy returns the trust policy of the role that calls are made under: it
// lets the execution role assume it, with session tags if tags is set. Nobody
// else can.
//
// That the caller is this function and not another with the same execution role
// is not said here, since lambda:SourceFunctionArn has no effect in
// resource-based policies (AWS Lambda Developer Guide, "Using source function
// ARN to control function access behavior"); [ExecutionPolicy] says it.
//
// IAM keeps the principal by its unique id: a role that is deleted and made
// again has to be written here again.
func TrustPolicy(principalRoleARN string, tags bool) ([]byte, error) {
	if err := checkRole(principalRoleARN); err != nil {
		return nil, err
	}
	return indented([]statement{{principal: principalRoleARN, actions: assume(tags)}}), nil
}

// SelfTrustPolicy returns the trust policy of an execution role that assumes
// itself: Lambda may assume it, and the role itself, which has to be named like
// any other. IAM takes it once the role exists, and not with CreateRole, since
// the role it names is not there yet.
func SelfTrustPolicy(roleARN string, tags bool) ([]byte, error) {
	if err := checkRole(roleARN); err != nil {
		return nil, err
	}
	return indented([]statement{
		{service: "lambda.amazonaws.com", actions: assume(false)},
		{principal: roleARN, actions: assume(tags)},
	}), nil
}

// ExecutionPolicy returns the identity policy of the execution role of a
// function whose calls are made under m's role. It lets the function assume that
// role and write its log, and denies its code everything else.
//
// That sts:AssumeRole is granted where lambda:SourceFunctionArn is this function
// would not be enough: the role's trust policy names the execution role, and in
// one account that suffices by itself. So it is denied everywhere else.
//
// Lambda uses the role too, without that key, to poll event sources, attach to a
// VPC and decrypt the environment: what it needs for that comes from other
// policies of the role and is not touched. The log group is the one that Lambda
// takes by default. Tracing and file systems are exempt from the Deny, but not
// allowed here.
func ExecutionPolicy(m *manifest.Manifest, functionARN string) ([]byte, error) {
	if m.Credentials.Unminted || m.Credentials.Role == manifest.Self {
		return nil, errors.New("calls are made under the execution role itself; write the policy of a role that is its own")
	}
	if err := checkRole(m.Credentials.Role); err != nil {
		return nil, fmt.Errorf("credentials.role: %w", err)
	}
	f, err := functionOf(functionARN)
	if err != nil {
		return nil, err
	}
	roles := []string{m.Credentials.Role}
	if exposed := m.Credentials.ExposedRole; exposed != "" && exposed != m.Credentials.Role {
		if err := checkRole(exposed); err != nil {
			return nil, fmt.Errorf("credentials.exposed_role: %w", err)
		}
		roles = append(roles, exposed)
	}
	assume := assume(len(m.Credentials.SessionTags) > 0)
	here := conditions{{"ArnEquals", sourceFunction, []string{functionARN}}}
	elsewhere := conditions{{"ArnNotEquals", sourceFunction, []string{functionARN}}}
	kept := slices.Sorted(slices.Values(slices.Concat(assume, writeLogs(), platform())))
	return sized([]statement{
		{actions: assume, resources: roles, conditions: here},
		{actions: writeLogs(), resources: f.logGroup()},
		{deny: true, actions: assume, resources: []string{"*"}, conditions: elsewhere},
		{deny: true, actions: assume, notResource: true, resources: roles},
		{deny: true, notAction: true, actions: kept, resources: []string{"*"}, conditions: here},
	})
}

// SelfPolicy returns the identity policy of an execution role that calls are made
// under: one that assumes itself, or the one of a manifest that mints nothing.
// It is [RolePolicy] and [ExecutionPolicy] in one. If the error is a
// [*SizeError], the policy is returned with it.
//
// With one role for both, the function's own credentials may do all that the
// manifest grants; nothing tells them from minted ones. And what Lambda does
// with the role for its triggers can no longer be told from what a session of it
// does: actions names those ("sqs:ReceiveMessage"). They are neither allowed
// nor denied here, so that other policies of the role decide.
func SelfPolicy(m *manifest.Manifest, functionARN, roleARN string, actions ...string) ([]byte, error) {
	if !m.Credentials.Unminted && m.Credentials.Role != manifest.Self && m.Credentials.Role != roleARN {
		return nil, fmt.Errorf("calls are made under %q, which is not the execution role; each has a policy of its own", m.Credentials.Role)
	}
	if err := checkRole(roleARN); err != nil {
		return nil, err
	}
	f, err := functionOf(functionARN)
	if err != nil {
		return nil, err
	}
	for _, a := range actions {
		if !isAction(a, true) {
			return nil, fmt.Errorf("%q is not an action", a)
		}
	}
	rules, err := rulesOf(m)
	if err != nil {
		return nil, err
	}
	left := append(viaServices(rules), rule{actions: slices.Concat(platform(), actions), resources: []string{"*"}})
	rules = append(rules, rule{actions: writeLogs(), resources: f.logGroup()})
	var roles []string
	if !m.Credentials.Unminted {
		roles = append(roles, roleARN)
	}
	if exposed := m.Credentials.ExposedRole; exposed != "" && exposed != roleARN {
		if err := checkRole(exposed); err != nil {
			return nil, fmt.Errorf("credentials.exposed_role: %w", err)
		}
		roles = append(roles, exposed)
	}
	if len(roles) > 0 {
		rules = append(rules, rule{
			actions:    assume(len(m.Credentials.SessionTags) > 0),
			resources:  roles,
			conditions: conditions{{"ArnEquals", sourceFunction, []string{functionARN}}},
		})
	}
	return sized(fitting(bound(rules, left), slices.Concat(rules, left)))
}

const sourceFunction = "lambda:SourceFunctionArn"

// assume returns the actions that assuming a role takes. Tags need a permission
// of their own, in the trust policy as well as in the caller's.
func assume(tags bool) []string {
	if tags {
		return []string{"sts:AssumeRole", "sts:TagSession"}
	}
	return []string{"sts:AssumeRole"}
}

// writeLogs returns the actions by which Lambda delivers a function's log. It
// takes the execution role for them, and lambda:SourceFunctionArn stands in their
// context, so that a Deny of the function's code meets them too.
func writeLogs() []string {
	return []string{"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"}
}

// platform returns those by which Lambda traces and mounts, likewise.
func platform() []string {
	return []string{"elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite", "xray:PutTelemetryRecords", "xray:PutTraceSegments"}
}

// A function is the parts of a function's ARN.
type function struct{ partition, region, account, name string }

func functionOf(arn string) (function, error) {
	p := strings.Split(arn, ":")
	if len(p) != 7 || p[0] != "arn" || p[1] == "" || p[2] != "lambda" || p[3] == "" || !isAccount(p[4]) || p[5] != "function" || !isName(p[6], "-_") || !isName(p[1]+p[3], "-") {
		return function{}, fmt.Errorf("%q is not the ARN of a function without version or alias (arn:aws:lambda:REGION:ACCOUNT:function:NAME)", arn)
	}
	return function{p[1], p[3], p[4], p[6]}, nil
}

// logGroup returns f's log group, as actions on the group and on its streams
// name it.
func (f function) logGroup() []string {
	group := "arn:" + f.partition + ":logs:" + f.region + ":" + f.account + ":log-group:/aws/lambda/" + f.name
	return []string{group, group + ":*"}
}

// checkRole refuses what is not the ARN of one role: as a principal or a
// resource, anything else could mean far more.
func checkRole(arn string) error {
	p := strings.Split(arn, ":")
	if len(p) != 6 || p[0] != "arn" || !isName(p[1], "-") || p[2] != "iam" || p[3] != "" || !isAccount(p[4]) ||
		!strings.HasPrefix(p[5], "role/") || strings.HasSuffix(p[5], "/") || !isName(p[5], "+=,.@-_/") {
		return fmt.Errorf("%q is not the ARN of a role (arn:aws:iam::ACCOUNT:role/NAME)", arn)
	}
	return nil
}

// isName reports whether s is letters, digits and others, at least one.
func isName(s, others string) bool {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte(others, c) >= 0:
		default:
			return false
		}
	}
	return s != ""
}
