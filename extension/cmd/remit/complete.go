package main

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/lambda-remit/remit/extension/environ"
	"github.com/lambda-remit/remit/manifest"
)

// values are the flags that take one of a few words.
var values = map[string][]string{
	"mode":    {"enforce", string(manifest.Observe)},
	"capture": {string(environ.Proxy), string(environ.Preload), string(environ.Endpoint)},
	"width":   {string(manifest.WidthCall), string(manifest.WidthGrant)},
	"method":  {"GET", "PUT", "POST", "DELETE", "HEAD", "PATCH"},
}

// completeFlags tells shells, by cobra's completion command, what c and its
// subcommands take: manifests where a manifest is wanted, words where there are
// few, and files nowhere else.
func completeFlags(c *cobra.Command) {
	c.Flags().VisitAll(func(f *pflag.Flag) {
		words, fixed := values[f.Name]
		switch {
		case fixed:
			c.RegisterFlagCompletionFunc(f.Name, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
		case f.Name == "manifest":
			c.MarkFlagFilename(f.Name, "yaml", "yml")
		case f.Name != "log": // which is any file
			c.RegisterFlagCompletionFunc(f.Name, cobra.NoFileCompletions)
		}
	})
	if c.HasParent() && c.ValidArgsFunction == nil && c.Name() != "run" { // whose arguments are any command
		c.ValidArgsFunction = cobra.NoFileCompletions
	}
	for _, sub := range c.Commands() {
		completeFlags(sub)
	}
}

// manifests completes the names of manifests.
func manifests(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return []string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt
}
