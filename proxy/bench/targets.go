package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/lambda-remit/remit/layer"
	"github.com/lambda-remit/remit/proxy/aws/awstest"
)

const (
	region = "eu-west-1"
	s3Host = "s3." + region + ".amazonaws.com"
)

// The targets, in the order of the tables.
const (
	direct   = "direct"
	floor    = "floor"
	nginx    = "nginx"
	endpoint = "endpoint"
	connect  = "CONNECT"
)

// A target is one way to an upstream.
type target struct {
	name        string
	address     string         // dialled
	host        string         // signed
	roots       *x509.CertPool // if it is reached through CONNECT
	credentials aws.Credentials
}

// An upstream is who answers, and the ways there.
type upstream struct {
	name    string
	targets []*target
}

// A bench is everything that runs.
type bench struct {
	checkout, dir string
	config        layer.Config // the layer's programs
	sizes         []size
	notes         []string // what was left out, and why

	atOnce, minio string // URLs; minio is empty where it is not there
	admin         aws.Credentials
	sts           string // URL
	upstreams     []*upstream
	ends          []func()
}

func (b *bench) close() {
	for _, end := range slices.Backward(b.ends) {
		end()
	}
}

// newBench builds the layer's programs and starts everything.
func newBench(ctx context.Context, checkout, dir string) (_ *bench, err error) {
	b := &bench{checkout: checkout, dir: dir}
	defer func() {
		if err != nil {
			b.close()
		}
	}()
	i := slices.IndexFunc(layer.Archs, func(a layer.Arch) bool { return a.Go == runtime.GOARCH })
	if i < 0 {
		return nil, fmt.Errorf("no architecture of Lambda is %s", runtime.GOARCH)
	}
	if b.config, err = layer.Build(ctx, checkout, layer.Archs[i]); err != nil {
		return nil, err
	}
	var zip bytes.Buffer
	if err := layer.Zip(&zip, b.config); err != nil {
		return nil, err
	}
	b.sizes = []size{
		{"remit-lambda, the extension, stripped", len(b.config.Extension)},
		{"remit-exec, the wrapper, stripped", len(b.config.Exec)},
		{"the layer's zip", zip.Len()},
	}
	role := func(name string, args ...string) (string, error) {
		p, address, err := startRole(name, args...)
		if err == nil {
			b.ends = append(b.ends, p.stop)
		}
		return address, err
	}
	address, err := role("serve-upstream")
	if err != nil {
		return nil, err
	}
	b.atOnce = "http://" + address
	if err := b.startMinIO(ctx); err != nil {
		return nil, err
	}
	if err := b.startSTS(); err != nil {
		return nil, err
	}
	for _, u := range []struct{ name, url string }{{atOnce, b.atOnce}, {minIO, b.minio}} {
		if u.url == "" {
			continue
		}
		host := u.url[len("http://"):]
		up := &upstream{name: u.name}
		add := func(name, address string) {
			up.targets = append(up.targets, &target{name: name, address: address, host: host, credentials: b.admin})
		}
		add(direct, host)
		address, err := role("serve-floor", u.url)
		if err != nil {
			return nil, err
		}
		add(floor, address)
		if address, err = b.startNginx(u.name, host); err != nil {
			return nil, err
		} else if address != "" {
			add(nginx, address)
		}
		s, err := b.newSandbox(ctx, u.url)
		if err != nil {
			return nil, err
		}
		b.ends = append(b.ends, s.close)
		up.targets = append(up.targets, s.targets()...)
		b.upstreams = append(b.upstreams, up)
	}
	return b, nil
}

