package sigv4

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// aCall is signed in its header by the SDK, and states no payload.
func aCall() call {
	return call{method: "POST", target: "/items?limit=5", host: "api.example.com", body: "hello", credentials: someCredentials()}
}

func (c call) signature(t testing.TB) (*http.Request, *Signature) {
	t.Helper()
	r, err := c.sign(t)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Read(r)
	if err != nil {
		t.Fatal(err)
	}
	return r, s
}

func TestSignaturesAreGoodForFifteenMinutesAndURLsUntilTheyExpire(t *testing.T) {
	for _, test := range []struct {
		presign bool
		now     time.Duration
		want    error
	}{
		{false, 0, nil},
		{false, 15 * time.Minute, nil},
		{false, 15*time.Minute + time.Second, ErrExpired},
		{false, -15 * time.Minute, nil},
		{false, -15*time.Minute - time.Second, ErrExpired},
		{false, 24 * time.Hour, ErrExpired},
		{true, 900 * time.Second, nil}, // as the URL says
		{true, 901 * time.Second, ErrExpired},
		{true, -15 * time.Minute, nil},
		{true, -15*time.Minute - time.Second, ErrExpired},
	} {
		c := aCall()
		c.presign = test.presign
		r, s := c.signature(t)
		if err := s.Verify(r, c.credentials, Options{Body: hash([]byte(c.body)), Now: signedAt.Add(test.now)}); !errors.Is(err, test.want) {
			t.Errorf("presigned = %v, %s after signing: got %v, want %v", test.presign, test.now, err, test.want)
		}
	}
}

func TestNowIsTheClockUnlessItIsGiven(t *testing.T) {
	c := aCall()
	r, s := c.signature(t)
	if err := s.Verify(r, c.credentials, Options{Body: hash([]byte(c.body))}); !errors.Is(err, ErrExpired) && time.Since(signedAt).Abs() > Skew {
		t.Errorf("got %v, want %v", err, ErrExpired)
	}
}

func TestTheBodyIsTheOneThatWasSigned(t *testing.T) {
	const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	hello := hash([]byte("hello"))
	for _, test := range []struct {
		payload     string
		s3, presign bool
		body        string
		want        error
	}{
		{"", false, false, hello, nil},
		{"", false, false, "", ErrPayload},
		{"", false, false, "hello", ErrPayload}, // no hash
		{"", false, false, empty, ErrMismatch},
		{"", false, true, hello, nil},
		{"", false, true, "", ErrPayload},
		{"", true, false, hello, nil},
		{"", true, false, "", ErrPayload},
		{"", true, true, "", nil}, // a presigned URL of S3
		{"", true, true, empty, nil},
		{hello, true, false, "", nil}, // the service checks it
		{hello, true, false, hello, nil},
		{hello, true, false, empty, ErrPayload},
		{hello, false, false, empty, ErrPayload},
		{Unsigned, true, false, "", nil},
		{Unsigned, true, false, empty, nil},
		{Unsigned, true, true, "", nil},
		{StreamingUnsigned, true, false, "", nil},
		{StreamingSigned, true, false, "", ErrChunks},
	} {
		c := aCall()
		c.payload, c.s3, c.presign = test.payload, test.s3, test.presign
		r, s := c.signature(t)
		if s.Payload != test.payload {
			t.Errorf("%+v: read payload %q", test, s.Payload)
		}
		if err := s.Verify(r, c.credentials, Options{S3: c.s3, Body: test.body, Now: signedAt}); !errors.Is(err, test.want) {
			t.Errorf("%+v: got %v", test, err)
		}
	}
}

func TestEveryAmzHeaderHasToBeSigned(t *testing.T) {
	for _, test := range []struct {
		name    string
		presign bool
		want    bool
	}{
		{"X-Amz-Acl", false, false},
		{"X-Amz-Acl", true, false},
		{"x-amz-acl", false, false}, // as no server of Go's leaves it
		{"X-Amz-Copy-Source", true, false},
		{"X-Amz-Content-Sha256", true, false},
		{"X-Amz-User-Agent", false, true},
		{"X-Amz-User-Agent", true, true},
		{"X-Amzn-Trace-Id", false, true},
		{"Amz-Sdk-Request", false, true},
		{"Content-Type", false, true},
	} {
		c := aCall()
		c.presign = test.presign
		r, _ := c.signature(t)
		r.Header[test.name] = []string{Unsigned}
		if err := c.verify(r); (err == nil) != test.want {
			t.Errorf("%s added, presigned = %v: got %v, want accepted = %v", test.name, test.presign, err, test.want)
		}
	}
}

