// Package matrix has every SDK that can be had make the same calls, with Remit and
// without it, by every way in that it has. What comes of it stands in MATRIX.md.
//
// The cases are testdata/cases.yaml; the programs that make them are in
// testdata/clients, one for an SDK, and the Go SDK's is this test program itself.
// What is not right, or what an SDK does not have, stands with its reason in
// testdata/known.yaml: a cell that is right and said to be wrong fails the test as
// well.
package matrix_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"go.yaml.in/yaml/v4"

	"github.com/lambda-remit/remit/extension/e2e"
	"github.com/lambda-remit/remit/extension/environ"
	"github.com/lambda-remit/remit/extension/sidecar"
	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy/upstream"
)

var (
	update = flag.Bool("update", false, "rewrite MATRIX.md")
	dump   = flag.Bool("dump", false, "log what came of every case")
)

// A testcase is one call that every SDK makes: see testdata/cases.yaml.
type testcase struct {
	Name      string         `json:"name"`
	Service   string         `json:"service"`
	Operation string         `json:"operation"`
	How       string         `json:"how,omitempty"`
	Times     int            `json:"times,omitempty"`
	Input     map[string]any `json:"input"`

	Status int      `json:"-"`
	Error  string   `json:"-"`
	Own    []string `json:"-"`
	Denied string   `json:"-"`
}

// A result is what an SDK shows of a call.
type result struct {
	Name     string         `json:"name"`
	Lacks    string         `json:"lacks"` // why the SDK makes no such call
	Status   int            `json:"status"`
	Headers  map[string]any `json:"headers"`
	Output   any            `json:"output"`
	Error    string         `json:"error"`
	Type     string         `json:"type"`
	Message  string         `json:"message"`
	Attempts int            `json:"attempts"`
}

// cases reads testdata/cases.yaml.
func cases(t testing.TB) []testcase {
	t.Helper()
	src, err := os.ReadFile("testdata/cases.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var raw []struct {
		Name, Service, Operation, How string
		Times, Status                 int
		Input                         map[string]any
		Error, Denied                 string
		Own                           []string
	}
	if err := yaml.Unmarshal(src, &raw); err != nil || len(raw) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	var all []testcase
	for _, r := range raw {
		if r.Status == 0 {
			r.Status = 200
		}
		all = append(all, testcase{r.Name, r.Service, r.Operation, r.How, r.Times, r.Input, r.Status, r.Error, r.Own, r.Denied})
	}
	return all
}

// runs counts runs, which have names of one length.
var runs atomic.Int32

// play has a program make the cases, and returns what it says of each.
func (c client) play(t *testing.T, argv, env []string, all []testcase) map[string]result {
	t.Helper()
	run := fmt.Sprintf("run%04d", runs.Add(1))
	var in bytes.Buffer
	for _, one := range all {
		line, err := json.Marshal(one)
		if err != nil {
			t.Fatal(err)
		}
		in.WriteString(named.Replace(strings.ReplaceAll(string(line), "{run}", run)))
		in.WriteByte('\n')
	}
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdin = t.TempDir(), env, &in
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("%s: %v\n%s\n%s", c.name, err, out, &stderr)
	}
	if *dump {
		t.Logf("%s\n%s", out, &stderr)
	}
	results := make(map[string]result)
	lines := bufio.NewScanner(bytes.NewReader(bytes.ReplaceAll(out, []byte(run), []byte("{run}"))))
	lines.Buffer(nil, 1<<22)
	for lines.Scan() {
		var r result
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatalf("%s says %q: %v", c.name, lines.Text(), err)
		}
		results[r.Name] = r
	}
	return results
}

// environment is what a function has, with nothing of this machine's own.
func environment(t *testing.T, more ...string) []string {
	return append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "LANG=C.UTF-8", "AWS_REGION=" + e2e.Region, "AWS_DEFAULT_REGION=" + e2e.Region,
		"AWS_EC2_METADATA_DISABLED=true", "AWS_PAGER=",
	}, more...)
}

// direct is the environment of a run without Remit: by the world's own proxy, or
// however the SDK gets there.
func (c client) direct(t *testing.T) []string {
	ca := earth.bundle(t)
	env := environment(t,
		"AWS_ACCESS_KEY_ID="+servers.Admin.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+servers.Admin.SecretAccessKey, "AWS_ACCOUNT_ID="+e2e.Account,
		"HTTPS_PROXY=http://"+earth.address, "https_proxy=http://"+earth.address, "REMIT_MATRIX_WORLD="+earth.address, "REMIT_MATRIX_CA="+ca,
		"AWS_CA_BUNDLE="+ca, "REQUESTS_CA_BUNDLE="+ca, "SSL_CERT_FILE="+ca, "NODE_EXTRA_CA_CERTS="+ca)
	env = append(env, c.env...)
	if c.alone != nil {
		env = append(env, c.alone(t, filepath.Dir(ca), ca)...)
	}
	return append(env, c.owner...)
}

