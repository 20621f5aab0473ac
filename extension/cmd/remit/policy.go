package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/manifest/iam"
)

func policyCommand(t *tui) *cobra.Command {
	c := &cobra.Command{
		Use:   "policy",
		Short: "Write the IAM policies that a manifest needs",
		Long: `Policy writes IAM policy documents from a manifest: the role's, which allows what
the manifest grants and explicitly denies the rest; the session's, under which
the credentials of one call are minted; and those that let the execution role
assume the role.`,
		Example: "  remit policy role -m remit.yaml --account 123456789012 > role.json",
		Args:    subcommand,
		RunE:    func(cmd *cobra.Command, args []string) error { return cmd.Help() },
	}
	c.AddCommand(rolePolicy(t), sessionPolicy(t), trustPolicy(t), executionPolicy(t))
	for _, sub := range c.Commands() {
		wrapArgs(sub)
	}
	return c
}

// from loads the manifest that a policy is written from.
func (s *source) from(cmd *cobra.Command, t *tui) (*manifest.Manifest, error) {
	if err := s.check(cmd); err != nil {
		return nil, err
	}
	if s.manifest == "" {
		return nil, usage(cmd, errors.New("no manifest: name it with --manifest"))
	}
	return s.load(t, s.manifest)
}

func rolePolicy(t *tui) *cobra.Command {
	var s source
	var compact, split, exposed bool
	var durable string
	c := &cobra.Command{
		Use:   "role --manifest FILE [flags]",
		Short: "Write the identity policy of the role that calls are made under",
		Long: `Role writes the policy to attach to the manifest's credentials.role. It allows
what the manifest grants, and explicitly denies the rest, so that no resource
policy that names the role adds to it.

A managed policy has at most 6,144 characters. With --split, a policy that has
more is written as several, in a list; the role is to have all of them.

With --durable, it allows what a durable function asks of Lambda by itself, and
no manifest has to grant: to read and checkpoint the function's own executions.

With --exposed, the policy is that of credentials.exposed_role: what the grants
that say "expose: true" allow.`,
		Example: "  remit policy role -m remit.yaml --region eu-west-1 --account 123456789012",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := s.from(cmd, t)
			if err != nil {
				return err
			}
			if m.Region == "" {
				t.note("the region is not known: what the manifest names is allowed in all of them; --region says which")
			}
			if exposed {
				only := *m
				if only.Grants = m.Exposed(); len(only.Grants) == 0 {
					return errors.New(`no grant of the manifest says "expose: true"`)
				}
				m = &only
			}
			if !isFunctionName(durable) {
				return usage(cmd, fmt.Errorf("--durable %q is no function's name: at most 64 letters, digits, - and _", durable))
			}
			if durable != "" {
				with := *m.OfFunction(cmp.Or(m.Region, "*"), durable)
				with.Grants = append(slices.Clone(m.Grants), with.Own)
				m = &with
			}
			if split {
				docs, err := iam.RolePolicies(m)
				if err != nil {
					return err
				}
				return document(t, slices.Concat([]byte("["), bytes.Join(docs, []byte(",")), []byte("]")), nil, compact)
			}
			doc, err := iam.RolePolicy(m)
			if err := document(t, doc, err, compact); err != nil {
				return err
			}
			var large *iam.SizeError
			if errors.As(err, &large) {
				t.hint("--split writes it as several managed policies")
			}
			return nil
		},
	}
	c.Flags().BoolVar(&compact, "json", false, "in one line")
	c.Flags().BoolVar(&exposed, "exposed", false, "of the role that exposed credentials are of")
	c.Flags().StringVar(&durable, "durable", "", "let the durable `function` of that name checkpoint its executions")
	c.Flags().BoolVar(&split, "split", false, "as a list of managed policies, as many as it takes")
	s.flags(c)
	return c
}

func sessionPolicy(t *tui) *cobra.Command {
	var s source
	var compact bool
	var actions, resources, context []string
	var width string
	c := &cobra.Command{
		Use:   "session --manifest FILE --action ACTION --resource ARN [flags]",
		Short: "Write the session policy that a call's credentials are minted with",
		Long: `Session writes the session policy for a call that asks for the actions on the
resources given: the first action on the first resource, and so on. It exits 1
if the manifest does not grant them.`,
		Example: "  remit policy session -m remit.yaml --action s3:GetObject --resource arn:aws:s3:::media/uploads/a.jpg",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := s.from(cmd, t)
			switch {
			case err != nil:
				return err
			case len(actions) == 0 || len(actions) != len(resources):
				return usage(cmd, fmt.Errorf("%d actions and %d resources: give --action and --resource once each for every request", len(actions), len(resources)))
			case width != string(manifest.WidthCall) && width != string(manifest.WidthGrant):
				return usage(cmd, fmt.Errorf("width %q is neither call nor grant", width))
			}
			keys, err := contextOf(cmd, context)
			if err != nil {
				return err
			}
			var reqs []manifest.Request
			for i, a := range actions {
				if err := checkRequest(cmd, t, a, resources[i]); err != nil {
					return err
				}
				reqs = append(reqs, manifest.Request{Action: a, Resource: resources[i], Context: keys})
			}
			d := m.Decide(reqs...)
			if !d.Allowed {
				t.note("%s on %s is not granted: %s", d.Denied.Action, d.Denied.Resource, d.Reason)
				if d.Nearest != nil {
					t.hint("nearest is %v", d.Nearest)
				}
				return exitCode(1)
			}
			doc, got, err := iam.SessionPolicy(m, d, reqs, manifest.Width(width))
			if err != nil {
				return err
			}
			if string(got) != width {
				t.note("the call's own policy is too large: this is its grants'")
			}
			if compact {
				t.say("%s", doc)
				return nil
			}
			return document(t, []byte(doc), nil, false)
		},
	}
	f := c.Flags()
	f.StringArrayVar(&actions, "action", nil, "an IAM `action`; may be given again")
	f.StringArrayVar(&resources, "resource", nil, "the `ARN` that goes with the action of the same place")
	f.StringArrayVar(&context, "context", nil, "a condition key of the call (`KEY=VALUE`); may be given again")
	f.StringVar(&width, "width", string(manifest.WidthCall), "the policy's `width`: call, or grant")
	f.BoolVar(&compact, "json", false, "in one line, as STS gets it")
	s.flags(c)
	return c
}

