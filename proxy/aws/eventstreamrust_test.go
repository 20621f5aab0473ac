package aws

import (
	"bytes"
	"context"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/lambda-remit/remit/proxy"
)

// rustsHead is a request whose body will be a stream of events as the Rust SDK
// begins one: it does not say what its body is, and signs as if there was none. It
// returns the events that follow, each signed over the one before.
func (c *conversation) rustsHead(t *testing.T, turns int) (r *http.Request, events [][]byte) {
	t.Helper()
	// What waits for the body's end before it sends anything waits for ever.
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, "POST", "http://"+c.address+"/model/amazon.nova-sonic-v1%3A0/invoke-with-bidirectional-stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", eventStream)
	creds, now := sdk.Credentials{AccessKeyID: sealed.AccessKeyID, SecretAccessKey: sealed.SecretAccessKey, SessionToken: sealed.SessionToken}, time.Now().UTC()
	if err := v4.NewSigner().SignHTTP(t.Context(), creds, r, emptyHash, "bedrock", "eu-west-1", now); err != nil {
		t.Fatal(err)
	}
	_, value, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
	seed, err := hex.DecodeString(value)
	if err != nil {
		t.Fatal(err)
	}
	return r, said(t, creds, seed, now, turns)
}

func TestAConversationThatTheRustSDKDoesNotSayItIsGoesBothWaysByTurns(t *testing.T) {
	c := newConversation(t, speaking)
	r, events := c.rustsHead(t, 3)
	body, say := io.Pipe()
	defer say.Close()
	r.Body, r.ContentLength = body, -1
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: protocols}
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatal(resp.Status)
	}
	for i, event := range events {
		if _, err := say.Write(event); err != nil {
			t.Fatal(err)
		}
		if i == len(events)-1 {
			break // which ends it
		}
		heard, err := eventstream.NewDecoder().Decode(resp.Body, nil)
		if err != nil {
			t.Fatalf("turn %d: %v", i+1, err)
		}
		if !bytes.Contains(heard.Payload, []byte("bytes")) {
			t.Errorf("turn %d: heard %q", i+1, heard.Payload)
		}
	}
	say.Close()
	if err := <-c.ended; err != nil {
		t.Error(err)
	}
}

func TestWhatOnlyLooksLikeRustsEventsIsHeldToItsHash(t *testing.T) {
	for name, change := range map[string]func(r *http.Request, events []byte){
		"a length is told": func(r *http.Request, events []byte) { r.ContentLength = int64(len(events)) },
		"another kind of body": func(r *http.Request, events []byte) {
			r.Header.Set("Content-Type", "application/json")
		},
		"two kinds of body": func(r *http.Request, events []byte) {
			r.Header["Content-Type"] = []string{eventStream, eventStream}
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newConversation(t, speaking)
			r, events := c.rustsHead(t, 2)
			all := bytes.Join(events, nil)
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(all)), -1
			change(r, all)
			resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode/100 == 2 {
				t.Errorf("it was taken: %s", resp.Status)
			}
			if rec := c.record(t); rec.Sent.AccessKeyID != "" || rec.Decision.Allowed && rec.Err == nil {
				t.Errorf("it was sent: %v, %v", rec.Decision, rec.Err)
			}
			select {
			case err := <-c.ended:
				t.Errorf("the upstream has heard of it: %v", err)
			default:
			}
		})
	}
}

func TestRustsEventsAreHeldToTheirSignatures(t *testing.T) {
	c := newConversation(t, speaking)
	r, events := c.rustsHead(t, 2)
	events[0][120] ^= 1
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(bytes.Join(events, nil))), -1
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	if err == nil {
		_, err = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
	if err == nil && resp.StatusCode == http.StatusOK {
		t.Error("the client saw a whole answer")
	}
	select {
	case err := <-c.ended:
		if err == nil {
			t.Error("the upstream saw a whole stream")
		}
	case <-time.After(100 * time.Millisecond): // it was broken off before it began
	}
	if rec := c.record(t); rec.Err == nil && rec.Decision.Reason != proxy.BadSignature {
		t.Errorf("recorded: %v, %v", rec.Decision, rec.Err)
	}
}
