package extension

import (
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lambda-remit/remit/extension/environ"
)

func unheard(environ.Confinement, error) {}

func TestTheSocketBelongsToOne(t *testing.T) {
	p := environ.Place(t.TempDir())
	g, err := greet(p, environ.Handshake{}, unheard)
	if err != nil {
		t.Fatal(err)
	}
	defer g.close()
	if other, err := greet(p, environ.Handshake{}, unheard); err == nil {
		other.close()
		t.Error("a second listener got the name")
	} else if !strings.Contains(err.Error(), "outlived an earlier start") {
		t.Errorf("got %v, which does not say who could have it", err)
	}
}

func TestASilentClientDoesNotKeepTheEndWaiting(t *testing.T) {
	p := environ.Place(t.TempDir())
	asked := make(chan struct{}, 1)
	g, err := greet(p, environ.Handshake{}, func(environ.Confinement, error) { asked <- struct{}{} })
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("unix", p.Socket())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.ReadAll(c)
	began := time.Now()
	g.close()
	if took := time.Since(began); took > lastWord/2 {
		t.Errorf("closing took %v", took)
	}
	<-asked
}

func TestTheLastWordIsHeardBeforeTheFirstEvent(t *testing.T) {
	p := environ.Place(t.TempDir())
	type heard struct {
		environ.Confinement
		error
	}
	told := make(chan heard, 8)
	g, err := greet(p, environ.Handshake{Version: 7}, func(c environ.Confinement, err error) { told <- heard{c, err} })
	if err != nil {
		t.Fatal(err)
	}
	defer g.close()
	for _, c := range []struct {
		text string
		want environ.Confinement
		ok   bool
	}{
		{"remit 3\nlandlock 7\nsignals\n\n", environ.Confinement{Landlock: 7, Signals: true}, true},
		{``, environ.Confinement{}, false},
		{"remit 3\nlandlock 7\n", environ.Confinement{}, false},
		{"remit 3\nlandlock 7\nwhy_not_whole " + strings.Repeat("x", 4096) + "\n\n", environ.Confinement{}, false},
	} {
		conn, err := net.Dial("unix", p.Socket())
		if err != nil {
			t.Fatal(err)
		}
		io.ReadAll(conn) // the answer has an end
		go func() {
			time.Sleep(20 * time.Millisecond)
			conn.Write([]byte(c.text))
			conn.Close()
		}()
		g.settled = false
		g.settle()
		select {
		case got := <-told:
			if got.Confinement != c.want || (got.error == nil) != c.ok {
				t.Errorf("%.30q: got %+v", c.text, got)
			}
		default:
			t.Errorf("%.30q: settled before it was heard", c.text)
		}
	}
}

func TestASilentClientDoesNotKeepOthersWaiting(t *testing.T) {
	p := environ.Place(t.TempDir())
	asked := make(chan struct{}, 8)
	g, err := greet(p, environ.Handshake{Version: 7}, func(environ.Confinement, error) { asked <- struct{}{} })
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
