package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/lambda-remit/remit/manifest"
)

func checkCommand(t *tui) *cobra.Command {
	var s source
	var asJSON bool
	c := &cobra.Command{
		Use:   "check [flags] MANIFEST|DIRECTORY...",
		Short: "Check manifests, and say everything that is wrong at once",
		Long: `Check reads manifests as the layer would and says everything that is wrong with
them, each mistake with its place and a way out. An action that AWS's lists do
not know is a mistake here; the layer only warns of it. Of a directory it checks
every remit.yaml below it, but for what is hidden or in node_modules. What a
manifest takes from the function's environment (${env:NAME}) it takes from yours.

It exits 0 if all of them are right, 1 if one is not.`,
		Example: "  remit check remit.yaml\n  remit check functions/\n  remit check --json functions/ | jq -r 'select(.ok|not).file'",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("no manifest: name files or directories, or - for standard input")
			}
			return nil
		},

		ValidArgsFunction: manifests,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := s.check(cmd); err != nil {
				return err
			}
			files, err := find(args)
			if err != nil {
				return err
			}
			return check(t, &s, files, asJSON)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "one JSON object a manifest: {file, ok, function, mode, grants, errors, warnings}")
	s.where(c)
	return c
}

// A finding is an error or a warning, as --json writes it.
type finding struct {
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
	Text   string `json:"text"`
}

type grantJSON struct {
	ID         string             `json:"id"`
	Line       int                `json:"line"`
	Actions    []string           `json:"actions"`
	Resources  []manifest.Pattern `json:"resources"`
	Conditions []conditionJSON    `json:"conditions,omitempty"`
}

type conditionJSON struct {
	Operator string   `json:"operator"`
	Key      string   `json:"key"`
	Values   []string `json:"values"`
}

type checkJSON struct {
	File     string      `json:"file"`
	OK       bool        `json:"ok"`
	Function string      `json:"function,omitempty"`
	Mode     string      `json:"mode,omitempty"`
	Grants   []grantJSON `json:"grants,omitempty"`
	Errors   []finding   `json:"errors,omitempty"`
	Warnings []finding   `json:"warnings,omitempty"`
}

func check(t *tui, s *source, files []string, asJSON bool) error {
	wrong := 0
	for _, file := range files {
		m, err := s.load(t, file)
		if err != nil {
			wrong++
		}
		if asJSON {
			if err := t.json(report(file, m, err)); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			if list := mistakes(err); list != nil {
				for _, e := range list {
					t.say("%v", e)
				}
			} else {
				t.fail(err)
			}
			continue
		}
		for _, w := range m.Warnings {
			t.say("%v (warning)", w)
		}
		t.say("%s: ok, %s, %s", file, plural(len(m.Grants), "grant"), modeName(m.Mode))
	}
	if len(files) > 1 && !asJSON {
		t.note("%d of %d manifests are right", len(files)-wrong, len(files))
	}
	if wrong > 0 {
		return exitCode(1)
	}
	return nil
}

func report(file string, m *manifest.Manifest, err error) checkJSON {
	r := checkJSON{File: file, OK: err == nil}
	if err != nil {
		list := mistakes(err)
		r.Errors = findings(list)
		if list == nil {
			r.Errors = []finding{{Text: err.Error()}}
		}
		return r
	}
	r.Function, r.Mode, r.Warnings = m.Function, modeName(m.Mode), findings(m.Warnings)
	for _, g := range m.Grants {
		j := grantJSON{ID: g.ID, Line: g.Pos.Line, Actions: g.Actions, Resources: g.Resources}
		for _, c := range g.Conditions {
			j.Conditions = append(j.Conditions, conditionJSON(c))
		}
		r.Grants = append(r.Grants, j)
	}
	return r
}

func findings(list []*manifest.Error) []finding {
	var fs []finding
	for _, e := range list {
		fs = append(fs, finding{e.Pos.Line, e.Pos.Column, e.Text})
	}
	return fs
}

func modeName(m manifest.Mode) string {
	if m == manifest.Enforce {
		return "enforce"
	}
	return string(m)
}
