package main

import (
	"github.com/spf13/cobra"

	"github.com/lambda-remit/remit/manifest"
)

func schemaCommand(t *tui) *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Write the JSON schema of a manifest, for editors",
		Long: `Schema writes what a manifest looks like as a JSON schema (draft 2020-12), so that
an editor completes its keys and marks those that there are not. What names
what, and whether it exists, check says.`,
		Example: "  remit schema > remit.schema.json\n  # and at the top of remit.yaml, for editors that speak to yaml-language-server:\n  # yaml-language-server: $schema=remit.schema.json",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, args []string) error {
			_, err := t.out.Write(manifest.Schema())
			return err
		},
	}
}
