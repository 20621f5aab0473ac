package extension_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/lambda-remit/remit/extension/e2e"
	"github.com/lambda-remit/remit/extension/lambdatest"
)

// outward is an address of this machine's that is not loopback, which no tunnel
// reaches.
func outward(t *testing.T) string {
	t.Helper()
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && n.IP.IsGlobalUnicast() {
			return n.IP.String()
		}
	}
	e2e.Lacks(t, "the machine has no address but loopback's")
	return ""
}

// A function that goes by HTTPS_PROXY has all its connections to others go by the
// extension, which has no more descriptors than the function has. It may have
// hundreds, which stay open, and its calls to AWS are answered as before.
func TestAFunctionMayHaveHundredsOfConnectionsOfItsOwn(t *testing.T) {
	l, err := net.Listen("tcp", net.JoinHostPort(outward(t), "0"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				io.Copy(conn, conn)
			}()
		}
	}()
	b := newBucket(t)
	s := newSandbox(t, func(c *lambdatest.Config) { setEnv(c, "REMIT_MANIFEST", b.logsAll()) })
	const many = 600
	got, err := s.do(t, "tunnels", strconv.Itoa(many), l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if got[0] != fmt.Sprint(many) {
		t.Errorf("got %s tunnels of %d: %s", got[0], many, got[1])
	}
	if got[2] != "200 OK" {
		t.Errorf("a call beside them: %s", got[2])
	}
	if n, err := strconv.Atoi(got[3]); err == nil && n > 200 { // only root is shown it
		t.Errorf("the extension has %d descriptors", n)
	}
}

// tunnels opens so many tunnels to an address, says something in each, and makes a
// call while all are open. It returns how many there are, why not more, how the
// call is answered, and how many descriptors the extension has.
func tunnels(many, address string) []string {
	proxy, err := url.Parse(os.Getenv("HTTPS_PROXY"))
	if err != nil {
		return []string{"0", err.Error(), "", ""}
	}
	n, _ := strconv.Atoi(many)
	var open []net.Conn
	why := ""
	for range n {
		conn, err := tunnelTo(proxy.Host, address)
		if err != nil {
			why = err.Error()
			break
		}
		defer conn.Close()
		open = append(open, conn)
	}
	for _, conn := range open {
		b := make([]byte, 5)
		io.WriteString(conn, "hello")
		if _, err := io.ReadFull(conn, b); err != nil || string(b) != "hello" {
			return []string{"0", fmt.Sprintf("a tunnel says %q, %v", b, err), "", ""}
		}
	}
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", extensionPID()))
	descriptors := fmt.Sprint(len(entries))
	if err != nil {
		descriptors = "hidden"
	}
	return []string{fmt.Sprint(len(open)), why, call("in/1")[0], descriptors}
}

func tunnelTo(proxy, address string) (net.Conn, error) {
	conn, err := net.Dial("tcp", proxy)
	if err != nil {
		return nil, err
	}
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	fmt.Fprintf(conn, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", address, address)
	a, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: http.MethodConnect})
	if err == nil && a.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s", a.Status)
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}
