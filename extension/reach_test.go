package extension

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestReachNamesWhoHasTheKeys(t *testing.T) {
	with, without, sealed := exec.Command("/bin/sleep", "60"), exec.Command("/bin/cat"), exec.Command("/usr/bin/tail", "-f", "/dev/null")
	with.Env = []string{"AWS_SECRET_ACCESS_KEY=lambdatest/secret/access/key/0123456789x"}
	without.Env = []string{"AWS_SECRET_ACCESS_KEY=", "X_AWS_SECRET_ACCESS_KEY=x"}
	sealed.Env = []string{"AWS_SECRET_ACCESS_KEY=lambdatest/secret/access/key/0123456789x", "AWS_ACCESS_KEY_ID=ASIAREMITABCDEFGHIJK"}
	in, err := without.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	for _, c := range []*exec.Cmd{with, without, sealed} {
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		defer c.Wait()
		defer c.Process.Kill()
		for { // amid execve there is no environment
			if b, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", c.Process.Pid)); err != nil || len(b) > 0 {
				break
			}
		}
	}
	got := reach()
	if !strings.Contains(got, `the keys in the environment of "sleep"`) || strings.Contains(got, `"cat"`) || strings.Contains(got, `"tail"`) || strings.Contains(got, "lambdatest") {
		t.Errorf("got %s", got)
	}
	if !strings.Contains(got, "Lambda's own process") { // this test's parent is its own user's
		t.Errorf("got %s, without its parent", got)
	}
}