func trustPolicy(t *tui) *cobra.Command {
	var s source
	var compact bool
	var principal string
	c := &cobra.Command{
		Use:     "trust --manifest FILE --principal ARN [flags]",
		Short:   "Write the trust policy of the role that calls are made under",
		Long:    "Trust writes the policy that lets the function's execution role assume the\nmanifest's role.",
		Example: "  remit policy trust -m remit.yaml --principal arn:aws:iam::123456789012:role/checkout-execution",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := s.from(cmd, t)
			if err != nil {
				return err
			}
			if principal == "" {
				return usage(cmd, errors.New("no principal: give the execution role's ARN with --principal"))
			}
			if m.Credentials.Role == "" && m.Credentials.ExposedRole == "" {
				return fmt.Errorf("%s names no role to assume, so that none has to trust anybody", m.File)
			}
			write := iam.TrustPolicy
			if m.Credentials.Role == manifest.Self {
				write = iam.SelfTrustPolicy
			}
			doc, err := write(principal, len(m.Credentials.SessionTags) > 0)
			return document(t, doc, err, compact)
		},
	}
	c.Flags().StringVar(&principal, "principal", "", "the execution role's `ARN`")
	c.Flags().BoolVar(&compact, "json", false, "in one line")
	s.flags(c)
	return c
}

func executionPolicy(t *tui) *cobra.Command {
	var s source
	var compact bool
	var function, role string
	var triggers []string
	c := &cobra.Command{
		Use:     "execution --manifest FILE --function-arn ARN [flags]",
		Short:   "Write the identity policy of the function's execution role",
		Long:    "Execution writes what the execution role needs besides what Lambda itself needs\nof it for the function's triggers: to assume the manifest's role, from inside\nthis function alone, and to write its log.",
		Example: "  remit policy execution -m remit.yaml --function-arn arn:aws:lambda:eu-west-1:123456789012:function:checkout",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, args []string) error {
			if function == "" {
				return usage(cmd, errors.New("no function: give its ARN with --function-arn"))
			}
			// Where the function is, and whose, its ARN says.
			parts := strings.Split(function, ":")
			if len(parts) == 7 && s.region == "" && isRegion(parts[3]) {
				s.region = parts[3]
			}
			m, err := s.from(cmd, t)
			if err != nil {
				return err
			}
			if len(parts) == 7 {
				m = m.InAccount(parts[4])
			}
			var doc []byte
			switch {
			case m.Credentials.Role != manifest.Self && !m.Credentials.Unminted:
				if len(triggers) > 0 {
					return usage(cmd, errors.New("--trigger-action is for a role that calls are made under themselves: this manifest names another"))
				}
				doc, err = iam.ExecutionPolicy(m, function)
			case role == "":
				return usage(cmd, errors.New("the manifest has calls made under the execution role itself: give its ARN with --role-arn"))
			default:
				doc, err = iam.SelfPolicy(m, function, role, triggers...)
			}
			return document(t, doc, err, compact)
		},
	}
	c.Flags().StringVar(&role, "role-arn", "", "the execution role's `ARN`, where the manifest says role: self or unminted")
	c.Flags().StringArrayVar(&triggers, "trigger-action", nil, "an `action` that Lambda itself needs of the role for a trigger, as sqs:ReceiveMessage; may be given again")
	c.Flags().StringVar(&function, "function-arn", "", "the function's `ARN`")
	c.Flags().BoolVar(&compact, "json", false, "in one line")
	s.flags(c)
	return c
}

// isFunctionName reports whether s is a name that a function can have, or none.
func isFunctionName(s string) bool {
	return len(s) <= 64 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == ""
}

// document writes a policy, indented for people. One that is too large for a
// managed policy is written all the same: it may go inline.
func document(t *tui, doc []byte, err error, compact bool) error {
	var large *iam.SizeError
	if errors.As(err, &large) {
		t.note("%v", large)
	} else if err != nil {
		return err
	}
	var b bytes.Buffer
	if compact {
		err = json.Compact(&b, doc)
	} else {
		err = json.Indent(&b, doc, "", "  ")
	}
	if err != nil {
		return err
	}
	t.say("%s", b.Bytes())
	return nil
}
