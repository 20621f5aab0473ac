package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lambda-remit/remit/extension/e2e"
	"github.com/lambda-remit/remit/extension/lambdatest"
)

// A lambda runs the function: the emulator, or what stands in for it.
type lambda interface {
	Invoke(ctx context.Context, event []byte) (status int, answer []byte, err error)
	Log() string
	Close() error
}

// run starts f on the emulator, or where the machine has no namespaces for
// that on lambdatest.
func run(ctx context.Context, f e2e.Function, checkout string) (lambda, string, error) {
	if _, err := e2e.Namespaces(); err != nil {
		l, e := standIn(f, checkout)
		return l, fmt.Sprintf("This machine gives a program no file system of its own (%v), so the function runs on lambdatest, "+
			"which is this repository's own Lambda, and not on AWS's emulator.", err), e
	}
	s, err := f.Run(ctx, checkout)
	if err != nil {
		return nil, "", err
	}
	return s, "The function runs on AWS's Runtime Interface Emulator, in a mount namespace with the layer at /opt.", nil
}

// standIn starts f on lambdatest.
func standIn(f e2e.Function, checkout string) (lambda, error) {
	out := new(local)
	// The package is not where the runtime looks by itself.
	env := []string{"PYTHONPATH=" + f.Task, "AWS_LAMBDA_EXEC_WRAPPER=" + filepath.Join(f.Layer, "remit/exec"),
		"REMIT_MANIFEST=" + filepath.Join(f.Task, "remit.yaml")}
	for _, name := range slices.Sorted(maps.Keys(f.Env)) {
		if name != "AWS_LAMBDA_EXEC_WRAPPER" {
			env = append(env, name+"="+f.Env[name])
		}
	}
	sandbox, err := lambdatest.New(lambdatest.Config{
		Layer:    f.Layer,
		TaskRoot: f.Task,
		Runtime:  []string{filepath.Join(checkout, ".venv/bin/python"), "-m", "awslambdaric", f.Handler},
		Env:      env,
		Keys: []string{"AWS_ACCESS_KEY_ID=" + f.Keys.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + f.Keys.SecretAccessKey,
			"AWS_SESSION_TOKEN=" + f.Keys.SessionToken},
		Name:    f.Name,
		Region:  e2e.Region,
		Account: e2e.Account,
		Handler: f.Handler,
		Timeout: 30 * time.Second,
		Log:     out,
	})
	out.sandbox = sandbox
	return out, err
}

// local is lambdatest as a lambda.
type local struct {
	sandbox *lambdatest.Sandbox

	mu  sync.Mutex // guards log
	log strings.Builder
}

func (l *local) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.log.Write(b)
}

func (l *local) Log() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.log.String()
}

func (l *local) Invoke(ctx context.Context, event []byte) (int, []byte, error) {
	r, err := l.sandbox.Invoke(ctx, lambdatest.Invocation{Payload: event})
	return 200, r.Payload, err
}

func (l *local) Close() error { return l.sandbox.Close() }

// A line of the decision log: what the demo shows of it.
type line struct {
	Level     string    `json:"level"`
	Msg       string    `json:"msg"`
	ID        string    `json:"id,omitempty"`
	Function  string    `json:"function"`
	Service   string    `json:"service"`
	Operation string    `json:"operation"`
	Requests  []request `json:"requests"`
	Reason    string    `json:"reason,omitempty"`
	Nearest   string    `json:"nearest,omitempty"`

	Decision    string   `json:"-"`
	Grants      []string `json:"-"`
	AccessKeyID string   `json:"-"`
	Status      int      `json:"-"`
}

type request struct {
	Action   string `json:"action"`
	Resource string `json:"resource"`
}

// String is the line, shorter than it is in the log: without the fields that
// are the same in every line, and without the metrics.
func (l line) String() string {
	b, err := json.Marshal(l)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// decisions returns the decisions in a log, from the offset on.
func decisions(log string) (lines []line) {
	for text := range strings.Lines(log) {
		var l line
		var more struct {
			Decision    string   `json:"decision"`
			Grants      []string `json:"grants"`
			AccessKeyID string   `json:"access_key_id"`
			Status      int      `json:"status"`
		}
		if json.Unmarshal([]byte(text), &l) != nil || json.Unmarshal([]byte(text), &more) != nil || more.Decision == "" {
			continue
		}
		l.Decision, l.Grants, l.AccessKeyID, l.Status = more.Decision, more.Grants, more.AccessKeyID, more.Status
		lines = append(lines, l)
	}
	return lines
}

// settled returns the decisions in the function's log once there are as many
// as want: the last line of a call is written after its answer.
func settled(ctx context.Context, l lambda, want int) (lines []line) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	for {
		lines = decisions(l.Log())
		if len(lines) >= want || ctx.Err() != nil {
			return lines
		}
		time.Sleep(10 * time.Millisecond)
	}
}
