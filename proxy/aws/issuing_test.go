package aws

import (
	"slices"
	"strings"
	"testing"

	"github.com/lambda-remit/remit/proxy"
)

// rivals reports whether a call may be of either of two operations, as far as
// their methods, paths and names tell: more pairs than the reader leaves.
func rivals(s *table, a *tableOperation, t *table, b *tableOperation) bool {
	if !slices.ContainsFunc(s.signing, func(name string) bool { return slices.Contains(t.signing, name) }) {
		return false
	}
	if (s.routes == nil) != (t.routes == nil) {
		return false
	}
	if s.routes == nil {
		return a.name == b.name && (s.target == t.target || s.version == t.version)
	}
	if a.method != b.method {
		return false
	}
	// A literal path is told from one with a label in its place, so that two are
	// one only if they are alike.
	form := func(op *tableOperation, base string) string {
		var kinds []string
		for part := range strings.SplitSeq(strings.Trim(op.path, "/"), "/") {
			if strings.HasPrefix(part, "{") {
				part = strings.TrimLeft(part[len(part)-2:], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_0123456789")
			}
			kinds = append(kinds, part)
		}
		return strings.Join(kinds, "/")
	}
	return form(a, s.base) == form(b, t.base) && (a.query == b.query || a.query == "" || b.query == "") && (a.needs == b.needs || a.needs == "" || b.needs == "")
}

// TestNoOperationIsMistakenForOneThatIssuesKeys looks through all tables for
// operations that may be taken for one whose answers have credentials. Were there
// one, its answer would be sealed or refused like the other's: whoever adds it
// here has seen that this is meant.
func TestNoOperationIsMistakenForOneThatIssuesKeys(t *testing.T) {
	seen := map[string]bool{
		// A literal query tells the second from the first, or the first from the
		// second, and a call that has it half is refused: see input.undisputed.
		"signin:CreateOAuth2Token signin:CreateOAuth2TokenWithIAM":           true,
		"signin:CreateOAuth2Token signin:CreateOAuth2TokenWithTokenExchange": true,
		"sso-oidc:CreateTokenWithIAM sso-oidc:CreateToken":                   true,
	}
	all, issuers, pairs := allTables(t), 0, 0
	for _, s := range all {
		for _, a := range s.operations {
			i := issuing(s.prefix, a.name)
			if !i.sealed() && i.refused == "" {
				continue
			}
			issuers++
			for _, o := range all {
				for _, b := range o.operations {
					if a == b || !rivals(s, a, o, b) {
						continue
					}
					pairs++
					name := s.id + ":" + a.name + " " + o.id + ":" + b.name
					if !seen[name] {
						t.Errorf("%s: a call may be of either, and the first issues credentials", name)
					}
					in := &input{found: []tableCall{{table: o, operation: b}, {table: s, operation: a}}}
					call := &proxy.Call{Service: o.prefix, Operation: b.name + "|" + a.name}
					if got := in.issues(call); !got.sealed() && got.refused == "" {
						t.Errorf("%s: the answer goes to the function as it is", name)
					}
				}
			}
		}
	}
	if issuers < 35 {
		t.Errorf("%d operations of the tables issue credentials, want 35 and more", issuers)
	}
	t.Logf("%d operations issue credentials, %d pairs", issuers, pairs)
}

func TestACallThatMayIssueCredentialsIsTakenForOneThatDoes(t *testing.T) {
	role, sso, none := issuing("sts", "AssumeRole"), issuing("awsssoportal", "GetRoleCredentials"), issue{}
	refused := issuing("iam", "CreateAccessKey")
	for _, tt := range []struct {
		name   string
		a, b   issue
		sealed bool
	}{
		{"sealed and none", role, none, true},
		{"sealed twice", role, role, true},
		{"sealed in two ways", role, sso, false},
		{"sealed and refused", role, refused, false},
		{"refused and none", refused, none, false},
	} {
		for _, got := range []issue{tt.a.or(tt.b), tt.b.or(tt.a)} {
			if got.sealed() != tt.sealed || got.sealed() == (got.refused != "") {
				t.Errorf("%s: got sealed %t, refused %q", tt.name, got.sealed(), got.refused)
			}
		}
	}
	if got := none.or(none); got.sealed() || got.refused != "" {
		t.Errorf("none and none: got %+v", got)
	}
	in := &input{found: []tableCall{
		{table: &table{prefix: "sts"}, operation: &tableOperation{name: "GetSomething"}},
		{table: &table{prefix: "sts"}, operation: &tableOperation{name: "AssumeRole"}},
	}}
	if !in.issues(&proxy.Call{Service: "sts", Operation: "GetSomething|AssumeRole"}).sealed() {
		t.Error("a call that may be AssumeRole is not sealed")
	}
}
