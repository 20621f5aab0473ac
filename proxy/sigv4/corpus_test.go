package sigv4

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "rewrite the answers in testdata")

// A corpus is an archive of requests, each followed by what is wanted of it.
func corpus(t testing.TB, name string) (*txtar.Archive, [][2]*txtar.File) {
	t.Helper()
	a, err := txtar.ParseFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Files) == 0 || len(a.Files)%2 != 0 {
		t.Fatalf("testdata/%s has %d parts, want requests and answers by turns", name, len(a.Files))
	}
	var pairs [][2]*txtar.File
	for i := 0; i < len(a.Files); i += 2 {
		if a.Files[i+1].Name != "want" {
			t.Fatalf("testdata/%s: %q is not followed by what is wanted", name, a.Files[i].Name)
		}
		pairs = append(pairs, [2]*txtar.File{&a.Files[i], &a.Files[i+1]})
	}
	return a, pairs
}

// serve reads a request as net/http's server does.
func serve(t testing.TB, request []byte) (*http.Request, []byte) {
	t.Helper()
	head, body, _ := strings.Cut(string(request), "\n\n")
	crlf := strings.ReplaceAll(head, "\n", "\r\n") + "\r\n\r\n"
	if strings.Contains(head, "Transfer-Encoding:") {
		body = strings.ReplaceAll(body, "\n", "\r\n")
	}
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(crlf + body)))
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(io.LimitReader(r.Body, max(r.ContentLength, 0)))
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatal(err)
	}
	return r, b
}

// reference signs a canonical request as the specification tells it, step by
// step, with nothing of the verifier's.
func reference(canonical, date, region, service, secret string) string {
	sum := func(key, data string) string {
		mac := hmac.New(sha256.New, []byte(key))
		io.WriteString(mac, data)
		return string(mac.Sum(nil))
	}
	day := date[:8]
	toSign := "AWS4-HMAC-SHA256\n" + date + "\n" + day + "/" + region + "/" + service + "/aws4_request\n" + hash([]byte(canonical))
	key := sum(sum(sum(sum("AWS4"+secret, day), region), service), "aws4_request")
	return fmt.Sprintf("%x", sum(key, toSign))
}

func TestCanonicalRequestsAreThoseOfTheSpecification(t *testing.T) {
	_, pairs := corpus(t, "canonical.txtar")
	for _, pair := range pairs {
		t.Run(pair[0].Name, func(t *testing.T) {
			r, body := serve(t, pair[0].Data)
			c := someCredentials()
			c.SessionToken = ""
			canonical := strings.TrimSuffix(string(pair[1].Data), "\n")
			lines := strings.Split(canonical, "\n")
			authorize := func(canonical string) {
				r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+c.AccessKeyID+"/20261121/eu-west-1/service/aws4_request, SignedHeaders="+
					lines[len(lines)-2]+", Signature="+reference(canonical, "20261121T164903Z", "eu-west-1", "service", c.SecretAccessKey))
			}
			verify := func() error {
				s, err := Read(r)
				if err != nil {
					return err
				}
				return s.Verify(r, c, Options{S3: strings.HasPrefix(pair[0].Name, "s3"), Body: hash(body), Now: signedAt})
			}
			authorize(canonical)
			if err := verify(); err != nil {
				t.Error(err)
			}
			authorize(canonical + "\n")
			if err := verify(); !errors.Is(err, ErrMismatch) {
				t.Errorf("with another canonical request: got %v, want %v", err, ErrMismatch)
			}
		})
	}
}

func TestSignaturesAreReadOrRefused(t *testing.T) {
	a, pairs := corpus(t, "read.txtar")
	for _, pair := range pairs {
		r, _ := serve(t, pair[0].Data)
		var got string
		if s, err := Read(r); err != nil {
			got = "error: " + err.Error() + "\n"
		} else {
			got = describe(s)
		}
		if *update {
			pair[1].Data = []byte(got)
		} else if want := string(pair[1].Data); got != want {
			t.Errorf("%s: got\n%swant\n%s", pair[0].Name, got, want)
		}
	}
	if *update {
		if err := os.WriteFile(filepath.Join("testdata", "read.txtar"), txtar.Format(a), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func describe(s *Signature) string {
	var b strings.Builder
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%s %s\n", name, value)
		}
	}
	line("key", s.AccessKeyID)
	region := s.Scope.Region
	if s.Asymmetric {
		region = "4A:" + strings.Join(s.Regions, ",")
	}
	line("scope", s.Scope.Date+" "+region+" "+s.Scope.Service)
	line("time", s.Time.UTC().Format(basic))
	if s.Query {
		line("expires", s.Expires.String())
	}
	line("signed", strings.Join(s.Signed, " "))
	line("payload", s.Payload)
	line("token", s.Token)
	return b.String()
}

// signedBySDKs are requests that other SDKs than Go's signed.
func signedBySDKs(t testing.TB) []vector {
	a, err := txtar.ParseFile(filepath.Join("testdata", "signed.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Files) == 0 {
		t.Fatal("testdata/signed.txtar is empty")
	}
	var all []vector
	for _, f := range a.Files {
		v := vector{name: f.Name, request: f.Data, now: signedAt, credentials: Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}}
		if strings.Contains(f.Name, " token") {
			v.credentials.SessionToken = "IQoJb3JpZ2luX2VjEXAMPLE/+TOKEN=="
		}
		all = append(all, v)
	}
	return all
}

func TestWhatOtherSDKsSignVerifies(t *testing.T) {
	for _, v := range signedBySDKs(t) {
		r, body := serve(t, v.request)
		s, err := Read(r)
		if err != nil {
			t.Errorf("%s: %v", v.name, err)
			continue
		}
		o := Options{S3: s.Scope.Service == "s3", Body: hash(body), Now: v.now}
		if err := s.Verify(r, v.credentials, o); err != nil {
			t.Errorf("%s: %v", v.name, err)
		}
		if s.Scope.Service == "s3" {
			// Not a byte of the path may be another.
			r.RequestURI = strings.Replace(r.RequestURI, "/", "//", 1)
		} else {
			r.RequestURI = strings.Replace(r.RequestURI, "/", "/x/", 1)
		}
		if err := s.Verify(r, v.credentials, o); !errors.Is(err, ErrMismatch) {
			t.Errorf("%s, with another path: got %v, want %v", v.name, err, ErrMismatch)
		}
	}
}
