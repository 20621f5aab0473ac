package environ

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestThePartsOfALayerFindEachOther(t *testing.T) {
	for exe, want := range map[string]Place{
		"/opt/extensions/remit": "/opt",
		"/opt/remit/exec":       "/opt",
		"/opt/bootstrap":        "/opt",
		"/a/b/remit/exec":       "/a/b",
	} {
		if got := PlaceOf(exe); got != want {
			t.Errorf("%s: got %s, want %s", exe, got, want)
		}
	}
	if got := Place("/opt").Extension(); got != "/opt/extensions/remit" {
		t.Errorf("extension: got %s", got)
	}
	if got := Place("/opt").Socket(); len(got) < 10 || strings.Trim(strings.TrimPrefix(got, "@remit:"), "0123456789") != "" {
		t.Errorf("socket: got %s, want one with the number of the PID namespace", got)
	}
	long := strings.Repeat("/long", 100)
	a, b := Place(long+"/a").Socket(), Place(long+"/b").Socket()
	if a == b || len(a) > 107 {
		t.Errorf("sockets of two places: got %s and %s", a, b)
	}
}

// answer listens for the layer at p, and writes text to who connects.
func answer(t *testing.T, p Place, text string) {
	t.Helper()
	l, err := net.Listen("unix", p.Socket())
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Write([]byte(text))
			if text != "" { // else it keeps its client waiting
				c.Close()
			}
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
}

// ourPlace is a place whose extension is this process, by its command line.
func ourPlace(t *testing.T) (Place, string) {
	t.Helper()
	return Place(t.TempDir()), os.Args[0]
}

func TestAskGetsWhatTheExtensionSays(t *testing.T) {
	want := handshake()
	b, err := want.Encode()
	if err != nil {
		t.Fatal(err)
	}
	p, path := ourPlace(t)
	answer(t, p, string(b))
	got, err := ask(p.Socket(), path, time.Now().Add(time.Second))
	if err != nil {
		t.Fatal(err)
	}
	syscall.Close(got.fd)
	if got.Proxy != want.Proxy || got.Token != want.Token {
		t.Errorf("got %v", got)
	}
	// And from nobody else.
	if _, err := Ask(p, time.Second); err == nil || !strings.Contains(err.Error(), "the listener is process") {
		t.Errorf("from a process that is not the extension: got %v", err)
	}
}

