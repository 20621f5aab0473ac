package extension_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lambda-remit/remit/extension/lambdatest"
)

// serveAgent is an extension that passes the Runtime API on, on a port of its own
// which its wrapper tells the runtime of: what Datadog's does where it looks
// into events (datadog_wrapper; 127.0.0.1:9000).
func serveAgent() error {
	real := os.Getenv("AWS_LAMBDA_RUNTIME_API")
	l, err := net.Listen("tcp", os.Getenv("AGENT_ADDRESS"))
	if err != nil {
		return err
	}
	pass := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: real})
	pass.FlushInterval = -1
	pass.Transport = &http.Transport{MaxIdleConnsPerHost: 16}
	go http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println("the agent passes", r.URL.Path)
		pass.ServeHTTP(w, r)
	}))
	base := "http://" + real + "/2020-01-01/extension/"
	r, _ := http.NewRequest(http.MethodPost, base+"register", strings.NewReader(`{"events":["SHUTDOWN"]}`))
	r.Header.Set("Lambda-Extension-Name", "agent")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	answer.Body.Close()
	next, _ := http.NewRequest(http.MethodGet, base+"event/next", nil)
	next.Header.Set("Lambda-Extension-Identifier", answer.Header.Get("Lambda-Extension-Identifier"))
	if answer, err = http.DefaultClient.Do(next); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, answer.Body)
	return err
}

