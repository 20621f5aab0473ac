package sidecar

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// ask sends one raw request to address and returns the status of its answer and
// its body.
func ask(t *testing.T, address, raw string) (int, string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := io.WriteString(conn, raw); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, err.Error()
	}
	body, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body)
}

// The credentials endpoint asked without the token, with another Host, by a
// browser's rebinding; and by the proxy, which is on loopback as well.
func TestTheCredentialsAreForWhoHasTheToken(t *testing.T) {
	s := besiege(t, "")
	u, err := url.Parse(s.car.Handshake().CredentialsURI)
	if err != nil {
		t.Fatal(err)
	}
	token := "Authorization: " + s.car.Handshake().Token + "\r\n"
	host := "Host: " + u.Host + "\r\n"
	get := "GET " + u.Path + " HTTP/1.1\r\n"
	for _, test := range []struct {
		name, raw string
		granted   bool
	}{
		{"as SDKs do", get + host + token, true},
		{"by name", get + "Host: localhost\r\n" + token, true},
		{"no token", get + host, false},
		{"an empty token", get + host + "Authorization:\r\n", false},
		{"a wrong token", get + host + "Authorization: " + strings.Repeat("a", 43) + "\r\n", false},
		{"the token's beginning", get + host + token[:len(token)-3] + "\r\n", false},
		{"a scheme before it", get + host + "Authorization: Bearer " + s.car.Handshake().Token + "\r\n", false},
		{"two tokens", get + host + "Authorization: x\r\n" + token, false},
		{"in another header", get + host + "X-Authorization: " + s.car.Handshake().Token + "\r\n", false},
		{"in the query", "GET " + u.Path + "?token=" + s.car.Handshake().Token + " HTTP/1.1\r\n" + host + token, false},
		{"a rebound name", get + "Host: attacker.example\r\n" + token, false},
		{"a rebound name with the port", get + "Host: attacker.example:" + u.Port() + "\r\n" + token, false},
		{"a name that begins so", get + "Host: 127.0.0.1.attacker.example\r\n" + token, false},
		{"a name that begins so too", get + "Host: localhost.attacker.example\r\n" + token, false},
		{"another notation of the address", get + "Host: 2130706433\r\n" + token, false},
		{"an absolute target elsewhere", "GET http://attacker.example" + u.Path + " HTTP/1.1\r\n" + host + token, false},
		{"from a page", get + host + "Origin: http://attacker.example\r\n" + token, false},
		{"from a page of its own", get + host + "Origin: http://" + u.Host + "\r\n" + token, false},
		{"by POST", "POST " + u.Path + " HTTP/1.1\r\n" + host + token + "Content-Length: 0\r\n", false},
		{"a preflight", "OPTIONS " + u.Path + " HTTP/1.1\r\n" + host + token, false},
		{"a path around it", "GET /x/.." + u.Path + " HTTP/1.1\r\n" + host + token, false},
		{"a path encoded", "GET /%63redentials HTTP/1.1\r\n" + host + token, false},
	} {
		status, body := ask(t, u.Host, test.raw+"\r\n")
		if granted := strings.Contains(body, s.keys.SecretAccessKey); granted != test.granted || granted != (status == 200) {
			t.Errorf("%s: got %d %s", test.name, status, body)
		}
	}
	// The proxy is no way to it, and has no credentials at the same path.
	for _, raw := range []string{
		"GET http://" + u.Host + u.Path + " HTTP/1.1\r\n" + host + token,
		get + host + token,
		"CONNECT " + u.Host + " HTTP/1.1\r\n" + host,
	} {
		if status, body := ask(t, s.car.Handshake().Proxy, raw+"\r\n"); status == 200 || strings.Contains(body, s.keys.SecretAccessKey) {
			t.Errorf("through the proxy, %q: got %d %s", raw, status, body)
		}
	}
}

