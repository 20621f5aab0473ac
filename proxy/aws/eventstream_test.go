package aws

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"github.com/lambda-remit/remit/proxy"
	"github.com/lambda-remit/remit/proxy/aws/awstest"
	"github.com/lambda-remit/remit/proxy/sigv4"
)

const speaking = `
function: speaks
credentials: {role: "` + awstest.RoleARN + `"}
allow:
  - {actions: bedrock:InvokeModel, resources: "*"}
`

// A conversation is a proxy whose upstream takes streams of events, over HTTP/2
// as AWS does, and answers each with its own bytes. The SDK's own signer and
// decoder judge what arrives.
type conversation struct {
	*chunked
	ended chan error // of each stream: nil if it ended as it should
}

func newConversation(t testing.TB, manifest string) *conversation {
	t.Helper()
	c := &conversation{chunked: &chunked{rig: newRig(t, manifest)}, ended: make(chan error, 10)}
	upstream := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := c.converse(w, r)
		c.ended <- err
		if err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
		}
	}))
	upstream.EnableHTTP2 = true
	upstream.StartTLS()
	t.Cleanup(upstream.Close)
	transport := &http.Transport{
		DisableCompression: true, ExpectContinueTimeout: time.Second, ForceAttemptHTTP2: true,
		TLSClientConfig: &tls.Config{RootCAs: upstream.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, ServerName: "example.com"},
	}
	t.Cleanup(transport.CloseIdleConnections)
	u, err := url.Parse(upstream.URL)
	if err != nil {
		t.Fatal(err)
	}
	c.manifest.Upstreams["bedrock"], c.Transport = u, transport
	c.serve(t)
	return c
}

func (c *conversation) converse(w http.ResponseWriter, r *http.Request) error {
	s, err := sigv4.Read(r)
	if err != nil {
		return err
	}
	c.rig.mu.Lock()
	m, ok := c.minted[s.AccessKeyID]
	c.rig.mu.Unlock()
	if err := s.Verify(r, sigv4.Credentials{AccessKeyID: m.AccessKeyID, SecretAccessKey: m.SecretAccessKey, SessionToken: m.SessionToken}, sigv4.Options{}); !ok || !errors.Is(err, sigv4.ErrChunks) || r.ProtoMajor != 2 {
		return fmt.Errorf("%s: issued: %v: %v", r.Proto, ok, err)
	}
	seed, err := hex.DecodeString(s.Value)
	if err != nil {
		return err
	}
	signer := v4.NewStreamSigner(m, s.Scope.Service, s.Scope.Region, seed)
	w.Header().Set("Content-Type", "application/vnd.amazon.eventstream")
	w.WriteHeader(http.StatusOK)
	http.NewResponseController(w).Flush()
	for {
		event, err := eventstream.NewDecoder().Decode(r.Body, nil)
		if err != nil {
			return fmt.Errorf("before the end of the stream: %w", err)
		}
		date, _ := event.Headers.Get(":date").(eventstream.TimestampValue)
		given, _ := event.Headers.Get(":chunk-signature").(eventstream.BytesValue)
		var headers bytes.Buffer
		if err := eventstream.EncodeHeaders(&headers, eventstream.Headers{{Name: ":date", Value: date}}); err != nil {
			return err
		}
		want, err := signer.GetSignature(context.Background(), headers.Bytes(), event.Payload, time.Time(date))
		if err != nil || !bytes.Equal(given, want) {
			return fmt.Errorf("signature %x, want %x: %v", []byte(given), want, err)
		}
		if len(event.Payload) == 0 {
			n, err := io.Copy(io.Discard, r.Body)
			if n != 0 || err != nil {
				return fmt.Errorf("%d bytes behind the end: %w", n, err)
			}
			return nil
		}
		inner, err := eventstream.NewDecoder().Decode(bytes.NewReader(event.Payload), nil)
		if err != nil {
			return err
		}
		inner.Headers.Set(":event-type", eventstream.StringValue("chunk"))
		if err := eventstream.NewEncoder().Encode(w, inner); err != nil {
			return err
		}
		http.NewResponseController(w).Flush()
	}
}

// speak opens a stream by the Go SDK's client, over HTTP/2 without TLS.
func (c *conversation) speak(t testing.TB) (*bedrockruntime.InvokeModelWithBidirectionalStreamEventStream, error) {
	t.Helper()
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: protocols}
	t.Cleanup(transport.CloseIdleConnections)
	client := bedrockruntime.New(bedrockruntime.Options{
		Region: "eu-west-1", BaseEndpoint: sdk.String("http://" + c.address), HTTPClient: &http.Client{Transport: transport}, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(sealed.AccessKeyID, sealed.SecretAccessKey, sealed.SessionToken),
	})
	out, err := client.InvokeModelWithBidirectionalStream(t.Context(), &bedrockruntime.InvokeModelWithBidirectionalStreamInput{ModelId: sdk.String("amazon.nova-sonic-v1:0")})
	if err != nil {
		return nil, err
	}
	return out.GetStream(), nil
}

