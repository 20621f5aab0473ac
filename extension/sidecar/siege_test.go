package sidecar

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/lambda-remit/remit/manifest"
	"github.com/lambda-remit/remit/proxy/aws/awstest"
)

// A siege is a sidecar with all that it has in Lambda, an STS that refuses what
// AWS would, and an upstream in AWS's place that remembers every request and
// judges each for itself: see [siege.judge].
type siege struct {
	ends time.Duration // after which a client says that it has sent all; 0: once it has its answer
	t    testing.TB
	name string // of what is being done, for messages
	car  *Sidecar
	sts  *awstest.STS
	keys aws.Credentials // the function's

	mu   sync.Mutex
	seen []sent
	log  bytes.Buffer
}

// A sent is one request as it came out of the proxy.
type sent struct {
	method, host, target string
	header, trailer      http.Header
	body                 []byte
	granted              error // what is wrong with it
}

// siegeManifest grants these, in the function's own account.
const siegeManifest = `function: siege
log: all
credentials: {role: "` + awstest.RoleARN + `"}
permissions:
  object_storage:
    bucket: media
    read_prefix: granted/
    write_prefix: granted/
    delete_prefix: granted/
    list_prefix: granted/
  queue: {publish: results}
  secrets: {read: [signing-key]}
`

const (
	grantedTopic  = "arn:aws:sns:eu-west-1:" + awstest.Account + ":results"
	grantedSecret = "arn:aws:secretsmanager:eu-west-1:" + awstest.Account + ":secret:signing-key"
)

// besiege starts one. more stands at the end of the manifest.
func besiege(t testing.TB, more string) *siege { return besiegeOver(t, more, nil) }

// besiegeOver starts one whose calls go out over transport.
func besiegeOver(t testing.TB, more string, transport http.RoundTripper) *siege {
	t.Helper()
	s := &siege{t: t}
	up := httptest.NewUnstartedServer(http.HandlerFunc(s.upstream))
	up.Config.ErrorLog = nil
	up.Start()
	t.Cleanup(up.Close)
	var sts *httptest.Server
	s.sts, sts = awstest.NewSTS(t)
	text := fmt.Sprintf("%supstreams: {s3: %q, sns: %q, secretsmanager: %q, sts: %q}\n%s", siegeManifest, up.URL, up.URL, up.URL, sts.URL, more)
	m, err := manifest.Parse("remit.yaml", []byte(text), manifest.Options{Region: "eu-west-1"})
	if err != nil {
		t.Fatal(err)
	}
	base := awstest.Base()
	s.car, err = Start(t.Context(), Config{
		Manifest: m, Region: "eu-west-1", Account: awstest.Account, Function: "besieged", Log: s, Transport: transport,
		Base: credentials.NewStaticCredentialsProvider(base.AccessKeyID, base.SecretAccessKey, base.SessionToken),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		s.car.Close(ctx)
	})
	s.keys = sealed(t, s.car)
	return s
}

func (s *siege) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.Write(p)
}

// upstream answers in AWS's place.
func (s *siege) upstream(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body) // a call that breaks off is judged all the same
	c := sent{method: r.Method, host: r.Host, target: r.RequestURI, header: r.Header, trailer: r.Trailer, body: body}
	c.granted = s.judge(c)
	s.mu.Lock()
	s.seen = append(s.seen, c)
	s.mu.Unlock()
	io.WriteString(w, "the answer")
}

// taken returns the requests that came upstream since it was last asked, and
// the lines that were logged.
func (s *siege) taken() ([]sent, []logLine) {
	s.car.log.Settle()
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := s.seen
	var lines []logLine
	for line := range bytes.Lines(s.log.Bytes()) {
		var l logLine
		if err := json.Unmarshal(line, &l); err != nil {
			s.t.Errorf("log line %q: %v", line, err)
		}
		for range max(1, l.Repeated) {
			lines = append(lines, l)
		}
	}
	s.seen = nil
	s.log.Reset()
	return seen, lines
}

type logLine struct {
	Msg, Reason string
	Repeated    int
	Requests    []struct{ Action, Resource string }
}