// withAgent puts the agent beside Remit, and its wrapper before or after ours.
func withAgent(t *testing.T, c *lambdatest.Config, theirsFirst bool) {
	t.Helper()
	// No connection begins at this address, so that none can have taken the port
	// when the agent starts.
	l, err := net.Listen("tcp", "127.0.0.77:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	address := l.Addr().String()
	setEnv(c, "AGENT_ADDRESS", address)
	writeProgram(t, filepath.Join(c.Layer, "extensions/agent"), "#!/bin/sh\nREMIT_TEST_RUNTIME=agent exec "+c.Runtime[0]+"\n")
	wrapper := filepath.Join(c.Layer, "agent_wrapper")
	then := `"$@"`
	if theirsFirst {
		setEnv(c, "AWS_LAMBDA_EXEC_WRAPPER", wrapper)
		setEnv(c, "REMIT_TEST_WRAPPER", filepath.Join(c.Layer, "remit/exec"))
		then = `"$REMIT_TEST_WRAPPER" "$@"`
	} else {
		setEnv(c, "REMIT_NEXT_WRAPPER", wrapper)
	}
	writeProgram(t, wrapper, "#!/bin/sh\nexport AWS_LAMBDA_RUNTIME_API="+address+"\nexec "+then+"\n")
}

// TestARestoreIsNoticedBehindAnothersRuntimeAPI has a runtime call before the
// snapshot and after it, by way of an agent's proxy: the restore is told to
// nobody else. The first call after it, which a hook makes before any invocation,
// is under the newer credentials, over a connection that was not there before.
func TestARestoreIsNoticedBehindAnothersRuntimeAPI(t *testing.T) {
	for _, theirsFirst := range []bool{false, true} {
		for _, way := range []string{"", "direct"} {
			for _, runtime := range []string{"calls", "hooked"} {
				t.Run(fmt.Sprintf("theirs first %v, REMIT_RUNTIME_API=%s, %s", theirsFirst, way, runtime), func(t *testing.T) {
					b := newBucket(t)
					s := newSandbox(t, func(f *lambdatest.Config) {
						f.SnapKeys = true
						withAgent(t, f, theirsFirst)
						setEnv(f, "REMIT_TEST_RUNTIME", runtime)
						setEnv(f, "REMIT_RUNTIME_API", way)
						setEnv(f, "REMIT_MANIFEST", b.logsAll())
					})
					if err := s.Start(t.Context()); err != nil {
						t.Fatal(err)
					}
					if before, conns := b.asked(); len(before) != 1 || before[0] != roleKey || conns != 1 {
						t.Fatalf("before: asked as %q over %d connections", before, conns)
					}
					if err := s.Restore(t.Context(), []string{"AWS_ACCESS_KEY_ID=ASIALAMBDATESTNEWER0", "AWS_SECRET_ACCESS_KEY=" + roleSecret, "AWS_SESSION_TOKEN=" + roleToken}); err != nil {
						t.Fatal(err)
					}
					for n := range 2 {
						if got, err := s.do(t, "call", fmt.Sprint("in/", 2+n)); err != nil || got[0] != "200 OK" {
							t.Fatalf("got %q, %v", got, err)
						}
					}
					after, conns := b.asked()
					for n, key := range after[1:] {
						if key != "ASIALAMBDATESTNEWER0" {
							t.Errorf("call %d after the restore was made as %q", n, key)
						}
					}
					if conns != 2 {
						t.Errorf("%d connections were made, want one before and one after", conns)
					}
					s.Shutdown()
					if started := s.lines(t, "started"); len(started) != 2 || started[0].Sandbox == started[1].Sandbox {
						t.Errorf("got %+v, want two starts of two sandboxes", started)
					}
					if !strings.Contains(s.log.String(), "the agent passes /2018-06-01/runtime/invocation/next") {
						t.Error("the agent has not seen an event")
					}
				})
			}
		}
	}
}

// TestARestoreThatNobodyAsksForIsNoticed has a runtime that does not ask for it,
// as an adapter's that speaks to Lambda itself: the first invocation is the sign.
func TestARestoreThatNobodyAsksForIsNoticed(t *testing.T) {
	b := newBucket(t)
	s := newSandbox(t, func(f *lambdatest.Config) {
		f.SnapKeys = true
		setEnv(f, "REMIT_RUNTIME_API", "direct")
		setEnv(f, "REMIT_MANIFEST", b.logsAll())
	})
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Restore(t.Context(), []string{"AWS_ACCESS_KEY_ID=ASIALAMBDATESTNEWER0", "AWS_SECRET_ACCESS_KEY=" + roleSecret, "AWS_SESSION_TOKEN=" + roleToken}); err != nil {
		t.Fatal(err)
	}
	if got, err := s.do(t, "call", "in/1"); err != nil || got[0] != "200 OK" {
		t.Fatalf("got %q, %v", got, err)
	}
	s.Shutdown()
	if started := s.lines(t, "started"); len(started) != 2 {
		t.Errorf("got %+v, want two starts", started)
	}
	if keys, _ := b.asked(); len(keys) != 1 || keys[0] != "ASIALAMBDATESTNEWER0" {
		t.Errorf("asked as %q", keys)
	}
}

// TestBothRuntimeAPIsArePassedOnOneAfterTheOther has ours lead to the agent's,
// which was there first.
func TestBothRuntimeAPIsArePassedOnOneAfterTheOther(t *testing.T) {
	b := newBucket(t)
	s := newSandbox(t, func(f *lambdatest.Config) {
		withAgent(t, f, true)
		setEnv(f, "REMIT_RUNTIME_API", "proxy")
		setEnv(f, "REMIT_MANIFEST", b.logsAll())
	})
	payload, _ := json.Marshal([]string{"call", "in/1"})
	result, err := s.Invoke(t.Context(), lambdatest.Invocation{Payload: payload})
	if err != nil || !bytes.Contains(result.Payload, []byte("200 OK")) {
		t.Fatalf("got %s, %v", result.Payload, err)
	}
	if p, err := s.Shutdown().Program("remit"); err != nil || p.Killed || p.Code != 0 {
		t.Errorf("got %+v, %v, want an exit with 0", p, err)
	}
	if calls := s.lines(t, "allowed"); len(calls) != 1 || calls[0].RequestID != result.RequestID {
		t.Errorf("got %+v, want one call of invocation %s", calls, result.RequestID)
	}
	if !strings.Contains(s.log.String(), "the agent passes /2018-06-01/runtime/invocation/next") {
		t.Error("the agent has not seen an event")
	}
}
