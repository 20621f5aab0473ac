package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/lambda-remit/remit/extension/environ"
)

// run makes the environment and calls exec, which does not return unless it
// fails.
func run(args, old []string, exec func(*environ.Answer, string, []string, []string) error) error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	next := value(old, "REMIT_NEXT_WRAPPER")
	if next != "" {
		if err := environ.Executable(next); err != nil {
			return fmt.Errorf("REMIT_NEXT_WRAPPER: %w", err)
		}
		if same(next, exe) {
			// The Lambda Web Adapter's layer has its wrapper at /opt/bootstrap
			// too, and ours lies on top. It does what ours does there.
			args, next = []string{next}, ""
		}
	}
	argv, err := program(args, old)
	if err != nil {
		return err
	}
	way, err := environ.ParseWay(value(old, "REMIT_CAPTURE"))
	if err != nil {
		return err
	}
	runtime := environ.RuntimeOf(argv, old)
	if way == "" {
		way = environ.Choose(runtime)
	}
	place := environ.PlaceOf(exe)
	asked, err := environ.Ask(place, patience)
	if err != nil {
		return err
	}
	made, err := environ.Maker{Handshake: asked.Handshake, Way: way, Runtime: runtime, Argv: argv, Parent: "/tmp", Preload: place.Preload(), Python: place.Python()}.Make(old)
	if err != nil {
		return err
	}
	for _, note := range made.Notes {
		fmt.Fprintln(os.Stderr, "remit:", note)
	}
	argv = made.Argv
	if next != "" {
		argv = append([]string{next}, argv...)
	}
	return fmt.Errorf("%s: %w", argv[0], exec(asked, argv[0], argv, made.Environ))
}

// program returns what to become: the arguments, or as bootstrap the function's
// own program.
func program(args, old []string) ([]string, error) {
	if len(args) > 0 && filepath.Base(args[0]) == "bootstrap" {
		root, handler := value(old, "LAMBDA_TASK_ROOT"), value(old, "_HANDLER")
		if root == "" || handler == "" {
			return nil, errors.New("as bootstrap, LAMBDA_TASK_ROOT and _HANDLER have to be set")
		}
		if !filepath.IsLocal(handler) {
			return nil, fmt.Errorf("handler %q is not the name of a program in the function's package", handler)
		}
		path := filepath.Join(root, handler)
		return append([]string{path}, args[1:]...), environ.Executable(path)
	}
	if len(args) < 2 {
		return nil, errors.New("no program to start: this is the wrapper that AWS_LAMBDA_EXEC_WRAPPER names")
	}
	argv := args[1:]
	if !strings.Contains(argv[0], "/") {
		// An image's entry point names programs as a shell does.
		path, err := environ.LookUp(argv[0], value(old, "PATH"))
		if err != nil {
			return nil, err
		}
		argv = append([]string{path}, argv[1:]...)
	}
	return argv, environ.Executable(argv[0])
}

// same reports whether path is this program's bootstrap: the layer has the
// program twice, under two names. Its size tells it from any other.
func same(path, exe string) bool {
	a, err := os.Stat(path)
	if err != nil || filepath.Base(path) != "bootstrap" {
		return false
	}
	b, err := os.Stat(exe)
	return err == nil && a.Size() == b.Size()
}

// value returns the value of a variable, as a program sees it that looks for
// the first.
func value(environ []string, name string) string {
	for _, entry := range environ {
		if v, ok := strings.CutPrefix(entry, name+"="); ok {
			return v
		}
	}
	return ""
}
