package e2e_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/lambda-remit/remit/extension/e2e"
)

// TestTheRedTeamGetsNothing has a function attack its extension, the emulator
// and another extension, with all measures that this kernel has and with
// Landlock taken away, and holds testdata/redteam.txt, which the documentation
// is written from, to what came of it.
func TestTheRedTeamGetsNothing(t *testing.T) {
	if os.Getuid() != 0 {
		e2e.Lacks(t, "only root can have the function run as a user of its own, as it does on Lambda: root of a user namespace may read what it likes")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	_, _, errno := syscall.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	var with, without []tried
	var both sync.WaitGroup
	both.Go(func() {
		t.Run("without Landlock", func(t *testing.T) {
			s := attacked(t, self, withoutLandlock)
			without = attack(t, s)
			if log := s.Log(); !strings.Contains(log, `"others_closed":false`) || !strings.Contains(log, "the kernel was started without it") {
				t.Error("the log does not say that the function is not confined")
			}
			if log := s.Log(); !strings.Contains(log, `Lambda's own process \"aws-lambda-rie\"`) || !strings.Contains(log, `the keys in the environment of \"neighbour\"`) {
				t.Error("the log does not say what the function can reach")
			}
		})
	})
	if errno == 0 {
		t.Run("with Landlock", func(t *testing.T) {
			s := attacked(t)
			with = attack(t, s)
			if log := s.Log(); !strings.Contains(log, `"hardened_process":true`) {
				t.Error("the log does not say that the process is hardened")
			}
		})
	}
	both.Wait()
	if t.Failed() {
		return
	}
	for _, one := range with {
		if one.Done && !slices.Contains(losing, one.Attempt) {
			t.Errorf("%q succeeds under Landlock: %s", one.Attempt, one.How)
		}
	}
	if errno != 0 {
		t.Logf("this kernel has no Landlock (%v): testdata/redteam.txt is not compared", errno)
		return
	}
	got := table(with, without)
	const file = "testdata/redteam.txt"
	readme := filepath.Join(checkout, "README.md")
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	documented := document(string(text), without)
	if *update {
		if err := errors.Join(os.WriteFile(file, []byte(got), 0o644), os.WriteFile(readme, []byte(documented), 0o644)); err != nil {
			t.Fatal(err)
		}
		text = []byte(documented)
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if scope, err := os.ReadFile("/proc/sys/kernel/yama/ptrace_scope"); err == nil && strings.TrimSpace(string(scope)) != "0" {
		t.Log("Yama keeps processes out of each other here: what succeeds without Landlock is not compared")
		return
	}
	if string(want) != got {
		t.Errorf("%s is not what came of the attempts: -update writes it anew\n%s", file, got)
	}
	if string(text) != documented {
		t.Error("README.md does not say what succeeds without Landlock: -update writes it anew")
	}
}

// document writes into the README what succeeded without Landlock.
func document(readme string, without []tried) string {
	const begin, end = "<!-- go test ./extension/e2e -run RedTeam -update: begin -->\n", "<!-- end -->"
	before, rest, found := strings.Cut(readme, begin)
	_, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		return "README.md has no place for it"
	}
	var list strings.Builder
	for _, one := range without {
		if one.Done && !slices.Contains(losing, one.Attempt) {
			fmt.Fprintf(&list, "- %s\n", one.Attempt)
		}
	}
	return before + begin + list.String() + end + after
}

// table is what came of the attempts.
func table(with, without []tried) string {
	var b strings.Builder
	b.WriteString(`# What a function's code, run as the function's own user, got out of Remit's
# sandbox on a kernel with Landlock and on one without. "-" is nothing; what is
# said to be its own loss is done, and takes calls from the function, none of
# which is made undecided. Written by TestTheRedTeamGetsNothing -update.
#
# with    without  attempt
`)
	word := func(one tried) string {
		switch {
		case one.Done && slices.Contains(losing, one.Attempt):
			return "its loss"
		case one.Done:
			return "GOT IT"
		}
		return "-"
	}
	for i, one := range with {
		fmt.Fprintf(&b, "%-9s %-8s %s\n", word(one), word(without[i]), one.Attempt)
	}
	return b.String()
}
