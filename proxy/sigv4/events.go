package sigv4

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"time"
)

// MaxEvent is the size of the largest event that is verified, since it has to
// be held for that: what the SDKs' decoders take. (Amazon Transcribe, whose
// events are the largest that are sent, takes 32 KiB of audio in one.)
const MaxEvent = 16 << 20

// The parts of an event: its length, that of its headers, the checksum of the
// two; the headers, the payload, and the checksum of all. The payload is the
// event proper, encoded so again; one without is the stream's end. The headers
// are the date and the signature. (Amazon Transcribe Developer Guide, "Event
// stream encoding" and "Setting up an HTTP/2 stream"; Smithy, "Amazon Event
// Stream specification".)
const (
	eventDate      = "\x05:date\x08"                 // a timestamp of eight bytes follows, in milliseconds
	eventSignature = "\x10:chunk-signature\x06\x00 " // a buffer of 32 bytes follows
	dateSize       = len(eventDate) + 8
	eventHeaders   = dateSize + len(eventSignature) + sha256.Size
	preludeSize    = 12
	eventFrame     = preludeSize + eventHeaders + 4 // without a payload
)

// An EventReader reads a body that is a stream of signed events. It yields
// nothing of an event before its signature has verified, and each as soon as it
// has: the other side may wait for it before it sends more. It does not end
// but behind the event that ends the stream, which has no payload, and nothing
// may follow that one.
//
// It yields the body as it came; or, after [EventReader.SignAnew], with each
// event under a date and a signature of its own.
//
// One event is held at a time, and little more of it than has come.
type EventReader struct {
	frames
	now  func() time.Time
	in   eventChain  // that the body came under
	out  *eventChain // that it goes on under; nil if it goes on as it came
	last bool        // the event that ends the stream was read
}

// Events returns a reader of r's body, which is a stream of events that are
// signed from s on. [Signature.Verify] has to have verified s over r with c, and
// returned [ErrChunks]: the first event's signature is made over s's.
//
// An error of the reader is of [ErrPayload] where the body is not the one that
// was signed, also of [ErrMismatch] where that is what a signature says, or of
// [ErrExpired] where its date is; else it is the body's own, or that of o.Hold.
func (s *Signature) Events(r *http.Request, c Credentials, o Options) (*EventReader, error) {
	switch {
	case s.Payload != StreamingEvents:
		return nil, fmt.Errorf("%w: payload mode %.60q is not that of signed events", ErrPayload, s.Payload)
	case s.Query:
		return nil, fmt.Errorf("%w: a presigned URL does not sign events", ErrPayload)
	case r.Body == nil || r.Body == http.NoBody:
		return nil, fmt.Errorf("%w: it is empty, and lacks the event that ends the stream", ErrPayload)
	case c.SecretAccessKey == "":
		return nil, errors.New("there is no secret access key to verify the events with")
	}
	e := &EventReader{frames: newFrames("event", r.Body, o), now: o.Clock}
	if e.now == nil {
		e.now = time.Now
	}
	e.ahead = preludeSize
	var err error
	e.in, err = newEventChain(s, c)
	return e, err
}

// SignAnew has e yield each event under a signature by cr, dated when it is
// read. The first is made over seed, which is the signature of the request that
// the body goes out with. SignAnew comes before the first Read.
func (e *EventReader) SignAnew(seed *Signature, cr Credentials) error {
	if cr.SecretAccessKey == "" || seed.Asymmetric {
		return errors.New("there is nothing to sign events with")
	}
	out, err := newEventChain(seed, cr)
	if err == nil {
		e.out = &out
	}
	return err
}

// Read implements [io.Reader].
func (e *EventReader) Read(p []byte) (int, error) { return e.yield(p, e.next) }

