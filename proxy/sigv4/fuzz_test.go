package sigv4

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// FuzzVerify signs one request with the Go SDK and verifies another in its
// place. The first verifies. The other verifies only if it means the same, as
// far as its signature covers it: which is told here with net/url and path,
// and not with what the verifier has for it.
func FuzzVerify(f *testing.F) {
	for _, seed := range [][8]string{
		{"GET", "/b/k", "list-type=2", "v", "GET", "/b/k", "list-type=2", "v"},
		{"PUT", "/b/%2e%2e/k", "", "a  b", "PUT", "/b/../k", "", "a b"},
		{"PUT", "//a/./b/../c", "acl&x=%2F", "v", "PUT", "/a/c", "x=/&acl=", "v"},
		{"GET", "/a", "a=1&b=2", "v", "GET", "/a", "b=2&a=1", "v"},
		{"GET", "/a", "a=1;b=2", "v", "GET", "/a", "a=1", "v"},
		{"GET", "/a", "a=b+c", "v", "GET", "/a", "a=b%20c", "v"},
		{"GET", "/%41", "a", "v", "GET", "/A", "a=&", "v"},
		{"GET", "/a/", "X-Amz-Date=x", "v", "GET", "/a", "x-amz-acl=private", "v"},
	} {
		for mode := range byte(8) {
			f.Add(seed[0], seed[1], seed[2], seed[3], seed[4], seed[5], seed[6], seed[7], mode)
		}
	}
	f.Fuzz(func(t *testing.T, method, target, query, value, method2, path2, query2, value2 string, mode byte) {
		if !strings.HasPrefix(target, "/") || strings.Contains(target+query, "#") {
			t.Skip("no path")
		}
		if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' && unicode.IsSpace(r) }) {
			t.Skip("the SDK trims white space in a way of its own, and net/http cannot send line breaks")
		}
		c := call{
			method: method, target: target, host: "h", s3: mode&1 != 0, presign: mode&2 != 0, credentials: someCredentials(),
			header: http.Header{"X-Amz-Meta-A": {value}, "Range": {"bytes=" + value}},
		}
		if mode&4 != 0 {
			c.credentials.SessionToken = ""
		}
		if query != "" {
			c.target += "?" + query
		}
		r, err := c.sign(t)
		if err != nil {
			t.Skip("no request that can be sent")
		}
		signed, err := Read(r)
		if err != nil {
			// The only thing about it that the signer does not see to.
			if strings.Contains(strings.ToLower(query), "amz") || strings.Contains(strings.ToLower(query), "aws") || strings.Contains(query, "%") {
				t.Skip("the query has parts of a signature of its own")
			}
			t.Fatalf("%s: %v", r.RequestURI, err)
		}
		o := Options{S3: c.s3, Body: hash(nil), Now: signedAt}
		if err := signed.Verify(r, c.credentials, o); err != nil {
			t.Fatalf("%s %s %q: %v", r.Method, r.RequestURI, r.Header, err)
		}

		other := r.Clone(t.Context())
		other.Method = method2
		other.Header["X-Amz-Meta-A"] = []string{value2}
		other.RequestURI = path2 + "?" + query2
		if signed.Query {
			// The second request carries the first one's signature.
			for name, value := range pairs(strings.TrimPrefix(r.RequestURI[strings.IndexByte(r.RequestURI, '?'):], "?")) {
				if strings.HasPrefix(name, "X-Amz-") && !strings.Contains("&"+query, "&"+name) {
					other.RequestURI += "&" + name + "=" + value
				}
			}
		}
		s, err := Read(other)
		if err != nil || s.Verify(other, c.credentials, o) != nil {
			return
		}
		if other.Method != r.Method {
			t.Errorf("method %q verifies as %q", other.Method, r.Method)
		}
		if got, want := strings.Join(strings.Fields(value2), " "), strings.Join(strings.Fields(r.Header.Get("X-Amz-Meta-A")), " "); got != want {
			t.Errorf("header %q verifies as %q", got, want)
		}
		if got, want := meaning(other.RequestURI, c.s3), meaning(r.RequestURI, c.s3); !slices.Equal(got, want) {
			t.Errorf("%q verifies as %q: got %q, want %q", other.RequestURI, r.RequestURI, got, want)
		}
	})
}

