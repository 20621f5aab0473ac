package sigv2

import (
	"bufio"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/lambda-remit/remit/proxy/sigv4"
)

var update = flag.Bool("update", false, "rewrite the answers in testdata")

// The keys of AWS's examples, and a token for those that have one.
var keys = sigv4.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}

const sessionToken = "IQoJb3JpZ2luX2VjEXAMPLE/+=="

// now is when the vectors that say nothing else were made.
var now = time.Unix(1795279743, 0)

// A vector is a request of a corpus.
type vector struct {
	r      *http.Request
	bucket string
	now    time.Time
}

// serve reads a request as net/http's server does. Lines before it say what is
// known besides: "# bucket media-eu", "# now 1175139000".
func serve(t testing.TB, data string) vector {
	t.Helper()
	v := vector{now: now}
	for strings.HasPrefix(data, "#") {
		var line string
		line, data, _ = strings.Cut(data, "\n")
		switch word := strings.Fields(line); word[1] {
		case "bucket":
			v.bucket = word[2]
		case "now":
			n, err := strconv.ParseInt(word[2], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			v.now = time.Unix(n, 0)
		default:
			t.Fatalf("%q is no directive", line)
		}
	}
	var err error
	if v.r, err = http.ReadRequest(bufio.NewReader(strings.NewReader(strings.ReplaceAll(data, "\n", "\r\n") + "\r\n"))); err != nil {
		t.Fatal(err)
	}
	return v
}

// credentials are those that v is signed with, if it is.
func (v vector) credentials(s *Signature) sigv4.Credentials {
	c := keys
	if s.Token != "" {
		c.SessionToken = sessionToken
	}
	return c
}

func corpus(t testing.TB, name string) *txtar.Archive {
	t.Helper()
	a, err := txtar.ParseFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Files) == 0 || len(a.Files)%2 != 0 {
		t.Fatalf("testdata/%s has %d parts, want requests and answers by turns", name, len(a.Files))
	}
	return a
}

// TestRequestsOfTheCorpora compares what is read, signed and left of each request
// with what stands behind it.
func TestRequestsOfTheCorpora(t *testing.T) {
	for _, name := range []string{"signed.txtar", "refused.txtar"} {
		a := corpus(t, name)
		for i := 0; i < len(a.Files); i += 2 {
			want := &a.Files[i+1]
			if want.Name != "want" {
				t.Fatalf("testdata/%s: %q is not followed by what is wanted", name, a.Files[i].Name)
			}
			v := serve(t, string(a.Files[i].Data))
			got, verified := answer(v)
			if *update {
				want.Data = []byte(got)
			} else if got != string(want.Data) {
				t.Errorf("%s: %s: got\n%s\nwant\n%s", name, a.Files[i].Name, got, want.Data)
			}
			if verified != (name == "signed.txtar") {
				t.Errorf("%s: %s: verified is %t", name, a.Files[i].Name, verified)
			}
		}
		if *update {
			if err := os.WriteFile(filepath.Join("testdata", name), txtar.Format(a), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func answer(v vector) (text string, verified bool) {
	s, err := Read(v.r)
	if err != nil {
		return fmt.Sprintf("error: %v\n", err), false
	}
	path, _, _ := strings.Cut(v.r.RequestURI, "?")
	signed, err := s.stringToSign(v.r, v.bucket, path)
	if err != nil {
		return fmt.Sprintf("error: %v\n", err), false
	}
	text = fmt.Sprintf("%v\nrest: %s\n", s, s.Rest)
	for line := range strings.SplitSeq(string(signed), "\n") {
		text += fmt.Sprintf("%q\n", line)
	}
	if err := s.Verify(v.r, v.credentials(s), v.bucket, v.now); err != nil {
		return text + fmt.Sprintf("error: %v\n", err), false
	}
	return text, true
}

// TestWhatIsSignedIsOfOneKey lets nobody verify with another key, another token
// or none.
func TestWhatIsSignedIsOfOneKey(t *testing.T) {
	a := corpus(t, "signed.txtar")
	for i := 0; i < len(a.Files); i += 2 {
		v := serve(t, string(a.Files[i].Data))
		s, err := Read(v.r)
		if err != nil {
			t.Fatal(err)
		}
		for what, change := range map[string]func(*sigv4.Credentials){
			"another id":      func(c *sigv4.Credentials) { c.AccessKeyID += "A" },
			"another secret":  func(c *sigv4.Credentials) { c.SecretAccessKey += "A" },
			"no secret":       func(c *sigv4.Credentials) { c.SecretAccessKey = "" },
			"another token":   func(c *sigv4.Credentials) { c.SessionToken += "A" },
			"another's token": func(c *sigv4.Credentials) { c.SessionToken = strings.ToLower(c.SessionToken) + "B" },
		} {
			c := v.credentials(s)
			change(&c)
			if err := s.Verify(v.r, c, v.bucket, v.now); err == nil {
				t.Errorf("%s: verifies with %s", a.Files[i].Name, what)
			}
		}
		if err := s.Verify(v.r, v.credentials(s), v.bucket+"x", v.now); err == nil {
			t.Errorf("%s: verifies for another bucket", a.Files[i].Name)
		}
		if err := s.Verify(v.r, v.credentials(s), v.bucket, s.Expires.Add(time.Second)); err == nil {
			t.Errorf("%s: verifies when it has expired", a.Files[i].Name)
		}
	}
}

// TestSignaturesPrintWithoutSecrets is for logs.
func TestSignaturesPrintWithoutSecrets(t *testing.T) {
	a := corpus(t, "signed.txtar")
	for i := 0; i < len(a.Files); i += 2 {
		s, err := Read(serve(t, string(a.Files[i].Data)).r)
		if err != nil {
			t.Fatal(err)
		}
		text, err := s.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		for _, printed := range []string{fmt.Sprint(s), fmt.Sprintf("%#v", *s), fmt.Sprintf("%+v", s), string(text)} {
			if strings.Contains(printed, s.Value) || s.Token != "" && strings.Contains(printed, s.Token) {
				t.Errorf("%s prints as %s", a.Files[i].Name, printed)
			}
		}
	}
}
