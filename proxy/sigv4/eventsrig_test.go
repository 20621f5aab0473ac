package sigv4

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// What frames and signs events here is the SDK's, which shares no code with the
// package.

// sealEvent is one event as the SDK sends it. payload is nil where it ends the
// stream.
func sealEvent(t testing.TB, signer *v4.StreamSigner, payload []byte, at time.Time, signatureFirst bool) []byte {
	t.Helper()
	date := eventstream.Header{Name: ":date", Value: eventstream.TimestampValue(at)}
	var headers bytes.Buffer
	if err := eventstream.EncodeHeaders(&headers, eventstream.Headers{date}); err != nil {
		t.Fatal(err)
	}
	sig, err := signer.GetSignature(context.Background(), headers.Bytes(), payload, at)
	if err != nil {
		t.Fatal(err)
	}
	m := eventstream.Message{Headers: eventstream.Headers{date, {Name: ":chunk-signature", Value: eventstream.BytesValue(sig)}}, Payload: payload}
	if signatureFirst {
		slices.Reverse(m.Headers)
	}
	return encodeEvent(t, m)
}

func encodeEvent(t testing.TB, m eventstream.Message) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := eventstream.NewEncoder().Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// innerEvent is what a service reads.
func innerEvent(t testing.TB, audio []byte) []byte {
	return encodeEvent(t, eventstream.Message{
		Headers: eventstream.Headers{{Name: ":event-type", Value: eventstream.StringValue("AudioEvent")}, {Name: ":message-type", Value: eventstream.StringValue("event")}},
		Payload: audio,
	})
}

func eventSigner(t testing.TB, c Credentials, seed *Signature) *v4.StreamSigner {
	t.Helper()
	raw, err := hex.DecodeString(seed.Value)
	if err != nil {
		t.Fatal(err)
	}
	return v4.NewStreamSigner(aws.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey}, seed.Scope.Service, seed.Scope.Region, raw)
}

// streamRequest is a request that a stream goes with, verified, and its seed.
func streamRequest(t testing.TB) (*http.Request, *Signature) {
	t.Helper()
	c := call{
		method: "POST", target: "/stream-transcription", host: "transcribestreaming.eu-west-1.amazonaws.com", payload: StreamingEvents, credentials: someCredentials(),
		header: http.Header{"Content-Type": {"application/vnd.amazon.eventstream"}},
	}
	r, s := c.signature(t)
	if err := s.Verify(r, c.credentials, Options{Now: signedAt}); !errors.Is(err, ErrChunks) {
		t.Fatalf("got %v, want %v", err, ErrChunks)
	}
	return r, s
}

// sealedStream is a stream of n events and its end, one after another.
func sealedStream(t testing.TB, c Credentials, seed *Signature, at time.Time, sizes ...int) [][]byte {
	t.Helper()
	signer := eventSigner(t, c, seed)
	var all [][]byte
	for i, n := range sizes {
		all = append(all, sealEvent(t, signer, innerEvent(t, somePayload(n)), at.Add(time.Duration(i)*123*time.Millisecond), i%2 == 1))
	}
	return append(all, sealEvent(t, signer, nil, at, false))
}

func clock(at time.Time) func() time.Time { return func() time.Time { return at } }

// checkStream decodes a stream with the SDK and signs it again: it is whole, and
// each event under c.
func checkStream(t testing.TB, stream []byte, c Credentials, seed *Signature, sizes []int) {
	t.Helper()
	signer := eventSigner(t, c, seed)
	body := bytes.NewReader(stream)
	for i := 0; body.Len() > 0; i++ {
		m, err := eventstream.NewDecoder().Decode(body, nil)
		if err != nil {
			t.Fatalf("event %d: %v", i+1, err)
		}
		date, ok := m.Headers.Get(":date").(eventstream.TimestampValue)
		sig, ok2 := m.Headers.Get(":chunk-signature").(eventstream.BytesValue)
		if !ok || !ok2 || len(m.Headers) != 2 {
			t.Fatalf("event %d: headers %v", i+1, m.Headers)
		}
		var headers bytes.Buffer
		if err := eventstream.EncodeHeaders(&headers, eventstream.Headers{{Name: ":date", Value: date}}); err != nil {
			t.Fatal(err)
		}
		want, err := signer.GetSignature(context.Background(), headers.Bytes(), m.Payload, time.Time(date))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(sig, want) {
			t.Errorf("event %d: got signature %x, want %x", i+1, []byte(sig), want)
		}
		if i == len(sizes) {
			if len(m.Payload) != 0 || body.Len() != 0 {
				t.Errorf("event %d is the last: it has %d bytes, and %d are behind it", i+1, len(m.Payload), body.Len())
			}
			return
		}
		if want := innerEvent(t, somePayload(sizes[i])); !bytes.Equal(m.Payload, want) {
			t.Errorf("event %d: got %d bytes, want %d", i+1, len(m.Payload), len(want))
		}
	}
	t.Errorf("the stream does not end behind %d events", len(sizes))
}