// meaning is what a target says: its path, then its parameters in order. The
// paths of a service that is not S3 are what is left of them when they are
// cleaned.
func meaning(uri string, s3 bool) []string {
	p, query, _ := strings.Cut(uri, "?")
	if !s3 {
		p = path.Clean("/" + p)
	}
	var all []string
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		n, err1 := url.PathUnescape(name) // as in a query, but a plus is a plus
		v, err2 := url.PathUnescape(value)
		all = append(all, fmt.Sprintf("%q=%q %v %v", n, v, err1, err2))
	}
	slices.Sort(all)
	return append([]string{p}, all...)
}

// FuzzRead reads whatever a client may send. What was read can be written in
// the one usual way, and is then read as the same.
func FuzzRead(f *testing.F) {
	_, requests := corpus(f, "read.txtar")
	for _, pair := range requests {
		f.Add(strings.ReplaceAll(string(pair[0].Data), "\n", "\r\n"))
	}
	for _, v := range signedBySDKs(f) {
		f.Add(strings.ReplaceAll(string(v.request), "\n", "\r\n"))
	}
	f.Fuzz(func(t *testing.T, request string) {
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(request)))
		if err != nil {
			t.Skip("no request")
		}
		s, err := Read(r)
		if err != nil {
			if s != nil {
				t.Error("a signature with an error")
			}
			return
		}
		// Nobody made it with a key that nobody has.
		if s.Verify(r, Credentials{s.AccessKeyID, "a secret", s.Token}, Options{Body: hash(nil), Now: s.Time}) == nil {
			t.Error("verifies")
		}
		credential := s.AccessKeyID + "/" + s.Scope.Date + "/" + s.Scope.Region + "/" + s.Scope.Service + "/aws4_request"
		algorithm, regions := algorithm, strings.Join(s.Regions, ",")
		if s.Asymmetric {
			credential = s.AccessKeyID + "/" + s.Scope.Date + "/" + s.Scope.Service + "/aws4_request"
			algorithm = "AWS4-ECDSA-P256-SHA256"
		}
		names := strings.Join(s.Signed, ";")
		again := &http.Request{Method: r.Method, Host: r.Host, RequestURI: "/", Header: http.Header{}}
		set := func(name, value string) {
			if value != "" {
				again.Header.Set(name, value)
			}
		}
		if s.Query {
			again.RequestURI = "/?" + url.Values{
				"X-Amz-Algorithm": {algorithm}, "X-Amz-Credential": {credential}, "X-Amz-Date": {s.Time.Format(basic)},
				"X-Amz-Expires": {fmt.Sprint(int(s.Expires.Seconds()))}, "X-Amz-SignedHeaders": {names}, "X-Amz-Signature": {s.Value},
			}.Encode()
		} else {
			set("Authorization", algorithm+" Credential="+credential+", SignedHeaders="+names+", Signature="+s.Value)
			set("X-Amz-Date", s.Time.Format(basic))
		}
		set("X-Amz-Region-Set", regions)
		set("X-Amz-Content-Sha256", s.Payload)
		set("X-Amz-Security-Token", s.Token)
		got, err := Read(again)
		if err != nil {
			t.Fatalf("%s: %v", describe(s), err)
		}
		if describe(got) != describe(s) || got.Value != s.Value {
			t.Errorf("got\n%s\nwant\n%s", describe(got), describe(s))
		}
	})
}

