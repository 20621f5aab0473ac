package matrix_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lambda-remit/remit/extension/environ"
)

// A client is a program that makes the cases with one SDK.
type client struct {
	name string // short: "boto3"
	sdk  string // as people know it
	argv []string
	env  []string // besides what a function has

	owner []string // of the same what Remit is to see

	ways []environ.Way

	runtime environ.Runtime

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
	javas := pin(t, ".ci/pom.xml", `<sdk>([^<]+)`)
	java := func(name, source, with, http string) client {
		return client{
			name: name, sdk: "AWS SDK for Java v2, " + javas + with, env: []string{"REMIT_MATRIX_HTTP=" + http},
			ways: []environ.Way{environ.Proxy, environ.Endpoint}, runtime: environ.Java, missing: noJava("java"), alone: trustStore,
			build: func(t *testing.T) []string { return javac(t, source, "java") },
		}
	}
	bundled := func(name, form, file string, flags ...string) client {
		return client{
			name: name, sdk: "the same, bundled by esbuild " + pin(t, ".ci/package.json", `"esbuild": "([^"]+)"`) + " into " + form, ways: []environ.Way{environ.Preload}, alone: patched,
			build: func(t *testing.T) []string {
				t.Helper()
				out := filepath.Join(t.TempDir(), file)
				cmd := exec.CommandContext(t.Context(), filepath.Join(checkout, ".cache/js/node_modules/.bin/esbuild"), append(flags, program("sdk3.cjs"), "--bundle", "--minify", "--platform=node", "--log-level=error", "--outfile="+out)...)
				cmd.Env = append(os.Environ(), node...)
				if text, err := cmd.CombinedOutput(); err != nil {
					t.Fatalf("%v\n%s", err, text)
				}
				return []string{"node", out}
			},
		}
	}
	// The CRT's client of HTTP asks no variable and no property for a proxy: without
	// Remit, where the world is behind one, it is told of it.
	crt := java("java2-crt", "Java2.java", ", the CRT's clients", "crt")
	crt.ways = []environ.Way{environ.Endpoint}
	crt.alone = func(t *testing.T, dir, ca string) []string {
		return append(trustStore(t, dir, ca), "REMIT_MATRIX_HTTP=crt-proxy")
	}
	rust, noRust := filepath.Join(checkout, ".cache/matrix/remit-matrix"), ""
	if _, err := os.Stat(rust); err != nil {
		noRust = "there was no cargo to build the program with; make setup says so"
	}
	ruby, noRuby := filepath.Join(checkout, ".cache/ruby/ruby"), ""
	if _, err := os.Stat(ruby); err != nil {
		noRuby = "the SDK for Ruby is had from Debian alone, and is not here; make setup says why"
	}
	// What goes round Remit meets a closed door, and not AWS.
	walled := map[environ.Way][]string{environ.Endpoint: {"NODE_OPTIONS=--require=" + program("direct.cjs"), "REMIT_MATRIX_WORLD=127.0.0.1:1"}}
	return []client{
		{name: "boto3", sdk: "boto3 " + boto, argv: []string{python, program("boto.py")}, ways: []environ.Way{environ.Preload, environ.Proxy, environ.Endpoint}, runtime: environ.Python},
		{name: "boto3-2022", sdk: "boto3 " + pin(t, ".ci/requirements-2022.txt", `(?m)^boto3==(\S+)`) + ", of October 2022", argv: []string{python, program("boto.py")}, env: []string{"PYTHONPATH=" + filepath.Join(checkout, ".cache/boto2022")}, ways: []environ.Way{environ.Proxy}},
		// By what Python loads alone: where it heeds HTTPS_PROXY it does as boto3.
		{name: "aiobotocore", sdk: "aiobotocore " + pin(t, ".ci/requirements-aio.txt", `(?m)^aiobotocore==(\S+)`), argv: []string{python, program("aio.py")}, ways: []environ.Way{environ.Preload}, runtime: environ.Python, owner: []string{"PYTHONPATH=" + filepath.Join(checkout, ".cache/aio")},
			with: map[environ.Way][]string{environ.Preload: {"HTTPS_PROXY=", "https_proxy="}}},
		{name: "cli", sdk: "AWS CLI " + pin(t, ".ci/requirements.txt", `(?m)^awscli==(\S+)`), argv: []string{python, program("cli.py")}, ways: []environ.Way{environ.Proxy, environ.Endpoint},
			with: map[environ.Way][]string{environ.Endpoint: {"HTTPS_PROXY=http://127.0.0.1:1", "AWS_MAX_ATTEMPTS=3"}}},
		{name: "js3", sdk: "AWS SDK for JavaScript v3, S3 " + js, argv: []string{"node", program("sdk3.cjs")}, env: node, ways: []environ.Way{environ.Preload, environ.Endpoint}, alone: patched, with: walled},
		bundled("js3-esm", "an ES module", "sdk3.mjs", "--format=esm", "--banner:js=import{createRequire}from'node:module';const require=createRequire(import.meta.url);"),
		bundled("js3-cjs", "a CommonJS module", "sdk3.cjs", "--format=cjs"),
		{name: "js2", sdk: "AWS SDK for JavaScript v2, " + pin(t, ".ci/package.json", `"aws-sdk": "([^"]+)"`), argv: []string{"node", program("sdk2.cjs")}, env: node, ways: []environ.Way{environ.Preload}, alone: patched},
		java("java2", "Java2.java", ", Apache's client", "apache"),
		java("java2-netty", "Java2Netty.java", ", Netty's client", "apache"),
		java("java2-url", "Java2.java", ", the JDK's client", "url"),
		crt,
		{name: "java1", sdk: "AWS SDK for Java v1, " + pin(t, ".ci/pom-v1.xml", `<sdk>([^<]+)`), ways: []environ.Way{environ.Proxy}, runtime: environ.Java, missing: noJava("java1"), alone: trustStore,
			build: func(t *testing.T) []string { return javac(t, "Java1.java", "java1") }},
		{name: "go2", sdk: "AWS SDK for Go v2, S3 " + gov2, argv: []string{self}, env: []string{asClient + "=1"}, ways: []environ.Way{environ.Proxy, environ.Endpoint}},
		{name: "go1", sdk: "AWS SDK for Go " + pin(t, "extension/e2e/matrix/testdata/clients/gov1/go.mod", `aws-sdk-go (\S+)`), argv: []string{filepath.Join(checkout, ".cache/matrix/gov1")}, ways: []environ.Way{environ.Proxy}},
		{name: "rust", sdk: "AWS SDK for Rust, S3 " + pin(t, "extension/e2e/matrix/testdata/clients/rust/Cargo.toml", `aws-sdk-s3 = \{ version = "=([^"]+)`), argv: []string{rust}, ways: []environ.Way{environ.Proxy, environ.Endpoint}, missing: noRust},
		{name: "ruby", sdk: "AWS SDK for Ruby v3, S3 " + pin(t, ".ci/ruby.txt", `(?m)^\S+ ruby-aws-sdk-s3 ([^-\s]+)`) + ", as Debian has it", argv: []string{ruby, program("sdk.rb")}, ways: []environ.Way{environ.Proxy, environ.Endpoint}, runtime: environ.Ruby, missing: noRuby,
			alone: func(*testing.T, string, string) []string { return []string{"http_proxy=http://" + earth.address} }}, // which Net::HTTP takes for TLS too
	}
}

