package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"
	"github.com/spf13/cobra"

	"github.com/lambda-remit/remit/extension/environ"
	"github.com/lambda-remit/remit/extension/sidecar"
	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy/audit"
)

// A runner is what `remit run` is called with.
type runner struct {
	source
	upstreams      map[string]*url.URL // in place of the manifest's
	mode, log, way string
	argv           []string
}

func runCommand(t *tui) *cobra.Command {
	var r runner
	var upstreams []string
	c := &cobra.Command{
		Use:   "run --manifest FILE [flags] -- COMMAND [ARG...]",
		Short: "Run a process with its AWS calls held to a manifest",
		Long: `Run starts a command as the layer would start a function: its AWS calls go
through Remit's proxy, what the manifest grants is sent on under credentials
minted for the call, and the rest is denied and logged. The command gets sealed
credentials, which work nowhere but at the proxy; behind it stand your own, from
wherever the AWS CLI would take them. They have to be allowed to assume the
manifest's role.

Decisions are logged to standard error, one JSON object a line.

The command exits as COMMAND did. It is no sandbox: COMMAND can still read your
files, your own AWS credentials in them too, if it looks for them.`,
		Example: `  remit run --manifest remit.yaml -- python app.py
  remit run -m remit.yaml --upstream s3=http://127.0.0.1:9000 -- aws s3 ls s3://media
  remit run -m remit.yaml --mode observe --log calls.jsonl -- npm test`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("no command: write it after --")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := r.check(cmd); err != nil {
				return err
			}
			if r.manifest == "" {
				return usage(cmd, errors.New("no manifest: name it with --manifest"))
			}
			if r.region == "" {
				return usage(cmd, errors.New("no region: set AWS_REGION, or give --region"))
			}
			if r.way != "" {
				if _, err := environ.ParseWay(r.way); err != nil {
					return usage(cmd, fmt.Errorf("--capture %q is neither proxy, preload nor endpoint", r.way))
				}
			}
			var err error
			if r.upstreams, err = parseUpstreams(upstreams); err != nil {
				return usage(cmd, err)
			}
			if r.mode != "" && r.mode != "enforce" && r.mode != "observe" {
				return usage(cmd, fmt.Errorf("mode %q is neither enforce nor observe", r.mode))
			}
			r.argv = args
			return r.run(cmd.Context(), t)
		},
	}
	f := c.Flags()
	f.SetInterspersed(false)
	f.StringArrayVar(&upstreams, "upstream", nil, "dial `SERVICE=URL` in place of AWS's host; may be given again")
	f.StringVar(&r.mode, "mode", "", "the `mode` where the manifest is silent: enforce or observe")
	f.StringVar(&r.log, "log", "", "append the decision log to `file` instead of standard error")
	f.StringVar(&r.way, "capture", "", "the `way` in which calls reach the proxy: proxy, preload or endpoint; default as for COMMAND's runtime")
	r.flags(c)
	return c
}

