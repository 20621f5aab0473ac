package matrix_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/lambda-remit/remit/extension/environ"
)

// A client is a program that makes the cases with one SDK.
type client struct {
	name string // short: "boto3"
	sdk  string // as people know it
	argv []string
	env  []string // besides what a function has
	ways []environ.Way

	// alone is what else stands in the environment without Remit.
	alone func(t *testing.T, dir, ca string) []string

	// with is what else stands in it with Remit, by the way.
	with map[environ.Way][]string

	// build makes the program, and returns its argv.
	build func(t *testing.T) []string

	missing string // why it does not run on this machine
}

// clients are all, in the page's order.
func clients(t testing.TB) []client {
	python := filepath.Join(checkout, ".venv/bin/python")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := func(name string) string {
		return filepath.Join(checkout, "extension/e2e/matrix/testdata/clients", name)
	}
	node := []string{"NODE_PATH=" + filepath.Join(checkout, ".cache/js/node_modules"), "NODE_NO_WARNINGS=1"}
	patched := func(*testing.T, string, string) []string {
		return []string{"NODE_OPTIONS=--require=" + program("direct.cjs")}
	}
	boto := pin(t, ".ci/requirements.txt", `(?m)^boto3==(\S+)`)
	js := pin(t, ".ci/package.json", `"@aws-sdk/client-s3": "([^"]+)"`)
	gov2 := pin(t, "go.mod", `aws-sdk-go-v2/service/s3 (\S+)`)
	// What goes round Remit meets a closed door, and not AWS.
	walled := map[environ.Way][]string{environ.Endpoint: {"NODE_OPTIONS=--require=" + program("direct.cjs"), "REMIT_MATRIX_WORLD=127.0.0.1:1"}}
	return []client{
		{name: "boto3", sdk: "boto3 " + boto, argv: []string{python, program("boto.py")}, ways: []environ.Way{environ.Proxy, environ.Endpoint}},
		{name: "js3", sdk: "AWS SDK for JavaScript v3, S3 " + js, argv: []string{"node", program("sdk3.cjs")}, env: node, ways: []environ.Way{environ.Endpoint}, alone: patched, with: walled},
		{name: "go2", sdk: "AWS SDK for Go v2, S3 " + gov2, argv: []string{self}, env: []string{asClient + "=1"}, ways: []environ.Way{environ.Proxy, environ.Endpoint}},
	}
}

// absent says of which SDKs there is no column.
const absent = `The SDKs for PHP and .NET are in none of the package registries that the tests install from (PHP's is Packagist's,
.NET's is NuGet's), so nothing is known of them here.
`