// judge says what is wrong with a request that came upstream: that the
// manifest does not grant it, or that it is under other credentials than were
// minted for it. It reads requests in ways of its own, which know only what
// siegeManifest grants.
func (s *siege) judge(c sent) error {
	text := fmt.Sprint(c.target, c.header, string(c.body))
	base := awstest.Base()
	for _, secret := range []string{s.keys.AccessKeyID, s.keys.SessionToken, s.keys.SecretAccessKey, base.AccessKeyID, base.SecretAccessKey, base.SessionToken} {
		if strings.Contains(text, secret) || strings.Contains(text, url.QueryEscape(secret)) {
			return errors.New("it carries credentials that were not minted for it")
		}
	}
	var minted bool
	for _, asked := range s.sts.Asked() {
		if id := asked.Issued.AccessKeyID; id != "" && strings.Contains(text, id+"/") || strings.Contains(text, id+"%2F") {
			minted = true
			if err := judgePolicy(asked.Policy); err != nil {
				return err
			}
		}
	}
	if !minted {
		return errors.New("it carries no credentials that were minted")
	}
	switch service, _, _ := strings.Cut(c.host, "."); {
	case strings.Contains(c.host, "s3."):
		return judgeS3(c)
	case service == "sns":
		return judgeSNS(c)
	case service == "secretsmanager":
		return judgeSecret(c)
	}
	return fmt.Errorf("nothing is granted at %q", c.host)
}

// judgePolicy finds what in a session policy siegeManifest does not grant.
func judgePolicy(policy string) error {
	var p struct {
		Statement []struct{ Effect, Action, Resource any }
	}
	if err := json.Unmarshal([]byte(policy), &p); err != nil {
		return err
	}
	for _, st := range p.Statement {
		for _, resource := range each(st.Resource) {
			if st.Effect == "Allow" && !strings.HasPrefix(resource, "arn:aws:s3:::media/granted/") && resource != "arn:aws:s3:::media" &&
				resource != grantedTopic && !strings.HasPrefix(resource, grantedSecret+"-") {
				return fmt.Errorf("session policy for %q: %s", resource, policy)
			}
		}
	}
	return nil
}

func each(v any) (all []string) {
	if s, ok := v.(string); ok {
		return []string{s}
	}
	list, _ := v.([]any)
	for _, v := range list {
		all = append(all, fmt.Sprint(v))
	}
	return all
}

func judgeS3(c sent) error {
	path, query, _ := strings.Cut(c.target, "?")
	key, err := url.PathUnescape(path)
	if err != nil {
		return err
	}
	// Any region's: the names of buckets are global.
	host := regexp.MustCompile(`^(media\.)?s3(\.[a-z]+(-[a-z]+)+-\d+)?\.amazonaws\.com$`).FindStringSubmatch(c.host)
	if host == nil {
		return fmt.Errorf("host %q", c.host)
	}
	if host[1] == "" {
		bucket, rest, _ := strings.Cut(key[1:], "/")
		if bucket != "media" {
			return fmt.Errorf("bucket %q", bucket)
		}
		key = rest
	} else {
		key = key[1:]
	}
	q, err := url.ParseQuery(query)
	if err != nil {
		return err
	}
	for name, values := range q {
		if len(values) > 1 {
			return fmt.Errorf("parameter %q is doubled", name)
		}
		switch {
		case strings.HasPrefix(name, "X-Amz-"), name == "x-id", name == "uploads", name == "uploadId", name == "partNumber", name == "prefix", name == "list-type", name == "delete", name == "attributes":
		case name == "Content-Type": // which S3 looks for in the head
		default:
			return fmt.Errorf("parameter %q", name)
		}
	}
	for name := range c.header {
		switch {
		case !strings.HasPrefix(name, "X-Amz-"), strings.HasPrefix(name, "X-Amz-Meta-"), strings.HasPrefix(name, "X-Amz-Checksum-"):
		case slices.Contains([]string{"X-Amz-Content-Sha256", "X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Trailer", "X-Amz-Decoded-Content-Length", "X-Amz-User-Agent"}, name):
		case name == "X-Amz-Copy-Source":
			source, err := url.PathUnescape(c.header.Get(name))
			if err != nil || !strings.HasPrefix(strings.TrimPrefix(source, "/"), "media/granted/") {
				return fmt.Errorf("copy source %q", source)
			}
		default:
			return fmt.Errorf("header %q", name)
		}
	}
	if key == "" {
		_, deletes := q["delete"]
		switch {
		case c.method == "GET" && strings.HasPrefix(q.Get("prefix"), "granted/"):
			return nil
		case c.method == "POST" && deletes:
			var body struct{ Object []struct{ Key string } }
			if err := xml.Unmarshal(c.body, &body); err != nil {
				return err
			}
			for _, o := range body.Object {
				if !strings.HasPrefix(o.Key, "granted/") {
					return fmt.Errorf("deletes %q", o.Key)
				}
			}
			return nil
		}
		return fmt.Errorf("%s of the bucket", c.method)
	}
	if !strings.HasPrefix(key, "granted/") {
		return fmt.Errorf("key %q", key)
	}
	return nil
}