// next reads an event and verifies it. Behind the last it returns io.EOF.
func (e *EventReader) next() error {
	if len(e.buf) > small && e.have-e.frame < small {
		e.shrink() // a stream may last for hours, and its largest event does not
	}
	if err := e.turn(); err != nil {
		return err
	}
	for e.have == 0 && !e.ended {
		if err := e.read(small); err != nil {
			return err
		}
	}
	switch {
	case e.last && e.have > 0:
		return e.bad("the stream has ended, and something is behind it")
	case e.last:
		return io.EOF
	case e.have == 0:
		return e.bad("the event that ends the stream is missing")
	}
	if err := e.fill(preludeSize); err != nil {
		return err
	}
	size := binary.BigEndian.Uint32(e.buf)
	switch {
	case crc32.ChecksumIEEE(e.buf[:8]) != binary.BigEndian.Uint32(e.buf[8:]):
		return e.bad("the checksum of its beginning is wrong")
	case binary.BigEndian.Uint32(e.buf[4:]) != uint32(eventHeaders):
		return e.bad("its headers are not a date and a signature alone")
	case size < uint32(eventFrame):
		return e.bad("it is longer than it says")
	case size > MaxEvent+uint32(eventFrame):
		return e.bad("it is larger than the %d bytes that are verified at once; send smaller ones", MaxEvent)
	}
	if err := e.fill(int(size)); err != nil {
		return err
	}
	frame := e.buf[:size]
	if crc32.ChecksumIEEE(frame[:size-4]) != binary.BigEndian.Uint32(frame[size-4:]) {
		return e.bad("its checksum is wrong")
	}
	if err := e.verify(frame); err != nil {
		return err
	}
	e.last = len(frame) == eventFrame
	e.frame = len(frame)
	e.ready = frame
	return nil
}

// verify checks the signature of an event, and puts in its place the one under
// which it goes on.
func (e *EventReader) verify(frame []byte) error {
	headers, payload := frame[preludeSize:preludeSize+eventHeaders], frame[preludeSize+eventHeaders:len(frame)-4]
	date, sig := headers[:dateSize], headers[dateSize:]
	if bytes.HasPrefix(headers, []byte(eventSignature)) {
		sig, date = headers[:eventHeaders-dateSize], headers[eventHeaders-dateSize:]
	}
	millis, dated := bytes.CutPrefix(date, []byte(eventDate))
	given, signed := bytes.CutPrefix(sig, []byte(eventSignature))
	if !dated || !signed {
		return e.bad("its headers are not a date and a signature alone")
	}
	at, now := time.UnixMilli(int64(binary.BigEndian.Uint64(millis))).UTC(), e.now().UTC()
	if d := at.Sub(now); d > Skew || d < -Skew {
		return e.bad("%w", ErrExpired)
	}
	hash := sha256.Sum256(payload)
	if !hmac.Equal(e.in.sign(at, date, hash), given) {
		return e.bad("%w", ErrMismatch)
	}
	if e.out == nil {
		return nil
	}
	binary.BigEndian.PutUint64(millis, uint64(now.UnixMilli()))
	copy(given, e.out.sign(now, date, hash))
	binary.BigEndian.PutUint32(frame[len(frame)-4:], crc32.ChecksumIEEE(frame[:len(frame)-4]))
	return nil
}

// Format prints neither the keys that it verifies and signs with nor what it
// reads, whatever the verb.
func (e *EventReader) Format(f fmt.State, _ rune) { io.WriteString(f, "events") }

// An eventChain is the signatures of events, each of which is made over the one
// before it, under the key of its own date's day.
type eventChain struct {
	secret string
	scope  Scope
	key    *macKey // of scope
	last   []byte  // the signature before, in hexadecimal; the seed at first
	text   []byte
}

func newEventChain(seed *Signature, c Credentials) (eventChain, error) {
	if !isHash(seed.Value) {
		return eventChain{}, fmt.Errorf("%w: there is no signature that events could follow", ErrPayload)
	}
	return eventChain{secret: c.SecretAccessKey, scope: seed.Scope, last: []byte(seed.Value)}, nil
}

// sign returns the next event's signature: its date's header, encoded, and the
// hash of its payload are given. It is good until the next one's.
func (c *eventChain) sign(at time.Time, date []byte, payload [sha256.Size]byte) []byte {
	if day := at.Format("20060102"); c.key == nil || day != c.scope.Date {
		c.scope.Date = day
		signing := signingKey(c.secret, c.scope)
		c.key = &macKey{mac: hmac.New(sha256.New, signing[:])}
	}
	headers := sha256.Sum256(date)
	b := append(c.text[:0], algorithm+"-PAYLOAD\n"...)
	b = at.AppendFormat(b, basic)
	b = append(b, '\n')
	b = c.scope.append(b)
	b = append(b, '\n')
	b = append(b, c.last...)
	b = append(b, '\n')
	b = hex.AppendEncode(b, headers[:])
	b = append(b, '\n')
	c.text = hex.AppendEncode(b, payload[:])
	sum := c.key.of(c.text)
	hex.Encode(c.last, sum)
	return sum
}
