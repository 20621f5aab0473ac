// Stsfront is AWS's STS for the demo and the end-to-end tests: strict as AWS
// about what it is asked, with credentials issued by MinIO and moto.
//
//	stsfront --minio http://127.0.0.1:9000 --minio-user U --minio-password P \
//	    --moto http://127.0.0.1:5555 --role arn:aws:iam::123456789012:role/calls \
//	    --log sts.jsonl --ready-file sts.url
//
// The caller it knows has the credentials of AWS_ACCESS_KEY_ID,
// AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or of the flags. It ends on
// SIGTERM, SIGINT, or when its standard input ends: with whoever started it.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"

	"github.com/lambda-remit/remit/proxy/aws/awstest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Getenv, os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "stsfront:", err)
		os.Exit(1)
	}
}

// run serves until ctx or in ends.
func run(ctx context.Context, args []string, getenv func(string) string, in io.Reader, out io.Writer) error {
	flags := flag.NewFlagSet("stsfront", flag.ContinueOnError)
	var front awstest.Front
	var base sdk.Credentials
	var roles []string
	listen := flags.String("listen", "127.0.0.1:0", "the `address` to listen on")
	flags.StringVar(&front.MinIO, "minio", "", "`URL` of MinIO, which issues credentials for policies on S3")
	flags.StringVar(&front.User, "minio-user", "", "MinIO's root user")
	flags.StringVar(&front.Password, "minio-password", "", "MinIO's root password")
	flags.StringVar(&front.Moto, "moto", "", "`URL` of moto's server, which issues all others")
	flags.Func("role", "`ARN` of a role that may be assumed; may be given again", func(v string) error {
		roles = append(roles, v)
		return nil
	})
	flags.StringVar(&base.AccessKeyID, "base-access-key", getenv("AWS_ACCESS_KEY_ID"), "the caller's access key")
	flags.StringVar(&base.SecretAccessKey, "base-secret", getenv("AWS_SECRET_ACCESS_KEY"), "the caller's secret key")
	flags.StringVar(&base.SessionToken, "base-token", getenv("AWS_SESSION_TOKEN"), "the caller's session token")
	arn := flags.String("base-arn", awstest.CallerARN, "the caller's `ARN`")
	anyHost := flags.Bool("any-host", false, "take requests for hosts that are not STS's")
	logFile := flags.String("log", "", "the `file` to append one JSON line to for each request")
	readyFile := flags.String("ready-file", "", "the `file` to write the URL to once it listens")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if base.AccessKeyID == "" || base.SecretAccessKey == "" {
		return fmt.Errorf("no caller: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or --base-access-key and --base-secret")
	}
	if len(roles) == 0 {
		return fmt.Errorf("no role to assume: give --role ARN")
	}

	sts := &awstest.STS{
		Callers: []awstest.Caller{{Credentials: base, ARN: *arn}},
		Roles:   roles,
		Pin:     true,
		AnyHost: *anyHost,
		Issue:   front.Issue,
	}
	if *logFile != "" {
		f, err := os.OpenFile(*logFile, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		defer f.Close()
		sts.Each = logTo(f)
	}

	l, err := net.Listen("tcp", *listen)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: sts, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	url := "http://" + l.Addr().String()
	fmt.Fprintln(out, url)
	if *readyFile != "" {
		// Renamed into place: who waits for the file never reads half of it.
		if err := os.WriteFile(*readyFile+".new", []byte(url+"\n"), 0o600); err != nil {
			return err
		}
		if err := os.Rename(*readyFile+".new", *readyFile); err != nil {
			return err
		}
	}

	closed := make(chan struct{})
	go func() { // ends with the process: a read of standard input cannot be broken off
		defer close(closed)
		io.Copy(io.Discard, in)
	}()
	select {
	case <-ctx.Done():
	case <-closed:
	case err := <-served:
		return err
	}
	return server.Close()
}

// logTo returns a function that writes a request as one line, without secrets.
func logTo(w io.Writer) func(awstest.Asked) {
	var mu sync.Mutex
	return func(a awstest.Asked) {
		line := struct {
			Time          string            `json:"time"`
			Action        string            `json:"action"`
			Caller        string            `json:"caller,omitempty"`
			Role          string            `json:"role,omitempty"`
			Session       string            `json:"session,omitempty"`
			Policy        string            `json:"policy,omitempty"`
			Duration      int               `json:"duration,omitempty"`
			Tags          map[string]string `json:"tags,omitempty"`
			Backend       string            `json:"backend,omitempty"`
			BackendPolicy string            `json:"backend_policy,omitempty"`
			Wider         []string          `json:"wider,omitempty"`
			Narrower      []string          `json:"narrower,omitempty"`
			AccessKeyID   string            `json:"access_key_id,omitempty"`
			Error         string            `json:"error,omitempty"`
			Message       string            `json:"message,omitempty"`
		}{
			a.Time.UTC().Format(time.RFC3339Nano), a.Action, a.Caller, a.Role, a.Session, a.Policy, int(a.Duration.Seconds()), a.Tags,
			a.Issued.Backend, a.Issued.Policy, a.Issued.Wider, a.Issued.Narrower, a.Issued.AccessKeyID, a.Error, a.Message,
		}
		var b strings.Builder
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(line); err != nil {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		io.WriteString(w, b.String())
	}
}
