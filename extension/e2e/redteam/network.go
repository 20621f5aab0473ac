package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"golang.org/x/sys/unix"

	"github.com/lambda-remit/remit/extension/environ"
)

// onSockets are attempts to stand where the extension does.
var onSockets = []attempt{
	{"listen beside the proxy", func(scene) (string, error) {
		err := errors.New("not tried")
		for _, host := range []string{"127.0.0.1", "0.0.0.0", "::", "::1"} {
			l, e := listen(net.JoinHostPort(host, proxyPort()))
			if e == nil && host != "::1" { // where the proxy does not listen, and nobody asks for it
				l.Close()
				return "listening on " + host, nil
			}
			if host == "127.0.0.1" {
				err = e
			}
			if e == nil {
				l.Close()
			}
		}
		return "", err
	}},
	{"listen beside the credentials' server", func(scene) (string, error) {
		u, err := url.Parse(os.Getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI"))
		if err != nil {
			return "", err
		}
		l, err := listen(u.Host)
		if err == nil {
			l.Close()
		}
		return "listening", err
	}},
	{"listen beside the passing of the Runtime API", func(scene) (string, error) {
		l, err := listen(os.Getenv("AWS_LAMBDA_RUNTIME_API"))
		if err == nil {
			l.Close()
		}
		return "listening", err
	}},
	{"take the extension's name", func(scene) (string, error) {
		l, err := net.Listen("unix", socket())
		if err == nil {
			l.Close()
		}
		return "listening", err
	}},
	{"ask the extension as the wrapper does", func(scene) (string, error) {
		c, err := net.Dial("unix", socket())
		if err != nil {
			return "", err
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(5 * time.Second))
		b, err := io.ReadAll(c)
		_, told, _ := strings.Cut(string(b), "\ntoken ")
		token, _, _ := strings.Cut(told, "\n")
		if token == "" {
			return "", errors.Join(err, errors.New("no answer"))
		}
		if token == os.Getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN") {
			return "the function's own token", nil
		}
		return "a token", nil
	}},
}

// onServers are attempts to get credentials that work, or to use those that do
// not.
var onServers = []attempt{
	{"ask for credentials without the token", credentials(func(r *http.Request) { r.Header.Del("Authorization") })},
	{"ask for credentials with another token", credentials(func(r *http.Request) { r.Header.Set("Authorization", "guessed") })},
	{"ask for credentials under another name", credentials(func(r *http.Request) { r.Host = "attacker.example" })},
	{"ask for credentials from a page", credentials(func(r *http.Request) { r.Header.Set("Origin", "https://attacker.example") })},
	{"get real credentials with the token", func(s scene) (string, error) {
		c, err := sealed()
		if err != nil {
			return "", err
		}
		if strings.HasPrefix(c.AccessKeyID, "ASIAREMIT") {
			return "", fmt.Errorf("they are sealed: %s…", c.AccessKeyID[:9])
		}
		return c.AccessKeyID, nil
	}},
	{"use the sealed credentials at STS", func(scene) (string, error) {
		return call(http.MethodPost, os.Getenv("REDTEAM_STS")+"/", "sts", "Action=GetCallerIdentity&Version=2011-06-15")
	}},
	{"assume the calls' role with them", func(scene) (string, error) {
		return call(http.MethodPost, os.Getenv("REDTEAM_STS")+"/", "sts", "Action=AssumeRole&Version=2011-06-15&RoleSessionName=x&RoleArn="+url.QueryEscape(os.Getenv("REDTEAM_ROLE")))
	}},
	{"use the sealed credentials at S3", func(scene) (string, error) {
		return call(http.MethodGet, os.Getenv("REDTEAM_S3")+"/media-eu/in/ten.txt", "s3", "")
	}},
	{"reach the Runtime API through the proxy", tunnel(runtimeAPI)},
	{"reach the metadata service through the proxy", tunnel(func() string { return "169.254.169.254:80" })},
	{"reach the credentials' server through the proxy", tunnel(func() string {
		u, _ := url.Parse(os.Getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI"))
		return u.Host
	})},
	{"register under the extension's name", func(scene) (string, error) {
		return api("/2020-01-01/extension/register", `{"events":["INVOKE"]}`, "Lambda-Extension-Name", "remit")
	}},
	{"register as one more extension", func(scene) (string, error) {
		return api("/2020-01-01/extension/register", `{"events":[]}`, "Lambda-Extension-Name", "redteam")
	}},
	{"register as the extension where the Runtime API is passed on", func(scene) (string, error) {
		r, err := http.NewRequest(http.MethodPost, "http://"+os.Getenv("AWS_LAMBDA_RUNTIME_API")+"/2020-01-01/extension/register", strings.NewReader(`{"events":["INVOKE"]}`))
		if err != nil {
			return "", err
		}
		r.Header.Set("Lambda-Extension-Name", "remit")
		return send(r)
	}},
	{"report the extension's end in its place", func(scene) (string, error) {
		return api("/2020-01-01/extension/exit/error", `{}`,
			"Lambda-Extension-Identifier", "00000000-0000-0000-0000-000000000000", "Lambda-Extension-Function-Error-Type", "Extension.Other")
	}},
	{"have the extension take this for a restored sandbox", func(scene) (string, error) {
		r, err := http.NewRequest(http.MethodGet, "http://"+os.Getenv("AWS_LAMBDA_RUNTIME_API")+"/2018-06-01/runtime/restore/next", nil)
		if err != nil {
			return "", err
		}
		return send(r)
	}},
	{"end an invocation that is none", func(scene) (string, error) {
		r, err := http.NewRequest(http.MethodPost, "http://"+os.Getenv("AWS_LAMBDA_RUNTIME_API")+"/2018-06-01/runtime/invocation/00000000-0000-0000-0000-000000000000/response", strings.NewReader("{}"))
		if err != nil {
			return "", err
		}
		return send(r)
	}},
	{"get the snapshot's credentials", func(scene) (string, error) {
		return api("/2021-04-23/credentials", "", "Authorization", os.Getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN"))
	}},
}

// runtimeAPI is the address that Lambda's own process listens on, which says so
// to all.
func runtimeAPI() string {
	for _, line := range processes() {
		if args := strings.Split(line, "\x00"); strings.HasPrefix(line, "/var/rapid/") {
			if i := slices.Index(args, "--runtime-api-address"); i >= 0 && i+1 < len(args) {
				return args[i+1]
			}
		}
	}
	return os.Getenv("AWS_LAMBDA_RUNTIME_API")
}

func proxyPort() string {
	u, _ := url.Parse(os.Getenv("HTTPS_PROXY"))
	return u.Port()
}

// socket is the name of the extension's socket, as /proc/net/unix shows it.
func socket() string {
	b, _ := os.ReadFile("/proc/net/unix")
	space, _ := os.Readlink("/proc/self/ns/pid")
	space = strings.Trim(space, "pid:[]")
	for line := range strings.Lines(string(b)) {
		if _, name, ok := strings.Cut(strings.TrimSpace(line), "@remit"); ok && strings.Contains(name, space) {
			return "@remit" + name
		}
	}
	return "@remit:" + space
}

// listen shares an address as far as the kernel lets it.
func listen(address string) (net.Listener, error) {
	c := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		return raw.Control(func(fd uintptr) {
			unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
			unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
		})
	}}
	return c.Listen(context.Background(), "tcp", address)
}