// FuzzChunks reads a body in chunks, signs it anew and reads that: it is the
// same payload each time. Then it changes a byte, and puts others in: what is
// delivered is what was signed before that.
func FuzzChunks(f *testing.F) {
	for name, u := range uploads() {
		u.payload = u.payload[:min(len(u.payload), 1000)]
		for i, other := range []string{"", "0", ";a=b", "\r\n", "\n", "x-amz-acl:public-read\r\n", "0;chunk-signature=" + strings.Repeat("0", 64) + "\r\n"} {
			f.Add(u.payload, uint16(96), strings.Join(u.trailer, "\n"), u.separator != "", u.upper, uint32(len(name)*i), byte(1)<<i, []byte(other))
		}
	}
	f.Fuzz(func(t *testing.T, payload []byte, size uint16, trailer string, lineFeeds, upper bool, at uint32, flip byte, other []byte) {
		u := upload{payload: payload, sizes: []int{int(size) + 1}, upper: upper, credentials: someCredentials()}
		if trailer != "" {
			u.trailer = strings.Split(trailer, "\n")
		}
		if lineFeeds {
			u.separator = "\n\r\n"
		}
		if len(payload) > 1<<16 || len(trailer) > 1000 || len(payload)/(int(size)+1) > 100 {
			t.Skip("too slow")
		}
		last := ""
		for _, line := range u.trailer {
			name, value, _ := strings.Cut(line, ":")
			if !isName(name) || name == "x-amz-trailer-signature" || name <= last {
				t.Skip("a trailer that cannot be announced, or is not in order")
			}
			if value == "" || strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r > '~' }) {
				t.Skip("a trailer that is not as it is signed")
			}
			last = name
		}
		r, s := u.request(t)
		read := func(u upload, s *Signature, body []byte, anew bool) ([]byte, error) {
			r.Body = io.NopCloser(bytes.NewReader(body))
			c, err := s.Chunks(r, u.credentials, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if anew {
				if err := c.SignAnew(someSeed()); err != nil {
					t.Fatal(err)
				}
			}
			return io.ReadAll(c)
		}

		frames := u.frames(t, s.Value, signedAt)
		wire := bytes.Join(frames, nil)
		if got, err := read(u, s, wire, false); !bytes.Equal(got, payload) || err != nil {
			t.Fatalf("got %q, want %q: %v", got, payload, err)
		}
		anew, err := read(u, s, wire, true)
		if len(anew) != len(wire) || err != nil {
			t.Fatalf("signed anew: got %d bytes, want %d: %v", len(anew), len(wire), err)
		}
		seed, minted := someSeed()
		seed.Payload = s.Payload
		if got, err := read(upload{credentials: minted}, seed, anew, false); !bytes.Equal(got, payload) || err != nil {
			t.Fatalf("signed anew: got %q, want %q: %v", got, payload, err)
		}

		if flip != 0 {
			changed := bytes.Clone(wire)
			i := int(at) % len(wire)
			changed[i] ^= flip
			before, n := 0, 0 // bytes of wire and of payload before the chunk that is changed
			for _, frame := range frames {
				if before+len(frame) > i {
					break
				}
				before, n = before+len(frame), min(n+int(size)+1, len(payload))
			}
			got, err := read(u, s, changed, false)
			sameSize := i-before < 8 && bytes.EqualFold(wire, changed) // a digit in capitals
			switch {
			case sameSize && err == nil && bytes.Equal(got, payload):
			case err == nil || !errors.Is(err, ErrPayload) || !bytes.Equal(got, payload[:n]):
				t.Fatalf("byte %d changed: got %d bytes, want %d: %v", i, len(got), n, err)
			}
		}

		if len(other) > 0 {
			i := int(at) % (len(wire) + 1)
			body := slices.Concat(wire[:i], other, wire[i:])
			got, err := read(u, s, body, false)
			if len(got) > len(payload) || !bytes.HasPrefix(payload, got) {
				t.Fatalf("%q put in at %d: got %q, which nobody signed", other, i, got)
			}
			lineFeed := bytes.Equal(bytes.ReplaceAll(body, []byte("\n\r\n"), []byte("\r\n")), bytes.ReplaceAll(wire, []byte("\n\r\n"), []byte("\r\n")))
			if err == nil && !lineFeed || err != nil && !errors.Is(err, ErrPayload) {
				t.Fatalf("%q put in at %d: %v", other, i, err)
			}
		}
	})
}
