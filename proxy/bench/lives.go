package main

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/lambda-remit/remit/extension/lambdatest"
)

// An invocation is how long one takes of a function that does nothing: from
// the event's coming to the runtime's asking for the next one.
type invocation struct{ direct, passed time.Duration }

// invocations has a function with Remit take events from Lambda itself and by
// way of the extension, in turn, and returns medians.
func invocations(ctx context.Context, b *bench, o options) (i invocation, err error) {
	each := 500
	if o.short {
		each = 100
	}
	var times [2][]time.Duration
	var sandboxes [2]*lambdatest.Sandbox
	for n, way := range []string{"direct", "proxy"} {
		c, _, err := b.configure(b.atOnce)
		if err != nil {
			return i, err
		}
		c.Env = append(c.Env, "REMIT_RUNTIME_API="+way)
		if sandboxes[n], err = lambdatest.New(c); err != nil {
			return i, err
		}
		defer sandboxes[n].Close()
		if err := sandboxes[n].Start(ctx); err != nil {
			return i, err
		}
	}
	for range each {
		for n, s := range sandboxes {
			began := time.Now()
			if _, err := s.Invoke(ctx, lambdatest.Invocation{Payload: []byte("{}")}); err != nil {
				return i, err
			}
			times[n] = append(times[n], time.Since(began))
		}
	}
	return invocation{median(times[0]), median(times[1])}, nil
}

// A cold is how long a function in Python takes from nothing to the answer of
// its first call to S3, made with boto3.
type cold struct{ with, without time.Duration }

const coldFunction = `import boto3

def handler(event, context):
    return len(boto3.client("s3").get_object(Bucket="bench", Key="in/1024")["Body"].read())
`

// colds starts the function with the layer and without it, in turn. Both speak
// TLS, as to AWS, and load the system's roots for it: with the layer to the proxy,
// by CONNECT, which goes on by plain HTTP; without it to a server in this process.
func colds(ctx context.Context, b *bench, o options) (cold, error) {
	object := make([]byte, 1024)
	s3 := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write(object) }))
	defer s3.Close()
	roots := filepath.Join(b.dir, "roots.pem")
	system, err := systemRoots()
	if err != nil {
		return cold{}, err
	}
	own := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s3.Certificate().Raw})
	if err := os.WriteFile(roots, append(system, own...), 0o644); err != nil {
		return cold{}, err
	}
	var with, without []time.Duration
	python := filepath.Join(b.checkout, ".venv/bin/python")
	one := func(remit bool, times *[]time.Duration) error {
		c, _, err := b.configure(b.atOnce)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(c.TaskRoot, "app.py"), []byte(coldFunction), 0o644); err != nil {
			return err
		}
		c.Runtime, c.Timeout, c.InitTime = []string{python, "-m", "awslambdaric", "app.handler"}, time.Minute, time.Minute
		if !remit {
			c.Layer, c.Env = "", []string{"AWS_ENDPOINT_URL_S3=" + s3.URL, "AWS_CA_BUNDLE=" + roots}
		}
		c.Env = append(c.Env, "PYTHONPATH="+c.TaskRoot)
		s, err := lambdatest.New(c)
		if err != nil {
			return err
		}
		defer s.Close()
		began := time.Now()
		result, err := s.Invoke(ctx, lambdatest.Invocation{Payload: []byte("{}")})
		if err == nil && strings.TrimSpace(string(result.Payload)) != "1024" {
			err = fmt.Errorf("the first call of a function in Python: %s", result.Payload)
		}
		*times = append(*times, time.Since(began))
		return err
	}
	for n := range o.rounds + 1 {
		if err := errors.Join(one(true, &with), one(false, &without)); err != nil {
			return cold{}, err
		}
		if n == 0 { // Python's own files come from the disk, and boto3's
			with, without = slices.Delete(with, 0, 1), slices.Delete(without, 0, 1)
		}
	}
	return cold{median(with), median(without)}, nil
}

// systemRoots returns the certificates that programs here trust, as the wrapper
// finds them.
func systemRoots() ([]byte, error) {
	var err error
	for _, path := range []string{"/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/certs/ca-certificates.crt"} {
		var text []byte
		if text, err = os.ReadFile(path); err == nil {
			return text, nil
		}
	}
	return nil, err
}

// lives are the figures of a function's life that are held against something.
func (r *results) lives() (all []goal) {
	if s := r.starts; s.registered > 0 {
		wrapper := s.wrapped - s.bare
		all = append(all,
			goal{"exec → registered", "< 10 ms", millis(s.registered), 0, s.registered < 10*time.Millisecond, "ms"},
			goal{"the wrapper, before it is the function", "≤ 3 ms", millis(wrapper), 0, wrapper <= 3*time.Millisecond, "ms"})
	}
	if c := r.cold; c.without > 0 {
		ratio := float64(c.with) / float64(c.without)
		all = append(all, goal{"cold start and first call, boto3", "≤ 1.1 × without", 0, ratio, ratio <= 1.1, "×"})
	}
	if i := r.invocation; i.direct > 0 {
		added := i.passed - i.direct
		all = append(all, goal{"the Runtime API passed on, an invocation, p50", "≤ 1 ms", millis(added), 0, added <= time.Millisecond, "ms"})
	}
	return all
}