// start runs Remit beside a client, until the test's end. It calls AWS's own
// hosts, with TLS; only what it dials is the world's.
func start(t *testing.T) environ.Handshake {
	t.Helper()
	src, err := os.ReadFile("testdata/remit.yaml")
	if err != nil {
		t.Fatal(err)
	}
	m, err := manifest.Parse("remit.yaml", []byte(named.Replace(string(src))+"upstreams: {sts: "+issuer.URL+"}\n"), manifest.Options{Region: e2e.Region})
	if err != nil {
		t.Fatal(err)
	}
	rest := sidecar.Transport()
	rest.DialContext = earth.dial
	rest.TLSClientConfig = earth.trusted()
	transport := &upstream.Transport{Rest: rest, MaxIdle: 48}
	log := new(bytes.Buffer) // read only after Close
	s, err := sidecar.Start(t.Context(), sidecar.Config{
		Manifest: m, Region: e2e.Region, Account: e2e.Account, Function: "matrix",
		Base:      credentials.StaticCredentialsProvider{Value: servers.Base},
		Transport: transport, Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
		transport.CloseIdleConnections()
		if t.Failed() {
			t.Logf("the decision log:\n%s", log)
		}
	})
	return s.Handshake()
}

// TestEverySDKDoesWithRemitWhatItDoesWithout runs the matrix.
func TestEverySDKDoesWithRemitWhatItDoesWithout(t *testing.T) {
	all, known := cases(t), readKnown(t)
	for _, c := range clients(t) {
		t.Run(c.name, func(t *testing.T) {
			if c.missing != "" {
				e2e.Lacks(t, "not run here: %s", c.missing)
			}
			t.Parallel()
			if c.build != nil {
				c.argv = c.build(t)
			}
			var granted []testcase
			for _, one := range all {
				if one.Denied == "" {
					granted = append(granted, one)
				}
			}
			if path, err := exec.LookPath(c.argv[0]); err == nil {
				c.argv[0] = path
			}
			without := c.play(t, c.argv, c.direct(t), granted)
			for _, way := range c.ways {
				t.Run(string(way), func(t *testing.T) {
					with := c.by(t, way, all)
					for _, one := range all {
						t.Run(one.Name, func(t *testing.T) {
							known.hold(t, c.name, string(way), one, verdict(one, without[one.Name], with[one.Name]))
						})
					}
				})
			}
		})
	}
}

// verdict says what is wrong with a case: nothing, if it is empty.
func verdict(one testcase, without, with result) string {
	if one.Denied != "" {
		return denied(one, with)
	}
	switch {
	case with.Lacks != "":
		return "lacks: " + with.Lacks
	case without.Name == "":
		return "it was not made without Remit"
	case with.Name == "":
		return "it was not made"
	case without.Status != one.Status && without.Status != 0, one.Error == "" && without.Error != "", one.Error != "" && one.Error != "any" && !strings.HasPrefix(without.Error, one.Error):
		return fmt.Sprintf("without Remit: %d %s %s, want %d %s", without.Status, without.Error, without.Message, one.Status, one.Error)
	}
	return differences(without, with, one.Own...)
}

// denied says what is wrong with a call that Remit has to refuse.
func denied(one testcase, with result) string {
	switch {
	case with.Lacks != "":
		return "lacks: " + with.Lacks
	case with.Name == "":
		return "it was not made"
	case with.Error == "":
		return fmt.Sprintf("it passed: %d %v", with.Status, with.Output)
	case one.Denied == "any": // the answer to a HEAD has no body, and each SDK makes a code up
		if with.Status != 403 && with.Status != 0 {
			return fmt.Sprintf("%d %s %s, want 403", with.Status, with.Error, with.Message)
		}
	case !strings.HasPrefix(with.Error, strings.TrimSuffix(one.Denied, "Exception")) || !strings.Contains(with.Message, "(remit d-"):
		return fmt.Sprintf("%d %s %s, want %s by Remit", with.Status, with.Error, with.Message, one.Denied)
	}
	return ""
}
