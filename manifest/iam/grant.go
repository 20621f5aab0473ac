package iam

import (
	"errors"
	"fmt"
	"slices"

	"github.com/lambda-remit/remit/manifest"
)

// GrantPolicy returns the session policy of a call that uses exactly grants of
// m, at the grants' width: the text that [SessionPolicy] has for it, so that
// credentials can be asked for before there is a call. A grant that cannot be
// written is an [ErrTooLarge], since a call that needs it has no policy either;
// one of a bare name is, as long as no account is known.
func GrantPolicy(m *manifest.Manifest, grants ...*manifest.Grant) (string, error) {
	if len(grants) == 0 {
		return "", errors.New("a policy of no grants allows nothing")
	}
	account := accountOf(m.Account)
	used := make(map[*manifest.Grant]bool)
	for _, g := range grants {
		if !Writes(m, g) {
			return "", fmt.Errorf("%w: IAM cannot write %s", ErrTooLarge, g)
		}
		used[g] = true
	}
	text := session(grantsAccess(used, account).statements(false))
	if len(text) > MaxSession {
		return "", fmt.Errorf("%w: the grants take %d", ErrTooLarge, len(text))
	}
	return text, nil
}

// Writes reports whether IAM can write a grant of m. What is granted by one that
// it cannot, no session policy allows.
func Writes(m *manifest.Manifest, g *manifest.Grant) bool {
	account := accountOf(m.Account)
	return writesAll(g, account) && len(grantResources(g, account)) > 0
}

// session writes statements of grants. Where they are too long, what is under the
// same conditions is in one: a third less where grants of many services are.
func session(statements []statement) string {
	text := compact(statements)
	if len(text) <= MaxSession {
		return text
	}
	var fewer, others []statement
	for _, s := range statements {
		if of, ok := resourceServices(s); ok && !slices.ContainsFunc(of, takesOthers) {
			fewer = together(fewer, s)
		} else {
			others = append(others, s)
		}
	}
	return compact(append(fewer, others...))
}

// takesOthers reports whether a service may have actions on resources of other
// services, as Bedrock has on SageMaker's endpoints: a role's policy denies what
// two statements in one would say too much by that, and a session's has to do
// without. (Service Authorization Reference.)
func takesOthers(service string) bool {
	switch service {
	case "s3", "sns", "sqs", "dynamodb", "secretsmanager", "ssm", "kms", "lambda", "kinesis", "firehose", "events", "states", "logs", "ses", "execute-api":
		return false
	}
	return true
}
