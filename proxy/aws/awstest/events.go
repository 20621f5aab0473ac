package awstest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// event is one of an answer's, of a kind, with a JSON document.
func event(kind string, payload []byte) eventstream.Message {
	return eventstream.Message{Headers: eventstream.Headers{
		{Name: ":event-type", Value: eventstream.StringValue(kind)},
		{Name: ":content-type", Value: eventstream.StringValue("application/json")},
		{Name: ":message-type", Value: eventstream.StringValue("event")},
	}, Payload: payload}
}

// events answers with a stream of events. A chunk's document has its bytes in
// base64.
func events(w http.ResponseWriter, kind string, payloads ...[]byte) error {
	w.Header().Set("Content-Type", "application/vnd.amazon.eventstream")
	w.Header().Set("X-Amzn-Bedrock-Content-Type", "application/json")
	for _, p := range payloads {
		if kind == "chunk" {
			p = []byte(`{"bytes":"` + base64.StdEncoding.EncodeToString(p) + `"}`)
		}
		if err := eventstream.NewEncoder().Encode(w, event(kind, p)); err != nil {
			return err
		}
		http.NewResponseController(w).Flush()
	}
	return nil
}

// converse answers each event of a signed stream with one that has its payload,
// as soon as it comes: over HTTP/2, where both sides may speak at once.
func converse(w http.ResponseWriter, r *http.Request, s Signature) error {
	if r.ProtoMajor != 2 {
		return fmt.Errorf("a conversation by %s", r.Proto)
	}
	signer := v4.NewStreamSigner(s.Credentials, s.Service, s.Region, s.Value)
	w.Header().Set("Content-Type", "application/vnd.amazon.eventstream")
	w.WriteHeader(http.StatusOK)
	http.NewResponseController(w).Flush()
	for {
		outer, err := eventstream.NewDecoder().Decode(r.Body, nil)
		if err != nil {
			return fmt.Errorf("before the end of the conversation: %w", err)
		}
		date, _ := outer.Headers.Get(":date").(eventstream.TimestampValue)
		given, _ := outer.Headers.Get(":chunk-signature").(eventstream.BytesValue)
		var headers bytes.Buffer
		if err := eventstream.EncodeHeaders(&headers, eventstream.Headers{{Name: ":date", Value: date}}); err != nil {
			return err
		}
		want, err := signer.GetSignature(r.Context(), headers.Bytes(), outer.Payload, time.Time(date))
		if err != nil || !bytes.Equal(given, want) {
			return fmt.Errorf("an event's signature is %x, not %x: %v", []byte(given), want, err)
		}
		if len(outer.Payload) == 0 {
			if n, err := io.Copy(io.Discard, r.Body); n != 0 || err != nil {
				return fmt.Errorf("%d bytes behind the end of the conversation: %v", n, err)
			}
			return nil
		}
		inner, err := eventstream.NewDecoder().Decode(bytes.NewReader(outer.Payload), nil)
		if err != nil {
			return err
		}
		if err := eventstream.NewEncoder().Encode(w, event("chunk", inner.Payload)); err != nil {
			return err
		}
		http.NewResponseController(w).Flush()
	}
}

// stream answers for Kinesis, in JSON or in CBOR, as it was asked.
func (s *Strict) stream(w http.ResponseWriter, r *http.Request, body []byte) error {
	if r.TLS != nil && r.ProtoMajor < 2 && r.Header.Get("X-Amz-Target") == "" {
		return fmt.Errorf("no target by %s", r.Proto)
	}
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	if _, after, ok := strings.Cut(r.URL.Path, "/operation/"); ok { // RPC v2
		operation = after
		w.Header().Set("Smithy-Protocol", r.Header.Get("Smithy-Protocol"))
	}
	asked := r.Header.Get("Content-Type")
	binary := strings.Contains(asked, "cbor")
	w.Header().Set("Content-Type", asked)
	switch operation {
	case "PutRecord":
		answer := [][2]string{{"ShardId", "shardId-000000000000"}, {"SequenceNumber", "49590338271490256608559692538361571095921575989136588898"}}
		if binary {
			_, err := w.Write(cbor(answer))
			return err
		}
		return json.NewEncoder(w).Encode(map[string]string{answer[0][0]: answer[0][1], answer[1][0]: answer[1][1]})
	case "SubscribeToShard":
		w.Header().Set("Content-Type", "application/vnd.amazon.eventstream")
		first, next := []byte("{}"), []byte(`{"ContinuationSequenceNumber":"1","MillisBehindLatest":0,"Records":[]}`)
		opening, following := event("initial-response", first), event("SubscribeToShardEvent", next)
		if binary {
			next = append([]byte{0xa3}, cbor([][2]string{{"ContinuationSequenceNumber", "1"}})[1:]...)
			next = append(append(next, text("MillisBehindLatest")...), 0)
			next = append(append(next, text("Records")...), 0x80)
			opening, following = event("initial-response", []byte{0xa0}), event("SubscribeToShardEvent", next)
			for _, m := range []*eventstream.Message{&opening, &following} {
				m.Headers.Set(":content-type", eventstream.StringValue("application/cbor"))
			}
		}
		for _, m := range []eventstream.Message{opening, following} {
			if err := eventstream.NewEncoder().Encode(w, m); err != nil {
				return err
			}
			http.NewResponseController(w).Flush()
		}
		return nil
	}
	return fmt.Errorf("Kinesis has no %q here", operation)
}

// cbor writes a map of texts. (RFC 8949, section 3.1.)
func cbor(pairs [][2]string) []byte {
	b := []byte{0xa0 | byte(len(pairs))}
	for _, p := range pairs {
		b = append(append(b, text(p[0])...), text(p[1])...)
	}
	return b
}

func text(s string) []byte {
	head := []byte{0x78, byte(len(s))}
	if len(s) < 24 {
		head = []byte{0x60 | byte(len(s))}
	}
	return append(head, s...)
}
