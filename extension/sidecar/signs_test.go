package sidecar

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// A keeper is a transport that keeps connections.
type keeper struct {
	http.RoundTripper
	closed int
}

func (k *keeper) CloseIdleConnections() { k.closed++ }

// TestARestoreThatNobodyTellsOfIsKnownByItsSigns has each line be what happens in
// a sandbox, one after the other: "call", "invoke" and "told" to it; "key K" has
// the role's credentials be others, "gone" has none to be had, "use" takes them as a
// call does that was granted, and "clock D" moves the clock.
func TestARestoreThatNobodyTellsOfIsKnownByItsSigns(t *testing.T) {
	for _, c := range []struct {
		name, script   string
		starts, closed int // what is logged as a start, and how often connections were closed
		key            string
	}{
		{"nothing", "call, clock 900ms, call, clock 100ms, call", 0, 0, "A"},
		{"a while", "call, clock 2s, call, call", 0, 1, "A"},
		{"the first call is no sign", "key B, call", 0, 0, "B"},
		{"newer keys", "call, key B, call, call", 1, 1, "B"},
		{"newer keys, and then an invocation", "call, key B, call, invoke, invoke", 1, 1, "B"},
		{"an invocation", "call, key B, invoke, call", 1, 1, "B"},
		{"an invocation without a call", "invoke, invoke", 1, 1, "A"},
		{"it was told", "call, key B, told, call, invoke", 1, 1, "B"},
		{"a clock that is set back", "call, clock -1ms, call", 0, 1, "A"},
		{"a while, and newer keys", "call, clock 1h, key B, call, invoke", 1, 2, "B"},
		{"after the first invocation nothing is looked for", "call, invoke, use, clock 1h, key B, call", 1, 1, "A"},
		{"no credentials for a while", "call, gone, call, key B, call", 1, 1, "B"},
	} {
		t.Run(c.name, func(t *testing.T) {
			key, transport, log, now := "A", new(keeper), new(bytes.Buffer), time.Now()
			base := aws.NewCredentialsCache(aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				if key == "" {
					return aws.Credentials{}, errors.New("none to be had")
				}
				return aws.Credentials{AccessKeyID: key, SecretAccessKey: "secret", CanExpire: true, Expires: time.Now().Add(time.Hour)}, nil
			}))
			s, err := Start(t.Context(), Config{Region: "eu-west-1", Base: base, Log: log, Transport: transport, Snapshot: true})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close(t.Context())
			s.signs.now = func() time.Time { return now }
			for step := range strings.SplitSeq(c.script, ", ") {
				what, with, _ := strings.Cut(step, " ")
				d, _ := time.ParseDuration(with)
				switch what {
				case "call":
					s.look(t.Context())
				case "invoke":
					s.Invocation("", "r")
				case "use": // as a call does that was granted
					base.Retrieve(t.Context())
				case "told":
					s.Restored()
				case "key":
					key = with
				case "gone":
					key = ""
				case "clock":
					now = now.Add(d)
				default:
					t.Fatal(step)
				}
			}
			if got, err := base.Retrieve(t.Context()); err != nil || got.AccessKeyID != c.key {
				t.Errorf("calls go on under %q, %v, want %q", got.AccessKeyID, err, c.key)
			}
			if starts := strings.Count(log.String(), `"started"`); starts != c.starts || transport.closed != c.closed {
				t.Errorf("%d starts are logged and connections closed %d times, want %d and %d", starts, transport.closed, c.starts, c.closed)
			}
		})
	}
}

// TestWithoutASnapshotNothingIsLookedFor holds every other sandbox to what it did.
func TestWithoutASnapshotNothingIsLookedFor(t *testing.T) {
	asked := 0
	base := aws.NewCredentialsCache(aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		asked++
		return aws.Credentials{AccessKeyID: fmt.Sprint(asked), SecretAccessKey: "secret"}, nil
	}))
	transport := new(keeper)
	s, err := Start(t.Context(), Config{Region: "eu-west-1", Base: base, Log: new(bytes.Buffer), Transport: transport})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())
	s.look(t.Context())
	s.Invocation("", "r")
	if asked != 0 || transport.closed != 0 {
		t.Errorf("credentials were asked for %d times, and connections closed %d times", asked, transport.closed)
	}
}
