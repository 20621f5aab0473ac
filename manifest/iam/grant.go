package iam

import (
	"errors"
	"fmt"

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
		if !writesAll(g, account) || len(grantResources(g, account)) == 0 {
			return "", fmt.Errorf("%w: IAM cannot write %s", ErrTooLarge, g)
		}
		used[g] = true
	}
	text := compact(grantsAccess(used, account).statements(false))
	if len(text) > MaxSession {
		return "", fmt.Errorf("%w: the grants take %d", ErrTooLarge, len(text))
	}
	return text, nil
}
