package sigv4

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	randv2 "math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/cryptotest"
	"testing/iotest"
	"time"

	httpcredentials "github.com/aws/smithy-go/aws-http-auth/credentials"
	"github.com/aws/smithy-go/aws-http-auth/sigv4a"
	httpv4 "github.com/aws/smithy-go/aws-http-auth/v4"
)

func TestKeyPairsAreThoseOfAWS(t *testing.T) {
	for _, dir := range asymmetricVectors(t) {
		b, err := os.ReadFile(filepath.Join(dir, "public-key.json"))
		if err != nil {
			t.Fatal(err)
		}
		var want struct{ X, Y string }
		if err := json.Unmarshal(b, &want); err != nil {
			t.Fatal(err)
		}
		pair, err := keyPair(readVector(t, dir, "header").credentials)
		if err != nil {
			t.Fatal(err)
		}
		point, err := pair.PublicKey.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		if got := hex.EncodeToString(point); got != "04"+want.X+want.Y {
			t.Errorf("%s: got %s, want 04%s%s", dir, got, want.X, want.Y)
		}
	}
	if _, err := keyPair(Credentials{AccessKeyID: "AKIDEXAMPLE"}); err == nil {
		t.Error("a key pair without a secret")
	}
}

// A signature of version 4A is another each time: the suite has two of each.
func TestVectorsVerifyByTheirOtherSignature(t *testing.T) {
	for _, dir := range asymmetricVectors(t) {
		for _, place := range []string{"header", "query"} {
			v := readVector(t, dir, place)
			other, err := os.ReadFile(filepath.Join(dir, place+"-signature.txt"))
			if err != nil {
				t.Fatal(err)
			}
			r, body, err := parse(v.request)
			if err != nil {
				t.Fatal(err)
			}
			s, err := Read(r)
			if err != nil {
				t.Fatal(err)
			}
			s.Value = strings.TrimSpace(string(other))
			if err := s.Verify(r, v.credentials, Options{Body: hash(body), Now: v.now}); err != nil {
				t.Errorf("%s: %v", v.name, err)
			}
		}
	}
}

