package proxy_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/tools/txtar"
)

// exchange sends raw on a new connection to the proxy's port, or inside a
// tunnel, and returns what comes back until the connection ends.
func (w *world) exchange(raw string, inside bool) string {
	w.t.Helper()
	var conn net.Conn = w.dial()
	if inside {
		conn = w.dialInside(claimed)
	}
	defer conn.Close()
	go io.WriteString(conn, raw)
	got, err := io.ReadAll(conn)
	if ne, ok := errors.AsType[net.Error](err); ok && ne.Timeout() {
		w.t.Errorf("the connection stays open behind %q", got)
	}
	return string(got)
}

func (w *world) dial() *net.TCPConn {
	w.t.Helper()
	conn, err := net.Dial("tcp", w.proxy.Host)
	if err != nil {
		w.t.Fatal(err)
	}
	conn.SetDeadline(time.Now().Add(5 * time.Second))
	w.t.Cleanup(func() { conn.Close() })
	return conn.(*net.TCPConn)
}

// dialInside opens a tunnel to the claimed host, and TLS in it for name.
func (w *world) dialInside(name string, protos ...string) *tls.Conn {
	w.t.Helper()
	return w.dialTo(claimed+":443", name, protos...)
}

// dialTo is dialInside of a tunnel to another authority.
func (w *world) dialTo(authority, name string, protos ...string) *tls.Conn {
	w.t.Helper()
	conn := w.dial()
	if got := connect(w.t, conn, authority); !strings.HasPrefix(got, "HTTP/1.1 200 ") {
		w.t.Fatalf("CONNECT to %s was answered %q", authority, got)
	}
	host, _, _ := strings.Cut(authority, ":")
	return tls.Client(conn, &tls.Config{RootCAs: w.roots, ServerName: name, InsecureSkipVerify: name != host, NextProtos: protos})
}

// connect asks conn for a tunnel and returns the header of the answer.
func connect(t *testing.T, conn net.Conn, authority string) string {
	t.Helper()
	fmt.Fprintf(conn, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", authority, authority)
	var got []byte
	one := make([]byte, 1)
	for !bytes.HasSuffix(got, []byte("\r\n\r\n")) {
		if _, err := io.ReadFull(conn, one); err != nil {
			t.Fatalf("the answer to CONNECT ends after %q: %v", got, err)
		}
		got = append(got, one[0])
	}
	return string(got)
}

func TestMessagesWithTwoMeaningsAreRefused(t *testing.T) {
	src, err := os.ReadFile("testdata/smuggling.txtar")
	if err != nil {
		t.Fatal(err)
	}
	files := txtar.Parse(src).Files
	if len(files) == 0 {
		t.Fatal("testdata/smuggling.txtar has no cases")
	}
	var mu sync.Mutex
	saw := ""
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // The proxy gave up on it.
		}
		mu.Lock()
		defer mu.Unlock()
		saw += fmt.Sprintf("%s %s %s;", r.Method, r.RequestURI, body)
	}, nil)
	for _, file := range files {
		first, rest, _ := strings.Cut(string(file.Data), "\n")
		var status int
		var reason string
		if _, err := fmt.Sscanf(first, "%d %s", &status, &reason); err != nil {
			t.Fatalf("%s: %v in %q", file.Name, err, first)
		}
		for _, inside := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s inside=%v", file.Name, inside), func(t *testing.T) {
				host := w.proxy.Host
				if inside {
					host = claimed
				}
				raw := unescape(t, rest)
				raw = strings.ReplaceAll(raw, "{host}", host)
				raw = strings.ReplaceAll(raw, "{80000}", strings.Repeat("x", 80000))
				got := w.exchange(raw, inside)
				resp, err := http.ReadResponse(bufio.NewReader(strings.NewReader(got)), nil)
				if err != nil {
					t.Fatalf("got %q: %v", got, err)
				}
				if resp.StatusCode != status {
					t.Errorf("got %q, want %d", got, status)
				}
				if strings.Count(got, "HTTP/1.") != 1 {
					t.Errorf("got several answers: %q", got)
				}
				mu.Lock()
				defer mu.Unlock()
				if (saw != "") != (status == 200) {
					t.Errorf("upstream saw %q", saw)
				}
				saw = ""
				switch {
				case status == 200:
					if rec := w.record(); rec.Status != 200 {
						t.Errorf("recorded %+v", rec)
					}
				case reason != "-":
					if rec := w.record(); string(rec.Decision.Reason) != reason || rec.Decision.Allowed || rec.Err == nil {
						t.Errorf("recorded %q %v, want %q", rec.Decision.Reason, rec.Err, reason)
					}
				}
				w.noRecord()
			})
		}
	}
}

// unescape joins the lines of s and reads Go's escapes in them.
func unescape(t *testing.T, s string) string {
	t.Helper()
	s = strings.ReplaceAll(s, "\n", "")
	r := strings.NewReplacer(`\r`, "\r", `\n`, "\n", `\t`, "\t", `\x0b`, "\x0b", `\x00`, "\x00")
	return r.Replace(s)
}

