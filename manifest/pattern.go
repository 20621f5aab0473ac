package manifest

// A Pattern is a resource with IAM's wildcards: "*" is any run of characters,
// "?" any one, both across "/" and ":"; "${*}", "${?}" and "${$}" are the
// literal characters. "${aws:PrincipalAccount}" stands for the manifest's
// account. (IAM User Guide, "IAM policy elements: Variables and tags".)
type Pattern string

// Literal returns the pattern that matches s and nothing else.
func Literal(s string) Pattern { return Pattern(s) }

// Match reports whether p matches s. A variable other than the three literals
// has its value from vars; one without a value matches nothing.
func (p Pattern) Match(s string, vars func(key string) (string, bool)) bool { return false }
