package main

import (
	"context"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"remit": func() { os.Exit(run(context.Background(), os.Args[1:], system())) },
	})
}

// TestScripts runs the command as people do: each script is headed by what it
// shows.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata", Setup: func(e *testscript.Env) error {
		// Nothing of the developer's own may decide a test.
		e.Setenv("AWS_CONFIG_FILE", "/dev/null")
		e.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
		e.Setenv("AWS_EC2_METADATA_DISABLED", "true")
		return nil
	}})
}
