package sigv4

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/textproto"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// AWS's own suite of signed requests (awslabs/aws-c-auth). It is not in the
// repository: the tests find it at ../shared/vectors beside it, or where
// REMIT_VECTORS says.
func vectors(t testing.TB) []vector {
	root := os.Getenv("REMIT_VECTORS")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "vectors")
	}
	dirs, err := filepath.Glob(filepath.Join(root, "sigv4", "v4", "*"))
	if err != nil {
		t.Fatal(err)
	}
	if len(dirs) == 0 {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no vectors under %s; set REMIT_VECTORS", root)
		}
		t.Skipf("no vectors under %s; set REMIT_VECTORS to run AWS's own suite", root)
	}
	var all []vector
	for _, dir := range dirs {
		for _, place := range []string{"header", "query"} {
			all = append(all, readVector(t, dir, place))
		}
	}
	return all
}

type vector struct {
	name, place string
	request     []byte // as it went over the wire, or would have
	canonical   string
	toSign      string
	normalised  bool
	credentials Credentials
	now         time.Time
}

func readVector(t testing.TB, dir, place string) vector {
	read := func(name string) string {
		b, err := fs.ReadFile(os.DirFS(dir), name)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	var context struct {
		Credentials struct {
			ID     string `json:"access_key_id"`
			Secret string `json:"secret_access_key"`
			Token  string `json:"token"`
		} `json:"credentials"`
		Normalize bool      `json:"normalize"`
		Timestamp time.Time `json:"timestamp"`
	}
	if err := json.Unmarshal([]byte(read("context.json")), &context); err != nil {
		t.Fatal(err)
	}
	return vector{
		name:        filepath.Base(dir) + "/" + place,
		place:       place,
		request:     []byte(read(place + "-signed-request.txt")),
		canonical:   read(place + "-canonical-request.txt"),
		toSign:      read(place + "-string-to-sign.txt"),
		normalised:  context.Normalize,
		credentials: Credentials{context.Credentials.ID, context.Credentials.Secret, context.Credentials.Token},
		now:         context.Timestamp,
	}
}

// parse reads a request as net/http's server leaves it. The server itself does
// not read all of the suite's: some have a bare space in their target.
func parse(request []byte) (*http.Request, []byte, error) {
	br := bufio.NewReader(bytes.NewReader(request))
	line, err := br.ReadString('\n')
	if err != nil {
		return nil, nil, err
	}
	method, rest, _ := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
	uri, ok := strings.CutSuffix(rest, " HTTP/1.1")
	if !ok {
		return nil, nil, errors.New("not HTTP/1.1")
	}
	h, err := textproto.NewReader(br).ReadMIMEHeader()
	if err != nil && err != io.EOF {
		return nil, nil, err
	}
	body, err := io.ReadAll(br)
	if err != nil {
		return nil, nil, err
	}
	r := &http.Request{Method: method, RequestURI: uri, Header: http.Header(h), ProtoMajor: 1, ProtoMinor: 1}
	if len(h["Host"]) != 1 {
		return nil, nil, errors.New("not one Host")
	}
	r.Host = h.Get("Host")
	if v := h.Get("Content-Length"); v != "" {
		if r.ContentLength, err = strconv.ParseInt(v, 10, 64); err != nil {
			return nil, nil, err
		}
	}
	h.Del("Host")
	h.Del("Content-Length")
	return r, body, nil
}

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func verify(r *http.Request, body []byte, c Credentials, now time.Time) error {
	s, err := Read(r)
	if err != nil {
		return err
	}
	return s.Verify(r, c, Options{Body: hash(body), Now: now})
}

func TestVectorsVerify(t *testing.T) {
	for _, v := range vectors(t) {
		t.Run(v.name, func(t *testing.T) {
			r, body, err := parse(v.request)
			if err != nil {
				t.Fatal(err)
			}
			if err := verify(r, body, v.credentials, v.now); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestVectorsHaveTheirCanonicalRequest(t *testing.T) {
	for _, v := range vectors(t) {
		t.Run(v.name, func(t *testing.T) {
			r, body, err := parse(v.request)
			if err != nil {
				t.Fatal(err)
			}
			s, err := Read(r)
			if err != nil {
				t.Fatal(err)
			}
			path, rawQuery, err := target(r.RequestURI)
			if err != nil {
				t.Fatal(err)
			}
			payload, err := s.payload(Options{Body: hash(body)})
			if err != nil {
				t.Fatal(err)
			}
			// The suite says how it was made; Verify has to try.
			f := form{path: string(appendEncoded(nil, path, true)), signedToken: !strings.Contains(v.name, "post-sts-header-after")}
			if v.normalised {
				f.path = string(appendEncoded(nil, normalise(path), true))
			}
			got, err := s.appendCanonical(nil, r, f, rawQuery, payload)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != v.canonical {
				t.Errorf("canonical request: got\n%s\nwant\n%s", got, v.canonical)
			}
			if got := s.appendStringToSign(nil, sha256.Sum256(got)); string(got) != v.toSign {
				t.Errorf("string to sign: got\n%s\nwant\n%s", got, v.toSign)
			}
		})
	}
}