// direct goes round every proxy.
var direct = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}

// credentials asks for credentials with the token, in a request that change
// changes.
func credentials(change func(*http.Request)) func(scene) (string, error) {
	return func(scene) (string, error) {
		r, err := http.NewRequest(http.MethodGet, os.Getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI"), nil)
		if err != nil {
			return "", err
		}
		r.Header.Set("Authorization", os.Getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN"))
		change(r)
		return send(r)
	}
}

// send sends a request, and takes every answer but a good one for an error.
func send(r *http.Request) (string, error) {
	a, err := direct.Do(r)
	if err != nil {
		return "", err
	}
	defer a.Body.Close()
	b, err := io.ReadAll(io.LimitReader(a.Body, 1<<20))
	if a.StatusCode >= 300 {
		return "", fmt.Errorf("%s: %.80q", a.Status, b)
	}
	return string(b), err
}

// sealed are the credentials that the function gets.
func sealed() (c aws.Credentials, err error) {
	text, err := credentials(func(*http.Request) {})(scene{})
	if err != nil {
		return c, err
	}
	var got struct{ AccessKeyID, SecretAccessKey, Token string }
	err = json.Unmarshal([]byte(text), &got)
	return aws.Credentials{AccessKeyID: got.AccessKeyID, SecretAccessKey: got.SecretAccessKey, SessionToken: got.Token}, err
}

// call calls a service itself, round the proxy.
func call(method, address, service, body string) (string, error) {
	c, err := sealed()
	if err != nil {
		return "", err
	}
	r, err := http.NewRequest(method, address, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	const unsigned = "UNSIGNED-PAYLOAD"
	sum := unsigned
	if service != "s3" {
		sum = hexSum(body)
	}
	r.Header.Set("X-Amz-Content-Sha256", sum)
	if err := v4.NewSigner().SignHTTP(context.Background(), c, r, sum, service, os.Getenv("AWS_REGION"), time.Now()); err != nil {
		return "", err
	}
	return send(r)
}

// tunnel asks the proxy for a tunnel.
func tunnel(to func() string) func(scene) (string, error) {
	return func(scene) (string, error) {
		c, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", proxyPort()))
		if err != nil {
			return "", err
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(10 * time.Second))
		host := to()
		fmt.Fprintf(c, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", host, host)
		a, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: http.MethodConnect})
		if err != nil {
			return "", err
		}
		if a.StatusCode != http.StatusOK {
			return "", errors.New(a.Status)
		}
		return "a tunnel", nil
	}
}

// api asks the Runtime API itself.
func api(path, body string, headers ...string) (string, error) {
	method := http.MethodPost
	if body == "" {
		method = http.MethodGet
	}
	r, err := http.NewRequest(method, "http://"+runtimeAPI()+path, bytes.NewReader([]byte(body)))
	if err != nil {
		return "", err
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return send(r)
}

// squat takes the extension's name when it has ended, and answers whoever asks.
func squat(d time.Duration) error {
	name := socket()
	for began := time.Now(); time.Since(began) < d; {
		l, err := net.Listen("unix", name)
		if err != nil {
			continue // at once: the extension is as quick
		}
		l.(*net.UnixListener).SetDeadline(began.Add(d))
		for {
			c, err := l.Accept()
			if err != nil {
				return err
			}
			fmt.Fprintf(c, "remit %d\nproxy 127.0.0.1:1\ncredentials_uri http://127.0.0.1:1/\ntoken t\n\n-----BEGIN CERTIFICATE-----", environ.HandshakeVersion)
			c.Close()
		}
	}
	return nil
}
