package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/lambda-remit/remit/manifest"
)

// source are the flags that say which manifest, and whose.
type source struct {
	manifest, region, account string
}

func (s *source) flags(c *cobra.Command) {
	c.Flags().StringVarP(&s.manifest, "manifest", "m", "", "the manifest (`file`; - for standard input)")
	s.where(c)
}

func (s *source) where(c *cobra.Command) {
	c.Flags().StringVar(&s.region, "region", "", "the function's `region`; default AWS_REGION or AWS_DEFAULT_REGION")
	c.Flags().StringVar(&s.account, "account", "", "the function's account (twelve `digits`)")
}

// check refuses what no manifest could be read with.
func (s *source) check(cmd *cobra.Command) error {
	if s.account != "" && !isAccount(s.account) {
		return usage(cmd, fmt.Errorf("account %q is not twelve digits", s.account))
	}
	from := "--region"
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION"} {
		if s.region == "" {
			s.region, from = os.Getenv(name), name
		}
	}
	if s.region != "" && !isRegion(s.region) {
		return usage(cmd, fmt.Errorf("%s %q is no region, as eu-west-1 is", from, s.region))
	}
	return nil
}

// isRegion reports whether s has the form of a region's name.
func isRegion(s string) bool {
	_, err := manifest.Parse("", nil, manifest.Options{Region: s})
	return err == nil && s != ""
}

func isAccount(s string) bool {
	if len(s) != 12 {
		return false
	}
	for _, c := range s {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// load reads and parses a manifest.
func (s *source) load(t *tui, file string) (*manifest.Manifest, error) {
	src, err := read(t, file)
	if err != nil {
		return nil, err
	}
	m, err := manifest.Parse(file, src, manifest.Options{Getenv: os.LookupEnv, Region: s.region, Account: s.account})
	if err == nil && s.account != "" && m.Account != s.account {
		t.note("%s: bare names are in account %s, which its role is in: --account %s says nothing here", file, m.Account, s.account)
	}
	return m, err
}

// read reads a file, or standard input by the name of "-".
func read(t *tui, file string) ([]byte, error) {
	if file == "-" {
		return io.ReadAll(t.in)
	}
	return os.ReadFile(file)
}

// mistakes lists what is wrong with a manifest, one by one; nil if err is
// something else.
func mistakes(err error) []*manifest.Error {
	var list []*manifest.Error
	var one *manifest.Error
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			list = append(list, mistakes(e)...)
		}
	} else if errors.As(err, &one) {
		list = append(list, one)
	}
	return list
}