// startMinIO starts MinIO, with a bucket and what is read from it.
func (b *bench) startMinIO(ctx context.Context) error {
	b.admin = aws.Credentials{AccessKeyID: "root" + rand.Text()[:12], SecretAccessKey: rand.Text()}
	path := filepath.Join(b.checkout, ".cache/bin/minio")
	if _, err := os.Stat(path); err != nil {
		b.notes = append(b.notes, "MinIO is left out: it is not in .cache/bin; run `make setup`")
		return nil
	}
	address, err := freeAddress()
	if err != nil {
		return err
	}
	p, err := start([]string{
		"HOME=" + b.dir, "PATH=" + os.Getenv("PATH"),
		"MINIO_ROOT_USER=" + b.admin.AccessKeyID, "MINIO_ROOT_PASSWORD=" + b.admin.SecretAccessKey,
		"MINIO_UPDATE=off", "MINIO_BROWSER=off", "MINIO_DOMAIN=" + s3Host,
	}, path, "server", "--quiet", "--address", address, filepath.Join(b.dir, "minio"))
	if err != nil {
		return err
	}
	b.ends = append(b.ends, p.stop)
	b.minio = "http://" + address
	// It says that it is ready before it is; asked for its buckets it does not.
	for _, path := range []string{"/minio/health/ready", "/"} {
		if err := answering(b.minio + path); err != nil {
			return err
		}
	}
	t := &target{address: address, host: address, credentials: b.admin}
	c, err := t.dial()
	if err != nil {
		return err
	}
	defer c.Close()
	for _, s := range []shape{{"PUT", "", 0}, {"PUT", "in/1024", small}, {"PUT", "in/5242880", medium}, {"PUT", "in/67108864", large}} {
		r, err := t.request(ctx, s, 0)
		if err != nil {
			return err
		}
		if _, err := c.call(r.head, r.body, -1); err != nil {
			return fmt.Errorf("MinIO: %s %s: %w", s.method, s.key, err)
		}
	}
	return nil
}

// startSTS serves an STS as strict as AWS's. What it issues MinIO honours, if
// it is there. It is asked once for each policy, before anything is measured.
func (b *bench) startSTS() error {
	sts := &awstest.STS{
		Callers: []awstest.Caller{{Credentials: awstest.Base(), ARN: awstest.CallerARN}},
		Roles:   []string{awstest.RoleARN},
		Pin:     true,
	}
	if b.minio != "" {
		sts.Issue = (&awstest.Front{MinIO: b.minio, User: b.admin.AccessKeyID, Password: b.admin.SecretAccessKey}).Issue
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: sts}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	b.ends = append(b.ends, func() { server.Close(); <-served })
	b.sts = "http://" + l.Addr().String()
	return nil
}

// startNginx starts nginx as a plain reverse proxy, and returns where, or ""
// where it is not installed.
func (b *bench) startNginx(name, upstream string) (address string, err error) {
	path, err := exec.LookPath("nginx")
	if err != nil {
		if !slices.Contains(b.notes, noNginx) {
			b.notes = append(b.notes, noNginx)
		}
		return "", nil
	}
	if address, err = freeAddress(); err != nil {
		return "", err
	}
	dir := filepath.Join(b.dir, "nginx-"+fmt.Sprint(len(b.upstreams)))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	user := ""
	if os.Getuid() == 0 {
		user = "user root;\n" // its temporary files are in our own directory
	}
	file := filepath.Join(dir, "nginx.conf")
	config := user + fmt.Sprintf(nginxConfig, dir, upstream, address)
	if err := os.WriteFile(file, []byte(config), 0o644); err != nil {
		return "", err
	}
	p, err := start(os.Environ(), path, "-p", dir, "-e", filepath.Join(dir, "error.log"), "-c", file)
	if err != nil {
		return "", err
	}
	b.ends = append(b.ends, p.stop)
	return address, answering("http://" + address)
}

const noNginx = "nginx is left out: it is not installed"

const nginxConfig = `
daemon off;
worker_processes auto;
pid %[1]s/pid;
error_log %[1]s/error.log;
events { worker_connections 1024; }
http {
	access_log off; keepalive_requests 1000000;
	client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
	client_max_body_size 0;
	upstream up { server %[2]s; keepalive 100; keepalive_requests 1000000; }
	server {
		listen %[3]s;
		location / {
			proxy_pass http://up;
			proxy_http_version 1.1;
			proxy_set_header Connection "";
			proxy_set_header Host $http_host;
			proxy_request_buffering off;
		}
	}
}
`
