package audit

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/lambda-remit/remit/manifest"
)

// A Boundary says whether one of the boundaries that Remit promises stands in
// this sandbox. The zero Boundary does not.
type Boundary struct {
	Stands bool
	Why    string // it does not; or what nobody checked where it is said to; for people
}

// A Measure is one of those that boundary 5 is made of, and whether it holds
// here.
type Measure struct {
	Name  string
	Holds bool
}

// A Start is what is known of a sandbox when it starts, besides its manifest.
type Start struct {
	RolePolicy        Boundary // 1: IAM bounds the role that calls are made under
	SessionPolicy     Boundary // 2: IAM bounds each minted credential
	Decision          Boundary // 3: the proxy denies what is not granted
	SealedCredentials Boundary // 4: the function's environment holds nothing that AWS honours
	HardenedProcess   Boundary // 5: the extension cannot be read, nor can the function reach what else its user runs

	Measures []Measure // of which boundary 5 is made
	SHA256   string    // of the manifest's text
	Warnings []string  // beside the manifest's own
}

// Start writes the line of a start: what the manifest is, which boundaries
// stand here, and what somebody should look at. What the manifest itself rules
// out does not stand, whatever s says.
//
//	time level msg function version sandbox mode
//	manifest          the file
//	sha256            of its text
//	grants_total      how many grants it has
//	boundaries        {role_policy, session_policy, decision, sealed_credentials,
//	                  hardened_process}: true where it stands
//	hardening         {memory_closed, closed_from_exec, no_new_privs, others_closed,
//	                  signals_closed, sockets_closed}: what hardened_process is
//	                  made of, and whether it holds; see package extension
//	why_not           for each that does not
//	unchecked         for each that does by what somebody said, what was not
//	                  looked at
//	warnings          a list
//
// Its level is "warn" where a boundary does not stand or there is a warning.
func (l *Log) Start(s Start) {
	m := l.manifest()
	if m.Credentials.Unminted {
		s.RolePolicy = Boundary{Why: "unminted: calls are made under the execution role"}
		s.SessionPolicy = s.RolePolicy
	}
	warnings := slices.Clone(s.Warnings)
	if m.Mode == manifest.Observe {
		s.Decision = Boundary{Why: "the manifest observes: nothing is denied"}
		warnings = append(warnings, "mode observe: calls that are not granted go on under the base credentials")
	}
	if len(m.Grants) == 0 {
		warnings = append(warnings, "nothing is granted")
	}
	for _, service := range slices.Sorted(maps.Keys(m.Upstreams)) {
		if u := m.Upstreams[service]; u != nil {
			// Redacted: a password may stand in it.
			warnings = append(warnings, fmt.Sprintf("upstream: %s is at %s", service, u.Redacted()))
		}
	}
	for _, w := range m.Warnings {
		warnings = append(warnings, w.Error())
	}

	type named struct {
		name string
		Boundary
	}
	order := []named{
		{"role_policy", s.RolePolicy}, {"session_policy", s.SessionPolicy}, {"decision", s.Decision},
		{"sealed_credentials", s.SealedCredentials}, {"hardened_process", s.HardenedProcess},
	}
	level, missing := "info", 0
	for _, b := range order {
		if !b.Stands {
			missing++
		}
	}
	if missing+len(warnings) > 0 {
		level = "warn"
	}

	l.mu.Lock()
	defer l.mu.Unlock()
	f := make(fields, 0, 16)
	f.str("time", time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), maxWord)
	f.str("level", level, maxWord)
	f.str("msg", "started", maxWord)
	f.str("function", l.function(m), maxWord)
	f.str("version", l.Version, maxWord)
	f.str("sandbox", l.Sandbox, maxWord)
	f.str("mode", modeName(m.Mode), maxWord)
	f.str("manifest", m.File, maxGrant)
	f.str("sha256", s.SHA256, maxWord)
	f = append(f, zap.Int("grants_total", len(m.Grants)))
	f = append(f, zap.Object("boundaries", zapcore.ObjectMarshalerFunc(func(enc zapcore.ObjectEncoder) error {
		for _, b := range order {
			enc.AddBool(b.name, b.Stands)
		}
		return nil
	})))
	if len(s.Measures) > 0 {
		f = append(f, zap.Object("hardening", zapcore.ObjectMarshalerFunc(func(enc zapcore.ObjectEncoder) error {
			for _, m := range s.Measures {
				enc.AddBool(m.Name, m.Holds)
			}
			return nil
		})))
	}
	if missing > 0 {
		f = append(f, zap.Object("why_not", zapcore.ObjectMarshalerFunc(func(enc zapcore.ObjectEncoder) error {
			for _, b := range order {
				if !b.Stands {
					enc.AddString(b.name, cut(cmp.Or(b.Why, "not said"), maxGrant))
				}
			}
			return nil
		})))
	}
	if slices.ContainsFunc(order, func(b named) bool { return b.Stands && b.Why != "" }) {
		f = append(f, zap.Object("unchecked", zapcore.ObjectMarshalerFunc(func(enc zapcore.ObjectEncoder) error {
			for _, b := range order {
				if b.Stands && b.Why != "" {
					enc.AddString(b.name, cut(b.Why, maxGrant))
				}
			}
			return nil
		})))
	}
	if w := boundStrings(warnings, maxError, budgetReqs); len(w) > 0 {
		f = append(f, zap.Strings("warnings", w))
	}
	l.write(f.append(nil))
}