func judgeSNS(c sent) error {
	form := string(c.body)
	if c.method == "GET" {
		_, form, _ = strings.Cut(c.target, "?")
	} else if c.target != "/" {
		return fmt.Errorf("target %q", c.target)
	}
	q, err := url.ParseQuery(form)
	if err != nil {
		return err
	}
	if len(q["Action"]) != 1 || q.Get("Action") != "Publish" && q.Get("Action") != "PublishBatch" || len(q["PhoneNumber"]) > 0 ||
		len(q["TopicArn"])+len(q["TargetArn"]) != 1 || q.Get("TopicArn")+q.Get("TargetArn") != grantedTopic {
		return fmt.Errorf("form %q", form)
	}
	return nil
}

func judgeSecret(c sent) error {
	operation := c.header.Values("X-Amz-Target")
	var in map[string]json.RawMessage
	if err := json.Unmarshal(c.body, &in); err != nil {
		return err
	}
	var id string
	if err := json.Unmarshal(in["SecretId"], &id); err != nil {
		return err
	}
	if len(operation) != 1 || operation[0] != "secretsmanager.GetSecretValue" && operation[0] != "secretsmanager.DescribeSecret" ||
		id != "signing-key" && !strings.HasPrefix(id, grantedSecret) {
		return fmt.Errorf("%q of %q", operation, id)
	}
	return nil
}

// dial opens a connection by one way in. Where the way is a tunnel it is to
// host, with the server name sni.
func (s *siege) dial(way, host, sni string, protocols ...string) (net.Conn, error) {
	address := s.car.Handshake().Proxy
	if way == "direct" {
		address = s.car.Handshake().TLS
	}
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	conn.SetDeadline(time.Now().Add(5 * time.Second))
	switch way {
	case "tunnel":
		fmt.Fprintf(conn, "CONNECT %s:443 HTTP/1.1\r\nHost: %s:443\r\n\r\n", host, host)
		answer := make([]byte, len("HTTP/1.1 200 Connection established\r\n\r\n"))
		if _, err := io.ReadFull(conn, answer); err != nil || !bytes.HasPrefix(answer, []byte("HTTP/1.1 200")) {
			conn.Close()
			return nil, fmt.Errorf("CONNECT: %q, %v", answer, err)
		}
	case "direct": // the same without that
	default:
		return conn, nil
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(s.car.Handshake().CA))
	inner := tls.Client(conn, &tls.Config{RootCAs: roots, ServerName: sni, NextProtos: protocols})
	if err := inner.Handshake(); err != nil {
		conn.Close()
		return nil, err
	}
	return inner, nil
}

