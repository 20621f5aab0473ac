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
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// shared returns what matches pattern beside the vectors, which are not in the
// repository: they lie in ../shared/vectors beside it, or where REMIT_VECTORS
// says.
func shared(t testing.TB, pattern ...string) []string {
	t.Helper()
	root := os.Getenv("REMIT_VECTORS")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "vectors")
	}
	pattern = append([]string{root}, pattern...)
	found, err := filepath.Glob(filepath.Join(pattern...))
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		if os.Getenv("CI") == "true" {
			t.Fatalf("nothing at %s; set REMIT_VECTORS", filepath.Join(pattern...))
		}
		t.Skipf("nothing at %s; set REMIT_VECTORS to run against requests that others signed", filepath.Join(pattern...))
	}
	return found
}

// vectors are AWS's own suite of signed requests (awslabs/aws-c-auth).
func vectors(t testing.TB) []vector {
	dirs := append(shared(t, "sigv4", "v4", "*"), asymmetricVectors(t)...)
	var all []vector
	for _, dir := range dirs {
		for _, place := range []string{"header", "query"} {
			all = append(all, readVector(t, dir, place))
		}
	}
	return all
}

// asymmetricVectors are the directories of those of version 4A. Two of the suite
// have a request and no signature of it.
func asymmetricVectors(t testing.TB) []string {
	dirs, unsigned := shared(t, "sigv4", "v4a", "*"), 0
	dirs = slices.DeleteFunc(dirs, func(dir string) bool {
		_, err := os.Stat(filepath.Join(dir, "header-signed-request.txt"))
		switch filepath.Base(dir) {
		case "get-vanilla-query-order-key", "get-vanilla-query-order-value":
			if err != nil {
				unsigned++
				return true
			}
		}
		return false
	})
	if unsigned != 2 {
		t.Errorf("%d vectors are left out, want 2: the others are signed by now", unsigned)
	}
	return dirs
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
		name:        filepath.Base(filepath.Dir(dir)) + "/" + filepath.Base(dir) + "/" + place,
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
			f := form{path: encodePath(path), signedToken: !strings.Contains(v.name, "post-sts-header-after")}
			if v.normalised {
				f.path = encodePath(normalise(path))
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

// flips are all requests that differ from v's in one bit of one byte of its
// target or its headers, each with the line that it is in.
func flips(v vector) func(yield func(line string, flipped []byte) bool) {
	return func(yield func(string, []byte) bool) {
		head, _, _ := bytes.Cut(v.request, []byte("\n\n"))
		start := bytes.IndexByte(head, ' ') + 1
		for i := start; i < len(head); i++ {
			if head[i] == '\n' || bytes.HasSuffix(head[:i], []byte(" HTTP/")) {
				continue
			}
			flipped := bytes.Clone(v.request)
			flipped[i] ^= 1
			from := bytes.LastIndexByte(flipped[:i], '\n') + 1
			line, _, _ := bytes.Cut(flipped[from:], []byte("\n"))
			if !yield(string(line), flipped) {
				return
			}
		}
	}
}

func TestNoVectorVerifiesWithAByteChanged(t *testing.T) {
	for _, v := range vectors(t) {
		t.Run(v.name, func(t *testing.T) {
			signed, _, err := parse(v.request)
			if err != nil {
				t.Fatal(err)
			}
			signedPath, signedQuery, err := target(signed.RequestURI)
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for line, flipped := range flips(v) {
				r, body, err := parse(flipped)
				if err != nil {
					continue // the server would not have delivered it
				}
				n++
				if verify(r, body, v.credentials, v.now) != nil {
					continue
				}
				// Where the client normalised, what it took out is not signed.
				path, query, err := target(r.RequestURI)
				if err == nil && v.normalised && query == signedQuery && path != signedPath && normalise(path) == normalise(signedPath) {
					continue
				}
				t.Errorf("verifies with %q", line)
			}
			if n == 0 {
				t.Error("nothing was changed")
			}
		})
	}
}

func TestNoVectorVerifiesUnderOtherCredentials(t *testing.T) {
	for _, v := range vectors(t) {
		r, body, err := parse(v.request)
		if err != nil {
			t.Fatal(err)
		}
		for name, test := range map[string]struct {
			c    Credentials
			want error
		}{
			"other key":    {Credentials{"AKIDEXAMPLF", v.credentials.SecretAccessKey, v.credentials.SessionToken}, ErrMismatch},
			"other secret": {Credentials{v.credentials.AccessKeyID, v.credentials.SecretAccessKey + "x", v.credentials.SessionToken}, ErrMismatch},
			"other token":  {Credentials{v.credentials.AccessKeyID, v.credentials.SecretAccessKey, v.credentials.SessionToken + "x"}, ErrToken},
		} {
			if err := verify(r, body, test.c, v.now); !errors.Is(err, test.want) {
				t.Errorf("%s, %s: got %v, want %v", v.name, name, err, test.want)
			}
		}
	}
}

// Recorded botocore requests to three hundred services, signed with the
// secret of AWS's documentation.
func TestRecordedRequestsVerify(t *testing.T) {
	f, err := os.Open(shared(t, "..", "samples", "calls.jsonl")[0])
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<24)
	verified := 0
	for lines.Scan() {
		var call struct {
			ID, Method, URL, Auth string
			Headers               map[string]string
			Body                  []byte `json:"body_base64"`
		}
		if err := json.Unmarshal(lines.Bytes(), &call); err != nil {
			t.Fatal(err)
		}
		r := &http.Request{Method: call.Method, RequestURI: call.URL, Header: http.Header{}, ContentLength: int64(len(call.Body))}
		for name, value := range call.Headers {
			switch strings.ToLower(name) {
			case "host":
				r.Host = value
			case "content-length", "transfer-encoding":
			default:
				r.Header.Set(name, value)
			}
		}
		if u, err := url.Parse(call.URL); r.Host == "" && err == nil {
			r.Host = u.Host
		}
		s, err := Read(r)
		want := map[string]error{"none": ErrUnsigned, "bearer": ErrUnsigned}[call.Auth]
		if call.Auth == "sigv4a" {
			// Recorded without AWS's own signer: the names are not in order,
			// which awscrt's are (TestWhatAWSsSignerOf4ASignsVerifies).
			if err == nil || !strings.Contains(err.Error(), "out of order") {
				t.Errorf("%s: got %v, %v, want names out of order", call.ID, s, err)
			}
			continue
		}
		if !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", call.ID, err, want)
		}
		if err != nil {
			continue
		}
		if s.AccessKeyID != "AKIAIOSFODNN7EXAMPLE" {
			continue // a session of S3 Express, whose secret was not recorded
		}
		c := Credentials{s.AccessKeyID, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "IQoJb3JpZ2luX2VjEXAMPLETOKEN"}
		if err := s.Verify(r, c, Options{S3: s.Scope.Service == "s3", Body: hash(call.Body), Now: s.Time}); err != nil {
			t.Errorf("%s: %v", call.ID, err)
		}
		verified++
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if verified < 300 {
		t.Errorf("only %d requests verified", verified)
	}
}
