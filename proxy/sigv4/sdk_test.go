package sigv4

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// The Go SDK's signer, which shares no code with this package, signs what the
// tests below verify.

var signedAt = time.Date(2026, 11, 21, 16, 49, 3, 0, time.UTC)

func someCredentials() Credentials {
	return Credentials{"ASIAREMITAAAAAAAAAAA", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "IQoJb3JpZ2luX2VjEXAMPLETOKEN"}
}

// A call is a request to be signed.
type call struct {
	method, target, host string
	header               http.Header
	body                 string
	payload              string // as in Signature; empty: not stated
	s3, presign          bool
	credentials          Credentials
}

// sign has the SDK sign c, and returns it as a server receives it: written to
// the wire and read back.
func (c call) sign(t testing.TB) (*http.Request, error) {
	t.Helper()
	u, err := url.Parse("http://" + c.host + c.target)
	if err != nil {
		return nil, err
	}
	// Done by NewRequest: an empty body is no body, and its length known.
	out, err := http.NewRequest(c.method, u.String(), strings.NewReader(c.body))
	if err != nil {
		return nil, err
	}
	out.Header = c.header.Clone()
	if out.Header == nil {
		out.Header = make(http.Header)
	}
	creds := aws.Credentials{AccessKeyID: c.credentials.AccessKeyID, SecretAccessKey: c.credentials.SecretAccessKey, SessionToken: c.credentials.SessionToken}
	service := "execute-api"
	if c.s3 {
		service = "s3"
	}
	payload := c.payload
	switch {
	case payload != "":
		out.Header.Set("X-Amz-Content-Sha256", payload)
	case c.s3 && c.presign:
		payload = Unsigned
	default:
		payload = hash([]byte(c.body))
	}
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = c.s3 })
	if !c.presign {
		err = signer.SignHTTP(context.Background(), creds, out, payload, service, "eu-west-1", signedAt)
	} else {
		q := out.URL.Query()
		q.Set("X-Amz-Expires", "900")
		out.URL.RawQuery = q.Encode()
		var signed string
		signed, _, err = signer.PresignHTTP(context.Background(), creds, out, payload, service, "eu-west-1", signedAt)
		if err == nil {
			out.URL, err = url.Parse(signed)
		}
		// What the signer hoisted into the query is not sent as a header.
		for name := range out.Header {
			if out.URL.Query().Has(name) {
				delete(out.Header, name)
			}
		}
	}
	if err != nil {
		return nil, err
	}
	var wire bytes.Buffer
	if err := out.Write(&wire); err != nil {
		return nil, err
	}
	in, err := http.ReadRequest(bufio.NewReader(&wire))
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(in.Body)
	if err != nil {
		return nil, err
	}
	if string(body) != c.body {
		return nil, fmt.Errorf("got body %q, want %q", body, c.body)
	}
	return in, nil
}

func (c call) verify(r *http.Request) error {
	s, err := Read(r)
	if err != nil {
		return err
	}
	return s.Verify(r, c.credentials, Options{S3: c.s3, Body: hash([]byte(c.body)), Now: signedAt.Add(time.Minute)})
}

// somePieces are what paths, queries and headers are made of.
var somePieces = []string{
	"a", "Z", "0", "-", "_", "~", ".", "..", "/", "//", "%20", "%2F", "%2f", "%25", "%2B", "%E1%88%B4", "%00", "!", "'", "(", ")", "*", ":", "@", "$", ",", "key", "uploads/images",
}

func someString(rnd *rand.Rand, pieces []string) string {
	var b strings.Builder
	for range rnd.IntN(6) {
		b.WriteString(pieces[rnd.IntN(len(pieces))])
	}
	return b.String()
}

func someCall(rnd *rand.Rand) call {
	c := call{
		method:      []string{"GET", "PUT", "POST", "DELETE", "HEAD"}[rnd.IntN(5)],
		target:      "/" + someString(rnd, somePieces),
		host:        []string{"s3.eu-west-1.amazonaws.com", "127.0.0.1:9001", "[::1]:9001"}[rnd.IntN(3)],
		s3:          rnd.IntN(2) == 0,
		presign:     rnd.IntN(2) == 0,
		credentials: someCredentials(),
		header: http.Header{
			"User-Agent":      {"test"},
			"X-Amzn-Trace-Id": {"Root=1-5759e988-bd862e3fe1be46a994272793"},
		},
	}
	if rnd.IntN(2) == 0 {
		c.body = someString(rnd, somePieces)
	}
	if rnd.IntN(3) == 0 {
		c.credentials.SessionToken = ""
	}
	for i := range rnd.IntN(4) {
		c.target += string("?&&&"[i])
		c.target += fmt.Sprintf("k%s=%s", strings.ReplaceAll(someString(rnd, somePieces), "=", ""), someString(rnd, somePieces))
	}
	for _, name := range []string{"X-Amz-Meta-A", "X-Amz-Meta-B", "Content-Type", "X-Amz-Acl", "X-Amz-Object-Attributes", "Range"} {
		for range rnd.IntN(3) {
			c.header[name] = append(c.header[name], "v"+someString(rnd, append([]string{" ", "   ", "\u00fc", "="}, somePieces...))+"v")
		}
	}
	switch rnd.IntN(4) {
	case 0:
		c.payload = hash([]byte(c.body))
	case 1:
		c.payload = Unsigned
	case 2:
		c.payload = StreamingUnsigned
	}
	return c
}