// fire sends a shot and says what came of it: what was answered and logged, and
// what came upstream.
func (s *siege) fire(way string, shot *shot) string {
	s.t.Helper()
	s.taken()
	wire, target := shot.bytes(s.t, way, s.car.Handshake().Proxy, s.keys)
	conn, err := s.dial(way, shot.host, shot.host)
	if err != nil {
		// Its line comes a moment after the refusal, and is not the next shot's.
		for i, heard := 0, false; !heard && i < 100; i++ {
			time.Sleep(5 * time.Millisecond)
			_, lines := s.taken()
			heard = len(lines) > 0
		}
		return "no tunnel: " + strings.TrimSpace(err.Error())
	}
	defer conn.Close()
	go conn.Write(wire) // The answer may come before the request has ended.
	if half, ok := conn.(interface{ CloseWrite() error }); ok && s.ends > 0 {
		// A request that lacks bytes is waited for, as long as its client says
		// that there is more.
		defer time.AfterFunc(s.ends, func() { half.CloseWrite() }).Stop()
	}
	in := bufio.NewReader(conn)
	method, _, _ := strings.Cut(shot.head[0], " ")
	result := ""
	if resp, err := http.ReadResponse(in, &http.Request{Method: method}); err != nil {
		result = "no answer"
	} else {
		io.Copy(io.Discard, resp.Body)
		result = fmt.Sprint(resp.StatusCode)
	}
	// Whatever else the bytes meant is answered before the end.
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
	}
	rest, _ := io.ReadAll(in)
	if n := bytes.Count(rest, []byte("HTTP/1.1 ")); n > 0 {
		result += fmt.Sprintf(" and %d more", n)
	}
	return result + s.outcome(shot, way, target)
}

// outcome says what was logged and sent, and checks what was sent.
func (s *siege) outcome(shot *shot, way, target string) string {
	s.t.Helper()
	seen, lines := s.taken()
	// A call is logged once it is over, over HTTP/2 a moment after its answer.
	// What net/http itself refuses is never logged.
	for i := 0; i < 10 && len(lines) == 0 || i < 400 && len(lines) < len(seen); i++ {
		time.Sleep(5 * time.Millisecond)
		more, after := s.taken()
		seen, lines = append(seen, more...), append(lines, after...)
	}
	result := ""
	allowed := 0
	for _, l := range lines {
		result += " " + l.Msg
		if l.Reason != "" {
			result += " " + l.Reason
		}
		for _, r := range l.Requests {
			result += fmt.Sprintf("\n  %s %q", r.Action, r.Resource)
		}
		if l.Msg == "allowed" {
			allowed++
		}
	}
	for _, c := range seen {
		short, _, _ := strings.Cut(c.target, "X-Amz-Algorithm")
		result += fmt.Sprintf("\n  > %s %s %q", c.method, c.host, strings.TrimRight(short, "?&"))
		if c.granted != nil {
			s.t.Errorf("%s: %s: sent %s %s %q: %v", s.name, way, c.method, c.host, c.target, c.granted)
		}
		if len(c.trailer) > 0 {
			result += fmt.Sprintf(" trailers %v", c.trailer)
		}
		if strings.Contains(target, "AWSAccessKeyId=") && strings.HasPrefix(target, "/") {
			// Parameters of its own stand between others: what is left of those,
			// the judges see.
			path, _, _ := strings.Cut(target, "?")
			if sentPath, _, _ := strings.Cut(c.target, "?"); sentPath != path || strings.Contains(c.target, "AWSAccessKeyId") || strings.Contains(c.target, "&Signature=") {
				s.t.Errorf("%s: %s: sent target %q, read %q", s.name, way, c.target, target)
			}
		} else if before, _, signed := strings.Cut(target, "X-Amz-Algorithm"); strings.HasPrefix(target, "/") && !strings.HasPrefix(c.target, before) && !signed && c.target != target {
			s.t.Errorf("%s: %s: sent target %q, read %q", s.name, way, c.target, target)
		}
		if !slices.ContainsFunc(shot.head, func(l string) bool { return strings.HasPrefix(strings.ToLower(l), "transfer-encoding") }) && !bytes.HasPrefix(shot.body, c.body) {
			s.t.Errorf("%s: %s: sent body %q, read %q", s.name, way, c.body, shot.body)
		}
	}
	if len(seen) > allowed {
		s.t.Errorf("%s: %s: %d requests were sent, and %d allowed", s.name, way, len(seen), allowed)
	}
	return result
}
