package matrix_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// pin returns what a file of pins says.
func pin(t testing.TB, file, expression string) string {
	t.Helper()
	src, err := os.ReadFile(filepath.Join(checkout, file))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(expression).FindSubmatch(src)
	if found == nil {
		t.Fatalf("%s says nothing of %s", file, expression)
	}
	return string(found[1])
}

// letters stand for the ways in.
var letters = map[string]string{"proxy": "P", "endpoint": "E", "preload": "L"}

// page is MATRIX.md, as known.yaml has it: the run holds every cell to that.
func page(t testing.TB) string {
	known := readKnown(t)
	all := clients(t)
	var b strings.Builder
	b.WriteString(`# What SDKs do with Remit

Written by the test beside it (` + "`go test ./extension/e2e/matrix -update`" + `), which runs all of it in ` + "`make test`" + `
and holds every cell to its run.

Each SDK makes each call without Remit, straight to the servers, and then with it, by every way in that it has. A
letter says that the way is right: for what is granted, that status, body, error, number of attempts and every
header that the SDK shows are the same with and without, but for dates, the ids of requests, hosts echoed back (a queue's URL has SQS's name of today, which Remit
calls it at, also where the SDK calls it at its name of old), who calls, and how HTTP/1.1 frames a message;
for what is *denied*, that the SDK raises the service's own error with Remit's sentence in it, and that nothing
reached the servers. A letter that is struck out is not right; the number says why. A dash stands where the SDK
makes no such call at all, with or without Remit, or where it is not run, which the number says.

MinIO (S3, and STS with real session policies) and moto answer, behind a server that has AWS's names, TLS and
HTTP/2. For access points, hosts with a prefix, Kinesis, Bedrock and Lambda there is a stand-in of our own, ` + "`awstest.Strict`" + `,
which checks signatures and framing.

`)
	fmt.Fprintf(&b, "| column | SDK | ways in |\n|---|---|---|\n")
	for _, c := range all {
		var ways []string
		for _, w := range c.ways {
			ways = append(ways, letters[string(w)]+": "+string(w))
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", c.name, c.sdk, strings.Join(ways, ", "))
	}
	b.WriteString("\n" + absent + "\n| case |")
	for _, c := range all {
		fmt.Fprintf(&b, " %s |", c.name)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(all)) + "\n")
	number := make(map[string]int)
	var notes []string
	note := func(text string) int {
		if number[text] == 0 {
			notes = append(notes, text)
			number[text] = len(notes)
		}
		return number[text]
	}
	for _, one := range cases(t) {
		name := one.Name
		if one.Denied != "" {
			name += " (*denied*)"
		}
		fmt.Fprintf(&b, "| %s |", name)
		for _, c := range all {
			var cell []string
			for _, w := range c.ways {
				letter := letters[string(w)]
				switch e, i := known.of(c.name, string(w), one); {
				case i < 0:
					cell = append(cell, letter)
				case e.Lacks != "":
					if mark := fmt.Sprintf("– [%d]", note(e.Lacks)); len(cell) == 0 || cell[len(cell)-1] != mark {
						cell = append(cell, mark)
					}
				default:
					cell = append(cell, fmt.Sprintf("~~%s~~ [%d]", letter, note(e.Wrong)))
				}
			}
			fmt.Fprintf(&b, " %s |", strings.Join(cell, " "))
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "\nA table of DynamoDB's that is named by its ARN is asked for at a host with the account in it\n(`123456789012.ddb.eu-west-1.amazonaws.com`) by %s and %s, with Remit as without. All else is asked for at the\nregion's: Remit's credentials name no account, as those of Lambda's environment name none.\n", strings.Join(accountHosts[:len(accountHosts)-1], ", "), accountHosts[len(accountHosts)-1])
	b.WriteString("\n## Why\n\n")
	for i, n := range notes {
		fmt.Fprintf(&b, "%d. %s\n", i+1, n)
	}
	return b.String()
}

// TestThePageIsTheRun holds MATRIX.md to what the matrix is held to.
func TestThePageIsTheRun(t *testing.T) {
	text := page(t)
	if *update {
		if err := os.WriteFile("MATRIX.md", []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("MATRIX.md")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), text); d != "" {
		t.Errorf("MATRIX.md: want less, got more (write it with -update):\n%s", d)
	}
}