// a4 has AWS's own signer for Go sign c, and returns it as a server gets it.
func (c call) a4(t testing.TB, regions ...string) *http.Request {
	t.Helper()
	u, err := url.Parse("http://" + c.host + c.target)
	if err != nil {
		t.Fatalf("no request that can be sent: %v", err)
	}
	out, err := http.NewRequestWithContext(context.Background(), c.method, u.String(), strings.NewReader(c.body))
	if err != nil {
		t.Fatal(err)
	}
	out.Header = c.header.Clone()
	in := &sigv4a.SignRequestInput{
		Request: out, RegionSet: regions, Time: signedAt, Service: "execute-api",
		Credentials: httpcredentials.Credentials{AccessKeyID: c.credentials.AccessKeyID, SecretAccessKey: c.credentials.SecretAccessKey, SessionToken: c.credentials.SessionToken},
	}
	sum := sha256.Sum256([]byte(c.body))
	in.PayloadHash = sum[:]
	if c.s3 {
		in.Service = "s3"
	}
	if c.presign {
		in.SignatureType = httpv4.SignatureTypeQueryString
		q := out.URL.Query()
		q.Set("X-Amz-Expires", "900")
		out.URL.RawQuery = q.Encode()
		if c.s3 {
			in.PayloadHash = httpv4.UnsignedPayload()
		}
	}
	signer := sigv4a.New(func(o *httpv4.SignerOptions) {
		o.DisableDoublePathEscape, o.AddPayloadHashHeader = c.s3, c.s3 && !c.presign
	})
	if err := signer.SignRequest(in); err != nil {
		t.Fatal(err)
	}
	var wire bytes.Buffer
	if err := out.Write(&wire); err != nil {
		t.Fatal(err)
	}
	r, err := http.ReadRequest(bufio.NewReader(&wire))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// someCalls are calls that AWS's signer and AWS agree on: it splits a query at
// semicolons, writes a space in one as a plus, sorts it before it is encoded,
// and leaves runs of spaces in headers.
func someCalls(n int) (all []call) {
	rnd := randv2.New(randv2.NewPCG(1, 2))
	for len(all) < n {
		c := someCall(rnd)
		path, _, _ := strings.Cut(c.target, "?")
		if _, err := url.ParseRequestURI(path); err != nil || strings.HasPrefix(path, "//") {
			continue
		}
		value := func() string {
			return strings.NewReplacer("%20", "", "+", "", ";", "", "&", "").Replace(someString(rnd, somePieces))
		}
		c.target = path + []string{"", "?acl", "?ka=" + value() + "&kb=" + value()}[rnd.IntN(3)]
		c.header = http.Header{}
		if v := someString(rnd, []string{"a", "é", "b c", "=", ","}); v != "" {
			c.header.Set("X-Amz-Meta-A", v)
		}
		all = append(all, c)
	}
	return all
}

func TestWhatAWSsSignerOf4ASignsVerifies(t *testing.T) {
	for _, c := range someCalls(200) {
		r := c.a4(t, "eu-west-1", "us-east-1")
		s, err := Read(r)
		if err != nil {
			t.Fatalf("%s: %v", r.RequestURI, err)
		}
		if got := strings.Join(s.Regions, " "); got != "eu-west-1 us-east-1" || s.Scope.Region != "" {
			t.Errorf("got regions %q and a scope in %q", got, s.Scope.Region)
		}
		o := Options{S3: c.s3, Body: hash([]byte(c.body)), Now: signedAt.Add(time.Minute), Keys: new(Keys)}
		for range 2 { // the second time by the key pair that was kept
			if err := s.Verify(r, c.credentials, o); err != nil {
				t.Errorf("%s %s %q: %v", r.Method, r.RequestURI, r.Header, err)
			}
		}
		for name, spoil := range map[string]func(*http.Request){
			"regions": func(r *http.Request) {
				r.Header.Set("X-Amz-Region-Set", "*")
				r.RequestURI = strings.Replace(r.RequestURI, "X-Amz-Region-Set=eu-west-1%2Cus-east-1", "X-Amz-Region-Set=eu-west-1", 1)
			},
			"host":   func(r *http.Request) { r.Host = "elsewhere" },
			"method": func(r *http.Request) { r.Method = "PATCH" },
			"path":   func(r *http.Request) { r.RequestURI = "/x" + r.RequestURI },
			"header": func(r *http.Request) { r.Header.Set("X-Amz-Acl", "public-read") },
		} {
			other := r.Clone(t.Context())
			spoil(other)
			s, err := Read(other)
			if err == nil {
				err = s.Verify(other, c.credentials, o)
			}
			if err == nil {
				t.Errorf("another %s: %s %s verifies", name, r.Method, r.RequestURI)
			}
		}
		for _, c2 := range []Credentials{{c.credentials.AccessKeyID, "another secret", c.credentials.SessionToken}, {"AKIDOTHER", c.credentials.SecretAccessKey, c.credentials.SessionToken}} {
			if err := s.Verify(r, c2, o); !errors.Is(err, ErrMismatch) {
				t.Errorf("under other credentials: got %v, want %v", err, ErrMismatch)
			}
		}
	}
}

// TestResignSignsAsAWSsSignerDoes gives both the same randomness: what they
// make of the same request is then the same, to the last digit.
func TestResignSignsAsAWSsSignerDoes(t *testing.T) {
	minted := Credentials{"ASIAMINTED", "another secret", "anothertoken"}
	for i, c := range someCalls(100) {
		r := c.a4(t, "*")
		s, err := Read(r)
		if err != nil {
			t.Fatal(err)
		}
		o := Options{S3: c.s3, Body: hash([]byte(c.body)), Now: signedAt}
		if c.s3 && c.presign {
			o.Body = ""
		}
		cryptotest.SetGlobalRandom(t, uint64(i))
		out, err := s.Resign(r, minted, o)
		if err != nil {
			t.Fatalf("%s: %v", r.RequestURI, err)
		}
		again, err := Read(r)
		if err != nil {
			t.Fatalf("%s: %v", r.RequestURI, err)
		}
		if err := again.Verify(r, minted, o); err != nil {
			t.Errorf("%s: %v", r.RequestURI, err)
		}
		if describe(again) != describe(out) || again.Value != out.Value {
			t.Errorf("got\n%s\nwant what was sent\n%s", describe(out), describe(again))
		}
		c.credentials = minted
		cryptotest.SetGlobalRandom(t, uint64(i))
		want, err := Read(c.a4(t, "*"))
		if err != nil {
			t.Fatal(err)
		}
		if describe(out) != describe(want) || out.Value != want.Value {
			t.Errorf("%s %s: got\n%s %s\nwant\n%s %s", r.Method, r.RequestURI, describe(out), out.Value, describe(want), want.Value)
		}
	}
}

func TestResignKeepsWhatWasSigned(t *testing.T) {
	c := call{
		method: "PUT", target: "/a//b?x-id=PutObject&tagging", host: "abc.mrap.accesspoint.s3-global.amazonaws.com", s3: true, credentials: someCredentials(),
		header: http.Header{"X-Amz-Acl": {"private"}, "Content-Type": {"text/plain"}},
	}
	r := c.a4(t, "eu-west-1")
	s, err := Read(r)
	if err != nil {
		t.Fatal(err)
	}
	s.Signed = []string{":authority", "content-length", "content-type", "host", "x-amz-acl"}
	r.Header.Set("X-Amz-Region-Set", "us-east-1") // which nobody signed
	s.Payload = StreamingUnsigned
	out, err := s.Resign(r, Credentials{AccessKeyID: "ASIAMINTED", SecretAccessKey: "another secret"}, Options{S3: true, Now: signedAt})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(out.Signed, " "), "content-type host x-amz-acl x-amz-content-sha256 x-amz-date x-amz-region-set"; got != want {
		t.Errorf("got %q signed, want %q", got, want)
	}
	if r.RequestURI != c.target {
		t.Errorf("got target %q, want %q", r.RequestURI, c.target)
	}
	if got := r.Header["X-Amz-Region-Set"]; len(got) != 1 || got[0] != "eu-west-1" {
		t.Errorf("got regions %q, want eu-west-1 alone", got)
	}
	if r.Header.Get("X-Amz-Security-Token") != "" {
		t.Error("the sealed token goes on")
	}
	four := &Signature{}
	if _, err := four.Resign(r, someCredentials(), Options{}); err == nil {
		t.Error("signs what is of version 4")
	}
	if _, err := s.Resign(r, Credentials{}, Options{S3: true}); err == nil {
		t.Error("signs with nothing")
	}
}

// frames4A are an upload's chunks under version 4A, step by step as AWS tells
// it: each signature over the one before without padding, and padded.
func frames4A(t testing.TB, u upload, seed *Signature) [][]byte {
	t.Helper()
	pair, err := keyPair(u.credentials)
	if err != nil {
		t.Fatal(err)
	}
	previous := seed.Value
	scope := seed.Time.Format("20060102T150405Z") + "\n" + seed.Scope.Date + "/s3/aws4_request\n"
	sign := func(text string) string {
		sum := sha256.Sum256([]byte(text))
		der, err := ecdsa.SignASN1(rand.Reader, pair, sum[:])
		if err != nil {
			t.Fatal(err)
		}
		previous = hex.EncodeToString(der)
		return previous + strings.Repeat("*", 144-len(previous))
	}
	frame := func(data []byte) []byte {
		sig := sign("AWS4-ECDSA-P256-SHA256-PAYLOAD\n" + scope + previous + "\n" + hash(nil) + "\n" + hash(data))
		return append([]byte(fmt.Sprintf("%x;chunk-signature=%s\r\n", len(data), sig)), data...)
	}
	var all [][]byte
	for rest := u.payload; len(rest) > 0; {
		n := min(u.sizes[0], len(rest))
		all = append(all, append(frame(rest[:n]), "\r\n"...))
		rest = rest[n:]
	}
	last := frame(nil)
	if len(u.trailer) > 0 {
		canonical := strings.Join(u.trailer, "\n") + "\n"
		last = append(last, strings.Join(u.trailer, "\r\n")+"\r\nx-amz-trailer-signature:"+sign("AWS4-ECDSA-P256-SHA256-TRAILER\n"+scope+previous+"\n"+hash([]byte(canonical)))+"\r\n"...)
	}
	return append(all, append(last, "\r\n"...))
}

// seed4A is the verified signature of a request that an upload goes with.
func seed4A(t testing.TB, u upload) (*http.Request, *Signature) {
	t.Helper()
	r := &http.Request{
		Method: "PUT", RequestURI: "/k", Host: "abc.mrap.accesspoint.s3-global.amazonaws.com",
		Header: http.Header{"X-Amz-Content-Sha256": {StreamingAsymmetric}, "X-Amz-Decoded-Content-Length": {fmt.Sprint(len(u.payload))}},
	}
	s := &Signature{Scope: Scope{Service: "s3"}, Asymmetric: true, Regions: []string{"*"}, Payload: StreamingAsymmetric}
	if len(u.trailer) > 0 {
		s.Payload = StreamingAsymmetricTrailer
		r.Header.Set("X-Amz-Content-Sha256", s.Payload)
		r.Header.Set("X-Amz-Trailer", "x-amz-checksum-crc32")
	}
	if _, err := s.Resign(r, u.credentials, Options{S3: true, Now: signedAt}); err != nil {
		t.Fatal(err)
	}
	s, err := Read(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(r, u.credentials, Options{S3: true, Now: signedAt}); !errors.Is(err, ErrChunks) {
		t.Fatalf("got %v, want %v", err, ErrChunks)
	}
	return r, s
}

func TestChunksOf4AAreReadAndGoOnUnderOtherSignatures(t *testing.T) {
	for _, u := range []upload{
		{sizes: []int{1}},
		{payload: somePayload(300_000), sizes: []int{128 << 10}},
		{payload: somePayload(300_000), sizes: []int{64 << 10}, trailer: []string{"x-amz-checksum-crc32:NhCmhg=="}},
		{payload: somePayload(20), sizes: []int{3}, trailer: []string{"x-amz-checksum-crc32:NhCmhg=="}},
	} {
		u.credentials = someCredentials()
		r, s := seed4A(t, u)
		wire := bytes.Join(frames4A(t, u, s), nil)
		for _, body := range []io.Reader{bytes.NewReader(wire), iotest.HalfReader(bytes.NewReader(wire)), iotest.DataErrReader(bytes.NewReader(wire))} {
			r.Body = io.NopCloser(body)
			c, err := s.Chunks(r, u.credentials, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(c); !bytes.Equal(got, u.payload) || err != nil {
				t.Errorf("got %d bytes, want %d: %v", len(got), len(u.payload), err)
			}
		}
		// Signed anew, it is as long, and verifies as what it then is.
		minted := u
		minted.credentials = Credentials{"ASIAMINTED", "another secret", "anothertoken"}
		out, seed := seed4A(t, minted)
		r.Body = io.NopCloser(bytes.NewReader(wire))
		c, err := s.Chunks(r, u.credentials, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.SignAnew(seed, minted.credentials); err != nil {
			t.Fatal(err)
		}
		anew, err := io.ReadAll(c)
		if len(anew) != len(wire) || err != nil {
			t.Fatalf("got %d bytes, want %d: %v", len(anew), len(wire), err)
		}
		out.Body = io.NopCloser(bytes.NewReader(anew))
		c, err = seed.Chunks(out, minted.credentials, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(c); !bytes.Equal(got, u.payload) || err != nil {
			t.Errorf("signed anew: got %d bytes, want %d: %v", len(got), len(u.payload), err)
		}
	}
}

func TestNothingOfABadChunkOf4AIsRead(t *testing.T) {
	u := upload{payload: somePayload(40_000), sizes: []int{10_000}, trailer: []string{"x-amz-checksum-crc32:NhCmhg=="}, credentials: someCredentials()}
	for name, test := range map[string]struct {
		change func(f [][]byte)
		whole  int
		err    string
	}{
		"a byte flipped":            {func(f [][]byte) { f[2][5000] ^= 1 }, 2, "chunk 3: the signature does not match"},
		"a signature flipped":       {func(f [][]byte) { f[2][40] ^= 1 }, 2, "chunk 3: the signature does not match"},
		"chunks swapped":            {func(f [][]byte) { f[2], f[3] = f[3], f[2] }, 2, "chunk 3: the signature does not match"},
		"a chunk twice":             {func(f [][]byte) { f[2] = f[1] }, 2, "chunk 3: the signature does not match"},
		"a chunk left out":          {func(f [][]byte) { f[2] = nil }, 2, "chunk 3: the signature does not match"},
		"padding alone":             {func(f [][]byte) { copy(f[2][21:], strings.Repeat("*", 144)) }, 2, "chunk 3: the signature does not match"},
		"a signature cut":           {func(f [][]byte) { f[2] = append(f[2][:21+142:21+142], f[2][21+144:]...) }, 2, "chunk 3: its size is not followed by its signature alone"},
		"a signature of version 4":  {func(f [][]byte) { f[2] = append([]byte("2710;chunk-signature="+hash(nil)), f[2][21+144:]...) }, 2, "chunk 3: "},
		"a trailer's value":         {func(f [][]byte) { f[4] = bytes.Replace(f[4], []byte("NhC"), []byte("NhD"), 1) }, 4, "chunk 5: the trailer: the signature does not match"},
		"a trailer's signature cut": {func(f [][]byte) { f[4] = append(f[4][:len(f[4])-5], "\r\n\r\n"...) }, 4, "chunk 5: the trailer: the signature does not match"},
		"more behind the last":      {func(f [][]byte) { f[4] = append(f[4], 'x') }, 4, "chunk 5: it is the last, and something is behind it"},
	} {
		r, s := seed4A(t, u)
		frames := frames4A(t, u, s)
		test.change(frames)
		r.Body = io.NopCloser(bytes.NewReader(bytes.Join(frames, nil)))
		c, err := s.Chunks(r, u.credentials, Options{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(c)
		if !errors.Is(err, ErrPayload) || !strings.Contains(err.Error(), test.err) {
			t.Errorf("%s: got %v, want %q", name, err, test.err)
		}
		if !bytes.Equal(got, u.payload[:10_000*test.whole]) {
			t.Errorf("%s: got %d bytes, want %d chunks", name, len(got), test.whole)
		}
	}
}
