package extension

import (
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lambda-remit/remit/extension/environ"
)

func TestTheSocketBelongsToOne(t *testing.T) {
	p := environ.Place(t.TempDir())
	g, err := greet(p, environ.Handshake{}, func() {})
	if err != nil {
		t.Fatal(err)
	}
	defer g.close()
	if other, err := greet(p, environ.Handshake{}, func() {}); err == nil {
		other.close()
		t.Error("a second listener got the name")
	}
}

func TestASilentClientDoesNotKeepOthersWaiting(t *testing.T) {
	p := environ.Place(t.TempDir())
	asked := make(chan struct{}, 8)
	g, err := greet(p, environ.Handshake{Version: 7}, func() { asked <- struct{}{} })
	if err != nil {
		t.Fatal(err)
	}
	defer g.close()
	for range 4 { // they connect and read nothing
		c, err := net.Dial("unix", p.Socket())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	for range 4 {
		select {
		case <-asked:
		case <-time.After(5 * time.Second):
			t.Fatal("a client waits")
		}
	}
}

func TestOnlyTheOwnUserIsAnswered(t *testing.T) {
	l, err := net.Listen("unix", environ.Place(t.TempDir()).Socket())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("unix", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if !sameUser(c.(*net.UnixConn)) {
		t.Error("this process is not taken for its own user's")
	}
	for _, c := range []struct {
		peer syscall.Ucred
		want bool
	}{
		{syscall.Ucred{Pid: 1, Uid: 0}, true},
		{syscall.Ucred{Pid: 1, Uid: uint32(os.Getuid())}, true},
		{syscall.Ucred{Pid: 1, Uid: uint32(os.Getuid()) + 1}, false},
	} {
		if got := trusted(&c.peer); got != c.want {
			t.Errorf("%+v: got %v", c.peer, got)
		}
	}
}

func TestAccountIsReadFromTheFunctionsARN(t *testing.T) {
	for arn, want := range map[string]string{
		"arn:aws:lambda:eu-west-1:123456789012:function:name":       "123456789012",
		"arn:aws:lambda:eu-west-1:123456789012:function:name:alias": "123456789012",
		"arn:aws:s3:::bucket": "",
		"":                    "",
		"arn:aws:lambda":      "",
	} {
		if got := accountOf(arn); got != want {
			t.Errorf("%q: got %q, want %q", arn, got, want)
		}
	}
}

func TestContainerCredentialsComeFromTheRuntimeOrLoopback(t *testing.T) {
	const api = "169.254.100.1:9001"
	for uri, ok := range map[string]bool{
		"http://169.254.100.1:9001/2021-04-23/credentials": true,
		"http://127.0.0.1:9001/credentials":                true,
		"http://[::1]:9001/credentials":                    true,
		"http://169.254.100.1:9002/credentials":            false,
		"http://localhost:9001/credentials":                false,
		"https://127.0.0.1/credentials":                    false,
		"http://203.0.113.7/credentials":                   false,
		"http://127.0.0.1@203.0.113.7/":                    false,
		"127.0.0.1:9001":                                   false,
		"http://127.0.0.1:bad/":                            false,
	} {
		if err := checkContainer(uri, api); (err == nil) != ok {
			t.Errorf("%s: got %v", uri, err)
		}
	}
	if _, err := base(func(string) string { return "" }); err == nil || !strings.Contains(err.Error(), "no execution role") {
		t.Errorf("without anything: got %v", err)
	}
}