// TestAConversationGoesBothWaysByTurns has a real client say something only
// once it has heard the answer to what it said before.
func TestAConversationGoesBothWaysByTurns(t *testing.T) {
	c := newConversation(t, speaking)
	stream, err := c.speak(t)
	if err != nil {
		t.Fatal(err)
	}
	for i, size := range []int{1, 1000, 32 << 10, 1 << 20, 10} {
		said := bytes.Repeat([]byte{byte('a' + i)}, size)
		if err := stream.Send(t.Context(), &types.InvokeModelWithBidirectionalStreamInputMemberChunk{Value: types.BidirectionalInputPayloadPart{Bytes: said}}); err != nil {
			t.Fatal(err)
		}
		select {
		case event := <-stream.Events():
			heard, ok := event.(*types.InvokeModelWithBidirectionalStreamOutputMemberChunk)
			if !ok || !bytes.Equal(heard.Value.Bytes, said) {
				t.Fatalf("turn %d: got %T, %v", i+1, event, stream.Err())
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("turn %d: no answer", i+1)
		}
	}
	if err := stream.Close(); err != nil {
		t.Error(err)
	}
	if err := <-c.ended; err != nil {
		t.Error(err)
	}
	asked := c.sts.Asked()
	if policy := asked[len(asked)-1].Policy; !strings.Contains(policy, "bedrock:InvokeModel") {
		t.Errorf("the session policy is %s", policy)
	}
	c.room.mu.Lock()
	defer c.room.mu.Unlock()
	if held := c.room.taken; held != 0 {
		t.Errorf("%d bytes are held by nobody", held)
	}
}

func TestAConversationThatIsNotGrantedDoesNotBegin(t *testing.T) {
	c := newConversation(t, thumbnails)
	stream, err := c.speak(t)
	if err == nil { // it hears of it once it waits for an answer
		for range stream.Events() {
		}
		err = stream.Err()
		stream.Close()
	}
	var denied *types.AccessDeniedException
	if !errors.As(err, &denied) {
		t.Fatalf("got %v, want %T", err, denied)
	}
	if len(c.ended) != 0 {
		t.Error("the upstream has heard of it")
	}
}

// said returns so many signed events, and the empty one that ends a stream.
func said(t testing.TB, creds sdk.Credentials, seed []byte, now time.Time, n int) (events [][]byte) {
	t.Helper()
	signer := v4.NewStreamSigner(creds, "bedrock", "eu-west-1", seed)
	for i := range n + 1 {
		var inner bytes.Buffer
		if i < n {
			text, err := json.Marshal(map[string]string{"bytes": base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{byte(i)}, 100))})
			if err != nil {
				t.Fatal(err)
			}
			m := eventstream.Message{Headers: eventstream.Headers{{Name: ":event-type", Value: eventstream.StringValue("chunk")}, {Name: ":message-type", Value: eventstream.StringValue("event")}}, Payload: text}
			if err := eventstream.NewEncoder().Encode(&inner, m); err != nil {
				t.Fatal(err)
			}
		}
		date := eventstream.Header{Name: ":date", Value: eventstream.TimestampValue(now)}
		var headers, event bytes.Buffer
		if err := eventstream.EncodeHeaders(&headers, eventstream.Headers{date}); err != nil {
			t.Fatal(err)
		}
		sig, err := signer.GetSignature(t.Context(), headers.Bytes(), inner.Bytes(), now)
		if err != nil {
			t.Fatal(err)
		}
		m := eventstream.Message{Headers: eventstream.Headers{date, {Name: ":chunk-signature", Value: eventstream.BytesValue(sig)}}, Payload: inner.Bytes()}
		if err := eventstream.NewEncoder().Encode(&event, m); err != nil {
			t.Fatal(err)
		}
		events = append(events, event.Bytes())
	}
	return events
}

// TestASpoiltEventBreaksTheConversationOff has a proxy between client and
// proxy, so to speak, that changes what a client has signed.
func TestASpoiltEventBreaksTheConversationOff(t *testing.T) {
	for name, spoil := range map[string]func(events [][]byte) [][]byte{
		"changed":       func(e [][]byte) [][]byte { e[1][120] ^= 1; return e },
		"replayed":      func(e [][]byte) [][]byte { e[2] = e[1]; return e },
		"doubled":       func(e [][]byte) [][]byte { return append(e[:2:2], e[1], e[2], e[3]) },
		"reordered":     func(e [][]byte) [][]byte { e[1], e[2] = e[2], e[1]; return e },
		"dropped":       func(e [][]byte) [][]byte { return append(e[:1:1], e[2:]...) },
		"without end":   func(e [][]byte) [][]byte { return e[:3] },
		"more behind":   func(e [][]byte) [][]byte { return append(e, []byte("more")) },
		"nothing of it": func(e [][]byte) [][]byte { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			c := newConversation(t, speaking)
			r, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+c.address+"/model/amazon.nova-sonic-v1%3A0/invoke-with-bidirectional-stream", nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/vnd.amazon.eventstream")
			r.Header.Set("X-Amz-Content-Sha256", sigv4.StreamingEvents)
			creds := sdk.Credentials{AccessKeyID: sealed.AccessKeyID, SecretAccessKey: sealed.SecretAccessKey, SessionToken: sealed.SessionToken}
			now := time.Now().UTC()
			if err := v4.NewSigner().SignHTTP(t.Context(), creds, r, sigv4.StreamingEvents, "bedrock", "eu-west-1", now); err != nil {
				t.Fatal(err)
			}
			_, value, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
			seed, err := hex.DecodeString(value)
			if err != nil {
				t.Fatal(err)
			}
			events := said(t, creds, seed, now, 3)
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(bytes.Join(spoil(events), nil))), -1
			resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
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
			rec := c.record(t)
			if rec.Call == nil || rec.Call.Operation != "InvokeModelWithBidirectionalStream" || len(rec.Call.Requests) == 0 || rec.Sent.AccessKeyID == "" {
				t.Errorf("nothing was sent: %v, %v", rec.Decision.Reason, rec.Err)
			}
			if rec.Err == nil && rec.Decision.Reason != proxy.BadSignature {
				t.Errorf("recorded: %v, %v", rec.Decision, rec.Err)
			}
		})
	}
}