func TestAskWaitsNoLongerThanItMay(t *testing.T) {
	p, path := ourPlace(t)
	answer(t, p, "")
	began := time.Now()
	if _, err := ask(p.Socket(), path, began.Add(200*time.Millisecond)); err == nil {
		t.Error("got no error")
	}
	if took := time.Since(began); took > 10*time.Second { // as long as a busy machine may need
		t.Errorf("took %v", took)
	}
	began = time.Now()
	if _, err := Ask(Place(t.TempDir()), time.Minute); err == nil || !strings.Contains(err.Error(), "not running") {
		t.Errorf("without an extension: got %v", err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("without an extension: took %v", took)
	}
}

func TestAskBelievesNoGarbage(t *testing.T) {
	for _, text := range []string{"remit 3", "\n", "\n\n", "remit 3\n\n", "remit x\n\n", "remit 2\n\n" + handshake().CA, strings.Repeat("x", 1<<20+1)} {
		p, path := ourPlace(t)
		answer(t, p, text)
		if h, err := ask(p.Socket(), path, time.Now().Add(5*time.Second)); err == nil {
			syscall.Close(h.fd)
			t.Errorf("%.20q: got %v, want an error", text, h)
		}
	}
}

func TestThePeerIsLookedAt(t *testing.T) {
	own := syscall.Ucred{Pid: int32(os.Getpid()), Uid: uint32(os.Getuid())}
	if err := checkPeer(&own, os.Args[0]); err != nil {
		t.Errorf("own process: %v", err)
	}
	for name, peer := range map[string]syscall.Ucred{
		"another user":  {Pid: own.Pid, Uid: own.Uid + 1},
		"no process id": {Uid: own.Uid},
		"no process":    {Pid: 1 << 30, Uid: own.Uid},
	} {
		if err := checkPeer(&peer, os.Args[0]); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
	if err := checkPeer(&own, filepath.Join("/opt", "extensions", "remit")); err == nil {
		t.Error("another program: got no error")
	}
	// A command line is what its process was started with.
	liar := exec.Command("/bin/sleep", "60")
	liar.Args[0] = os.Args[0]
	if err := liar.Start(); err != nil {
		t.Fatal(err)
	}
	defer liar.Wait()
	defer liar.Process.Kill()
	// Start returns amid execve, before there is a command line.
	for line, err := []byte(nil), error(nil); len(line) == 0 && err == nil; {
		line, err = os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", liar.Process.Pid))
	}
	peer := syscall.Ucred{Pid: int32(liar.Process.Pid), Uid: own.Uid}
	if err := checkPeer(&peer, os.Args[0]); err == nil || !strings.Contains(err.Error(), "another program") {
		t.Errorf("another program under our name: got %v", err)
	}
}

// FuzzHandshake holds ParseHandshake to what the environment is made of: what
// it returns leads to loopback and can stand in a variable.
func FuzzHandshake(f *testing.F) {
	b, err := handshake().Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	h := handshake()
	h.Keys = Keys{"ASIAREMITAAAAAAAAAAA", "sealed-secret", "sealed-token"}
	if b, err = h.Encode(); err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add(bytes.Replace(b, []byte("sealed-secret"), []byte("a  b"), 1))
	f.Add([]byte("remit 3\nproxy [::1]:1\ncredentials_uri http://127.0.0.1:1@x:2/\ntoken t\n\n-----BEGIN CERTIFICATE-----"))
	f.Add([]byte("remit 3\nproxy 127.0.0.1:0\ncredentials_uri http://127.0.0.1:1/\x00\ntoken \t\n\n"))
	f.Add([]byte("remit 3\nremit 3\nproxy 127.0.0.1:1\nproxy 127.0.0.1:2\negress yes\nnew field\n\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := ParseHandshake(b)
		if err != nil {
			if h.Token != "" || h.Proxy != "" {
				t.Fatalf("an error comes with %v", h)
			}
			return
		}
		for _, s := range []string{h.Proxy, strings.TrimPrefix(h.CredentialsURI, "http://")} {
			host, _, _ := strings.Cut(s, "/")
			a, err := net.ResolveTCPAddr("tcp", host)
			if err != nil || !a.IP.IsLoopback() {
				t.Fatalf("%q is not on loopback", s)
			}
		}
		if strings.ContainsAny(h.Token+h.CredentialsURI+h.Proxy+h.Keys.ID+h.Keys.Secret+h.Keys.Token, "\x00\r\n ") {
			t.Fatalf("%q, %q or %q cannot stand in a variable", h.Token, h.CredentialsURI, h.Proxy)
		}
		again, err := h.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if g, err := ParseHandshake(again); err != nil || !reflect.DeepEqual(g, h) {
			t.Fatalf("%q is written as %q and read again as %q, %v", b, again, g, err)
		}
	})
}

func TestEveryFieldOfAHandshakeIsSaid(t *testing.T) {
	h := handshake()
	h.TokenFile, h.RuntimeAPI, h.Hosts, h.Egress = "/tmp/token", "127.0.0.1:4002", []string{"orders.example.com"}, true
	h.Parameters, h.SessionToken = "127.0.0.1:2773", "sealed-session-token"
	h.Keys = Keys{"ASIAREMITAAAAAAAAAAA", "sealed-secret", "sealed-token"}
	h.Bearer = map[string]string{"AWS_BEARER_TOKEN_BEDROCK": "sealed"}
	for v, i := reflect.ValueOf(h), 0; i < v.NumField(); i++ {
		if v.Field(i).IsZero() {
			t.Errorf("%s has no value here", v.Type().Field(i).Name)
		}
	}
	b, err := h.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ParseHandshake(b); err != nil || !reflect.DeepEqual(got, h) {
		t.Errorf("got %+v, %v, want %+v", got, err, h)
	}
}

func TestAHandshakePrintsWithoutItsToken(t *testing.T) {
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if s := fmt.Sprintf(verb, Keys{"id", "the-secret", "the-token"}); strings.Contains(s, "the-") {
			t.Errorf("%s: got %s", verb, s)
		}
		if s := fmt.Sprintf(verb, handshake()); strings.Contains(s, handshake().Token) {
			t.Errorf("%s: got %s", verb, s)
		}
	}
}

func TestWhatTheWrapperTellsArrives(t *testing.T) {
	b, err := handshake().Encode()
	if err != nil {
		t.Fatal(err)
	}
	p, path := ourPlace(t)
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: p.Socket(), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	told := make(chan []byte, 1)
	go func() {
		defer close(told)
		c, err := l.AcceptUnix()
		if err != nil {
			return
		}
		defer c.Close()
		c.Write(b)
		c.CloseWrite()
		text, _ := io.ReadAll(c)
		told <- text
	}()
	a, err := ask(p.Socket(), path, time.Now().Add(time.Second))
	if err != nil {
		t.Fatal(err)
	}
	want := Confinement{Landlock: 7, Signals: true, NoPrivileges: true, Why: "the sockets", RuntimeAPI: "127.0.0.1:9000"}
	if err := a.Tell(want); err != nil {
		t.Fatal(err)
	}
	if got, err := ParseConfinement(<-told); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	if err := a.Tell(want); err == nil {
		t.Error("told twice: got no error")
	}
}

// FuzzConfinement holds the report to what it may be: no version below none,
// and nothing but what can be written again.
func FuzzConfinement(f *testing.F) {
	f.Add([]byte("landlock 7\nsignals\nsockets\nno_new_privs\n\n"))
	f.Add([]byte("runtime_api 127.0.0.1:9000\nruntime_api\n\n"))
	f.Add([]byte("landlock -1\nwhy_not_whole \x00\n\n"))
	f.Add([]byte("\n\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := ParseConfinement(b)
		if err != nil {
			if c != (Confinement{}) {
				t.Fatalf("an error comes with %+v", c)
			}
			return
		}
		if d, err := ParseConfinement(c.encode()); err != nil || c != d || c.Landlock < 0 {
			t.Fatalf("%+v is read again as %+v, %v", c, d, err)
		}
	})
}
