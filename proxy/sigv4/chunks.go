package sigv4

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// MaxChunk is the size of the largest chunk that is verified, since it has to
// be held for that: 32 times what AWS's SDKs send. AWS documents no largest.
// (The smallest that S3 takes is 8 KiB, but for the last one's, which S3 sees
// to itself.)
const MaxChunk = 4 << 20

// A ChunkReader reads a body that is signed chunk by chunk. It yields nothing
// of a chunk before its signature has verified, and does not end before all of
// the body has: the last chunk, the trailer, the length that was promised.
//
// It yields the payload; or, after [ChunkReader.SignAnew], the body as it
// came, byte for byte but for the signatures.
//
// One chunk is held at a time, and little more of it than has come.
type ChunkReader struct {
	frames
	in      *chain   // that the body came under
	out     *chain   // that it goes on under; nil if the payload is read
	left    uint64   // of the decoded length
	trailer bool     // there is one
	names   []string // in the trailer, sorted
}

// Chunks returns a reader of r's body, which is signed chunk by chunk from s
// on. [Signature.Verify] has to have verified s over r with c, and returned
// [ErrChunks]: the first chunk's signature is made over s's.
//
// An error of the reader is of [ErrPayload] where the body is not the one that
// was signed, also of [ErrMismatch] where that is what a signature says; else
// it is the body's own, or that of o.Hold.
//
// Framing is strict. Sizes are hexadecimal without leading zeros, extensions
// other than the signature are refused, lines end in CRLF. Each name that
// X-Amz-Trailer announces stands in the trailer once, in lower case, and no
// other does. A line feed before a trailer line's CRLF, as minio-go writes it,
// is the one exception.
func (s *Signature) Chunks(r *http.Request, c Credentials, o Options) (*ChunkReader, error) {
	trailer := s.Payload == StreamingSignedTrailer || s.Payload == StreamingAsymmetricTrailer
	switch {
	case !trailer && s.Payload != StreamingSigned && s.Payload != StreamingAsymmetric:
		return nil, fmt.Errorf("%w: payload mode %.60q is not one of signed chunks", ErrPayload, s.Payload)
	case s.Query:
		return nil, fmt.Errorf("%w: a presigned URL does not sign chunks", ErrPayload)
	case r.Body == nil || r.Body == http.NoBody:
		return nil, fmt.Errorf("%w: it is empty, and lacks the last chunk", ErrPayload)
	}
	length, err := single(r.Header, "X-Amz-Decoded-Content-Length")
	if err != nil {
		return nil, err
	}
	left, err := strconv.ParseUint(length, 10, 63)
	if err != nil || len(length) > 1 && length[0] == '0' {
		return nil, fmt.Errorf("X-Amz-Decoded-Content-Length %.40q is not a number; a body in chunks has to say how long it is without them", length)
	}
	names, err := trailerNames(r.Header["X-Amz-Trailer"])
	switch {
	case err != nil:
		return nil, err
	case trailer && len(names) == 0:
		return nil, fmt.Errorf("payload mode %s needs an X-Amz-Trailer header", s.Payload)
	case !trailer && len(names) > 0:
		return nil, fmt.Errorf("X-Amz-Trailer announces a trailer, and payload mode %s has none", s.Payload)
	}
	key, err := s.key(c, o.Keys)
	if err != nil {
		return nil, fmt.Errorf("%w to verify the chunks with", err)
	}
	cr := &ChunkReader{frames: newFrames("chunk", r.Body, o), in: newChain(s, key), left: left, trailer: trailer, names: names}
	cr.ahead = 1 + cr.headEnd() + digits
	return cr, nil
}

// trailerNames reads X-Amz-Trailer.
func trailerNames(values []string) ([]string, error) {
	var names []string
	for _, value := range values {
		for name := range strings.SplitSeq(value, ",") {
			name = strings.ToLower(strings.Trim(name, " \t"))
			if !isName(name) || name+":" == trailerName || slices.Contains(names, name) {
				return nil, fmt.Errorf("X-Amz-Trailer %.80q names no trailer, or one twice", value)
			}
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// SignAnew has c yield the body as it came, each chunk and the trailer under a
// signature by cr. The first is made over seed, which is the signature of the
// request that the body goes out with. As signatures are all of one length, so
// is the body. SignAnew comes before the first Read.
func (c *ChunkReader) SignAnew(seed *Signature, cr Credentials) error {
	if cr.SecretAccessKey == "" || seed.Value == "" || seed.Asymmetric != c.in.seed.Asymmetric {
		return errors.New("there is nothing to sign chunks with")
	}
	key, err := seed.key(cr, nil)
	if err != nil {
		return err
	}
	c.out = newChain(seed, key)
	return nil
}

// Read implements [io.Reader].
func (c *ChunkReader) Read(p []byte) (int, error) { return c.yield(p, c.next) }
