// Command remit holds a process to a manifest, checks manifests, explains what
// a request asks for, and writes the policies that a manifest needs.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// version is set by the build of a release.
var version = "devel"

func main() { os.Exit(run(context.Background(), os.Args[1:], system())) }

// run is the command with everything that it touches: it returns the exit
// code. 0 is yes, 1 is no or failed, 2 is a usage that makes no sense.
func run(ctx context.Context, args []string, t *tui) int {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := command(t)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var code exitCode
	var u *usageError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &code):
		return int(code)
	case errors.As(err, &u):
		t.fail(u)
		t.hint("run `%s --help` for its flags and an example", u.cmd.CommandPath())
		return 2
	}
	t.fail(err)
	return 1
}

// command is the command with its subcommands.
func command(t *tui) *cobra.Command {
	root := &cobra.Command{
		Use:           "remit",
		Short:         "Hold a function to its remit",
		Long:          "remit holds a process to a manifest, checks manifests, explains what a request asks for,\nand writes the policies that a manifest needs.",
		Example:       "  remit check remit.yaml\n  remit run --manifest remit.yaml -- python app.py\n  remit policy role --manifest remit.yaml --account 123456789012",
		Version:       version,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          subcommand,
		RunE:          func(cmd *cobra.Command, args []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return usage(cmd, err) })
	root.SetIn(t.in)
	root.SetOut(t.out)
	root.SetErr(t.err)
	root.AddCommand(runCommand(t), checkCommand(t), explainCommand(t), policyCommand(t), schemaCommand(t))
	completeFlags(root)
	for _, c := range append(root.Commands(), root) {
		wrapArgs(c)
	}
	return root
}

// wrapArgs makes a wrong number of arguments a usage error.
func wrapArgs(c *cobra.Command) {
	check := c.Args
	if check == nil {
		return
	}
	c.Args = func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usage(cmd, err)
		}
		return nil
	}
}

// subcommand refuses what is none of cmd's subcommands, and names those that
// are spelled like it.
func subcommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	cmd.SuggestionsMinimumDistance = 2
	meant := ""
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		meant = fmt.Sprintf("; did you mean %q?", near[0])
	}
	return fmt.Errorf("%q is no command of %s%s", args[0], cmd.CommandPath(), meant)
}

// noArguments refuses arguments, and names the first.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return fmt.Errorf("%s takes flags only, and %q is none", cmd.CommandPath(), args[0])
}

// An exitCode is an error that was told already, or is no error at all: how a
// child exited, or that a check said no.
type exitCode int

func (e exitCode) Error() string { return "exit" }

// A usageError is the caller's mistake in how the command was called.
type usageError struct {
	cmd *cobra.Command
	err error
}

func (u *usageError) Error() string { return u.err.Error() }

func usage(cmd *cobra.Command, err error) error { return &usageError{cmd, err} }