func TestTheErrorNamesTheHeader(t *testing.T) {
	c := aCall()
	r, _ := c.signature(t)
	r.Header.Set("X-Amz-Acl", "private")
	if err := c.verify(r); !errors.Is(err, ErrMismatch) || !strings.Contains(err.Error(), `"x-amz-acl"`) {
		t.Errorf("unsigned header: got %v", err)
	}
	c.header = http.Header{"X-Amz-Acl": {"private"}}
	r, _ = c.signature(t)
	r.Header.Del("X-Amz-Acl")
	if err := c.verify(r); !errors.Is(err, ErrMismatch) || !strings.Contains(err.Error(), `"x-amz-acl"`) {
		t.Errorf("missing header: got %v", err)
	}
}

func TestTheTokenIsTheAccessKeys(t *testing.T) {
	for _, test := range []struct {
		sent, honoured string
		want           error
	}{
		{"", "", nil},
		{"token", "token", nil},
		{"token", "", ErrToken},
		{"", "token", ErrToken},
		{"token", "tokem", ErrToken},
	} {
		for _, presign := range []bool{false, true} {
			c := aCall()
			c.presign = presign
			c.credentials.SessionToken = test.sent
			r, _ := c.signature(t)
			c.credentials.SessionToken = test.honoured
			if err := c.verify(r); !errors.Is(err, test.want) {
				t.Errorf("%+v, presigned = %v: got %v", test, presign, err)
			}
		}
	}
}

func TestNothingVerifiesWithoutASecret(t *testing.T) {
	c := aCall()
	c.credentials.SecretAccessKey = ""
	r, s := c.signature(t)
	if s.Verify(r, c.credentials, Options{Body: hash([]byte(c.body)), Now: signedAt}) == nil {
		t.Error("a signature by an empty secret verifies")
	}
	if s.Verify(r, Credentials{}, Options{Body: hash([]byte(c.body)), Now: signedAt}) == nil {
		t.Error("a signature verifies with no credentials")
	}
	if new(Signature).Verify(r, someCredentials(), Options{Body: hash([]byte(c.body)), Now: signedAt}) == nil {
		t.Error("an empty signature verifies")
	}
}

func TestTheRequestIsReadAsItStandsWhenItIsVerified(t *testing.T) {
	c := aCall()
	r, s := c.signature(t)
	r.RequestURI = "/items?limit=6"
	if err := s.Verify(r, c.credentials, Options{Body: hash([]byte(c.body)), Now: signedAt}); !errors.Is(err, ErrMismatch) {
		t.Errorf("got %v, want %v", err, ErrMismatch)
	}
}

func TestKeysAreKeptAndBounded(t *testing.T) {
	var keys Keys
	c := aCall()
	r, s := c.signature(t)
	o := Options{Body: hash([]byte(c.body)), Now: signedAt, Keys: &keys}
	for range 2 {
		if err := s.Verify(r, c.credentials, o); err != nil {
			t.Fatal(err)
		}
		if len(keys.kept) != 1 {
			t.Fatalf("got %d keys, want 1", len(keys.kept))
		}
	}
	other := c.credentials
	other.SecretAccessKey = "another secret of the same access key"
	if err := s.Verify(r, other, o); !errors.Is(err, ErrMismatch) {
		t.Errorf("another secret: got %v, want %v", err, ErrMismatch)
	}
	if len(keys.kept) != 1 {
		t.Errorf("a key that verified nothing is kept")
	}
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for j := range maxKeys {
				scope := Scope{"20261121", "eu-west-1", fmt.Sprint(i, j)}
				keys.put("secret", scope, signingKey("secret", scope))
				keys.get("secret", scope)
			}
		})
	}
	wg.Wait()
	if len(keys.kept) > maxKeys {
		t.Errorf("got %d keys, want at most %d", len(keys.kept), maxKeys)
	}
	if err := s.Verify(r, c.credentials, o); err != nil {
		t.Errorf("after others: %v", err)
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	c := aCall()
	r, s := c.signature(t)
	keys := new(Keys)
	if err := s.Verify(r, c.credentials, Options{Body: hash([]byte(c.body)), Now: signedAt, Keys: keys}); err != nil {
		t.Fatal(err)
	}
	secrets := []string{c.credentials.SecretAccessKey, c.credentials.SessionToken, s.Value, s.Value[:16]}
	for _, key := range keys.kept {
		secrets = append(secrets, string(key[:]), fmt.Sprintf("%x", key[:8]), fmt.Sprint(key[:8]))
	}
	u := uploads()["minio-go"]
	chunks, buffers := u.chunks(t, bytes.NewReader(u.wire(t)), Options{}), new(Buffers)
	if err := chunks.SignAnew(someSeed()); err != nil {
		t.Fatal(err)
	}
	if _, err := chunks.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	_, minted := someSeed()
	key := signingKey(minted.SecretAccessKey, Scope{"20261122", "eu-west-1", "s3"})
	secrets = append(secrets, string(key[:]), strings.Trim(fmt.Sprint(chunks.buf[100:110]), "[]"), strings.Trim(fmt.Sprint(chunks.in.text[:10]), "[]"))
	buffers.put(chunks.buf)
	for _, v := range []any{
		chunks, []*ChunkReader{chunks}, struct{ C *ChunkReader }{chunks}, buffers, Options{Buffers: buffers},
		c.credentials, &c.credentials, []Credentials{c.credentials}, map[string]Credentials{"k": c.credentials}, struct{ C Credentials }{c.credentials},
		*s, s, []*Signature{s}, keys, Options{Keys: keys}, struct{ K *Keys }{keys},
	} {
		var out strings.Builder
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		if b, err := json.Marshal(v); err == nil {
			out.Write(b)
		}
		if b, err := xml.Marshal(v); err == nil {
			out.Write(b)
		}
		for _, secret := range secrets {
			if strings.Contains(out.String(), secret) || strings.Contains(out.String(), fmt.Sprintf("%x", secret)) {
				t.Errorf("%T prints a secret:\n%s", v, out.String())
				break
			}
		}
	}
	if got := fmt.Sprint(c.credentials); !strings.Contains(got, c.credentials.AccessKeyID) {
		t.Errorf("credentials print as %q, want the access key's id in it", got)
	}
}

