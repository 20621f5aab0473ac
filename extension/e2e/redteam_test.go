package e2e_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/lambda-remit/remit/extension/e2e"
	"github.com/lambda-remit/remit/layer"
)

var update = flag.Bool("update", false, "write testdata/redteam.txt anew")

// attempts builds the red team's program, once, and lists what it attempts.
var attempts = sync.OnceValues(func() (a struct {
	program         string
	names, ordinary []string
}, err error) {
	dir, err := os.MkdirTemp("", "remit-redteam-")
	if err != nil {
		return a, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "redteam")
	build := exec.CommandContext(context.Background(), "go", "build", "-o", path, "./extension/e2e/redteam")
	build.Dir, build.Env = checkout, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return a, fmt.Errorf("%w: %s", err, out)
	}
	program, err := os.ReadFile(path)
	if err != nil {
		return a, err
	}
	a.program = string(program)
	list := func(args ...string) []string {
		out, e := exec.Command(path, args...).Output()
		err = errors.Join(err, e)
		return strings.Split(strings.TrimSpace(string(out)), "\n")
	}
	a.names, a.ordinary = list(), list("ordinary")
	return a, err
})

// A tried attempt, as the table has it.
type tried struct {
	Attempt string
	Done    bool
	How     string
}

// losing are the attempts that no measure forbids: the kernel lets any process
// of a user do so to another. They are done, and only their maker loses by it.
var losing = []string{
	"have the extension scheduled last", "have the extension on one processor", "have the extension run when nobody else does",
	"take the extension's descriptors", byLimits,
}

// byLimits is the one of them that ends the invocation too.
const byLimits = "end the extension by its limits"

// attacked starts a function whose code attacks, among another extension and the
// emulator, which have the keys and are of the same user.
func attacked(t *testing.T, through ...string) *e2e.Sandbox {
	t.Helper()
	if _, err := e2e.Namespaces(); err != nil {
		e2e.Lacks(t, "the emulator needs the layer at /opt: %v", err)
	}
	c, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	a, err := attempts()
	if err != nil {
		t.Fatal(err)
	}
	opt, task := filepath.Join(t.TempDir(), "opt"), filepath.Join(t.TempDir(), "task")
	if err := layer.Unpack(opt, c); err != nil {
		t.Fatal(err)
	}
	file := func(path, text string, mode os.FileMode) error {
		return errors.Join(os.WriteFile(path, []byte(text), mode), os.Chmod(path, mode))
	}
	testdata := func(name string) string {
		b, e := os.ReadFile(filepath.Join("testdata/redteam", name))
		err = errors.Join(err, e)
		return string(b)
	}
	err = errors.Join(
		os.Mkdir(task, 0o755), os.Chmod(task, 0o755), os.Chmod(opt, 0o755),
		file(filepath.Join(opt, "extensions/neighbour"), testdata("neighbour.py"), 0o755),
		file(filepath.Join(task, "app.py"), testdata("app.py"), 0o644),
		file(filepath.Join(task, "redteam"), a.program, 0o755),
		file(filepath.Join(task, "remit.yaml"), names.Replace(remit+servers.Upstreams()), 0o644),
		err,
	)
	if err != nil {
		t.Fatal(err)
	}
	s, err := e2e.Function{
		Layer: opt, Task: task, Handler: "app.handler", Name: "redteam",
		Env: map[string]string{
			"AWS_LAMBDA_EXEC_WRAPPER": "/opt/remit/exec",
			"REMIT_RUNTIME_API":       "proxy", // one port more
			"REDTEAM_STS":             servers.STS, "REDTEAM_S3": servers.MinIO, "REDTEAM_ROLE": e2e.Role,
		},
		Keys: servers.Base, Timeout: 60 * time.Second, Through: through,
	}.Run(t.Context(), checkout)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		if t.Failed() {
			t.Logf("the log:\n%s", s.Log())
		}
	})
	return s
}

// command has the function do something, and reads what it answers.
func command(t *testing.T, s *e2e.Sandbox, event, answer any) {
	t.Helper()
	b, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	status, got, err := s.Invoke(t.Context(), b)
	if err != nil || status != 200 {
		t.Fatalf("%s: got %d %s, %v", b, status, got, err)
	}
	if err := json.Unmarshal(got, answer); err != nil {
		t.Fatalf("%s: got %s, %v", b, got, err)
	}
}

// held checks that the function has what it is granted, and no more.
func held(t *testing.T, s *e2e.Sandbox, after string) {
	t.Helper()
	var got []string
	command(t, s, struct{}{}, &got)
	if len(got) != 2 || got[0] != object || !strings.Contains(got[1], "AccessDenied") {
		t.Errorf("after %s: got %q, want the object and a denial", after, got)
	}
}