// A wire is a plain upstream that keeps what it is sent, byte for byte.
type wire struct {
	url *url.URL
	got chan string // one request's header and body, as they came
}

// newWire answers every request with reply, once its header and as many bytes
// of body as it announces are there.
func newWire(t *testing.T, reply string) *wire {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	v := &wire{url: &url.URL{Scheme: "http", Host: ln.Addr().String()}, got: make(chan string, 10)}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer conn.Close()
				conn.SetDeadline(time.Now().Add(30 * time.Second))
				var raw bytes.Buffer
				req, err := http.ReadRequest(bufio.NewReader(io.TeeReader(conn, &raw)))
				if err != nil {
					return
				}
				io.Copy(io.Discard, req.Body)
				v.got <- raw.String()
				io.WriteString(conn, reply)
			})
		}
	})
	t.Cleanup(func() { ln.Close(); wg.Wait() })
	return v
}

const okReply = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"

func TestTheTargetIsSentByteForByte(t *testing.T) {
	up := newWire(t, okReply)
	var read string
	w := newWorld(t, nil, func(w *world) {
		w.cloud.upstream = up.url
		w.cloud.read = func(r *http.Request) { read = r.RequestURI }
	})
	for _, target := range []string{
		"/bucket/", "/bucket/key", "/bucket//", "/bucket//key", "/bucket/../key", "/bucket/./key", "/bucket/..", "/bucket/%2F", "/bucket/%2f",
		"/bucket/a%2Fb", "/bucket/%2e%2e/x", "/bucket/%41", "/bucket/a+b", "/bucket/a%20b", "/bucket/a;b", "/bucket/a;b?x;y=1;z", "/bucket/?",
		"/bucket/key?", "/bucket/key??", "/bucket/key?a=b&a=c", "/bucket/key?a=%2F&b=/&c=?", "/bucket/key?=", "/bucket/key?&&",
		"/bucket/%C3%BC", "/bucket/e%CC%81", "/bucket/%F0%9F%98%80", "/bucket/key/", "/bucket/'()*!~", "/bucket/:@&=+$,", "/bucket/[x]", "/bucket/%5Bx%5D",
		"/bucket/%22%3C%3E%5C%5E%60%7B%7C%7D", "/bucket/%00", "/bucket/%25", "/bucket/key?list-type=2&prefix=a%2Fb&delimiter=/", "/bucket/key?\"<>^`{|}",
	} {
		for _, inside := range []bool{false, true} {
			host := w.proxy.Host
			if inside {
				host = claimed
			}
			got := w.exchange("GET "+target+" HTTP/1.1\r\nHost: "+host+"\r\nAuthorization: sealed\r\nConnection: close\r\n\r\n", inside)
			if !strings.HasPrefix(got, "HTTP/1.1 200 ") {
				t.Errorf("%s: got %q", target, got)
				w.record()
				continue
			}
			sent := <-up.got
			if want := "GET " + target + " HTTP/1.1\r\n"; !strings.HasPrefix(sent, want) || read != target {
				t.Errorf("read %q and sent %.60q, want %q", read, sent, want)
			}
			w.record()
		}
		got := w.exchange("GET http://"+claimed+target+" HTTP/1.1\r\nHost: "+claimed+"\r\nAuthorization: sealed\r\nConnection: close\r\n\r\n", false)
		if !strings.HasPrefix(got, "HTTP/1.1 200 ") {
			t.Errorf("absolute %s: got %q", target, got)
			w.record()
			continue
		}
		sent := <-up.got
		if want := "GET " + target + " HTTP/1.1\r\n"; !strings.HasPrefix(sent, want) || read != target {
			t.Errorf("absolute: read %q and sent %.60q, want %q", read, sent, want)
		}
		w.record()
	}
}

func TestATargetMayBeginWithTwoSlashes(t *testing.T) {
	up := newWire(t, okReply)
	w := newWorld(t, nil, func(w *world) {
		w.cloud.upstream = up.url
		w.manifest.Grants[0].Resources = append(w.manifest.Grants[0].Resources, "//*")
	})
	for _, inside := range []bool{false, true} {
		got := w.exchange("GET //evil.example.com/key HTTP/1.1\r\nHost: "+claimed+"\r\nAuthorization: sealed\r\nConnection: close\r\n\r\n", inside)
		if !strings.HasPrefix(got, "HTTP/1.1 200 ") {
			t.Fatalf("got %q", got)
		}
		if sent := <-up.got; !strings.HasPrefix(sent, "GET //evil.example.com/key HTTP/1.1\r\nHost: "+up.url.Host+"\r\n") {
			t.Errorf("sent %q", sent)
		}
	}
}

