package manifest

// The shape of a manifest, as far as it is a matter of which keys stand where
// and what their values look like. The parser asks it which keys there are, and
// [Schema] tells it to editors.

// A spec is one key of a mapping.
type spec struct {
	name    string
	form    form
	about   string   // for people
	choices []string // of formChoice and formChoices
}

// A form is what the value of a key looks like.
type form int

const (
	formNames        form = iota // a name, or a list of names
	formTexts                    // the same, and a name may be empty
	formDestinations             // names, or an empty list
	formName                     // a name
	formTruth                    // true or false
	formChoice                   // one of choices
	formChoices                  // one or several of choices
	formIndexes                  // true, or names
	formTags                     // true, tag keys, or tag keys and their values
	formStrings                  // a mapping to strings
	formDuration                 // seconds
	formWhen                     // conditions
	formObject                   // a mapping with a shape of its own
	formEntries                  // one such, or a list of them
)

func topFields() []spec {
	return []spec{
		{name: "function", form: formName, about: "the log's name for the function"},
		{name: "function_identity", form: formObject, about: "a wrapper around function and permissions"},
		{name: "mode", form: formChoice, choices: modes(), about: "enforce, or observe, which denies nothing"},
		{name: "credentials", form: formObject, about: "under which granted calls go on"},
		{name: "permissions", form: formObject, about: "grants by kind"},
		{name: "allow", form: formEntries, about: "grants in IAM's words"},
		{name: "upstreams", form: formStrings, about: "by service, the address that is dialled in place of AWS's"},
		{name: "egress", form: formDestinations, about: "hosts and ports beside AWS that the function may connect to; without it, all"},
		{name: "log", form: formChoice, choices: logLevels(), about: "which calls the log has"},
	}
}

func unbuiltTop() []string { return []string{"log_group", "limits"} }

func identityFields() []string { return []string{"function", "permissions"} }

func credentialFields() []spec {
	return []spec{
		{name: "role", form: formName, about: "the ARN of a role to assume, or self"},
		{name: "unminted", form: formTruth, about: "true: no role; calls go on under the function's own credentials"},
		{name: "mint", form: formChoice, choices: widths(), about: "how wide minted credentials are"},
		{name: "duration", form: formDuration, about: "of minted credentials, in seconds"},
		{name: "session_tags", form: formStrings, about: "tags of the sessions, at most 50"},
		{name: "exposed_role", form: formName, about: "the ARN of the role that exposed credentials are of; without it, that of role"},
		{name: "foreign", form: formStrings, about: "access keys of others that the function may use, each with its account"},
	}
}

// allowFields are those of an exact grant, beside everyEntry's.
func allowFields() []spec {
	return []spec{
		{name: "actions", about: "service:Action, with * and ?"},
		{name: "resources", about: `ARNs, with * and ?, or "*"`},
		{name: "anonymous", form: formTruth, about: "true: for calls that nobody has signed, and no others"},
	}
}

// everyEntry are the fields of every kind's entries, and of exact grants.
func everyEntry() []spec {
	return []spec{
		{name: "when", form: formWhen, about: "conditions, in IAM's words"},
		{name: "via", about: "only for these services, when they act in the function's name"},
		{name: "mint", form: formChoice, choices: widths(), about: "how wide the credentials of these grants are"},
		{name: "expose", form: formTruth, about: "true: the function holds credentials of these grants itself, that AWS honours wherever they are used"},
	}
}

func modes() []string     { return []string{"enforce", "observe"} }
func logLevels() []string { return []string{string(LogDenials), string(LogSampled), string(LogAll)} }
func widths() []string    { return []string{string(WidthAdaptive), string(WidthCall), string(WidthGrant)} }