// A CONNECT to loopback, link-local, the Runtime API, the instance-metadata
// addresses, in every notation of an IP address, and what no host is. None of
// these is looked up.
func TestNoTunnelLeadsBackIntoTheSandbox(t *testing.T) {
	s := besiege(t, "")
	port := s.car.Handshake().Proxy
	port = port[strings.LastIndexByte(port, ':')+1:]
	for _, host := range []string{
		"127.0.0.1", "127.1", "127.0.1", "127.255.255.254", "2130706433", "0x7f000001", "0x7f.1", "017700000001", "0177.0.0.1", "127.0.0.1.", "127.0.0.01",
		"0", "0.0.0.0", "[::]", "[::1]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]",
		"[2002:7f00:1::]", "[fe80::1]", "[fe80::1%25lo]", "[::1%25lo]", "[fd00:ec2::254]", "[fd00:ec2::23]", "[ff02::1]", "[fec0::1]",
		"169.254.169.254", "169.254.170.2", "169.254.170.23", "169.254.100.1", "169.254.43518", "2852039166", "0xa9fea9fe", "[::ffff:a9fe:a9fe]",
		"localhost", "LOCALHOST", "localhost.", "a.localhost", "224.0.0.1", "255.255.255.255",
		"user@192.0.2.1", "127.0.0.1#", "%31%32%37.0.0.1", "１２７.0.0.1", "127。0.0.1", "lo calhost", "[127.0.0.1]", "127.0.0.1\\", "..", "",
	} {
		for _, raw := range []string{
			"CONNECT " + host + ":" + port + " HTTP/1.1\r\nHost: " + host + ":" + port + "\r\n\r\n",
			"GET http://" + host + ":" + port + "/media/granted/a HTTP/1.1\r\nHost: " + host + ":" + port + "\r\n\r\n",
		} {
			if status, body := ask(t, s.car.Handshake().Proxy, raw); status != 400 && status != 403 {
				t.Errorf("%q: got %d %s", raw, status, body)
			}
		}
	}
	if seen, _ := s.taken(); len(seen) > 0 {
		t.Errorf("sent %v", seen)
	}
}

// A tunnel to one of AWS's hosts has one spelling, and ends in a TLS that
// names it.
func TestATunnelToAWSHasOneName(t *testing.T) {
	s := besiege(t, "")
	const s3 = "s3.eu-west-1.amazonaws.com"
	for _, target := range []string{s3 + ".:443", s3 + ":80", s3 + ":8443", s3, s3 + ":", s3 + ":0443", s3 + ":+443", s3 + ":https", "user@" + s3 + ":443", "%73" + s3[1:] + ":443", "ｓ" + s3[1:] + ":443", s3 + "/:443", s3 + ":443:443", "[" + s3 + "]:443"} {
		status, body := ask(t, s.car.Handshake().Proxy, "CONNECT "+target+" HTTP/1.1\r\nHost: "+target+"\r\n\r\n")
		if status != 400 && status != 403 {
			t.Errorf("CONNECT %s: got %d %s", target, status, body)
		}
	}
	for _, test := range []struct {
		host, sni string
		want      bool
	}{
		{s3, s3, true},
		{strings.ToUpper(s3), s3, true},
		{s3, "sns.eu-west-1.amazonaws.com", false},
		{"sns.eu-west-1.amazonaws.com", s3, false},
		{s3, "media." + s3, false},
	} {
		conn, err := s.dial("tunnel", test.host, test.sni)
		if (err == nil) != test.want {
			t.Errorf("to %s as %s: got %v", test.host, test.sni, err)
		}
		if err == nil {
			conn.Close()
		}
	}
}

// Many calls at once, each of another key and two of each, while the account
// becomes known: each goes out under a policy of its own, and no credentials
// serve two.
func TestCallsAtOnceDoNotShareCredentials(t *testing.T) {
	s := besiege(t, "")
	const calls = 10 // as many as a new budget has
	var all sync.WaitGroup
	for i := range 2 * calls {
		all.Go(func() {
			shot := parseShot(t, fmt.Sprintf("GET /media/granted/%d HTTP/1.1\nHost: {host}\n{sign}\n", i%calls))
			wire, _ := shot.bytes(t, "endpoint", s.car.Handshake().Proxy, s.keys)
			if status, body := ask(t, s.car.Handshake().Proxy, string(wire)); status != 200 {
				t.Errorf("call %d: got %d %s", i, status, body)
			}
			s.car.SetAccount("999999999999")
		})
	}
	all.Wait()
	policies := make(map[string]string)
	for _, asked := range s.sts.Asked() {
		policies[asked.Issued.AccessKeyID] = asked.Policy
	}
	if len(policies) != calls {
		t.Errorf("STS was asked for %d credentials, want %d", len(policies), calls)
	}
	seen, _ := s.taken()
	for _, c := range seen {
		_, key, _ := strings.Cut(c.header.Get("Authorization"), "Credential=")
		key, _, _ = strings.Cut(key, "/")
		if !strings.Contains(policies[key], `"arn:aws:s3:::`+c.target[1:]+`"`) || c.granted != nil {
			t.Errorf("%s went under %s: %v", c.target, policies[key], c.granted)
		}
	}
	if len(seen) != 2*calls {
		t.Errorf("got %d calls, want %d", len(seen), 2*calls)
	}
}