func TestWhatIsReadIsWhatIsSent(t *testing.T) {
	up := newWire(t, okReply)
	var read http.Header
	w := newWorld(t, nil, func(w *world) {
		w.cloud.upstream = up.url
		w.cloud.read = func(r *http.Request) { read = r.Header.Clone() }
	})
	for _, tt := range []struct {
		name, header, body string
		want               string // of the request upstream, from behind Host on
	}{
		{"nothing is added", "", "", "Authorization: minted\r\n\r\n"},
		{"what ends at a proxy goes", "Proxy-Authorization: Basic x\r\nProxy-Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n", "", "Authorization: minted\r\n\r\n"},
		{"what Connection names goes", "Connection: x-amz-date, X-Foo\r\nX-Amz-Date: 1\r\nX-Foo: 2\r\nX-Bar: 3\r\n", "", "Authorization: minted\r\nX-Bar: 3\r\n\r\n"},
		{"every Connection counts", "Connection: x-a\r\nConnection: , x-b ,\r\nX-A: 1\r\nX-B: 2\r\n", "", "Authorization: minted\r\n\r\n"},
		{"TE goes", "TE: gzip\r\n", "", "Authorization: minted\r\n\r\n"},
		{"TE: trailers stays", "TE: gzip;q=1, trailers\r\nConnection: TE\r\n", "", "Authorization: minted\r\nTe: trailers\r\n\r\n"},
		{"h2c is not offered on", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAA\r\n", "", "Authorization: minted\r\n\r\n"},
		{"forwarding headers are the client's", "X-Forwarded-For: a\r\nX-Forwarded-Host: b\r\nForwarded: c\r\nVia: d\r\n", "", "Authorization: minted\r\nForwarded: c\r\nVia: d\r\nX-Forwarded-For: a\r\nX-Forwarded-Host: b\r\n\r\n"},
		{"the agent and encodings stay", "User-Agent: Boto3/1.43\r\nAccept-Encoding: identity\r\n", "", "User-Agent: Boto3/1.43\r\nAccept-Encoding: identity\r\nAuthorization: minted\r\n\r\n"},
		{"values stay in order", "X-A: 2\r\nX-A: 1\r\nX-Empty:\r\n", "", "Authorization: minted\r\nX-A: 2\r\nX-A: 1\r\nX-Empty: \r\n\r\n"},
		{"UTF-8 and Latin-1 stay", "X-Amz-Meta-A: \xc3\xbc\r\nX-Amz-Meta-B: \xfc\r\n", "", "Authorization: minted\r\nX-Amz-Meta-A: \xc3\xbc\r\nX-Amz-Meta-B: \xfc\r\n\r\n"},
		{"runs of spaces stay", "X-A: a  b\r\n", "", "Authorization: minted\r\nX-A: a  b\r\n\r\n"},
		{"a length stays", "Content-Length: 5\r\n", "hello", "Content-Length: 5\r\nAuthorization: minted\r\n\r\nhello"},
		{"no length stays zero", "Content-Length: 0\r\n", "", "Content-Length: 0\r\nAuthorization: minted\r\n\r\n"},
		{"chunks stay chunks", "Transfer-Encoding: chunked\r\n", "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", "Transfer-Encoding: chunked\r\nAuthorization: minted\r\n\r\n5\r\nhello\r\n0\r\n\r\n"},
		{"empty chunks stay chunks", "Transfer-Encoding: chunked\r\n", "0\r\n\r\n", "Transfer-Encoding: chunked\r\nAuthorization: minted\r\n\r\n0\r\n\r\n"},
		{"announced trailers pass", "Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n", "2\r\nhi\r\n0\r\nX-Sum: 42\r\n\r\n", "Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\nAuthorization: minted\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 42\r\n\r\n"},
		{"others, which nobody read, do not", "Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n", "2\r\nhi\r\n0\r\nX-Sum: 42\r\nAuthorization: evil\r\n\r\n", "Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\nAuthorization: minted\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 42\r\n\r\n"},
		{"nor without an announcement", "Transfer-Encoding: chunked\r\n", "2\r\nhi\r\n0\r\nX-Sum: 42\r\n\r\n", "Transfer-Encoding: chunked\r\nAuthorization: minted\r\n\r\n2\r\nhi\r\n0\r\n\r\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			method := "GET"
			if strings.Contains(tt.want, "Content-Length") || strings.Contains(tt.want, "Transfer-Encoding") {
				method = "PUT" // net/http gives no GET a length of zero.
			}
			got := w.exchange(method+" /bucket/key HTTP/1.1\r\nHost: x\r\nAuthorization: sealed\r\nConnection: close\r\n"+tt.header+"\r\n"+tt.body, false)
			if !strings.HasPrefix(got, "HTTP/1.1 200 ") {
				t.Fatalf("got %q", got)
			}
			_, sent, _ := strings.Cut(<-up.got, "\r\nHost: "+up.url.Host+"\r\n")
			if sent != tt.want {
				t.Errorf("sent %q\nwant %q", sent, tt.want)
			}
			for name := range read {
				switch name {
				case "Connection", "Proxy-Authorization", "Proxy-Connection", "Keep-Alive", "Upgrade", "X-Foo", "Http2-Settings":
					t.Errorf("Read was shown %s", name)
				}
			}
			w.record()
		})
	}
}
