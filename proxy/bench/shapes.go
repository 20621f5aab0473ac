package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

const (
	small  = 1 << 10
	medium = 5 << 20
	large  = 64 << 20
)

// A shape is a call.
type shape struct {
	method, key string
	body        int64 // bytes up
}

// get and put are calls that move n bytes. What is written goes to a key for
// each connection: one object is written by one call at a time.
func get(n int64) shape { return shape{"GET", fmt.Sprintf("in/%d", n), 0} }
func put(n int64) shape { return shape{"PUT", "out/", n} }

// A request is a shape's bytes, signed.
type request struct {
	head, body []byte
	want       int64 // bytes down
}

// requests signs a shape for each of n connections.
func (t *target) requests(ctx context.Context, s shape, n int) ([]request, error) {
	var all []request
	for i := range n {
		r, err := t.request(ctx, s, i)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

// request signs a shape for the i-th connection, with the headers that an SDK
// sends.
func (t *target) request(ctx context.Context, s shape, i int) (request, error) {
	target, want := "/bench/"+s.key, int64(0)
	switch {
	case s.key == "":
		target = "/bench"
	case s.key == "out/":
		target += fmt.Sprintf("%02d", i)
	case s.method == http.MethodGet:
		fmt.Sscanf(s.key, "in/%d", &want)
	}
	r, err := http.NewRequestWithContext(ctx, s.method, "http://"+t.host+target, nil)
	if err != nil {
		return request{}, err
	}
	hash := hashOf(s.body)
	r.Header.Set("X-Amz-Content-Sha256", hash)
	r.Header.Set("Amz-Sdk-Invocation-Id", "0b1f5c1e-8d1c-4a64-93a5-6f7f5b7a2d10")
	r.Header.Set("Amz-Sdk-Request", "attempt=1; max=3")
	r.ContentLength = s.body
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	if err := signer.SignHTTP(ctx, t.credentials, r, hash, "s3", region, time.Now()); err != nil {
		return request{}, err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: bench/1\r\nAccept-Encoding: identity\r\n", s.method, target, t.host)
	if s.method == http.MethodPut {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", s.body)
	}
	r.Header.Write(&b)
	b.WriteString("\r\n")
	return request{slices.Clip(b.Bytes()), zeros()[:s.body], want}, nil
}

// zeros are what every body is made of.
var zeros = sync.OnceValue(func() []byte { return make([]byte, large) })

var hashes sync.Map // of bodies, by length

func hashOf(n int64) string {
	if h, ok := hashes.Load(n); ok {
		return h.(string)
	}
	sum := sha256.Sum256(zeros()[:n])
	h := hex.EncodeToString(sum[:])
	hashes.Store(n, h)
	return h
}