// absent says of which SDKs there is no column.
const absent = `There is no column of the SDKs for PHP and .NET: they are in none of the package registries that the tests install
from (PHP's is Packagist's, .NET's is NuGet's). Nothing is known of them here. Ruby's SDK is in none either: what runs
is Debian's, which has S3's part of it, KMS's and STS's, and of the other services here none's. The AWS CLI's
second version is in no registry either: PyPI has the first.
`

// noJava says why no Java runs here with the jars in a folder of .cache: nothing, if it does.
func noJava(folder string) string {
	if _, err := exec.LookPath("javac"); err != nil {
		return "there is no JDK; make setup says so"
	}
	if jars, _ := filepath.Glob(filepath.Join(checkout, ".cache", folder, "*.jar")); len(jars) == 0 {
		return "the SDK for Java is not installed, for want of Maven; make setup says so"
	}
	return ""
}

// javac compiles a program with the jars in a folder of .cache, and returns how to run it.
func javac(t *testing.T, source, folder string) []string {
	t.Helper()
	dir, jars := t.TempDir(), filepath.Join(checkout, ".cache", folder, "*")
	sources := filepath.Join(checkout, "extension/e2e/matrix/testdata/clients")
	out, err := exec.CommandContext(t.Context(), "javac", "-nowarn", "-cp", jars, "-sourcepath", sources, "-d", dir, filepath.Join(sources, source)).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	// What runs for seconds is not worth compiling twice.
	return []string{"java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", dir + ":" + jars, strings.TrimSuffix(source, ".java")}
}

// trustStore has the JVM trust the world without Remit.
func trustStore(t *testing.T, dir, ca string) []string {
	t.Helper()
	store := filepath.Join(dir, "trust.p12")
	out, err := exec.CommandContext(t.Context(), "keytool", "-importcert", "-noprompt", "-alias", "matrix", "-file", ca, "-keystore", store, "-storepass", "changeit", "-storetype", "PKCS12").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	host, port, _ := strings.Cut(earth.address, ":") // the JDK's own client and Netty's heed no variable
	return []string{"JAVA_TOOL_OPTIONS=-Dhttps.proxyHost=" + host + " -Dhttps.proxyPort=" + port + " -Dhttp.proxyHost=" + host + " -Dhttp.proxyPort=" + port + " -Djavax.net.ssl.trustStore=" + store + " -Djavax.net.ssl.trustStorePassword=changeit -Djavax.net.ssl.trustStoreType=PKCS12"}
}
