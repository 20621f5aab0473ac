package proxy_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/lambda-remit/remit/proxy"
)

// plainConnect is the first line of a tunnel without TLS.
func plainConnect(host string) string {
	return "CONNECT " + host + " HTTP/1.1\r\nHost: " + host + "\r\n" + proxy.PlainTunnel + ": 1\r\n\r\n"
}

func TestAPlainTunnelIsServedWithoutAnAnswerOfItsOwn(t *testing.T) {
	w := newWorld(t, func(rw http.ResponseWriter, r *http.Request) { fmt.Fprint(rw, r.Method, " ", r.RequestURI) }, nil)
	conn := w.dial()
	// The request may come with the first line, or after it.
	io.WriteString(conn, plainConnect("s3.amazonaws.com:443")+"GET /bucket/a HTTP/1.1\r\nHost: s3.amazonaws.com\r\nAuthorization: sealed\r\n\r\n")
	r := bufio.NewReader(conn)
	for _, key := range []string{"a", "b"} {
		if key == "b" {
			io.WriteString(conn, "PUT /bucket/b HTTP/1.1\r\nHost: s3.amazonaws.com\r\nAuthorization: sealed\r\nContent-Length: 0\r\n\r\n")
		}
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		if resp.StatusCode != 200 || !strings.HasSuffix(string(body), "/bucket/"+key) {
			t.Errorf("%s: got %d %s", key, resp.StatusCode, body)
		}
	}
	for range 2 {
		if rec := w.record(); rec.Host != "s3.amazonaws.com" {
			t.Errorf("got host %q", rec.Host)
		}
	}
}

func TestAPlainTunnelCarriesHTTP2(t *testing.T) {
	w := newWorld(t, func(rw http.ResponseWriter, r *http.Request) { fmt.Fprint(rw, r.RequestURI) }, nil)
	transport := &http.Transport{Protocols: new(http.Protocols), DialContext: func(context.Context, string, string) (net.Conn, error) {
		conn := w.dial()
		_, err := io.WriteString(conn, plainConnect("kinesis.amazonaws.com:443"))
		return conn, err
	}}
	transport.Protocols.SetUnencryptedHTTP2(true)
	t.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{Transport: transport}
	for host, want := range map[string]int{"kinesis.amazonaws.com": 200, "s3.amazonaws.com": http.StatusMisdirectedRequest} {
		r, err := http.NewRequest("GET", "http://"+host+"/bucket/x", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "sealed")
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: got %d, want %d", host, resp.StatusCode, want)
		}
	}
}

func TestAPlainTunnelIsHeldToWhatAnyIs(t *testing.T) {
	for name, c := range map[string]struct {
		host, inside string
		want         int
	}{
		"another host inside":     {"s3.amazonaws.com:443", "GET /bucket/a HTTP/1.1\r\nHost: kms.amazonaws.com\r\n\r\n", 421},
		"another port":            {"s3.amazonaws.com:80", "", 403},
		"a host that is no AWS's": {"api.example.com:443", "", 400},
		"a host with a dot":       {"s3.amazonaws.com.:443", "", 400},
		"a tunnel in it":          {"s3.amazonaws.com:443", plainConnect("s3.amazonaws.com:443"), 405},
		"two lengths inside":      {"s3.amazonaws.com:443", "PUT /bucket/a HTTP/1.1\r\nHost: s3.amazonaws.com\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
	} {
		w := newWorld(t, func(http.ResponseWriter, *http.Request) {}, nil)
		conn := w.dial()
		io.WriteString(conn, plainConnect(c.host)+c.inside)
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || resp.StatusCode != c.want {
			t.Errorf("%s: got %v, %v, want %d", name, resp, err, c.want)
		}
	}
}