func TestWhatTheSDKSignsVerifies(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		c := someCall(rnd)
		r, err := c.sign(t)
		if err != nil {
			t.Fatalf("%+v: %v", c, err)
		}
		if err := c.verify(r); err != nil {
			t.Fatalf("%s %s %v: %v\n%+v", r.Method, r.RequestURI, r.Header, err, c)
		}
	}
}

// tampers change what a signature covers.
var tampers = map[string]func(rnd *rand.Rand, r *http.Request, c *call) bool{
	"method":  func(_ *rand.Rand, r *http.Request, _ *call) bool { r.Method += "X"; return true },
	"host":    func(_ *rand.Rand, r *http.Request, _ *call) bool { r.Host = "evil." + r.Host; return true },
	"no host": func(_ *rand.Rand, r *http.Request, _ *call) bool { r.Host = ""; return true },
	"body": func(_ *rand.Rand, r *http.Request, c *call) bool {
		c.body += "x"
		return isHash(c.payload) || c.payload == "" && !(c.s3 && c.presign)
	},
	"segment": func(_ *rand.Rand, r *http.Request, _ *call) bool { r.RequestURI = "/x" + r.RequestURI; return true },
	"parameter": func(_ *rand.Rand, r *http.Request, _ *call) bool {
		if strings.Contains(r.RequestURI, "?") {
			r.RequestURI += "&acl"
		} else {
			r.RequestURI += "?acl"
		}
		return true
	},
	"parameter dropped": func(rnd *rand.Rand, r *http.Request, _ *call) bool {
		path, query, ok := strings.Cut(r.RequestURI, "?")
		if !ok {
			return false
		}
		all := strings.Split(query, "&")
		i := rnd.IntN(len(all))
		r.RequestURI = path + "?" + strings.Join(append(all[:i:i], all[i+1:]...), "&")
		return true
	},
	"new x-amz header": func(_ *rand.Rand, r *http.Request, _ *call) bool {
		r.Header.Set("X-Amz-Copy-Source", "/b/k")
		return true
	},
	"second Authorization": func(_ *rand.Rand, r *http.Request, _ *call) bool {
		r.Header["Authorization"] = append(r.Header["Authorization"], "AWS4-HMAC-SHA256 x", "AWS4-HMAC-SHA256 x")
		return true
	},
	"signed header": func(rnd *rand.Rand, r *http.Request, _ *call) bool {
		for name := range r.Header {
			if strings.HasPrefix(name, "X-Amz-Meta-") {
				r.Header[name][0] += "x"
				return true
			}
		}
		return false
	},
	"signed header doubled": func(rnd *rand.Rand, r *http.Request, _ *call) bool {
		for name := range r.Header {
			if strings.HasPrefix(name, "X-Amz-") && name != "X-Amz-User-Agent" {
				r.Header[name] = append(r.Header[name], r.Header[name][0])
				return true
			}
		}
		return false
	},
	"signed header dropped": func(rnd *rand.Rand, r *http.Request, _ *call) bool {
		for name := range r.Header {
			if strings.HasPrefix(name, "X-Amz-") && name != "X-Amz-User-Agent" {
				delete(r.Header, name)
				return true
			}
		}
		return false
	},
	"payload mode": func(_ *rand.Rand, r *http.Request, _ *call) bool {
		if len(r.Header["X-Amz-Content-Sha256"]) == 0 || r.Header.Get("X-Amz-Content-Sha256") == Unsigned {
			return false
		}
		r.Header.Set("X-Amz-Content-Sha256", Unsigned)
		return true
	},
	"secret": func(_ *rand.Rand, _ *http.Request, c *call) bool { c.credentials.SecretAccessKey += "x"; return true },
	"token":  func(_ *rand.Rand, _ *http.Request, c *call) bool { c.credentials.SessionToken += "x"; return true },
}

func TestWhatIsChangedAfterSigningDoesNotVerify(t *testing.T) {
	for name, tamper := range tampers {
		t.Run(name, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(3, 4))
			n := 0
			for range 300 {
				c := someCall(rnd)
				r, err := c.sign(t)
				if err != nil {
					t.Fatal(err)
				}
				if !tamper(rnd, r, &c) {
					continue
				}
				n++
				if err := c.verify(r); err == nil {
					t.Fatalf("verifies: %s %s %v", r.Method, r.RequestURI, r.Header)
				}
			}
			if n == 0 {
				t.Error("nothing was changed")
			}
		})
	}
}

func TestChunkedBodiesAreVerifiedUpToTheBodyAndThenRefused(t *testing.T) {
	for _, payload := range []string{StreamingSigned, StreamingSignedTrailer, StreamingEvents} {
		c := call{method: "PUT", target: "/b/k", host: "s3.amazonaws.com", payload: payload, s3: true, credentials: someCredentials()}
		r, err := c.sign(t)
		if err != nil {
			t.Fatal(err)
		}
		s, err := Read(r)
		if err != nil || !s.Chunked() {
			t.Fatalf("%s: got %v, chunked = %v", payload, err, s.Chunked())
		}
		if err := c.verify(r); !errors.Is(err, ErrChunks) {
			t.Errorf("%s: got %v, want %v", payload, err, ErrChunks)
		}
		r.Header.Set("X-Amz-Date", "20261121T164904Z")
		if err := c.verify(r); !errors.Is(err, ErrMismatch) {
			t.Errorf("%s, tampered: got %v, want %v", payload, err, ErrMismatch)
		}
	}
}
