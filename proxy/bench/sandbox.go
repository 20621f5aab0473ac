package main

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/lambda-remit/remit/extension/lambdatest"
	"github.com/lambda-remit/remit/layer"
	"github.com/lambda-remit/remit/proxy/aws/awstest"
)

// manifestText is what the function is held to: an ordinary manifest, whose
// calls are minted for one by one.
const manifestText = `
function: bench
credentials:
  role: %s
permissions:
  object_storage:
    bucket: bench
    read_prefix: in/
    write_prefix: out/
  queue:
    publish: image-processing-results
  secrets:
    read: [image-signing-key]
upstreams:
  s3: %q
  sts: %q
`

// A sandbox is Remit, as the layer ships it, beside a function that waits.
type sandbox struct {
	*lambdatest.Sandbox
	env    map[string]string // the function's
	roots  *x509.CertPool
	sealed aws.Credentials
	pid    int // of the extension
}

// configure returns a function's configuration, whose calls to S3 go to upstream.
func (b *bench) configure(upstream string) (c lambdatest.Config, env string, err error) {
	self, err := os.Executable()
	if err != nil {
		return c, "", err
	}
	task, err := os.MkdirTemp(b.dir, "task-")
	if err != nil {
		return c, "", err
	}
	// A layer of its own: where it lies names the socket by which extension
	// and wrapper find each other.
	opt := filepath.Join(task, "opt")
	if err := layer.Unpack(opt, b.config); err != nil {
		return c, "", err
	}
	base, env := awstest.Base(), filepath.Join(task, "environ.json")
	return lambdatest.Config{
		Layer: opt, TaskRoot: task, Region: region, Account: awstest.Account,
		Runtime: []string{self, "be-function", env},
		Env: []string{
			"AWS_LAMBDA_EXEC_WRAPPER=" + filepath.Join(opt, "remit/exec"),
			"REMIT_MANIFEST=" + fmt.Sprintf(manifestText, awstest.RoleARN, upstream, b.sts),
		},
		Keys: []string{"AWS_ACCESS_KEY_ID=" + base.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + base.SecretAccessKey, "AWS_SESSION_TOKEN=" + base.SessionToken},
		Log:  quiet{},
	}, env, nil
}

// newSandbox starts a sandbox, and takes what the function was given.
func (b *bench) newSandbox(ctx context.Context, upstream string) (_ *sandbox, err error) {
	c, file, err := b.configure(upstream)
	if err != nil {
		return nil, err
	}
	inner, err := lambdatest.New(c)
	if err != nil {
		return nil, err
	}
	s := &sandbox{Sandbox: inner, env: make(map[string]string), roots: x509.NewCertPool()}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if err := s.Start(ctx); err != nil {
		return nil, err
	}
	if s.pid, err = pidOf(filepath.Join(c.Layer, "extensions/remit")); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var vars []string
	if err := json.Unmarshal(text, &vars); err != nil {
		return nil, err
	}
	for _, v := range vars {
		name, value, _ := strings.Cut(v, "=")
		s.env[name] = value
	}
	pem, err := os.ReadFile(s.env["SSL_CERT_FILE"])
	if err != nil || !s.roots.AppendCertsFromPEM(pem) {
		return nil, errors.Join(errors.New("the function was given no authority to trust"), err)
	}
	s.sealed, err = sealed(ctx, s.env["AWS_CONTAINER_CREDENTIALS_FULL_URI"], s.env["AWS_CONTAINER_AUTHORIZATION_TOKEN"])
	return s, err
}

// targets are the two ways through s.
func (s *sandbox) targets() []*target {
	address := strings.TrimPrefix(s.env["HTTPS_PROXY"], "http://")
	return []*target{
		{name: endpoint, address: address, host: address, credentials: s.sealed},
		{name: connect, address: address, host: s3Host, roots: s.roots, credentials: s.sealed},
	}
}

func (s *sandbox) close() { s.Close() }

// sealed asks for credentials as the function's SDK would.
func sealed(ctx context.Context, uri, token string) (aws.Credentials, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, uri, nil)
	if err != nil {
		return aws.Credentials{}, err
	}
	r.Header.Set("Authorization", token)
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		return aws.Credentials{}, err
	}
	defer resp.Body.Close()
	var c struct{ AccessKeyID, SecretAccessKey, Token string }
	if err := json.NewDecoder(resp.Body).Decode(&c); err != nil || c.AccessKeyID == "" {
		return aws.Credentials{}, errors.Join(fmt.Errorf("sealed credentials: %s", resp.Status), err)
	}
	return aws.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.Token}, nil
}

// quiet drops the log but for what is wrong.
type quiet struct{}

func (quiet) Write(p []byte) (int, error) {
	if !strings.Contains(string(p), `"msg":"started"`) && !strings.Contains(string(p), `"msg":"counted"`) {
		os.Stderr.Write(p)
	}
	return len(p), nil
}
