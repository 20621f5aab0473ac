package e2e_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lambda-remit/remit/extension/e2e"
)

// TestEveryWayToStartAFunction starts one on the emulator as a provided runtime
// and as an image of its own are started, where Lambda runs no wrapper.
func TestEveryWayToStartAFunction(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	// The package's own program: on a provided runtime mostly a binary.
	provided := func(name string) func(f *e2e.Function) {
		return func(f *e2e.Function) {
			f.Provided, f.Handler, f.Env = true, name, map[string]string{}
			program := "#!/bin/sh\ncd /var/task && exec /var/lang/bin/python -m awslambdaric app.handler\n"
			if err := os.WriteFile(filepath.Join(f.Task, name), []byte(program), 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, c := range map[string]struct {
		change func(f *e2e.Function)
		sealed bool
	}{
		"provided, by the layer's bootstrap": {provided("main"), true},
		"an image with an ENTRYPOINT": {func(f *e2e.Function) {
			f.Image, f.Env = []string{"/opt/remit/exec", "/var/lang/bin/python", "-m", "awslambdaric"}, map[string]string{"PYTHONPATH": "/var/task"} // its WORKDIR
		}, true},
		"provided, in cooperation": {func(f *e2e.Function) {
			provided("bootstrap")(f)
			if err := os.Remove(filepath.Join(f.Layer, "bootstrap")); err != nil {
				t.Fatal(err)
			}
			f.Env = map[string]string{"REMIT_ENDPOINT": address, "AWS_ENDPOINT_URL": "http://" + address}
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := emulateAs(t, names.Replace(remit+servers.Upstreams()), c.change)
			if got, want := invoke(t, s, "{}"), `200 "`+object+`"`; got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			if !strings.Contains(s.Log(), `"operation":"GetObject"`) {
				t.Error("the call went round Remit")
			}
			if want := `"sealed_credentials":` + map[bool]string{true: "true", false: "false"}[c.sealed]; !strings.Contains(s.Log(), want) {
				t.Errorf("the log does not say %s", want)
			}
		})
	}
}