func TestErrorsTellNoSecret(t *testing.T) {
	for _, value := range []string{"Bearer hunter2", "hunter2", "AWS4-HMAC-SHA256 hunter2", "AWS4-HMAC-SHA256 Credential=hunter2x, hunter2=1", "Basic hunter2"} {
		r := &http.Request{Method: "GET", RequestURI: "/", Host: "h", Header: http.Header{"Authorization": {value}, "X-Amz-Date": {"20261121T164903Z"}}}
		if _, err := Read(r); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("Authorization %q: got %v", value, err)
		}
	}
	for _, value := range []string{"hunter2+", "hunter2%", "%zzhunter2"} {
		r := &http.Request{Method: "GET", RequestURI: "/?X-Amz-Security-Token=" + value, Host: "h"}
		if _, err := Read(r); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("X-Amz-Security-Token %q: got %v", value, err)
		}
	}
}

func BenchmarkRead(b *testing.B) {
	c := benchCall()
	r, _ := c.signature(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Read(r); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	c := benchCall()
	presigned := c
	presigned.presign = true
	for name, c := range map[string]call{"header": c, "query": presigned} {
		for cached, keys := range map[string]*Keys{"keys kept": new(Keys), "keys derived": nil} {
			b.Run(name+", "+cached, func(b *testing.B) {
				r, s := c.signature(b)
				o := Options{S3: true, Now: signedAt, Keys: keys}
				b.ReportAllocs()
				for b.Loop() {
					if err := s.Verify(r, c.credentials, o); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// benchCall is what an SDK sends with the credentials of a role: fourteen headers and
// a token of 900 bytes.
func benchCall() call {
	c := call{
		method: "PUT", target: "/bucket/uploads/images/cat.jpg?x-id=PutObject", host: "s3.eu-west-1.amazonaws.com",
		s3: true, payload: Unsigned, credentials: someCredentials(), body: strings.Repeat("x", 1024),
		header: http.Header{
			"Accept-Encoding":              {"identity"},
			"Amz-Sdk-Invocation-Id":        {"b7f751d8-6036-44fa-8d23-766d20ab9703"},
			"Amz-Sdk-Request":              {"attempt=1; max=3"},
			"Content-Type":                 {"application/octet-stream"},
			"X-Amz-Checksum-Crc32":         {"AAAAAA=="},
			"X-Amz-Sdk-Checksum-Algorithm": {"CRC32"},
			"X-Amz-Meta-One":               {"1"},
			"X-Amz-Meta-Two":               {"2"},
			"User-Agent":                   {"aws-sdk-go-v2/1.47.7 ua/2.1 os/linux lang/go#1.26 md/GOOS#linux"},
		},
	}
	c.credentials.SessionToken = strings.Repeat("IQoJb3JpZ2luX2Vj", 56)
	return c
}
