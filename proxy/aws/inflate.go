package aws

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// maxInflated is how many times its length a compressed body may be, once it is
// large: deflate packs a thousand zeros into a byte, and metrics forty bytes.
const (
	maxInflated   = 200
	largeInflated = 1 << 20
)

// compressed is the operation whose body SDKs compress, of the service that in
// goes to: there is one in all of AWS. Elsewhere a service may read the body as
// it comes, whatever its header says, and a form can be read in both ways.
// (Smithy, "requestCompression trait"; Amazon CloudWatch API Reference,
// PutMetricData.)
func (in *input) compressed() string {
	if cmp.Or(in.scope.Service, in.place.service) == "monitoring" {
		return "PutMetricData"
	}
	return ""
}

// inflate returns the text of a body that is compressed.
func (in *input) inflate(encodings []string) ([]byte, error) {
	if in.hasPlain {
		return in.plain, nil
	}
	// Of two headers the first may be empty: all of them count.
	if in.compressed() == "" || !slices.Equal(encodings, []string{"gzip"}) {
		return nil, fmt.Errorf("content-encoding %.80q of a body that has to be read", strings.Join(encodings, ", "))
	}
	body, err := in.raw()
	if err != nil {
		return nil, err
	}
	// The flags announce names, comments and more that stand in the head, and are
	// read by some and passed over by others. No SDK writes them. (RFC 1952,
	// section 2.3.1.)
	if len(body) < 10 || body[3] != 0 {
		return nil, errors.New("the body is no plain gzip")
	}
	rest := bytes.NewReader(body)
	z, err := gzip.NewReader(rest)
	if err != nil {
		return nil, fmt.Errorf("the body is no gzip: %w", err)
	}
	z.Multistream(false)
	limit := min(maxBody, max(largeInflated, maxInflated*len(body)))
	if limit > largeInflated {
		if err := in.spend(int64(limit)); err != nil {
			return nil, err
		}
	}
	plain, err := in.room.hold(in.r.Context(), io.LimitReader(z, int64(limit)+1), -1)
	switch {
	case err != nil:
		return nil, fmt.Errorf("the body is no gzip: %w", err)
	case len(plain) > limit:
		return nil, fmt.Errorf("the body's %d bytes inflate to more than the %d that are read", len(body), limit)
	case rest.Len() > 0:
		return nil, errors.New("the body goes on after its gzip")
	}
	in.plain, in.hasPlain = plain, true
	return plain, nil
}

// inflated refuses an operation whose body was compressed and which does not
// have it so.
func (in *input) inflated(operation string) error {
	if !in.hasPlain || operation == in.compressed() {
		return nil
	}
	return fmt.Errorf("the body of operation %.60q is compressed, which AWS does not read", operation)
}
