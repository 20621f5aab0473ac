// Package examples runs the examples as Lambda would, on AWS's Runtime Interface
// Emulator with the layer attached.
package examples

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/lambda-remit/remit/extension/e2e"
	"github.com/lambda-remit/remit/layer"
)

var (
	checkout string
	servers  *e2e.Servers
	programs layer.Config
)

// roles are those of the examples' manifests.
func roles() (all []string) {
	for _, name := range []string{"place-order", "send-receipt", "notify", "invoice-ingest", "stream-transform", "denial-digest", "monthly-report"} {
		all = append(all, "arn:aws:iam::"+e2e.Account+":role/"+name+"-calls")
	}
	return all
}

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	ctx := context.Background()
	if err := prepare(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		if servers != nil {
			servers.Close()
		}
		return 1
	}
	defer servers.Close()
	return m.Run()
}

// prepare starts what stands where AWS does, and makes what the examples use.
func prepare(ctx context.Context) (err error) {
	if checkout, err = e2e.Checkout(); err != nil {
		return err
	}
	i := slices.IndexFunc(layer.Archs, func(a layer.Arch) bool { return a.Go == runtime.GOARCH })
	if i < 0 {
		return fmt.Errorf("no architecture of Lambda is %s", runtime.GOARCH)
	}
	if programs, err = layer.Build(ctx, checkout, layer.Archs[i]); err != nil {
		return err
	}
	if servers, err = e2e.Start(ctx, checkout, roles()...); err != nil {
		return err
	}
	for _, bucket := range []string{"receipts-eu", "invoices-eu", "reports-eu"} {
		if err := servers.MakeBucket(ctx, bucket); err != nil {
			return err
		}
	}
	for _, table := range []string{"orders", "invoices"} {
		if err := servers.MakeTable(ctx, table); err != nil {
			return err
		}
	}
	for _, topic := range []string{"order-notifications", "remit-denials"} {
		if _, err := servers.MakeTopic(ctx, topic); err != nil {
			return err
		}
	}
	return errors.Join(
		servers.MakeSender(ctx, "orders@example.com"),
		servers.MakeStream(ctx, "clicks-clean"),
		servers.MakeParameter(ctx, "/reports/heading", "Report of"),
		servers.Put(ctx, "invoices-eu", "incoming/acme 2026-11.csv", []byte("acme;2026-11;120050\n")),
	)
}

// An example is a directory with a manifest and an event, and how it is packaged.
type example struct {
	dir   string
	f     e2e.Function
	files []string                        // of the directory, that are its package as they are
	pack  func(t *testing.T, task string) // what else is
}

// start starts x with the layer until the test's end, in a package that has the
// example's manifest, and where the servers are that stand in for AWS.
func (x example) start(t *testing.T) *e2e.Sandbox {
	t.Helper()
	if _, err := e2e.Namespaces(); err != nil {
		e2e.Lacks(t, "the emulator needs the layer at /opt: %v", err)
	}
	dir := t.TempDir()
	opt, task := filepath.Join(dir, "opt"), filepath.Join(dir, "task")
	if err := layer.Unpack(opt, programs); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Mkdir(task, 0o755), os.Chmod(opt, 0o755)); err != nil {
		t.Fatal(err)
	}
	for _, name := range x.files {
		write(t, filepath.Join(task, name), x.read(t, name))
	}
	write(t, filepath.Join(task, "remit.yaml"), x.read(t, "remit.yaml")+"\nlog: all\n"+servers.Upstreams())
	if x.pack != nil {
		x.pack(t, task)
	}
	x.f.Layer, x.f.Task, x.f.Name, x.f.Keys = opt, task, filepath.Base(x.dir), servers.Base
	s, err := x.f.Run(t.Context(), checkout)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		if log := s.Log(); t.Failed() {
			t.Logf("the end of the log:\n%s", log[max(0, len(log)-4000):])
		}
	})
	return s
}

func (x example) read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(checkout, "examples", x.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// answer invokes the example with its event, and returns what it answers.
func (x example) answer(t *testing.T, s *e2e.Sandbox, v any) {
	t.Helper()
	invoke(t, s, x.read(t, "event.json"), v)
}

func invoke(t *testing.T, s *e2e.Sandbox, event string, v any) {
	t.Helper()
	status, answer, err := s.Invoke(t.Context(), []byte(event))
	if err != nil || status != 200 {
		t.Fatalf("%d %s: %v", status, answer, err)
	}
	if err := json.Unmarshal(answer, v); err != nil {
		t.Fatalf("%s: %v", answer, err)
	}
}

// failed invokes the example with an event for which it reaches beyond its
// remit, and returns the error that it raises.
func failed(t *testing.T, s *e2e.Sandbox, event string) string {
	t.Helper()
	var raised struct{ ErrorMessage string }
	invoke(t, s, event, &raised)
	if !strings.Contains(raised.ErrorMessage, "(remit d-") {
		t.Errorf("got %q, want a denial", raised.ErrorMessage)
	}
	return raised.ErrorMessage
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
		t.Fatal(err)
	}
}

func command(t *testing.T, dir string, env []string, argv ...string) {
	t.Helper()
	c := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
	c.Dir, c.Env = dir, append(os.Environ(), env...)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(argv, " "), err, out)
	}
}