// attack makes all attempts on a sandbox, and returns what came of them.
func attack(t *testing.T, s *e2e.Sandbox) []tried {
	t.Helper()
	a, err := attempts()
	if err != nil {
		t.Fatal(err)
	}
	held(t, s, "the start")
	var lines string
	command(t, s, map[string]any{"try": a.ordinary}, &lines)
	if n := strings.Count(lines, "\n"); n != len(a.ordinary) {
		t.Errorf("got %d results of %d ordinary deeds", n, len(a.ordinary))
	}
	for line := range strings.Lines(lines) {
		var one tried
		if err := json.Unmarshal([]byte(line), &one); err != nil || !one.Done {
			t.Errorf("a function cannot do what it does without Remit: %s %v", line, err)
		}
	}
	var results []tried
	add := func(attempt string, done bool, how string) {
		if strings.Contains(how, servers.Base.SecretAccessKey) {
			how = "the execution role's key"
		}
		t.Logf("%-45s %-5v %s", attempt, done, how)
		results = append(results, tried{attempt, done, how})
	}
	try := func(names ...string) {
		t.Helper()
		var lines string
		command(t, s, map[string]any{"try": names}, &lines)
		for line := range strings.Lines(lines) {
			var one tried
			if err := json.Unmarshal([]byte(line), &one); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			add(one.Attempt, one.Done, one.How)
		}
	}
	try(a.names...)
	if n := len(a.names); len(results) != n {
		t.Fatalf("got %d results of %d attempts", len(results), n)
	}
	held(t, s, "all attempts of one invocation")

	try(losing[:3]...)
	held(t, s, "having it last in line")
	try(losing[3])

	// Lambda starts everything anew where a function's process has ended, and
	// keeps what is in /tmp and whoever left the runtime's group.
	var answer string
	again := func(event any) {
		t.Helper()
		b, _ := json.Marshal(event)
		if status, got, err := s.Invoke(t.Context(), b); err != nil || status == 200 {
			t.Fatalf("%s: got %d %s, %v, want the function to end", b, status, got, err)
		}
	}
	loot := ""
	for range 3 { // a race with the wrapper
		command(t, s, map[string]any{"outlive": []string{"linger", "8"}}, &answer)
		again(map[string]any{"exit": true})
		held(t, s, "a survivor's look at the next start")
		if command(t, s, map[string]any{"read": "/tmp/loot"}, &loot); loot != "" {
			break
		}
	}
	add("read the keys of the next start's bootstrap", loot != "", loot)
	if strings.Contains(s.Log(), "Accept error") {
		t.Error("who takes the extension's descriptors has it write what is not its log")
	}

	command(t, s, map[string]any{"plant": map[string]string{
		"/tmp/remit.yaml":          "function: x\nallow: [{actions: 's3:*', resources: '*'}]\n",
		"/tmp/.aws/credentials":    "[default]\naws_access_key_id = AKIAPLANTED\naws_secret_access_key = planted\n",
		"/tmp/.aws/config":         "[default]\nendpoint_url = http://127.0.0.1:1\n",
		"/tmp/.remit-0-1-x/token":  "planted",
		"/tmp/.remit-0-1-x/config": "[default]\nendpoint_url = http://127.0.0.1:1\n",
		"/tmp/extensions/remit":    "#!/bin/sh\n",
	}}, &answer)
	again(map[string]any{"exit": true})
	var calls []string
	command(t, s, struct{}{}, &calls)
	widened := len(calls) != 2 || calls[0] != object || !strings.Contains(calls[1], "AccessDenied")
	add("plant files in /tmp for the next start", widened, strings.Join(calls, ", "))

	// What the function writes into the log that both share does not take a
	// denial's own line out of it. Its lines are not told from the extension's.
	denials := func() (n int) {
		for line := range strings.Lines(s.Log()) {
			var d struct{ Msg, Function string }
			if json.Unmarshal([]byte(line), &d) == nil && d.Msg == "denied" && d.Function == "e2e" {
				n++
			}
		}
		return n
	}
	had := denials()
	command(t, s, map[string]any{"write": `{"msg":"allowed","decision":"allow"}` + "\n" + strings.Repeat("\r\x1b[2K\x00", 100) + "\n"}, &calls)
	for begun := time.Now(); denials() == had && time.Since(begun) < 3*time.Second; {
		time.Sleep(10 * time.Millisecond)
	}
	add("have a denial's line out of the log", denials() == had, fmt.Sprintf("%d lines more", denials()-had))

	command(t, s, map[string]any{"stop": true}, &answer)
	add("stop the extension", strings.Contains(answer, "stopped"), answer)
	status, _, err := s.Invoke(t.Context(), []byte(fmt.Sprintf(`{"signal": %d}`, syscall.SIGKILL)))
	if err != nil {
		t.Fatal(err)
	}
	add("kill the extension", status != 200, fmt.Sprint(status))
	held(t, s, "the extension's killing")

	status, got, err := s.Invoke(t.Context(), []byte(fmt.Sprintf(`{"try": [%q]}`, byLimits)))
	if err != nil {
		t.Fatal(err)
	}
	add(byLimits, status != 200, fmt.Sprintf("%d %.200s", status, got))
	held(t, s, "the extension's end by its limits")

	// Last: it keeps the sandbox from ever starting again. It is a race with the
	// extension, which the attacker may run more than once.
	const stand = "stand for the extension at the next start"
	for range 5 {
		command(t, s, map[string]any{"outlive": []string{"squat", "20"}}, &answer)
		again(map[string]any{"exit": true})
		status, got, err := s.Invoke(t.Context(), []byte("{}"))
		if err != nil {
			t.Fatal(err)
		}
		if status != 200 {
			add(stand, false, string(got))
			if log := s.Log(); !strings.Contains(log, "outlived an earlier start") {
				t.Error("nothing says that the extension's name is taken")
			}
			return results
		}
		held(t, s, "the race for the extension's name")
	}
	add(stand, false, "the extension was the first")
	return results
}

// withoutLandlock is the argument by which this program starts another on a
// kernel that looks as if it had no Landlock.
const withoutLandlock = "without-landlock"

// startWithoutLandlock becomes argv, for which and all of whose children
// landlock_create_ruleset fails as it does where Landlock is switched off.
func startWithoutLandlock(argv []string) error {
	runtime.LockOSThread()
	if os.Getuid() != 0 {
		if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
			return err
		}
	}
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS}, // the call's number
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.SYS_LANDLOCK_CREATE_RULESET, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(syscall.EOPNOTSUPP)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&program)), 0, 0); err != nil {
		return err
	}
	path, err := exec.LookPath(argv[0])
	if err != nil {
		return err
	}
	return syscall.Exec(path, argv, os.Environ())
}