func (r *runner) run(ctx context.Context, t *tui) error {
	src, err := read(t, r.manifest)
	if err != nil {
		return err
	}
	getenv := func(name string) (string, bool) {
		if name == "REMIT_MODE" && r.mode != "" {
			return r.mode, true
		}
		return os.LookupEnv(name)
	}
	m, err := manifest.Parse(r.manifest, src, manifest.Options{Getenv: getenv, Region: r.region, Account: r.account})
	if err != nil {
		return err
	}
	if m.Upstreams == nil {
		m.Upstreams = make(map[string]*url.URL)
	}
	maps.Copy(m.Upstreams, r.upstreams)
	for _, w := range m.Warnings {
		t.note("%v (warning)", w)
	}
	path, err := exec.LookPath(r.argv[0])
	if err != nil {
		return err
	}
	// What the variables say of endpoints was meant for the command.
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion(r.region), config.WithLogger(logging.Nop{}))
	if err != nil {
		return fmt.Errorf("your AWS configuration: %w", err)
	}
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		return fmt.Errorf("no AWS credentials of your own to stand behind the command: log in, or set AWS_PROFILE or AWS_ACCESS_KEY_ID: %w", err)
	}
	account := m.Account
	if account == "" {
		account = r.ask(ctx, t, cfg, m)
	}
	log, done, err := r.openLog(t)
	if err != nil {
		return err
	}
	defer done()
	onward, err := sidecar.ParseOnward(os.Getenv)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(src)
	s, err := sidecar.Start(ctx, sidecar.Config{
		Manifest: m, Region: r.region, Account: account, Function: "remit-run",
		Bearer: environ.Bearers(os.Environ()),
		Base:   cfg.Credentials, Log: log, Onward: onward, SHA256: hex.EncodeToString(sum[:]),
		Keys: os.Getenv("AWS_ACCESS_KEY_ID") != "",
	})
	if err != nil {
		return err
	}
	defer func() {
		stop, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		s.Close(stop)
	}()
	way, runtime := environ.Way(r.way), environ.RuntimeOf([]string{path}, os.Environ())
	if way == "" {
		way = environ.Choose(runtime)
	}
	env, err := environ.Maker{Handshake: s.Handshake(), Way: way, Runtime: runtime, Argv: append([]string{path}, r.argv[1:]...)}.Make(slices.DeleteFunc(os.Environ(), login))
	if err != nil {
		return err
	}
	defer os.RemoveAll(env.Dir)
	for _, n := range env.Notes {
		t.note("%s", n)
	}
	s.Announce(audit.Boundary{Stands: true}, audit.Boundary{Why: "remit run is no sandbox: the command runs as you do"})
	return r.child(ctx, t, env.Argv, env.Environ, s.Broken())
}

// login reports whether a variable says who you are to AWS: what stands behind the
// command, and not what the command was given.
func login(entry string) bool {
	name, _, _ := strings.Cut(entry, "=")
	return slices.Contains([]string{"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE"}, name)
}

// parseUpstreams reads what --upstream says.
func parseUpstreams(flags []string) (map[string]*url.URL, error) {
	upstreams := make(map[string]*url.URL)
	for _, u := range flags {
		service, address, ok := strings.Cut(u, "=")
		parsed, err := url.Parse(address)
		if !ok || err != nil || service == "" || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https" || strings.Trim(parsed.Path, "/") != "" {
			return nil, fmt.Errorf("upstream %q is not of the form s3=http://127.0.0.1:9000", u)
		}
		upstreams[service] = &url.URL{Scheme: parsed.Scheme, Host: parsed.Host}
	}
	return upstreams, nil
}

// ask asks STS whose credentials stand behind the command: bare names in the
// manifest are in that account.
func (r *runner) ask(ctx context.Context, t *tui, cfg aws.Config, m *manifest.Manifest) string {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	client := sts.NewFromConfig(cfg, func(o *sts.Options) {
		o.RetryMaxAttempts = 1
		if u := m.Upstreams["sts"]; u != nil {
			o.BaseEndpoint = aws.String(u.String())
		}
	})
	out, err := client.GetCallerIdentity(ctx, nil)
	if err != nil {
		t.note("which account bare names are in is not known, and calls that need it will be denied: %v", err)
		t.hint("give --account, or a role's ARN in the manifest")
		return ""
	}
	return aws.ToString(out.Account)
}

func (r *runner) openLog(t *tui) (w io.Writer, done func(), err error) {
	if r.log == "" {
		return t.err, func() {}, nil
	}
	f, err := os.OpenFile(r.log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, nil, err
	}
	return f, func() { f.Close() }, nil
}

// child runs the command until it ends, hands it the signals that come, and
// ends it if the proxy does: without the proxy its calls would fail one by
// one.
func (r *runner) child(ctx context.Context, t *tui, argv, env []string, broken <-chan error) error {
	cmd := &exec.Cmd{Path: argv[0], Args: append([]string{r.argv[0]}, argv[1:]...), Env: env, Stdin: t.in, Stdout: t.out, Stderr: t.err}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2)
	defer signal.Stop(signals)
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case s := <-signals:
			cmd.Process.Signal(s)
		case err := <-broken:
			cmd.Process.Kill()
			<-ended
			return fmt.Errorf("the proxy stopped, and the command with it: %w", err)
		case err := <-ended:
			var exit *exec.ExitError
			switch {
			case err == nil:
				return nil
			case errors.As(err, &exit):
				if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
					return exitCode(128 + int(status.Signal()))
				}
				return exitCode(exit.ExitCode())
			}
			return err
		}
	}
}
