package main

import (
	"bytes"
	"os"
	"os/exec"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// sections returns a manual page by its sections, and subsections as
// "SECTION/subsection".
func sections(t *testing.T, file string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	out, section, at := make(map[string]string), "", ""
	for line := range strings.Lines(string(text)) {
		if name, ok := strings.CutPrefix(line, ".Sh "); ok {
			section = strings.TrimSpace(name)
			at = section
		} else if name, ok := strings.CutPrefix(line, ".Ss "); ok {
			at = section + "/" + strings.TrimSpace(name)
		}
		out[at] += line
	}
	return out
}

var item = regexp.MustCompile(`(?m)^\.It (?:Fl (\w) , )?Fl -([a-z-]+)`)

// The manual has every flag of every subcommand, with its short form, and no
// other.
func TestTheManualPageHasEveryFlag(t *testing.T) {
	man := sections(t, "remit.1")
	// "manifest", "region" and "account" stand once for all.
	var common []string
	for _, m := range item.FindAllStringSubmatch(man["OPTIONS"], -1) {
		common = append(common, strings.TrimPrefix(m[1]+" "+m[2], " "))
	}
	if want := []string{"m manifest", "region", "account"}; !slices.Equal(common, want) {
		t.Errorf("OPTIONS: got %q, want %q", common, want)
	}
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		name := c.CommandPath()
		if !c.HasSubCommands() || name == "remit completion" {
			if _, ok := man["DESCRIPTION/"+name]; !ok {
				t.Errorf("%s is not described", name)
			}
		}
		var got, want []string
		for _, m := range item.FindAllStringSubmatch(man["OPTIONS/"+name], -1) {
			got = append(got, strings.TrimPrefix(m[1]+" "+m[2], " "))
		}
		flags := c.Flags()
		if name == "remit completion" {
			flags = c.Commands()[0].Flags() // every shell has the same
		}
		flags.VisitAll(func(f *pflag.Flag) {
			flag := strings.TrimPrefix(f.Shorthand+" "+f.Name, " ")
			if f.Name != "help" && f.Name != "version" && !f.Hidden && !slices.Contains(common, flag) {
				want = append(want, flag)
			}
		})
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("the options of %s: got %q, want %q", name, got, want)
		}
		for _, sub := range c.Commands() {
			if sub.Name() != "help" && name != "remit completion" {
				walk(sub)
			}
		}
	}
	root := command(&tui{new(bytes.Buffer), new(bytes.Buffer), new(bytes.Buffer)})
	root.InitDefaultCompletionCmd()
	walk(root)
	for flag, words := range values {
		if flag == "method" {
			continue
		}
		for _, w := range words {
			if !regexp.MustCompile(`(?m)^\.Cm ` + w + `\b`).MatchString(strings.Join([]string{man["OPTIONS/remit run"], man["OPTIONS/remit policy session"]}, "")) {
				t.Errorf("--%s %s is not in the manual", flag, w)
			}
		}
	}
}

func TestTheManualPageHasEveryFieldOfJSON(t *testing.T) {
	man := sections(t, "remit.1")
	for section, types := range map[string][]any{
		"JSON/remit check --json":    {checkJSON{}, grantJSON{}, conditionJSON{}, finding{}},
		"JSON/remit explain --hosts": {hostJSON{}},
		"JSON/remit explain --jsonl": {explanation{}, requestJSON{}, rawRequest{}, requestRead{}, missingJSON{}},
	} {
		for _, v := range types {
			for i := range reflect.TypeOf(v).NumField() {
				name, _, _ := strings.Cut(reflect.TypeOf(v).Field(i).Tag.Get("json"), ",")
				if !regexp.MustCompile(`(?m)^\.(?:It )?(?:.* , )?Va (?:.* )?` + name + `\b`).MatchString(man[section]) {
					t.Errorf("%s does not say what %s is", section, name)
				}
			}
		}
	}
}

func TestTheManualPagesAreWellFormed(t *testing.T) {
	for _, page := range []string{"remit.1", "../../../manifest/remit-manifest.5"} {
		man := sections(t, page)
		for _, section := range []string{"NAME", "SYNOPSIS", "DESCRIPTION", "EXAMPLES", "SEE ALSO"} {
			if man[section] == "" {
				t.Errorf("%s has no %s", page, section)
			}
		}
		for _, tool := range [][]string{{"mandoc", "-Tlint", "-Werror"}, {"groff", "-mdoc", "-Tutf8", "-ww", "-z"}} {
			if _, err := exec.LookPath(tool[0]); err != nil {
				t.Logf("%s is not looked at by %s, which is not installed", page, tool[0])
				continue
			}
			if out, err := exec.Command(tool[0], append(tool[1:], page)...).CombinedOutput(); err != nil || len(out) > 0 {
				t.Errorf("%s %s: %v\n%s", tool[0], page, err, out)
			}
		}
	}
}
